//! What must hold of a runtime's constants, and of the storage after every block.

use crate::{Config, MIXNODE_INDEX_LIMIT};
use frame_support::traits::{EstimateNextSessionRotation, Get};
use sp_runtime::traits::{Saturating, Zero};

#[cfg(any(test, feature = "try-runtime"))]
use {
	crate::{
		CurrentSession, KxPublics, MixnodeIndex, Mixnodes, NextAuthorities, NextRegistered, NextToPrune, Pallet,
		PeerIds, Registrants,
	},
	frame_support::ensure,
	mixnet_primitives::SessionIndex,
	sp_runtime::TryRuntimeError,
};

/// Checks the constants of a runtime.
///
/// # Panics
/// If they do not go together, with the reason.
pub(crate) fn check_config<T: Config>() {
	let (min, max) = (T::MinMixnodes::get(), T::MaxMixnodes::get());
	assert!(min >= 1, "MinMixnodes must be at least 1: a session without mixnodes has to rest");
	assert!(min <= max, "MinMixnodes ({min}) is above MaxMixnodes ({max}): the mixnet would always rest");
	assert!(
		max <= MIXNODE_INDEX_LIMIT,
		"MaxMixnodes ({max}) is above {MIXNODE_INDEX_LIMIT}: packets cannot address that many"
	);
	let authorities = T::MaxAuthorities::get();
	assert!(
		authorities >= min,
		"MaxAuthorities ({authorities}) is below MinMixnodes ({min}): the mixnet would always rest, since an authority \
		 registers one mixnode"
	);
	let sessions = T::SessionsPerMixnetSession::get();
	assert!(sessions >= 1, "SessionsPerMixnetSession must be at least 1: sessions begin with pallet-session's");

	let length = T::NextSessionRotation::average_session_length().saturating_mul(sessions.into());
	if length.is_zero() {
		// Not known beforehand.
		return;
	}
	let phases = T::NumCoverToCurrentBlocks::get()
		.saturating_add(T::NumRequestsToCurrentBlocks::get())
		.saturating_add(T::NumCoverToPrevBlocks::get());
	assert!(
		phases < length,
		"the first three phases take {phases:?} blocks, which leaves none of a session's {length:?} to the fourth: \
		 keys would never be destroyed in time"
	);
	let slack = T::NumRegisterStartSlackBlocks::get().saturating_add(T::NumRegisterEndSlackBlocks::get());
	assert!(
		slack < length,
		"the slack at the two ends takes {slack:?} blocks, which leaves none of a session's {length:?} to register in"
	);
}

#[cfg(any(test, feature = "try-runtime"))]
impl<T: Config> Pallet<T> {
	/// Checks what must hold between blocks:
	///
	/// 1. The next authorities are in ascending order, so that they can be searched, and each is there once.
	/// 2. The current session has not begun in the future, and is not overdue.
	/// 3. The lists of the previous, the current and the next session have exactly as many mixnodes as their rosters
	///    say, without gaps and not more than allowed; each can be used; and no two have the same registrant, key or
	///    peer ID.
	/// 4. Nothing is stored for any later session, nor before the place where pruning goes on; nor more than three full
	///    sessions' mixnodes from there to the previous session.
	/// 5. Registrants, keys and peer IDs lead to their mixnodes, and to nothing else.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let authorities = NextAuthorities::<T>::get();
		ensure!(authorities.windows(2).all(|pair| pair[0] < pair[1]), "next authorities are not in ascending order");

		let session = CurrentSession::<T>::get();
		ensure!(session.started_at <= frame_system::Pallet::<T>::block_number(), "the session began in the future");
		ensure!(session.rotations < T::SessionsPerMixnetSession::get().max(1), "the session should have ended");

		let next_index = session.index.saturating_add(1);
		let next_registered = NextRegistered::<T>::get();
		ensure!(next_registered <= T::MaxMixnodes::get(), "too many mixnodes are registered");
		Self::check_list(next_index, next_registered)?;
		Self::check_list(session.index, session.current.registered)?;
		match session.index.checked_sub(1) {
			Some(index) => Self::check_list(index, session.previous.registered)?,
			None => ensure!(session.previous.registered == 0, "there was no session before session 0"),
		}

		let cursor = NextToPrune::<T>::get();
		let mut entries = 0;
		let mut stale = 0;
		for (session_index, mixnode_index, registered) in Mixnodes::<T>::iter() {
			ensure!(session_index <= next_index, "a mixnode is registered too early");
			let place = (session_index, mixnode_index);
			ensure!(place >= (cursor.session_index, cursor.mixnode_index), "pruning has left a mixnode behind");
			if session_index.saturating_add(1) < session.index {
				stale += 1;
			}
			entries += 1;
			if let Some(registrant) = &registered.registrant {
				ensure!(Registrants::<T>::get(session_index, registrant) == Some(mixnode_index), "registrant is lost");
			}
			let mixnode = registered.mixnode;
			ensure!(KxPublics::<T>::get(session_index, mixnode.kx_public) == Some(mixnode_index), "key is lost");
			ensure!(PeerIds::<T>::get(session_index, mixnode.peer_id) == Some(mixnode_index), "peer ID is lost");
		}
		ensure!(stale <= T::MaxMixnodes::get().saturating_mul(3), "pruning does not keep up");

		// Each mixnode leads to one entry of its own, so if there are as many entries, there are no others.
		ensure!(KxPublics::<T>::iter_keys().count() == entries, "a key leads nowhere");
		ensure!(PeerIds::<T>::iter_keys().count() == entries, "a peer ID leads nowhere");
		for (session_index, registrant, mixnode_index) in Registrants::<T>::iter() {
			let registered = Mixnodes::<T>::get(session_index, mixnode_index);
			ensure!(
				registered.is_some_and(|registered| registered.registrant == Some(registrant)),
				"a registrant leads nowhere"
			);
		}
		Ok(())
	}

	/// Checks that a session's list has `count` mixnodes, without gaps, all of which can be used.
	fn check_list(session_index: SessionIndex, count: u32) -> Result<(), TryRuntimeError> {
		ensure!(Mixnodes::<T>::iter_prefix(session_index).count() == count as usize, "list and roster differ");
		for index in 0..count as MixnodeIndex {
			let registered = Mixnodes::<T>::get(session_index, index).ok_or("a list has a gap")?;
			ensure!(Self::check_mixnode(&registered.mixnode).is_ok(), "a mixnode cannot be used");
		}
		Ok(())
	}
}
