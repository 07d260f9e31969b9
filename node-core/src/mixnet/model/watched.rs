//! One node, and a record of what it did.

mod invariants;

use super::world::answer;
use crate::{
	mixnet::{Build, ChainSession, Event, Mixnet},
	request::{HandlingDelay, RequestId},
	sphinx::used,
	statistics::DropReason,
	traffic::{AuthoredKind, AuthoredQueue},
	AddressedPacket, Config, KxPublic, KxSecret, Packet, Parameters, PeerId, SessionIndex, Statistics, Time,
};
use rand_chacha::ChaChaRng;
use std::collections::{BTreeMap, BTreeSet};

/// A request that the node took.
pub(super) struct Posted {
	data: Vec<u8>,
	/// How often it ended: cancelled while pending, or polled as answered or failed.
	ends: usize,
	/// Was one of its packets sent?
	sent: bool,
}

/// A node, and a record of what it did.
pub(super) struct Watched {
	pub mixnet: Mixnet<ChaChaRng>,
	/// What its driver builds at this moment.
	building: Option<Build>,
	config: Config,
	/// The requests by their IDs, which count up from 0.
	pub requests: Vec<Posted>,
	/// Headers of packets that it took, to forward or as requests. The bit that X25519 ignores is unset.
	accepted: BTreeSet<Vec<u8>>,
	/// Keys seen in slots, and those of them that are gone.
	keys: BTreeSet<KxPublic>,
	gone_keys: BTreeSet<KxPublic>,
	/// Keys made or restored for a session, and the current session at the last look.
	promised: BTreeMap<SessionIndex, KxPublic>,
	current: SessionIndex,
	/// Valid parameters that it was told in time, by the chain's generation and session.
	told: BTreeMap<(u64, SessionIndex), Parameters>,
}

impl Watched {
	pub fn new(config: Config, mixnet: Mixnet<ChaChaRng>) -> Self {
		Self {
			mixnet,
			building: None,
			config,
			requests: Vec::new(),
			accepted: BTreeSet::new(),
			keys: BTreeSet::new(),
			gone_keys: BTreeSet::new(),
			promised: BTreeMap::new(),
			current: 0,
			told: BTreeMap::new(),
		}
	}

	/// Calls the node, and has everything built that it wants then. If its driver builds, the call computes nothing.
	pub fn handle_timeout(&mut self, now: Time) {
		used::take();
		self.mixnet.handle_timeout(now);
		assert!(!self.config.driver_builds || used::take().is_empty(), "the driver builds, and something was built");
		for builds in 0.. {
			self.take_build();
			if self.building.is_none() {
				break;
			}
			self.bring_built(now);
			assert!(builds < 1000, "there is no end of things to be built");
		}
	}

	pub fn take_build(&mut self) {
		used::take();
		let build = self.mixnet.poll_build();
		assert!(used::take().is_empty(), "something was built that was to be handed out");
		assert!(build.is_none() || (self.config.driver_builds && self.building.is_none()));
		self.building = build.or(self.building.take());
	}

	pub fn bring_built(&mut self, now: Time) {
		if let Some(build) = self.building.take() {
			let built = build.run();
			used::take();
			self.mixnet.accept_built(now, built);
			assert!(used::take().is_empty(), "something was built, and the driver builds");
		}
	}

	pub fn post(&mut self, now: Time, data: Vec<u8>, surbs: usize, delay: HandlingDelay) {
		used::take();
		let ids = match data.len() % 3 {
			0 => self.mixnet.post_request_twice(now, data.clone(), surbs, delay).map(Vec::from),
			_ => self.mixnet.post_request(now, data.clone(), surbs, delay).map(|id| vec![id]),
		};
		assert!(!self.config.driver_builds || used::take().is_empty(), "the driver builds, and something was built");
		for id in ids.unwrap_or_default() {
			assert_eq!(id, RequestId(self.requests.len() as u64), "an ID that is used once");
			self.requests.push(Posted { data: data.clone(), ends: 0, sent: false });
		}
	}

	pub fn cancel(&mut self, now: Time, id: RequestId) {
		let was_pending = self.mixnet.pending.get(id).is_some();
		assert_eq!(self.mixnet.cancel_request(now, id), was_pending);
		if was_pending {
			self.requests[id.0 as usize].ends += 1;
		}
	}

	pub fn next_key(&mut self) -> (SessionIndex, KxPublic) {
		let (session, key) = self.mixnet.next_kx_public();
		assert!(!self.gone_keys.contains(&key), "a key of a session that is over");
		assert_eq!(self.mixnet.next_kx_public(), (session, key));
		self.promised.insert(session, key);
		(session, key)
	}

	pub fn restore_key(&mut self, session: SessionIndex, secret: KxSecret) {
		let key = secret.public();
		if self.mixnet.restore_kx_secret(session, secret) {
			self.promised.insert(session, key);
		}
	}

	pub fn set_session(&mut self, now: Time, session: ChainSession) {
		let index = session.index;
		let relative = self.mixnet.sessions.relative(index);
		let in_time = relative.is_some_and(|relative| self.mixnet.wanted_mixnodes().contains(&relative));
		let in_force = |mixnet: &Mixnet<_>| relative.and_then(|relative| mixnet.parameters(relative));
		let before = in_force(&self.mixnet);
		let good = session.parameters.filter(|parameters| parameters.check().is_ok());
		self.mixnet.set_session(now, session);
		let after = in_force(&self.mixnet);
		if in_time {
			assert!(after.is_none_or(|parameters| parameters == good.unwrap_or(self.config.parameters)));
			self.told.extend(good.map(|parameters| ((self.mixnet.sessions.generation(), index), parameters)));
		} else {
			assert_eq!(after, before);
		}
	}

