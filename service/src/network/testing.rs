//! A network for tests: channels between nodes of one process.

use super::peer_control::PeerControl;
use futures::future::BoxFuture;
use sc_network::{
	service::traits::{MessageSink, NotificationEvent},
	NotificationService, ReputationChange,
};
use sc_network_types::{multiaddr::Multiaddr, PeerId as NetworkPeerId};
use std::{
	collections::{HashMap, HashSet},
	sync::{Arc, Mutex},
	time::Instant,
};
use tokio::sync::mpsc;

/// The way to each node, as if all were connected to each other.
pub type Sinks = Arc<Mutex<HashMap<NetworkPeerId, mpsc::UnboundedSender<NotificationEvent>>>>;

/// What a node has sent: when, to whom, and the packet.
pub type Sent = Arc<Mutex<Vec<(Instant, NetworkPeerId, Vec<u8>)>>>;

/// One node's end of a network in which everybody is connected to everybody in `nodes`.
#[derive(Debug)]
pub struct Notifications {
	own: NetworkPeerId,
	nodes: Sinks,
	events: mpsc::UnboundedReceiver<NotificationEvent>,
	name: sc_network::ProtocolName,
	sent: Option<Sent>,
}

impl Notifications {
	/// The end of the node `own`, which gets `events`.
	pub fn new(own: NetworkPeerId, nodes: Sinks, events: mpsc::UnboundedReceiver<NotificationEvent>) -> Self {
		Self { own, nodes, events, name: "/mixnet".into(), sent: None }
	}

	/// The same, which notes what the node sends.
	pub fn noting(self, sent: Sent) -> Self {
		Self { sent: Some(sent), ..self }
	}
}

/// Records what peers were reported for, and who had to leave.
#[derive(Clone, Default)]
pub struct Reports {
	changes: Arc<Mutex<Vec<(NetworkPeerId, i32)>>>,
	left: Arc<Mutex<Vec<NetworkPeerId>>>,
}

impl Reports {
	/// The changes of this peer's reputation.
	pub fn of(&self, peer: NetworkPeerId) -> Vec<i64> {
		let reports = self.changes.lock().expect("no test panics while it holds this; qed");
		reports.iter().filter(|(of, _)| *of == peer).map(|(_, change)| i64::from(*change)).collect()
	}

	/// Who had to leave.
	pub fn left(&self) -> Vec<NetworkPeerId> {
		self.left.lock().expect("no test panics while it holds this; qed").clone()
	}
}

impl PeerControl for Reports {
	fn local_peer_id(&self) -> NetworkPeerId {
		unreachable!("only reports are recorded")
	}

	fn add_known_address(&self, _: NetworkPeerId, _: Multiaddr) {
		unreachable!("only reports are recorded")
	}

	fn set_reserved(&self, _: HashSet<Multiaddr>) -> Result<(), String> {
		unreachable!("only reports are recorded")
	}

	fn ask_for_life(&self, _: &mixnet_primitives::PeerId) -> BoxFuture<'static, bool> {
		unreachable!("only reports are recorded")
	}

	fn report(&self, peer: NetworkPeerId, change: ReputationChange) {
		self.changes.lock().expect("no test panics while it holds this; qed").push((peer, change.value));
	}

	fn disconnect(&self, peer: NetworkPeerId) {
		self.left.lock().expect("no test panics while it holds this; qed").push(peer);
	}
}

/// Records the addresses that it is told.
#[derive(Default)]
pub struct KnownAddresses(pub Mutex<Vec<(NetworkPeerId, Multiaddr)>>);

impl KnownAddresses {
	/// The addresses, as text.
	pub fn texts(&self) -> Vec<String> {
		let known = self.0.lock().expect("no test panics while it holds this; qed");
		known.iter().map(|(_, address)| address.to_string()).collect()
	}
}

impl PeerControl for KnownAddresses {
	fn local_peer_id(&self) -> NetworkPeerId {
		unreachable!("only addresses are recorded")
	}

	fn add_known_address(&self, peer: NetworkPeerId, address: Multiaddr) {
		self.0.lock().expect("no test panics while it holds this; qed").push((peer, address));
	}

	fn set_reserved(&self, _: HashSet<Multiaddr>) -> Result<(), String> {
		Ok(())
	}

	fn report(&self, _: NetworkPeerId, _: ReputationChange) {
		unreachable!("only addresses are recorded")
	}

	fn disconnect(&self, _: NetworkPeerId) {
		unreachable!("only addresses are recorded")
	}

	fn ask_for_life(&self, _: &mixnet_primitives::PeerId) -> BoxFuture<'static, bool> {
		unreachable!("only addresses are recorded")
	}
}

struct Sink {
	from: NetworkPeerId,
	peer: NetworkPeerId,
	sent: Option<Sent>,
	to: mpsc::UnboundedSender<NotificationEvent>,
}

#[async_trait::async_trait]
impl MessageSink for Sink {
	fn send_sync_notification(&self, _: Vec<u8>) {
		unreachable!("a full channel would close the connection")
	}

	async fn send_async_notification(&self, notification: Vec<u8>) -> Result<(), sc_network::error::Error> {
		if let Some(sent) = &self.sent {
			let now = Instant::now();
			sent.lock().expect("no test panics while it holds this; qed").push((now, self.peer, notification.clone()));
		}
		self.to
			.send(NotificationEvent::NotificationReceived { peer: self.from, notification })
			.map_err(|_| sc_network::error::Error::ChannelClosed)
	}
}

#[async_trait::async_trait]
impl NotificationService for Notifications {
	async fn open_substream(&mut self, _: NetworkPeerId) -> Result<(), ()> {
		unreachable!("not implemented by the network either")
	}

	async fn close_substream(&mut self, _: NetworkPeerId) -> Result<(), ()> {
		unreachable!("not implemented by the network either")
	}

	fn send_sync_notification(&mut self, _: &NetworkPeerId, _: Vec<u8>) {
		unreachable!("a full channel would close the connection")
	}

	async fn send_async_notification(&mut self, _: &NetworkPeerId, _: Vec<u8>) -> Result<(), sc_network::error::Error> {
		unreachable!("one slow peer would hold up all others")
	}

	async fn set_handshake(&mut self, _: Vec<u8>) -> Result<(), ()> {
		unreachable!("the protocol has no handshake")
	}

	fn try_set_handshake(&mut self, _: Vec<u8>) -> Result<(), ()> {
		unreachable!("the protocol has no handshake")
	}

	async fn next_event(&mut self) -> Option<NotificationEvent> {
		self.events.recv().await
	}

	fn clone(&mut self) -> Result<Box<dyn NotificationService>, ()> {
		unreachable!("not implemented by the network either")
	}

	fn protocol(&self) -> &sc_network::ProtocolName {
		&self.name
	}

	fn message_sink(&self, peer: &NetworkPeerId) -> Option<Box<dyn MessageSink>> {
		let to = self.nodes.lock().expect("no test panics while it holds this; qed").get(peer)?.clone();
		Some(Box::new(Sink { from: self.own, peer: *peer, sent: self.sent.clone(), to }))
	}
}
