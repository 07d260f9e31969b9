//! When a node should register: spread over the session, so that not all nodes do so at once.
//!
//! Each key has a point between 0 and 1 in each session. Its turn comes when as large a part of the session's window has
//! passed. The window is what the slack at the session's two ends leaves.
//!
//! The window is measured in blocks, as the slack is. But how many blocks a session will have cannot be known: BABE's
//! sessions last for a number of slots, and any number of them may stay empty. So the session is taken to go on at the
//! pace that it has had so far: one that has reached half its length after 100 blocks will have 200. An estimate of the
//! blocks that are left, as BABE gives it, takes every slot for a block. Nodes that went by it would have many of their
//! turns too late.
//!
//! If blocks come faster than before, the window becomes longer, and who has not registered yet may have to wait again.

use crate::{Config, CurrentSession, Pallet, Session};
use codec::Encode;
use frame_support::traits::{EstimateNextSessionRotation, Get};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{KxPublic, SessionIndex};
use sp_runtime::{
	traits::{Saturating, Zero},
	PerThing, Perbill, Permill, SaturatedConversion,
};

/// How many blocks at a session's beginning and end are kept free of turns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slack {
	pub start: u64,
	pub end: u64,
}

/// The part of all keys whose turn has come, `elapsed` blocks after the one that began the session. `progress` is how
/// much of the session has passed with the present block, if that is known.
pub(crate) fn share_due(elapsed: u64, progress: Option<Perbill>, slack: Slack) -> Perbill {
	if elapsed < slack.start {
		return Perbill::zero();
	}
	// If nobody knows when the session ends, it may be soon.
	let Some(progress) = progress.filter(|progress| !progress.is_zero()) else { return Perbill::one() };
	let blocks_so_far = elapsed.saturating_add(1);
	// At this pace. Rounded to the nearest number, because the progress itself is rounded.
	let blocks_in_all = progress.saturating_reciprocal_mul(blocks_so_far);
	let window = blocks_in_all.saturating_sub(slack.start).saturating_sub(slack.end);
	if window.is_zero() {
		return Perbill::one();
	}
	Perbill::from_rational(blocks_so_far.saturating_sub(slack.start), window)
}

/// The point of a key in the session that runs: uniform between 0 and 1, without 1. The same however often it is asked
/// for, and nobody can foresee it who does not know the key yet.
pub(crate) fn point(session_index: SessionIndex, kx_public: &KxPublic) -> Perbill {
	let hash = u64::from_le_bytes(sp_io::hashing::twox_64(&(session_index, kx_public).encode()));
	// The bias is below 10^9 / 2^64.
	let parts = hash % u64::from(Perbill::ACCURACY);
	Perbill::from_parts(parts.saturated_into())
}

impl<T: Config> Pallet<T> {
	/// Should a node with this key-exchange key register on top of block `now`?
	pub(super) fn is_time_to_register(now: BlockNumberFor<T>, kx_public: &KxPublic) -> bool {
		// The proofs sign the hash of block 0, which the state of block 0 does not know.
		if now.is_zero() {
			return false;
		}
		let session = CurrentSession::<T>::get();
		let slack = Slack {
			start: T::NumRegisterStartSlackBlocks::get().saturated_into(),
			end: T::NumRegisterEndSlackBlocks::get().saturated_into(),
		};
		let elapsed = now.saturating_sub(session.started_at).saturated_into();
		point(session.index, kx_public) < share_due(elapsed, Self::progress(now, &session), slack)
	}

	/// How much of the session has passed with block `now`; `None` if that cannot be told.
	fn progress(now: BlockNumberFor<T>, session: &Session<BlockNumberFor<T>>) -> Option<Perbill> {
		let (since_rotation, _weight) = T::NextSessionRotation::estimate_current_session_progress(now);
		let accuracy = u64::from(Permill::ACCURACY);
		let passed =
			u64::from(session.rotations).saturating_mul(accuracy).saturating_add(since_rotation?.deconstruct().into());
		let all = u64::from(session.length).saturating_mul(accuracy);
		Some(Perbill::from_rational(passed, all))
	}
}
