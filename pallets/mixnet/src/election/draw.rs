//! The uniform number that a candidate draws.

use super::policy::{Candidate, Seed};
use codec::Encode;

/// The domain of draws: separates them from everything else that may be hashed with a seed.
pub(super) const DRAW_DOMAIN: &[u8; 18] = b"mixnet/election/v2";

/// Draws a candidate's number: uniform over all of u128, independent of every other candidate's and of every other
/// session's. `None` for a candidate without seed.
///
/// It is the BLAKE2b-128 hash, read as a little-endian number, of
///
/// | bytes  | field                    |
/// |--------|--------------------------|
/// | 0..18  | [`DRAW_DOMAIN`]          |
/// | 18..50 | seed                     |
/// | 50..54 | session index, u32 in LE |
/// | 54..   | the account, in SCALE    |
///
/// Weight and class are left out, so that a change of either does not draw again. The session is included: if the
/// source of randomness stands still, the same mixnodes are not elected for ever.
pub(super) fn draw<AccountId: Encode>(candidate: &Candidate<AccountId>) -> Option<u128> {
	let Seed(seed) = candidate.seed?;
	let hash =
		(DRAW_DOMAIN, seed, candidate.session_index, &candidate.account).using_encoded(sp_io::hashing::blake2_128);
	Some(u128::from_le_bytes(hash))
}
