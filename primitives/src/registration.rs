//! How a mixnode is registered for the next session: the message, its proofs, and the reasons to refuse it.
//!
//! docs/REGISTRATION.md has the message byte by byte, with test vectors.

use crate::{mixnode::Mixnode, registrant::Registrant, session::SessionIndex};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// The domain of registrations: separates them from everything else that the same keys may sign.
pub const REGISTRATION_DOMAIN: &[u8; 22] = b"mixnet/registration/v2";

/// A registrant's request to list its mixnode in a session.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Registration {
	/// The session that the mixnode is for: the one after the current session.
	pub session_index: SessionIndex,
	/// The registrant whose mixnode it is.
	pub registrant: Registrant,
	/// Orders the registrant's registrations for that session. The chain takes only a greater one than it has taken
	/// before, so that nobody can put back a registration that was replaced. 0 for the first. Numbers may be left out: a
	/// registration of which nobody knows whether it will be included is replaced by one with a greater revision.
	pub revision: u8,
	/// The mixnode's key, peer ID and addresses.
	pub mixnode: Mixnode,
}

impl Registration {
	/// What all three [proofs](RegistrationProofs) sign: the SCALE encoding of these fields, one after another.
	///
	/// | field | encoding |
	/// |---|---|
	/// | domain | the 22 bytes of [`REGISTRATION_DOMAIN`] |
	/// | genesis hash | the hash of the chain's first block; 32 bytes on most chains |
	/// | session index | u32 |
	/// | registrant | 32 bytes |
	/// | revision | u8 |
	/// | mixnode | key-exchange key, 32 bytes; peer ID, 32 bytes; addresses, a SCALE vector of vectors of bytes |
	///
	/// The payload names the chain, the purpose, the session and the registrant, so that a signature is worth nothing
	/// anywhere else.
	pub fn signing_payload(&self, genesis_hash: &impl Encode) -> Vec<u8> {
		(REGISTRATION_DOMAIN, genesis_hash, self).encode()
	}
}

/// The three proofs of a [`Registration`]: signatures of its [payload](Registration::signing_payload).
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct RegistrationProofs {
	/// The registrant's signature: sr25519, in the context `substrate`.
	pub registrant: [u8; 64],
	/// The signature by the X25519 secret of the mixnode's key: XEdDSA (docs/REGISTRATION.md).
	pub possession: [u8; 64],
	/// The signature by the mixnode's peer identity: Ed25519.
	pub peer: [u8; 64],
}

/// Why a registration is refused.
///
/// Each reason is encoded as one byte, its [code](Self::code), by which the transaction pool reports it.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub enum RegistrationError {
	/// The session that the registration is for has begun already.
	#[codec(index = 0)]
	StaleSession,
	/// The session that the registration is for is not the next one yet.
	#[codec(index = 1)]
	FutureSession,
	/// The registrant is neither one of the next session's authorities nor an operator.
	#[codec(index = 2)]
	NotARegistrant,
	/// The registrant is an operator, and this chain takes no mixnodes of operators.
	#[codec(index = 3)]
	OperatorsNotEnabled,
	/// The operator's bond is below the least bond, or is being released.
	#[codec(index = 4)]
	BondTooSmall,
	/// The operator bonded too late for this election: the seed may have been known by then.
	#[codec(index = 5)]
	OperatorTooRecent,
	/// The registrant may not stand in this election: it was disabled as a validator, or its mixnode was removed.
	#[codec(index = 6)]
	Barred,
	/// A registration with this revision, or a greater one, was taken already.
	#[codec(index = 7)]
	WrongRevision,
	/// The registrant has replaced its registration as often as one session allows, or the revision is greater than that.
	#[codec(index = 8)]
	TooManyRevisions,
	/// There are more external addresses than allowed.
	#[codec(index = 9)]
	TooManyAddresses,
	/// An external address is longer than allowed.
	#[codec(index = 10)]
	AddressTooLong,
	/// An external address is no multiaddr that leads to the mixnode.
	#[codec(index = 11)]
	BadAddress,
	/// The key-exchange key is of low order, not in its canonical encoding, or no key at all.
	#[codec(index = 12)]
	BadKxPublic,
	/// The peer ID is no Ed25519 public key.
	#[codec(index = 13)]
	BadPeerId,
	/// Another registrant has the key-exchange key in that session.
	#[codec(index = 14)]
	KxPublicTaken,
	/// Another registrant has the peer ID in that session.
	#[codec(index = 15)]
	PeerIdTaken,
	/// All places, those of standbys included, are taken by candidates of better rank.
	#[codec(index = 16)]
	RankTooLow,
	/// The registrant's signature is by another key, or over something else than this registration on this chain.
	#[codec(index = 17)]
	BadRegistrantProof,
	/// The proof of possession is by another secret than the key's, or over something else.
	#[codec(index = 18)]
	BadPossessionProof,
	/// The peer's signature is by another identity than the peer ID's, or over something else.
	#[codec(index = 19)]
	BadPeerProof,
	/// There is no external address: nobody could reach the mixnode.
	#[codec(index = 20)]
	NoAddress,
	/// An external address cannot be reached from the Internet, and this chain allows no such addresses. Chains for
	/// private networks allow them, by a value of their genesis.
	#[codec(index = 21)]
	UnreachableAddress,
	/// The external addresses lead to more hosts than [`MAX_HOSTS`](crate::MAX_HOSTS).
	#[codec(index = 22)]
	TooManyHosts,
	/// The account has registered a mixnode by another of its keys: one account is one mixnode.
	#[codec(index = 23)]
	OtherKey,
}

