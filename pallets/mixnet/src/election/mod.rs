//! Election: who of those that register may mix, when more of them want to than a session has places.
//!
//! A policy gives each candidate a [`Rank`], once, when it registers; the best ranks are elected. That is all there is to
//! an election here: no round of votes, no pass over the candidates when the session begins. A rank depends on nothing
//! but its own candidate, so that a sorted list of the best can be kept as registrations come in, each finding its place
//! by comparison, and the session begins by taking the list as it is: rotation costs the same for 10 mixnodes as for
//! 10,000. It also means that a candidate's rank does not change when others come, go, or register again.
//!
//! # A lottery by ranks
//!
//! The interesting policy is the [`WeightedLottery`]. Think of **successive weighted sampling without replacement**: one
//! candidate is drawn with probability proportional to its weight, and taken out; then one of those that are left, in
//! the same way; until all places are filled. Done like that it would need all candidates at once. But give each
//! candidate i a number of its own, x_i = -ln(u_i) / w_i with u_i uniform in (0, 1), and take them in ascending order:
//!
//! - x_i is distributed exponentially with rate w_i: P(x_i > x) = P(u_i < e^(-w_i x)) = e^(-w_i x). Picture a bell that
//!   rings after that time.
//! - The first bell to ring is that of i with probability w_i / (w_1 + ... + w_n): the bells that have not rung by some
//!   time ring in the next instant with chances proportional to their rates.
//! - Exponential times have no memory. When one bell has rung, the others' remaining times are distributed as if they
//!   had just been started, so the next one is again drawn by weight among those that are left.
//!
//! So the order of the numbers *is* an order of successive draws, exactly, whatever the weights; and it takes no
//! knowledge of the other candidates. This is Algorithm A of P. S. Efraimidis and P. G. Spirakis, "Weighted random
//! sampling with a reservoir", Information Processing Letters 97 (2006), whose key u^(1/w) is e^(-x), in a form that
//! integers can hold.
//!
//! # Why it cannot be played
//!
//! u is a hash of the session's [`Seed`], the session and the registrant's name. Three things make it a fair draw, and
//! the pallet has to see to them when it fills in a [`Candidate`]:
//!
//! - **The name came before the seed.** Who can choose a key when it knows the seed, tries keys until one has a good rank.
//!   Whose name came later gets no draw: [`Candidate::seed`] is `None`.
//! - **So did the weight.** Who can add to a weight when it knows the seed, holds many names of little weight and puts
//!   everything on the luckiest. A bond has to count as it was when the seed was drawn, or as it is if that is less.
//! - **There is one draw.** Registering again, with another key or address, leaves the rank as it was.
//!
//! What remains are the limits of the seed's source: whoever makes the last contribution to the runtime's randomness
//! can choose between two seeds, by withholding it. And a weight that is split among names may be drawn more than once:
//! see [`RegistrantWeights`].
//!
//! # Map
//!
//! - [`AllAuthorities`], [`HighestWeight`], [`WeightedLottery`]: the policies.
//! - [`RegistrantWeights`]: where weights come from; [`EqualWeights`], [`BondWeights`].
//! - `draw`: the uniform number that a candidate draws.
//! - `log2`: the logarithm, in integers, with its error bounded.

mod all_authorities;
mod draw;
mod highest_weight;
mod log2;
mod registrant_weights;
mod weighted_lottery;

#[cfg(test)]
mod tests;

pub use all_authorities::AllAuthorities;
pub use highest_weight::HighestWeight;
pub use registrant_weights::{BondWeights, EqualWeights, RegistrantWeights};
pub use weighted_lottery::WeightedLottery;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use mixnet_primitives::{Registrant, SessionIndex};
use scale_info::TypeInfo;

/// The greatest weight that is told apart from greater ones: 2^96 - 1, about 7.9 * 10^28.
///
/// In units of 10^-18 tokens that is a stake of 79 billion tokens. The policies here take a greater weight for this one.
pub const MAX_WEIGHT: u128 = (1 << 96) - 1;

/// A candidate's standing in an election. Lower is better; of equal ranks, the one that registered first is better.
///
/// What the number means is up to the [`ElectionPolicy`]. Ranks of different policies, or of different sessions, are not
/// to be compared.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Rank(pub u128);

impl Rank {
	/// No rank is better than this one.
	pub const BEST: Self = Self(0);
	/// No rank is worse than this one.
	pub const LAST: Self = Self(u128::MAX);
}

/// What a session's draws are made from. Uniform, and unknown to everyone until after the candidates of that session
/// had to commit to their names and weights.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Seed(pub [u8; 32]);

/// By what right somebody registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum RegistrantClass {
	/// A session authority of the chain.
	#[codec(index = 0)]
	Validator,
	/// Somebody else, by a bond.
	#[codec(index = 1)]
	Operator,
}

/// A registrant that stands for election: all that its rank may depend on.
///
/// Deliberately nothing of the mixnode: neither keys nor addresses, which a registrant may change, can make a rank better.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
	/// The registrant's public key, by which the election knows it.
	pub registrant: Registrant,
	/// The session that it wants to mix in.
	pub session_index: SessionIndex,
	/// By what right it registers.
	pub class: RegistrantClass,
	/// What [`RegistrantWeights`] says that it weighs, as of the time when the seed was drawn. In what units does not
	/// matter, since weights are only compared with each other; see [`MAX_WEIGHT`].
	pub weight: u128,
	/// The session's seed; `None` if the registrant committed to its name too late to draw from it.
	pub seed: Option<Seed>,
}

/// Ranks the candidates of an election.
///
/// # Contract
///
/// - **A pure function of the candidate**: no storage, no block number, no host state. The same candidate has the same
///   rank in every block of the session, in wasm and in native code, so no floating-point arithmetic.
/// - **Total**: a rank for every candidate that the types allow, without panicking. A candidate that nothing speaks for
///   has [`Rank::LAST`].
/// - **Cheap**: it is computed in the transaction pool, before the signatures are verified.
/// - Candidates of equal rank stand in the order in which they registered. A policy that leaves much to that rule lets
///   block authors decide, who order registrations.
pub trait ElectionPolicy {
	/// The candidate's rank.
	fn rank(candidate: &Candidate) -> Rank;
}
