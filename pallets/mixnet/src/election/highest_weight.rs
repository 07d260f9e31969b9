//! The policy for chains where the greatest stake is to mix.

use super::{draw::draw, Candidate, ElectionPolicy, Rank, MAX_WEIGHT};

/// The candidates of greatest weight are elected.
///
/// Equal weights stand in the order of a draw of 31 bits, which is as fair as that of the
/// [`WeightedLottery`](super::WeightedLottery) and cannot be influenced by registering early. Without seed, a candidate
/// stands behind those of its weight that have one, and before all lighter ones: the weight is not a matter of luck, and
/// the name, which may have been chosen with the seed in view, decides nothing.
///
/// Whoever has the weight is elected for certain and for ever, which an adversary with the means can plan on; the lottery
/// gives the others a share.
///
/// | bits of the rank | meaning                                                                          |
/// |------------------|----------------------------------------------------------------------------------|
/// | 32..128          | [`MAX_WEIGHT`] - weight                                                          |
/// | 0..32            | the draw's upper 31 bits; 2^32 - 1 without seed                                  |
pub struct HighestWeight;

impl ElectionPolicy for HighestWeight {
	fn rank(candidate: &Candidate) -> Rank {
		let behind = MAX_WEIGHT.saturating_sub(candidate.weight);
		let tie_break = draw(candidate).map_or(u32::MAX.into(), |draw| draw >> 97);
		// No bit is lost: `behind` has 96.
		Rank(behind << 32 | tie_break)
	}
}
