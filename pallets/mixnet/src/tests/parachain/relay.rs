//! The relay chain's randomness, as the randomness of a parachain.
//!
//! The relay chain's BABE renews it once in an epoch. A parachain reads it in each block, in the state of the relay chain
//! that the block is built on (`on_relay_state_proof` of cumulus's `OnSystemEvent`; the key is
//! `ONE_EPOCH_AGO_RANDOMNESS`). Rotations come at the beginning of a block, before that is known. So it is kept.

use super::runtime::System;
use crate::mock::Rng;
use frame_support::{parameter_types, storage_alias, traits::Randomness};
use sp_core::H256;
use sp_io::hashing::blake2_256;

parameter_types! {
	/// Length of the relay chain's epochs, in slots.
	pub static EpochSlots: u64 = 12;
}

// guide: relay randomness
/// For how long some may have known the relay chain's randomness before a block of ours shows it, in blocks.
pub const KNOWN_BEFORE: u64 = 5;

/// The relay chain's randomness, and the block in which it changed to that. It may have been there for long when we
/// first read it, so the first block counts as block 0.
#[storage_alias]
type LastSeen = StorageValue<RelayRandomness, ([u8; 32], u64)>;

pub struct RelayRandomness;

impl RelayRandomness {
	/// To be called in each block, with what the relay chain's state says.
	pub fn note(now_seen: [u8; 32]) {
		match LastSeen::get() {
			Some((last_seen, _)) if last_seen == now_seen => {},
			Some(_) => LastSeen::put((now_seen, System::block_number())),
			None => LastSeen::put((now_seen, 0)),
		}
	}
}

impl Randomness<H256, u64> for RelayRandomness {
	fn random(subject: &[u8]) -> (H256, u64) {
		let (last_seen, changed_in) = LastSeen::get().unwrap_or_default();
		let random = blake2_256(&[subject, &last_seen].concat());
		(random.into(), changed_in.saturating_sub(KNOWN_BEFORE))
	}
}
// guide: end

/// The relay chain's randomness in a slot.
pub fn randomness_in(slot: u64) -> [u8; 32] {
	let mut rng = Rng(slot / EpochSlots::get());
	blake2_256(&rng.next().to_le_bytes())
}
