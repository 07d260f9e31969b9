//! What the pallet stores, and what a registration consists of.

use crate::{ranked_set::RankKey, Config, Seed};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use frame_support::{traits::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound};
use mixnet_primitives::{KxPublic, Mixnode, MixnodesError, Parameter, PeerId, Registrant, SessionIndex};
use scale_info::TypeInfo;

/// Place of a mixnode in its session's list, counted from 0: the number by which packets address it. From [`STANDBY_BASE`] on
/// it is that of a standby.
pub type MixnodeIndex = u32;

/// The most mixnodes that any session can have: packets address them by 16-bit numbers, of which those from 0xff00 on
/// mean something else.
pub const MIXNODE_INDEX_LIMIT: u32 = 0xff00;

/// The first of the places that are the standbys': behind all that packets can address.
pub const STANDBY_BASE: u32 = MIXNODE_INDEX_LIMIT;

/// How many authorities a page of them has.
pub const AUTHORITIES_PER_PAGE: u32 = 128;

/// How many mixnodes a session has, and how many it needs. Fixed when the session begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Roster {
	/// How many mixnodes registered for the session.
	pub registered: u32,
	/// How many the session needs; with fewer the mixnet rests.
	pub required: u32,
}

impl Roster {
	/// `Ok` if there are enough mixnodes for the mixnet to run.
	pub fn check(&self) -> Result<(), MixnodesError> {
		if self.registered < self.required {
			return Err(MixnodesError::InsufficientRegistrations { num: self.registered, min: self.required });
		}
		Ok(())
	}
}

/// Where the mixnet's sessions are, and what must not change any more about the two that can be live.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Session<BlockNumber> {
	/// Index of the current session.
	pub index: SessionIndex,
	/// The block in which it began.
	pub started_at: BlockNumber,
	/// How many times pallet-session rotated since it began; below
	/// [`SessionsPerMixnetSession`](Config::SessionsPerMixnetSession).
	pub rotations: u32,
	/// The roster of the current session.
	pub current: Roster,
	/// The roster of the session before; during session 0, an empty one.
	pub previous: Roster,
}

/// A mixnode of bounded size; encodes as [`Mixnode`] does.
#[derive(
	CloneNoBound,
	PartialEqNoBound,
	EqNoBound,
	DebugNoBound,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[codec(mel_bound())]
#[scale_info(skip_type_params(MaxAddressSize, MaxAddresses))]
pub struct BoundedMixnode<MaxAddressSize: Get<u32>, MaxAddresses: Get<u32>> {
	/// Key-exchange public key, for one session.
	pub kx_public: KxPublic,
	/// Who to connect to.
	pub peer_id: PeerId,
	/// Where to connect to: multiaddrs as UTF-8 text.
	pub external_addresses: BoundedVec<BoundedVec<u8, MaxAddressSize>, MaxAddresses>,
}

/// [`BoundedMixnode`] with the bounds of a runtime.
pub type BoundedMixnodeFor<T> =
	BoundedMixnode<<T as Config>::MaxExternalAddressSize, <T as Config>::MaxExternalAddressesPerMixnode>;

/// Why a mixnode does not fit the bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutOfBounds {
	/// There are `found` external addresses; at most `max` are allowed.
	TooManyAddresses {
		/// How many there are.
		found: usize,
		/// How many there may be.
		max: u32,
	},
	/// The external address at place `index` has `size` bytes; at most `max` are allowed.
	AddressTooLong {
		/// Its place in the list, from 0.
		index: usize,
		/// Its size in bytes.
		size: usize,
		/// The size that it may have, in bytes.
		max: u32,
	},
}

impl fmt::Display for OutOfBounds {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		match self {
			Self::TooManyAddresses { found, max } => write!(f, "{found} external addresses, at most {max} fit"),
			Self::AddressTooLong { index, size, max } => {
				write!(f, "external address {index} has {size} bytes, at most {max} fit")
			},
		}
	}
}

impl<MaxAddressSize: Get<u32>, MaxAddresses: Get<u32>> TryFrom<Mixnode>
	for BoundedMixnode<MaxAddressSize, MaxAddresses>
{
	type Error = OutOfBounds;

	/// Takes the mixnode as it is, or not at all: dropping an address could leave a mixnode that nobody can reach.
	fn try_from(mixnode: Mixnode) -> Result<Self, OutOfBounds> {
		let Mixnode { kx_public, peer_id, external_addresses } = mixnode;
		let found = external_addresses.len();
		let external_addresses = external_addresses
			.into_iter()
			.enumerate()
			.map(|(index, address)| {
				BoundedVec::try_from(address).map_err(|address| OutOfBounds::AddressTooLong {
					index,
					size: address.len(),
					max: MaxAddressSize::get(),
				})
			})
			.collect::<Result<Vec<_>, _>>()?
			.try_into()
			.map_err(|_| OutOfBounds::TooManyAddresses { found, max: MaxAddresses::get() })?;
		Ok(Self { kx_public, peer_id, external_addresses })
	}
}

