//! Proof of possession of an X25519 secret: the verifier's half.
//!
//! Who registers another's key-exchange key has packets sent that nobody can open. So a registration is signed with the
//! secret of the very key that it registers. X25519 has no signatures, but its curve is that of Ed25519 in other
//! coordinates: the scheme is XEdDSA (Perrin, "The XEdDSA and VXEdDSA Signature Schemes", 2016), whose signatures are
//! Ed25519 signatures under the Edwards form of the key, [`KxPublic::to_ed25519`]. What verifies those is already
//! everywhere: in a runtime, the host function `ed25519_verify`.
//!
//! The signer's half is in `mixnet-node-core`; docs/REGISTRATION.md has both, byte by byte, with test vectors.

use crate::KxPublic;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use curve25519_dalek::MontgomeryPoint;
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

impl KxPublic {
	/// The Ed25519 public key under which possession of this key's secret is proven: y = (u - 1) / (u + 1), with the
	/// sign bit 0. The signer has chosen its scalar such that this sign is right.
	///
	/// `None` if there is no such point: `u` is -1, or belongs to the curve's twist.
	///
	/// `u` is read as X25519 reads it, so that it need not be canonical, nor is it looked at whether the point is one of
	/// small order, under which anyone can sign: [`possession_key`](Self::possession_key) refuses both.
	pub fn to_ed25519(&self) -> Option<[u8; 32]> {
		MontgomeryPoint(self.0).to_edwards(0).map(|point| point.compress().to_bytes())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use curve25519_dalek::{
		constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
		EdwardsPoint,
	};
	use proptest::prelude::*;

	#[test]
	fn the_base_points_of_both_curves_are_the_same_point() {
		let mut nine = [0; 32];
		nine[0] = 9;
		assert_eq!(KxPublic(nine).to_ed25519(), Some(ED25519_BASEPOINT_POINT.compress().to_bytes()));
	}

	#[test]
	fn what_is_no_point_of_the_curve_has_no_ed25519_key() {
		let mut minus_one = [0xff; 32];
		minus_one[0] = 0xec;
		minus_one[31] = 0x7f;
		let mut two = [0; 32];
		two[0] = 2;
		for bytes in [minus_one, two] {
			assert_eq!(KxPublic(bytes).to_ed25519(), None);
			// The unused bit is not looked at.
			let mut other = bytes;
			other[31] |= 0x80;
			assert_eq!(KxPublic(other).to_ed25519(), None);
		}
	}

	proptest! {
		#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

		/// .. a component of small order or not.
		#[test]
		fn the_ed25519_key_is_the_same_point_or_its_negative(secret: [u8; 32], torsion in 0..8usize) {
			let point = EdwardsPoint::mul_base_clamped(secret) + EIGHT_TORSION[torsion];
			let mut expected = point.compress().to_bytes();
			expected[31] &= 0x7f;
			prop_assert_eq!(KxPublic(point.to_montgomery().to_bytes()).to_ed25519(), Some(expected));
		}

		/// Half of all numbers belong to the curve, the others to its twist. As they do, X25519 with a secret of ours
		/// gives a number that belongs to the same.
		#[test]
		fn curve_and_twist_are_told_apart(u: [u8; 32], secret: [u8; 32]) {
			let there = MontgomeryPoint(u).mul_clamped(secret);
			prop_assert_eq!(KxPublic(u).to_ed25519().is_some(), KxPublic(there.to_bytes()).to_ed25519().is_some());
		}
	}
}
