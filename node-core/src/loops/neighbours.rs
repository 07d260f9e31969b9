//! Which neighbours of a mixnode lose packets together with it.
//!
//! A mixnode that loses packets loses those of all its neighbours. If packets get lost between it and a few neighbours only,
//! these may be the culprits, who want to have it accused.

use crate::{
	bytes::{list, sum, tree},
	MixnodeIndex,
};
use alloc::{
	collections::{BTreeMap, VecDeque},
	vec::Vec,
};

/// The most neighbours that are named. More would be on nearly all routes anyway.
const FEW: usize = 3;

/// A few neighbours are named if they are on this share of a mixnode's lost routes. By chance, three of 18 neighbours
/// are on six or seven in ten of 25 lost routes.
const NEARLY_ALL: f64 = 0.85;

/// How many lost routes are remembered of each mixnode: the latest ones.
const REMEMBERED: usize = 64;

/// A mixnode's neighbours on a route: the one before it and the one after it. `None` stands for ourselves.
type Pair = [Option<MixnodeIndex>; 2];

/// For each mixnode with evidence against it, its neighbours on the latest lost routes.
#[derive(Debug, Default)]
pub(super) struct Neighbours(BTreeMap<MixnodeIndex, VecDeque<Pair>>);

impl Neighbours {
	/// The most bytes of heap for this many mixnodes.
	pub fn max_bytes(mixnodes: usize) -> usize {
		let pairs = list(REMEMBERED, size_of::<Pair>());
		sum([tree(mixnodes, size_of::<(MixnodeIndex, VecDeque<Pair>)>()), mixnodes.saturating_mul(pairs)])
	}

	/// Adds a lost route.
	pub fn count(&mut self, route: &[MixnodeIndex]) {
		for (at, index) in route.iter().enumerate() {
			let before = at.checked_sub(1).and_then(|at| route.get(at).copied());
			let latest = self.0.entry(*index).or_default();
			if latest.len() == REMEMBERED {
				latest.pop_front();
			}
			latest.push_back([before, route.get(at + 1).copied()]);
		}
	}

	/// Forgets a mixnode: there is no evidence against it any more.
	pub fn forget(&mut self, mixnode: MixnodeIndex) {
		self.0.remove(&mixnode);
	}

	/// The few neighbours that are on nearly all of the mixnode's lost routes. Empty if there are no such few.
	pub fn few(&self, mixnode: MixnodeIndex) -> Vec<MixnodeIndex> {
		let mut left: Vec<Pair> = self.0.get(&mixnode).into_iter().flatten().copied().collect();
		let may_be_left = left.len() as f64 * (1.0 - NEARLY_ALL);
		let mut few = Vec::new();
		while left.len() as f64 > may_be_left && few.len() < FEW {
			let mut counts = BTreeMap::<MixnodeIndex, usize>::new();
			left.iter().flatten().flatten().for_each(|neighbour| *counts.entry(*neighbour).or_default() += 1);
			let Some((most, _)) = counts.into_iter().max_by_key(|(_, count)| *count) else { break };
			left.retain(|pair| !pair.contains(&Some(most)));
			few.push(most);
		}
		if left.len() as f64 > may_be_left {
			few.clear();
		}
		few
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn index(index: u16) -> MixnodeIndex {
		MixnodeIndex::new(index).unwrap()
	}

	#[test]
	fn few_neighbours_are_named_if_they_are_on_nearly_all_lost_routes() {
		let mut neighbours = Neighbours::default();
		assert_eq!(neighbours.few(index(0)), []);
		for number in 0..40 {
			// One of two mixnodes comes before 0, and any mixnode after it.
			neighbours.count(&[index(1 + number % 2), index(0), index(10 + number)]);
		}
		assert_eq!(neighbours.few(index(0)).len(), 2);
		assert!([1, 2].iter().all(|number| neighbours.few(index(0)).contains(&index(*number))));
		// The latest routes count; these have nobody in common.
		for number in 0..40 {
			neighbours.count(&[index(100 + number), index(0), index(200 + number)]);
		}
		assert_eq!(neighbours.few(index(0)), []);
		neighbours.forget(index(0));
		neighbours.count(&[index(0), index(3)]);
		assert_eq!(neighbours.few(index(0)), [index(3)]);
	}

	#[test]
	fn no_more_lost_routes_are_remembered_than_the_bound_says() {
		let mut neighbours = Neighbours::default();
		for number in 0..1000 {
			neighbours.count(&[index(number), index(5)]);
		}
		assert_eq!(neighbours.0[&index(5)].len(), REMEMBERED);
		let pairs: usize = neighbours.0.values().map(|latest| latest.capacity() * size_of::<Pair>()).sum();
		assert!(pairs < Neighbours::max_bytes(neighbours.0.len()));
	}
}
