//! Compares the sorted sets of candidates with sorted maps of the standard library.

use crate::{
	mock::*,
	ranked_set::{max_pages, RankKey, RankedEntry, RankedSet, SetId, PAGE_CAPACITY},
	Rank, RankDirectories, RankPages,
};
use proptest::{prelude::*, test_runner::RngSeed};
use std::collections::BTreeMap;

type Set = RankedSet<Runtime>;
type Model = BTreeMap<RankKey, u32>;

const SETS: [SetId; 2] = [SetId::Elected, SetId::Standby];

fn entry((key, place): (&RankKey, &u32)) -> RankedEntry {
	RankedEntry { key: *key, place: *place }
}

/// How many entries each page has.
fn page_sizes(id: SetId) -> Vec<u32> {
	RankDirectories::<Runtime>::get(id).pages.iter().map(|page| page.len.into()).collect()
}

/// Compares a stored set with its model.
fn compare(id: SetId, model: &Model) {
	let set = Set::load(id);
	assert_eq!(set.check(), Ok(model.iter().map(entry).collect()));
	assert_eq!(set.len() as usize, model.len());
	assert_eq!(set.best(), model.first_key_value().map(entry));
	assert_eq!(set.worst(), model.last_key_value().map(entry));
	let max = max_pages(MaxMixnodes::get().max(MaxStandbys::get())) as usize;
	assert!(page_sizes(id).len() <= max);
	// Page numbers are used again: no more pages are stored than a set can have.
	assert!(RankPages::<Runtime>::iter_prefix(id).count() <= max);
	assert!(RankPages::<Runtime>::iter_key_prefix(id).all(|number| usize::from(number) < max));
}

/// A step of a test. Entries are chosen by a number, modulo how many entries there are.
#[derive(Clone, Debug)]
enum Operation {
	/// Adds `count` entries. Their ranks begin with `rank` and are `step` apart, modulo [`RANKS`], so that many are
	/// equal.
	Insert { count: u32, rank: u128, step: u128 },
	/// Removes `count` entries, from the one numbered `from` on, `step` apart.
	Remove { count: u32, from: usize, step: usize },
	/// Removes this many of the best entries.
	RemoveBest { count: u32 },
	/// Removes this many of the worst entries.
	RemoveWorst { count: u32 },
	/// Tries to remove an entry that does not exist.
	RemoveUnknown { rank: u128 },
	/// Changes an entry's place.
	SetPlace { entry: usize, place: u32 },
	/// Lists entries.
	List { start: u32, count: usize },
	/// Empties the set.
	Clear,
}

/// How many different ranks there are.
const RANKS: u128 = 500;
/// The most entries of a set.
const MAX_ENTRIES: u32 = 600;

fn operation() -> impl Strategy<Value = Operation> {
	use Operation::*;
	let count = || prop_oneof![3 => 1u32..4, 1 => 1u32..300];
	prop_oneof![
		10 => (count(), 0..RANKS, prop_oneof![0u128..4, 0..RANKS]).prop_map(|(count, rank, step)| {
			Insert { count, rank, step }
		}),
		6 => (count(), 0..MAX_ENTRIES as usize, 0usize..40).prop_map(|(count, from, step)| {
			Remove { count, from, step }
		}),
		2 => count().prop_map(|count| RemoveBest { count }),
		2 => count().prop_map(|count| RemoveWorst { count }),
		1 => (0..RANKS).prop_map(|rank| RemoveUnknown { rank }),
		3 => (0..MAX_ENTRIES as usize, any::<u32>()).prop_map(|(entry, place)| SetPlace { entry, place }),
		3 => (0..MAX_ENTRIES + 10, 0usize..200).prop_map(|(start, count)| List { start, count }),
		1 => Just(Clear),
	]
}

fn apply(id: SetId, model: &mut Model, sequence: &mut u32, operation: Operation) {
	use Operation::*;
	let mut set = Set::load(id);
	let nth = |model: &Model, n: usize| model.keys().nth(n % model.len().max(1)).copied();
	let remove = |set: &mut Set, model: &mut Model, key: RankKey| {
		let expected = model.remove(&key).map(|place| RankedEntry { key, place });
		assert_eq!(set.remove(&key), expected);
	};
	match operation {
		Insert { count, rank, step } => {
			let room = MAX_ENTRIES - model.len() as u32;
			for n in 0..u128::from(count.min(room)) {
				let key = RankKey { rank: Rank((rank + n * step) % RANKS), sequence: *sequence };
				assert!(set.insert(RankedEntry { key, place: *sequence }));
				model.insert(key, *sequence);
				*sequence += 1;
			}
		},
		Remove { count, from, step } => {
			for n in 0..count as usize {
				if let Some(key) = nth(model, from + n * step) {
					remove(&mut set, model, key);
				}
			}
		},
		RemoveBest { count } => {
			for _ in 0..count {
				if let Some(best) = set.best() {
					remove(&mut set, model, best.key);
				}
			}
		},
		RemoveWorst { count } => {
			for _ in 0..count {
				if let Some(worst) = set.worst() {
					remove(&mut set, model, worst.key);
				}
			}
		},
		RemoveUnknown { rank } => {
			assert_eq!(set.remove(&RankKey { rank: Rank(rank), sequence: *sequence }), None);
		},
		SetPlace { entry, place } => {
			if let Some(key) = nth(model, entry) {
				set.set_place(&key, place);
				model.insert(key, place);
			}
			// Nothing happens for an entry that does not exist.
			set.set_place(&RankKey { rank: Rank(place.into()), sequence: *sequence }, place);
		},
		List { start, count } => {
			let listed: Vec<_> = set.iter_from(start).take(count).collect();
			assert_eq!(listed, model.iter().map(entry).skip(start as usize).take(count).collect::<Vec<_>>());
		},
		Clear => {
			Set::clear(id);
			model.clear();
			return;
		},
	}
	set.save();
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 100,
		rng_seed: RngSeed::Fixed(1),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	/// Two sets at once must not affect each other.
	#[test]
	fn ranked_sets_do_what_sorted_maps_would(operations in prop::collection::vec((0usize..2, operation()), 0..80)) {
		sp_io::TestExternalities::default().execute_with(|| {
			MaxMixnodes::set(MAX_ENTRIES);
			MaxStandbys::set(MAX_ENTRIES);
			let mut models = [Model::new(), Model::new()];
			let mut sequence = 0;
			for (set, operation) in operations {
				apply(SETS[set], &mut models[set], &mut sequence, operation);
				compare(SETS[0], &models[0]);
				compare(SETS[1], &models[1]);
			}
		});
	}
}

