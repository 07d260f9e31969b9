//! Counts the rotations of pallet-session, and begins the next session when it is due.

use crate::{
	ranked_set::{RankedSet, SetId},
	Config, CurrentSession, Event, NextElection, Pallet, Roster, Rotation, Session, SessionsParameters,
};
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{MixnodesError, SessionIndex};
use sp_runtime::traits::Saturating;

impl<T: Config> Pallet<T> {
	/// The session that registrations are for.
	pub(crate) fn next_session_index() -> SessionIndex {
		CurrentSession::<T>::get().index.saturating_add(1)
	}

	/// Counts a rotation of pallet-session, and begins the next session if it is due. `before` is the rotation before
	/// this one.
	pub(super) fn note_rotation(before: Rotation<BlockNumberFor<T>>) {
		let mut session = CurrentSession::<T>::get();
		session.rotations.saturating_inc();
		if session.rotations >= T::SessionsPerMixnetSession::get() {
			session = Self::begin_next(session, before);
		}
		CurrentSession::<T>::put(session);
	}

	/// Begins the session that follows `ended`. From now on its roster is fixed. `before` is the rotation before this
	/// one.
	fn begin_next(
		ended: Session<BlockNumberFor<T>>,
		before: Rotation<BlockNumberFor<T>>,
	) -> Session<BlockNumberFor<T>> {
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
			current: Roster { registered: elected, required: parameters.min_mixnodes },
			previous: ended.current,
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
		Self::report_pruning(session.index);
		session
	}
}
