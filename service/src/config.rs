//! What can be chosen about the service.

use crate::{secret_file::SecretFile, workers};
use std::{num::NonZeroUsize, time::Duration};

/// Configuration of the service.
#[derive(Clone, Debug)]
pub struct Config {
	/// Configuration of the core.
	pub core: mixnet_node_core::Config,
	/// Where the key-exchange secret for session 0 is, whose mixnodes are those of the chain's genesis.
	pub session_0_secret: Option<SecretFile>,
	/// Whether to register for each next session, by a key in this node's keystore that is an authority's or an operator's.
	pub register: bool,
	/// Most peers that may connect to this node without being reserved: mixnodes are the gateways of users.
	pub inbound_peers: u32,
	/// Number of threads that unwrap packets.
	pub threads: NonZeroUsize,
	/// How long the chain may finalise nothing until the keys of its sessions are given up. They would outlive their
	/// sessions otherwise.
	pub max_silence: Duration,
	/// Whether the node ends if the mixnet fails. Otherwise the mixnet is started again, and the node goes on meanwhile.
	pub essential: bool,
	/// Packets that may wait for a slow peer; the next ones are dropped.
	pub peer_queue_capacity: usize,
	/// Most requests of this node's callers that may wait for their turn: this many of the node's own user, and this many of
	/// all others together. Each takes at most 130 kB.
	pub max_waiting_requests: usize,
	/// Bounds on the extrinsics that others want submitted.
	pub submissions: RequestLimits,
}

/// Bounds on others' requests of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
	/// Most requests that may wait for their delay, or for earlier ones; the next ones are dropped.
	pub waiting: usize,
	/// Most requests that are worked at, at a time.
	pub running: usize,
}

impl Config {
	/// The defaults. A node that `registers` (a validator's or an operator's) may become a mixnode, another only uses the
	/// mixnet.
	pub fn new(registers: bool) -> Self {
		Self {
			core: Default::default(),
			session_0_secret: None,
			register: registers,
			inbound_peers: if registers { 150 } else { 0 },
			threads: workers::default_threads(),
			max_silence: Duration::from_secs(3600),
			essential: false,
			peer_queue_capacity: 16,
			max_waiting_requests: 200,
			submissions: RequestLimits { waiting: 50, running: 20 },
		}
	}
}
