//! Slashing: how much is taken, and what follows from it.

use super::*;
use crate::{Error, RemovalReason};
use frame_support::{assert_noop, traits::fungible::Mutate, traits::tokens::Preservation};

fn slash(account: u64, amount: u64) -> Vec<Event<Runtime>> {
	System::reset_events();
	assert_eq!(Mixnet::slash(RuntimeOrigin::root(), account, amount), Ok(()));
	check_invariants();
	events()
}

#[test]
fn a_slash_takes_from_the_hold_and_from_nothing_else() {
	ext_with_operator(1_000).execute_with(|| {
		let issued = Balances::total_issuance();
		for (origin, account) in [(signed(OPERATOR), OPERATOR), (RuntimeOrigin::none(), OPERATOR)] {
			assert_noop!(Mixnet::slash(origin, account, 1), sp_runtime::DispatchError::BadOrigin);
		}
		assert_noop!(Mixnet::slash(RuntimeOrigin::root(), OPERATOR + 1, 1), Error::<Runtime>::NotBonded);

		let slashed = |amount, bond| Event::Slashed { account: OPERATOR, amount, bond, unbonding: 0 };
		assert_eq!(slash(OPERATOR, 0), [slashed(0, 1_000)]);
		assert_eq!(slash(OPERATOR, 333), [slashed(333, 667)]);
		assert_eq!(weighing(OPERATOR), Ok(667));
		assert_eq!(slash(OPERATOR, 1), [slashed(1, 666)]);
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (666, ENDOWMENT - 1_000));
		// More than there is.
		assert_eq!(slash(OPERATOR, 667), [slashed(666, 0)]);
		assert_eq!(slash(OPERATOR, u64::MAX), [slashed(0, 0)]);
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (0, ENDOWMENT - 1_000));
		assert_eq!(SlashedAmount::get(), 1_000);
		assert_eq!(Balances::total_issuance(), issued - 1_000);
	});
}

#[test]
fn with_the_least_bond_left_a_mixnode_stays_and_with_less_it_goes() {
	ext_with_operator(1_000).execute_with(|| {
		register(OPERATOR, 1);
		let min = MinBond::get();
		slash(OPERATOR, 1_000 - min);
		assert_eq!(next_registrations(), [(OPERATOR, Some(0))]);
		register(OPERATOR, 2);
		let events = slash(OPERATOR, 1);
		assert_eq!(
			events,
			[
				Event::MixnodeRemoved { session_index: 3, account: OPERATOR, reason: RemovalReason::BondTooSmall },
				Event::Slashed { account: OPERATOR, amount: 1, bond: min - 1, unbonding: 0 },
			]
		);
		assert_eq!(next_registrations(), []);
		assert_refused(OPERATOR, 3, RegistrationError::BondTooSmall);
		// It was not barred: it may add to its bond, and register again.
		assert_eq!(Mixnet::bond_extra(signed(OPERATOR), 1), Ok(()));
		assert_eq!(weighing(OPERATOR), Ok(min - 1));
		register(OPERATOR, 3);
	});
}

#[test]
fn the_part_that_weighs_is_slashed_first() {
	ext_with_operator(1_000).execute_with(|| {
		assert_eq!(Mixnet::bond_extra(signed(OPERATOR), 500), Ok(()));
		slash(OPERATOR, 700);
		assert_eq!(weighing(OPERATOR), Ok(300));
		slash(OPERATOR, 400);
		assert_eq!(weighing(OPERATOR), Err(RegistrationError::OperatorTooRecent));
		// What is left counts in the elections that would have counted it anyway.
		run_to_next_session();
		assert_eq!(weighing(OPERATOR), Err(RegistrationError::OperatorTooRecent));
		run_to_next_session();
		assert_eq!(weighing(OPERATOR), Ok(400));
	});
}

#[test]
fn a_bond_that_is_being_released_can_be_slashed_until_it_is_withdrawn() {
	ext_with_operator(1_000).execute_with(|| {
		assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
		slash(OPERATOR, 100);
		run_to_next_session();
		run_to_next_session();
		// The bond could be withdrawn, but was not yet.
		let slashed = Event::Slashed { account: OPERATOR, amount: 100, bond: 0, unbonding: 800 };
		assert_eq!(slash(OPERATOR, 100), [slashed]);
		assert_eq!(Mixnet::withdraw(signed(OPERATOR)), Ok(()));
		assert_eq!(events().last(), Some(&Event::Withdrawn { account: OPERATOR, amount: 800, bond: None }));
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (0, ENDOWMENT - 200));
		assert_noop!(Mixnet::slash(RuntimeOrigin::root(), OPERATOR, 1), Error::<Runtime>::NotBonded);
	});
}

