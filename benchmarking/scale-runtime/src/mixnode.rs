//! The mixnodes that both pallets store, and their registrants: the same for both.

use alloc::{format, vec, vec::Vec};
use mixnet_primitives::{Mixnode, SessionIndex};
use pallet_mixnet::benchmarking::setup;
pub use pallet_mixnet::benchmarking::setup::{CURRENT, NEXT};

/// The public key of the `index`-th authority.
pub fn registrant(index: u32) -> [u8; 32] {
	setup::registrant("authority", index).0
}

/// The `index`-th mixnode of a session.
pub fn mixnode(session_index: SessionIndex, index: u32) -> Mixnode {
	Mixnode { external_addresses: external_addresses(index), ..setup::mixnode(session_index, index) }
}

/// Two addresses, by name and by number. They can be reached, as a chain asks.
pub fn external_addresses(index: u32) -> Vec<Vec<u8>> {
	let [_, a, b, c] = index.to_be_bytes();
	vec![
		format!("/dns/mixnode-{index}.mixnets.org/tcp/30333").into_bytes(),
		format!("/ip4/11.{a}.{b}.{c}/tcp/30333").into_bytes(),
	]
}
