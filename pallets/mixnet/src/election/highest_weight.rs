//! The policy for chains where the greatest stake is to mix.

use super::{
	draw::draw,
	policy::{Candidate, ElectionPolicy, Rank, MAX_WEIGHT},
};
use codec::Encode;

/// The candidates of greatest weight are elected.
///
/// Of equal weights, a draw of 31 bits decides. It is as fair as that of the
/// [`WeightedLottery`](super::WeightedLottery), and registering early has no influence on it. A candidate without seed
/// ranks behind those of its weight that have one, and before all lighter ones. So its account decides nothing, which
/// it may have chosen by the seed.
///
/// The heaviest are elected for certain and for ever. An adversary with enough money can plan on that. The lottery
/// gives the others a share.
///
/// | bits of the rank | meaning                                                                          |
/// |------------------|----------------------------------------------------------------------------------|
/// | 32..128          | [`MAX_WEIGHT`] - weight                                                          |
/// | 0..32            | the draw's upper 31 bits; 2^32 - 1 without seed                                  |
pub struct HighestWeight;

impl<AccountId: Encode> ElectionPolicy<AccountId> for HighestWeight {
	fn rank(candidate: &Candidate<AccountId>) -> Rank {
		let behind = MAX_WEIGHT.saturating_sub(candidate.weight);
		let tie_break = draw(candidate).map_or(u32::MAX.into(), |draw| draw >> 97);
		// No bit is lost: `behind` has 96.
		Rank(behind << 32 | tie_break)
	}
}
