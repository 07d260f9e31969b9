//! The sessions' lists of mixnodes.
//!
//! A list grows by registration while the session before it runs; it is read while its session is the current or the
//! previous one; then it is pruned. A list is as long as its session's [`Roster`](crate::Roster) says, so entries left
//! behind do no harm.
//!
//! Pruning takes one step for every registration and one for every rotation of pallet-session. A list of n mixnodes
//! needs n + 1 steps, n of them to remove its mixnodes and one to pass on to the next list. Filling it made n + 1 steps,
//! too, n registrations and a rotation; so pruning keeps up: what waits for it is never more than three full sessions'.

use crate::{
	AuthorityId, BoundedMixnodeFor, Config, CurrentSession, Event, KxPublics, MixnodeIndex, Mixnodes, NextRegistered,
	NextToPrune, Pallet, PeerIds, PruneCursor, RegisteredMixnode, RegisteredMixnodeFor, Registrants, Registration,
	RegistrationFor,
};
use alloc::vec::Vec;
use mixnet_primitives::{Mixnode, SessionIndex};
use sp_runtime::traits::Saturating;

impl<T: Config> Pallet<T> {
	/// The first `count` mixnodes of a session's list, which must be as long.
	pub(crate) fn list(session_index: SessionIndex, count: u32) -> Vec<Mixnode> {
		(0..count)
			.map(|index| {
				Mixnodes::<T>::get(session_index, index)
					.expect(
						"a list has no gaps, and is pruned only once its session is neither current nor previous; qed",
					)
					.mixnode
					.into()
			})
			.collect()
	}

	/// Appends the mixnode of a registration that was checked.
	pub(crate) fn add_registered(registration: RegistrationFor<T>) {
		let Registration { session_index, registrant, mixnode } = registration;
		let mixnode_index = NextRegistered::<T>::mutate(|count| {
			let index = *count;
			// No overflow: below `MaxMixnodes`, as was checked.
			count.saturating_inc();
			index
		});
		Registrants::<T>::insert(session_index, &registrant, mixnode_index);
		Self::insert(session_index, mixnode_index, Some(registrant.clone()), mixnode);
		Self::prune_step();
		Self::deposit_event(Event::MixnodeRegistered { session_index, mixnode_index, registrant });
	}

	/// Puts a mixnode into the list of session 0.
	///
	/// # Panics
	/// If it could not have been registered.
	pub(crate) fn add_at_genesis(mixnode_index: MixnodeIndex, mixnode: &Mixnode) {
		let mixnode = BoundedMixnodeFor::<T>::try_from(mixnode.clone())
			.unwrap_or_else(|error| panic!("genesis mixnode {mixnode_index} is out of bounds: {error}"));
		if let Err(error) = Self::check_mixnode(&mixnode) {
			panic!("genesis mixnode {mixnode_index} cannot be used: {error:?}");
		}
		if let Err(error) = Self::check_not_taken(0, &mixnode) {
			panic!("genesis mixnode {mixnode_index} has something in common with an earlier one: {error:?}");
		}
		Self::insert(0, mixnode_index, None, mixnode);
	}

	fn insert(
		session_index: SessionIndex,
		mixnode_index: MixnodeIndex,
		registrant: Option<AuthorityId>,
		mixnode: BoundedMixnodeFor<T>,
	) {
		KxPublics::<T>::insert(session_index, mixnode.kx_public, mixnode_index);
		PeerIds::<T>::insert(session_index, mixnode.peer_id, mixnode_index);
		Mixnodes::<T>::insert(session_index, mixnode_index, RegisteredMixnode { registrant, mixnode });
	}

	/// Removes the oldest mixnode that is no longer needed, or passes on to the next list if the oldest one is empty.
	pub(crate) fn prune_step() {
		let PruneCursor { session_index, mixnode_index } = NextToPrune::<T>::get();
		// The previous session's list is still wanted.
		if session_index.saturating_add(1) >= CurrentSession::<T>::get().index {
			return;
		}
		NextToPrune::<T>::put(match Mixnodes::<T>::take(session_index, mixnode_index) {
			Some(registered) => {
				Self::forget(session_index, registered);
				PruneCursor { session_index, mixnode_index: mixnode_index.saturating_add(1) }
			},
			None => PruneCursor { session_index: session_index.saturating_add(1), mixnode_index: 0 },
		});
	}

	/// Removes what leads to a mixnode.
	fn forget(session_index: SessionIndex, registered: RegisteredMixnodeFor<T>) {
		if let Some(registrant) = registered.registrant {
			Registrants::<T>::remove(session_index, registrant);
		}
		KxPublics::<T>::remove(session_index, registered.mixnode.kx_public);
		PeerIds::<T>::remove(session_index, registered.mixnode.peer_id);
	}
}
