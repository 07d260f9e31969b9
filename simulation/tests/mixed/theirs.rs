//! Nodes of the reference, the crate `mixnet`, as the world drives them; and conversions from our types to theirs.

use super::{peer_id, session_0_secret, AUTHORED_PERIOD, FORWARDING_DELAY, PER_HOP_DELAY, SURBS};
use mixnet::{
	core::{
		self as reference, Events, Message, MessageId as TheirMessageId, NetworkStatus, RelSessionIndex, Scattered,
		SessionConfig as TheirSessionConfig,
	},
	reply_manager::{ReplyContext, ReplyManager},
	request_manager::RequestManager,
};
use mixnet_node_core::{
	AddressedPacket, DropReason, HandlingDelay, KxPublic, MessageId, Mixnode, MixnodesError, Packet, Parameters,
	PeerId, PostError, ReplyError, RequestId, SessionIndex, SessionPhase, SessionStatus, Time,
};
use mixnet_simulation::{Core, Event};
use std::{
	collections::{BTreeSet, VecDeque},
	fmt,
	time::{Duration, Instant},
};

pub struct Connections<'a> {
	pub local: PeerId,
	pub connected: &'a BTreeSet<PeerId>,
}

impl NetworkStatus for Connections<'_> {
	fn local_peer_id(&self) -> reference::PeerId {
		self.local.0
	}

	fn is_connected(&self, peer_id: &reference::PeerId) -> bool {
		self.connected.contains(&PeerId(*peer_id))
	}
}

/// The log target of the reference's nodes; ours have another.
pub const TARGET: &str = "reference";

#[derive(Debug)]
pub struct TheirRequest {
	id: RequestId,
	data: Vec<u8>,
}

impl mixnet::request_manager::Request for TheirRequest {
	type Context = ();

	fn with_data<T>(&self, f: impl FnOnce(Scattered<u8>) -> T, (): &()) -> T {
		f(self.data.as_slice().into())
	}

	fn num_surbs(&self, (): &()) -> usize {
		SURBS
	}

	fn handling_delay(&self, _: &TheirMessageId, (): &()) -> Duration {
		PER_HOP_DELAY
	}

	fn handle_post_err(self, error: reference::PostErr, (): &()) {
		panic!("the reference could not post a request: {error}");
	}

	fn handle_retry_limit_reached(self, (): &()) {
		panic!("a request of the reference was never answered: {:?}", &self.data[..2]);
	}
}

pub struct TheirReplyTo {
	context: ReplyContext,
	session: SessionIndex,
}

impl fmt::Debug for TheirReplyTo {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.debug_struct("TheirReplyTo").field("session", &self.session).finish_non_exhaustive()
	}
}

/// A node of theirs with its driver. It reads the clock itself.
pub struct Theirs {
	mixnet: reference::Mixnet<()>,
	requests: RequestManager<TheirRequest>,
	replies: ReplyManager,
	local: PeerId,
	connected: BTreeSet<PeerId>,
	/// The instant at which the world's time is zero.
	start: Instant,
	current: SessionIndex,
	/// Sessions whose mixnodes it knows.
	known: BTreeSet<SessionIndex>,
	next_authored: Option<Instant>,
	posted: u64,
	packets: VecDeque<AddressedPacket>,
	events: VecDeque<Event<TheirReplyTo>>,
}

impl Theirs {
	pub fn new(index: usize, start: Instant) -> Self {
		Self {
			mixnet: reference::Mixnet::new(their_config(index)),
			requests: RequestManager::new(Default::default()),
			replies: ReplyManager::new(Default::default()),
			local: peer_id(index),
			connected: BTreeSet::new(),
			start,
			current: 0,
			known: BTreeSet::new(),
			next_authored: None,
			posted: 0,
			packets: VecDeque::new(),
			events: VecDeque::new(),
		}
	}

	fn send(&mut self, packet: reference::AddressedPacket) {
		let packet = AddressedPacket { peer_id: PeerId(packet.peer_id), packet: (*packet.packet).into() };
		self.packets.push_back(packet);
	}

	/// Does what the reference asks of its driver after each call.
	fn follow_up(&mut self) {
		let events = self.mixnet.take_events();
		if events.contains(Events::RESERVED_PEERS_CHANGED) {
			self.events.push_back(Event::ReservedPeersChanged);
		}
		if events.contains(Events::SPACE_IN_AUTHORED_PACKET_QUEUE) {
			let ns = Connections { local: self.local, connected: &self.connected };
			self.requests.process_post_queues(&mut self.mixnet, &ns, &());
		}
		if events.contains(Events::NEXT_AUTHORED_PACKET_DEADLINE_CHANGED) {
			self.next_authored = self.mixnet.next_authored_packet_delay().map(|delay| Instant::now() + delay);
		}
	}
}

impl Core for Theirs {
	type ReplyTo = TheirReplyTo;

	fn session_of(reply_to: &TheirReplyTo) -> SessionIndex {
		reply_to.session
	}

	fn set_status(&mut self, _: Time, status: SessionStatus) {
		self.current = status.current_index;
		self.mixnet.set_session_status(their_status(status));
	}

	fn wanted_sessions(&self) -> Vec<SessionIndex> {
		// The chain moves on by one session at a time here, so the one before is known.
		[self.current].into_iter().filter(|session| !self.known.contains(session)).collect()
	}

	fn set_session(
		&mut self,
		_: Time,
		session: SessionIndex,
		_: Option<Parameters>,
		mixnodes: Result<Vec<Mixnode>, MixnodesError>,
	) {
		let mixnodes = their_mixnodes(&mixnodes.expect("all sessions have mixnodes here; qed"));
		self.mixnet.maybe_set_mixnodes(RelSessionIndex::Current, &mut || Ok(mixnodes.clone()));
		self.known.insert(session);
	}

