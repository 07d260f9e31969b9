//! Peer IDs: the type, its text form, and which of them may be registered.

use crate::{field::is_at_least_prime, public_bytes::public_bytes};
use core::fmt;
use curve25519_dalek::edwards::CompressedEdwardsY;

public_bytes! {
	/// A network peer ID: the raw 32-byte Ed25519 public key that libp2p wraps in an identity multihash.
	PeerId
}

/// Why a peer ID may not be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadPeerId {
	/// The y-coordinate is not below 2^255 - 19. Ed25519 implementations may read such encodings nevertheless, so that
	/// one key could be registered twice.
	NotCanonical,
	/// No point of the curve has this y-coordinate: this is no Ed25519 public key, and no peer can have it.
	NotOnCurve,
	/// The point has a low order: anyone can make signatures that are valid under it.
	LowOrder,
}

impl fmt::Display for BadPeerId {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str(match self {
			Self::NotCanonical => "not a canonical encoding of an Ed25519 public key",
			Self::NotOnCurve => "not an Ed25519 public key: no point of the curve",
			Self::LowOrder => "an Ed25519 public key of low order",
		})
	}
}

impl PeerId {
	/// May this peer ID be registered? Every public key that Ed25519 makes from a secret may.
	///
	/// Costs a square root in the field and a few additions on the curve, unless the encoding alone is reason to
	/// refuse.
	pub fn check(&self) -> Result<(), BadPeerId> {
		if is_at_least_prime(&self.0) {
			return Err(BadPeerId::NotCanonical);
		}
		// The other encodings that are not canonical (x = 0 with the sign bit set) are those of points of low order.
		let point = CompressedEdwardsY(self.0).decompress().ok_or(BadPeerId::NotOnCurve)?;
		if point.is_small_order() {
			return Err(BadPeerId::LowOrder);
		}
		Ok(())
	}

	/// The text form, as in multiaddrs: base58btc of an identity multihash of the key in libp2p's protobuf. Every peer
	/// ID's begins with `12D3Koo`.
	pub fn to_base58(&self) -> [u8; 52] {
		let mut multihash = [0; 38];
		// An identity multihash of 36 bytes: key type 1 (Ed25519), and 32 bytes of data.
		multihash[..6].copy_from_slice(&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20]);
		multihash[6..].copy_from_slice(&self.0);
		let mut text = [0; 52];
		let written = bs58::encode(multihash).onto(&mut text[..]);
		debug_assert_eq!(
			written,
			Ok(52),
			"one digit for the zero, and 51 for 37 bytes of which the first is 0x24; qed"
		);
		text
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use curve25519_dalek::{constants::EIGHT_TORSION, EdwardsPoint};
	use proptest::prelude::*;

	#[test]
	fn peer_ids_that_are_no_point_are_refused() {
		let mut two = [0; 32];
		two[0] = 2;
		for bytes in [two, [7; 32]] {
			assert_eq!(PeerId(bytes).check(), Err(BadPeerId::NotOnCurve));
		}
	}

	#[test]
	fn peer_ids_of_low_order_are_refused() {
		for point in EIGHT_TORSION {
			assert_eq!(PeerId(point.compress().to_bytes()).check(), Err(BadPeerId::LowOrder));
		}
		// x = 0 has one sign only. This encoding claims the other.
		for mut bytes in [EIGHT_TORSION[0], EIGHT_TORSION[4]].map(|point| point.compress().to_bytes()) {
			bytes[31] |= 0x80;
			assert_eq!(PeerId(bytes).check(), Err(BadPeerId::LowOrder));
		}
	}

	#[test]
	fn second_encodings_of_a_peer_id_are_refused() {
		for lowest in 0xed..=0xff {
			for highest in [0x7f, 0xff] {
				let mut bytes = [0xff; 32];
				bytes[0] = lowest;
				bytes[31] = highest;
				assert_eq!(PeerId(bytes).check(), Err(BadPeerId::NotCanonical));
			}
		}
	}

	proptest! {
		#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

		#[test]
		fn peer_ids_that_are_made_from_a_secret_are_taken(secret: [u8; 32]) {
			prop_assert_eq!(PeerId(EdwardsPoint::mul_base_clamped(secret).compress().to_bytes()).check(), Ok(()));
		}

		/// And it is the point's only encoding.
		#[test]
		fn only_the_encodings_of_points_are_taken(bytes: [u8; 32]) {
			let id = PeerId(bytes);
			match CompressedEdwardsY(bytes).decompress() {
				None => prop_assert_eq!(id.check(), Err(BadPeerId::NotOnCurve)),
				Some(point) => {
					prop_assert_eq!(id.check(), Ok(()));
					prop_assert_eq!(point.compress().to_bytes(), bytes);
				},
			}
		}
	}
}
