//! How long things took.

use serde::Serialize;
use std::time::Duration;

/// Minimum, median and maximum of some durations, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latencies {
	/// The minimum.
	pub min: u64,
	/// The median. Of an even number of durations, the mean of the two in the middle.
	pub median: u64,
	/// The maximum.
	pub max: u64,
}

impl Latencies {
	/// Summary of these durations. `None` if there are none.
	pub fn of(durations: Vec<Duration>) -> Option<Self> {
		let mut sorted: Vec<_> = durations.iter().map(|duration| duration.as_millis() as u64).collect();
		sorted.sort_unstable();
		let (upper, lower) = (sorted.get(sorted.len() / 2)?, sorted.get((sorted.len() - 1) / 2)?);
		Some(Self { min: *sorted.first()?, median: (upper + lower) / 2, max: *sorted.last()? })
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn latencies(milliseconds: &[u64]) -> Option<Latencies> {
		Latencies::of(milliseconds.iter().copied().map(Duration::from_millis).collect())
	}

	#[test]
	fn the_median_is_in_the_middle() {
		assert_eq!(latencies(&[]), None);
		assert_eq!(latencies(&[5]), Some(Latencies { min: 5, median: 5, max: 5 }));
		assert_eq!(latencies(&[9, 1, 5]), Some(Latencies { min: 1, median: 5, max: 9 }));
		assert_eq!(latencies(&[9, 1, 5, 3]), Some(Latencies { min: 1, median: 4, max: 9 }));
	}
}
