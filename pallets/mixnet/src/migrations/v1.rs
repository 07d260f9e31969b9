//! Version 1: elections, operators, and parameters on chain.
//!
//! Version 0 took mixnodes first come, first served. It stored:
//!
//! | item | value | becomes |
//! |---|---|---|
//! | `CurrentSession` | session, rosters | the same |
//! | `Mixnodes` | registrant and mixnode, by session and place | the same, under keys that are read faster |
//! | `NextAuthorities` | all authorities in one value | pages of [`AuthorityPages`](crate::AuthorityPages) |
//! | `NextRegistered` | how many are registered for the next session | [`NextElection`]; they are elected in their places |
//! | `Registrants` | places, by session and registrant | [`Candidacies`], those of the next session |
//! | `KxPublics`, `PeerIds` | places, by session and key or peer ID | registrants, those of the next session |
//! | `NextToPrune` | session and place | the session |
//!
//! `MinMixnodes` was a constant. It becomes `min_mixnodes` of the parameters. The other parameters are the default
//! ones.
//!
//! The next session's mixnodes stay registered, with the rank that the policy gives to candidates that do not draw:
//! version 0 had no draws. Some are dropped: those that nodes could not use, since version 0 checked less of peer IDs
//! and addresses, and the last ones if there are fewer places now.

use crate::{
	ranked_set::{RankKey, RankedEntry, RankedSet, SetId},
	BoundedMixnodeFor, Candidacies, Candidacy, CandidacyState, Candidate, Config, CurrentSession, Election,
	ElectionPolicy, KxPublics, LastRotation, Mixnodes, NextElection, NextToPrune, Pallet, PeerIds, RegistrantClass,
	RegistrantWeights, Rotation, SessionsParameters, LOG_TARGET,
};
use alloc::vec::Vec;
#[cfg(feature = "try-runtime")]
use codec::{Decode, Encode};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};
use mixnet_primitives::{parameters::MIN_MIN_MIXNODES, Parameters, Place, Registrant, SessionIndex, SessionParameters};

/// Migrates from version 0 to 1, if the chain is at version 0.
pub type MigrateToV1<T> =
	VersionedMigration<0, 1, MigrateUnchecked<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// The storage of version 0 that version 1 does not have.
// The macro defines more types, which cannot be documented.
#[allow(missing_docs)]
pub mod v0 {
	use super::*;
	use frame_support::{pallet_prelude::*, storage_alias};

	/// The authorities who could register, in ascending order. The bound was the runtime's `MaxAuthorities`.
	#[storage_alias]
	pub type NextAuthorities<T: Config> = StorageValue<Pallet<T>, Vec<Registrant>, ValueQuery>;

	/// How many mixnodes were registered for the next session.
	#[storage_alias]
	pub type NextRegistered<T: Config> = StorageValue<Pallet<T>, u32, ValueQuery>;

	/// The mixnodes, by session and by their place in the session's list.
	#[storage_alias]
	pub type Mixnodes<T: Config> =
		StorageDoubleMap<Pallet<T>, Twox64Concat, SessionIndex, Twox64Concat, Place, crate::ListedMixnodeFor<T>>;

	/// Places of the mixnodes, by session and registrant.
	#[storage_alias]
	pub type Registrants<T: Config> =
		StorageDoubleMap<Pallet<T>, Twox64Concat, SessionIndex, Blake2_128Concat, Registrant, Place>;

	/// Where pruning was to go on: a session, and a place in its list.
	#[storage_alias]
	pub type NextToPrune<T: Config> = StorageValue<Pallet<T>, (SessionIndex, Place), ValueQuery>;
}

