//! Version 1: elections, operators, and parameters on chain.
//!
//! Version 0 took mixnodes first come, first served. It stored:
//!
//! | item | value | becomes |
//! |---|---|---|
//! | `CurrentSession` | session, rosters | the same |
//! | `Mixnodes` | registrant and mixnode, by session and place | the same, under keys that are read faster |
//! | `NextAuthorities` | all authorities in one value | pages of `AuthorityPages` |
//! | `NextRegistered` | how many are registered for the next session | `NextElection`; they are elected in their places |
//! | `Registrants` | places, by session and registrant | `Candidacies`, those of the next session |
//! | `KxPublics`, `PeerIds` | places, by session and key or peer ID | registrants, those of the next session |
//! | `NextToPrune` | session and place | the session |
//!
//! `MinMixnodes` was a constant. It becomes `min_mixnodes` of the parameters. The other parameters are the default
//! ones.
//!
//! The next session's mixnodes stay registered, with the rank that the policy gives to candidates that do not draw:
//! version 0 had no draws. Some are dropped: those that could not be registered now, since version 0 checked less of
//! peer IDs and addresses; those whose key no account has queued; and the last ones if there are fewer places now.
//!
//! # What it costs
//!
//! Only the two live lists and the next one are read and moved, with at most `MaxMixnodes` entries each, and the
//! authorities. What other sessions have left behind is removed by the steps to version 2, [`FinishV2`].
//!
//! Version 1 is passed through: [`v2`](super::v2) follows in the same block. Here is written what version 1 stored,
//! whatever the pallet stores now.
//!
//! [`FinishV2`]: super::v2::FinishV2

#[cfg(feature = "try-runtime")]
mod checks;
// The macro of aliases defines more types, which cannot be documented.
#[allow(missing_docs)]
pub mod v0;

use super::{v2::v1, AccountsOfKeys};
use crate::{
	ranked_set::{RankKey, RankedEntry, RankedSet, SetId},
	session::handler::registrant,
	Candidate, Config, ElectionPolicy, NextToPrune, Pallet, RegistrantClass, RegistrantWeights, Rotation,
	SessionsParameters, LOG_TARGET,
};
use alloc::{collections::BTreeMap, vec::Vec};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};
use mixnet_primitives::{
	check_address, parameters::MIN_MIN_MIXNODES, Mixnode, Parameters, Registrant, SessionIndex, SessionParameters,
};

/// Migrates from version 0 to 1, if the chain is at version 0. The migration to version 2 must follow it.
pub type MigrateToV1<T, Accounts> =
	VersionedMigration<0, 1, MigrateUnchecked<T, Accounts>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// How many authorities a page of version 1 had at most.
const AUTHORITIES_PER_PAGE: usize = 128;

/// The migration, without a check of the version on chain.
pub struct MigrateUnchecked<T, Accounts>(PhantomData<(T, Accounts)>);

