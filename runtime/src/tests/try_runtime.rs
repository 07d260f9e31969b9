//! What the feature `try-runtime` adds: `chain` executes every block of every test with all checks, and upgrades check
//! themselves.
//!
//! Here are the upgrades, and tests that the checks can fail.

use super::{
	chain::Chain,
	history::{eventful, OPERATORS},
};
use crate::*;
use frame_executive::TryRuntimeUpgradeConfig;
use frame_support::traits::{fungible::MutateHold, tokens::Precision};
use frame_try_runtime::{runtime_decl_for_try_runtime::TryRuntimeV1, TryStateSelect, UpgradeCheckSelect};

/// Upgrades a chain as `try-runtime on-runtime-upgrade` does: with the checks of the migrations before and after, and then
/// with those of all pallets.
pub fn upgrade(chain: &mut Chain) {
	let (weight, limit) = chain.read(|| <Runtime as TryRuntimeV1<Block>>::on_runtime_upgrade(UpgradeCheckSelect::All));
	assert!(weight.all_lte(limit), "{weight} fits into a block of {limit}");
}

#[test]
fn upgrades_of_an_eventful_chain_pass_their_checks() {
	let mut chain = eventful();
	upgrade(&mut chain);
	chain.next_session();
	assert!(chain.read(Mixnet::current_mixnodes).is_ok());
}

/// Releases a part of an operator's bond, behind the mixnet's back.
fn break_an_invariant() {
	let reason = pallet_mixnet::HoldReason::OperatorBond.into();
	Balances::release(&reason, &OPERATORS[0].0.to_account_id(), UNIT, Precision::Exact).expect("it is on hold; qed");
}

#[test]
#[should_panic(expected = "Detected errors while executing `try_state` checks")]
fn a_broken_invariant_is_found_by_the_next_block() {
	let mut chain = eventful();
	chain.read(break_an_invariant);
	chain.apply(vec![]);
}

#[test]
fn a_broken_invariant_is_found_by_an_upgrade() {
	let mut chain = eventful();
	chain.read(break_an_invariant);
	let only_mixnet = TryStateSelect::Only(vec![b"Mixnet".into()]);
	let with_checks = TryRuntimeUpgradeConfig::new(UpgradeCheckSelect::All).with_try_state_select(only_mixnet);
	let found = chain.read(|| Executive::try_runtime_upgrade_with_config(with_checks));
	assert_eq!(found.map_err(<&str>::from), Err("a bond, with what is being released, is not what is on hold"));
	// Without checks nobody looks.
	assert!(chain.read(|| Executive::try_runtime_upgrade(UpgradeCheckSelect::None)).is_ok());
}

#[test]
fn a_value_that_does_not_decode_is_found_by_an_upgrade() {
	let mut chain = eventful();
	chain.read(|| sp_io::storage::set(&pallet_mixnet::NextElection::<Runtime>::hashed_key(), &[1]));
	let found = chain.read(|| Executive::try_runtime_upgrade(UpgradeCheckSelect::All));
	assert_eq!(found.map_err(<&str>::from), Err("`try_decode_entire_state` failed"));
}
