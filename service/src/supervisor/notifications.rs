//! The network's notifications, for one run after the other.
//!
//! The network says once that a peer has connected. So somebody has to remember who is connected, and tell the next run.

use sc_network::{
	error::Error,
	service::traits::{Direction, MessageSink, NotificationEvent},
	NotificationService, ProtocolName,
};
use sc_network_types::PeerId;
use std::collections::HashMap;
use tokio::sync::OwnedMutexGuard;

/// The network's end of the protocol, and who is connected by it.
#[derive(Debug)]
pub struct Remembering {
	network: Box<dyn NotificationService>,
	connected: HashMap<PeerId, Direction>,
}

impl Remembering {
	/// Nobody is connected yet.
	pub fn new(network: Box<dyn NotificationService>) -> Self {
		Self { network, connected: HashMap::new() }
	}

	/// For one run: it first hears of the peers that are connected already.
	pub fn lend(this: OwnedMutexGuard<Self>) -> Retelling {
		let untold = this.connected.iter().map(|(peer, direction)| (*peer, *direction)).collect();
		Retelling { of: this, untold }
	}
}

/// The notifications, as one run hears them.
#[derive(Debug)]
pub struct Retelling {
	of: OwnedMutexGuard<Remembering>,
	/// Peers that had connected before.
	untold: Vec<(PeerId, Direction)>,
}

#[async_trait::async_trait]
impl NotificationService for Retelling {
	async fn open_substream(&mut self, peer: PeerId) -> Result<(), ()> {
		self.of.network.open_substream(peer).await
	}

	async fn close_substream(&mut self, peer: PeerId) -> Result<(), ()> {
		self.of.network.close_substream(peer).await
	}

	fn send_sync_notification(&mut self, peer: &PeerId, notification: Vec<u8>) {
		self.of.network.send_sync_notification(peer, notification);
	}

	async fn send_async_notification(&mut self, peer: &PeerId, notification: Vec<u8>) -> Result<(), Error> {
		self.of.network.send_async_notification(peer, notification).await
	}

	async fn set_handshake(&mut self, handshake: Vec<u8>) -> Result<(), ()> {
		self.of.network.set_handshake(handshake).await
	}

	fn try_set_handshake(&mut self, handshake: Vec<u8>) -> Result<(), ()> {
		self.of.network.try_set_handshake(handshake)
	}

	/// Nothing is lost if the future is dropped, as long as the network keeps to that.
	async fn next_event(&mut self) -> Option<NotificationEvent> {
		if let Some((peer, direction)) = self.untold.pop() {
			return Some(NotificationEvent::NotificationStreamOpened {
				peer,
				direction,
				handshake: Vec::new(),
				negotiated_fallback: None,
			});
		}
		let event = self.of.network.next_event().await?;
		match &event {
			NotificationEvent::NotificationStreamOpened { peer, direction, .. } => {
				self.of.connected.insert(*peer, *direction);
			},
			NotificationEvent::NotificationStreamClosed { peer } => {
				self.of.connected.remove(peer);
			},
			_ => (),
		}
		Some(event)
	}

	fn clone(&mut self) -> Result<Box<dyn NotificationService>, ()> {
		// A copy would get every event a second time, and nobody would remember for it.
		Err(())
	}

	fn protocol(&self) -> &ProtocolName {
		self.of.network.protocol()
	}

	fn message_sink(&self, peer: &PeerId) -> Option<Box<dyn MessageSink>> {
		self.of.network.message_sink(peer)
	}
}
