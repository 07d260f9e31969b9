//! The lottery: weighted sampling without replacement, one rank at a time.

use super::{
	draw::draw,
	log2,
	policy::{Candidate, ElectionPolicy, Rank, MAX_WEIGHT},
};
use codec::Encode;
use core::num::NonZeroU128;

/// Candidates are drawn successively, each time with probability proportional to their weights among those that are
/// left.
///
/// The [module's](super) introduction says why ranks can do that. This is how they are computed.
///
/// | candidate             | rank                                | range                              |
/// |-----------------------|-------------------------------------|------------------------------------|
/// | with seed and weight  | floor(E / weight)                   | 0 to 2^127                         |
/// | with weight, no seed  | 2^127 + 1 + [`MAX_WEIGHT`] - weight | 2^127 + 1 to 2^127 + 2^96 - 1      |
/// | without weight        | [`Rank::LAST`]                      | 2^128 - 1                          |
///
/// E is -log2(u) in units of 2^-120, rounded up, and u is h / 2^128 for the candidate's draw h, or 1 / 2^128 if h is 0.
/// Hence -log2(u) <= 128 and E <= 2^127: nothing overflows, whatever the weight. (That the logarithm's base is 2
/// changes all ranks by the same factor, and no order.)
///
/// **Without seed** a candidate was not drawn, and ranks behind all that were. Among such candidates, greater weights
/// come first: a draw would be no use, since they could have chosen it.
///
/// **Without weight** a candidate is the last. It cannot be drawn, since -ln(u)/w grows beyond bounds as w goes to 0.
/// It is behind those that merely have no seed this time, since the runtime gives them a weight and it none. It mixes
/// if places would stay empty. A runtime that does not want that must not take its registration.
///
/// # Error
///
/// In units of 2^-120, let r be the rank and x = -log2(u) / w the exact number. E is too large by less than 1 + 1/64
/// (see the logarithm), and rounding the quotient takes away less than 1. So, as the weight w is at least 1,
///
/// > x - 1 < r < x + 1 + 1/64,
///
/// and **two candidates are in the right order if their exact numbers differ by 2 + 1/64 units or more**. How likely is
/// it that they do not? x_1 and x_2 are exponentials of rates w_1 ln(2) and w_2 ln(2), whose difference has no greater
/// density anywhere than ln(2) w_1 w_2 / (w_1 + w_2), which is below ln(2) min(w_1, w_2). The interval to be missed is
/// 2 (2 + 1/64) units long. So **two candidates are in the wrong order, or have equal ranks, with a probability below
/// 2^-118 min(w_1, w_2)**: 1 in 2^54 if the lighter one's weight is 2^64, and 1 in 2^22 at [`MAX_WEIGHT`]. That draws
/// have 128 bits matters less: the distance of two neighbouring draws' numbers, times their density there, is 2^-128
/// for every draw and weight.
pub struct WeightedLottery;

/// The rank of the heaviest candidate without seed. All ranks of drawn candidates are below it.
const FIRST_UNDRAWN: u128 = (128 << log2::FRACTION_BITS) + 1;

impl WeightedLottery {
	/// The rank of a candidate that drew `draw`, of which all values are equally likely.
	pub(super) fn drawn(draw: u128, weight: NonZeroU128) -> Rank {
		// -log2(draw / 2^128) = 128 - log2(draw)
		let draw = NonZeroU128::new(draw).unwrap_or(NonZeroU128::MIN);
		let exponential = (128 << log2::FRACTION_BITS) - log2::log2(draw);
		Rank(exponential / weight)
	}
}

impl<AccountId: Encode> ElectionPolicy<AccountId> for WeightedLottery {
	fn rank(candidate: &Candidate<AccountId>) -> Rank {
		let Some(weight) = NonZeroU128::new(candidate.weight.min(MAX_WEIGHT)) else { return Rank::LAST };
		match draw(candidate) {
			Some(draw) => Self::drawn(draw, weight),
			None => Rank(FIRST_UNDRAWN + (MAX_WEIGHT - weight.get())),
		}
	}
}
