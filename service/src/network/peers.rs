//! Who is connected, and a short queue for each.
//!
//! The network takes a packet when the peer's connection has room for it. A slow peer must not hold up the others, so each
//! peer has a queue, and a future of its own empties it. A full queue drops the newest packet and counts it. A peer that takes
//! no packet for `BLOCKED_AFTER` is blocked until it takes one.

use super::peer_id::{to_mixnet_peer_id, to_network_peer_id};
use crate::log_target::LOG_TARGET;
use futures::{
	future::BoxFuture,
	stream::{FuturesUnordered, StreamExt},
	FutureExt,
};
use mixnet_node_core::AddressedPacket;
use mixnet_primitives::PeerId;
use sc_network::service::traits::MessageSink;
use std::{collections::HashMap, pin::pin, time::Duration};
use tokio::{sync::mpsc, time::timeout};

/// A peer that has not taken a packet for so long, and lives, does not read. (The network's buffers are full by then.)
const BLOCKED_AFTER: Duration = Duration::from_secs(60);

const _: () =
	assert!(BLOCKED_AFTER.as_secs() <= 120, "a connection that takes no packets is noticed within two minutes");

/// Counters of packets that did not reach the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerDrops {
	/// The peer was not connected.
	pub not_connected: u64,
	/// The peer's queue was full.
	pub queue_full: u64,
	/// The connection was closing.
	pub send_failed: u64,
}

/// A connected peer.
struct Peer {
	/// Tells this connection from earlier ones of the same peer.
	connection: u64,
	/// Its other end is in one of the `senders`.
	queue: mpsc::Sender<Vec<u8>>,
	is_blocked: bool,
}

/// A connection is blocked, or no longer.
struct Blocked {
	peer_id: PeerId,
	connection: u64,
	is_blocked: bool,
}

/// The connected peers.
pub struct Peers {
	capacity: usize,
	/// [`BLOCKED_AFTER`], but for tests.
	blocked_after: Duration,
	peers: HashMap<PeerId, Peer>,
	connections: u64,
	/// One future for each queue empties it. It ends with the number of packets that were lost with the connection.
	senders: FuturesUnordered<BoxFuture<'static, u64>>,
	/// From the `senders`: at most two messages for each in [`BLOCKED_AFTER`].
	blocked: (mpsc::UnboundedSender<Blocked>, mpsc::UnboundedReceiver<Blocked>),
	drops: PeerDrops,
}

impl Peers {
	/// No peers yet; `capacity` packets may wait for each.
	pub fn new(capacity: usize) -> Self {
		Self {
			capacity,
			blocked_after: BLOCKED_AFTER,
			peers: HashMap::new(),
			connections: 0,
			senders: FuturesUnordered::new(),
			blocked: mpsc::unbounded_channel(),
			drops: PeerDrops::default(),
		}
	}

	/// A peer connected; `sink` leads to it. Returns its peer ID, or `None` if that is not an Ed25519 key.
	pub fn connected(&mut self, peer_id: &sc_network_types::PeerId, sink: Box<dyn MessageSink>) -> Option<PeerId> {
		let Some(id) = to_mixnet_peer_id(peer_id) else {
			log::debug!(target: LOG_TARGET, "Sending nothing to the peer {peer_id}: its peer ID is not an Ed25519 key");
			return None;
		};
		let (queue, packets) = mpsc::channel(self.capacity);
		self.connections += 1;
		let connection = self.connections;
		self.peers.insert(id, Peer { connection, queue, is_blocked: false });
		let blocked = self.blocked.0.clone();
		let note = move |is_blocked| {
			// Whoever listens ends the senders too.
			let _ = blocked.send(Blocked { peer_id: id, connection, is_blocked });
		};
		self.senders.push(send_all(packets, sink, self.blocked_after, note).boxed());
		Some(id)
	}

	/// A peer disconnected. Returns its peer ID if it was connected.
	pub fn disconnected(&mut self, peer_id: &sc_network_types::PeerId) -> Option<PeerId> {
		let id = to_mixnet_peer_id(peer_id)?;
		self.peers.remove(&id).map(|_| id)
	}