/// Asking for a part saves nothing of it from a slash.
#[test]
fn what_is_being_released_is_slashed_last_and_the_latest_part_first() {
	UnbondingSessions::set(3);
	ext_with_operator(1_000).execute_with(|| {
		for amount in [100, 200, 300] {
			assert_eq!(Mixnet::unbond_part(signed(OPERATOR), amount), Ok(()));
			run_to_next_session();
		}
		register(OPERATOR, 1);
		assert_eq!(Mixnet::bond_extra(signed(OPERATOR), 50), Ok(()));
		let parts = || -> Vec<_> {
			let operator = Mixnet::operator(&OPERATOR).expect("it has bonded; qed");
			operator.unbonding.iter().map(|part| (part.amount, part.releasable_in)).collect()
		};
		let slashed = |amount, bond, unbonding| Event::Slashed { account: OPERATOR, amount, bond, unbonding };
		assert_eq!(slash(OPERATOR, 100).last(), Some(&slashed(100, 350, 600)));
		assert_eq!((weighing(OPERATOR), parts()), (Ok(300), vec![(100, 5), (200, 6), (300, 7)]));
		// All of the bond, also what was added last, and something of the last part.
		let reason = RemovalReason::BondTooSmall;
		let removed = Event::MixnodeRemoved { session_index: 6, account: OPERATOR, reason };
		assert_eq!(slash(OPERATOR, 360), [removed, slashed(360, 0, 590)]);
		assert_eq!(parts(), [(100, 5), (200, 6), (290, 7)]);
		assert_eq!(slash(OPERATOR, 300), [slashed(300, 0, 290)]);
		assert_eq!(parts(), [(100, 5), (190, 6)]);
		// What is due can be slashed until it is withdrawn.
		assert_eq!(slash(OPERATOR, 200), [slashed(200, 0, 90)]);
		assert_eq!(Mixnet::withdraw(signed(OPERATOR)), Ok(()));
		assert_eq!(events().last(), Some(&Event::Withdrawn { account: OPERATOR, amount: 90, bond: Some(0) }));
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (0, ENDOWMENT - 960));
		assert_eq!(slash(OPERATOR, 1), [slashed(0, 0, 0)]);
		assert_eq!(SlashedAmount::get(), 960);
	});
}

/// Taking back makes the bond large enough again. But what counts is what the slash has left.
#[test]
fn what_is_taken_back_does_not_make_up_for_a_slash() {
	ext_with_operator(1_000).execute_with(|| {
		register(OPERATOR, 1);
		assert_eq!(Mixnet::unbond_part(signed(OPERATOR), 600), Ok(()));
		slash(OPERATOR, 330);
		assert_refused(OPERATOR, 1, RegistrationError::BondTooSmall);
		assert_eq!(Mixnet::rebond(signed(OPERATOR)), Ok(()));
		check_invariants();
		assert_eq!(weighing(OPERATOR), Ok(70));
		register(OPERATOR, 1);
		run_to_next_session();
		run_to_next_session();
		assert_eq!(weighing(OPERATOR), Ok(670));
	});
}

/// Who was leaving and has lost everything can stay, and add to its bond.
#[test]
fn who_has_lost_everything_can_stay() {
	ext_with_operator(1_000).execute_with(|| {
		assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
		slash(OPERATOR, 1_000);
		assert_noop!(Mixnet::bond_extra(signed(OPERATOR), 500), Error::<Runtime>::AlreadyUnbonding);
		System::reset_events();
		assert_eq!(Mixnet::rebond(signed(OPERATOR)), Ok(()));
		assert_eq!(events(), [Event::Rebonded { account: OPERATOR, amount: 0, bond: 0 }]);
		assert_eq!(Mixnet::bond_extra(signed(OPERATOR), 500), Ok(()));
		run_to_next_session();
		run_to_next_session();
		assert_eq!(weighing(OPERATOR), Ok(500));
		register(OPERATOR, 1);
	});
}

/// The operator can withdraw though nothing is left, and bond again.
#[test]
fn who_has_lost_the_whole_bond_can_leave() {
	ext_with_operator(1_000).execute_with(|| {
		slash(OPERATOR, 1_000);
		assert_noop!(Mixnet::bond(signed(OPERATOR), 1_000), Error::<Runtime>::AlreadyBonded);
		assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
		run_to_next_session();
		run_to_next_session();
		System::reset_events();
		assert_eq!(Mixnet::withdraw(signed(OPERATOR)), Ok(()));
		check_invariants();
		assert_eq!(events(), [Event::Withdrawn { account: OPERATOR, amount: 0, bond: None }]);
		bond(OPERATOR, 1_000);
	});
}

/// A hold keeps an account alive. Without one, an account that has spent the rest is reaped.
#[test]
fn an_account_that_lost_everything_is_reaped_and_can_come_back() {
	ext().execute_with(|| {
		run_to_block(1);
		let everything = ENDOWMENT - Balances::minimum_balance();
		bond(OPERATOR, everything);
		let give_away = || Balances::transfer(&OPERATOR, &1, free(OPERATOR), Preservation::Expendable);
		assert!(give_away().is_err());
		slash(OPERATOR, everything - 1);
		assert!(give_away().is_err());
		slash(OPERATOR, 1);
		assert!(give_away().is_ok());
		assert!(!System::account_exists(&OPERATOR));
		check_invariants();
		let nothing = Event::Slashed { account: OPERATOR, amount: 0, bond: 0, unbonding: 0 };
		assert_eq!(slash(OPERATOR, 1), [nothing]);

		// Somebody gives it money for that.
		assert!(Balances::transfer(&1, &OPERATOR, 1_000, Preservation::Preserve).is_ok());
		assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
		run_to_next_session();
		run_to_next_session();
		assert_eq!(Mixnet::withdraw(signed(OPERATOR)), Ok(()));
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (0, 1_000));
		bond(OPERATOR, 999);
	});
}
