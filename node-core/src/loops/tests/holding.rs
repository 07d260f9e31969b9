//! Packets that are held back, but come in time; and honest networks that look a little like that.

use super::*;
use crate::loops::{evidence::threshold, monitor::LOSS_ALTERNATIVES, slowness::SPACING};
use std::{cmp::Reverse, collections::BinaryHeap};

/// Mean delay of a link, beside which there is jitter.
const LINK: Duration = Duration::from_millis(40);
const LINKS: u32 = 6;

/// The jitter of a link.
#[derive(Clone, Copy, Debug)]
enum Jitter {
	/// Any time up to this, equally likely.
	Uniform(Duration),
	/// Exponential with this mean.
	Exponential(Duration),
}

/// A line whose queue fills up now and then, for a while.
#[derive(Clone, Copy, Debug)]
struct FullLine {
	/// Mean length of an episode.
	episode: f64,
	/// Mean time between episodes.
	between: f64,
	/// The time that packets take longer meanwhile: drawn for each episode, equally likely between these.
	delay: [f64; 2],
}

/// A node's loops in a session, whose packets take their time.
struct Timed {
	simulation: Simulation,
	jitter: Jitter,
	line: Option<FullLine>,
	/// How much longer the line takes now, nothing unless it is full, and until when.
	extra: f64,
	until: f64,
	/// Loops that are to come back: when, their numbers, and their forwarding delays.
	returns: BinaryHeap<Reverse<(Time, u128, Duration)>>,
}

impl Timed {
	fn new(seed: u64, is_mixnode: bool, mean_delay_ms: u32, jitter: Jitter, line: Option<FullLine>) -> Self {
		let mut simulation = Simulation::new(seed, 20, is_mixnode);
		simulation.config.parameters.mean_forwarding_delay_ms = mean_delay_ms;
		let Simulation { config, monitor, .. } = &mut simulation;
		*monitor = LoopMonitor::new(Time::ZERO, config, &config.parameters, is_mixnode, 20);
		Self { simulation, jitter, line, until: 0.0, extra: 0.0, returns: BinaryHeap::new() }
	}

	fn exponential(&mut self, mean: f64) -> f64 {
		let multiple: f64 = Exp1.sample(&mut self.simulation.rng);
		multiple * mean
	}

	fn uniform(&mut self, from: f64, to: f64) -> f64 {
		from + (to - from) * f64::from(self.simulation.rng.next_u32()) * 2f64.powi(-32)
	}

	/// The time that the network takes for a loop.
	fn network_time(&mut self) -> Duration {
		let mut time = LINK * LINKS;
		for _ in 0..LINKS {
			time += match self.jitter {
				Jitter::Uniform(most) => Duration::from_secs_f64(self.uniform(0.0, most.as_secs_f64())),
				Jitter::Exponential(mean) => Duration::from_secs_f64(self.exponential(mean.as_secs_f64())),
			};
		}
		time
	}

	/// How much longer the line takes at this time.
	fn line_delay(&mut self, at: f64) -> Duration {
		let Some(FullLine { episode, between, delay: [least, most] }) = self.line else { return Duration::ZERO };
		while self.until < at {
			let fills_up = self.extra == 0.0;
			self.until += self.exponential(if fills_up { episode } else { between });
			self.extra = if fills_up { self.uniform(least, most) } else { 0.0 };
		}
		Duration::from_secs_f64(self.extra)
	}

	/// Sends a loop that comes back, after lets all come back that are due. `hold`: how long an attacker holds what comes to us at
	/// a time.
	fn send(&mut self, hold: impl Fn(Duration) -> Duration) {
		let period = self.simulation.period();
		let pause = scale(period, Exp1.sample(&mut self.simulation.rng));
		self.simulation.now += pause;
		let now = self.simulation.now;
		while let Some(Reverse((at, number, forwarding_delay))) = self.returns.peek().copied() {
			if at > now {
				break;
			}
			self.returns.pop();
			let Simulation { monitor, network, .. } = &mut self.simulation;
			let returned = monitor.returned(at, &CoverId(number.to_le_bytes()), network).unwrap();
			assert_eq!(returned.forwarding_delay, forwarding_delay);
			network.measure(returned.round_trip, returned.forwarding_delay, returned.links);
		}

		self.simulation.number += 1;
		let number = self.simulation.number;
		let multiple: f64 = (1..LINKS).map(|_| -> f64 { Exp1.sample(&mut self.simulation.rng) }).sum();
		let forwarding_delay = scale(self.simulation.config.parameters.mean_forwarding_delay(), multiple);
		let comes = now + forwarding_delay + self.network_time();
		let line = self.line_delay(comes.since_epoch().as_secs_f64());
		let back = comes + line + hold(comes.since_epoch());
		self.returns.push(Reverse((back, number, forwarding_delay)));
		let Simulation { monitor, rng, topology, config, alarms, .. } = &mut self.simulation;
		let sent = SentLoop {
			sent_at: now,
			deadline: now + forwarding_delay + config.per_hop_network_delay * LINKS,
			forwarding_delay,
			links: LINKS,
			route: [MixnodeIndex::new(1).unwrap()].into(),
			connected_gateways: [].into(),
			weighs: true,
		};
		monitor.sent(CoverId(number.to_le_bytes()), sent);
		monitor.judge(now, rng, topology, 6, true, |alarm| alarms.push((now, alarm)));
	}
}

