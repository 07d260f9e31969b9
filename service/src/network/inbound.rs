//! What comes from the network, taken as fast as it comes.
//!
//! The network hands out packets before anything else. Were they taken at the pace at which they are unwrapped, a flood of
//! them would keep it from connecting and disconnecting peers. So a task of its own takes them, and drops those for which
//! there is no room; connections are never dropped, and wait instead.

use crate::LOG_TARGET;
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

/// Something that happened.
pub enum Inbound {
	/// A peer was connected.
	Connected {
		/// Who.
		peer: PeerId,
		/// Leads to it.
		sink: Box<dyn MessageSink>,
	},
	/// A peer was disconnected.
	Disconnected {
		/// Who.
		peer: PeerId,
	},
	/// A peer sent something, of any size.
	Notification {
		/// Who.
		peer: PeerId,
		/// What.
		notification: Vec<u8>,
	},
}

/// The event loop's end.
pub struct InboundReceiver {
	events: mpsc::Receiver<Inbound>,
	dropped: Arc<AtomicU64>,
}

/// The network's end.
pub struct InboundSender {
	events: mpsc::Sender<Inbound>,
	dropped: Arc<AtomicU64>,
}

/// A bounded channel for what comes from the network.
pub fn channel() -> (InboundSender, InboundReceiver) {
	let (sender, receiver) = mpsc::channel(CAPACITY);
	let dropped = Arc::new(AtomicU64::new(0));
	(InboundSender { events: sender, dropped: dropped.clone() }, InboundReceiver { events: receiver, dropped })
}

impl InboundReceiver {
	/// What happened next; `None` once the network is gone.
	pub async fn next(&mut self) -> Option<Inbound> {
		self.events.recv().await
	}

	/// What has happened already, if something has.
	pub fn try_next(&mut self) -> Option<Inbound> {
		self.events.try_recv().ok()
	}

	/// How many notifications there was no room for.
	pub fn dropped(&self) -> u64 {
		self.dropped.load(Ordering::Relaxed)
	}
}

impl InboundSender {
	/// Passes on what comes, until the network or the event loop is gone.
	pub async fn run(self, mut notifications: Box<dyn NotificationService>) {
		while let Some(event) = notifications.next_event().await {
			let passed_on = match event {
				NotificationEvent::ValidateInboundSubstream { result_tx, .. } => {
					// Anyone may send us packets; the peer set bounds how many do. A dropped receiver means that the
					// peer is gone again.
					let _ = result_tx.send(ValidationResult::Accept);
					true
				},
				NotificationEvent::NotificationStreamOpened { peer, .. } => match notifications.message_sink(&peer) {
					Some(sink) => self.events.send(Inbound::Connected { peer, sink }).await.is_ok(),
					None => {
						log::debug!(target: LOG_TARGET, "{peer} was gone as soon as it had connected");
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
	async fn a_flood_is_taken_dropped_and_counted_and_no_connection_is() {
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
