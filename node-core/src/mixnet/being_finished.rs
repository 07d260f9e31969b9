//! Packets of batches that were judged and are not accepted yet.

use crate::replay::ReplayTag;
use alloc::vec::Vec;

/// Most tags that are kept: those of 64 full batches, as 32 threads have under way.
const MAX_TAGS: usize = 64 * super::MAX_BATCH;

/// The tags of packets that workers finish at this moment.
///
/// Their headers are not in the replay filter yet. Without this, copies of one packet in as many batches as there are under
/// way would all be finished. It only saves work: nothing is dropped because of it.
#[derive(Default)]
pub(super) struct BeingFinished {
	/// Sorted.
	tags: Vec<ReplayTag>,
}

impl BeingFinished {
	/// The most bytes of heap that it takes.
	pub const fn max_bytes() -> usize {
		MAX_TAGS * size_of::<ReplayTag>()
	}

	/// Enters a tag. Returns `false` if it was there.
	pub fn insert(&mut self, tag: ReplayTag) -> bool {
		let Err(place) = self.tags.binary_search(&tag) else { return false };
		if self.tags.len() == MAX_TAGS {
			// The driver has lost batches, or has very many threads. Copies of what is forgotten here are finished twice.
			self.tags.clear();
		}
		self.tags.reserve_exact(MAX_TAGS - self.tags.len());
		self.tags.insert(place.min(self.tags.len()), tag);
		true
	}

	/// Removes a tag whose packet is accepted or dropped now.
	pub fn remove(&mut self, tag: ReplayTag) {
		if let Ok(place) = self.tags.binary_search(&tag) {
			self.tags.remove(place);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn tags_of_lost_batches_do_not_stay_for_ever() {
		let mut tags = BeingFinished::default();
		let tag = |number: u64| ReplayTag::from_bits(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
		for round in 0..3 {
			for number in 0..MAX_TAGS as u64 {
				assert!(tags.insert(tag(number)), "{round}");
				assert!(!tags.insert(tag(number)));
			}
			// All are kept, until there is no room for one more.
			assert!((0..MAX_TAGS as u64).all(|number| !tags.insert(tag(number))));
			assert!(tags.insert(tag(u64::MAX)));
			assert_eq!(tags.tags.len(), 1);
			tags.remove(tag(u64::MAX));
		}
		assert!(tags.tags.is_empty());
		tags.remove(tag(1));
		assert_eq!(tags.tags.capacity(), MAX_TAGS);
		assert_eq!(size_of_val(tags.tags.spare_capacity_mut()), BeingFinished::max_bytes());
	}
}