fn nobody_holds(_: Duration) -> Duration {
	Duration::ZERO
}

/// Runs sessions of an hour, of 9,000 loops each, for each mean forwarding delay.
fn assert_no_alarm(what: &str, jitter: Jitter, line: Option<FullLine>) {
	for mean_delay_ms in [1000, 100] {
		let (mut alarmed, mut loops, mut slow) = (0, 0, 0);
		for seed in seeds(10) {
			let mut timed = Timed::new(seed, true, mean_delay_ms, jitter, line);
			for _ in 0..9000 {
				timed.send(nobody_holds);
			}
			alarmed += u64::from(!timed.simulation.alarms.is_empty());
			let report = timed.simulation.report();
			(loops, slow) = (loops + report.sent, slow + report.slow);
		}
		let hours = seeds(10).end;
		println!(
			"{what}, mean {mean_delay_ms} ms: {alarmed} of {hours} hours with an alarm; {slow} of {loops} loops slow"
		);
		assert_eq!(alarmed, 0, "{what}, mean {mean_delay_ms} ms");
	}
}

const MS: Duration = Duration::from_millis(1);

/// It is full for 10 s on average, one twentieth of the time.
const FULL_LINE: FullLine = FullLine { episode: 10.0, between: 190.0, delay: [0.2, 1.0] };

#[test]
fn jitter_raises_no_alarm() {
	assert_no_alarm("up to 10 ms on each link", Jitter::Uniform(10 * MS), None);
	// (Where mixnodes are far apart, links differ by that much.)
	assert_no_alarm("up to 150 ms on each link", Jitter::Uniform(150 * MS), None);
	assert_no_alarm("exponential, 20 ms on each link", Jitter::Exponential(20 * MS), None);
}

#[test]
fn a_line_that_is_full_now_and_then_raises_no_alarm() {
	assert_no_alarm("a line that is full for 10 s every 200 s", Jitter::Uniform(50 * MS), Some(FULL_LINE));
}

/// Calculated, not simulated. All loops are slow while the line is full, and no others. So whether a weighed loop is slow
/// is a Markov chain with two states.
#[test]
fn a_full_line_raises_a_false_alarm_in_less_than_one_of_ten_thousand_hours() {
	let FullLine { episode, between, .. } = FULL_LINE;
	let spacing = SPACING.as_secs_f64();
	let full = episode / (episode + between);
	let remembered = f64::exp(-spacing * (1.0 / episode + 1.0 / between));
	// The probability that a loop is slow if the one that was weighed before was not, and if it was.
	let [after_not, after_slow] = [full * (1.0 - remembered), full + (1.0 - full) * remembered];
	let bound = Config::default().loops.max_loss;
	let mut per_hour = 0.0;
	for share in LOSS_ALTERNATIVES {
		let alternative = bound + (1.0 - bound) * share;
		// Does the mean of the likelihood ratio, to this power, grow with each loop? It does by the largest eigenvalue of the
		// chain's matrix, whose entries are weighted by the ratios. If it does not grow, the ratio passes `x` with a probability
		// of `x^-power` at most, by Ville's inequality: it passes at a slow loop, from which it is expected to grow most.
		let grows = |power: f64| {
			let if_slow = (alternative / bound).powf(power);
			let if_not = ((1.0 - alternative) / (1.0 - bound)).powf(power);
			let [a, b] = [(1.0 - after_not) * if_not, after_not * if_slow];
			let [c, d] = [(1.0 - after_slow) * if_not, after_slow * if_slow];
			(a + d + ((a - d).powi(2) + 4.0 * b * c).sqrt()) / 2.0 > 1.0
		};
		let (mut power, mut too_much) = (0.01, 10.0);
		assert!(!grows(power) && grows(too_much));
		for _ in 0..50 {
			let middle = (power + too_much) / 2.0;
			*if grows(middle) { &mut too_much } else { &mut power } = middle;
		}
		per_hour += 3600.0 / spacing * f64::exp(-power * threshold(1));
	}
	println!("at most {per_hour:.1e} false alarms per hour");
	assert!(per_hour < 1e-5 && per_hour > 1e-8, "{per_hour}");
}

