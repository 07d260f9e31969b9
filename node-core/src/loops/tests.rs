//! One session's loops, simulated without packets: routes are drawn as always, losses by the test. (Whole networks under
//! attack are in `simulation/tests/attacks.rs`.)
//!
//! The long forms, with more seeds, are run by `make soak`; what they showed is in docs/loops.md.

mod holding;
mod scores;

use super::*;
use crate::{
	parameters::ParametersExt,
	sphinx::CoverId,
	time::{scale, Time},
	topology::{Gateways, RouteKind, Topology},
	Config, KxPublic, Mixnode, MixnodeIndex, PeerId,
};
use core::time::Duration;
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};
use rand_distr::{Distribution, Exp1};
use std::collections::BTreeSet;

const LOCAL: PeerId = PeerId([0xff; 32]);
/// A key that is not of low order.
const LOCAL_KEY: KxPublic = KxPublic([9; 32]);

/// How many seeds to try: `few`, or more if the environment asks for a long run.
fn seeds(few: u64) -> core::ops::Range<u64> {
	let times = std::env::var("MIXNET_SOAK").map_or(1, |times| times.parse().expect("MIXNET_SOAK is a number"));
	0..few * times
}

fn mixnode(number: usize) -> Mixnode {
	let mut id = [7; 32];
	id[..2].copy_from_slice(&(number as u16).to_le_bytes());
	Mixnode { kx_public: KxPublic(id), peer_id: PeerId(id), external_addresses: Vec::new() }
}

/// A node's loops in a session, and a mixnet that loses some of them.
struct Simulation {
	rng: ChaChaRng,
	config: Config,
	topology: Topology,
	monitor: LoopMonitor,
	network: NetworkDelay,
	gateways: Box<[MixnodeIndex]>,
	now: Time,
	number: u128,
	alarms: Vec<(Time, Alarm)>,
}

/// A cause of losses.
type Losses<'a> = &'a dyn Fn(&mut ChaChaRng, &[MixnodeIndex]) -> bool;

fn chance(rng: &mut ChaChaRng, probability: f64) -> bool {
	f64::from(rng.next_u32()) < probability * 2f64.powi(32)
}

impl Simulation {
	/// A session of `num` mixnodes. We are the last of them, or a user.
	fn new(seed: u64, num: usize, is_mixnode: bool) -> Self {
		let mut rng = ChaChaRng::seed_from_u64(seed);
		let mut config = Config::default();
		config.loops.settling = Duration::ZERO;
		let mut mixnodes: Vec<_> = (0..num).map(mixnode).collect();
		if is_mixnode {
			*mixnodes.last_mut().unwrap() = Mixnode { kx_public: LOCAL_KEY, peer_id: LOCAL, ..mixnode(0) };
		}
		let mut gateways = Gateways::new(config.gateways);
		let topology = Topology::new(&mut rng, mixnodes, LOCAL, LOCAL_KEY, &mut gateways).unwrap();
		let connected: BTreeSet<_> = topology.reserved_peers().map(|mixnode| mixnode.peer_id).collect();
		let gateways = topology.connected_gateways(&connected).into();
		let monitor = LoopMonitor::new(Time::ZERO, &config, &config.parameters, is_mixnode, num);
		let network = NetworkDelay::new(config.per_hop_network_delay);
		Self { rng, config, topology, monitor, network, gateways, now: Time::ZERO, number: 0, alarms: Vec::new() }
	}

	/// Mean time between loops.
	fn period(&self) -> Duration {
		let parameters = &self.config.parameters;
		let mean_period = parameters.authoring(self.topology.is_mixnode()).mean_period;
		scale(mean_period, 1.0 / parameters.loop_cover_proportion())
	}

	/// Sends a loop, which is lost or comes back in time, and judges those whose deadline has come.
	fn send(&mut self, losses: Losses) {
		self.now += scale(self.period(), Exp1.sample(&mut self.rng));
		self.number += 1;
		let id = CoverId(self.number.to_le_bytes());
		let hops = usize::from(self.config.parameters.hops);
		let mut route = self.topology.draw_path(&mut self.rng, &self.gateways, RouteKind::Loop, hops).unwrap();
		route.retain(|index| Some(*index) != self.topology.local_index());
		let multiple: f64 = (0..route.len()).map(|_| -> f64 { Exp1.sample(&mut self.rng) }).sum();
		let forwarding_delay = scale(self.config.parameters.mean_forwarding_delay(), multiple);
		let links = route.len() as u32 + 1;
		let lost = losses(&mut self.rng, &route);
		let sent = SentLoop {
			sent_at: self.now,
			deadline: self.now + forwarding_delay + self.config.per_hop_network_delay * links,
			forwarding_delay,
			links,
			route: route.into(),
			connected_gateways: self.gateways.clone(),
			weighs: true,
		};
		self.monitor.sent(id, sent);
		if !lost {
			// Loops are judged by their deadline alone, so it does not matter when they come back before it.
			self.monitor.returned(self.now, &id, &self.network).unwrap();
		}
		let (now, alarms) = (self.now, &mut self.alarms);
		let alarm = |alarm| alarms.push((now, alarm));
		self.monitor.judge(now, &mut self.rng, &self.topology, hops, true, alarm);
	}

