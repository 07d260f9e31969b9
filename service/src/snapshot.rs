//! The state of the service at one moment, as the event loop sees it.
//!
//! The event loop only hands it out. How it is shown is the business of others, and all of them start from here:
//! [`status`](crate::status) makes the answer of `mixnet_status` from it. Prometheus metrics belong beside that, in a
//! file `metrics.rs`; fed by the same snapshot, they cannot say anything else than the RPC does.

use crate::{
	network::{inbound::InboundDrops, peers::PeerDrops, reachability::asker::Reachability},
	requests::{server::ServeReport, wrong_answers::AnswerCounts},
};
use mixnet_node_core::{LoopReport, Role, Statistics};
use mixnet_primitives::{Parameters, PeerId, SessionStatus};

/// The state of the service.
#[derive(Debug)]
pub struct Snapshot {
	/// This node's peer ID.
	pub peer_id: sc_network_types::PeerId,
	/// The session and phase of the latest finalised block; none before the first one is read.
	pub session_status: Option<SessionStatus>,
	/// What this node does in the previous session.
	pub previous: SessionSnapshot,
	/// What this node does in the current session.
	pub current: SessionSnapshot,
	/// The core's counters and the lengths of its queues.
	pub core: Statistics,
	/// This node's requests that wait for their turn.
	pub waiting_requests: usize,
	/// The mixnodes with answers that proved wrong.
	pub wrong_answers: Vec<(PeerId, AnswerCounts)>,
	/// The requests of others, type by type.
	pub served: Vec<ServeReport>,
	/// Requests of others that are of no type that this node serves.
	pub unknown_requests: u64,
	/// Packets handed to the peers' queues, or dropped before that: see `peer_drops`.
	pub sent: u64,
	/// Packets that did not reach the network.
	pub peer_drops: PeerDrops,
	/// Notifications that were dropped as they came.
	pub inbound_drops: InboundDrops,
	/// Peers that had to leave, since all places were taken.
	pub evicted: u64,
	/// Number of peers connected by the mixnet's protocol.
	pub connected: usize,
	/// Number of those of them that do not respond, or take no packets.
	pub silent: usize,
	/// Number of peers that this node wants to be connected to.
	pub reserved: usize,
	/// Whether others can reach this node.
	pub reachability: Reachability,
	/// How often the service has failed, and was started again, since the node started.
	pub restarts: u64,
}

/// What this node does in a session.
#[derive(Debug)]
pub struct SessionSnapshot {
	/// Its role.
	pub role: Role,
	/// The session's parameters; none where this node takes no part, or before the mixnodes are known.
	pub parameters: Option<Parameters>,
	/// What its loop cover shows; none where it takes no part.
	pub loops: Option<LoopReport>,
}

impl Snapshot {
	/// Everything that was dropped, in the core and here: reasons in snake case, and how often each occurred.
	pub fn drops(&self) -> impl Iterator<Item = (String, u64)> + '_ {
		let core = self.core.drops().map(|(reason, times)| (reason.name().to_string(), times));
		let here = [
			("not_connected", self.peer_drops.not_connected),
			("peer_queue_full", self.peer_drops.queue_full),
			("send_failed", self.peer_drops.send_failed),
			("inbound_queue_full", self.inbound_drops.queue_full),
			("inbound_share_used", self.inbound_drops.share_used),
			("inbound_too_fast", self.inbound_drops.too_fast),
			("wrong_size", self.inbound_drops.wrong_size),
			("unknown_request", self.unknown_requests),
		];
		let here = here.into_iter().map(|(reason, times)| (reason.to_string(), times));
		let served =
			self.served.iter().map(|report| (format!("{}_queue_full", report.name), report.counters.queue_full));
		core.chain(here).chain(served)
	}
}
