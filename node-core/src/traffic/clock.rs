//! The Poisson clock of a session.

use crate::time::{scale, Time};
use core::time::Duration;
use rand_core::RngCore;
use rand_distr::{Distribution, Exp1};

/// A tick is given up when it is late by more than this many mean periods and by more than [`MAX_LAG`]. A driver's timers
/// are late by a millisecond or so, and catch up. But a machine that slept for an hour must not send an hour's packets at
/// once.
const MAX_LAG_PERIODS: u32 = 10;
/// See [`MAX_LAG_PERIODS`].
const MAX_LAG: Duration = Duration::from_secs(1);

/// Ticks as a Poisson process: the times between ticks are independent and exponentially distributed.
///
/// The process is memoryless. So when the rate changes, the time to the next tick can be drawn anew.
#[derive(Debug, Default)]
pub(crate) struct PoissonClock {
	/// Mean period and next tick; `None` while the clock stands still.
	running: Option<(Duration, Time)>,
}

impl PoissonClock {
	/// Sets the mean time between ticks from now on. `None` stops the clock. Setting the mean that it has already changes
	/// nothing.
	pub fn set_mean<R: RngCore + ?Sized>(&mut self, now: Time, mean: Option<Duration>, rng: &mut R) {
		if self.running.map(|(mean, _)| mean) != mean {
			self.running = mean.and_then(|mean| tick_after(now, mean, rng));
		}
	}

	/// When the next tick is due. `None` while the clock stands still.
	pub fn next(&self) -> Option<Time> {
		self.running.map(|(_, next)| next)
	}

	/// Takes the tick that is due. The time to the next one counts from when this one was due, not from now. Otherwise every
	/// delay of the driver would slow the clock down.
	pub fn advance<R: RngCore + ?Sized>(&mut self, rng: &mut R) {
		self.running = self.running.and_then(|(mean, next)| tick_after(next, mean, rng));
	}

	/// Gives up the ticks that are due. Returns whether there were any.
	pub fn skip_due<R: RngCore + ?Sized>(&mut self, now: Time, rng: &mut R) -> bool {
		match self.running {
			Some((mean, next)) if next <= now => {
				self.running = tick_after(now, mean, rng);
				true
			},
			_ => false,
		}
	}

	/// Gives up ticks that are far too late. Returns whether there were any.
	pub fn skip_late<R: RngCore + ?Sized>(&mut self, now: Time, rng: &mut R) -> bool {
		match self.running {
			Some((mean, next)) if now - next > mean.saturating_mul(MAX_LAG_PERIODS).max(MAX_LAG) => {
				self.running = tick_after(now, mean, rng);
				true
			},
			_ => false,
		}
	}
}

/// The mean, and the tick that follows at a random time after `time`. `None` at the end of time, where a tick would be
/// followed by itself for ever.
fn tick_after<R: RngCore + ?Sized>(time: Time, mean: Duration, rng: &mut R) -> Option<(Duration, Time)> {
	let multiple: f64 = Exp1.sample(rng);
	let next = time + scale(mean, multiple);
	(next.since_epoch() < Duration::MAX).then_some((mean, next))
}
