//! Weights are exposures as they were when validators were queued. Stake that moves later changes nothing.

use super::{chain::*, runtime::*, validators::*};
use pallet_staking::RewardDestination;

/// Moves stake in every way, to and from the validators 2 to 8.
fn move_stake() {
	bond_extra(2, 40_000);
	unbond(8, 17_000);
	unbond(5, 5_000);
	nominate(NOMINATOR, 4);
	bond_extra(NOMINATOR, 20_000);
	assert_eq!(Staking::bond(RuntimeOrigin::signed(101), 9_000, RewardDestination::Staked), Ok(()));
	nominate(101, 6);
}

/// What [`move_stake`] leaves behind the validators that it touches.
const MOVED: [(AccountId, u128); 6] =
	[(2, 52_000), (3, 13_000), (4, 14_000 + NOMINATION + 20_000), (5, 10_000), (6, 16_000 + 9_000), (8, 1_000)];

#[test]
fn stake_that_moves_after_a_validator_was_queued_changes_no_weight() {
	ext().execute_with(|| {
		run_to_planning();
		let queued = queued_weights();
		register(2);
		register(8);
		move_stake();
		// Whoever registers afterwards weighs as much as if it had registered before.
		for key in [3, 4, 5, 6, 7] {
			register(key);
		}
		let weights = (2..=8).map(|stash| (stash, stake(stash))).collect();
		assert_eq!(listed_weights(), weights);
		assert_eq!(queued_weights(), queued);

		// The whole era is the same.
		for _ in 0..2 {
			rotate();
			assert_eq!(planned_era(), 1);
			assert_eq!(queued_weights(), queued);
			for key in 2..=8 {
				register(key);
			}
			assert_eq!(listed_weights(), weights);
		}
	});
}

/// Whoever adds to a stake may know the seed of the election that begins when the new era is planned: the randomness that
/// it is made from is being published since the rotation before.
#[test]
fn a_greater_stake_counts_from_the_second_election_on_and_a_smaller_one_at_once() {
	ext().execute_with(|| {
		rotate();
		move_stake();
		run_to_planning();
		let queued = queued_weights();
		// The least of all is out.
		assert!(!queued.contains_key(&8));
		for (stash, weight) in MOVED.into_iter().filter(|(stash, _)| *stash != 8) {
			assert_eq!(queued[&stash], weight, "stash {stash}");
			register(stash);
			let counted = weight.min(stake(stash));
			assert_eq!(listed_weights()[&stash], counted, "stash {stash}");
		}

		rotate();
		for (stash, weight) in MOVED.into_iter().filter(|(stash, _)| *stash != 8) {
			register(stash);
			assert_eq!(listed_weights()[&stash], weight, "stash {stash}");
		}
	});
}

/// Validators and operators weigh in the same unit.
#[test]
fn operators_compete_with_validators_by_their_bonds() {
	ext().execute_with(|| {
		next_block();
		operate(50, 15_500, 50);
		rotate();
		rotate();
		register(5);
		register(6);
		register(50);
		let order: Vec<_> = listed().into_iter().map(|listed| (listed.key, listed.weight)).collect();
		assert_eq!(order, [(6, 16_000), (50, 15_500), (5, 15_000)]);
	});
}
