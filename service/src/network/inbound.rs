//! What comes from the network, taken as fast as it comes.
//!
//! The network hands out packets before anything else. If we took them no faster than we unwrap them, a flood of packets
//! would keep the network from connecting and disconnecting peers. So a task of its own takes all events. It drops packets
//! of peers that send too fast, or that have their share of the queue already ([`limits`](super::limits)), and what is no packet. It
//! never drops connections and disconnections, and waits until there is room for them.

use super::{
	limits::{Limits, Refused, Roles},
	peer_control::PeerControl,
	peer_id::to_mixnet_peer_id,
	places::Places,
};
use crate::log_target::LOG_TARGET;
use mixnet_node_core::Packet;
use rand_core::{OsRng, RngCore};
use sc_network::{
	service::traits::{MessageSink, NotificationEvent, ValidationResult},
	NotificationService, ReputationChange,
};
use sc_network_types::PeerId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{sync::mpsc, time::Instant};

/// Packets that may wait to be unwrapped: about a megabyte, and some tens of milliseconds of work.
const CAPACITY: usize = 512;

/// What a notification that is no packet costs its sender in reputation. Twelve at once, or one in ten seconds for some minutes,
/// have it banned. (PROTOCOL.md, section 11)
const WRONG_SIZE: ReputationChange = ReputationChange::new(-(1 << 27), "mixnet: a notification of another size");
/// What a packet costs a user that sends more than twice what it should. Reputation recovers by a two-hundredth in a second: a
/// user that sends five packets a second more than it may is not banned, one that sends a hundred is, after a quarter minute.
const TOO_FAST: ReputationChange = ReputationChange::new(-(1 << 20), "mixnet: more packets than a user sends");

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
	/// A peer sent a packet.
	Packet {
		/// The peer that sent it.
		peer: PeerId,
		/// The packet.
		packet: Box<Packet>,
	},
}

/// Counters of notifications that were dropped.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct InboundDrops {
	/// The queue was full.
	pub queue_full: u64,
	/// The peer had its share of the queue, and nothing was lent to it.
	pub share_used: u64,
	/// The peer sent faster than it may.
	pub too_fast: u64,
	/// It had not the size of a packet.
	pub wrong_size: u64,
}

/// What both ends of the channel know.
struct Shared {
	limits: Limits,
	drops: InboundDrops,
	/// Peers that had to leave, since all places were taken.
	evicted: u64,
}

/// Nothing is left half done where this is held, so it is good even after a panic.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
	shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The event loop's end of the channel.
pub struct InboundReceiver {
	events: mpsc::Receiver<Inbound>,
	shared: Arc<Mutex<Shared>>,
}

/// The network's end of the channel.
pub struct InboundSender {
	events: mpsc::Sender<Inbound>,
	shared: Arc<Mutex<Shared>>,
	/// Takes reports of peers that misbehave, and makes peers leave.
	peers: Box<dyn PeerControl>,
	places: Places,
}

/// A bounded channel for the network's events. Peers that misbehave are reported to `peers`. If more than `places` peers that
/// are no mixnodes stay connected, some have to leave.
pub fn channel(peers: Box<dyn PeerControl>, places: u32) -> (InboundSender, InboundReceiver) {
	let (sender, receiver) = mpsc::channel(CAPACITY);
	let shared = Shared { limits: Limits::new(CAPACITY), drops: InboundDrops::default(), evicted: 0 };
	let shared = Arc::new(Mutex::new(shared));
	let receiver = InboundReceiver { events: receiver, shared: shared.clone() };
	(InboundSender { events: sender, shared, peers, places: Places::new(places as usize) }, receiver)
}

impl InboundReceiver {
	/// The next event; `None` once the network has stopped.
	pub async fn next(&mut self) -> Option<Inbound> {
		let event = self.events.recv().await?;
		Some(self.taken(event))
	}

