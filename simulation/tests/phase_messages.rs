//! The phase table (PROTOCOL.md, section 7), row by row, on the live state machine: what a node takes from others in each
//! of two sessions, and in which session its requests and replies go.
//!
//! One node alone, in virtual time. The test makes the packets that it gets.

use mixnet_node_core::{
	message::split,
	sphinx::{build_cover, build_request, build_surb, Action, CoverId, Hop, Opened, SurbId, Target, PAYLOAD_DATA_SIZE},
	DropReason, Event, HandlingDelay, KxPublic, MessageId, Mixnet, MixnodeIndex, Packet, PeerId, RelativeSession,
	ReplyError, ReplyTo, SessionPhase, Time,
};
use mixnet_simulation::{
	alone::{node, node_and_keys, others, secrets, TABLE},
	ours, rng,
};
use rand_chacha::ChaChaRng;
use std::time::Duration;
use RelativeSession::{Current, Previous};

/// The current session.
const SESSION: u32 = 2;

/// The peer that packets come from.
const PEER: PeerId = PeerId([0xee; 32]);

/// A mixnode in sessions 1 and 2.
struct Node {
	mixnet: Mixnet<ChaChaRng>,
	now: Time,
	keys: [KxPublic; 3],
}

impl Node {
	fn new(seed: u64, phase: SessionPhase) -> Self {
		let (mut mixnet, now, keys) = node_and_keys(seed, true, phase);
		while mixnet.poll_event().is_some() {}
		Self { mixnet, now, keys }
	}

	/// The node itself, as a hop in this session.
	fn hop(&self, session: u32) -> Hop {
		hop(9, self.keys[session as usize])
	}

	/// A request to the node, of one fragment with two SURBs. Routes are short: the request's only hop is the node, and
	/// the replies' first hop is mixnode 0.
	fn request(&self, session: u32, seed: u64) -> Packet {
		let mut rng = rng(seed);
		let first = hop(0, secrets(session)[0].public());
		let us = Hop { target: Target::Peer(PEER), kx_public: secrets(session)[1].public() };
		let surbs = [(); 2].map(|()| {
			let id = SurbId::random(&mut rng);
			build_surb(&mut rng, index(0), &[first, us], id).unwrap().0
		});
		let plan = split(MessageId::random(&mut rng), b"request", 2, 1).unwrap().remove(0);
		let mut payload = [0; PAYLOAD_DATA_SIZE];
		plan.write(&mut payload, b"request", &surbs).unwrap();
		build_request(&mut rng, &[self.hop(session)], &payload).unwrap().packet
	}

	/// Hands the packet to the node. If it is a request that was taken, returns what to reply to.
	fn deliver(&mut self, packet: Packet) -> Result<Option<ReplyTo>, DropReason> {
		if let Some(reason) = self.mixnet.handle_packet(self.now, PEER, packet) {
			return Err(reason);
		}
		Ok(self.mixnet.poll_event().map(|event| match event {
			Event::Request { data, reply_to, .. } => {
				assert_eq!(data, b"request");
				reply_to
			},
			other => panic!("{other:?}"),
		}))
	}

	/// How many request and reply packets wait, in the previous and in the current session.
	fn queued(&self) -> (u64, u64) {
		let statistics = self.mixnet.statistics();
		(statistics.previous_authored_queue_len, statistics.current_authored_queue_len)
	}

	/// All packets that the node sends in this time.
	fn run(&mut self, time: Duration) -> Vec<(PeerId, Packet)> {
		let end = self.now + time;
		let mut sent = Vec::new();
		while let Some(at) = self.mixnet.poll_timeout().filter(|at| *at <= end) {
			self.now = self.now.max(at);
			self.mixnet.handle_timeout(self.now);
			while let Some(packet) = self.mixnet.poll_transmit() {
				sent.push((packet.peer_id, packet.packet));
			}
		}
		self.now = end;
		sent
	}
}

fn index(index: u16) -> MixnodeIndex {
	MixnodeIndex::new(index).unwrap()
}

fn hop(mixnode: u16, kx_public: KxPublic) -> Hop {
	Hop { target: Target::Mixnode(index(mixnode)), kx_public }
}

/// Queue lengths: this one in this session, 0 in the other.
fn only_in(relative: RelativeSession, len: u64) -> (u64, u64) {
	match relative {
		Previous => (len, 0),
		Current => (0, len),
	}
}

/// Every phase with each session: is the session live, and does it take requests and replies?
fn rows() -> impl Iterator<Item = (SessionPhase, RelativeSession, bool, bool)> {
	TABLE.into_iter().flat_map(|(phase, _, previous_sends, previous_takes, current_takes, _)| {
		[(phase, Previous, previous_sends, previous_takes), (phase, Current, true, current_takes)]
	})
}

#[test]
fn new_requests_go_where_the_table_says() {
	for (phase, _, _, previous_takes, current_takes, default) in TABLE {
		let (mixnet, now) = node(200, true, phase);
		let mut node = Node { mixnet, now, keys: [KxPublic([0; 32]); 3] };
		assert_eq!(phase.allows_requests(Previous), previous_takes);
		assert_eq!(phase.allows_requests(Current), current_takes);
		node.mixnet.post_request(now, vec![1], 1, HandlingDelay::Extrinsic).unwrap();
		assert_eq!(node.queued(), only_in(default, 2), "{phase}");
	}
}

