//! Sessions, elections, candidacies, authorities and operators, as they are stored.

use crate::{
	election::{RegistrantClass, Seed},
	ranked_set::RankKey,
	MAX_UNBONDING_PARTS,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use mixnet_primitives::{MixnodesError, Place, Registrant, SessionIndex};
use scale_info::TypeInfo;

/// How many mixnodes a session has, and how many it needs. Both are fixed when the session begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Roster {
	/// How many mixnodes registered for the session.
	pub registered: u32,
	/// How many mixnodes the session needs. With fewer, the mixnet rests.
	pub required: u32,
}

impl Roster {
	/// `Ok` if there are enough mixnodes for the mixnet to run in the session.
	pub fn check(&self) -> Result<(), MixnodesError> {
		if self.registered < self.required {
			return Err(MixnodesError::InsufficientRegistrations { num: self.registered, min: self.required });
		}
		Ok(())
	}
}

/// How long the first three phases of a session are, in blocks. The fourth lasts until the session ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PhaseLengths<BlockNumber> {
	/// Length of `CoverToCurrent`.
	pub cover_to_current: BlockNumber,
	/// Length of `RequestsToCurrent`.
	pub requests_to_current: BlockNumber,
	/// Length of `CoverToPrev`.
	pub cover_to_prev: BlockNumber,
}

/// The current session, and what must not change about the two sessions that can be live.
///
/// A runtime upgrade may change the constants that `length` and `phases` come from. The session keeps those that it
/// began with: else its phase could step back.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Session<BlockNumber> {
	/// Index of the current session.
	pub index: SessionIndex,
	/// The block in which the current session began.
	pub started_at: BlockNumber,
	/// How many times pallet-session has rotated since then; below `length`.
	pub rotations: u32,
	/// After how many rotations of pallet-session the current session ends; at least 1.
	pub length: u32,
	/// The lengths of the current session's phases.
	pub phases: PhaseLengths<BlockNumber>,
	/// The roster of the current session.
	pub current: Roster,
	/// The roster of the previous session. During session 0 it is empty.
	pub previous: Roster,
	/// pallet-session's last rotation.
	pub last_rotation: Rotation<BlockNumber>,
}

/// An account's part in one session's election.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Candidacy {
	/// As what the account has registered; `None` if it was barred before it ever did.
	///
	/// An account that is both a validator and an operator stands once: as that by whose key it registers first. It
	/// cannot register by the other key while it is listed.
	pub registered_as: Option<RegisteredAs>,
	/// The least revision that its next registration may have: greater than that of all it has made.
	pub next_revision: u8,
	/// Is it listed, out, or barred?
	pub state: CandidacyState,
}

/// The right by which an account has registered, and the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RegisteredAs {
	/// Is it a validator or an operator?
	pub class: RegistrantClass,
	/// The key by which it registered.
	pub registrant: Registrant,
}

/// What became of an account in one session's election so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum CandidacyState {
	/// It is elected, or stands by.
	#[codec(index = 0)]
	Listed {
		/// Its place in the list. Elected candidates have the places below [`STANDBY_BASE`](super::STANDBY_BASE).
		place: Place,
		/// Its key in the ranked set.
		key: RankKey,
	},
	/// Better candidates have all places, or its mixnode was removed. It may register again.
	#[codec(index = 1)]
	Out,
	/// It may not stand in this election any more.
	#[codec(index = 2)]
	Barred,
}

/// The election of the next session's mixnodes, as of now.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Election<BlockNumber> {
	/// What the draws are made from. `None` if the randomness was not fresh when the election began; then nobody draws.
	pub seed: Option<Seed>,
	/// Validators draw if this rotation of pallet-session, or an earlier one, queued them.
	pub committed_by_rotation: u32,
	/// Only bonds from before this block count.
	pub committed_before: BlockNumber,
	/// How many candidates can be elected; fixed when the election begins.
	pub max_elected: u32,
	/// How many candidates can stand by; fixed when the election begins.
	pub max_standbys: u32,
	/// How many candidates are elected. They have the places from 0 on.
	pub elected: u32,
	/// How many candidates stand by. They have the places from [`STANDBY_BASE`](super::STANDBY_BASE) on.
	pub standbys: u32,
	/// How many candidates have been ranked so far.
	pub ranked: u32,
}