	/// A key with which it opens packets.
	pub fn any_key(&self) -> Option<KxPublic> {
		self.mixnet.sessions.iter().last().map(|session| session.keys.public)
	}

	/// The next packet. It is a forwarded one, the authored one that waited longest, or cover, whichever is due first; and
	/// nothing is computed for it.
	pub fn transmit(&mut self) -> Option<AddressedPacket> {
		let before = self.mixnet.statistics();
		let forward = self.mixnet.forward_queue.next_deadline();
		let tick = self.mixnet.sessions.iter().filter_map(|session| session.clock.next()).min();
		let mut first = Vec::new();
		for session in self.mixnet.sessions.iter() {
			// Requests are shown before replies.
			let queued = queued_in(&session.authored);
			let first_reply = queued.iter().find(|(kind, _)| *kind == AuthoredKind::Reply).cloned();
			first.extend(queued.into_iter().next().into_iter().chain(first_reply));
		}
		used::take();
		let packet = self.mixnet.poll_transmit();
		assert!(used::take().is_empty(), "something was built when a packet was asked for");
		let after = self.mixnet.statistics();
		let forwarded = after.packets_forwarded - before.packets_forwarded;
		assert_eq!(after.authored() - before.authored() + forwarded, u64::from(packet.is_some()));
		let shown = packet.as_ref().map(|packet| format!("{packet:?}"));
		let kind = first.into_iter().find(|(_, first)| Some(first) == shown.as_ref()).map(|(kind, _)| kind);
		if let Some(AuthoredKind::Request(id)) = kind {
			self.requests[id.0 as usize].sent = true;
		}
		let is_request = matches!(kind, Some(AuthoredKind::Request(_)));
		assert_eq!(after.requests_authored - before.requests_authored, u64::from(is_request));
		assert_eq!(after.replies_authored - before.replies_authored, u64::from(kind == Some(AuthoredKind::Reply)));

		let packet = packet?;
		// Unless ticks came to nothing before it.
		if after.dropped(DropReason::NoRoute) == before.dropped(DropReason::NoRoute) {
			let forward_is_due = forward.is_some_and(|deadline| tick.is_none_or(|tick| deadline <= tick));
			assert_eq!(forwarded == 1, forward_is_due, "another packet was due before");
		}
		assert_ne!(packet.peer_id, self.mixnet.local_peer_id);
		let is_user = self.mixnet.sessions.iter().all(|session| !session.topology.is_mixnode());
		if is_user {
			assert_eq!(forwarded, 0);
			assert!(self.mixnet.connected.contains(&packet.peer_id), "a packet to a peer that is not connected");
			assert!(!self.mixnet.gateways.is_silent(&packet.peer_id), "a packet to a peer that does not respond");
			assert!(self.mixnet.reserved_peers().iter().any(|peer| peer.peer_id == packet.peer_id));
		}
		Some(packet)
	}

	pub fn receive(&mut self, now: Time, packet: Packet) {
		let mut header = packet.as_bytes()[..188].to_vec();
		header[31] &= 0x7f;
		let before = self.mixnet.statistics();
		let reason = self.mixnet.handle_packet(now, PeerId([0; 32]), packet);
		let after = self.mixnet.statistics();
		if let Some(reason) = reason {
			assert_eq!(after.dropped(reason) - before.dropped(reason), 1);
		}
		let acted_on = |statistics: &Statistics| statistics.packets_accepted_to_forward + statistics.requests_delivered;
		if acted_on(&after) > acted_on(&before) {
			assert!(self.accepted.insert(header), "acted on twice");
		}
	}

	pub fn event(&mut self) -> Option<Event> {
		let event = self.mixnet.poll_event()?;
		match &event {
			Event::RequestAnswered { id, data, .. } => {
				let request = &mut self.requests[id.0 as usize];
				request.ends += 1;
				assert!(request.sent, "nobody knew of it");
				assert_eq!(*data, answer(&request.data));
			},
			Event::RequestFailed { id, sent, .. } => {
				let request = &mut self.requests[id.0 as usize];
				request.ends += 1;
				assert_eq!(*sent, request.sent);
			},
			_ => (),
		}
		Some(event)
	}
}

/// The kinds of the packets in a queue, and the packets, read from their `Debug` text so that the queue stays as it is.
fn queued_in(queue: &AuthoredQueue) -> Vec<(AuthoredKind, String)> {
	let shown = format!("{queue:?}");
	let packets = shown.split("AuthoredPacket { kind: ").skip(1);
	let packet = |shown: &str| {
		let (kind, packet) = shown.split_once(", packet: ").unwrap();
		let (packet, _) = packet.split_once(") }").unwrap();
		let id = kind.strip_prefix("Request(RequestId(").and_then(|id| id.strip_suffix("))"));
		let kind = id.map_or(AuthoredKind::Reply, |id| AuthoredKind::Request(RequestId(id.parse().unwrap())));
		(kind, format!("{packet}) }}"))
	};
	packets.map(packet).collect()
}
