//! The replay filter, compared with a set of fingerprints after any operations.

use super::{filter::Shape, *};
use proptest::{prelude::*, test_runner::RngSeed};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug)]
enum Operation {
	/// Looks up a tag: its fingerprint as a fraction of the largest, and the rest of its bits.
	Check(f64, u32),
	/// Enters fingerprints: the first one (as a fraction), how many, and their distance.
	Insert(f64, u32, u64),
}

/// A fraction, often at the ends or in the middle, so that tags crowd there.
fn fraction() -> impl Strategy<Value = f64> {
	prop_oneof![2 => Just(0.0), 1 => Just(0.4999), 1 => Just(0.9999), 6 => 0.0f64..1.0]
}

fn operation() -> impl Strategy<Value = Operation> {
	prop_oneof![
		1 => (fraction(), any::<u32>()).prop_map(|(at, rest)| Operation::Check(at, rest)),
		2 => (fraction(), 1u32..60, prop_oneof![Just(1), 1u64..100])
			.prop_map(|(at, times, step)| Operation::Insert(at, times, step)),
	]
}

/// Filters so small that homes and groups overflow, with any number of shards.
fn shape() -> impl Strategy<Value = Shape> {
	let bits = prop_oneof![Just(6u32), Just(10), Just(12), Just(14), Just(37)];
	let max_bytes = prop_oneof![2 => 0usize..20_000, 3 => Just(PLENTY)];
	(bits, 0u32..3, max_bytes, prop_oneof![1 => 0u64..500, 3 => Just(u64::MAX)]).prop_map(
		|(fingerprint_bits, shard_bits, max_bytes, max_len)| Shape { max_bytes, fingerprint_bits, shard_bits, max_len },
	)
}

/// Bytes enough for two lines for every fingerprint of a small filter.
const PLENTY: usize = 8 << 20;

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 300,
		rng_seed: RngSeed::Fixed(2),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn the_replay_filter_does_what_a_set_of_fingerprints_would(
		shape in shape(),
		operations in prop::collection::vec(operation(), 0..60),
	) {
		let bits = shape.fingerprint_bits;
		let last = (1u64 << bits) - 1;
		let at = |fraction: f64| ((fraction * (last as f64 + 1.0)) as u64).min(last);
		let mut filter = ReplayFilter::with_shape(&mut ChaChaRng::seed_from_u64(0), shape);
		let mut model = BTreeSet::new();
		for operation in operations {
			let (fingerprints, rest): (Vec<u64>, _) = match operation {
				Operation::Check(fraction, rest) => (vec![at(fraction)], rest),
				Operation::Insert(fraction, times, step) => {
					((0..u64::from(times)).map(|time| (at(fraction) + time * step).min(last)).collect(), times)
				},
			};
			for fingerprint in fingerprints {
				let tag = ReplayTag(fingerprint << (64 - bits) | u64::from(rest) >> (bits.max(32) - 32));
				let seen = model.contains(&fingerprint);
				let checked = filter.check(tag);
				prop_assert_eq!(filter.contains(tag), seen);
				prop_assert_eq!(checked == Err(ReplayError::Seen), seen);
				if matches!(operation, Operation::Check(..)) {
					continue;
				}
				let inserted = filter.insert(tag);
				match inserted {
					Ok(()) => {
						prop_assert_eq!(checked, Ok(()));
						prop_assert!((model.len() as u64) < shape.max_len);
						model.insert(fingerprint);
					},
					Err(ReplayError::Seen) => prop_assert!(seen),
					Err(ReplayError::Full) => {
						prop_assert!(!seen);
						// There are too many fingerprints of 37 bits for a line each.
						let scarce = shape.max_bytes < PLENTY || bits > 14;
						prop_assert!(scarce || model.len() as u64 >= shape.max_len, "refused for no reason");
						// A refused tag is not in the filter.
						prop_assert!(!filter.contains(tag));
					},
				}
			}
			prop_assert_eq!(filter.len(), model.len());
			prop_assert_eq!(filter.is_empty(), model.is_empty());
			prop_assert!(filter.allocated_bytes() <= shape.max_bytes);
			let tag = |fingerprint: &u64| ReplayTag(fingerprint << (64 - bits));
			prop_assert!(model.iter().all(|fingerprint| filter.contains(tag(fingerprint))), "forgets nothing");
		}
		if bits <= 14 {
			let all = (0..=last).filter(|fingerprint| filter.contains(ReplayTag(fingerprint << (64 - bits))));
			prop_assert!(all.eq(model), "and makes nothing up");
		}
	}
}
