//! A chain that has the mixnet already goes on with this runtime.
//!
//! `data/v1-storage.txt` is the whole storage of a chain whose pallet was of storage version 1: a key and a value in each
//! line, in hex. It is the chain of [`eventful`](super::history::eventful), made by the runtime of `spec_version` 3.

use super::{
	chain::{held, Chain, Registering},
	history::{eventful, DISABLED, OPERATORS, VALIDATORS},
};
use crate::{configs::mixnet::MIN_BOND, *};
use frame_support::traits::{GetStorageVersion, StorageVersion};
use mixnet_primitives::{KxPublic, Mixnode, MixnodesError, RegistrationAdvice, RegistrationError};
use sp_keyring::Sr25519Keyring;

/// The chain that was recorded at version 1, before its next block.
fn version_1() -> Chain {
	Chain::from_storage(include_str!("data/v1-storage.txt"))
}

/// Upgrades a chain in its next block, even if its runtime had this version.
fn upgrade(chain: &mut Chain) {
	chain.read(frame_system::LastRuntimeUpgrade::<Runtime>::kill);
	chain.apply(vec![]);
	assert_eq!(chain.read(StorageVersion::get::<Mixnet>), Mixnet::in_code_storage_version());
}

/// The key-exchange keys of a list. (Mixnodes have other addresses now than when version 1 was recorded.)
fn kx_publics(list: Result<Vec<Mixnode>, MixnodesError>) -> Vec<KxPublic> {
	list.expect("there are enough mixnodes; qed").into_iter().map(|mixnode| mixnode.kx_public).collect()
}

fn kx_public(key: Sr25519Keyring) -> KxPublic {
	Registering::new(key).mixnode().kx_public
}

/// Checks what [`eventful`] promises, and that the chain goes on from there.
fn check_that_it_goes_on(mut chain: Chain) {
	assert_eq!(chain.read(Mixnet::session_status).current_index, 4);
	assert_eq!(
		kx_publics(chain.read(Mixnet::current_mixnodes)),
		VALIDATORS[..5].iter().map(|key| kx_public(*key)).collect::<Vec<_>>()
	);
	let previous = kx_publics(chain.read(Mixnet::prev_mixnodes));
	assert_eq!(previous.len(), VALIDATORS.len());
	assert!(previous.contains(&kx_public(OPERATORS[0].1)), "it weighs more than all others");

	let registered = chain.read(|| Mixnet::next_registrations(0, 100));
	let names = |keys: &[Sr25519Keyring]| keys.iter().map(|key| Registering::new(*key).name()).collect::<Vec<_>>();
	assert_eq!(registered.len(), 7);
	assert!(registered.iter().all(|entry| !names(&[DISABLED, OPERATORS[2].1]).contains(&entry.registrant)));
	let [first, slashed, leaving] = OPERATORS.map(|(account, _)| account.to_account_id());
	assert_eq!(chain.read(|| held(&slashed)), 2 * MIN_BOND);
	assert_eq!(chain.read(|| held(&leaving)), MIN_BOND);

	let parameters = chain.read(Mixnet::parameters);
	assert_ne!(parameters.previous, parameters.current);
	let disabled = Registering::new(DISABLED).name();
	let advice = chain.read(|| Mixnet::registration_status(disabled, KxPublic([1; 32]))).advice;
	assert_eq!(advice, RegistrationAdvice::Missing(RegistrationError::Barred));

	chain.next_session();
	let current = chain.read(Mixnet::current_mixnodes).expect("there are enough; qed");
	let elected: Vec<_> = registered[..6].iter().map(|entry| entry.kx_public).collect();
	assert_eq!(current.len(), 6);
	assert!(current.iter().all(|mixnode| elected.contains(&mixnode.kx_public)));
	for _ in 0..10 {
		chain.register_all(&[Sr25519Keyring::Alice, Sr25519Keyring::Charlie, OPERATORS[0].1]);
		chain.next_session();
		assert_eq!(chain.read(Mixnet::current_mixnodes).map(|list| list.len()), Ok(3));
	}
	let withdraw = chain.signed(OPERATORS[2].0, 0, pallet_mixnet::Call::<Runtime>::withdraw {});
	chain.apply(vec![withdraw]);
	assert_eq!(chain.read(|| held(&leaving)), 0);
	assert!(chain.read(|| held(&first)) > 0);
}

#[test]
fn an_eventful_chain_goes_on() {
	check_that_it_goes_on(eventful());
}

#[test]
fn an_eventful_chain_goes_on_after_an_upgrade() {
	let mut chain = eventful();
	upgrade(&mut chain);
	check_that_it_goes_on(chain);
}

#[test]
fn a_chain_of_version_1_goes_on_after_an_upgrade() {
	let mut chain = version_1();
	upgrade(&mut chain);
	check_that_it_goes_on(chain);
}

/// As `try-runtime on-runtime-upgrade` does it, outside of a block.
#[cfg(feature = "try-runtime")]
#[test]
fn the_upgrade_of_a_chain_of_version_1_passes_its_checks() {
	let mut chain = version_1();
	super::try_runtime::upgrade(&mut chain);
	// Once more: what has migrated must not migrate again.
	super::try_runtime::upgrade(&mut chain);
	check_that_it_goes_on(chain);
}
