//! The time that the network usually takes, when nobody holds packets back.
//!
//! Whoever holds packets back raises means and deviations, and with them whatever is judged by them. So only low quantiles
//! are used here, and of those the lowest for a long time back: to raise these, an attacker has to hold most packets, for longer
//! than it takes to be noticed.

use crate::time::scale;
use core::time::Duration;

/// Loops in a window.
const WINDOW: usize = 128;

/// Windows that are remembered: 4,096 loops, which a mixnode at default rates sends in 27 minutes.
const WINDOWS: usize = 32;

/// Loops that came back after the usual time count as slow if they took longer than that by so many times the difference between
/// the usual time and the median. For normal and for exponential distributions, 1 to 10 in 100 are slow by chance.
const SPREADS: u32 = 6;

/// The least that is allowed beyond the usual time, in mean forwarding delays. To hold all packets for so long costs the
/// crowd in a mixnode a quarter of its size. No more than the delay that is configured for a link.
const LEAST_ALLOWANCE: f64 = 0.3;

/// Low quantiles of the time per link in one window.
#[derive(Clone, Copy, Debug)]
struct Low {
	/// The tenth percentile.
	usual: Duration,
	/// From there to the median.
	spread: Duration,
}

/// The lowest quantiles, over the last windows, of the time that a packet takes over a link.
#[derive(Debug)]
pub(super) struct UsualDelay {
	window: [Duration; WINDOW],
	/// How many of `window` are measured.
	len: usize,
	windows: [Low; WINDOWS],
	/// The number of windows so far. The latest ones are in `windows`.
	filled: usize,
}

impl UsualDelay {
	pub fn new() -> Self {
		let none = Low { usual: Duration::MAX, spread: Duration::MAX };
		Self { window: [Duration::ZERO; WINDOW], len: 0, windows: [none; WINDOWS], filled: 0 }
	}

	/// Adds a measurement.
	pub fn measure(&mut self, per_link: Duration) {
		self.window[self.len] = per_link;
		self.len += 1;
		if self.len == WINDOW {
			self.window.sort_unstable();
			let usual = self.window[WINDOW / 10];
			self.windows[self.filled % WINDOWS] = Low { usual, spread: self.window[WINDOW / 2] - usual };
			self.filled += 1;
			self.len = 0;
		}
	}

	/// The longest that the network takes over `links` links unless something is wrong: the usual time, and what is allowed
	/// beyond. `None` before the first window is full.
	///
	/// The usual time of each link is capped by the `configured` one. What is allowed beyond, on all links together, is capped by
	/// twice as much: where mixnodes are far apart, some routes take longer than others by that.
	pub fn longest(&self, links: u32, configured: Duration, mean_forwarding_delay: Duration) -> Option<Duration> {
		let windows = self.windows.get(..self.filled.min(WINDOWS))?;
		let usual = windows.iter().map(|low| low.usual).min()?.min(configured);
		let spread = windows.iter().map(|low| low.spread).min()?;
		let least = scale(mean_forwarding_delay, LEAST_ALLOWANCE).min(configured);
		let allowance =
			spread.saturating_mul(links).saturating_mul(SPREADS).max(least).min(configured.saturating_mul(2));
		Some(usual.saturating_mul(links).saturating_add(allowance))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const MS: Duration = Duration::from_millis(1);

	/// The longest time over six links, with a mean forwarding delay of this many milliseconds.
	fn longest(delay: &UsualDelay, mean: u32) -> Option<Duration> {
		delay.longest(6, 300 * MS, mean * MS)
	}

	#[test]
	fn nothing_is_slow_before_the_usual_time_is_known() {
		let mut delay = UsualDelay::new();
		for _ in 1..WINDOW {
			delay.measure(40 * MS);
			assert_eq!(longest(&delay, 1000), None);
		}
		delay.measure(40 * MS);
		assert_eq!(longest(&delay, 1000), Some(6 * 40 * MS + 300 * MS));
		// A shorter delay at mixnodes can take less.
		assert_eq!(longest(&delay, 100), Some(6 * 40 * MS + 30 * MS));
	}

	#[test]
	fn who_holds_packets_back_cannot_raise_what_is_usual_before_it_is_forgotten() {
		let mut delay = UsualDelay::new();
		let window = |delay: &mut UsualDelay, held: u32| {
			for number in 0..WINDOW as u32 {
				delay.measure((40 + number % 10 + if number % 100 < held { 250 } else { 0 }) * MS);
			}
		};
		window(&mut delay, 0);
		let before = longest(&delay, 100).unwrap();
		assert!(before > 6 * (40 + 6 * 3) * MS && before < 6 * (42 + 6 * 5) * MS, "{before:?}");
		for _ in 1..WINDOWS {
			window(&mut delay, 100);
			assert_eq!(longest(&delay, 100), Some(before));
		}
		// Held for as long as anything is remembered, it is usual. But it is capped.
		window(&mut delay, 100);
		assert!(longest(&delay, 100).unwrap() > 6 * 290 * MS);
		for _ in 0..WINDOWS * WINDOW {
			delay.measure(5000 * MS);
		}
		assert_eq!(longest(&delay, 100), Some(6 * 300 * MS + 30 * MS));
		// What is usual falls at once.
		window(&mut delay, 0);
		assert!(longest(&delay, 100).unwrap() <= before);
	}

	#[test]
	fn jitter_is_allowed_for_but_no_more_than_the_configured_delay() {
		let mut delay = UsualDelay::new();
		for number in 0..WINDOW as u32 {
			delay.measure(number * 10 * MS);
		}
		assert_eq!(longest(&delay, 100), Some(6 * 120 * MS + 2 * 300 * MS));
	}
}
