//! What a policy is, and what it is given.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use mixnet_primitives::SessionIndex;
use scale_info::TypeInfo;

/// The greatest weight: 2^96 - 1, about 7.9 * 10^28. The policies here treat greater weights like this one.
///
/// In units of 10^-18 tokens it is a stake of 79 billion tokens.
pub const MAX_WEIGHT: u128 = (1 << 96) - 1;

/// A candidate's rank in an election. Lower is better. Of equal ranks, the one that registered first is better.
///
/// The [`ElectionPolicy`] decides what the number means. Ranks of different policies, or of different sessions, cannot
/// be compared.
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

/// What a session's draws are made from. It is uniform, and nobody knows it before it is too late to choose a key or a
/// weight for that session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Seed(pub [u8; 32]);

/// The right by which a registrant registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum RegistrantClass {
	/// A session authority of the chain.
	#[codec(index = 0)]
	Validator,
	/// An operator, by its bond.
	#[codec(index = 1)]
	Operator,
}

/// An account that stands for election, with all that its rank may depend on.
///
/// Nothing of the mixnode is part of it, and no key. An account may change its mixnode's key and addresses, and the key
/// by which it registers, and must not get a better rank by it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate<AccountId> {
	/// The account.
	pub account: AccountId,
	/// The session that the election is for.
	pub session_index: SessionIndex,
	/// The right by which it registers.
	pub class: RegistrantClass,
	/// Its weight, as [`RegistrantWeights`](super::RegistrantWeights) has it: as of the time before the seed was drawn, or
	/// as of now if that is less.
	/// The unit does not matter, since weights are only compared with each other. See [`MAX_WEIGHT`].
	pub weight: u128,
	/// The session's seed; `None` if the account came too late to draw from it.
	pub seed: Option<Seed>,
}

/// Ranks the candidates of an election.
///
/// # Contract
///
/// - **A pure function of the candidate**: no storage, no block number, no host state. The same candidate has the same
///   rank in every block of the session, in wasm and in native code, so no floating-point arithmetic.
/// - **Total**: there is a rank for every candidate that the types allow, without panics. A candidate that has nothing
///   in its favour has [`Rank::LAST`].
/// - **Cheap**: it is computed in the transaction pool, before any signature is verified.
/// - Of equal ranks, the one that registered first is better. A policy that leaves much to that rule lets block authors
///   decide, since they order registrations.
pub trait ElectionPolicy<AccountId> {
	/// The candidate's rank.
	fn rank(candidate: &Candidate<AccountId>) -> Rank;
}
