//! Peers of a node, each with a key and a connection of its own. They speak its protocol and do nothing else.

use super::packets::{mark, Mark};
use futures::StreamExt;
use litep2p::{
	config::ConfigBuilder,
	crypto::ed25519::Keypair,
	protocol::notification::{
		self, NotificationError, NotificationEvent, NotificationHandle, NotificationSink, ValidationResult,
	},
	transport::tcp::config::Config as TcpConfig,
	types::multiaddr::{Multiaddr, Protocol},
	Litep2p,
};
use mixnet_node_core::PACKET_SIZE;
use mixnet_primitives::PeerId;
use sc_network::ProtocolName;
use std::{
	collections::HashSet,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc, Mutex,
	},
	time::Duration,
};
use tokio::{sync::oneshot, time::timeout};

/// How long it may take to be connected. It takes some milliseconds.
const LIMIT: Duration = Duration::from_secs(60);

/// The marks of all packets that peers got.
#[derive(Clone, Default)]
pub struct Came(Arc<Mutex<HashSet<Mark>>>);

impl Came {
	fn note(&self, mark: Mark) {
		self.0.lock().expect("no test panics while it holds this; qed").insert(mark);
	}

	/// How many of these came.
	pub fn count(&self, marks: &[Mark]) -> usize {
		let came = self.0.lock().expect("no test panics while it holds this; qed");
		marks.iter().filter(|mark| came.contains(*mark)).count()
	}
}

/// A peer that is not connected yet.
pub struct Peer {
	keypair: Keypair,
	litep2p: Litep2p,
	notifications: NotificationHandle,
}

/// A peer's end of its connection with the node.
pub struct Connection {
	/// Takes what is to be sent to the node.
	pub sink: NotificationSink,
	closed: Arc<AtomicBool>,
}

impl Connection {
	/// Was it closed, by either end?
	pub fn is_closed(&self) -> bool {
		self.closed.load(Ordering::Relaxed)
	}
}

impl Peer {
	/// A peer that waits for the node to connect to it, as mixnodes do if their places in the list say so.
	pub fn listening(protocol: &ProtocolName) -> Self {
		let address = "/ip4/127.0.0.1/tcp/0".parse().expect("well formed; qed");
		Self::new(protocol, Keypair::generate(), Some(address), None)
	}

	/// A peer that will connect to the node at this address, which ends with its peer ID.
	pub fn dialling(protocol: &ProtocolName, keypair: Keypair, node: &Multiaddr) -> Self {
		Self::new(protocol, keypair, None, Some(node))
	}

	fn new(protocol: &ProtocolName, keypair: Keypair, listens: Option<Multiaddr>, node: Option<&Multiaddr>) -> Self {
		// The handshake is that of the SDK's nodes. Nobody reads it.
		let (protocol, notifications) = notification::ConfigBuilder::new(protocol.clone().into())
			.with_max_size(PACKET_SIZE)
			.with_handshake(vec![1])
			.with_auto_accept_inbound(true)
			.build();
		let known = node.map(|node| (peer_id(node), vec![node.clone()]));
		let config = ConfigBuilder::new()
			.with_keypair(keypair.clone())
			.with_tcp(TcpConfig { listen_addresses: listens.into_iter().collect(), ..TcpConfig::default() })
			.with_notification_protocol(protocol)
			.with_known_addresses(known.into_iter())
			.build();
		Self { keypair, litep2p: Litep2p::new(config).expect("there are free ports; qed"), notifications }
	}

	/// Its peer ID, as the mixnet writes it.
	pub fn id(&self) -> PeerId {
		PeerId(self.keypair.public().to_bytes())
	}

	/// Where it listens.
	pub fn address(&self) -> String {
		self.litep2p.listen_addresses().next().expect("it listens; qed").to_string()
	}

	/// Connects to the node, or waits for it. Runs in the background until the runtime ends.
	pub async fn connect(self, node: &Multiaddr, came: Came) -> Result<Connection, NotificationError> {
		let (opened_sender, opened) = oneshot::channel();
		let closed = Arc::<AtomicBool>::default();
		tokio::spawn(self.run(peer_id(node), came, opened_sender, closed.clone()));
		let sink = timeout(LIMIT, opened).await.expect("it takes milliseconds").expect("it runs; qed")?;
		Ok(Connection { sink, closed })
	}

	async fn run(
		mut self,
		node: litep2p::PeerId,
		came: Came,
		opened: oneshot::Sender<Result<NotificationSink, NotificationError>>,
		closed: Arc<AtomicBool>,
	) {
		if self.litep2p.listen_addresses().next().is_none() {
			self.notifications.open_substream(node).await.expect("it is not open yet; qed");
		}
		let mut opened = Some(opened);
		loop {
			let event = tokio::select! {
				Some(event) = self.notifications.next() => event,
				Some(_) = self.litep2p.next_event() => continue,
				else => return,
			};
			let outcome = match event {
				NotificationEvent::ValidateSubstream { peer, .. } => {
					self.notifications.send_validation_result(peer, ValidationResult::Accept);
					continue;
				},
				NotificationEvent::NotificationReceived { notification, .. } => {
					mark(&notification).into_iter().for_each(|mark| came.note(mark));
					continue;
				},
				NotificationEvent::NotificationStreamClosed { .. } => {
					closed.store(true, Ordering::Relaxed);
					continue;
				},
				NotificationEvent::NotificationStreamOpened { peer, .. } => {
					Ok(self.notifications.notification_sink(peer).expect("it was just opened; qed"))
				},
				NotificationEvent::NotificationStreamOpenFailure { error, .. } => Err(error),
			};
			// Who asked may have given up.
			opened.take().map(|opened| opened.send(outcome));
		}
	}
}

/// The peer that an address ends with.
fn peer_id(address: &Multiaddr) -> litep2p::PeerId {
	match address.iter().last() {
		Some(Protocol::P2p(_)) => litep2p::PeerId::try_from_multiaddr(address).expect("it ends with one; qed"),
		_ => panic!("{address} names no peer"),
	}
}
