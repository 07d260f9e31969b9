//! Seeds and policies on a chain without randomness, and with the relay chain's.

use super::{chain::*, participants::seed, relay::*, runtime::*};
use crate::mock::{logged_by, Policy, TestPolicy};
use frame_support::traits::{Hooks, Randomness};
use std::collections::BTreeSet;

/// Runs the integrity test, which knows no state, with a policy.
fn integrity_test(policy: TestPolicy, has_relay_randomness: bool) {
	Policy::set(policy);
	HasRelayRandomness::set(has_relay_randomness);
	sp_io::TestExternalities::default().execute_with(<Mixnet as Hooks<u64>>::integrity_test);
}

#[test]
fn without_randomness_a_policy_that_does_not_draw_is_taken() {
	integrity_test(TestPolicy::AllAuthorities, false);
}

#[test]
#[should_panic(expected = "ElectionPolicy draws, but there is no randomness")]
fn without_randomness_the_lottery_is_refused() {
	integrity_test(TestPolicy::WeightedLottery, false);
}

/// Of equal weights, a draw decides.
#[test]
#[should_panic(expected = "ElectionPolicy draws, but there is no randomness")]
fn without_randomness_the_highest_weight_is_refused() {
	integrity_test(TestPolicy::HighestWeight, false);
}

#[test]
fn with_the_relay_chains_randomness_every_policy_is_taken() {
	for policy in [TestPolicy::AllAuthorities, TestPolicy::HighestWeight, TestPolicy::WeightedLottery] {
		integrity_test(policy, true);
	}
}

/// The seeds of the elections that begin with the next rotations.
fn seeds_of(rotations: usize) -> Vec<Option<[u8; 32]>> {
	let after_rotation = |_| {
		rotate();
		seed().map(|seed| seed.0)
	};
	(0..rotations).map(after_rotation).collect()
}

#[test]
fn without_randomness_nobody_draws_and_the_log_is_silent() {
	let logged = logged_by(|| {
		ext().execute_with(|| {
			assert_eq!(seed(), None);
			assert_eq!(seeds_of(5), [None; 5]);
		});
	});
	assert_eq!(logged, []);
}

#[test]
fn the_relay_chains_randomness_gives_each_election_a_seed_of_its_own() {
	Policy::set(TestPolicy::WeightedLottery);
	HasRelayRandomness::set(true);
	let logged = logged_by(|| {
		ext().execute_with(|| {
			let seeds: BTreeSet<_> = seeds_of(20).into_iter().map(|seed| seed.expect("it is fresh")).collect();
			assert_eq!(seeds.len(), 20);
		});
	});
	assert_eq!(logged, []);
}

/// The relay chain's randomness changes in the blocks 50, 100 and so on. It may be known [`KNOWN_BEFORE`] blocks earlier.
#[test]
fn epochs_longer_than_sessions_leave_elections_without_a_seed() {
	EpochSlots::set(50);
	Policy::set(TestPolicy::WeightedLottery);
	HasRelayRandomness::set(true);
	ext().execute_with(|| {
		let logged = logged_by(|| {
			let rotations: Vec<_> = (1..9).map(|rotation| rotation * PERIOD).collect();
			let with_seed: Vec<_> =
				rotations.iter().zip(seeds_of(8)).filter_map(|(at, seed)| seed.map(|_| *at)).collect();
			assert_eq!(with_seed, [60, 160]);
		});
		assert_eq!(logged.len(), 6);
		assert!(logged.iter().all(|(level, line)| level == "ERROR" && line.contains("nobody draws")));
	});
}

#[test]
fn randomness_that_was_there_when_it_was_first_read_counts_as_old() {
	ext().execute_with(|| {
		let known_since = || RelayRandomness::random(b"subject").1;
		assert_eq!(known_since(), 0);
		for (block, value, expected) in [(30, 1, 0), (35, 2, 30), (50, 2, 30), (51, 1, 46)] {
			System::set_block_number(block);
			RelayRandomness::note([value; 32]);
			assert_eq!(known_since(), expected);
		}
		assert_eq!(KNOWN_BEFORE, 5);
	});
}
