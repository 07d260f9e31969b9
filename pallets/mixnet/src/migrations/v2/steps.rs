//! What is migrated in steps: those who are out or barred, what ended sessions have left behind, and operators.

use super::{owner_of, v1, Owner, Unfinished};
use crate::{
	migrations::v1::v0, BalanceOf, Candidacies, Candidacy, CandidacyState, Config, NextToPrune, Operator, Pallet,
	RegisteredAs, RemovalReason, WeightInfo, LOG_TARGET,
};
use alloc::vec::Vec;
use codec::{Decode, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{
	migrations::{MigrationId, SteppedMigration, SteppedMigrationError},
	storage::{storage_prefix, unhashed, StoragePrefixedMap},
	traits::PalletInfoAccess,
	weights::{Weight, WeightMeter},
};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{Registrant, SessionIndex};

#[cfg(feature = "try-runtime")]
use {super::checks, sp_runtime::TryRuntimeError};

/// Migrates in steps what [`MigrateToV2`](super::MigrateToV2) leaves: for the runtime's `MultiBlockMigrator`.
///
/// If there is nothing to migrate, a single step says so. It is no harm to name the migration again in later runtimes.
pub struct FinishV2<T>(PhantomData<T>);

/// The hash of a key, by which keys are sorted.
type KeyHash = [u8; 16];

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen)]
pub enum Cursor {
	/// The candidacy behind the one with this hash.
	Candidacies(Option<KeyHash>),
	/// What this session has left behind.
	Leftovers(SessionIndex),
	/// What version 0 has left behind.
	Registrants,
	/// The operator behind the one with this hash.
	Operators(Option<KeyHash>),
}

impl<T: Config> SteppedMigration for FinishV2<T> {
	type Cursor = Cursor;
	type Identifier = MigrationId<13>;

	fn id() -> Self::Identifier {
		MigrationId { pallet_id: *b"pallet-mixnet", version_from: 1, version_to: 2 }
	}

	fn migrating_prefixes() -> Option<impl IntoIterator<Item = Vec<u8>>> {
		let pallet = Pallet::<T>::name().as_bytes();
		let items = ["Candidacies", "KxPublics", "PeerIds", "Registrants", "Operators"];
		Some(items.map(|item| storage_prefix(pallet, item.as_bytes()).to_vec()))
	}

