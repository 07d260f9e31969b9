//! Removing what sessions that are over have left behind.
//!
//! Nothing depends on it: a session's list is as long as its [`Roster`](crate::Roster) says, and what belongs to other sessions
//! is not looked at. So it takes its time: a bounded number of keys in the idle time of each block, and by
//! [`prune`](crate::Call::prune), which anybody may call, where blocks are never idle.

use crate::{
	Candidacies, Config, CurrentSession, KxPublics, Mixnodes, NextToPrune, Pallet, PeerIds, WeightInfo, LOG_TARGET,
};
use frame_support::{
	storage::StorageDoubleMap,
	weights::{Weight, WeightMeter},
};
use mixnet_primitives::SessionIndex;

/// Most keys that are removed in one go.
pub const MAX_PRUNED_AT_ONCE: u32 = 256;

/// Fewest keys that [`prune`](crate::Call::prune) must remove to be free. If single keys were free to remove, one could fill
/// blocks with such calls for nothing.
pub const MIN_PRUNED_FOR_FREE: u32 = 64;

impl<T: Config> Pallet<T> {
	/// Removes up to `limit` keys of sessions that are over, the oldest first. Returns how many; `None` if there is nothing
	/// to do. To find that a session has left nothing, and to pass on to the next one, is something to do.
	///
	/// One session is dealt with at a time, and no more than [`MAX_PRUNED_AT_ONCE`] keys.
	pub(crate) fn prune_some(limit: u32) -> Option<u32> {
		let limit = limit.min(MAX_PRUNED_AT_ONCE);
		let session_index = NextToPrune::<T>::get();
		// The previous session's list is still wanted.
		if limit == 0 || session_index.saturating_add(1) >= CurrentSession::<T>::get().index {
			return None;
		}
		let mut left = limit;
		remove_some::<_, _, _, Mixnodes<T>>(session_index, &mut left);
		remove_some::<_, _, _, Candidacies<T>>(session_index, &mut left);
		remove_some::<_, _, _, KxPublics<T>>(session_index, &mut left);
		remove_some::<_, _, _, PeerIds<T>>(session_index, &mut left);
		if left > 0 {
			// Nothing is left of it.
			NextToPrune::<T>::put(session_index.saturating_add(1));
		}
		let removed = limit.saturating_sub(left);
		log::trace!(target: LOG_TARGET, "Pruned {removed} keys of session {session_index}");
		Some(removed)
	}

	/// Prunes as much as fits into `weight`; returns the weight that it took.
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

/// Removes up to `left` of a session's keys from a map, and counts down.
fn remove_some<K2, V, Q, Map>(session_index: SessionIndex, left: &mut u32)
where
	K2: codec::FullCodec,
	V: codec::FullCodec,
	Map:
		StorageDoubleMap<SessionIndex, K2, V, Query = Q> + frame_support::IterableStorageDoubleMap<SessionIndex, K2, V>,
{
	// Collected first: the iterator asks for the key behind one that it would not find any more.
	let keys: alloc::vec::Vec<_> = Map::iter_key_prefix(session_index).take(*left as usize).collect();
	*left = left.saturating_sub(keys.len() as u32);
	for key in keys {
		Map::remove(session_index, key);
	}
}
