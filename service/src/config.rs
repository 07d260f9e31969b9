//! What can be chosen about the service.

use crate::workers;
use mixnet_node_core::KxSecret;
use std::num::NonZeroUsize;

/// Configuration of the service.
pub struct Config {
	/// The protocol's; see there.
	pub core: mixnet_node_core::Config,
	/// Key-exchange secret for session 0, whose mixnodes are those of the chain's genesis.
	pub session_0_secret: Option<KxSecret>,
	/// Register as a mixnode of each next session whose authority or operator has its key in this node's keystore.
	pub register: bool,
	/// Most peers that may connect to this node uninvited: mixnodes are the others' gateways.
	pub inbound_peers: u32,
	/// Threads that unwrap packets.
	pub threads: NonZeroUsize,
	/// Packets that may wait for a slow peer; the next ones are dropped.
	pub peer_queue_capacity: usize,
	/// Most extrinsics of others that may wait for their delay.
	pub extrinsic_queue_capacity: usize,
	/// Most extrinsics of others that may be in submission at a time.
	pub max_submissions: usize,
}

impl Config {
	/// The defaults for a node that `stands` for election, which a validator's or an operator's does, or for another node,
	/// which only uses the mixnet.
	pub fn new(stands: bool) -> Self {
		Self {
			core: Default::default(),
			session_0_secret: None,
			register: stands,
			inbound_peers: if stands { 150 } else { 0 },
			threads: workers::default_threads(),
			peer_queue_capacity: 16,
			extrinsic_queue_capacity: 50,
			max_submissions: 20,
		}
	}
}
