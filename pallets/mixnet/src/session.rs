//! Rotation, phases, and when the session will end.
//!
//! pallet-session tells us of its rotations through [`OneSessionHandler`]. Every one brings the authorities that may
//! register from then on; every k-th one begins a session of the mixnet. Neither touches the mixnodes themselves, so
//! rotation costs the same whatever their number.

use crate::{
	AuthorityId, Config, CurrentSession, Event, MixnodeIndex, NextAuthorities, NextRegistered, Pallet, Roster, Session,
	LOG_TARGET,
};
use alloc::vec::Vec;
use frame_support::{
	traits::{EstimateNextSessionRotation, Get, OneSessionHandler},
	BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{Mixnode, MixnodesError, SessionPhase, SessionStatus};
use sp_runtime::{
	traits::{Saturating, Zero},
	BoundToRuntimeAppPublic,
};

/// Session 0, with `registered` mixnodes.
pub(crate) fn first_session<T: Config>(registered: u32) -> Session<BlockNumberFor<T>> {
	let required = T::MinMixnodes::get();
	Session {
		index: 0,
		started_at: Zero::zero(),
		rotations: 0,
		current: Roster { registered, required },
		previous: Roster { registered: 0, required },
	}
}

/// The phase of a session that began `elapsed` blocks ago. Its first block is in the first phase that is not empty.
pub(crate) fn phase_after<T: Config>(elapsed: BlockNumberFor<T>) -> SessionPhase {
	let requests_to_current = T::NumCoverToCurrentBlocks::get();
	let cover_to_prev = requests_to_current.saturating_add(T::NumRequestsToCurrentBlocks::get());
	let disconnect_from_prev = cover_to_prev.saturating_add(T::NumCoverToPrevBlocks::get());
	if elapsed < requests_to_current {
		SessionPhase::CoverToCurrent
	} else if elapsed < cover_to_prev {
		SessionPhase::RequestsToCurrent
	} else if elapsed < disconnect_from_prev {
		SessionPhase::CoverToPrev
	} else {
		SessionPhase::DisconnectFromPrev
	}
}

impl<T: Config> Pallet<T> {
	/// The current session and its phase.
	pub fn session_status() -> SessionStatus {
		let session = CurrentSession::<T>::get();
		let elapsed = frame_system::Pallet::<T>::block_number().saturating_sub(session.started_at);
		SessionStatus { current_index: session.index, phase: phase_after::<T>(elapsed) }
	}

	/// The mixnodes of the previous session, in the order of their indices.
	///
	/// ## Errors
	/// The mixnet rested during that session; or there was none before session 0, which is answered in the same way.
	pub fn prev_mixnodes() -> Result<Vec<Mixnode>, MixnodesError> {
		let session = CurrentSession::<T>::get();
		session.previous.check()?;
		// `required` is at least 1, so that the check fails in session 0, for which nobody registered before it.
		Ok(Self::list(session.index.saturating_sub(1), session.previous.registered))
	}

	/// The mixnodes of the current session, in the order of their indices.
	///
	/// ## Errors
	/// The mixnet rests during this session.
	pub fn current_mixnodes() -> Result<Vec<Mixnode>, MixnodesError> {
		let session = CurrentSession::<T>::get();
		session.current.check()?;
		Ok(Self::list(session.index, session.current.registered))
	}

	/// The block in which the next session is expected to begin; `None` if there is no telling.
	pub(crate) fn estimate_next_start(now: BlockNumberFor<T>) -> Option<BlockNumberFor<T>> {
		let (next_rotation, _weight) = T::NextSessionRotation::estimate_next_session_rotation(now);
		let further_rotations =
			T::SessionsPerMixnetSession::get().saturating_sub(CurrentSession::<T>::get().rotations).saturating_sub(1);
		let further_blocks = T::NextSessionRotation::average_session_length().saturating_mul(further_rotations.into());
		Some(next_rotation?.saturating_add(further_blocks))
	}

	/// Begins session 0.
	///
	/// # Panics
	/// If the chain specification is wrong about `mixnodes`.
	pub(crate) fn begin_at_genesis(mixnodes: &[Mixnode]) {
		let max = T::MaxMixnodes::get();
		assert!(
			mixnodes.len() <= max as usize,
			"genesis names {} mixnodes, a session has at most {max}",
			mixnodes.len()
		);
		for (index, mixnode) in mixnodes.iter().enumerate() {
			Self::add_at_genesis(index as MixnodeIndex, mixnode);
		}
		CurrentSession::<T>::put(first_session::<T>(mixnodes.len() as u32));
	}

	/// Counts a rotation of pallet-session, and begins the next session if it is time.
	fn note_rotation() {
		let mut session = CurrentSession::<T>::get();
		session.rotations.saturating_inc();
		if session.rotations >= T::SessionsPerMixnetSession::get() {
			session = Self::begin_next(session);
		}
		CurrentSession::<T>::put(session);
		// One step for every rotation and one for every registration keeps up: see the pruning.
		Self::prune_step();
	}

	/// The session that follows `ended`. From here on its roster is fixed.
	fn begin_next(ended: Session<BlockNumberFor<T>>) -> Session<BlockNumberFor<T>> {
		let current = Roster { registered: NextRegistered::<T>::take(), required: T::MinMixnodes::get() };
		let session = Session {
			// 2^32 sessions of a minute take 8000 years.
			index: ended.index.saturating_add(1),
			started_at: frame_system::Pallet::<T>::block_number(),
			rotations: 0,
			current,
			previous: ended.current,
		};
		Self::deposit_event(match current.check() {
			Ok(()) => Event::SessionStarted { session_index: session.index, mixnodes: current.registered },
			Err(MixnodesError::InsufficientRegistrations { num, min }) => {
				Event::SessionResting { session_index: session.index, registered: num, required: min }
			},
		});
		session
	}

	/// Replaces the authorities that may register.
	fn set_next_authorities(authorities: impl Iterator<Item = AuthorityId>) {
		let mut authorities: Vec<_> = authorities.collect();
		let (count, max) = (authorities.len(), T::MaxAuthorities::get());
		if count > max as usize {
			// No reason to stop the chain's sessions, but one to wake somebody.
			log::error!(
				target: LOG_TARGET,
				"{count} authorities are queued, but MaxAuthorities is {max}: the others cannot register mixnodes",
			);
			authorities.truncate(max as usize);
		}
		authorities.sort_unstable();
		authorities.dedup();
		NextAuthorities::<T>::put(BoundedVec::truncate_from(authorities));
	}
}

impl<T: Config> BoundToRuntimeAppPublic for Pallet<T> {
	type Public = AuthorityId;
}

impl<T: Config> OneSessionHandler<T::AccountId> for Pallet<T> {
	type Key = AuthorityId;

	fn on_genesis_session<'a, I>(validators: I)
	where
		I: Iterator<Item = (&'a T::AccountId, AuthorityId)> + 'a,
	{
		// pallet-session promises that these are also the authorities of its second session.
		Self::set_next_authorities(validators.map(|(_, authority)| authority));
	}

	fn on_new_session<'a, I>(_changed: bool, _validators: I, queued_validators: I)
	where
		I: Iterator<Item = (&'a T::AccountId, AuthorityId)> + 'a,
	{
		// `changed` is no reason to skip this: it speaks of the validators whose session begins, while those whose keys
		// we want have just been queued behind them.
		Self::set_next_authorities(queued_validators.map(|(_, authority)| authority));
		Self::note_rotation();
	}

	fn on_disabled(_validator_index: u32) {
		// A list does not change once its session has begun; and who is disabled in this session may mix in the next.
	}
}
