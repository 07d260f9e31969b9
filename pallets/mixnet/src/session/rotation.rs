//! Begins the next session when pallet-session's rotations have made it due.

use crate::{
	ranked_set::{RankedSet, SetId},
	Config, CurrentSession, Event, NextElection, Pallet, Roster, Rotation, Session, SessionsParameters,
};
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{MixnodesError, SessionIndex};

impl<T: Config> Pallet<T> {
	/// The session that registrations are for.
	pub(crate) fn next_session_index() -> SessionIndex {
		CurrentSession::<T>::get().index.saturating_add(1)
	}

	/// Begins the session that follows the current one. From now on its roster is fixed. `before` is the rotation before
	/// the one with which it begins.
	pub(super) fn begin_next_session(before: Rotation<BlockNumberFor<T>>) {
		let ended = CurrentSession::<T>::get();
		let parameters = SessionsParameters::<T>::mutate(|parameters| {
			parameters.previous = parameters.current;
			parameters.current = parameters.next;
			parameters.current
		});
		let elected = NextElection::<T>::get().elected;
		let session = Session {
			// 2^32 sessions of a minute take 8000 years.
			index: ended.index.saturating_add(1),
			started_at: frame_system::Pallet::<T>::block_number(),
			rotations: 0,
			length: Self::session_length(),
			phases: Self::phase_lengths(),
			current: Roster { registered: elected, required: parameters.min_mixnodes },
			previous: ended.current,
			last_rotation: ended.last_rotation,
		};
		RankedSet::<T>::clear(SetId::Elected);
		RankedSet::<T>::clear(SetId::Standby);
		NextElection::<T>::put(Self::new_election(session.index.saturating_add(1), before));
		Self::deposit_event(match session.current.check() {
			Ok(()) => Event::SessionStarted { session_index: session.index, mixnodes: elected },
			Err(MixnodesError::InsufficientRegistrations { num, min }) => {
				Event::SessionResting { session_index: session.index, registered: num, required: min }
			},
		});
		CurrentSession::<T>::put(session);
	}

	/// After how many rotations a session ends that begins now.
	pub(super) fn session_length() -> u32 {
		T::SessionsPerMixnetSession::get().max(1)
	}
}