	fn report(&self) -> LoopReport {
		self.monitor.report(0, &self.topology)
	}

	/// Mixnodes and links named so far.
	fn named(&self) -> (Vec<MixnodeIndex>, usize) {
		let mixnodes = self.alarms.iter().filter_map(|(_, alarm)| match alarm {
			Alarm::Mixnode(score) => Some(score.mixnode),
			_ => None,
		});
		let links = self.alarms.iter().filter(|(_, alarm)| matches!(alarm, Alarm::Link(_))).count();
		(mixnodes.collect(), links)
	}
}

/// The median and the largest of the measurements.
fn summary(mut measured: Vec<f64>) -> (f64, f64) {
	measured.sort_by(f64::total_cmp);
	(measured[measured.len() / 2], measured[measured.len() - 1])
}

/// Every loop gets lost with this probability, whatever its route.
fn each_loop(probability: f64) -> impl Fn(&mut ChaChaRng, &[MixnodeIndex]) -> bool {
	move |rng, _| chance(rng, probability)
}

/// Every link loses this share of its packets.
fn each_link(probability: f64) -> impl Fn(&mut ChaChaRng, &[MixnodeIndex]) -> bool {
	move |rng, route| (0..=route.len()).any(|_| chance(rng, probability))
}

/// One mixnode drops this share of what it should forward; every link loses `background`.
fn dropper(bad: MixnodeIndex, share: f64, background: f64) -> impl Fn(&mut ChaChaRng, &[MixnodeIndex]) -> bool {
	let links = each_link(background);
	move |rng, route| (route.contains(&bad) && chance(rng, share)) || links(rng, route)
}

/// Runs sessions of an hour, of 9,000 loops each, with these losses and no others.
fn assert_no_alarm(what: &str, losses: Losses) {
	let (mut alarmed, mut loops, mut lost) = (0, 0, 0);
	for seed in seeds(10) {
		let mut simulation = Simulation::new(seed, 20, true);
		for _ in 0..9000 {
			simulation.send(losses);
		}
		for (at, alarm) in &simulation.alarms {
			println!("{what}, seed {seed}, at {at:?}: {alarm}");
		}
		alarmed += u64::from(!simulation.alarms.is_empty());
		let report = simulation.report();
		loops += report.sent;
		lost += report.lost;
	}
	println!("{what}: {alarmed} of {} sessions with an alarm; {lost} of {loops} loops lost", seeds(10).end);
	assert_eq!(alarmed, 0);
}

#[test]
fn one_per_cent_of_the_loops_lost_raises_no_alarm() {
	assert_no_alarm("1 % of the loops", &each_loop(0.01));
}

#[test]
fn one_per_cent_lost_on_each_link_raises_no_alarm() {
	assert_no_alarm("1 % on each link", &each_link(0.01));
}

#[test]
fn as_much_loss_as_is_allowed_raises_no_alarm() {
	assert_no_alarm("as much as is allowed", &each_loop(0.1));
}

#[test]
fn the_confidence_interval_holds_the_true_rate_nineteen_times_in_twenty() {
	let mut missed = 0;
	for seed in 0..400 {
		let mut simulation = Simulation::new(seed, 20, false);
		for _ in 0..200 {
			simulation.send(&each_loop(0.05));
		}
		let loss = simulation.report().loss.unwrap();
		missed += u64::from(!(loss.low <= 0.05 && 0.05 <= loss.high));
	}
	// 20 expected, with a standard deviation of 4.4; the interval is a little on the safe side.
	assert!((2..=37).contains(&missed), "{missed} of 400 intervals do not hold the true rate");
}

