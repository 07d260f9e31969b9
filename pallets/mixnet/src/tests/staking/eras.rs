//! Validators come and go between eras, and each weighs what it has at stake in the era that it will serve.

use super::{chain::*, runtime::*, validators::*};
use mixnet_primitives::RegistrationError::NotARegistrant;
use std::collections::BTreeMap;

/// The planned era is the right one at every rotation: whether it was planned in that rotation or long before, on time, by
/// force, or late because an election had failed.
#[test]
fn queued_validators_weigh_their_exposure_of_the_era_that_they_will_serve() {
	for sessions_per_era in 1..=4 {
		SessionsPerEra::set(sessions_per_era);
		ext().execute_with(|| {
			let mut eras = BTreeMap::<_, u32>::new();
			for round in 0..40 {
				assert_eq!(queued_weights(), exposures_of_the_queued(), "round {round}");
				assert_eq!(queued_weights().len(), ELECTED as usize);
				assert!(queued_weights().values().all(|weight| *weight > 0));
				*eras.entry(planned_era() - active_era()).or_default() += 1;

				// Every stake is different in every session.
				for stash in STASHES {
					bond_extra(stash, 100 + Balance::from(stash * round % 7));
				}
				match round % 10 {
					3 => assert_eq!(Staking::force_new_era(RuntimeOrigin::root()), Ok(())),
					// No election can have as many winners.
					5 => pallet_staking::MinimumValidatorCount::<Runtime>::put(50),
					8 => pallet_staking::MinimumValidatorCount::<Runtime>::put(1),
					_ => {},
				}
				rotate();
			}
			// It was planned ahead of the active one in some rounds, and the same in others.
			assert!(eras[&1] >= 4 && eras[&0] >= 4, "{eras:?}");
		});
	}
}

#[test]
fn validators_come_and_go_with_the_eras() {
	ext().execute_with(|| {
		next_block();
		stand(20, 50_000);
		// Nobody is queued within an era.
		rotate();
		assert!(!queued_weights().contains_key(&20));
		assert_eq!(refusal(20), Some(NotARegistrant));

		run_to_planning();
		assert_eq!((planned_era(), active_era()), (1, 0));
		// The newcomer has the place of the least stake. It may register at once, for the first session of its era.
		assert_eq!(queued_weights().get(&20), Some(&50_000));
		assert_eq!(refusal(2), Some(NotARegistrant));
		register(20);
		register(8);
		assert_eq!(listed_weights(), [(8, stake(8)), (20, 50_000)].into());
		// Its key may have been chosen when the seed was known, so it does not draw.
		assert_eq!(
			listed().iter().map(|listed| (listed.key, listed.draws)).collect::<Vec<_>>(),
			[(20, false), (8, true)]
		);

		run_to_next_session();
		assert_eq!((planned_era(), active_era()), (1, 1));
		assert_eq!(mixing(), [8, 20]);
		register(20);
		assert_eq!(listed().iter().map(|listed| listed.draws).collect::<Vec<_>>(), [true]);
	});
}

#[test]
fn who_chills_leaves_the_list_and_the_elections_with_the_next_era() {
	ext().execute_with(|| {
		rotate();
		chill(8);
		// It is a validator for the rest of the era, and mixes.
		register(8);
		register(7);
		run_to_planning();
		assert_eq!(mixing(), [7, 8]);
		// But in no session of the next era. Who comes in its place may.
		assert!(!queued_weights().contains_key(&8));
		assert_eq!(refusal(8), Some(NotARegistrant));
		assert!(try_register(8).is_err());
		register(7);
		register(1);
		run_to_next_session();
		assert_eq!(mixing(), [1, 7]);
	});
}

/// A mixnet session that lasts for several of pallet-session's: an election may begin in one era and end in the next.
#[test]
fn who_leaves_within_an_election_loses_its_place() {
	SessionsPerMixnetSession::set(4);
	ext().execute_with(|| {
		run_to_next_session();
		assert_eq!((Session::current_index(), planned_era(), active_era()), (4, 1, 1));
		for key in [6, 7, 8] {
			register(key);
		}
		chill(8);
		unbond(7, 4_000);
		rotate();
		assert_eq!((Session::current_index(), planned_era(), active_era()), (5, 2, 1));
		// Nothing is at stake any more for what 8 does in the mixnet session to come, and less for what 7 does.
		assert_eq!(listed_weights(), [(6, stake(6)), (7, stake(7) - 4_000)].into());
		assert_eq!(listed()[0].key, 6);
		run_to_next_session();
		assert_eq!(mixing(), [6, 7]);
	});
}

/// It still has keys in pallet-session, and its old exposures are in the storage.
#[test]
fn who_returns_weighs_what_it_has_then() {
	ext().execute_with(|| {
		rotate();
		chill(8);
		run_to_planning();
		assert_eq!(Staking::validate(RuntimeOrigin::signed(8), Default::default()), Ok(()));
		bond_extra(8, 1_000);
		run_to_planning();
		assert_eq!(queued_weights().get(&8), Some(&(stake(8) + 1_000)));
		register(8);
		assert_eq!(listed(), [Listed { key: 8, weight: stake(8) + 1_000, draws: false }]);
	});
}
