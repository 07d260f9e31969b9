//! Who is connected, and a short queue for each.
//!
//! The network takes packets at the pace of the slowest link. Waiting for one peer must not hold up the others, so each
//! has a queue, emptied by a future of its own; a full queue drops the newest packet and counts it.

use super::{to_mixnet_peer_id, to_network_peer_id};
use crate::LOG_TARGET;
use futures::{
	future::BoxFuture,
	stream::{FuturesUnordered, StreamExt},
	FutureExt,
};
use mixnet_node_core::AddressedPacket;
use mixnet_primitives::PeerId;
use sc_network::service::traits::MessageSink;
use std::collections::HashMap;
use tokio::sync::mpsc;

/// Counters of packets that did not reach the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerDrops {
	/// The peer was not connected.
	pub not_connected: u64,
	/// The peer's queue was full.
	pub queue_full: u64,
	/// The network refused the packet: the connection was closing.
	pub send_failed: u64,
}

struct Peer {
	queue: mpsc::Sender<Vec<u8>>,
	/// Tells this connection from an earlier one of the same peer.
	connection: u64,
}

/// The connected peers.
pub struct Peers {
	capacity: usize,
	peers: HashMap<PeerId, Peer>,
	/// Empties the peers' queues; each ends with the number of packets that were lost with the connection.
	senders: FuturesUnordered<BoxFuture<'static, u64>>,
	next_connection: u64,
	drops: PeerDrops,
}

impl Peers {
	/// No peers yet; `capacity` packets may wait for each.
	pub fn new(capacity: usize) -> Self {
		Self {
			capacity,
			peers: HashMap::new(),
			senders: FuturesUnordered::new(),
			next_connection: 0,
			drops: PeerDrops::default(),
		}
	}

	/// A peer connected; `sink` leads to it. Returns its name in the mixnet, `None` if it has none.
	pub fn connected(&mut self, peer_id: &sc_network_types::PeerId, sink: Box<dyn MessageSink>) -> Option<PeerId> {
		let Some(id) = to_mixnet_peer_id(peer_id) else {
			log::debug!(target: LOG_TARGET, "{peer_id} is not an Ed25519 key: no part of the mixnet");
			return None;
		};
		let (queue, packets) = mpsc::channel(self.capacity);
		self.next_connection += 1;
		self.peers.insert(id, Peer { queue, connection: self.next_connection });
		self.senders.push(send_all(packets, sink).boxed());
		Some(id)
	}

	/// A peer disconnected. Returns its name in the mixnet if it was known.
	pub fn disconnected(&mut self, peer_id: &sc_network_types::PeerId) -> Option<PeerId> {
		let id = to_mixnet_peer_id(peer_id)?;
		self.peers.remove(&id).map(|_| id)
	}

	/// Queues a packet for its peer.
	pub fn send(&mut self, packet: AddressedPacket) {
		let Some(peer) = self.peers.get(&packet.peer_id) else {
			self.drops.not_connected += 1;
			log::debug!(
				target: LOG_TARGET,
				"Dropped a packet to {}: not connected",
				to_network_peer_id(&packet.peer_id).map_or_else(|| packet.peer_id.to_string(), |id| id.to_base58()),
			);
			return;
		};
		match peer.queue.try_send(packet.packet.as_bytes().to_vec()) {
			Ok(()) => (),
			Err(mpsc::error::TrySendError::Full(_)) => self.drops.queue_full += 1,
			Err(mpsc::error::TrySendError::Closed(_)) => self.drops.send_failed += 1,
		}
	}

	/// Sends what is queued; never ends.
	pub async fn run(&mut self) -> std::convert::Infallible {
		loop {
			match self.senders.next().await {
				Some(lost) => self.drops.send_failed += lost,
				None => futures::future::pending().await,
			}
		}
	}

	/// How many are connected.
	pub fn len(&self) -> usize {
		self.peers.len()
	}

	/// Is nobody connected?
	pub fn is_empty(&self) -> bool {
		self.peers.is_empty()
	}

	/// What did not reach the network.
	pub fn drops(&self) -> PeerDrops {
		self.drops
	}
}

/// Sends the queue's packets one by one; ends when the queue's other end is dropped, or when the network refuses one.
/// Returns how many packets were lost.
async fn send_all(mut packets: mpsc::Receiver<Vec<u8>>, sink: Box<dyn MessageSink>) -> u64 {
	while let Some(packet) = packets.recv().await {
		if let Err(error) = sink.send_async_notification(packet).await {
			log::debug!(target: LOG_TARGET, "A peer's connection is closing: {error}");
			packets.close();
			let mut lost = 1;
			while packets.try_recv().is_ok() {
				lost += 1;
			}
			return lost;
		}
	}
	0
}
