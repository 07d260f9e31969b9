//! What collators and operators do, and what the mixnet makes of it.
//!
//! Keys are numbered, apart from accounts: account n begins with key n. Each key registers a mixnode of its own.

use super::{
	chain::{check_invariants, session_keys},
	runtime::*,
};
use crate::{
	mock::{authority_pair, mixnode, registrant, sign_registration},
	Call, NextElection, Seed,
};
use codec::Encode;
use frame_support::dispatch::GetDispatchInfo;
use frame_system::offchain::CreateAuthorizedTransaction;
use mixnet_primitives::{Registration, RegistrationAdvice, RegistrationError, Standing};
use sp_core::{proof_of_possession::statement_of_ownership, Pair};
use sp_runtime::{
	testing::TestSignature,
	traits::{Applyable, Checkable},
	transaction_validity::TransactionValidityError,
	DispatchResult,
};

/// The keys have numbers below this one.
const KEYS: u64 = 200;

/// Sets a collator's session keys, which count from the next rotation on.
pub fn set_keys(account: AccountId, key: u64) {
	let owner = account.encode();
	let of_mixnet = authority_pair(key).sign(&statement_of_ownership(&owner));
	let proof = (TestSignature(key, owner), of_mixnet).encode();
	assert_eq!(Session::set_keys(RuntimeOrigin::signed(account), session_keys(key), proof), Ok(()));
}

/// Makes an account an operator that registers by the key of its number.
pub fn operate(account: AccountId, bond: Balance) {
	let origin = RuntimeOrigin::signed(account);
	assert_eq!(Mixnet::bond(origin.clone(), bond), Ok(()));
	let payload = Mixnet::operator_key_payload(&account);
	let proof: sp_core::sr25519::Signature = authority_pair(account).sign(&payload).into();
	assert_eq!(Mixnet::set_operator_key(origin, registrant(account), proof.0), Ok(()));
}

/// What a block answers to the registration of a key's mixnode for the next session.
pub fn try_register(key: u64) -> Result<DispatchResult, TransactionValidityError> {
	let session_index = Mixnet::session_status().current_index + 1;
	let mixnode = mixnode(key);
	let revision = Mixnet::registration_status(registrant(key), mixnode.kx_public).revision;
	let registration = Registration { session_index, registrant: registrant(key), revision, mixnode };
	let proofs = sign_registration(key, key, &Mixnet::signing_payload(&registration));
	let call = Call::<Runtime>::register { registration, proofs };
	let extrinsic: Extrinsic =
		<Runtime as CreateAuthorizedTransaction<Call<Runtime>>>::create_authorized_transaction(call.into());
	let (info, size) = (extrinsic.get_dispatch_info(), extrinsic.encoded_size());
	let result = extrinsic.check(&frame_system::ChainContext::<Runtime>::default())?.apply::<Runtime>(&info, size)?;
	check_invariants();
	Ok(result.map(|_| ()).map_err(|error| error.error))
}

/// Registers a key's mixnode for the next session, which must succeed.
pub fn register(key: u64) {
	assert_eq!(try_register(key), Ok(Ok(())), "key {key}: {:?}", refusal(key));
}

/// Registers the mixnodes of all collators that are queued, by the keys of their numbers.
pub fn register_queued() {
	for account in queued() {
		register(account);
	}
}

/// Why the mixnet would refuse a key's registration now; `None` if it would not.
pub fn refusal(key: u64) -> Option<RegistrationError> {
	match Mixnet::registration_status(registrant(key), mixnode(key).kx_public).advice {
		RegistrationAdvice::Missing(error) => Some(error),
		_ => None,
	}
}

/// The collators of pallet-session's next session.
pub fn queued() -> Vec<AccountId> {
	Session::queued_keys().into_iter().map(|(account, _)| account).collect()
}

fn key_of(mixnode_of: impl Fn(u64) -> bool) -> u64 {
	(0..KEYS).find(|key| mixnode_of(*key)).expect("tests use no other keys")
}

/// The keys that are elected for the next session, the best first, and those that stand by.
pub fn elected() -> (Vec<u64>, Vec<u64>) {
	let all = Mixnet::next_registrations(0, u32::MAX);
	let (elected, standbys): (Vec<_>, Vec<_>) =
		all.into_iter().partition(|registered| registered.standing != Standing::Standby);
	let keys = |list: Vec<mixnet_primitives::RegisteredMixnode>| {
		list.iter().map(|registered| key_of(|key| registrant(key) == registered.registrant)).collect()
	};
	(keys(elected), keys(standbys))
}

/// The keys whose mixnodes are in the present session, in the order of their indices.
pub fn mixing() -> Vec<u64> {
	let mixnodes = Mixnet::current_mixnodes().unwrap_or_default();
	mixnodes.into_iter().map(|found| key_of(|key| mixnode(key) == found)).collect()
}

/// The seed of the election under way.
pub fn seed() -> Option<Seed> {
	NextElection::<Runtime>::get().seed
}
