//! Key-exchange keys: the type, its form for signatures, and which keys may be registered.

use crate::{field::is_at_least_prime, public_bytes::public_bytes};
use core::fmt;
use curve25519_dalek::MontgomeryPoint;

public_bytes! {
	/// An X25519 public key for key exchange: the u-coordinate, 32 bytes little-endian (RFC 7748).
	KxPublic
}

/// Why a key-exchange key may not be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadKxPublic {
	/// This is not the one encoding that RFC 7748 gives the u-coordinate: the unused top bit is set, or the number is
	/// not below 2^255 - 19. X25519 reads such encodings nevertheless, so that one key could be registered twice.
	NotCanonical,
	/// The point has a low order: the shared secret is zero whatever the other side's secret is, and everybody knows
	/// it.
	LowOrder,
	/// The point is on the curve's twist. X25519 makes no such key from any secret, and its possession cannot be
	/// proven.
	NotOnCurve,
}

impl fmt::Display for BadKxPublic {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str(match self {
			Self::NotCanonical => "not a canonical encoding of an X25519 public key",
			Self::LowOrder => "an X25519 public key of low order",
			Self::NotOnCurve => "not on Curve25519 but on its twist",
		})
	}
}

/// The points of low order, by their u-coordinates as 255-bit numbers: 0, 1, the two of order 8, and p - 1, p and p +
/// 1, where p is 2^255 - 19. Their orders divide 8 on Curve25519, and 4 on its twist.
///
/// The list is the known one (cr.yp.to/ecdh.html). RFC 7748, section 6.1 asks for the check.
const LOW_ORDER: [[u8; 32]; 7] = {
	const fn small(u: u8) -> [u8; 32] {
		let mut bytes = [0; 32];
		bytes[0] = u;
		bytes
	}
	const fn large(lowest: u8) -> [u8; 32] {
		let mut bytes = [0xff; 32];
		bytes[0] = lowest;
		bytes[31] = 0x7f;
		bytes
	}
	[
		small(0),
		small(1),
		[
			0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
			0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
		],
		[
			0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
			0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
		],
		large(0xec),
		large(0xed),
		large(0xee),
	]
};

impl KxPublic {
	/// Is this the key of a point of low order, whose shared secrets everybody knows?
	///
	/// The key is read as X25519 reads it: the top bit plays no part, and the number need not be below 2^255 - 19.
	pub fn is_low_order(&self) -> bool {
		let mut u = self.0;
		u[31] &= 0x7f;
		LOW_ORDER.contains(&u)
	}

	/// May this key be registered? Every public key that X25519 makes from a secret may.
	///
	/// The last check, for [`NotOnCurve`](BadKxPublic::NotOnCurve), costs an inversion and a square root in the field.
	/// The others cost nothing. [`possession_key`](Self::possession_key) makes the same checks, and returns the point
	/// that the last one found.
	pub fn check(&self) -> Result<(), BadKxPublic> {
		self.possession_key().map(drop)
	}

	/// The Ed25519 key under which possession of this key's secret is proven, if this key may be registered.
	pub fn possession_key(&self) -> Result<[u8; 32], BadKxPublic> {
		if self.0[31] & 0x80 != 0 || is_at_least_prime(&self.0) {
			return Err(BadKxPublic::NotCanonical);
		}
		if self.is_low_order() {
			return Err(BadKxPublic::LowOrder);
		}
		self.to_ed25519().ok_or(BadKxPublic::NotOnCurve)
	}

	/// The Edwards form of this key: y = (u - 1) / (u + 1), with the sign bit 0. A signer chooses its scalar such that
	/// this sign is right.
	///
	/// `None` if there is no such point: `u` is -1, or belongs to the curve's twist.
	///
	/// `u` is read as X25519 reads it, so it need not be canonical. Nor is the point's order checked; under a point of
	/// low order anyone can sign. [`possession_key`](Self::possession_key) refuses both.
	pub fn to_ed25519(&self) -> Option<[u8; 32]> {
		MontgomeryPoint(self.0).to_edwards(0).map(|point| point.compress().to_bytes())
	}
}

#[cfg(test)]
mod tests;