/// pallet-session's last rotation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Rotation<BlockNumber> {
	/// Its number. Genesis counts as rotation 0.
	pub count: u32,
	/// The block in which it took place.
	pub at: BlockNumber,
}

/// A validator that may register, as pallet-session queued it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct AuthorityEntry<AccountId> {
	/// The validator's session key.
	pub registrant: Registrant,
	/// The validator's account.
	pub account: AccountId,
	/// The validator's index among pallet-session's validators.
	pub validator_index: u32,
	/// The number of the rotation from which on this account has been queued without a gap.
	pub since: u32,
	/// The validator's weight when it was queued.
	pub weight: u128,
	/// The weight that counts in the election under way: the one that was known before the seed, or a later one if that
	/// is less. Of a validator that was not queued before the seed, it is the present one: such a validator does not draw.
	pub committed_weight: u128,
}

/// A party that is no validator, and runs a mixnode with a bond.
///
/// An election begins with a rotation of pallet-session, and counts what was there before the rotation before. What is
/// added to a bond later counts in later elections only. So up to two parts of a bond are kept apart from the rest,
/// which counts in every election to come. Each part counts from one election on.
///
/// For example, with rotations in blocks 10, 20 and 30: what is added in block 12 is the recent part. When more is added in
/// block 22, the first part becomes the waiting one, since the election of block 20 did not count it: it was added after
/// block 10. The election of block 30 counts what was there before block 20, and so the waiting part. The recent part counts from
/// the next election on.
///
/// What is released leaves the bond at once, and counts in no election any more. It stays on hold and can be slashed until
/// it is withdrawn.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Operator<Balance, BlockNumber> {
	/// The bond, on hold, without the parts that are being released.
	pub bond: Balance,
	/// The part of the bond that was added last: after pallet-session's last rotation as of
	/// [`recent_since`](Self::recent_since).
	pub recent: Balance,
	/// The block in which something was last added to the recent part.
	pub recent_since: BlockNumber,
	/// The part of the bond that was added before that rotation, and too late for the election that was under way then.
	pub waiting: Balance,
	/// The block in which something was last added to the waiting part.
	pub waiting_since: BlockNumber,
	/// The key by which the operator registers.
	pub key: Option<Registrant>,
	/// The first session in which the whole bond can be withdrawn; `None` if its release was not asked for.
	pub releasable_in: Option<SessionIndex>,
	/// The parts that were taken out of the bond, in ascending order of the sessions in which they are released. They are
	/// on hold as well.
	pub unbonding: BoundedVec<UnbondingPart<Balance>, ConstU32<MAX_UNBONDING_PARTS>>,
}

/// A part that was taken out of an operator's bond, and is being released.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct UnbondingPart<Balance> {
	/// How much it is; never zero.
	pub amount: Balance,
	/// The first session in which it can be withdrawn.
	pub releasable_in: SessionIndex,
}

/// Why a mixnode was removed from the next session's list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum RemovalReason {
	/// The admin origin removed it.
	#[codec(index = 0)]
	Forced,
	/// pallet-session disabled its validator.
	#[codec(index = 1)]
	Disabled,
	/// The operator's bond is being released, or has become too small.
	#[codec(index = 2)]
	BondTooSmall,
	/// The operator has set another key, or the validator has queued another.
	#[codec(index = 3)]
	KeyReplaced,
	/// The account is no longer one of the queued validators.
	#[codec(index = 4)]
	NoLongerQueued,
}
