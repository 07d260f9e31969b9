//! Time, as the driver tells it.
//!
//! The core reads no clock. Every call that needs the time takes it, and all times are measured from one epoch that the
//! driver chooses (its start, say). Time never runs backwards for the core: where a call brings an earlier time than a
//! call before it, nothing breaks, things are merely due later.

use core::{
	ops::{Add, AddAssign, Sub},
	time::Duration,
};

/// A point in time: the time since an epoch that the driver chooses. Nanosecond resolution.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time(Duration);

impl Time {
	/// The epoch.
	pub const ZERO: Self = Self(Duration::ZERO);

	/// The point in time `since_epoch` after the epoch.
	pub const fn from_duration(since_epoch: Duration) -> Self {
		Self(since_epoch)
	}

	/// Time since the epoch.
	pub const fn since_epoch(self) -> Duration {
		self.0
	}
}

impl Add<Duration> for Time {
	type Output = Self;

	/// Saturates: the far future is as good as never.
	fn add(self, duration: Duration) -> Self {
		Self(self.0.saturating_add(duration))
	}
}

impl AddAssign<Duration> for Time {
	fn add_assign(&mut self, duration: Duration) {
		*self = *self + duration;
	}
}

impl Sub for Time {
	type Output = Duration;

	/// The time from `earlier` to `self`; zero if it is not earlier.
	fn sub(self, earlier: Self) -> Duration {
		self.0.saturating_sub(earlier.0)
	}
}

/// `duration` x `factor`, saturating. `factor` is never NaN; a negative one counts as zero.
pub(crate) fn scale(duration: Duration, factor: f64) -> Duration {
	let seconds = duration.as_secs_f64() * factor.max(0.0);
	Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn arithmetic_saturates() {
		let later = Time::ZERO + Duration::from_secs(2);
		assert_eq!(later - Time::ZERO, Duration::from_secs(2));
		assert_eq!(Time::ZERO - later, Duration::ZERO);
		assert_eq!((Time::from_duration(Duration::MAX) + Duration::from_secs(1)).since_epoch(), Duration::MAX);
		assert_eq!(scale(Duration::MAX, 2.0), Duration::MAX);
		assert_eq!(scale(Duration::from_secs(3), 0.5), Duration::from_millis(1500));
		assert_eq!(scale(Duration::from_secs(3), -1.0), Duration::ZERO);
	}
}
