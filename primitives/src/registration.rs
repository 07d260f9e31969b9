//! What a registrant signs.

use crate::SessionIndex;
use codec::Encode;

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
