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

		let slashed = |amount, bond| Event::Slashed { account: OPERATOR, amount, bond };
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
				Event::Slashed { account: OPERATOR, amount: 1, bond: min - 1 },
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
		assert_eq!(slash(OPERATOR, 100), [Event::Slashed { account: OPERATOR, amount: 100, bond: 800 }]);
		assert_eq!(Mixnet::withdraw(signed(OPERATOR)), Ok(()));
		assert_eq!(events().last(), Some(&Event::Withdrawn { account: OPERATOR, amount: 800 }));
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (0, ENDOWMENT - 200));
		assert_noop!(Mixnet::slash(RuntimeOrigin::root(), OPERATOR, 1), Error::<Runtime>::NotBonded);
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
		assert_eq!(events(), [Event::Withdrawn { account: OPERATOR, amount: 0 }]);
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
		assert_eq!(slash(OPERATOR, 1), [Event::Slashed { account: OPERATOR, amount: 0, bond: 0 }]);

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