impl RegistrationError {
	/// The byte that stands for this error.
	pub fn code(self) -> u8 {
		self.using_encoded(|encoded| encoded[0])
	}

	/// The error that a byte stands for; `None` if there is none.
	pub fn from_code(code: u8) -> Option<Self> {
		Self::decode(&mut &[code][..]).ok()
	}
}

impl fmt::Display for RegistrationError {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str(match self {
			Self::StaleSession => "the session has begun already; register for the next one",
			Self::FutureSession => "the session is not the next one yet; wait for the one before it to begin",
			Self::NotARegistrant => "the registrant is neither an authority of the next session nor an operator",
			Self::OperatorsNotEnabled => "this chain takes no mixnodes of operators",
			Self::BondTooSmall => "the operator's bond is too small, or is being released; bond more",
			Self::OperatorTooRecent => {
				"the operator's bond is too recent: it can stand once a whole session has passed since it was made"
			},
			Self::Barred => {
				"the registrant may not stand in this election: it was disabled, or its mixnode was removed"
			},
			Self::WrongRevision => "the revision was taken, or a greater one was; ask for the registrant's status",
			Self::TooManyRevisions => "the registration was replaced as often as it may be in one session",
			Self::TooManyAddresses => "too many external addresses",
			Self::AddressTooLong => "an external address is too long",
			Self::BadAddress => "an external address is no multiaddr that leads to this mixnode",
			Self::BadKxPublic => "the key-exchange key is no usable X25519 public key in its canonical encoding",
			Self::BadPeerId => "the peer ID is no Ed25519 public key",
			Self::KxPublicTaken => "another registrant has this key-exchange key",
			Self::PeerIdTaken => "another registrant has this peer ID",
			Self::RankTooLow => "all places are taken by better ranks",
			Self::BadRegistrantProof => "the registrant's signature does not fit",
			Self::BadPossessionProof => "the proof of possession of the key-exchange secret does not fit",
			Self::BadPeerProof => "the peer identity's signature does not fit",
			Self::NoAddress => "there is no external address; name one at which others reach the mixnode",
			Self::UnreachableAddress => {
				"an external address cannot be reached from the Internet; name only those at which others reach the mixnode"
			},
			Self::TooManyHosts => "the external addresses lead to too many hosts; name at most four",
			Self::OtherKey => {
				"the account has registered a mixnode by another of its keys; one account is one mixnode"
			},
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{KxPublic, PeerId, MAX_HOSTS};

	/// The layout that both sides must agree on, byte by byte.
	#[test]
	fn the_payload_is_the_concatenation_of_its_fields() {
		let registration = Registration {
			session_index: 0x0102_0304,
			registrant: Registrant([2; 32]),
			revision: 5,
			mixnode: Mixnode {
				kx_public: KxPublic([6; 32]),
				peer_id: PeerId([7; 32]),
				external_addresses: alloc::vec![b"ab".to_vec()],
			},
		};
		let expected = [
			&b"mixnet/registration/v2"[..],
			&[1; 32],
			&[4, 3, 2, 1],
			&[2; 32],
			&[5],
			&[6; 32],
			&[7; 32],
			&[4, 8],
			b"ab",
		]
		.concat();
		assert_eq!(registration.signing_payload(&[1u8; 32]), expected);
	}

	#[test]
	fn errors_and_codes_are_one_to_one() {
		for code in 0..24 {
			assert_eq!(RegistrationError::from_code(code).expect("a code; qed").code(), code);
		}
		assert_eq!(RegistrationError::from_code(24), None);
	}

	#[test]
	fn too_many_hosts_says_how_many_may_be() {
		assert_eq!(MAX_HOSTS, 4);
		assert!(RegistrationError::TooManyHosts.to_string().contains("at most four"));
	}
}
