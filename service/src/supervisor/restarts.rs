//! How often the mixnet may be started anew.

use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// The most restarts within [`PERIOD`].
const MAX: usize = 5;
/// See [`MAX`].
const PERIOD: Duration = Duration::from_secs(3600);
/// The pause before the first restart of several. Each further one takes twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Remembers the latest restarts.
///
/// So somebody who has found a packet that makes the mixnet fail cannot have nodes build everything anew all the time; and
/// when he stops, the mixnet comes back without anybody's help.
#[derive(Default)]
pub struct Restarts {
	/// When the latest restarts were, or are to be, at most [`MAX`].
	latest: VecDeque<Instant>,
	count: u64,
}

impl Restarts {
	/// The mixnet has failed now. Returns how long to wait until it is started anew.
	pub fn pause(&mut self, now: Instant) -> Duration {
		let recent = self.latest.iter().filter(|restart| now.duration_since(**restart) < PERIOD).count();
		let mut restart = now + FIRST_PAUSE * (1 << recent);
		if self.latest.len() == MAX {
			restart = self.latest.pop_front().map_or(restart, |oldest| restart.max(oldest + PERIOD));
		}
		self.latest.push_back(restart);
		self.count += 1;
		restart.duration_since(now)
	}

	/// The number of failures so far, each of which leads to a restart.
	pub fn count(&self) -> u64 {
		self.count
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Fails as soon as it is started, for some hours.
	#[test]
	fn there_are_at_most_five_restarts_within_an_hour() {
		let (mut restarts, start) = (Restarts::default(), Instant::now());
		let mut now = start;
		let mut at = Vec::new();
		for _ in 0..40 {
			now += restarts.pause(now);
			at.push(now.duration_since(start).as_secs());
		}
		assert_eq!(at[..5], [1, 3, 7, 15, 31]);
		for six in at.windows(MAX + 1) {
			assert!(six[MAX] - six[0] >= PERIOD.as_secs(), "{six:?}");
		}
		// And it is always started again.
		assert!(at[39] < 10 * PERIOD.as_secs());
		assert_eq!(restarts.count(), 40);
	}

	#[test]
	fn a_failure_long_ago_counts_no_more() {
		let (mut restarts, now) = (Restarts::default(), Instant::now());
		assert_eq!(restarts.pause(now), FIRST_PAUSE);
		assert_eq!(restarts.pause(now + PERIOD / 2), 2 * FIRST_PAUSE);
		assert_eq!(restarts.pause(now + PERIOD + FIRST_PAUSE), 2 * FIRST_PAUSE);
		assert_eq!(restarts.pause(now + 3 * PERIOD), FIRST_PAUSE);
	}
}
