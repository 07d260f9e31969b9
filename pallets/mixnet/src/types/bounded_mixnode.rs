//! A mixnode as it is stored: of bounded size.

use super::constants::{ADDRESSES_LIMIT, ADDRESS_SIZE_LIMIT};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use frame_support::{traits::ConstU32, BoundedVec};
use mixnet_primitives::{KxPublic, Mixnode, PeerId};
use scale_info::TypeInfo;

/// A mixnode of bounded size; encodes as [`Mixnode`] does.
///
/// The bounds are those of all runtimes. A runtime's own are checked when a mixnode is registered. If an upgrade lowers
/// them, what was registered before remains readable.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct BoundedMixnode {
	/// The key-exchange public key, which is for one session only.
	pub kx_public: KxPublic,
	/// The peer to connect to.
	pub peer_id: PeerId,
	/// Where the peer may be reached: multiaddrs as UTF-8 text.
	pub external_addresses: BoundedVec<BoundedVec<u8, ConstU32<ADDRESS_SIZE_LIMIT>>, ConstU32<ADDRESSES_LIMIT>>,
}

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
	/// The external address at position `index` has `size` bytes; at most `max` are allowed.
	AddressTooLong {
		/// The address's position in the list, from 0.
		index: usize,
		/// The address's size in bytes.
		size: usize,
		/// The greatest size that is allowed, in bytes.
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

impl TryFrom<Mixnode> for BoundedMixnode {
	type Error = OutOfBounds;

	/// Takes the mixnode with all its addresses, or not at all. Without one of them, nobody might reach it.
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
					max: ADDRESS_SIZE_LIMIT,
				})
			})
			.collect::<Result<Vec<_>, _>>()?
			.try_into()
			.map_err(|_| OutOfBounds::TooManyAddresses { found, max: ADDRESSES_LIMIT })?;
		Ok(Self { kx_public, peer_id, external_addresses })
	}
}

impl From<BoundedMixnode> for Mixnode {
	fn from(mixnode: BoundedMixnode) -> Self {
		Self {
			kx_public: mixnode.kx_public,
			peer_id: mixnode.peer_id,
			external_addresses: mixnode.external_addresses.into_iter().map(BoundedVec::into_inner).collect(),
		}
	}
}
