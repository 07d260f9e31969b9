//! When a node should register: spread over the session, so that not all nodes do so at once.

use crate::{Config, CurrentSession, Pallet};
use codec::Encode;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::KxPublic;
use sp_runtime::{
	traits::{Saturating, Zero},
	SaturatedConversion,
};

impl<T: Config> Pallet<T> {
	/// Should a node with this key-exchange key register on top of block `now`?
	///
	/// Between the slack at the session's beginning and the slack at its end, each block is drawn with a chance of 1 in
	/// r, where r is the number of blocks left. So every block is equally likely, and the draws adapt if the session's
	/// estimated end moves. The draw is a hash of the block number and the key: it is the same however often it is
	/// asked for, and nobody can foresee it who does not know the key yet.
	pub(super) fn is_time_to_register(now: BlockNumberFor<T>, kx_public: &KxPublic) -> bool {
		// The proofs sign the hash of block 0, which the state of block 0 does not know.
		if now.is_zero() {
			return false;
		}
		let elapsed = now.saturating_sub(CurrentSession::<T>::get().started_at);
		if elapsed < T::NumRegisterStartSlackBlocks::get() {
			return false;
		}
		let Some(next_start) = Self::estimate_next_start(now) else {
			// The session's end is overdue, or cannot be predicted.
			return true;
		};
		let blocks_left = next_start.saturating_sub(now).saturating_sub(T::NumRegisterEndSlackBlocks::get());
		if blocks_left.is_zero() {
			return true;
		}
		let [a, b, c, d, e, f, g, h] = sp_io::hashing::twox_64(&(now, kx_public).encode());
		// The bias is below r / 2^64.
		u64::from_le_bytes([a, b, c, d, e, f, g, h]) % blocks_left.saturated_into::<u64>() == 0
	}
}