	fn step(cursor: Option<Cursor>, meter: &mut WeightMeter) -> Result<Option<Cursor>, SteppedMigrationError> {
		let Some(next_index) = Unfinished::<T>::get() else { return Ok(None) };
		let mut cursor = cursor.unwrap_or(Cursor::Candidacies(None));
		let required = weight_of::<T>(cursor);
		if !meter.can_consume(required) {
			return Err(SteppedMigrationError::InsufficientWeight { required });
		}
		while meter.try_consume(weight_of::<T>(cursor)).is_ok() {
			match advance::<T>(cursor, next_index) {
				Some(next) => cursor = next,
				None => {
					Unfinished::<T>::kill();
					log::info!(target: LOG_TARGET, "The migration to version 2 is complete");
					return Ok(None);
				},
			}
		}
		Ok(Some(cursor))
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, TryRuntimeError> {
		Ok(Unfinished::<T>::exists().then(checks::operators_of_version_1::<T>).encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(state: Vec<u8>) -> Result<(), TryRuntimeError> {
		match Option::decode(&mut &state[..]).map_err(|_| "the operators before do not decode")? {
			Some(operators) => checks::check_operators::<T>(operators),
			None => Ok(()),
		}
	}
}

/// What the next bit of work takes at most.
fn weight_of<T: Config>(cursor: Cursor) -> Weight {
	match cursor {
		Cursor::Candidacies(_) => T::WeightInfo::migrate_candidacy(),
		Cursor::Leftovers(_) | Cursor::Registrants => T::WeightInfo::migrate_leftover(),
		Cursor::Operators(_) => T::WeightInfo::migrate_operator(),
	}
}

/// Migrates one entry. Returns what comes next; `None` at the end. `next_index` is the session that was the next one at
/// the upgrade.
pub(crate) fn advance<T: Config>(cursor: Cursor, next_index: SessionIndex) -> Option<Cursor> {
	Some(match cursor {
		Cursor::Candidacies(after) => match migrate_candidacy::<T>(next_index, after) {
			Some(hash) => Cursor::Candidacies(Some(hash)),
			None => Cursor::Leftovers(NextToPrune::<T>::get()),
		},
		Cursor::Leftovers(session_index) => {
			if session_index >= next_index {
				// Of the sessions that were live at the upgrade, the lists are left.
				NextToPrune::<T>::mutate(|oldest| *oldest = next_index.saturating_sub(2).max(*oldest));
				Cursor::Registrants
			} else if remove_leftover::<T>(session_index, next_index) {
				cursor
			} else {
				Cursor::Leftovers(session_index.saturating_add(1))
			}
		},
		Cursor::Registrants => match v0::Registrants::<T>::iter_keys().next() {
			Some((session_index, registrant)) => {
				v0::Registrants::<T>::remove(session_index, registrant);
				cursor
			},
			None => Cursor::Operators(None),
		},
		Cursor::Operators(after) => Cursor::Operators(Some(migrate_operator::<T>(after)?)),
	})
}

/// Migrates the first candidacy of version 1 behind this hash: a registrant that is out or barred. Returns the hash of
/// the key that was looked at; `None` at the end.
fn migrate_candidacy<T: Config>(session_index: SessionIndex, after: Option<KeyHash>) -> Option<KeyHash> {
	let prefix = v1::Candidacies::<T>::iter_key_prefix(session_index).prefix().to_vec();
	let (raw_key, hash) = next_key(&prefix, after)?;
	let value = unhashed::get_raw(&raw_key)?;
	let registrant = raw_key.get(prefix.len().saturating_add(hash.len())..);
	if value.len() != v1::Candidacy::UNLISTED_SIZE {
		return Some(hash);
	}
	unhashed::kill(&raw_key);
	let (Ok(candidacy), Some(Ok(registrant))) =
		(v1::Candidacy::decode(&mut &value[..]), registrant.map(|mut bytes| Registrant::decode(&mut bytes)))
	else {
		return Some(hash);
	};
	// Once the session has begun, it does not matter any more who was not elected.
	if session_index == Pallet::<T>::next_session_index() {
		if let Some(owner) = owner_of::<T>(&registrant) {
			merge::<T>(session_index, registrant, owner, candidacy);
		}
	}
	Some(hash)
}

/// Adds what became of one of an account's keys to the account's candidacy.
fn merge<T: Config>(
	session_index: SessionIndex,
	registrant: Registrant,
	Owner { account, class }: Owner<T::AccountId>,
	before: v1::Candidacy,
) {
	let mut candidacy = Candidacies::<T>::get(session_index, &account).unwrap_or(Candidacy {
		registered_as: class.filter(|_| before.next_revision > 0).map(|class| RegisteredAs { class, registrant }),
		next_revision: 0,
		state: CandidacyState::Out,
	});
	candidacy.next_revision = before.next_revision.max(candidacy.next_revision);
	let is_listed = matches!(candidacy.state, CandidacyState::Listed { .. });
	let bar = before.state == v1::CandidacyState::Barred && candidacy.state != CandidacyState::Barred;
	Candidacies::<T>::insert(session_index, &account, candidacy);
	if bar {
		// Mostly it is a validator that was disabled when it had this key.
		if is_listed {
			Pallet::<T>::remove_candidate(&account, RemovalReason::Disabled);
		}
		Candidacies::<T>::mutate(session_index, &account, |candidacy| {
			if let Some(candidacy) = candidacy {
				candidacy.state = CandidacyState::Barred;
			}
		});
	}
}

/// Removes something that a session before `next_index` has left behind, if there is anything. Of candidacies and of
/// names that are taken nothing is needed once a session has begun, and pruning would not find them: it knows accounts.
/// Lists are pruned when they are not live any more. Those from before the upgrade are removed here.
fn remove_leftover<T: Config>(session_index: SessionIndex, next_index: SessionIndex) -> bool {
	let is_live = session_index.saturating_add(2) >= next_index;
	let prefixes = [
		Some(v1::Candidacies::<T>::iter_key_prefix(session_index).prefix().to_vec()),
		Some(v1::KxPublics::<T>::iter_key_prefix(session_index).prefix().to_vec()),
		Some(v1::PeerIds::<T>::iter_key_prefix(session_index).prefix().to_vec()),
		Some(v0::Mixnodes::<T>::iter_key_prefix(session_index).prefix().to_vec()),
		(!is_live).then(|| v1::Mixnodes::<T>::iter_key_prefix(session_index).prefix().to_vec()),
	];
	let key = prefixes
		.into_iter()
		.flatten()
		.find_map(|prefix| sp_io::storage::next_key(&prefix).filter(|key| key.starts_with(&prefix)));
	if let Some(key) = &key {
		unhashed::kill(key);
	}
	key.is_some()
}

/// Migrates the first operator behind this hash. Returns the hash of its key; `None` if there is none.
fn migrate_operator<T: Config>(after: Option<KeyHash>) -> Option<KeyHash> {
	let (raw_key, hash) = next_key(&v1::Operators::<T>::final_prefix(), after)?;
	match unhashed::get::<v1::Operator<BalanceOf<T>, BlockNumberFor<T>>>(&raw_key) {
		Some(operator) => unhashed::put(&raw_key, &of_version_2::<T>(operator)),
		None => log::error!(target: LOG_TARGET, "An operator of version 1 does not decode: {raw_key:?}"),
	}
	Some(hash)
}

/// An operator, as it is stored now.
pub(super) fn of_version_2<T: Config>(
	operator: v1::Operator<BalanceOf<T>, BlockNumberFor<T>>,
) -> Operator<BalanceOf<T>, BlockNumberFor<T>> {
	let v1::Operator { bond, recent, recent_since, waiting, waiting_since, key, key_since: _, releasable_in } =
		operator;
	Operator { bond, recent, recent_since, waiting, waiting_since, key, releasable_in, unbonding: Default::default() }
}

/// The first storage key of a map behind the one with this hash, and its hash. The map hashes its keys by
/// `Blake2_128Concat`.
fn next_key(prefix: &[u8], after: Option<KeyHash>) -> Option<(Vec<u8>, KeyHash)> {
	let mut from = prefix.to_vec();
	if let Some(hash) = after {
		from.extend(hash);
		// Behind every key that begins with this hash: none is as long.
		from.extend([u8::MAX; 128]);
	}
	let key = sp_io::storage::next_key(&from).filter(|key| key.starts_with(prefix))?;
	let hash = key.get(prefix.len()..)?.get(..16)?.try_into().ok()?;
	Some((key, hash))
}
