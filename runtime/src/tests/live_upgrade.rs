//! A chain without the mixnet gets it as the guide shows.

use super::chain::{Chain, Registering};
use crate::{
	live_upgrade::{AddMixnetKeys, OldSessionKeys},
	*,
};
use codec::Encode;
use frame_support::traits::{OnRuntimeUpgrade, StorageVersion};
use mixnet_primitives::{KxPublic, RegistrationAdvice, RegistrationError};
use pallet_session::{KeyOwner, NextKeys, QueuedKeys};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};
use sp_runtime::traits::OpaqueKeys;

/// Takes the mixnet out of a chain's storage, as if it had never been there.
fn without_mixnet() {
	let _ = sp_io::storage::clear_prefix(&sp_io::hashing::twox_128(b"Mixnet"), None);
	let old = |keys: &SessionKeys| OldSessionKeys { babe: keys.babe.clone(), grandpa: keys.grandpa.clone() };
	for (validator, keys) in NextKeys::<Runtime>::iter().collect::<Vec<_>>() {
		KeyOwner::<Runtime>::remove((pallet_mixnet::KEY_TYPE, keys.get_raw(pallet_mixnet::KEY_TYPE)));
		sp_io::storage::set(&NextKeys::<Runtime>::hashed_key_for(&validator), &old(&keys).encode());
	}
	let queued: Vec<_> =
		QueuedKeys::<Runtime>::get().into_iter().map(|(validator, keys)| (validator, old(&keys))).collect();
	sp_io::storage::set(&QueuedKeys::<Runtime>::hashed_key(), &queued.encode());
}

#[test]
fn a_chain_that_runs_already_gets_the_mixnet() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	let real = chain.read(|| Session::load_keys(&Bob.to_account_id())).expect("Bob is a validator; qed");
	chain.read(without_mixnet);

	// The upgrade, as `Executive` does it: pallets without storage get their version, then come the migrations.
	chain.read(|| {
		<AllPalletsWithSystem as frame_support::traits::BeforeAllRuntimeMigrations>::before_all_runtime_migrations();
		<Runtime as frame_system::Config>::SingleBlockMigrations::on_runtime_upgrade();
		AddMixnetKeys::on_runtime_upgrade();
	});
	assert_eq!(chain.read(StorageVersion::get::<Mixnet>), StorageVersion::new(2));
	let upgraded = chain.read(|| Session::load_keys(&Bob.to_account_id())).expect("its keys decode; qed");
	assert_eq!((&upgraded.babe, &upgraded.grandpa), (&real.babe, &real.grandpa));
	assert_ne!(upgraded.mixnet, real.mixnet);

	// Blocks are made and sessions rotate; the mixnet rests.
	chain.next_session();
	chain.next_session();
	assert!(chain.read(Mixnet::current_mixnodes).is_err());
	let bob = Registering::new(Bob);
	let advice = |chain: &mut Chain| chain.read(|| Mixnet::registration_status(bob.name(), KxPublic([1; 32])).advice);
	assert_eq!(advice(&mut chain), RegistrationAdvice::Missing(RegistrationError::NotARegistrant));

	// Validators set real keys, and two sessions later they mix.
	for validator in [Alice, Bob, Charlie] {
		let account = validator.to_account_id();
		chain.read(|| {
			let mut keys = Session::load_keys(&account).expect("its keys decode; qed");
			let (babe, grandpa) = (keys.babe.clone(), keys.grandpa.clone());
			keys.mixnet = validator.public().into();
			assert_eq!((&babe, &grandpa), (&keys.babe, &keys.grandpa));
			NextKeys::<Runtime>::insert(&account, keys);
		});
	}
	chain.next_session();
	for validator in [Alice, Bob, Charlie] {
		let registration = chain.registration(&Registering::new(validator));
		chain.apply(vec![registration]);
	}
	chain.next_session();
	assert_eq!(chain.read(Mixnet::current_mixnodes).map(|list| list.len()), Ok(3));
}