	fn told(&mut self) {
		let ns = Connections { local: self.local, connected: &self.connected };
		self.requests.update_session_status(&mut self.mixnet, &ns, &());
		self.follow_up();
	}

	fn sessions(&self) -> BTreeSet<SessionIndex> {
		self.known.clone()
	}

	fn next_kx_public(&mut self) -> (SessionIndex, KxPublic) {
		(self.current + 1, (*self.mixnet.next_kx_public()).into())
	}

	fn reserved_peers(&self) -> BTreeSet<PeerId> {
		self.mixnet.reserved_peers().map(|peer| PeerId(peer.peer_id)).collect()
	}

	fn set_connected(&mut self, _: Time, peer_id: PeerId, is_connected: bool) {
		match is_connected {
			true => self.connected.insert(peer_id),
			false => self.connected.remove(&peer_id),
		};
	}

	fn post_request(&mut self, _: Time, data: Vec<u8>, surbs: usize, _: HandlingDelay) -> Result<RequestId, PostError> {
		assert_eq!(surbs, SURBS);
		assert!(self.requests.has_space());
		self.posted += 1;
		let id = RequestId(self.posted);
		let ns = Connections { local: self.local, connected: &self.connected };
		self.requests.insert(TheirRequest { id, data }, &mut self.mixnet, &ns, &());
		self.follow_up();
		Ok(id)
	}

	fn cancel_request(&mut self, _: Time, _: RequestId) -> bool {
		panic!("no request is cancelled here");
	}

	fn post_reply(&mut self, _: Time, reply_to: TheirReplyTo, data: Vec<u8>) -> Result<(), ReplyError> {
		self.replies.complete(reply_to.context, data, &mut self.mixnet);
		self.follow_up();
		Ok(())
	}

	fn abandon_request(&mut self, reply_to: TheirReplyTo) {
		self.replies.abandon(reply_to.context);
	}

	fn handle_packet(&mut self, _: Time, _: PeerId, packet: Packet) -> Option<DropReason> {
		match self.mixnet.handle_packet(packet.as_bytes()) {
			Some(Message::Request(message)) => {
				let (session, message_id) = (message.session_index, MessageId(message.id));
				if let Some((context, data)) = self.replies.insert(message, &mut self.mixnet) {
					let reply_to = TheirReplyTo { context, session };
					self.events.push_back(Event::Request { message_id, data, reply_to });
				}
			},
			Some(Message::Reply(message)) => {
				if let Some(TheirRequest { id, .. }) = self.requests.remove(&message.request_id) {
					self.events.push_back(Event::Answered { id, data: message.data, round_trip: None });
				}
			},
			None => (),
		}
		self.follow_up();
		None // The reference does not tell.
	}

	fn handle_timeout(&mut self, _: Time) {
		let now = Instant::now();
		while self.mixnet.next_forward_packet_deadline().is_some_and(|at| at <= now) {
			self.mixnet.pop_next_forward_packet().into_iter().for_each(|packet| self.send(packet));
		}
		if self.next_authored.is_some_and(|at| at <= now) {
			let ns = Connections { local: self.local, connected: &self.connected };
			self.mixnet.pop_next_authored_packet(&ns).into_iter().for_each(|packet| self.send(packet));
		}
		while self.requests.next_retry_deadline().is_some_and(|at| at <= now) {
			let ns = Connections { local: self.local, connected: &self.connected };
			self.requests.pop_next_retry(&mut self.mixnet, &ns, &());
		}
		self.follow_up();
	}

	fn poll_timeout(&self) -> Option<Time> {
		let deadlines =
			[self.mixnet.next_forward_packet_deadline(), self.next_authored, self.requests.next_retry_deadline()];
		deadlines.into_iter().flatten().min().map(|at| Time::from_duration(at - self.start))
	}

	fn poll_transmit(&mut self) -> Option<AddressedPacket> {
		self.packets.pop_front()
	}

	fn poll_event(&mut self) -> Option<Event<TheirReplyTo>> {
		self.events.pop_front()
	}
}

fn their_config(index: usize) -> reference::Config {
	let default = reference::Config::default();
	let faster =
		|config: TheirSessionConfig| TheirSessionConfig { mean_authored_packet_period: AUTHORED_PERIOD, ..config };
	reference::Config {
		session_0_kx_secret: Some(session_0_secret(index)),
		mixnode_session: faster(default.mixnode_session.clone()),
		non_mixnode_session: default.non_mixnode_session.clone().map(faster),
		mean_forwarding_delay: FORWARDING_DELAY,
		per_hop_net_delay: PER_HOP_DELAY,
		log_target: TARGET,
		..default
	}
}

pub fn their_status(status: SessionStatus) -> reference::SessionStatus {
	reference::SessionStatus {
		current_index: status.current_index,
		phase: match status.phase {
			SessionPhase::CoverToCurrent => reference::SessionPhase::CoverToCurrent,
			SessionPhase::RequestsToCurrent => reference::SessionPhase::RequestsToCurrent,
			SessionPhase::CoverToPrev => reference::SessionPhase::CoverToPrev,
			SessionPhase::DisconnectFromPrev => reference::SessionPhase::DisconnectFromPrev,
		},
	}
}

pub fn their_mixnodes(mixnodes: &[Mixnode]) -> Vec<reference::Mixnode<()>> {
	mixnodes
		.iter()
		.map(|mixnode| reference::Mixnode { kx_public: mixnode.kx_public.0, peer_id: mixnode.peer_id.0, extra: () })
		.collect()
}