	/// Puts a packet into its peer's queue, or drops and counts it.
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

	/// Sends what is queued. Ends with a peer that is blocked, or no longer. Loses nothing if it is dropped before.
	pub async fn run(&mut self) -> PeerId {
		loop {
			tokio::select! {
				// What is queued goes out first.
				biased;
				Some(lost) = self.senders.next() => self.drops.send_failed += lost,
				Some(Blocked { peer_id, connection, is_blocked }) = self.blocked.1.recv() => {
					if let Some(peer) = self.peers.get_mut(&peer_id).filter(|peer| peer.connection == connection) {
						peer.is_blocked = is_blocked;
						return peer_id;
					}
				},
			}
		}
	}

	/// The connected peers.
	pub fn ids(&self) -> impl Iterator<Item = &PeerId> {
		self.peers.keys()
	}

	/// Is this peer connected?
	pub fn is_connected(&self, peer_id: &PeerId) -> bool {
		self.peers.contains_key(peer_id)
	}

	/// Is this peer connected, but takes no packets?
	pub fn is_blocked(&self, peer_id: &PeerId) -> bool {
		self.peers.get(peer_id).is_some_and(|peer| peer.is_blocked)
	}

	/// How many peers are connected.
	pub fn len(&self) -> usize {
		self.peers.len()
	}

	/// Is nobody connected?
	pub fn is_empty(&self) -> bool {
		self.peers.is_empty()
	}

	/// Counters of packets that did not reach the network.
	pub fn drops(&self) -> PeerDrops {
		self.drops
	}
}

