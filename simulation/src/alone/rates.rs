//! What a node sends of its own in each session, held against the Poisson law.
//!
//! Every assertion about a random number fails with probability 1e-4 at most for a right program and a random seed.

use super::session_of;
use crate::Ours;
use mixnet_node_core::{Statistics, Time};
use std::time::Duration;

/// 1 - 1e-4 / 2 of the standard normal distribution lies below this.
const Z: f64 = 3.891;

/// What a node sent, in which session and when.
pub struct Sent {
	/// Packets of session 1, the previous one, and of session 2.
	pub times: [Vec<f64>; 2],
	/// The statistics before the run.
	pub before: Statistics,
	/// The statistics after it.
	pub after: Statistics,
}

impl Sent {
	/// How far this counter rose.
	pub fn authored(&self, kind: impl Fn(&Statistics) -> u64) -> f64 {
		(kind(&self.after) - kind(&self.before)) as f64
	}
}

/// Runs the node for `time`, calling `each` before every step.
pub fn run(mixnet: &mut Ours, now: &mut Time, time: Duration, mut each: impl FnMut(&mut Ours, Time)) -> Sent {
	let (start, end) = (*now, *now + time);
	let before = mixnet.statistics();
	let mut times = [Vec::new(), Vec::new()];
	loop {
		each(mixnet, *now);
		while let Some(packet) = mixnet.poll_transmit() {
			let session = session_of(packet.peer_id);
			times[session as usize - 1].push((*now - start).as_secs_f64());
		}
		while mixnet.poll_event().is_some() {}
		match mixnet.poll_timeout() {
			Some(at) if at <= end => {
				*now = (*now).max(at);
				mixnet.handle_timeout(*now);
			},
			_ => break,
		}
	}
	*now = end;
	Sent { times, before, after: mixnet.statistics() }
}

/// Are these the times of a Poisson process with this many events expected in `time`? Checked are their number, how
/// evenly it spreads over 50 parts of the time (chi-squared), and the distribution of the times between (Kolmogorov and
/// Smirnov): 3 tests.
pub fn assert_poisson(times: &[f64], time: Duration, expected: f64, what: &str) {
	let num = times.len() as f64;
	assert!((num - expected).abs() < Z * expected.sqrt() + 1.0, "{what}: {num} packets, {expected} expected");

	let time = time.as_secs_f64();
	let mut parts = [0f64; 50];
	for at in times {
		parts[((at / time * 50.0) as usize).min(49)] += 1.0;
	}
	let mean = num / 50.0;
	let chi_squared: f64 = parts.iter().map(|part| (part - mean).powi(2) / mean).sum();
	// Wilson and Hilferty's normal approximation.
	let z = ((chi_squared / 49.0).cbrt() - (1.0 - 2.0 / (9.0 * 49.0))) / (2.0 / (9.0 * 49.0f64)).sqrt();
	assert!(z.abs() < Z, "{what}: spread {chi_squared} over 50 parts, {z} standard deviations off");

	let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
	gaps.sort_by(f64::total_cmp);
	let rate = expected / time;
	let n = gaps.len() as f64;
	let distance = gaps
		.iter()
		.enumerate()
		.map(|(i, gap)| {
			let law = 1.0 - (-rate * gap).exp();
			(law - i as f64 / n).abs().max((law - (i + 1) as f64 / n).abs())
		})
		.fold(0.0, f64::max);
	// 2 exp(-2 x^2) = 1e-4 at x = 2.225.
	assert!(distance * n.sqrt() < 2.225, "{what}: times between packets are not exponential: {}", distance * n.sqrt());
}

/// Is `part` of `all` a sample of a binomial distribution with this probability?
pub fn assert_proportion(part: f64, all: f64, probability: f64, what: &str) {
	let spread = (all * probability * (1.0 - probability)).sqrt();
	assert!((part - all * probability).abs() < Z * spread + 1.0, "{what}: {part} of {all}, not {probability}");
}
