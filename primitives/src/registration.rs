//! What a registrant signs, and which key-exchange keys may be registered.

use crate::{KxPublic, SessionIndex};
use codec::Encode;
use core::fmt;

/// Separates registrations from everything else that the same key may sign.
pub const REGISTRATION_DOMAIN: &[u8; 22] = b"mixnet/registration/v1";

/// The payload of a registration's signature: the SCALE encoding of this struct.
///
/// It names the chain, the purpose, the session and the registrant, so that a signature is worth nothing anywhere else.
///
/// | field | encoding |
/// |---|---|
/// | `domain` | the 22 bytes of [`REGISTRATION_DOMAIN`] |
/// | `genesis_hash` | the hash of the chain's first block |
/// | `session_index` | u32, the session that the mixnode is for |
/// | `registrant` | the session authority |
/// | `mixnode` | the mixnode |
#[derive(Encode)]
pub struct RegistrationPayload<'a, Hash, Registrant, Mixnode> {
	domain: &'static [u8; 22],
	genesis_hash: &'a Hash,
	session_index: SessionIndex,
	registrant: &'a Registrant,
	mixnode: &'a Mixnode,
}

impl<'a, Hash, Registrant, Mixnode> RegistrationPayload<'a, Hash, Registrant, Mixnode> {
	/// The payload of the registration of `mixnode` for session `session_index` by `registrant`.
	pub fn new(
		genesis_hash: &'a Hash,
		session_index: SessionIndex,
		registrant: &'a Registrant,
		mixnode: &'a Mixnode,
	) -> Self {
		Self { domain: REGISTRATION_DOMAIN, genesis_hash, session_index, registrant, mixnode }
	}
}

/// Why a key-exchange key may not be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadKxPublic {
	/// Not the one encoding that RFC 7748 gives this u-coordinate: the unused top bit is set, or the number is not
	/// below 2^255 - 19. Since X25519 reads such encodings nevertheless, allowing them would let one key be registered
	/// twice.
	NotCanonical,
	/// Of small order: the shared secret is zero whatever the other side's secret is, so that anyone knows it.
	LowOrder,
}

impl fmt::Display for BadKxPublic {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str(match self {
			Self::NotCanonical => "not a canonical encoding of an X25519 public key",
			Self::LowOrder => "an X25519 public key of small order",
		})
	}
}

/// The u-coordinates whose order divides 8 on Curve25519, or 4 on its twist, canonically encoded: 0, 1, the two of order
/// 8, and -1. RFC 7748, section 6.1 asks for the check; the list is the known one (cr.yp.to/ecdh.html) without its
/// non-canonical members.
const LOW_ORDER: [[u8; 32]; 5] = [
	[0; 32],
	{
		let mut one = [0; 32];
		one[0] = 1;
		one
	},
	[
		0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
		0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
	],
	[
		0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
		0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
	],
	{
		let mut minus_one = [0xff; 32];
		minus_one[0] = 0xec;
		minus_one[31] = 0x7f;
		minus_one
	},
];

impl KxPublic {
	/// May this key be registered? Every public key that X25519 makes from a secret may.
	pub fn check(&self) -> Result<(), BadKxPublic> {
		// Little-endian: the lowest byte decides when all the others are those of 2^255 - 19.
		let at_least_prime = self.0[31] == 0x7f && self.0[1..31].iter().all(|byte| *byte == 0xff) && self.0[0] >= 0xed;
		if self.0[31] & 0x80 != 0 || at_least_prime {
			return Err(BadKxPublic::NotCanonical);
		}
		if LOW_ORDER.contains(&self.0) {
			return Err(BadKxPublic::LowOrder);
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Little-endian bytes of 2^255 - 19 + `offset`.
	fn prime_plus(offset: i16) -> [u8; 32] {
		let mut bytes = [0xff; 32];
		bytes[0] = (0xed + offset) as u8;
		bytes[31] = 0x7f;
		bytes
	}

	#[test]
	fn keys_of_small_order_are_refused() {
		for bytes in LOW_ORDER {
			assert_eq!(KxPublic(bytes).check(), Err(BadKxPublic::LowOrder));
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

	#[test]
	fn other_keys_are_taken() {
		let mut base_point = [0; 32];
		base_point[0] = 9;
		for bytes in [base_point, [0x7f; 32], prime_plus(-2), prime_plus(-19)] {
			assert_eq!(KxPublic(bytes).check(), Ok(()));
		}
	}

	/// The layout that both sides must agree on, byte by byte.
	#[test]
	fn the_payload_is_the_concatenation_of_its_fields() {
		let payload = RegistrationPayload::new(&[1u8; 32], 0x01020304, &[2u8; 32], &(3u8, 4u8)).encode();
		let expected = [&b"mixnet/registration/v1"[..], &[1; 32], &[4, 3, 2, 1], &[2; 32], &[3, 4]].concat();
		assert_eq!(payload, expected);
	}
}
