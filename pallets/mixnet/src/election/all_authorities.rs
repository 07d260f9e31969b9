//! The policy for chains whose authorities all mix.

use super::policy::{Candidate, ElectionPolicy, Rank, RegistrantClass};

/// All authorities are elected, up to the bound: first come, first served.
///
/// Operators take the places that authorities leave free, again in the order of their registration. They lose them if
/// an authority comes later. Weights and seeds play no part.
///
/// This is for chains with places for all their authorities. If there are more of them than places, block authors can
/// prefer whom they like, by including its registration first. Such chains should take
/// [`WeightedLottery`](super::WeightedLottery).
pub struct AllAuthorities;

impl AllAuthorities {
	/// The rank of every operator.
	pub(super) const OPERATOR: Rank = Rank(1);
}

impl<AccountId> ElectionPolicy<AccountId> for AllAuthorities {
	fn rank(candidate: &Candidate<AccountId>) -> Rank {
		match candidate.class {
			RegistrantClass::Validator => Rank::BEST,
			RegistrantClass::Operator => Self::OPERATOR,
		}
	}
}
