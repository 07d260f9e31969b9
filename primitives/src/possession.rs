//! Proof of possession of an X25519 secret: the verifier's half.
//!
//! If somebody registers another's key-exchange key, packets are sent to it that nobody can open. So a registration is
//! signed with the secret of the very key that it registers. X25519 has no signatures, but its curve is that of Ed25519
//! in other coordinates. The scheme is XEdDSA (Perrin, "The XEdDSA and VXEdDSA Signature Schemes", 2016): its
//! signatures are Ed25519 signatures under the Edwards form of the key, which
//! [`KxPublic::possession_key`](crate::kx_public::KxPublic::possession_key) computes. Ed25519 verification is available
//! everywhere; in a runtime it is the host function `ed25519_verify`.
//!
//! The signer's half is in `mixnet-node-core`. docs/REGISTRATION.md has both, byte by byte, with test vectors.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// A signature with an X25519 secret: R, an encoded point, and s, an encoded scalar, as in Ed25519 (RFC 8032).
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct PossessionProof(pub [u8; 64]);

impl PossessionProof {
	/// Size in bytes.
	pub const SIZE: usize = 64;
}

impl From<PossessionProof> for [u8; 64] {
	fn from(proof: PossessionProof) -> Self {
		proof.0
	}
}

impl fmt::Debug for PossessionProof {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
	}
}
