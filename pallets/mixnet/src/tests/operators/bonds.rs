//! Bonds: on hold, added to, released, withdrawn.

use super::*;
use crate::{Error, Operator, OperatorKeys, Operators};
use frame_support::{assert_noop, traits::fungible::Mutate, traits::tokens::Preservation};
use sp_runtime::TokenError;

#[test]
fn a_bond_is_on_hold_and_cannot_be_spent() {
	ext().execute_with(|| {
		run_to_block(7);
		assert_eq!(Mixnet::bond(signed(OPERATOR), 400_000), Ok(()));
		check_invariants();
		assert_eq!(events(), [Event::Bonded { account: OPERATOR, amount: 400_000, bond: 400_000 }]);
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (400_000, ENDOWMENT - 400_000));
		assert_eq!(
			Mixnet::operator(&OPERATOR),
			Some(Operator {
				bond: 400_000,
				recent: 400_000,
				recent_since: 7,
				waiting: 0,
				waiting_since: 7,
				key: None,
				releasable_in: None,
				unbonding: Default::default(),
			})
		);
		let transfer = |amount| Balances::transfer(&OPERATOR, &1, amount, Preservation::Expendable);
		assert!(transfer(ENDOWMENT - 400_000 + 1).is_err());
		assert!(transfer(ENDOWMENT - 400_000).is_err(), "something must stay beside what is on hold");
		assert!(transfer(ENDOWMENT - 400_001).is_ok());
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (400_000, 1));

		run_to_block(9);
		assert_noop!(Mixnet::bond_extra(signed(OPERATOR), 1), TokenError::FundsUnavailable);
		assert_eq!(Balances::transfer(&1, &OPERATOR, 1, Preservation::Preserve), Ok(1));
		assert_eq!(Mixnet::bond_extra(signed(OPERATOR), 1), Ok(()));
		check_invariants();
		assert_eq!(events(), [Event::Bonded { account: OPERATOR, amount: 1, bond: 400_001 }]);
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (400_001, 1));
	});
}

#[test]
fn bonding_is_refused_for_these_reasons() {
	ext().execute_with(|| {
		run_to_block(1);
		let min = MinBond::get();
		OperatorsEnabled::set(false);
		assert_noop!(Mixnet::bond(signed(OPERATOR), min), Error::<Runtime>::OperatorsNotEnabled);
		OperatorsEnabled::set(true);
		for amount in [0, 1, min - 1] {
			assert_noop!(Mixnet::bond(signed(OPERATOR), amount), Error::<Runtime>::BondTooSmall);
		}
		for amount in [ENDOWMENT, ENDOWMENT + 1, u64::MAX] {
			assert_noop!(Mixnet::bond(signed(OPERATOR), amount), TokenError::FundsUnavailable);
		}
		// An account without money.
		assert_noop!(Mixnet::bond(signed(1000), min), TokenError::FundsUnavailable);

		assert_noop!(Mixnet::bond_extra(signed(OPERATOR), min), Error::<Runtime>::NotBonded);
		assert_noop!(Mixnet::unbond(signed(OPERATOR)), Error::<Runtime>::NotBonded);
		assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::NotBonded);
		assert_eq!(events(), []);

		assert_eq!(Mixnet::bond(signed(OPERATOR), min), Ok(()));
		assert_eq!(Mixnet::bond(signed(OPERATOR + 1), ENDOWMENT - 1), Ok(()));
		check_invariants();
		assert_noop!(Mixnet::bond(signed(OPERATOR), min), Error::<Runtime>::AlreadyBonded);
		assert_noop!(Mixnet::bond_extra(signed(OPERATOR), 0), Error::<Runtime>::BondTooSmall);
		assert_noop!(Mixnet::bond_extra(signed(OPERATOR), ENDOWMENT), TokenError::FundsUnavailable);
		OperatorsEnabled::set(false);
		assert_noop!(Mixnet::bond_extra(signed(OPERATOR), min), Error::<Runtime>::OperatorsNotEnabled);
		OperatorsEnabled::set(true);
		assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::NotUnbonding);

		assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
		assert_noop!(Mixnet::bond(signed(OPERATOR), min), Error::<Runtime>::AlreadyBonded);
		assert_noop!(Mixnet::bond_extra(signed(OPERATOR), min), Error::<Runtime>::AlreadyUnbonding);
		assert_noop!(Mixnet::unbond(signed(OPERATOR)), Error::<Runtime>::AlreadyUnbonding);
		assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::StillUnbonding);
	});
}

#[test]
fn only_accounts_can_be_operators() {
	ext().execute_with(|| {
		run_to_block(1);
		for origin in [RuntimeOrigin::none(), RuntimeOrigin::root(), frame_system::RawOrigin::Authorized.into()] {
			let bad = sp_runtime::DispatchError::BadOrigin;
			assert_noop!(Mixnet::bond(origin.clone(), 1_000), bad);
			assert_noop!(Mixnet::bond_extra(origin.clone(), 1_000), bad);
			assert_noop!(Mixnet::set_operator_key(origin.clone(), registrant(50), [0; 64]), bad);
			assert_noop!(Mixnet::unbond(origin.clone()), bad);
			assert_noop!(Mixnet::withdraw(origin), bad);
		}
	});
}

