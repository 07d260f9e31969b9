//! Which key-exchange keys may be registered.

use crate::KxPublic;
use core::fmt;

/// Why a key-exchange key may not be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadKxPublic {
	/// Not the one encoding that RFC 7748 gives this u-coordinate: the unused top bit is set, or the number is not
	/// below 2^255 - 19. Since X25519 reads such encodings nevertheless, allowing them would let one key be registered
	/// twice.
	NotCanonical,
	/// Of small order: the shared secret is zero whatever the other side's secret is, so that anyone knows it.
	LowOrder,
	/// On the curve's twist: X25519 makes no such key of any secret, and possession of none can be proven.
	NotOnCurve,
}

impl fmt::Display for BadKxPublic {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str(match self {
			Self::NotCanonical => "not a canonical encoding of an X25519 public key",
			Self::LowOrder => "an X25519 public key of small order",
			Self::NotOnCurve => "not on Curve25519 but on its twist",
		})
	}
}

/// The u-coordinates of the points of low order, which divides 8 on Curve25519 and 4 on its twist, as 255-bit numbers: 0, 1,
/// the two of order 8, and p - 1, p and p + 1, where p is 2^255 - 19. The list is the known one (cr.yp.to/ecdh.html); RFC
/// 7748, section 6.1 asks for the check.
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

/// Is the number that the lower 255 bits of `bytes` encode, little-endian, at least the field's prime, 2^255 - 19?
pub(crate) fn at_least_prime(bytes: &[u8; 32]) -> bool {
	// The lowest byte decides when all the others are those of the prime.
	bytes[31] & 0x7f == 0x7f && bytes[1..31].iter().all(|byte| *byte == 0xff) && bytes[0] >= 0xed
}

impl KxPublic {
	/// Is this one of the few keys that nobody holds a secret for: points of low order, whose shared secrets everybody can
	/// guess? Read as X25519 reads keys: the top bit plays no part, and numbers need not be below 2^255 - 19.
	pub fn is_low_order(&self) -> bool {
		let mut u = self.0;
		u[31] &= 0x7f;
		LOW_ORDER.contains(&u)
	}

	/// May this key be registered? Every public key that X25519 makes from a secret may.
	///
	/// The last check, for [`NotOnCurve`](BadKxPublic::NotOnCurve), costs an inversion and a square root in the field;
	/// the others cost nothing. [`possession_key`](Self::possession_key) does the same and returns what the last one
	/// found.
	pub fn check(&self) -> Result<(), BadKxPublic> {
		self.possession_key().map(drop)
	}

	/// The Ed25519 key under which possession of this key's secret is proven, if this key may be registered.
	pub fn possession_key(&self) -> Result<[u8; 32], BadKxPublic> {
		if self.0[31] & 0x80 != 0 || at_least_prime(&self.0) {
			return Err(BadKxPublic::NotCanonical);
		}
		if self.is_low_order() {
			return Err(BadKxPublic::LowOrder);
		}
		self.to_ed25519().ok_or(BadKxPublic::NotOnCurve)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use curve25519_dalek::{constants::EIGHT_TORSION, MontgomeryPoint};

	/// Little-endian bytes of 2^255 - 19 + `offset`.
	fn prime_plus(offset: i16) -> [u8; 32] {
		let mut bytes = [0xff; 32];
		bytes[0] = (0xed + offset) as u8;
		bytes[31] = 0x7f;
		bytes
	}

	fn small(number: u8) -> [u8; 32] {
		let mut bytes = [0; 32];
		bytes[0] = number;
		bytes
	}

	#[test]
	fn what_is_taken_for_of_low_order_is_what_eight_makes_zero() {
		let is_zero_times_eight = |point: &[u8; 32]| {
			let eight = [true, false, false, false];
			MontgomeryPoint(*point).mul_bits_be(eight.into_iter()).to_bytes() == [0; 32]
		};
		for point in &LOW_ORDER {
			assert!(is_zero_times_eight(point));
			let mut with_top_bit = *point;
			with_top_bit[31] |= 0x80;
			assert!(KxPublic(with_top_bit).is_low_order());
		}
		for point in &EIGHT_TORSION {
			assert!(KxPublic(point.to_montgomery().to_bytes()).is_low_order());
		}
		// All that are near those which are given as numbers.
		for low in 0..=u8::MAX {
			for (rest, top) in [(0, 0), (0xff, 0x7f), (0, 0x80), (0xff, 0xff)] {
				let mut point = [rest; 32];
				(point[0], point[31]) = (low, top);
				assert_eq!(KxPublic(point).is_low_order(), is_zero_times_eight(&point));
			}
		}
	}

	#[test]
	fn keys_of_small_order_are_refused() {
		for bytes in LOW_ORDER {
			let canonical = !at_least_prime(&bytes);
			let expected = if canonical { BadKxPublic::LowOrder } else { BadKxPublic::NotCanonical };
			assert_eq!(KxPublic(bytes).check(), Err(expected));
		}
		for point in EIGHT_TORSION {
			assert_eq!(KxPublic(point.to_montgomery().to_bytes()).check(), Err(BadKxPublic::LowOrder));
		}
	}

	#[test]
	fn second_encodings_of_a_key_are_refused() {
		for offset in 0..19 {
			assert_eq!(KxPublic(prime_plus(offset)).check(), Err(BadKxPublic::NotCanonical));
		}
		for mut bytes in [[9; 32], [0; 32], prime_plus(-2), LOW_ORDER[2]] {
			bytes[31] |= 0x80;
			assert_eq!(KxPublic(bytes).check(), Err(BadKxPublic::NotCanonical));
		}
	}

	/// v^2 = u^3 + 486662 u^2 + u has no solution for u = 2, nor for u = -3.
	#[test]
	fn keys_on_the_twist_are_refused() {
		for bytes in [small(2), prime_plus(-3)] {
			assert_eq!(KxPublic(bytes).check(), Err(BadKxPublic::NotOnCurve));
		}
	}

	/// The base point (9), and the largest number below -1 that belongs to a point.
	#[test]
	fn other_keys_are_taken() {
		for bytes in [small(9), prime_plus(-2)] {
			assert_eq!(KxPublic(bytes).check(), Ok(()));
		}
		for byte in 0..=u8::MAX {
			let public = KxPublic(MontgomeryPoint::mul_base_clamped([byte; 32]).to_bytes());
			assert_eq!(public.possession_key().ok(), public.to_ed25519());
			assert_eq!(public.check(), Ok(()));
		}
	}
}
