//! Offenders are slashed and disabled. Who is disabled stays out of elections for as long as pallet-session says so.
//!
//! pallet-session tells its handlers once, when it disables a validator. It never tells them that it has enabled one
//! again. So the mixnet asks at each rotation.

use super::{chain::*, runtime::*, validators::*};
use crate::{Event, RemovalReason};
use mixnet_primitives::RegistrationError::Barred;

/// Storage after the first rotation, in an era that lasts for long enough.
fn ext_in_a_long_era() -> sp_io::TestExternalities {
	SessionsPerEra::set(6);
	let mut ext = ext();
	ext.execute_with(rotate);
	ext
}

/// The validators 2 to 8 that may not stand in the next election. The keys are their first ones.
fn barred() -> Vec<u64> {
	(2..=8).filter(|key| refusal(*key) == Some(Barred)).collect()
}

#[test]
fn an_offender_is_slashed_disabled_and_barred() {
	ext_in_a_long_era().execute_with(|| {
		for key in [4, 5, 6] {
			register(key);
		}
		System::reset_events();
		offend(5, 10);
		assert_eq!(disabled(), [5]);
		assert_eq!(listed_weights(), [(4, stake(4)), (6, stake(6))].into());
		assert_eq!(barred(), [5]);
		assert!(try_register(5).is_err());
		let reasons: Vec<_> = System::events()
			.into_iter()
			.filter_map(|record| match record.event {
				RuntimeEvent::Mixnet(Event::MixnodeRemoved { reason, .. } | Event::AccountBarred { reason, .. }) => {
					Some(reason)
				},
				_ => None,
			})
			.collect();
		assert_eq!(reasons, [RemovalReason::Disabled; 2]);
		// What is left of its stake counts in the next era; the exposures of this one stay as they are.
		assert_eq!(queued_weights()[&5], stake(5));
		run_to_planning();
		assert_eq!(queued_weights()[&5], stake(5) * 9 / 10);
	});
}

#[test]
fn who_is_still_disabled_after_a_rotation_is_still_barred() {
	ext_in_a_long_era().execute_with(|| {
		offend(5, 10);
		for session in 2..=5 {
			rotate();
			assert_eq!(Session::current_index(), session);
			assert_eq!((disabled(), barred()), (vec![5], vec![5]));
			assert!(try_register(5).is_err());
		}
		// Session 6 is the first one of the next era, for which pallet-session has new validators.
		rotate();
		assert_eq!((active_era(), disabled(), barred()), (1, vec![], vec![]));
		register(5);
		assert_eq!(listed_weights(), [(5, stake(5) * 9 / 10)].into());
	});
}

/// The strategy lets two of seven be disabled at a time. A worse offence takes the place of the least one.
#[test]
fn who_is_enabled_again_for_a_worse_offender_stands_from_the_next_rotation_on() {
	ext_in_a_long_era().execute_with(|| {
		offend(5, 1);
		offend(6, 2);
		assert_eq!((disabled(), barred()), (vec![5, 6], vec![5, 6]));
		offend(7, 50);
		assert_eq!((disabled(), barred()), (vec![6, 7], vec![5, 6, 7]));
		// One that is less bad than those changes nothing.
		offend(8, 1);
		assert_eq!((disabled(), barred()), (vec![6, 7], vec![5, 6, 7]));

		rotate();
		assert_eq!((disabled(), barred()), (vec![6, 7], vec![6, 7]));
		register(5);
		register(8);
		run_to_next_session();
		assert_eq!(mixing(), [5, 8]);
	});
}

/// pallet-session forgets who was disabled when anything about its validators changes, and a new key of one of them is
/// such a change. The mixnet follows it.
#[test]
fn a_new_key_of_another_validator_ends_everybodys_disabling() {
	ext_in_a_long_era().execute_with(|| {
		offend(5, 10);
		set_keys(2, 102);
		// The new key is queued.
		rotate();
		assert_eq!((disabled(), barred()), (vec![5], vec![5]));
		// It is in use.
		rotate();
		assert_eq!(active_era(), 0);
		assert_eq!((disabled(), barred()), (vec![], vec![]));
		register(5);
	});
}

#[test]
fn disabling_meets_an_account_whatever_its_key() {
	ext_in_a_long_era().execute_with(|| {
		set_keys(5, 105);
		rotate();
		// Stash 5 is at work with key 5, and queued with key 105.
		register(105);
		register(6);
		offend(5, 10);
		assert_eq!(refusal(105), Some(Barred));
		assert_eq!(listed_weights(), [(6, stake(6))].into());
		set_keys(5, 115);
		assert_eq!(refusal(105), Some(Barred));
		assert!(try_register(105).is_err());
	});
}

/// An offence names a validator of the present session. In the next one, others have its index.
#[test]
fn indices_mean_the_validators_at_work() {
	ext_in_a_long_era().execute_with(|| {
		stand(20, 50_000);
		run_to_planning();
		let index = |validators: &[AccountId], stash| validators.iter().position(|validator| *validator == stash);
		let queued: Vec<_> = Session::queued_keys().into_iter().map(|(stash, _)| stash).collect();
		let at_work = Session::validators();
		let moved: Vec<_> = (3..=8).filter(|stash| index(&queued, *stash) != index(&at_work, *stash)).collect();
		assert!(!moved.is_empty(), "{queued:?} {at_work:?}");
		let offender = moved[0];
		offend(offender, 10);
		assert_eq!((disabled(), barred()), (vec![offender], vec![offender]));
		assert_eq!(refusal(20), None);
	});
}
