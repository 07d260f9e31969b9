//! The phase of the current session, and when the next phase and the next session begin.

use crate::{Config, CurrentSession, Pallet, PhaseLengths, Session};
use frame_support::traits::{EstimateNextSessionRotation, Get};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{SessionForecast, SessionPhase, SessionStatus};
use sp_runtime::traits::Saturating;

impl<T: Config> Pallet<T> {
	/// The current session and its phase.
	pub fn session_status() -> SessionStatus {
		let session = CurrentSession::<T>::get();
		let elapsed = frame_system::Pallet::<T>::block_number().saturating_sub(session.started_at);
		SessionStatus { current_index: session.index, phase: session.phases.after(elapsed) }
	}

	/// When the next phase and the next session are expected to begin.
	pub fn session_forecast() -> SessionForecast<BlockNumberFor<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		let Session { started_at, phases, .. } = CurrentSession::<T>::get();
		let [requests_to_current, cover_to_prev, disconnect_from_prev] =
			phases.ends().map(|end| started_at.saturating_add(end));
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
		let session = CurrentSession::<T>::get();
		let further_rotations = session.length.saturating_sub(session.rotations).saturating_sub(1);
		let further_blocks = T::NextSessionRotation::average_session_length().saturating_mul(further_rotations.into());
		Some(next_rotation?.saturating_add(further_blocks))
	}

	/// The lengths of the phases of a session that begins now.
	pub(crate) fn phase_lengths() -> PhaseLengths<BlockNumberFor<T>> {
		PhaseLengths {
			cover_to_current: T::NumCoverToCurrentBlocks::get(),
			requests_to_current: T::NumRequestsToCurrentBlocks::get(),
			cover_to_prev: T::NumCoverToPrevBlocks::get(),
		}
	}
}

impl<BlockNumber: Saturating + PartialOrd + Copy> PhaseLengths<BlockNumber> {
	/// How many blocks after the session's beginning each of the first three phases ends.
	fn ends(&self) -> [BlockNumber; 3] {
		let requests_to_current = self.cover_to_current;
		let cover_to_prev = requests_to_current.saturating_add(self.requests_to_current);
		[requests_to_current, cover_to_prev, cover_to_prev.saturating_add(self.cover_to_prev)]
	}

	/// The phase of a session that began `elapsed` blocks ago. A session begins with its first phase that is not empty.
	fn after(&self, elapsed: BlockNumber) -> SessionPhase {
		let [requests_to_current, cover_to_prev, disconnect_from_prev] = self.ends();
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
