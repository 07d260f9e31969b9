//! The policy for chains whose authorities all mix.

use super::{Candidate, ElectionPolicy, Rank, RegistrantClass};

/// All authorities are elected, up to the bound: first come, first served.
///
/// Operators take the places that authorities leave free, again in the order of their registration, and give them up when
/// an authority comes later. Weights and seeds are not looked at.
///
/// For chains with room for all their authorities. Where there are more of them than places, block authors can prefer
/// whom they like, by whose registration they include first; take [`WeightedLottery`](super::WeightedLottery) there.
pub struct AllAuthorities;

impl AllAuthorities {
	/// The rank of every operator.
	pub(super) const OPERATOR: Rank = Rank(1);
}

impl ElectionPolicy for AllAuthorities {
	fn rank(candidate: &Candidate) -> Rank {
		match candidate.class {
			RegistrantClass::Validator => Rank::BEST,
			RegistrantClass::Operator => Self::OPERATOR,
		}
	}
}
