//! Who registers a mixnode.

use crate::public_bytes::public_bytes;
use core::fmt;

public_bytes! {
	/// Who registers a mixnode, named by an sr25519 public key: a validator's session key, or an operator's key.
	Registrant
}

/// The type under which a node's keystore keeps the keys of registrants, and pallet-session knows a validator's.
///
/// These are the four bytes of a `KeyTypeId` of the SDK, on which this crate does not depend.
pub const KEY_TYPE: [u8; 4] = *b"mixn";

/// The encoding of Ristretto's identity element (RFC 9496, section 4.3.2): 32 zero bytes. It is the only encoding.
const IDENTITY: [u8; Registrant::SIZE] = [0; Registrant::SIZE];

/// The key is the identity element. Its secret is zero, so that anybody can sign for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IsIdentity;

impl fmt::Display for IsIdentity {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str("the key is the identity element, for which anybody can sign")
	}
}

impl Registrant {
	/// Can one party alone sign for this key?
	///
	/// Bytes that encode no element of Ristretto pass: nobody at all can sign for them. The group's order is prime, so
	/// there are no other elements of low order.
	pub fn check(&self) -> Result<(), IsIdentity> {
		match self.0 == IDENTITY {
			true => Err(IsIdentity),
			false => Ok(()),
		}
	}
}