fn key(rank: u128) -> RankKey {
	RankKey { rank: Rank(rank), sequence: 0 }
}

fn insert(id: SetId, model: &mut Model, key: RankKey) {
	let mut set = Set::load(id);
	assert!(set.insert(RankedEntry { key, place: 0 }));
	set.save();
	model.insert(key, 0);
}

/// Removes the last entries of a page.
fn shrink_page(id: SetId, model: &mut Model, index: usize, count: u32) {
	let page = RankDirectories::<Runtime>::get(id).pages[index];
	for entry in RankPages::<Runtime>::get(id, page.page).iter().rev().take(count as usize) {
		let mut set = Set::load(id);
		assert_eq!(set.remove(&entry.key), Some(*entry));
		set.save();
		model.remove(&entry.key);
	}
}

/// To make as many pages as possible, one leaves 1 and 32 entries in turn, the fewest that keep pages from being
/// joined. The entries that this saves are used to split pages.
#[test]
fn nobody_can_make_more_pages_than_the_directory_has_room_for() {
	const ENTRIES: u32 = 1_000;
	let id = SetId::Elected;
	sp_io::TestExternalities::default().execute_with(|| {
		MaxMixnodes::set(ENTRIES);
		let mut model = Model::new();
		for n in 0..u128::from(ENTRIES) {
			insert(id, &mut model, key(n << 110));
		}
		let mut rng = Rng(1);
		let mut most = 0;
		for _ in 0..400 {
			// Make every page as small as its neighbours allow.
			let sizes = page_sizes(id).len();
			for index in 0..sizes {
				let sizes = page_sizes(id);
				let least = |neighbour: Option<&u32>| {
					neighbour.map_or(1, |size| (PAGE_CAPACITY / 2 + 1).saturating_sub(*size).max(1))
				};
				let least =
					least(index.checked_sub(1).and_then(|left| sizes.get(left))).max(least(sizes.get(index + 1)));
				shrink_page(id, &mut model, index, sizes[index].saturating_sub(least));
			}
			assert_eq!(page_sizes(id).len(), sizes, "no page was joined");
			// Fill a page so that it is split.
			let pages = RankDirectories::<Runtime>::get(id).pages;
			let index = rng.below(pages.len() as u64) as usize;
			let needed = PAGE_CAPACITY + 1 - u32::from(pages[index].len);
			if model.len() as u32 + needed <= ENTRIES {
				let up_to_here: u32 = pages[..=index].iter().map(|page| u32::from(page.len)).sum();
				let last = model.keys().nth(up_to_here as usize - 1).expect("no page is empty; qed").rank.0;
				let end = pages.get(index + 1).map_or(last + (1 << 110), |next| next.first.rank.0);
				let step = (end - last) / u128::from(needed + 1);
				assert!(step > 0);
				for n in 1..=u128::from(needed) {
					insert(id, &mut model, key(last + n * step));
				}
			}
			compare(id, &model);
			most = most.max(page_sizes(id).len() as u32);
		}
		// Two pages for each 33 entries are the most that can be expected.
		assert!(most >= 2 * (ENTRIES - 100) / 33, "{most}");
		assert!(most <= max_pages(ENTRIES));
	});
}

#[test]
fn a_set_can_be_filled_and_emptied_in_any_order() {
	const ENTRIES: u32 = 700;
	let id = SetId::Standby;
	sp_io::TestExternalities::default().execute_with(|| {
		MaxStandbys::set(ENTRIES);
		let ascending: Vec<_> = (0..u128::from(ENTRIES)).map(key).collect();
		let descending: Vec<_> = ascending.iter().rev().copied().collect();
		// 97 and 700 have no common divisor.
		let scattered: Vec<_> = ascending.iter().map(|entry| key(entry.rank.0 * 97 % u128::from(ENTRIES))).collect();
		for filling in [&ascending, &descending, &scattered] {
			for emptying in [&ascending, &descending, &scattered] {
				let mut model = Model::new();
				for key in filling {
					insert(id, &mut model, *key);
				}
				compare(id, &model);
				for (n, key) in emptying.iter().enumerate() {
					let mut set = Set::load(id);
					assert!(set.remove(key).is_some());
					set.save();
					model.remove(key);
					if n % 10 == 0 {
						compare(id, &model);
					}
				}
				assert!(page_sizes(id).is_empty());
			}
		}
	});
}
