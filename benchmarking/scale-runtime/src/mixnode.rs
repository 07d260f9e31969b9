//! The mixnodes that both pallets store, and who registers them: the same for both.

use alloc::{format, vec, vec::Vec};
use codec::Encode;
use sp_io::hashing::blake2_256;

/// The sessions that have mixnodes before a rotation, relative to the current one: the previous, the current, the next.
/// Current is [`CURRENT`].
pub const SESSIONS: [u32; 3] = [CURRENT - 1, CURRENT, NEXT];

/// The current session.
pub const CURRENT: u32 = 5;

/// The session that is registered for.
pub const NEXT: u32 = CURRENT + 1;

/// The public key of the `index`-th authority or operator. Nobody has its secret: none but the last registers by a call.
pub fn registrant(index: u32) -> [u8; 32] {
	(b"registrant", index).using_encoded(blake2_256)
}

/// The peer ID of the `index`-th mixnode of a session.
pub fn peer_id(session: u32, index: u32) -> [u8; 32] {
	(b"peer", session, index).using_encoded(blake2_256)
}

/// The key-exchange key of the `index`-th mixnode of a session.
pub fn kx_public(session: u32, index: u32) -> [u8; 32] {
	(b"kx", session, index).using_encoded(blake2_256)
}

/// Two addresses, by name and by number, as a mixnode has them.
pub fn external_addresses(index: u32) -> Vec<Vec<u8>> {
	let [_, a, b, c] = index.to_be_bytes();
	vec![
		format!("/dns/mixnode-{index}.example.org/tcp/30333").into_bytes(),
		format!("/ip4/10.{a}.{b}.{c}/tcp/30333").into_bytes(),
	]
}
