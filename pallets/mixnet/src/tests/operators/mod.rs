//! Operators: their bonds, their keys, and when they may stand.

mod bonds;
mod elections;
mod keys;
mod slashing;
mod unbonding;

use crate::{mock::*, Event, HoldReason, NextElection};
use frame_support::traits::fungible::{Inspect, InspectHold};
use mixnet_primitives::RegistrationError;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

/// The first account without a session key.
const OPERATOR: u64 = CANDIDATES;

fn signed(account: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(account)
}

/// How much an account has on hold as its bond.
fn on_hold(account: u64) -> u64 {
	Balances::balance_on_hold(&HoldReason::OperatorBond.into(), &account)
}

/// How much an account has that is not on hold.
fn free(account: u64) -> u64 {
	Balances::balance(&account)
}

/// Sets the session key of `key_of` as the key of an operator.
fn set_key(account: u64, key_of: u64) {
	let proof = prove_operator_key(account, key_of);
	assert_eq!(Mixnet::set_operator_key(signed(account), registrant(key_of), proof), Ok(()));
	check_invariants();
}

/// The bond with which an operator could register now.
fn weighing(account: u64) -> Result<u64, RegistrationError> {
	let committed_before = NextElection::<Runtime>::get().committed_before;
	Mixnet::committed_bond(&registrant(account), committed_before).map(|(_, bond)| bond)
}

/// Asserts that the transaction pool refuses a registration.
fn assert_refused(account: u64, n: u64, error: RegistrationError) {
	let refused = TransactionValidityError::Invalid(InvalidTransaction::Custom(error.code()));
	assert_eq!(try_register(account, n), Err(refused));
}

/// An operator with a bond, which can stand in the election of session 3.
fn ext_with_operator(amount: u64) -> sp_io::TestExternalities {
	let mut ext = ext();
	ext.execute_with(|| {
		run_to_block(1);
		bond(OPERATOR, amount);
		run_to_next_session();
		run_to_next_session();
		assert_eq!(weighing(OPERATOR), Ok(amount));
	});
	ext
}
