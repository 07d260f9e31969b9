//! The time that a hop takes, as loops show it.

use super::usual_delay::UsualDelay;
use crate::time::scale;
use core::time::Duration;

/// An attacker who delays our loops can raise the estimate to this multiple of the configured delay, and no further.
const MAX_FACTOR: u32 = 10;

/// A smoothed mean and deviation of the time that a packet takes from one mixnode to the next, processing included. It is
/// a loop's round trip less the delays that its author chose, per link. (The estimator is that of RFC 6298, section 2.)
///
/// Retry timers take the larger of this and the configured, conservative estimate: they adapt to a slower network, and
/// never fire sooner than the protocol says. Losses play no part.
#[derive(Debug)]
pub(crate) struct NetworkDelay {
	configured: Duration,
	/// Mean and mean deviation, in seconds; `None` before the first loop came back.
	measured: Option<(f64, f64)>,
	/// Low quantiles, by which loops are slow.
	usual: UsualDelay,
}

impl NetworkDelay {
	pub fn new(configured: Duration) -> Self {
		Self { configured, measured: None, usual: UsualDelay::new() }
	}

	/// Adds a measurement: a loop took `round_trip` over `links` links, of which `forwarding_delay` at mixnodes.
	pub fn measure(&mut self, round_trip: Duration, forwarding_delay: Duration, links: u32) {
		let per_link = round_trip.saturating_sub(forwarding_delay) / links.max(1);
		self.usual.measure(per_link);
		let sample = per_link.min(self.max()).as_secs_f64();
		self.measured = Some(match self.measured {
			None => (sample, sample / 2.0),
			Some((mean, deviation)) => {
				let deviation = deviation + ((sample - mean).abs() - deviation) / 4.0;
				(mean + (sample - mean) / 8.0, deviation)
			},
		});
	}

	/// The mean of recent measurements. `None` before the first loop came back.
	pub fn measured(&self) -> Option<Duration> {
		self.measured.map(|(mean, _)| scale(Duration::from_secs(1), mean))
	}

	/// The most that a hop takes, with rare exceptions. Never less than the configured delay.
	pub fn per_hop(&self) -> Duration {
		let measured = self.measured.map_or(0.0, |(mean, deviation)| mean + 4.0 * deviation);
		scale(Duration::from_secs(1), measured).min(self.max()).max(self.configured)
	}

	/// The longest that the network takes over `links` links unless something is wrong: a loop that takes longer is slow. `None`
	/// before enough loops came back.
	pub fn longest(&self, links: u32, mean_forwarding_delay: Duration) -> Option<Duration> {
		self.usual.longest(links, self.configured, mean_forwarding_delay)
	}

	fn max(&self) -> Duration {
		self.configured.saturating_mul(MAX_FACTOR)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const MS: Duration = Duration::from_millis(1);

	#[test]
	fn the_estimate_follows_the_network_but_never_falls_below_the_configured() {
		let mut delay = NetworkDelay::new(300 * MS);
		assert_eq!((delay.per_hop(), delay.measured()), (300 * MS, None));
		for _ in 0..100 {
			delay.measure(5000 * MS + 7 * 20 * MS, 5000 * MS, 7);
		}
		assert_eq!(delay.per_hop(), 300 * MS);
		assert!(delay.measured().is_some_and(|measured| measured > 19 * MS && measured < 21 * MS));
		for _ in 0..100 {
			delay.measure(5000 * MS + 7 * 900 * MS, 5000 * MS, 7);
		}
		assert!(delay.per_hop() >= 900 * MS && delay.per_hop() < 1000 * MS, "{:?}", delay.per_hop());
		for _ in 0..200 {
			delay.measure(5000 * MS + 7 * 20 * MS, 5000 * MS, 7);
		}
		assert_eq!(delay.per_hop(), 300 * MS, "it recovers");
	}

	#[test]
	fn nobody_can_raise_the_estimate_without_end() {
		let mut delay = NetworkDelay::new(300 * MS);
		for _ in 0..100 {
			delay.measure(Duration::MAX, Duration::ZERO, 7);
		}
		assert_eq!(delay.per_hop(), 3000 * MS);
		delay.measure(Duration::ZERO, Duration::MAX, 0);
		assert!(delay.per_hop() <= 3000 * MS);
	}
}