/// The migration, without a check of the version on chain.
pub struct MigrateUnchecked<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for MigrateUnchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let session = CurrentSession::<T>::get();
		// Nothing is known of earlier rotations. This one counts as now, so that no earlier randomness is taken for
		// fresh.
		LastRotation::<T>::put(Rotation { count: 1, at: frame_system::Pallet::<T>::block_number() });
		let authorities = v0::NextAuthorities::<T>::take();
		let pages = authorities.len().div_ceil(crate::AUTHORITIES_PER_PAGE as usize) as u64;
		Pallet::<T>::set_queued_authorities(authorities.into_iter());

		let parameters = Parameters {
			min_mixnodes: session.current.required.clamp(MIN_MIN_MIXNODES, T::MaxMixnodes::get().max(MIN_MIN_MIXNODES)),
			..Default::default()
		};
		SessionsParameters::<T>::put(SessionParameters { previous: parameters, current: parameters, next: parameters });

		let registered = v0::NextRegistered::<T>::take();
		let removed = clear_places::<T>();
		let moved = move_lists::<T>();
		migrate_candidates::<T>(session.index.saturating_add(1), registered);

		let (oldest, _) = v0::NextToPrune::<T>::get();
		NextToPrune::<T>::put(oldest);

		log::info!(target: LOG_TARGET, "Migrated to version 1 with {registered} mixnodes registered for the next session");
		let registered = u64::from(registered);
		T::DbWeight::get()
			.reads_writes(8 + 5 * registered + removed + moved, 10 + pages + 5 * registered + removed + 2 * moved)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, sp_runtime::TryRuntimeError> {
		Ok(Before::<T>::read().encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(state: Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		let before = Before::<T>::decode(&mut &state[..]).map_err(|_| "the state before does not decode")?;
		before.check()
	}
}

/// Removes the maps to places, of all sessions. Returns how many entries there were. Only the next session's are still
/// needed, and they are made anew from its list.
fn clear_places<T: Config>() -> u64 {
	let registrants = v0::Registrants::<T>::clear(u32::MAX, None).unique;
	let keys = KxPublics::<T>::clear(u32::MAX, None).unique;
	let peers = PeerIds::<T>::clear(u32::MAX, None).unique;
	u64::from(registrants).saturating_add(keys.into()).saturating_add(peers.into())
}

/// Moves the lists of all sessions to their new keys; returns how many mixnodes there are in them.
fn move_lists<T: Config>() -> u64 {
	// The lists are collected first: the new keys begin as the old ones do.
	let lists: Vec<_> = v0::Mixnodes::<T>::drain().collect();
	let moved = lists.len() as u64;
	for (session_index, place, listed) in lists {
		Mixnodes::<T>::insert(session_index, place, listed);
	}
	moved
}

/// Elects the mixnodes that were registered for the next session, in their order.
fn migrate_candidates<T: Config>(session_index: SessionIndex, registered: u32) {
	let mut set = RankedSet::<T>::load(SetId::Elected);
	let mut elected = 0;
	for place in 0..registered {
		let Some(listed) = Mixnodes::<T>::take(session_index, place) else { continue };
		let Some(registrant) = listed.registrant.filter(|_| is_electable::<T>(elected, &listed.mixnode)) else {
			continue;
		};
		let candidate = Candidate {
			registrant,
			session_index,
			class: RegistrantClass::Validator,
			weight: T::Weights::validator(&registrant),
			seed: None,
		};
		let key = RankKey { rank: T::ElectionPolicy::rank(&candidate), sequence: elected };
		if !set.insert(RankedEntry { key, place: elected }) {
			break;
		}
		KxPublics::<T>::insert(session_index, listed.mixnode.kx_public, registrant);
		PeerIds::<T>::insert(session_index, listed.mixnode.peer_id, registrant);
		let state = CandidacyState::Listed { place: elected, key };
		Candidacies::<T>::insert(session_index, registrant, Candidacy { next_revision: 1, state });
		Mixnodes::<T>::insert(session_index, elected, listed);
		elected = elected.saturating_add(1);
	}
	set.save();
	NextElection::<T>::put(Election { elected, ranked: elected, ..Election::default() });
}

/// Is there a place left for this mixnode, and can nodes use it? Version 0 checked less.
fn is_electable<T: Config>(elected: u32, mixnode: &BoundedMixnodeFor<T>) -> bool {
	elected < T::MaxMixnodes::get() && Pallet::<T>::is_usable(&mixnode.clone().into())
}

/// What must survive the migration.
#[cfg(feature = "try-runtime")]
#[derive(Encode, Decode)]
struct Before<T: Config> {
	session: crate::Session<frame_system::pallet_prelude::BlockNumberFor<T>>,
	previous: Option<Vec<mixnet_primitives::Mixnode>>,
	current: Option<Vec<mixnet_primitives::Mixnode>>,
	next: Vec<mixnet_primitives::Mixnode>,
	authorities: Vec<Registrant>,
}

#[cfg(feature = "try-runtime")]
impl<T: Config> Before<T> {
	fn read() -> Self {
		let session = CurrentSession::<T>::get();
		let list = |session_index, count| Self::list(0..count, |place| v0::Mixnodes::<T>::get(session_index, place));
		let live =
			|roster: crate::Roster, session_index| roster.check().ok().map(|()| list(session_index, roster.registered));
		let mut next = list(session.index.saturating_add(1), v0::NextRegistered::<T>::get());
		next.retain(Pallet::<T>::is_usable);
		next.truncate(T::MaxMixnodes::get() as usize);
		Self {
			previous: live(session.previous, session.index.saturating_sub(1)),
			current: live(session.current, session.index),
			next,
			authorities: v0::NextAuthorities::<T>::get(),
			session,
		}
	}

	fn list(
		places: core::ops::Range<u32>,
		get: impl Fn(u32) -> Option<crate::ListedMixnodeFor<T>>,
	) -> Vec<mixnet_primitives::Mixnode> {
		places.filter_map(get).map(|listed| listed.mixnode.into()).collect()
	}

	fn check(self) -> Result<(), sp_runtime::TryRuntimeError> {
		use frame_support::ensure;
		let session = CurrentSession::<T>::get();
		ensure!(session == self.session, "the session has changed");
		ensure!(Pallet::<T>::prev_mixnodes().ok() == self.previous, "the previous list has changed");
		ensure!(Pallet::<T>::current_mixnodes().ok() == self.current, "the current list has changed");
		let elected = NextElection::<T>::get().elected;
		let next_index = session.index.saturating_add(1);
		let next = Self::list(0..elected, |place| Mixnodes::<T>::get(next_index, place));
		ensure!(next == self.next, "the next list has changed");
		ensure!(
			self.authorities
				.iter()
				.take(T::MaxAuthorities::get() as usize)
				.all(|authority| { Pallet::<T>::queued_authority(authority).is_some() }),
			"an authority is lost"
		);
		ensure!(!v0::NextRegistered::<T>::exists(), "something of version 0 is left");
		Pallet::<T>::do_try_state()
	}
}
