//! What can be chosen about the service.

use crate::{secret_file::SecretFile, workers};
use sc_network::config::TransportConfig;
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
	/// Most peers that may stay connected to this node without being reserved: mixnodes are the gateways of users. A few more may
	/// connect, and then others have to leave.
	pub inbound_peers: u32,
	/// At which hosts mixnodes are dialled, and nodes that want to know whether they can be reached. Take the network's own
	/// setting: `Reach::from(&config.network.transport)`.
	pub dialled: Reach,
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

/// Which hosts a chain takes addresses of, or which a node dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
	/// Any. It is a chain for a private network, or we have not heard otherwise.
	Any,
	/// Only those that can be reached from the Internet: none that are private, loopback, link-local, or otherwise special.
	Internet,
}

impl From<&TransportConfig> for Reach {
	/// What `--allow-private-ip` and `--no-private-ip` say, and without them the kind of chain.
	fn from(transport: &TransportConfig) -> Self {
		match transport {
			TransportConfig::Normal { allow_private_ip: false, .. } => Self::Internet,
			TransportConfig::Normal { .. } | TransportConfig::MemoryOnly => Self::Any,
		}
	}
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
			// By a thread of its own: see `workers`.
			core: mixnet_node_core::Config { driver_builds: true, ..Default::default() },
			session_0_secret: None,
			register: registers,
			inbound_peers: if registers { 150 } else { 0 },
			dialled: Reach::Internet,
			threads: workers::default_threads(),
			max_silence: Duration::from_secs(3600),
			essential: false,
			peer_queue_capacity: 16,
			max_waiting_requests: 200,
			submissions: RequestLimits { waiting: 50, running: 20 },
		}
	}
}
