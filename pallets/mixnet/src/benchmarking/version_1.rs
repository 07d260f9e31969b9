//! A storage of version 1, as large as it can be, for the benchmarks of the migration to version 2.

use super::setup::{self, CURRENT, NEXT};
use crate::{
	migrations::{
		v2::{v1, Unfinished},
		AccountsOfKeys,
	},
	ranked_set::{RankKey, RankedEntry, RankedSet, SetId},
	AuthorityId, BalanceOf, Config, OperatorKeys, Rank, Roster, Rotation, STANDBY_BASE,
};
use alloc::vec::Vec;
use codec::Encode;
use core::marker::PhantomData;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{KxPublic, Mixnode, PeerId};
use sp_application_crypto::sr25519;
use sp_io::hashing::{blake2_128, blake2_256};
use sp_runtime::traits::{One, Zero};

/// How often pallet-session has rotated.
const ROTATIONS: u32 = 10;

/// The accounts of the authorities in [`begin`].
pub struct Accounts<T>(PhantomData<T>);

impl<T: Config> AccountsOfKeys<T::AccountId> for Accounts<T> {
	fn queued() -> Vec<(T::AccountId, AuthorityId)> {
		entries::<T>()
			.map(|entry| {
				let registrant = entry.registrant;
				(setup::account::<T>(&registrant), sr25519::Public::from_raw(registrant.0).into())
			})
			.collect()
	}

	fn active() -> Vec<T::AccountId> {
		entries::<T>().map(|entry| setup::account::<T>(&entry.registrant)).collect()
	}
}

/// The entries of the authorities, in the order of their indices.
fn entries<T: Config>() -> impl Iterator<Item = v1::AuthorityEntry> {
	let mut entries: Vec<_> = v1::AuthorityPages::<T>::iter_prefix_values(0).flatten().collect();
	entries.sort_by_key(|entry| entry.validator_index);
	entries.into_iter()
}

/// Stores a session of version 1 with `authorities` authorities and `candidates` candidates of the next session.
pub fn begin<T: Config>(authorities: u32, candidates: u32) {
	let roster = Roster { registered: 0, required: 1 };
	v1::CurrentSession::<T>::put(v1::Session {
		index: CURRENT,
		started_at: BlockNumberFor::<T>::one(),
		rotations: 0,
		current: roster,
		previous: roster,
	});
	v1::LastRotation::<T>::put(Rotation { count: ROTATIONS, at: BlockNumberFor::<T>::one() });
	let mut entries: Vec<_> = (0..authorities)
		.map(|validator_index| {
			let registrant = setup::registrant("authority", validator_index);
			v1::AuthorityEntry { registrant, validator_index, since: 1 }
		})
		.collect();
	entries.sort_by_key(|entry| entry.registrant);
	for parity in 0..2u8 {
		let pages = entries.chunks(128);
		v1::AuthorityDirectory::<T>::insert(parity, pages.clone().map(|page| page[0].registrant).collect::<Vec<_>>());
		for (number, page) in (0..).zip(pages) {
			v1::AuthorityPages::<T>::insert(parity, number, page.to_vec());
		}
	}
	let elected = candidates.min(T::MaxMixnodes::get());
	v1::NextElection::<T>::put(v1::Election {
		seed: None,
		committed_by_rotation: ROTATIONS,
		committed_before: BlockNumberFor::<T>::one(),
		elected,
		standbys: candidates.saturating_sub(elected),
		ranked: candidates,
	});
	let mut sets = [SetId::Elected, SetId::Standby].map(RankedSet::<T>::load);
	for index in 0..candidates {
		let (set, place) = match index.checked_sub(elected) {
			None => (&mut sets[0], index),
			Some(standby) => (&mut sets[1], STANDBY_BASE + standby),
		};
		let key = RankKey { rank: Rank(index.into()), sequence: index };
		assert!(set.insert(RankedEntry { key, place }));
		candidate::<T>(place, index, key);
	}
	for set in sets {
		set.save();
	}
}

/// Lists the `index`-th candidate: an operator, since finding its account reads most.
fn candidate<T: Config>(place: u32, index: u32, key: RankKey) {
	let registrant = setup::registrant("candidate", index);
	OperatorKeys::<T>::insert(registrant, setup::account::<T>(&registrant));
	let mixnode = usable_mixnode::<T>(index);
	v1::KxPublics::<T>::insert(NEXT, mixnode.kx_public, registrant);
	v1::PeerIds::<T>::insert(NEXT, mixnode.peer_id, registrant);
	let state = v1::CandidacyState::Listed { place, key };
	v1::Candidacies::<T>::insert(NEXT, registrant, v1::Candidacy { next_revision: 1, state });
	v1::Mixnodes::<T>::insert(NEXT, place, v1::ListedMixnode { registrant: Some(registrant), mixnode });
}

/// The `index`-th mixnode with as many of the longest addresses as there may be. Its key and peer ID can be used: every
/// second number is one.
fn usable_mixnode<T: Config>(index: u32) -> Mixnode {
	let bytes = |what, attempt: u32| (what, index, attempt).using_encoded(blake2_256);
	let kx_public = (0..).map(|attempt| KxPublic(bytes("kx", attempt))).find(|key| key.possession_key().is_ok());
	let peer_id = (0..).map(|attempt| PeerId(bytes("peer", attempt))).find(|peer_id| peer_id.check().is_ok());
	let (kx_public, peer_id) = (kx_public.expect("there is one; qed"), peer_id.expect("there is one; qed"));
	Mixnode { kx_public, peer_id, external_addresses: setup::most_addresses::<T>(&peer_id) }
}

/// Bars another key of an account that is listed: finding that out removes the account's mixnode. Returns the hash of
/// the key before it.
pub fn bar_former_key<T: Config>(account: &T::AccountId) -> [u8; 16] {
	let registrant = setup::registrant("former", 0);
	OperatorKeys::<T>::insert(registrant, account);
	let candidacy = v1::Candidacy { next_revision: 2, state: v1::CandidacyState::Barred };
	v1::Candidacies::<T>::insert(NEXT, registrant, candidacy);
	Unfinished::<T>::put(NEXT);
	let hash = registrant.using_encoded(blake2_128);
	u128::from_be_bytes(hash).saturating_sub(1).to_be_bytes()
}

/// Stores an operator of version 1, with everything that can be there.
pub fn operator<T: Config>(account: &T::AccountId) {
	let some = T::MinBond::get();
	v1::Operators::<T>::insert(
		account,
		v1::Operator::<BalanceOf<T>, BlockNumberFor<T>> {
			bond: some,
			recent: some,
			recent_since: Zero::zero(),
			waiting: some,
			waiting_since: Zero::zero(),
			key: Some(setup::registrant("operator", 0)),
			key_since: Zero::zero(),
			releasable_in: Some(NEXT),
		},
	);
	Unfinished::<T>::put(NEXT);
}

/// The largest thing that a session before the present one has left behind.
pub fn leftover<T: Config>() {
	let listed = setup::listed::<T>(CURRENT - 2, 0, &|peer_id: &PeerId, _| setup::most_addresses::<T>(peer_id));
	crate::Mixnodes::<T>::insert(CURRENT - 2, 0, listed);
	Unfinished::<T>::put(NEXT);
}