#[test]
fn a_mixnode_that_drops_half_is_named_and_no_other_is() {
	for (what, is_mixnode, background, at_most) in [
		("a mixnode, 1 % lost on each link", true, 0.01, 700),
		("a mixnode, nothing else lost", true, 0.0, 300),
		("a user, 1 % lost on each link", false, 0.01, 1500),
	] {
		let mut needed = Vec::new();
		for seed in seeds(40) {
			let mut simulation = Simulation::new(seed, 20, is_mixnode);
			// Half of the users have it as a gateway; the others see less of it.
			let bad = match simulation.gateways.first() {
				Some(gateway) if seed % 2 == 0 => *gateway,
				_ => MixnodeIndex::new((seed % 19) as u16).unwrap(),
			};
			let mut named_after = None;
			for sent in 1..=at_most {
				simulation.send(&dropper(bad, 0.5, background));
				if named_after.is_none() && simulation.named().0.contains(&bad) {
					named_after = Some(f64::from(sent));
				}
			}
			let (mixnodes, links) = simulation.named();
			assert_eq!((mixnodes, links), (vec![bad], 0), "{what}, seed {seed}");
			// (To a node that is no mixnode, most routes go from or to one of few gateways.)
			let spread = simulation.alarms.iter().all(|(_, alarm)| match alarm {
				Alarm::Mixnode(score) => score.neighbours.is_empty() || !is_mixnode,
				_ => true,
			});
			assert!(spread, "{what}, seed {seed}: {:?}", simulation.alarms);
			needed.push(named_after.unwrap());
		}
		let (median, most) = summary(needed);
		println!("{what}: named after {median} loops (median), {most} at most, of {} seeds", seeds(40).end);
	}
}

#[test]
fn a_mixnode_that_turns_bad_after_a_day_is_named_as_soon() {
	let mut simulation = Simulation::new(1, 20, true);
	for _ in 0..20_000 {
		simulation.send(&each_link(0.01));
	}
	let bad = MixnodeIndex::new(4).unwrap();
	for _ in 0..700 {
		simulation.send(&dropper(bad, 0.5, 0.01));
	}
	assert_eq!(simulation.named(), (vec![bad], 0));
	let suspected = |report: LoopReport| report.mixnodes.iter().filter(|mixnode| mixnode.score.suspected).count();
	assert_eq!(suspected(simulation.report()), 1);
	// Some time after it works again, it is no longer suspected, if nothing else is lost either.
	for _ in 0..1000 {
		simulation.send(&each_loop(0.0));
	}
	assert_eq!((suspected(simulation.report()), simulation.alarms.len()), (0, 1));
}

#[test]
fn losses_by_chance_accuse_nobody_in_sessions_of_any_size() {
	for num in [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 40, 130] {
		for is_mixnode in [true, false] {
			let mut simulation = Simulation::new(num as u64, num, is_mixnode);
			let all = simulation.gateways.clone();
			for sent in 0..3000 * seeds(1).end {
				// Gateways come and go while loops are on their way.
				if !is_mixnode && sent % 50 == 0 {
					let connected = 1 + sent as usize / 50 % all.len();
					simulation.gateways = all[..connected].into();
				}
				simulation.send(&each_loop(0.08));
			}
			assert_eq!(simulation.alarms, [], "{num} mixnodes, one of them: {is_mixnode}");
		}
	}
}

/// Is a packet on this route lost, when `culprits` drop what goes to the target (and, with `both`, what comes from it)?
fn frames(culprits: &[MixnodeIndex], target: MixnodeIndex, both: bool, route: &[MixnodeIndex]) -> bool {
	route.windows(2).any(|pair| {
		(culprits.contains(&pair[0]) && pair[1] == target) || (both && culprits.contains(&pair[1]) && pair[0] == target)
	})
}

