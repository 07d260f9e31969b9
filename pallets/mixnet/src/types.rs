//! What the pallet stores, and what a registration consists of.

use crate::{AuthorityId, Config};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use frame_support::{traits::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound};
use mixnet_primitives::{KxPublic, Mixnode, MixnodesError, PeerId, SessionIndex};
use scale_info::TypeInfo;

/// Place of a mixnode in its session's list, counted from 0: the number by which packets address it.
pub type MixnodeIndex = u32;

/// The most mixnodes that any session can have: packets address them by 16-bit numbers, of which those from 0xff00 on
/// mean something else.
pub const MIXNODE_INDEX_LIMIT: u32 = 0xff00;

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
pub struct RegisteredMixnode<Mixnode> {
	/// Who registered it; `None` for the mixnodes that genesis names.
	pub registrant: Option<AuthorityId>,
	/// The mixnode.
	pub mixnode: Mixnode,
}

/// [`RegisteredMixnode`] with the bounds of a runtime.
pub type RegisteredMixnodeFor<T> = RegisteredMixnode<BoundedMixnodeFor<T>>;

/// What a registrant asks for. Its signature is over a
/// [`RegistrationPayload`](mixnet_primitives::RegistrationPayload) of the same fields.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Registration<Mixnode> {
	/// The session that the mixnode is for: the one after the current one.
	pub session_index: SessionIndex,
	/// The session authority who registers it.
	pub registrant: AuthorityId,
	/// The mixnode.
	pub mixnode: Mixnode,
}

/// [`Registration`] with the bounds of a runtime.
pub type RegistrationFor<T> = Registration<BoundedMixnodeFor<T>>;

/// The oldest place that may still hold a mixnode that is no longer needed: where pruning goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PruneCursor {
	/// Session of the next mixnode to remove.
	pub session_index: SessionIndex,
	/// Its place in that session's list.
	pub mixnode_index: MixnodeIndex,
}
