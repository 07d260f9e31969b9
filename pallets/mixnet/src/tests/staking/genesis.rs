//! The first weights: they are there at genesis, if pallet-staking's storage is.

use super::{chain::*, runtime::*, validators::*};
use mixnet_primitives::RegistrationError;
use sp_runtime::BuildStorage;
use std::collections::BTreeMap;

fn stakes(stashes: impl IntoIterator<Item = AccountId>) -> BTreeMap<AccountId, u128> {
	stashes.into_iter().map(|stash| (stash, stake(stash))).collect()
}

#[test]
fn weights_at_genesis_are_the_stakes_of_era_0() {
	ext().execute_with(|| {
		assert_eq!((planned_era(), active_era()), (0, 0));
		assert_eq!(queued_weights(), stakes(2..=8));
		next_block();
		for key in 2..=8 {
			register(key);
		}
		assert_eq!(listed_weights(), stakes(2..=8));
		// Whoever was there at genesis draws in the first election.
		assert!(listed().iter().all(|listed| listed.draws));
		assert_eq!(refusal(1), Some(RegistrationError::NotARegistrant));
	});
}

/// pallet-session asks pallet-staking for the first validators while its own genesis is built. If pallet-staking has none
/// by then, pallet-session takes all that have keys, and era 0 has no exposures.
#[test]
fn with_session_before_staking_nobody_weighs_anything_in_era_0() {
	let genesis = genesis();
	let mut storage = Default::default();
	let parts: [&dyn BuildStorage; 5] =
		[&genesis.system, &genesis.balances, &genesis.session, &genesis.staking, &genesis.mixnet];
	for part in parts {
		part.assimilate_storage(&mut storage).expect("it builds");
	}
	let mut ext = sp_io::TestExternalities::from(storage);
	ext.execute_with(|| {
		assert_eq!(queued_weights(), STASHES.map(|stash| (stash, 0)).collect());
		// From the next era on, all is well.
		run_to_planning();
		assert_eq!(queued_weights(), stakes(2..=8));
	});
}