#[test]
fn a_mixnode_framed_by_its_neighbours_is_not_accused_alone() {
	let target = MixnodeIndex::new(7).unwrap();
	for (what, is_mixnode, num_culprits, both) in [
		("a gateway", false, 1, true),
		("a gateway, in one direction", false, 1, false),
		("two mixnodes", true, 2, true),
		("three mixnodes", true, 3, true),
	] {
		let mut accused = 0;
		for seed in seeds(6) {
			let mut simulation = Simulation::new(seed, 20, is_mixnode);
			let culprits: Vec<_> = match is_mixnode {
				true => [2, 3, 4].iter().filter_map(|index| MixnodeIndex::new(*index)).take(num_culprits).collect(),
				false => simulation.gateways[..1].into(),
			};
			if culprits.contains(&target) || simulation.gateways.contains(&target) {
				continue;
			}
			for _ in 0..2500 {
				simulation.send(&|_: &mut ChaChaRng, route: &[MixnodeIndex]| frames(&culprits, target, both, route));
			}
			for (_, alarm) in &simulation.alarms {
				match alarm {
					Alarm::Mixnode(score) if culprits.contains(&score.mixnode) => (),
					Alarm::Mixnode(score) => {
						accused += 1;
						assert_eq!(score.mixnode, target, "{what}, seed {seed}: {alarm}");
						assert!(!score.neighbours.is_empty(), "{what}, seed {seed}: {alarm}");
						let named = |culprit: &&MixnodeIndex| score.neighbours.contains(culprit);
						// One of three may be met less often than an honest neighbour is by chance.
						assert!(
							culprits.iter().filter(named).count() >= num_culprits.min(2),
							"{what}, seed {seed}: {alarm}"
						);
					},
					Alarm::Link(link) => {
						let ends = [link.from, link.to];
						let is_guilty = culprits.iter().any(|culprit| ends.contains(&Some(*culprit)));
						assert!(is_guilty, "{what}, seed {seed}: {alarm}");
					},
					_ => panic!("{what}, seed {seed}: {alarm}"),
				}
			}
		}
		println!("{what}: the target is named, with its neighbours, in {accused} runs of {}", seeds(6).end);
	}
}

#[test]
fn a_lossy_link_to_a_gateway_accuses_nobody_else() {
	for (loss, loops) in [(1.0, 2000), (0.5, 2000)] {
		for seed in seeds(6) {
			let mut simulation = Simulation::new(seed, 20, false);
			let gateway = simulation.gateways[0];
			for _ in 0..loops {
				simulation
					.send(&|rng: &mut ChaChaRng, route: &[MixnodeIndex]| route[0] == gateway && chance(rng, loss));
			}
			for (_, alarm) in &simulation.alarms {
				match alarm {
					Alarm::Loss { .. } => (),
					Alarm::Mixnode(score) => assert_eq!(score.mixnode, gateway, "seed {seed}: {alarm}"),
					_ => panic!("seed {seed}: {alarm}"),
				}
			}
			assert!(!simulation.alarms.is_empty(), "seed {seed}");
		}
	}
}

#[test]
fn a_link_that_loses_half_is_named() {
	let mut needed = Vec::new();
	for seed in seeds(5) {
		let mut simulation = Simulation::new(seed, 20, true);
		let bad = [3, 5].map(MixnodeIndex::new);
		let links = each_link(0.002);
		let losses = move |rng: &mut ChaChaRng, route: &[MixnodeIndex]| {
			(route.windows(2).any(|pair| [Some(pair[0]), Some(pair[1])] == bad) && chance(rng, 0.5))
				|| links(rng, route)
		};
		for sent in 1..=20_000 {
			simulation.send(&losses);
			if simulation.named().1 > 0 {
				needed.push(f64::from(sent));
				break;
			}
		}
		let named = simulation.alarms.iter().find_map(|(_, alarm)| match alarm {
			Alarm::Link(score) => Some([score.from, score.to]),
			_ => None,
		});
		assert_eq!(named, Some(bad), "seed {seed}");
	}
	let (median, most) = summary(needed);
	println!("link: named after {median} loops (median), {most} at most, of {} seeds", seeds(5).end);
}

#[test]
fn blocked_loops_are_noticed_within_seconds() {
	for (what, is_mixnode, blocked, at_most) in [
		("a mixnode, all blocked", true, 1.0, 20.0),
		("a mixnode, half blocked", true, 0.5, 80.0),
		("a user, all blocked", false, 1.0, 150.0),
	] {
		let mut needed = Vec::new();
		for seed in seeds(100) {
			let mut simulation = Simulation::new(seed, 20, is_mixnode);
			for _ in 0..500 {
				simulation.send(&each_link(0.01));
			}
			assert!(simulation.alarms.is_empty());
			let start = simulation.now;
			let is_loss = |alarm: &&(Time, Alarm)| matches!(alarm.1, Alarm::Loss { .. });
			while !simulation.alarms.iter().any(|alarm| is_loss(&alarm)) {
				simulation.send(&each_loop(blocked));
			}
			let (at, _) = simulation.alarms.iter().find(is_loss).unwrap();
			needed.push((*at - start).as_secs_f64());
		}
		let (median, most) = summary(needed);
		println!("{what}: noticed after {median:.1} s (median), {most:.1} s at most, of {} seeds", seeds(100).end);
		assert!(most <= at_most, "{what}: {most}");
	}
}

