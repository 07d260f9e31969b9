//! A mixnode as the chain publishes it.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// Defines a 32-byte public value that encodes as its bytes and is shown, in text and in JSON, as 64 hex digits.
macro_rules! public_bytes {
	($(#[$doc:meta])* $name:ident) => {
		$(#[$doc])*
		#[derive(
			Clone,
			Copy,
			PartialEq,
			Eq,
			PartialOrd,
			Ord,
			Hash,
			Encode,
			Decode,
			DecodeWithMemTracking,
			MaxEncodedLen,
			TypeInfo,
			Serialize,
			Deserialize,
		)]
		pub struct $name(#[serde(with = "hex::serde")] pub [u8; 32]);

		impl $name {
			/// Size in bytes.
			pub const SIZE: usize = 32;
		}

		impl From<[u8; 32]> for $name {
			fn from(bytes: [u8; 32]) -> Self {
				Self(bytes)
			}
		}

		impl AsRef<[u8]> for $name {
			fn as_ref(&self) -> &[u8] {
				&self.0
			}
		}

		impl fmt::Display for $name {
			fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
				self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
			}
		}

		impl fmt::Debug for $name {
			fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
				fmt::Display::fmt(self, f)
			}
		}
	};
}

public_bytes! {
	/// An X25519 public key for key exchange: the u-coordinate, 32 bytes little-endian (RFC 7748).
	KxPublic
}

public_bytes! {
	/// A network peer ID: the raw 32-byte Ed25519 public key that libp2p wraps in an identity multihash.
	PeerId
}

public_bytes! {
	/// Who registers a mixnode, by an sr25519 public key: a validator's session key, or an operator's key.
	Registrant
}

/// A mixnode, as published on chain for one session.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, Serialize, Deserialize)]
pub struct Mixnode {
	/// Key-exchange public key, for one session.
	pub kx_public: KxPublic,
	/// Who to connect to.
	pub peer_id: PeerId,
	/// Where to connect to: multiaddrs as UTF-8 text. A hint, possibly empty or out of date; the peer ID is what counts.
	pub external_addresses: Vec<Vec<u8>>,
}

/// Part of a session's list of mixnodes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct MixnodesPage {
	/// How many mixnodes the whole list has.
	pub total: u32,
	/// How many a session needs: with fewer in the list, the mixnet rests, and nobody should use them.
	pub required: u32,
	/// The mixnodes from the place that was asked for on, in the order by which packets address them.
	pub mixnodes: Vec<Mixnode>,
}

/// Why a session has no mixnodes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum MixnodesError {
	/// Too few registered: the mixnet rests for that session. Asking again will not help.
	InsufficientRegistrations {
		/// How many registered.
		num: u32,
		/// How many a session needs.
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
