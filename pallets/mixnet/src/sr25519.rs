//! The keys of session authorities: sr25519, as an application key of their own.

use sp_application_crypto::KeyTypeId;

/// The type of the keys with which session authorities register mixnodes.
pub const KEY_TYPE: KeyTypeId = KeyTypeId(mixnet_primitives::KEY_TYPE);

mod app_sr25519 {
	use super::KEY_TYPE;
	use sp_application_crypto::{app_crypto, sr25519};
	app_crypto!(sr25519, KEY_TYPE);
}

sp_application_crypto::with_pair! {
	/// The key pair of a session authority.
	pub type AuthorityPair = app_sr25519::Pair;
}

/// A signature of a session authority.
pub type AuthoritySignature = app_sr25519::Signature;

/// The public key of a session authority, by which the chain knows it.
pub type AuthorityId = app_sr25519::Public;