impl<MaxAddressSize: Get<u32>, MaxAddresses: Get<u32>> From<BoundedMixnode<MaxAddressSize, MaxAddresses>> for Mixnode {
	fn from(mixnode: BoundedMixnode<MaxAddressSize, MaxAddresses>) -> Self {
		Self {
			kx_public: mixnode.kx_public,
			peer_id: mixnode.peer_id,
			external_addresses: mixnode.external_addresses.into_iter().map(BoundedVec::into_inner).collect(),
		}
	}
}

/// A mixnode in its session's list.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct ListedMixnode<Mixnode> {
	/// Who registered it; `None` for the mixnodes that genesis names.
	pub registrant: Option<Registrant>,
	/// The mixnode.
	pub mixnode: Mixnode,
}

/// [`ListedMixnode`] with the bounds of a runtime.
pub type ListedMixnodeFor<T> = ListedMixnode<BoundedMixnodeFor<T>>;

/// What is known of a registrant in one session's election.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Candidacy {
	/// How many times it has registered: the number that its next registration must bear.
	pub registrations: u8,
	/// Where it stands.
	pub state: CandidacyState,
}

/// Where a registrant stands in one session's election.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum CandidacyState {
	/// Among the elected or the standbys.
	#[codec(index = 0)]
	Listed {
		/// Its place in the list: below [`STANDBY_BASE`] that of an elected one.
		place: u32,
		/// By what it is sorted.
		key: RankKey,
	},
	/// Better ones have taken all places. It may register again.
	#[codec(index = 1)]
	Out,
	/// It may not stand in this election.
	#[codec(index = 2)]
	Barred,
}

/// The election of the next session's mixnodes, as far as it has come.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Election<BlockNumber> {
	/// What the draws are made from; `None` if the randomness at hand was not fresh when the election began, so that there
	/// are no draws.
	pub seed: Option<Seed>,
	/// The last rotation of pallet-session whose queued authorities committed to their keys in time to draw.
	pub committed_by_rotation: u32,
	/// Operators must have committed to their keys and bonds before this block.
	pub committed_before: BlockNumber,
	/// How many mixnodes are elected: they have the places from 0 on.
	pub elected: u32,
	/// How many stand by: they have the places from [`STANDBY_BASE`] on.
	pub standbys: u32,
	/// How many candidates have been ranked.
	pub ranked: u32,
}

/// The rotations of pallet-session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Rotation<BlockNumber> {
	/// How many there have been; that of genesis is number 0.
	pub count: u32,
	/// The block of the last one.
	pub at: BlockNumber,
}

/// An authority that may register.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct AuthorityEntry {
	/// Its session key.
	pub registrant: Registrant,
	/// Its place among pallet-session's validators.
	pub validator_index: u32,
	/// The number of the rotation that first queued this key, of those without a gap since.
	pub since: u32,
}

/// A party that is no validator, and runs a mixnode with a bond.
///
/// What was added to the bond too late for an election does not weigh in it. Elections begin with rotations of
/// pallet-session, and what counts in one must have been there before the rotation before. So two parts of the bond have to
/// be told apart from the rest, which weighs in every election to come: all in one part weigh from the same election on.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Operator<Balance, BlockNumber> {
	/// The whole bond, on hold.
	pub bond: Balance,
	/// The part of it that was added since pallet-session's last rotation, as of [`recent_since`](Self::recent_since).
	pub recent: Balance,
	/// The block in which that part was added, the last of it.
	pub recent_since: BlockNumber,
	/// The part that was added before that rotation, too late for the election under way then.
	pub waiting: Balance,
	/// The block in which that part was added, the last of it.
	pub waiting_since: BlockNumber,
	/// The key by which it registers.
	pub key: Option<Registrant>,
	/// The block in which the key was set.
	pub key_since: BlockNumber,
	/// The session from which on the bond can be withdrawn; `None` while it is not being released.
	pub releasable_in: Option<SessionIndex>,
}

/// Why a mixnode was removed from the next session's list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum RemovalReason {
	/// The admin origin removed it.
	#[codec(index = 0)]
	Forced,
	/// Its validator was disabled.
	#[codec(index = 1)]
	Disabled,
	/// Its operator's bond is being released, or has become too small.
	#[codec(index = 2)]
	BondTooSmall,
	/// Its operator has set another key.
	#[codec(index = 3)]
	KeyReplaced,
}

/// The parameter that is wrong, in an error of the pallet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ParameterName(pub Parameter);

impl frame_support::traits::PalletError for ParameterName {
	const MAX_ENCODED_SIZE: usize = 1;
}
