//! Who registers a mixnode.

use crate::public_bytes::public_bytes;

public_bytes! {
	/// Who registers a mixnode, named by an sr25519 public key: a validator's session key, or an operator's key.
	Registrant
}

/// The type under which a node's keystore keeps the keys of registrants, and pallet-session knows a validator's.
///
/// These are the four bytes of a `KeyTypeId` of the SDK, on which this crate does not depend.
pub const KEY_TYPE: [u8; 4] = *b"mixn";
