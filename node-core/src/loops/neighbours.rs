//! Whose neighbours packets get lost between.
//!
//! A mixnode that loses packets loses them among all its neighbours. Where they get lost between it and a few of them
//! only, it may be these who lose them, to have it accused.

use crate::MixnodeIndex;
use alloc::{collections::BTreeMap, vec::Vec};
use core::mem::size_of;

/// Neighbours that may conspire: more leave too little that they are not part of.
const FEW: usize = 3;

/// The share of a mixnode's lost paths that goes by a few neighbours only if they have to do with it.
const NEARLY_ALL: f64 = 0.85;

/// How often each two mixnodes were neighbours on a lost path, and how many lost paths each mixnode was on: since there is
/// evidence against it.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
	/// The first is the one that the count is for. Under itself: all its lost paths.
	lost: BTreeMap<(MixnodeIndex, MixnodeIndex), u32>,
}

impl Neighbours {
	/// Size in bytes of an entry.
	pub const ENTRY_SIZE: usize = size_of::<((MixnodeIndex, MixnodeIndex), u32)>();

	/// Counts in a lost path.
	pub fn count(&mut self, path: &[MixnodeIndex]) {
		for (at, index) in path.iter().enumerate() {
			let before = at.checked_sub(1).and_then(|at| path.get(at));
			// Itself last: and with no neighbour but us, itself alone.
			for neighbour in before.into_iter().chain(path.get(at + 1)).chain([index]) {
				*self.lost.entry((*index, *neighbour)).or_default() += 1;
			}
		}
	}

	/// There is no evidence against this mixnode any more.
	pub fn forget(&mut self, mixnode: MixnodeIndex) {
		let (first, last) = ((mixnode, MixnodeIndex::MIN), (mixnode, MixnodeIndex::MAX));
		let keys: Vec<_> = self.lost.range(first..=last).map(|(key, _)| *key).collect();
		for key in keys {
			self.lost.remove(&key);
		}
	}

	/// The few neighbours that nearly all of the mixnode's lost paths go by; none if they go by all.
	pub fn few(&self, mixnode: MixnodeIndex) -> Vec<MixnodeIndex> {
		let (first, last) = ((mixnode, MixnodeIndex::MIN), (mixnode, MixnodeIndex::MAX));
		let all = self.lost.get(&(mixnode, mixnode)).copied().unwrap_or_default();
		let mut counts: Vec<_> = self.lost.range(first..=last).map(|((_, other), count)| (*count, *other)).collect();
		counts.retain(|(_, other)| *other != mixnode);
		counts.sort_unstable_by(|a, b| b.cmp(a));
		counts.truncate(FEW);
		// A path by two of them counts twice: then they are the more suspicious.
		let by_few: u32 = counts.iter().map(|(count, _)| count).sum();
		if f64::from(by_few) < NEARLY_ALL * f64::from(all) {
			return Vec::new();
		}
		// Not those that are there by chance.
		counts.retain(|(count, _)| f64::from(*count) >= 0.1 * f64::from(all));
		counts.into_iter().map(|(_, other)| other).collect()
	}
}