/// The sessions of unbonding are the mixnet's, however many of pallet-session's they take, and whenever in a session
/// the release was asked for.
#[test]
fn a_bond_is_released_after_the_unbonding_sessions() {
	for (unbonding, rotations, asked_at) in [(2, 1, 40), (2, 1, 59), (3, 1, 41), (2, 2, 45), (2, 2, 75), (4, 3, 130)] {
		UnbondingSessions::set(unbonding);
		SessionsPerMixnetSession::set(rotations);
		ext().execute_with(|| {
			run_to_block(1);
			bond(OPERATOR, 1_000);
			run_to_block(asked_at);
			let asked_in = (asked_at as u32 / 20) / rotations;
			assert_eq!(Mixnet::session_status().current_index, asked_in);
			let releasable_in = asked_in + unbonding;
			System::reset_events();
			assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
			check_invariants();
			assert_eq!(events(), [Event::Unbonding { account: OPERATOR, amount: 1_000, bond: 0, releasable_in }]);
			let released_at = u64::from(releasable_in * rotations) * 20;
			while System::block_number() < released_at {
				assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::StillUnbonding);
				assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (1_000, ENDOWMENT - 1_000));
				next_block();
			}
			assert_eq!(Mixnet::session_status().current_index, releasable_in);
			assert_eq!(Mixnet::withdraw(signed(OPERATOR)), Ok(()));
			check_invariants();
			assert_eq!(events().last(), Some(&Event::Withdrawn { account: OPERATOR, amount: 1_000, bond: None }));
			assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (0, ENDOWMENT));
			assert_eq!(Operators::<Runtime>::iter().count() + OperatorKeys::<Runtime>::iter().count(), 0);
			assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::NotBonded);
		});
	}
}

#[test]
fn who_unbonds_stands_in_no_election_any_more() {
	ext_with_operator(1_000).execute_with(|| {
		register(OPERATOR, 1);
		System::reset_events();
		assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
		check_invariants();
		assert_eq!(next_registrations(), []);
		assert!(matches!(events()[0], Event::MixnodeRemoved { .. }));
		for _ in 0..4 {
			assert_refused(OPERATOR, 1, RegistrationError::BondTooSmall);
			run_to_next_session();
		}
		assert_eq!(Mixnet::withdraw(signed(OPERATOR)), Ok(()));
		assert_refused(OPERATOR, 1, RegistrationError::NotARegistrant);

		// The account begins anew.
		bond(OPERATOR, 1_000);
		assert_refused(OPERATOR, 1, RegistrationError::OperatorTooRecent);
		run_to_next_session();
		run_to_next_session();
		register(OPERATOR, 1);
	});
}

/// An operator still mixes in the session in which it unbonds.
#[test]
fn who_unbonds_in_a_session_stays_in_its_list() {
	ext_with_operator(1_000).execute_with(|| {
		register(0, 0);
		register(OPERATOR, 1);
		run_to_next_session();
		let list = Ok(vec![mixnode(0), mixnode(1)]);
		assert_eq!(Mixnet::current_mixnodes(), list);
		assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
		assert_eq!(Mixnet::current_mixnodes(), list);
		run_to_next_session();
		assert_eq!(Mixnet::prev_mixnodes(), list);
		assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::StillUnbonding);
		// When the bond is released, that session's traffic is over.
		run_to_next_session();
		assert_eq!(Mixnet::withdraw(signed(OPERATOR)), Ok(()));
	});
}

#[test]
fn where_operators_are_switched_off_they_can_leave() {
	ext_with_operator(1_000).execute_with(|| {
		bond(OPERATOR + 1, 2_000);
		register(OPERATOR, 1);
		register(0, 0);
		OperatorsEnabled::set(false);
		// Nobody can bond, and nobody can register.
		assert_refused(OPERATOR, 2, RegistrationError::OperatorsNotEnabled);
		assert_refused(OPERATOR + 1, 2, RegistrationError::OperatorsNotEnabled);
		assert_noop!(Mixnet::bond(signed(OPERATOR + 2), 1_000), Error::<Runtime>::OperatorsNotEnabled);
		assert_noop!(Mixnet::bond_extra(signed(OPERATOR), 1_000), Error::<Runtime>::OperatorsNotEnabled);
		let proof = prove_operator_key(OPERATOR, 70);
		assert_noop!(
			Mixnet::set_operator_key(signed(OPERATOR), registrant(70), proof),
			Error::<Runtime>::OperatorsNotEnabled
		);
		register(1, 3);
		run_to_next_session();
		assert_refused(OPERATOR, 1, RegistrationError::OperatorsNotEnabled);

		for account in [OPERATOR, OPERATOR + 1] {
			assert_eq!(Mixnet::unbond(signed(account)), Ok(()));
		}
		assert_eq!(Mixnet::slash(RuntimeOrigin::root(), OPERATOR, 300), Ok(()));
		run_to_next_session();
		run_to_next_session();
		for account in [OPERATOR, OPERATOR + 1] {
			assert_eq!(Mixnet::withdraw(signed(account)), Ok(()));
			check_invariants();
		}
		assert_eq!((free(OPERATOR), free(OPERATOR + 1)), (ENDOWMENT - 300, ENDOWMENT));
	});
}

#[test]
fn many_operators_bond_and_leave_without_a_trace() {
	ext().execute_with(|| {
		run_to_block(1);
		let issued = Balances::total_issuance();
		let accounts = OPERATOR..OPERATOR + 20;
		for account in accounts.clone() {
			bond(account, 1_000 + account);
		}
		run_to_next_session();
		for account in accounts.clone() {
			assert_eq!(Mixnet::bond_extra(signed(account), account), Ok(()));
			assert_eq!(Mixnet::unbond(signed(account)), Ok(()));
		}
		run_to_next_session();
		run_to_next_session();
		for account in accounts {
			assert_eq!(Mixnet::withdraw(signed(account)), Ok(()));
			assert_eq!((on_hold(account), free(account)), (0, ENDOWMENT));
			assert_eq!(System::consumers(&account), 0);
		}
		assert_eq!(Operators::<Runtime>::iter().count() + OperatorKeys::<Runtime>::iter().count(), 0);
		assert_eq!(Balances::total_issuance(), issued);
	});
}