#[test]
fn every_loop_is_accounted_for_whatever_becomes_of_it() {
	let mut rng = ChaChaRng::seed_from_u64(1);
	let config = Config::default();
	let network = NetworkDelay::new(config.per_hop_network_delay);
	let mixnodes = (0..20).map(mixnode).collect();
	let topology = Topology::new(&mut rng, mixnodes, LOCAL, LOCAL_KEY, &mut Gateways::new(3)).unwrap();
	let mut monitor = LoopMonitor::new(Time::ZERO, &config, &config.parameters, true, 20);
	let id = |number: u32| CoverId([number.to_le_bytes(); 4].concat().try_into().unwrap());
	let at = |seconds: u64| Time::from_duration(Duration::from_secs(seconds));
	let sent = |deadline: u64| SentLoop {
		sent_at: at(0),
		deadline: at(deadline),
		forwarding_delay: Duration::ZERO,
		links: 2,
		route: [MixnodeIndex::new(1).unwrap()].into(),
		connected_gateways: [MixnodeIndex::new(1).unwrap()].into(),
		weighs: true,
	};
	let check = |monitor: &LoopMonitor, expected: [u64; 5]| {
		let report = monitor.report(7, &topology);
		let LoopReport { sent, returned, late, lost, out, unjudged, .. } = report;
		assert_eq!([returned, late, lost, out, unjudged], expected);
		assert_eq!(sent, expected.iter().sum::<u64>());
		assert_eq!(report.round_trips.count(), returned + late);
	};
	for number in 0..10 {
		monitor.sent(id(number), sent(10 + u64::from(number)));
	}
	check(&monitor, [0, 0, 0, 10, 0]);
	assert_eq!(monitor.returned(at(5), &id(0), &network).map(|returned| returned.late), Some(false));
	assert_eq!(monitor.returned(at(5), &id(0), &network), None, "only once");
	assert_eq!(monitor.returned(at(5), &id(99), &network), None, "not ours");
	check(&monitor, [1, 0, 0, 9, 0]);
	// Loops 0 to 4 are due: a deadline passes only after its time.
	assert_eq!(monitor.judge(at(15), &mut rng, &topology, 6, true, |_| ()), 4);
	check(&monitor, [1, 0, 4, 5, 0]);
	assert_eq!(monitor.returned(at(16), &id(1), &network).map(|returned| returned.late), Some(true));
	assert_eq!(monitor.returned(at(16), &id(1), &network), None, "only once");
	check(&monitor, [1, 1, 3, 5, 0]);
	monitor.forget();
	check(&monitor, [1, 1, 3, 0, 5]);
	assert_eq!(monitor.returned(at(17), &id(9), &network), None);
	assert_eq!(monitor.returned(at(17), &id(2), &network), None, "overdue, and forgotten as well");
	assert_eq!(monitor.judge(at(100), &mut rng, &topology, 6, true, |_| ()), 0);
	// More loops than fit.
	for number in 100..2000 {
		monitor.sent(id(number), sent(200));
	}
	let report = monitor.report(7, &topology);
	assert!(report.out < 500 && report.unjudged > 1400 + 5, "{report:?}");
	monitor.judge(at(201), &mut rng, &topology, 6, true, |_| ());
	assert_eq!(monitor.report(7, &topology).sent, 1910);
}

#[test]
fn losses_that_are_no_evidence_are_counted_and_accuse_nobody() {
	let mut simulation = Simulation::new(3, 20, true);
	for _ in 0..100 {
		simulation.send(&each_loop(0.0));
	}
	let id = |number: u128| CoverId((number << 64).to_le_bytes());
	for number in 1..=200 {
		let sent = SentLoop {
			sent_at: simulation.now,
			deadline: simulation.now,
			forwarding_delay: Duration::ZERO,
			links: 2,
			route: [MixnodeIndex::new(1).unwrap()].into(),
			connected_gateways: [].into(),
			weighs: number > 100,
		};
		simulation.monitor.sent(id(number), sent);
	}
	let later = simulation.now + Duration::from_secs(1000);
	// The first hundred are no evidence by themselves; the others are none at this time.
	let Simulation { monitor, rng, topology, .. } = &mut simulation;
	monitor.judge(later, rng, topology, 6, false, |alarm| panic!("{alarm}"));
	let report = simulation.report();
	assert_eq!((report.lost, report.loss_alarm), (200, false));
}