#[test]
fn replies_go_in_the_session_of_their_request_or_not_at_all() {
	for (seed, (phase, relative, is_live, takes)) in (210..).zip(rows()) {
		let what = format!("{phase}, {relative:?}");
		let session = relative.index(SESSION).unwrap();
		let mut node = Node::new(seed, phase);
		let request = node.request(session, seed);
		if !is_live {
			assert_eq!(node.deliver(request).unwrap_err(), DropReason::UnknownKey, "{what}");
			continue;
		}
		// Requests are taken in any phase: their source may be some blocks behind or ahead.
		let reply_to = node.deliver(request).unwrap().expect("a request of one fragment");
		assert_eq!((reply_to.session(), reply_to.surbs()), (session, 2), "{what}");
		let posted = node.mixnet.post_reply(node.now, reply_to, b"reply".to_vec());
		let not_sent = node.mixnet.statistics().dropped(DropReason::ReplyNotSent);
		if takes {
			assert_eq!((posted, not_sent, node.queued()), (Ok(()), 0, only_in(relative, 2)), "{what}");
		} else {
			let closed = Err(ReplyError::SessionClosed(session));
			assert_eq!((posted, not_sent, node.queued()), (closed, 1, (0, 0)), "{what}");
		}

		// Waiting replies are sent in that session: mixnode 0 is to forward them to the source.
		let sent = node.run(Duration::from_secs(60));
		let (first, secret) = (others(session)[0].peer_id, &secrets(session)[0]);
		let replies = sent.iter().filter(|(peer_id, packet)| {
			let target = Opened::open(secret, packet).ok().map(|opened| *opened.action());
			*peer_id == first && matches!(target, Some(Action::Forward { target: Target::Peer(PEER), .. }))
		});
		let expected = if takes { 2 } else { 0 };
		assert_eq!(replies.count(), expected, "{what}");
		assert_eq!(node.mixnet.statistics().replies_authored, expected as u64, "{what}");
		assert_eq!(node.queued(), (0, 0), "{what}");
	}
}

#[test]
fn a_reply_whose_session_closes_meanwhile_is_refused_or_dropped() {
	for (before, after) in [
		(SessionPhase::CoverToCurrent, SessionPhase::CoverToPrev),
		(SessionPhase::RequestsToCurrent, SessionPhase::CoverToPrev),
		(SessionPhase::RequestsToCurrent, SessionPhase::DisconnectFromPrev),
		(SessionPhase::CoverToPrev, SessionPhase::DisconnectFromPrev),
	] {
		let what = format!("{before} to {after}");
		let mut node = Node::new(220, before);
		let [early, late] = [1, 2].map(|seed| {
			let request = node.request(1, seed);
			node.deliver(request).unwrap().unwrap()
		});
		let posted = node.mixnet.post_reply(node.now, early, b"early".to_vec());
		assert_eq!(posted.is_ok(), before.allows_requests(Previous), "{what}");
		let (waiting, _) = node.queued();

		ours::set_status(&mut node.mixnet, node.now, SESSION, after);
		assert_eq!(node.queued(), (0, 0), "{what}");
		assert_eq!(node.mixnet.statistics().dropped(DropReason::AuthoredSessionClosed), waiting, "{what}");
		let not_sent = node.mixnet.statistics().dropped(DropReason::ReplyNotSent);
		let posted = node.mixnet.post_reply(node.now, late, b"late".to_vec());
		assert_eq!(posted, Err(ReplyError::SessionClosed(1)), "{what}");
		assert_eq!(node.mixnet.statistics().dropped(DropReason::ReplyNotSent), not_sent + 1, "{what}");
		assert_eq!(node.queued(), (0, 0), "{what}");
	}
}

#[test]
fn packets_are_forwarded_in_every_live_session() {
	for (seed, (phase, relative, is_live, _)) in (230..).zip(rows()) {
		let what = format!("{phase}, {relative:?}");
		let session = relative.index(SESSION).unwrap();
		let mut node = Node::new(seed, phase);
		let next = &secrets(session)[3];
		let id = CoverId([seed as u8; 16]);
		let route = [node.hop(session), hop(3, next.public())];
		let packet = build_cover(&mut rng(seed), &route, Some(id)).unwrap().packet;

		if !is_live {
			assert_eq!(node.deliver(packet).unwrap_err(), DropReason::UnknownKey, "{what}");
			assert_eq!(node.mixnet.statistics().forward_queue_len, 0, "{what}");
			continue;
		}
		assert!(node.deliver(packet).unwrap().is_none(), "{what}");
		assert_eq!(node.mixnet.statistics().forward_queue_len, 1, "{what}");
		// Ten times the mean delay is the longest there is.
		let sent = node.run(Duration::from_secs(10));
		let forwarded: Vec<_> = sent
			.into_iter()
			.filter_map(|(peer_id, packet)| {
				let opened = Opened::open(next, &packet).ok()?;
				(*opened.action() == Action::DeliverCover { cover_id: Some(id) }).then_some(peer_id)
			})
			.collect();
		assert_eq!(forwarded, [others(session)[3].peer_id], "{what}");
		let statistics = node.mixnet.statistics();
		assert_eq!((statistics.packets_forwarded, statistics.forward_queue_len), (1, 0), "{what}");
	}
}
