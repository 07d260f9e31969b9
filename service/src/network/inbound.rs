//! What comes from the network, taken as fast as it comes.
//!
//! The network hands out packets before anything else. If we took them no faster than we unwrap them, a flood of packets
//! would keep the network from connecting and disconnecting peers. So a task of its own takes all events. It drops packets
//! for which there is no room. It never drops connections and disconnections, and waits until there is room for them.

use crate::log_target::LOG_TARGET;
use sc_network::{
	service::traits::{MessageSink, NotificationEvent, ValidationResult},
	NotificationService,
};
use sc_network_types::PeerId;
use std::sync::{
	atomic::{AtomicU64, Ordering},
	Arc,
};
use tokio::sync::mpsc;

/// Packets that may wait to be unwrapped: about a megabyte, and some tens of milliseconds of work.
const CAPACITY: usize = 512;

/// An event of the network.
pub enum Inbound {
	/// A peer was connected.
	Connected {
		/// The peer's ID.
		peer: PeerId,
		/// Takes packets for the peer.
		sink: Box<dyn MessageSink>,
	},
	/// A peer was disconnected.
	Disconnected {
		/// The peer's ID.
		peer: PeerId,
	},
	/// A peer sent a notification.
	Notification {
		/// The peer that sent it.
		peer: PeerId,
		/// The notification, which may have any size.
		notification: Vec<u8>,
	},
}

/// The event loop's end of the channel.
pub struct InboundReceiver {
	events: mpsc::Receiver<Inbound>,
	dropped: Arc<AtomicU64>,
}

/// The network's end of the channel.
pub struct InboundSender {
	events: mpsc::Sender<Inbound>,
	dropped: Arc<AtomicU64>,
}

/// A bounded channel for the network's events.
pub fn channel() -> (InboundSender, InboundReceiver) {
	let (sender, receiver) = mpsc::channel(CAPACITY);
	let dropped = Arc::new(AtomicU64::new(0));
	(InboundSender { events: sender, dropped: dropped.clone() }, InboundReceiver { events: receiver, dropped })
}

impl InboundReceiver {
	/// The next event; `None` once the network has stopped.
	pub async fn next(&mut self) -> Option<Inbound> {
		self.events.recv().await
	}

	/// The next event, if one waits already.
	pub fn try_next(&mut self) -> Option<Inbound> {
		self.events.try_recv().ok()
	}

	/// The number of notifications that were dropped because there was no room.
	pub fn dropped(&self) -> u64 {
		self.dropped.load(Ordering::Relaxed)
	}
}

impl InboundSender {
	/// Passes on the network's events, until the network or the event loop has stopped.
	pub async fn run(self, mut notifications: Box<dyn NotificationService>) {
		while let Some(event) = notifications.next_event().await {
			let passed_on = match event {
				NotificationEvent::ValidateInboundSubstream { result_tx, .. } => {
					// Anybody may send us packets; the peer set bounds how many peers do. If the receiver is dropped,
					// the peer is gone again.
					let _ = result_tx.send(ValidationResult::Accept);
					true
				},
				NotificationEvent::NotificationStreamOpened { peer, .. } => match notifications.message_sink(&peer) {
					Some(sink) => self.events.send(Inbound::Connected { peer, sink }).await.is_ok(),
					None => {
						log::debug!(target: LOG_TARGET, "The peer {peer} was gone as soon as it had connected");
						true
					},
				},
				NotificationEvent::NotificationStreamClosed { peer } => {
					self.events.send(Inbound::Disconnected { peer }).await.is_ok()
				},
				NotificationEvent::NotificationReceived { peer, notification } => {
					match self.events.try_send(Inbound::Notification { peer, notification }) {
						Ok(()) => true,
						Err(mpsc::error::TrySendError::Full(_)) => {
							self.dropped.fetch_add(1, Ordering::Relaxed);
							true
						},
						Err(mpsc::error::TrySendError::Closed(_)) => false,
					}
				},
			};
			if !passed_on {
				return;
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::network::testing::{Notifications, Sinks};

	#[tokio::test]
	async fn a_flood_is_dropped_and_counted_and_connections_are_not() {
		let peer = PeerId::random();
		let (network, events) = mpsc::unbounded_channel();
		let send = |event| network.send(event).expect("its other end is alive; qed");
		for _ in 0..10 * CAPACITY {
			send(NotificationEvent::NotificationReceived { peer, notification: vec![0] });
		}
		send(NotificationEvent::NotificationStreamClosed { peer });
		drop(network);

		let (sender, mut receiver) = channel();
		let running = tokio::spawn(sender.run(Box::new(Notifications::new(peer, Sinks::default(), events))));
		// The flood is over before anything was taken here.
		while receiver.dropped() < 9 * CAPACITY as u64 {
			assert!(!running.is_finished(), "it ended before the flood did");
			tokio::task::yield_now().await;
		}
		let mut packets = 0;
		let mut disconnections = 0;
		while let Some(event) = receiver.next().await {
			match event {
				Inbound::Notification { .. } => packets += 1,
				Inbound::Disconnected { .. } => disconnections += 1,
				Inbound::Connected { .. } => unreachable!("nobody was connected"),
			}
		}
		assert_eq!((packets, disconnections), (CAPACITY, 1));
		assert_eq!(receiver.dropped(), 9 * CAPACITY as u64);
	}
}
