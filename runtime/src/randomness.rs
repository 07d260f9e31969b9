//! The randomness that elections are seeded from: the outputs of all VRFs of the session that ends.
//!
//! BABE's own sources leave most of them out. pallet-babe stores the outputs of primary slots in segments of 256. When an
//! epoch ends, it hashes the full segments into the randomness, and not the last one. So an epoch with fewer than 256
//! primary slots (1,024 slots, where one in four is primary) usually adds nothing: its randomness is a hash of the one
//! before, which anybody can compute an epoch ahead. A registrant that computes it could choose its key by it.

use crate::{Babe, BlockNumber, Hash, Runtime};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::traits::Randomness;
use pallet_babe::{RandomnessFromOneEpochAgo, UnderConstruction};
use sp_runtime::traits::{BlakeTwo256, Hash as _};

// guide: randomness
/// Randomness from all VRFs of the session that has just ended. To be asked at a rotation, after BABE.
pub struct VrfRandomness;

impl Randomness<Hash, BlockNumber> for VrfRandomness {
	fn random(subject: &[u8]) -> (Hash, BlockNumber) {
		// The outputs in full segments are in here.
		let (full, known_since) = RandomnessFromOneEpochAgo::<Runtime>::random(subject);
		// The others wait for their segments to become full.
		let waiting: Vec<_> = UnderConstruction::<Runtime>::iter_values().collect();
		// The author of the last block has published an output even if the session had no primary slot.
		let last = Babe::author_vrf_randomness();
		((full, waiting, last).using_encoded(BlakeTwo256::hash), known_since)
	}
}
// guide: end