	/// The next event, if one waits already.
	pub fn try_next(&mut self) -> Option<Inbound> {
		let event = self.events.try_recv().ok()?;
		Some(self.taken(event))
	}

	fn taken(&self, event: Inbound) -> Inbound {
		if let Inbound::Packet { peer, .. } = &event {
			lock(&self.shared).limits.left(peer);
		}
		event
	}

	/// Sets how much each peer may send.
	pub fn set_roles(&self, roles: Roles) {
		lock(&self.shared).limits.set_roles(Instant::now(), roles);
	}

	/// What was dropped.
	pub fn drops(&self) -> InboundDrops {
		lock(&self.shared).drops
	}

	/// How many peers had to leave, since all places were taken.
	pub fn evicted(&self) -> u64 {
		lock(&self.shared).evicted
	}
}

impl InboundSender {
	/// Passes on the network's events, until the network or the event loop has stopped.
	pub async fn run(mut self, mut notifications: Box<dyn NotificationService>) {
		while let Some(event) = notifications.next_event().await {
			let passed_on = match event {
				NotificationEvent::ValidateInboundSubstream { result_tx, .. } => {
					// Anybody may send us packets; the peer set bounds how many peers do. If the receiver is dropped,
					// the peer is gone again.
					let _ = result_tx.send(ValidationResult::Accept);
					true
				},
				NotificationEvent::NotificationStreamOpened { peer, .. } => match notifications.message_sink(&peer) {
					Some(sink) => {
						let now = Instant::now();
						lock(&self.shared).limits.connected(now, peer);
						self.places.connected(now, peer);
						self.events.send(Inbound::Connected { peer, sink }).await.is_ok()
					},
					None => {
						log::debug!(target: LOG_TARGET, "The peer {peer} was gone as soon as it had connected");
						true
					},
				},
				NotificationEvent::NotificationStreamClosed { peer } => {
					lock(&self.shared).limits.disconnected(Instant::now(), &peer);
					self.places.disconnected(&peer);
					self.events.send(Inbound::Disconnected { peer }).await.is_ok()
				},
				NotificationEvent::NotificationReceived { peer, notification } => self.pass_on(peer, &notification),
			};
			if !passed_on {
				return;
			}
			self.evict(Instant::now());
		}
	}

	/// Makes a peer leave, if too many have come.
	fn evict(&mut self, now: Instant) {
		let mut shared = lock(&self.shared);
		self.places.set_user_period(shared.limits.roles().user_period());
		let is_mixnode = |peer: &PeerId| shared.limits.roles().is_mixnode(peer);
		let random = |len: usize| (OsRng.next_u64() % len as u64) as usize;
		if let Some(peer) = self.places.to_leave(now, is_mixnode, random) {
			shared.evicted += 1;
			drop(shared);
			log::debug!(target: LOG_TARGET, "All places are taken: the peer {peer} has to leave");
			self.peers.disconnect(peer);
		}
	}

