//! The replay filter beside a list of tags, after any operations.

use super::*;
use proptest::{prelude::*, test_runner::RngSeed};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

/// A filter is in so many parts, by the first six bits of the tags.
const SHARDS: usize = 64;

#[derive(Clone, Copy, Debug)]
enum Operation {
	Check(u64),
	/// This many tags in a row.
	Insert(u64, u64),
}

/// Tags of two parts of the filter. Those of a row all belong in one place; the last places of a part wrap around.
fn tag() -> impl Strategy<Value = u64> {
	let shard = prop_oneof![Just(0u64), Just(63u64)];
	let place = prop_oneof![Just(0u64), Just(1u64), Just((1 << 58) - 40), 0u64..1 << 58];
	(shard, place, 0u64..30).prop_map(|(shard, place, next)| (shard << 58 | place) + next.min((1 << 58) - 1 - place))
}

fn operation() -> impl Strategy<Value = Operation> {
	prop_oneof![
		1 => tag().prop_map(Operation::Check),
		2 => (tag(), 1u64..24).prop_map(|(tag, times)| Operation::Insert(tag, times)),
	]
}

/// What a list of all tags entered would say, if each part of the filter may take `room`.
fn expected(taken: &[u64], room: usize, tag: u64) -> Result<(), ReplayError> {
	// The tag 0 is taken for 1.
	if taken.contains(&tag.max(1)) {
		Err(ReplayError::Seen)
	} else if taken.iter().filter(|other| *other >> 58 == tag >> 58).count() < room {
		Ok(())
	} else {
		Err(ReplayError::Full)
	}
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 300,
		rng_seed: RngSeed::Fixed(2),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn the_replay_filter_does_what_a_list_of_tags_would(
		slots in prop_oneof![0usize..20, 60usize..70, 100usize..300],
		operations in prop::collection::vec(operation(), 0..60),
	) {
		// Room for a part and one more while it grows; of 8 bytes each, an eighth stays empty.
		let max_bytes = slots * 8 * (SHARDS + 1);
		let room = slots * 7 / 8;
		let mut filter = ReplayFilter::new(&mut ChaChaRng::seed_from_u64(0), max_bytes);
		let mut taken: Vec<u64> = Vec::new();
		for operation in operations {
			match operation {
				Operation::Check(tag) => {
					prop_assert_eq!(filter.check(ReplayTag(tag)), expected(&taken, room, tag));
				},
				Operation::Insert(tag, times) => {
					for tag in (0..times).map(|next| tag.saturating_add(next)) {
						let expected = expected(&taken, room, tag);
						prop_assert_eq!(filter.check(ReplayTag(tag)), expected);
						prop_assert_eq!(filter.insert(ReplayTag(tag)), expected);
						taken.extend(expected.ok().map(|()| tag.max(1)));
					}
				},
			}
			prop_assert_eq!(filter.len(), taken.len());
			prop_assert_eq!(filter.is_empty(), taken.is_empty());
			prop_assert!(filter.allocated_bytes() <= max_bytes);
			prop_assert!(taken.iter().all(|tag| filter.contains(ReplayTag(*tag))), "forgets nothing");
		}
	}
}
