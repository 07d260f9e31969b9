//! Removes what sessions that are over have left behind.
//!
//! Nothing depends on it: a session's list is as long as its [`Roster`](crate::Roster) says, and what belongs to other
//! sessions is never read. So it need not be quick. A bounded number of keys is removed in the idle time of each block.
//! On a chain whose blocks are never idle, anybody may call [`prune`](crate::Call::prune). If neither happens, the state
//! grows with every session, which is said when the next one begins.

use crate::{
	Candidacies, Config, CurrentSession, Error, Event, KxPublics, Mixnodes, NextToPrune, Pallet, PeerIds, WeightInfo,
	LOG_TARGET, MANY_SESSIONS_TO_PRUNE, MAX_PRUNED_AT_ONCE, MIN_PRUNED_FOR_FREE,
};
use alloc::vec::Vec;
use frame_support::{
	dispatch::{DispatchResultWithPostInfo, Pays, PostDispatchInfo},
	storage::StorageDoubleMap,
	weights::{Weight, WeightMeter},
};
use mixnet_primitives::SessionIndex;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_prune(keys: u32) -> DispatchResultWithPostInfo {
		// That nothing was removed is no error: a failed call would not get past a session that has left nothing.
		let removed = Self::prune_some(keys).ok_or(Error::<T>::NothingToPrune)?;
		Self::deposit_event(Event::Pruned { keys: removed });
		let is_free = removed == keys && removed >= MIN_PRUNED_FOR_FREE;
		Ok(PostDispatchInfo {
			actual_weight: Some(T::WeightInfo::prune(removed)),
			pays_fee: if is_free { Pays::No } else { Pays::Yes },
		})
	}

	/// Removes up to `limit` keys of the oldest session that is over and not pruned yet, and at most
	/// [`MAX_PRUNED_AT_ONCE`]. Returns how many; `None` if there is no such session.
	///
	/// If fewer than that are left of the session, all of it is pruned, and the next one is the oldest.
	fn prune_some(limit: u32) -> Option<u32> {
		let limit = limit.min(MAX_PRUNED_AT_ONCE);
		let session_index = NextToPrune::<T>::get();
		// The previous session's list is still needed.
		if limit == 0 || session_index.saturating_add(1) >= CurrentSession::<T>::get().index {
			return None;
		}
		let mut left = limit;
		remove_some::<_, _, _, Mixnodes<T>>(session_index, &mut left);
		remove_some::<_, _, _, Candidacies<T>>(session_index, &mut left);
		remove_some::<_, _, _, KxPublics<T>>(session_index, &mut left);
		remove_some::<_, _, _, PeerIds<T>>(session_index, &mut left);
		if left > 0 {
			// Nothing is left of the session.
			NextToPrune::<T>::put(session_index.saturating_add(1));
		}
		let removed = limit.saturating_sub(left);
		log::trace!(target: LOG_TARGET, "Pruned {removed} keys of session {session_index}");
		Some(removed)
	}

	/// Says so if pruning falls behind, as session `current` begins.
	pub(crate) fn report_pruning(current: SessionIndex) {
		// The previous session is not over.
		let sessions = current.saturating_sub(1).saturating_sub(NextToPrune::<T>::get());
		if sessions >= MANY_SESSIONS_TO_PRUNE {
			log::warn!(
				target: LOG_TARGET,
				"{sessions} sessions are over and not pruned: the state grows with every session. Leave more weight idle \
				 in blocks, or call mixnet.prune.",
			);
			Self::deposit_event(Event::PruningBehind { sessions });
		}
	}

	/// Prunes as much as fits into `weight`. Returns the weight that it took.
	pub(crate) fn prune_within(weight: Weight) -> Weight {
		let mut meter = WeightMeter::with_limit(weight);
		if meter.try_consume(T::WeightInfo::prune(0)).is_err() {
			return Weight::zero();
		}
		if NextToPrune::<T>::get().saturating_add(1) >= CurrentSession::<T>::get().index {
			return meter.consumed();
		}
		let per_key = T::WeightInfo::prune(1).saturating_sub(T::WeightInfo::prune(0));
		let limit = meter
			.remaining()
			.checked_div_per_component(&per_key)
			.map_or(MAX_PRUNED_AT_ONCE, |keys| keys.min(MAX_PRUNED_AT_ONCE.into()) as u32);
		let removed = Self::prune_some(limit).unwrap_or_default();
		meter.consume(per_key.saturating_mul(removed.into()));
		meter.consumed()
	}
}

/// Removes up to `left` of a session's keys from a map, and subtracts their number from `left`.
fn remove_some<K2, V, Q, Map>(session_index: SessionIndex, left: &mut u32)
where
	K2: codec::FullCodec,
	V: codec::FullCodec,
	Map:
		StorageDoubleMap<SessionIndex, K2, V, Query = Q> + frame_support::IterableStorageDoubleMap<SessionIndex, K2, V>,
{
	// The keys are collected first. The iterator finds each key by the one before, which must still be there.
	let keys: Vec<_> = Map::iter_key_prefix(session_index).take(*left as usize).collect();
	*left = left.saturating_sub(keys.len() as u32);
	for key in keys {
		Map::remove(session_index, key);
	}
}
