//! A chain without the mixnet gets it as the guide shows.

use super::chain::{Chain, Registering};
use crate::{
	live_upgrade::{AddMixnetKeys, OldSessionKeys},
	*,
};
use codec::Encode;
use frame_support::traits::{GetStorageVersion, StorageVersion};
use mixnet_primitives::{KxPublic, RegistrationAdvice, RegistrationError};
use pallet_session::{KeyOwner, NextKeys, QueuedKeys};
use sp_core::{proof_of_possession::statement_of_ownership, Pair};
use sp_keyring::{
	Ed25519Keyring,
	Sr25519Keyring::{self, Alice, Bob, Charlie},
};
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

/// The upgrade with [`AddMixnetKeys`] among its migrations.
type Upgrade = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
	AddMixnetKeys,
>;

fn upgrade() {
	#[cfg(feature = "try-runtime")]
	Upgrade::try_runtime_upgrade(frame_try_runtime::UpgradeCheckSelect::All).expect("its checks pass; qed");
	#[cfg(not(feature = "try-runtime"))]
	Upgrade::execute_on_runtime_upgrade();
}

/// The transaction by which a validator sets its session keys: its real ones.
fn set_keys(chain: &mut Chain, validator: Sr25519Keyring, grandpa: Ed25519Keyring) -> UncheckedExtrinsic {
	let keys = SessionKeys {
		babe: validator.public().into(),
		grandpa: grandpa.public().into(),
		mixnet: validator.public().into(),
	};
	let statement = validator.to_account_id().using_encoded(statement_of_ownership);
	let (validator_s, grandpa_s) = (validator.pair().sign(&statement), grandpa.pair().sign(&statement));
	let proof = (&validator_s, &grandpa_s, &validator_s).encode();
	chain.signed(validator, 0, pallet_session::Call::<Runtime>::set_keys { keys, proof })
}

#[test]
fn a_chain_that_runs_already_gets_the_mixnet() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	let real = chain.read(|| Session::load_keys(&Bob.to_account_id())).expect("Bob is a validator; qed");
	chain.read(without_mixnet);

	chain.read(upgrade);
	assert_eq!(chain.read(StorageVersion::get::<Mixnet>), Mixnet::in_code_storage_version());
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

	// Validators set real keys. In the next session they are queued, and in the one after that they mix.
	for (validator, grandpa) in
		[(Alice, Ed25519Keyring::Alice), (Bob, Ed25519Keyring::Bob), (Charlie, Ed25519Keyring::Charlie)]
	{
		let set = set_keys(&mut chain, validator, grandpa);
		chain.apply(vec![set]);
	}
	assert_eq!(advice(&mut chain), RegistrationAdvice::Missing(RegistrationError::NotARegistrant));
	chain.next_session();
	for validator in [Alice, Bob, Charlie] {
		let registration = chain.registration(&Registering::new(validator));
		chain.apply(vec![registration]);
	}
	chain.next_session();
	assert_eq!(chain.read(Mixnet::current_mixnodes).map(|list| list.len()), Ok(3));
}