/// Sends the queue's packets one by one, until the queue's other end is dropped or the connection closes. Returns how many
/// packets were lost. Notes when the connection is blocked, and when it is not any more.
async fn send_all(
	mut packets: mpsc::Receiver<Vec<u8>>,
	sink: Box<dyn MessageSink>,
	blocked_after: Duration,
	note: impl Fn(bool),
) -> u64 {
	while let Some(packet) = packets.recv().await {
		let mut sending = pin!(sink.send_async_notification(packet));
		let result = match timeout(blocked_after, &mut sending).await {
			Ok(result) => result,
			Err(_) => {
				note(true);
				let result = sending.await;
				note(false);
				result
			},
		};
		if let Err(error) = result {
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

#[cfg(test)]
mod tests {
	use super::*;
	use mixnet_node_core::{Packet, PACKET_SIZE};
	use sc_network_types::ed25519::Keypair;
	use std::{
		sync::{Arc, Mutex},
		time::Duration,
	};

	/// A connection that takes as many packets as it has permits, then waits or fails.
	struct Sink {
		sent: Arc<Mutex<usize>>,
		takes: usize,
		then_fails: bool,
	}

	#[async_trait::async_trait]
	impl MessageSink for Sink {
		fn send_sync_notification(&self, _: Vec<u8>) {
			unreachable!("a full channel would close the connection")
		}

		async fn send_async_notification(&self, packet: Vec<u8>) -> Result<(), sc_network::error::Error> {
			assert_eq!(packet.len(), PACKET_SIZE);
			if *self.sent.lock().expect("no test panics while it holds this; qed") < self.takes {
				*self.sent.lock().expect("no test panics while it holds this; qed") += 1;
				Ok(())
			} else if self.then_fails {
				Err(sc_network::error::Error::ChannelClosed)
			} else {
				pending_forever().await
			}
		}
	}

	async fn pending_forever() -> Result<(), sc_network::error::Error> {
		futures::future::pending().await
	}

	fn packet_to(peer_id: PeerId) -> AddressedPacket {
		AddressedPacket { peer_id, packet: Packet::from([0; PACKET_SIZE]) }
	}

	/// A connection that takes packets when it is allowed to.
	struct Gate(Arc<tokio::sync::Semaphore>);

	#[async_trait::async_trait]
	impl MessageSink for Gate {
		fn send_sync_notification(&self, _: Vec<u8>) {
			unreachable!("a full channel would close the connection")
		}

		async fn send_async_notification(&self, _: Vec<u8>) -> Result<(), sc_network::error::Error> {
			self.0.acquire().await.expect("never closed; qed").forget();
			Ok(())
		}
	}

	#[tokio::test]
	async fn a_peer_that_does_not_read_is_noticed_and_so_is_its_return() {
		let mut peers = Peers { blocked_after: Duration::from_millis(20), ..Peers::new(4) };
		let network_id = Keypair::generate().public().to_peer_id();
		let gate = Arc::new(tokio::sync::Semaphore::new(2));
		let id = peers.connected(&network_id, Box::new(Gate(gate.clone()))).expect("an Ed25519 peer ID; qed");
		let soon = Duration::from_secs(10);
		let while_nothing_happens = Duration::from_millis(100);
		// It takes two packets, and then no more. Before that, nothing to send is no reason.
		assert!(timeout(while_nothing_happens, peers.run()).await.is_err());
		for _ in 0..3 {
			peers.send(packet_to(id));
		}
		assert_eq!(timeout(soon, peers.run()).await.expect("it is noticed"), id);
		assert!(peers.is_connected(&id) && peers.is_blocked(&id));
		gate.add_permits(1);
		assert_eq!(timeout(soon, peers.run()).await.expect("it is noticed"), id);
		assert!(!peers.is_blocked(&id));

		// What is known of a connection ends with it, whatever its sender has still to say.
		peers.send(packet_to(id));
		assert_eq!(timeout(soon, peers.run()).await.expect("blocked again"), id);
		peers.disconnected(&network_id);
		peers.connected(&network_id, Box::new(Gate(gate.clone())));
		gate.add_permits(1);
		assert!(timeout(while_nothing_happens, peers.run()).await.is_err());
		assert!(!peers.is_blocked(&id));
	}

	/// Lets the senders do what they can.
	async fn run(peers: &mut Peers) {
		let _ = tokio::time::timeout(Duration::from_millis(50), peers.run()).await;
	}

	#[tokio::test]
	async fn a_slow_peer_holds_up_nobody_and_its_queue_is_bounded() {
		let mut peers = Peers::new(2);
		let mut connect = |takes| {
			let sent = Arc::new(Mutex::new(0));
			let sink = Sink { sent: sent.clone(), takes, then_fails: false };
			let id = peers.connected(&Keypair::generate().public().to_peer_id(), Box::new(sink));
			(id.expect("an Ed25519 peer ID; qed"), sent)
		};
		let (slow, slow_sent) = connect(0);
		let (fast, fast_sent) = connect(usize::MAX);
		for _ in 0..5 {
			peers.send(packet_to(slow));
			peers.send(packet_to(fast));
			run(&mut peers).await;
		}
		assert_eq!(*fast_sent.lock().expect("no test panics while it holds this; qed"), 5);
		assert_eq!(*slow_sent.lock().expect("no test panics while it holds this; qed"), 0);
		// One is being sent, two wait.
		assert_eq!(peers.drops(), PeerDrops { queue_full: 2, ..Default::default() });
	}

	#[tokio::test]
	async fn packets_lost_with_a_connection_are_counted() {
		let mut peers = Peers::new(4);
		let peer_id = Keypair::generate().public().to_peer_id();
		let sink = Sink { sent: Default::default(), takes: 1, then_fails: true };
		let id = peers.connected(&peer_id, Box::new(sink)).expect("an Ed25519 peer ID; qed");
		for _ in 0..3 {
			peers.send(packet_to(id));
		}
		run(&mut peers).await;
		assert_eq!(peers.drops().send_failed, 2);
		peers.send(packet_to(id));
		assert_eq!(peers.drops().send_failed, 3);
		assert_eq!(peers.disconnected(&peer_id), Some(id));
		assert!(peers.is_empty());
		peers.send(packet_to(id));
		assert_eq!(peers.drops().not_connected, 1);
	}
}
