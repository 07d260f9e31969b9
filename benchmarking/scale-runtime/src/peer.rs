//! The Substrate Mix Network's pallet: its storage, filled by hand, and the work that it is asked for.

use crate::{
	mixnode::{self, CURRENT, NEXT},
	AccountId, BlockNumber, Peer, Runtime, RuntimeCall, UncheckedExtrinsic,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{storage_alias, traits::OneSessionHandler, Identity};
use frame_system::RawOrigin;
use peer_mixnet::{BoundedMixnodeFor, Call, RegistrationFor};
use sp_application_crypto::RuntimeAppPublic;
use sp_core::sr25519;
use sp_mixnet::types::{AuthorityId, AuthoritySignature, Mixnode};

// The pallet keeps its storage to itself; these are the same keys and values.
#[storage_alias]
type CurrentSessionIndex = StorageValue<Peer, u32>;
#[storage_alias]
type CurrentSessionStartBlock = StorageValue<Peer, BlockNumber>;
#[storage_alias]
type NextAuthorityIds = StorageMap<Peer, Identity, u32, AuthorityId>;
#[storage_alias]
type Mixnodes = StorageDoubleMap<Peer, Identity, u32, Identity, u32, BoundedMixnodeFor<Runtime>>;

fn authority(index: u32) -> AuthorityId {
	sr25519::Public::from_raw(mixnode::registrant(index)).into()
}

fn bounded(session: u32, index: u32) -> BoundedMixnodeFor<Runtime> {
	let mixnode = mixnode::mixnode(session, index);
	Mixnode {
		kx_public: mixnode.kx_public.0,
		peer_id: mixnode.peer_id.0,
		external_addresses: mixnode.external_addresses,
	}
	.into()
}

/// Lists `n` mixnodes in each of the three sessions, registered by `n` authorities, which are queued again.
pub fn fill(n: u32) {
	CurrentSessionIndex::put(CURRENT);
	CurrentSessionStartBlock::put(1);
	for index in 0..n {
		NextAuthorityIds::insert(index, authority(index));
		for session in [CURRENT - 1, CURRENT, NEXT] {
			Mixnodes::insert(session, index, bounded(session, index));
		}
	}
}

/// The registration of the `n`-th authority, which is not registered yet, with its signature.
pub fn registration(n: u32) -> (RegistrationFor<Runtime>, AuthoritySignature) {
	let authority_index = n - 1;
	let authority_id = AuthorityId::generate_pair(None);
	NextAuthorityIds::insert(authority_index, &authority_id);
	Mixnodes::remove(NEXT, authority_index);
	let registration = RegistrationFor::<Runtime> {
		block_number: 1,
		session_index: CURRENT,
		authority_index,
		mixnode: bounded(NEXT, authority_index),
	};
	let signature = authority_id.sign(&registration.encode()).expect("the keystore has generated the key; qed");
	(registration, signature)
}

/// The registration as a transaction of a block.
pub fn extrinsic((registration, signature): (RegistrationFor<Runtime>, AuthoritySignature)) -> UncheckedExtrinsic {
	UncheckedExtrinsic::new_bare(RuntimeCall::Peer(Call::register { registration, signature }))
}

/// Dispatches the registration, as if it had been validated.
pub fn dispatch((registration, signature): (RegistrationFor<Runtime>, AuthoritySignature)) {
	Peer::register(RawOrigin::None.into(), registration, signature).expect("nothing is checked any more; qed");
}

/// How many mixnodes are registered for the next session.
pub fn registered() -> u32 {
	Mixnodes::iter_prefix_values(NEXT).count() as u32
}

/// What pallet-session hands over when it rotates: authorities `from` to `from + n - 1`.
pub fn authorities(from: u32, n: u32) -> Vec<(AccountId, AuthorityId)> {
	(from..from + n).map(|index| (mixnode::registrant(index).into(), authority(index))).collect()
}

/// Rotates: the same validators go on, and `queued` are queued.
pub fn rotate(changed: bool, queued: &[(AccountId, AuthorityId)]) {
	let named = || queued.iter().map(|(account, key)| (account, key.clone()));
	<Peer as OneSessionHandler<AccountId>>::on_new_session(changed, named(), named());
}

/// Did the session begin, with these as the next authorities?
pub fn rotated(queued: &[(AccountId, AuthorityId)]) -> bool {
	CurrentSessionIndex::get() == Some(NEXT)
		&& queued.iter().zip(0u32..).all(|((_, key), index)| NextAuthorityIds::get(index).as_ref() == Some(key))
}

/// The mixnodes of the current session, as the runtime API serves them.
pub fn current_mixnodes() -> Vec<Mixnode> {
	Peer::current_mixnodes().unwrap_or_default()
}
