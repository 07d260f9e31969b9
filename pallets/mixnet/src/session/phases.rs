//! The phase of the current session, and when the next phase and the next session begin.

use crate::{Config, CurrentSession, Pallet};
use frame_support::traits::{EstimateNextSessionRotation, Get};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{SessionForecast, SessionPhase, SessionStatus};
use sp_runtime::traits::Saturating;

impl<T: Config> Pallet<T> {
	/// The current session and its phase.
	pub fn session_status() -> SessionStatus {
		let session = CurrentSession::<T>::get();
		let elapsed = frame_system::Pallet::<T>::block_number().saturating_sub(session.started_at);
		SessionStatus { current_index: session.index, phase: Self::phase_after(elapsed) }
	}

	/// When the next phase and the next session are expected to begin.
	pub fn session_forecast() -> SessionForecast<BlockNumberFor<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		let started_at = CurrentSession::<T>::get().started_at;
		let requests_to_current = started_at.saturating_add(T::NumCoverToCurrentBlocks::get());
		let cover_to_prev = requests_to_current.saturating_add(T::NumRequestsToCurrentBlocks::get());
		let disconnect_from_prev = cover_to_prev.saturating_add(T::NumCoverToPrevBlocks::get());
		// Phases may be empty. Of those that begin at the same time, the last one counts.
		let next_phase = [
			(SessionPhase::RequestsToCurrent, requests_to_current),
			(SessionPhase::CoverToPrev, cover_to_prev),
			(SessionPhase::DisconnectFromPrev, disconnect_from_prev),
		]
		.into_iter()
		.filter(|(_, begins)| *begins > now)
		.reduce(|first, other| if other.1 == first.1 { other } else { first });
		SessionForecast { next_phase, next_session: Self::estimate_next_start(now) }
	}

	/// The block in which the next session is expected to begin; `None` if that cannot be told.
	pub(crate) fn estimate_next_start(now: BlockNumberFor<T>) -> Option<BlockNumberFor<T>> {
		let (next_rotation, _weight) = T::NextSessionRotation::estimate_next_session_rotation(now);
		let further_rotations =
			T::SessionsPerMixnetSession::get().saturating_sub(CurrentSession::<T>::get().rotations).saturating_sub(1);
		let further_blocks = T::NextSessionRotation::average_session_length().saturating_mul(further_rotations.into());
		Some(next_rotation?.saturating_add(further_blocks))
	}

	/// The phase of a session that began `elapsed` blocks ago. A session begins with its first phase that is not empty.
	fn phase_after(elapsed: BlockNumberFor<T>) -> SessionPhase {
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
}