	/// Puts a packet into the queue, or drops and counts it. Returns `false` if the event loop has stopped.
	fn pass_on(&mut self, peer: PeerId, notification: &[u8]) -> bool {
		let Ok(packet) = Packet::try_from(notification) else {
			lock(&self.shared).drops.wrong_size += 1;
			self.peers.report(peer, WRONG_SIZE);
			return true;
		};
		if to_mixnet_peer_id(&peer).is_none() {
			return true;
		}
		let now = Instant::now();
		self.places.heard(now, &peer);
		let taken = lock(&self.shared).limits.take(now, peer);
		let refused = match taken {
			Ok(()) => match self.events.try_send(Inbound::Packet { peer, packet: Box::new(packet) }) {
				Ok(()) => return true,
				// Connections wait in the same queue, and take places that are not counted.
				Err(mpsc::error::TrySendError::Full(_)) => {
					lock(&self.shared).limits.left(&peer);
					Refused::Full
				},
				Err(mpsc::error::TrySendError::Closed(_)) => return false,
			},
			Err(refused) => refused,
		};
		let mut shared = lock(&self.shared);
		match refused {
			Refused::Full => shared.drops.queue_full += 1,
			Refused::Share => shared.drops.share_used += 1,
			Refused::Rate { is_offence } => {
				shared.drops.too_fast += 1;
				drop(shared);
				if is_offence {
					self.peers.report(peer, TOO_FAST);
				}
			},
		}
		true
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::network::testing::{Notifications, Reports, Sinks};
	use mixnet_node_core::PACKET_SIZE;
	use mixnet_primitives::Parameters;
	use sc_network::service::traits::Direction;
	use sc_network_types::ed25519::Keypair;

	type Network = mpsc::UnboundedSender<NotificationEvent>;

	fn peer() -> PeerId {
		PeerId::from_ed25519(&Keypair::generate().public().to_bytes()).expect("an Ed25519 key; qed")
	}

	fn send(network: &Network, peer: PeerId, size: usize) {
		let event = NotificationEvent::NotificationReceived { peer, notification: vec![0; size] };
		network.send(event).expect("its other end is alive; qed");
	}

	/// Starts the task, with these peers connected.
	fn start(peers: &[PeerId]) -> (Network, InboundReceiver, Reports) {
		let (network, events) = mpsc::unbounded_channel();
		let nodes = Sinks::default();
		for peer in peers {
			nodes.lock().expect("no test panics while it holds this; qed").insert(*peer, mpsc::unbounded_channel().0);
			let opened = NotificationEvent::NotificationStreamOpened {
				peer: *peer,
				direction: Direction::Inbound,
				handshake: Vec::new(),
				negotiated_fallback: None,
			};
			network.send(opened).expect("its other end is alive; qed");
		}
		let reports = Reports::default();
		let (sender, receiver) = channel(Box::new(reports.clone()), 150);
		tokio::spawn(sender.run(Box::new(Notifications::new(peers[0], nodes, events))));
		(network, receiver, reports)
	}

	/// Waits until the task has come to the end of what was sent to it.
	async fn settled(network: &Network, receiver: &InboundReceiver) {
		let before = receiver.drops().wrong_size;
		send(network, peer(), 0);
		while receiver.drops().wrong_size == before {
			tokio::task::yield_now().await;
		}
	}

	#[tokio::test]
	async fn a_flood_is_dropped_and_counted_and_connections_are_not() {
		let flooder = peer();
		let (network, mut receiver, _) = start(&[flooder]);
		for _ in 0..10 * CAPACITY {
			send(&network, flooder, PACKET_SIZE);
		}
		network
			.send(NotificationEvent::NotificationStreamClosed { peer: flooder })
			.expect("its other end is alive; qed");
		drop(network);
		// The flood is over before anything was taken here.
		let dropped = |receiver: &InboundReceiver| receiver.drops().share_used + receiver.drops().queue_full;
		while dropped(&receiver) < (10 * CAPACITY - CAPACITY / 2) as u64 {
			tokio::task::yield_now().await;
		}
		let (mut packets, mut connections) = (0, 0);
		while let Some(event) = receiver.next().await {
			match event {
				Inbound::Packet { .. } => packets += 1,
				Inbound::Connected { .. } | Inbound::Disconnected { .. } => connections += 1,
			}
		}
		// The flooder is guaranteed half, being alone.
		assert_eq!((packets, connections), (CAPACITY / 2, 2));
		assert_eq!(dropped(&receiver), (10 * CAPACITY - packets) as u64);
	}

	#[tokio::test]
	async fn a_fast_peer_does_not_displace_others_in_the_queue() {
		for flooders in [1, 20] {
			let peers: Vec<_> = (0..50).map(|_| peer()).collect();
			let (network, mut receiver, reports) = start(&peers);
			receiver.set_roles(Roles::unknown());
			let (mut sent, mut came) = (0, 0);
			// In each round, flooders send more than is taken in it, and the others a packet each.
			for _ in 0..100 {
				for _ in 0..1000 / flooders {
					peers[..flooders].iter().for_each(|flooder| send(&network, *flooder, PACKET_SIZE));
				}
				peers[flooders..].iter().for_each(|peer| send(&network, *peer, PACKET_SIZE));
				sent += peers.len() - flooders;
				settled(&network, &receiver).await;
				for _ in 0..200 {
					match receiver.try_next() {
						Some(Inbound::Packet { peer, .. }) => came += usize::from(peers[flooders..].contains(&peer)),
						Some(_) => (),
						None => break,
					}
				}
			}
			while let Some(event) = receiver.try_next() {
				if let Inbound::Packet { peer, .. } = event {
					came += usize::from(peers[flooders..].contains(&peer));
				}
			}
			println!("{flooders} flooders: {came} of {sent} packets of others came");
			assert!(came * 100 >= sent * 98, "{flooders} flooders: {came} of {sent}");
			assert!(receiver.drops().share_used > 10_000);
			assert!(reports.of(peers[0]).is_empty(), "nobody knows yet who is a user");
		}
	}

	#[test]
	fn whoever_takes_a_spare_place_makes_a_silent_peer_leave() {
		let reports = Reports::default();
		let (mut sender, receiver) = channel(Box::new(reports.clone()), 150);
		let peers: Vec<_> = (0..152).map(|_| peer()).collect();
		let start = Instant::now();
		peers.iter().for_each(|peer| sender.places.connected(start, *peer));
		let set_mixnodes = |mixnodes: &[PeerId]| {
			let mixnodes = mixnodes.iter().copied().collect();
			receiver.set_roles(Roles::new(mixnodes, true, [Parameters::default()].into_iter()));
		};
		// Two of them are mixnodes, and take no places. All but two send packets.
		set_mixnodes(&[peers[0], peers[151]]);
		let now = start + std::time::Duration::from_secs(200);
		peers[2..].iter().for_each(|peer| sender.places.heard(now, peer));
		sender.evict(now);
		assert!(reports.left().is_empty());
		// Then only one of them is.
		set_mixnodes(&peers[..1]);
		for seconds in [1, 2, 3, 20] {
			sender.evict(now + std::time::Duration::from_secs(seconds));
		}
		assert_eq!(reports.left(), [peers[1]]);
		assert_eq!(receiver.evicted(), 1);
	}

	#[tokio::test]
	async fn who_sends_what_is_no_packet_and_which_user_sends_too_fast_is_reported() {
		let [user, mixnode, fool] = [peer(), peer(), peer()];
		let (network, mut receiver, reports) = start(&[user, mixnode, fool]);
		let mixnodes = [mixnode, fool].into_iter().collect();
		receiver.set_roles(Roles::new(mixnodes, true, [Parameters::default()].into_iter()));
		lock(&receiver.shared).limits.settle();
		for size in [0, PACKET_SIZE - 1, PACKET_SIZE + 1].into_iter().cycle().take(12) {
			send(&network, fool, size);
		}
		for _ in 0..300 {
			send(&network, user, PACKET_SIZE);
			send(&network, mixnode, PACKET_SIZE);
			settled(&network, &receiver).await;
			while receiver.try_next().is_some() {}
		}
		// The SDK bans whose reputation is below this.
		let banned = 71 * i64::from(i32::MIN / 100);
		assert!(reports.of(fool).iter().sum::<i64>() < banned);
		let of_user = reports.of(user).len();
		assert!((200..=240).contains(&of_user), "{of_user}");
		assert!(reports.of(mixnode).is_empty());
		let drops = receiver.drops();
		assert_eq!((drops.too_fast, drops.share_used, drops.queue_full), (of_user as u64, 0, 0));
		assert_eq!(drops.wrong_size, 12 + 300);
	}
}