/// Sends loops while an attacker holds packets, until that is noticed. Returns how long it took, in seconds.
fn noticed_after(timed: &mut Timed, hold: impl Fn(Duration) -> Duration) -> Option<f64> {
	for _ in 0..2000 {
		timed.send(nobody_holds);
	}
	assert_eq!(timed.simulation.alarms, []);
	assert!(!timed.simulation.report().slow_alarm);
	let start = timed.simulation.now;
	for _ in 0..40_000 {
		timed.send(&hold);
		if let Some((at, alarm)) = timed.simulation.alarms.first() {
			assert!(matches!(alarm, Alarm::Slow { .. }), "{alarm}");
			assert!(timed.simulation.report().slow_alarm);
			return Some((*at - start).as_secs_f64());
		}
	}
	None
}

/// In each `period`, all that comes in the first `gap` is held until that is over.
fn gaps(gap: Duration, period: Duration) -> impl Fn(Duration) -> Duration {
	move |comes| {
		let since = Duration::from_nanos((comes.as_nanos() % period.as_nanos()) as u64);
		gap.saturating_sub(since)
	}
}

#[test]
fn packets_that_are_held_back_are_noticed_though_they_come_in_time() {
	let all = |hold: Duration| move |_: Duration| hold;
	let far = Jitter::Uniform(50 * MS);
	let near = Jitter::Uniform(10 * MS);
	type Hold = Box<dyn Fn(Duration) -> Duration>;
	let cases: [(&str, u32, Jitter, Hold, f64); 5] = [
		("all held for 1.2 s", 1000, far, Box::new(all(1200 * MS)), 400.0),
		("nothing comes for 1.2 s, every 3 s", 1000, far, Box::new(gaps(1200 * MS, 3000 * MS)), 12_000.0),
		("mean 100 ms: all held for 1.2 s", 100, far, Box::new(all(1200 * MS)), 400.0),
		("mean 100 ms, a good network: all held for 0.2 s", 100, near, Box::new(all(200 * MS)), 400.0),
		(
			"mean 100 ms, a good network: nothing for 0.2 s, every 0.5 s",
			100,
			near,
			Box::new(gaps(200 * MS, 500 * MS)),
			12_000.0,
		),
	];
	for (what, mean_delay_ms, jitter, hold, at_most) in cases {
		let mut needed = Vec::new();
		for seed in seeds(20) {
			let mut timed = Timed::new(seed, true, mean_delay_ms, jitter, None);
			needed.push(noticed_after(&mut timed, &hold).unwrap_or(f64::INFINITY));
		}
		let (median, most) = summary(needed);
		println!("{what}: noticed after {median:.0} s (median), {most:.0} s at most, of {} seeds", seeds(20).end);
		assert!(most <= at_most, "{what}: {most}");
	}
}

#[test]
fn a_user_is_not_told_that_its_own_line_is_full() {
	let mut timed = Timed::new(1, false, 1000, Jitter::Uniform(50 * MS), None);
	assert_eq!(noticed_after(&mut timed, |_| Duration::from_secs(1)), None);
	assert!(timed.simulation.report().slow > 1000, "it is counted");
}

#[test]
fn losses_are_evidence_as_soon_as_a_session_has_settled_and_no_sooner() {
	for is_mixnode in [true, false] {
		let mut simulation = Simulation::new(1, 20, is_mixnode);
		let settling = Config::default().loops.settling;
		simulation.config.loops.settling = settling;
		let Simulation { config, monitor, .. } = &mut simulation;
		*monitor = LoopMonitor::new(Time::ZERO, config, &config.parameters, is_mixnode, 20);
		while simulation.alarms.is_empty() {
			simulation.send(&each_loop(1.0));
		}
		let (first, _) = simulation.alarms[0];
		let after = first - Time::ZERO;
		assert!(after > settling && after < settling + Duration::from_secs(150), "{after:?}");
	}
}

#[test]
fn what_an_attacker_can_link_unnoticed_is_as_the_table_says() {
	let per_cent = |loss: f64, hold_ms: u32, mean_ms: u32, period_ms: u32| {
		// 20 mixnodes: a mixnode forwards five packets for each that it authors, of which a quarter are loops.
		let per_second = 1000.0 / f64::from(period_ms);
		let bound = linking_bound(loss, hold_ms * MS, mean_ms * MS, 0.25 * per_second, 5.0 * per_second);
		(bound * 1000.0).round() / 10.0
	};
	for (mean, period, expected) in [
		// Nothing lost or held; 10 % lost; held for 0.03, 0.2, 0.3, 0.6 and 1.5 s.
		(1000, 100, [1.9, 2.1, 2.0, 2.3, 2.5, 3.3, 7.3]),
		(10_000, 100, [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]),
		(100, 10, [1.9, 2.1, 2.5, 10.8, 20.0, 38.1, 40.0]),
		(100, 100, [19.0, 21.1, 25.3, 100.0, 100.0, 100.0, 100.0]),
	] {
		let cases = [(0.0, 0), (0.1, 0), (0.0, 30), (0.0, 200), (0.0, 300), (0.0, 600), (0.0, 1500)];
		assert_eq!(cases.map(|(loss, hold)| per_cent(loss, hold, mean, period)), expected, "{mean} {period}");
	}
}
