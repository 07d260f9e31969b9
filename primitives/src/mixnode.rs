//! A mixnode as the chain publishes it, and a session's list of mixnodes.

use crate::{kx_public::KxPublic, peer_id::PeerId};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use core::fmt;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// The first number that is no index of a mixnode, and so the most mixnodes that a session can have.
///
/// Packets name mixnodes by 16-bit indices. Numbers from this one on mean something else (PROTOCOL.md, section 4).
pub const MIXNODE_INDEX_LIMIT: u32 = 0xff00;

/// A position in a session's list of mixnodes on the chain, from 0.
///
/// Below [`MIXNODE_INDEX_LIMIT`] it is also the mixnode's index, by which packets name it.
pub type Place = u32;

/// A mixnode, as published on chain for one session.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, Serialize, Deserialize)]
pub struct Mixnode {
	/// The key-exchange public key, which is for this session only.
	pub kx_public: KxPublic,
	/// The peer to connect to.
	pub peer_id: PeerId,
	/// Where the peer may be reached: multiaddrs as UTF-8 text. They are hints, possibly out of date; the peer ID is
	/// what counts.
	pub external_addresses: Vec<Vec<u8>>,
}

/// Part of a session's list of mixnodes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct MixnodesPage {
	/// Length of the whole list.
	pub total: u32,
	/// How many mixnodes the session needs. With fewer in the list, the mixnet rests, and nobody should use them.
	pub required: u32,
	/// The mixnodes from the requested place on, in the order of their indices.
	pub mixnodes: Vec<Mixnode>,
}

/// Why a session has no mixnodes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum MixnodesError {
	/// Too few mixnodes registered: the mixnet rests for that session. Asking again will not help.
	InsufficientRegistrations {
		/// How many registered.
		num: u32,
		/// How many the session needs.
		min: u32,
	},
}

impl fmt::Display for MixnodesError {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		match self {
			Self::InsufficientRegistrations { num, min } => {
				write!(f, "{num} mixnodes registered, a session needs {min}")
			},
		}
	}
}