impl<T: Config, Accounts: AccountsOfKeys<T::AccountId>> UncheckedOnRuntimeUpgrade for MigrateUnchecked<T, Accounts> {
	fn on_runtime_upgrade() -> Weight {
		let queued: Vec<_> =
			Accounts::queued().into_iter().map(|(account, authority)| (registrant(&authority), account)).collect();
		let pages = migrate_authorities::<T, _>(&queued);

		// The session's value is the same. There is none if the pallet was added without a genesis.
		let session = v1::CurrentSession::<T>::get();
		let index = session.as_ref().map_or(0, |session| session.index);
		let required = session.as_ref().map_or(MIN_MIN_MIXNODES, |session| session.current.required);
		let parameters = Parameters {
			min_mixnodes: required.clamp(MIN_MIN_MIXNODES, T::MaxMixnodes::get().max(MIN_MIN_MIXNODES)),
			..Default::default()
		};
		SessionsParameters::<T>::put(SessionParameters { previous: parameters, current: parameters, next: parameters });

		let mut moved = 0;
		for session_index in index.saturating_sub(1)..=index {
			moved += move_list::<T>(session_index);
		}
		let registered = v0::NextRegistered::<T>::take();
		migrate_candidates::<T>(index.saturating_add(1), registered, &queued.into_iter().collect());

		let (oldest, _) = v0::NextToPrune::<T>::get();
		NextToPrune::<T>::put(oldest);

		log::info!(target: LOG_TARGET, "Migrated to version 1 with {registered} mixnodes registered for the next session");
		let registered = u64::from(registered);
		T::DbWeight::get().reads_writes(8 + moved + 3 * registered, 10 + pages + 2 * moved + 8 * registered)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, sp_runtime::TryRuntimeError> {
		use codec::Encode;
		Ok(checks::Before::<T>::read().encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(state: Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		use codec::Decode;
		let before = checks::Before::<T>::decode(&mut &state[..]).map_err(|_| "the state before does not decode")?;
		before.check()
	}
}

/// Stores the authorities in pages, with the indices that pallet-session gives them. Nothing is known of earlier
/// rotations. This one counts as now, so that no earlier randomness is taken for fresh. Returns how many pages there are.
fn migrate_authorities<T: Config, AccountId>(queued: &[(Registrant, AccountId)]) -> u64 {
	let last = Rotation { count: 1, at: frame_system::Pallet::<T>::block_number() };
	v1::LastRotation::<T>::put(last);
	let indices: BTreeMap<_, _> = (0..).zip(queued).map(|(index, (registrant, _))| (*registrant, index)).collect();
	let entries: Vec<_> = v0::NextAuthorities::<T>::take()
		.into_iter()
		.filter_map(|registrant| {
			let validator_index = *indices.get(&registrant)?;
			Some(v1::AuthorityEntry { registrant, validator_index, since: last.count })
		})
		.collect();
	let parity = (last.count % 2) as u8;
	let mut directory = Vec::new();
	for (number, page) in (0..).zip(entries.chunks(AUTHORITIES_PER_PAGE)) {
		directory.extend(page.first().map(|first| first.registrant));
		v1::AuthorityPages::<T>::insert(parity, number, page.to_vec());
	}
	let pages = directory.len() as u64;
	v1::AuthorityDirectory::<T>::insert(parity, directory);
	pages
}

/// Moves a list to its new keys; returns how many mixnodes there are in it.
fn move_list<T: Config>(session_index: SessionIndex) -> u64 {
	let mut moved = 0;
	while let Some(listed) = v0::Mixnodes::<T>::take(session_index, moved) {
		v1::Mixnodes::<T>::insert(session_index, moved, listed);
		moved += 1;
	}
	moved.into()
}

/// Elects the mixnodes that were registered for the next session, in their order. Nothing else is left of them.
fn migrate_candidates<T: Config>(
	session_index: SessionIndex,
	registered: u32,
	accounts: &BTreeMap<Registrant, T::AccountId>,
) {
	let mut set = RankedSet::<T>::load(SetId::Elected);
	let mut elected = 0;
	for place in 0..registered {
		let Some(listed) = v0::Mixnodes::<T>::take(session_index, place) else { continue };
		v1::KxPublics::<T>::remove(session_index, listed.mixnode.kx_public);
		v1::PeerIds::<T>::remove(session_index, listed.mixnode.peer_id);
		let Some(registrant) = listed.registrant else { continue };
		v0::Registrants::<T>::remove(session_index, registrant);
		let Some(account) = accounts.get(&registrant).filter(|_| is_electable::<T>(elected, &listed.mixnode)) else {
			continue;
		};
		let candidate = Candidate {
			account: account.clone(),
			session_index,
			class: RegistrantClass::Validator,
			weight: T::Weights::validator(account),
			seed: None,
		};
		let key = RankKey { rank: T::ElectionPolicy::rank(&candidate), sequence: elected };
		if !set.insert(RankedEntry { key, place: elected }) {
			break;
		}
		v1::KxPublics::<T>::insert(session_index, listed.mixnode.kx_public, registrant);
		v1::PeerIds::<T>::insert(session_index, listed.mixnode.peer_id, registrant);
		let state = v1::CandidacyState::Listed { place: elected, key };
		v1::Candidacies::<T>::insert(session_index, registrant, v1::Candidacy { next_revision: 1, state });
		v1::Mixnodes::<T>::insert(session_index, elected, listed);
		elected = elected.saturating_add(1);
	}
	set.save();
	v1::NextElection::<T>::put(v1::Election {
		seed: None,
		committed_by_rotation: 0,
		committed_before: Default::default(),
		elected,
		standbys: 0,
		ranked: elected,
	});
}

/// Is there a place left for this mixnode, and can nodes use it? Version 0 checked less of peer IDs and addresses.
fn is_electable<T: Config>(elected: u32, mixnode: &Mixnode) -> bool {
	elected < T::MaxMixnodes::get() && is_usable(mixnode)
}

/// What version 1 asked for.
fn is_usable(mixnode: &Mixnode) -> bool {
	mixnode.external_addresses.iter().all(|address| check_address(address, &mixnode.peer_id).is_ok())
		&& mixnode.kx_public.possession_key().is_ok()
		&& mixnode.peer_id.check().is_ok()
}
