//! A network of our nodes and nodes of the `mixnet` crate, in one process and in real time: the reference reads the
//! clock itself.

use mixnet::{
	core::{
		self as reference, Events, Message, MessageId, NetworkStatus, RelSessionIndex, Scattered,
		SessionConfig as TheirSessionConfig,
	},
	reply_manager::ReplyManager,
	request_manager::RequestManager,
};
use mixnet_node_core::{
	sphinx::KxSecret, AddressedPacket, Config, DropReason, Event, HandlingDelay, Mixnet, Mixnode, Packet, PeerId,
	RelativeSession, RequestId, SessionIndex, SessionPhase, SessionStatus, Time,
};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::{
	cell::RefCell,
	collections::{BTreeMap, BTreeSet, VecDeque},
	rc::Rc,
	time::{Duration, Instant},
};

/// Nodes 0..8 are mixnodes, 8 and 9 are not. Even ones are ours.
pub const NUM_MIXNODES: usize = 8;
pub const NUM_NODES: usize = 10;

pub const AUTHORED_PERIOD: Duration = Duration::from_millis(25);
pub const FORWARDING_DELAY: Duration = Duration::from_millis(5);
pub const PER_HOP_DELAY: Duration = Duration::from_millis(50);

/// SURBs per request: enough for two copies of the reply.
pub const SURBS: usize = 4;

pub fn peer_id(index: usize) -> PeerId {
	PeerId([index as u8 + 1; 32])
}

pub fn is_ours(index: usize) -> bool {
	index.is_multiple_of(2)
}

pub fn session_0_secret(index: usize) -> [u8; 32] {
	[index as u8 + 100; 32]
}

/// Three fragments' worth for every third request, one else; says who sent it.
pub fn request_data(from: usize, number: usize) -> Vec<u8> {
	let len = if number.is_multiple_of(3) { 5000 } else { 50 };
	let mut data: Vec<u8> = (0..len).map(|i| (i * 7 + i / 251) as u8).collect();
	data[0] = from as u8;
	data[1] = number as u8;
	data
}

/// Two fragments' worth.
pub fn reply_data(request: &[u8]) -> Vec<u8> {
	request.iter().cycle().take(3000).map(|byte| byte.wrapping_add(1)).collect()
}

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

/// Answers, by request data.
pub type Answers = Rc<RefCell<BTreeMap<Vec<u8>, Vec<u8>>>>;

pub struct TheirRequest {
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

	fn handling_delay(&self, _: &MessageId, (): &()) -> Duration {
		PER_HOP_DELAY
	}

	fn handle_post_err(self, error: reference::PostErr, (): &()) {
		panic!("the reference could not post a request: {error}");
	}

	fn handle_retry_limit_reached(self, (): &()) {
		panic!("a request of the reference's was never answered: {:?}", &self.data[..2]);
	}
}

pub struct Theirs {
	mixnet: reference::Mixnet<()>,
	requests: RequestManager<TheirRequest>,
	replies: ReplyManager,
	next_authored: Option<Instant>,
}

#[allow(clippy::large_enum_variant)] // There are ten.
pub enum Kind {
	Ours { mixnet: Mixnet<ChaChaRng>, posted: BTreeMap<RequestId, Vec<u8>> },
	Theirs(Theirs),
}

pub struct Node {
	peer_id: PeerId,
	kind: Kind,
	connected: BTreeSet<PeerId>,
	pub answers: Answers,
	/// Requests handled here: who sent them.
	pub handled: Vec<usize>,
}

#[derive(Clone, Copy)]
pub struct Options {
	pub our_period: Duration,
	pub their_cover: bool,
}

pub struct Network {
	start: Instant,
	pub nodes: Vec<Node>,
	queue: VecDeque<(PeerId, AddressedPacket)>,
	session: SessionIndex,
}

pub fn our_config(options: Options) -> Config {
	let mut config = Config::default();
	config.mixnode.mean_period = options.our_period;
	if let Some(non_mixnode) = &mut config.non_mixnode {
		non_mixnode.mean_period = options.our_period;
	}
	config.mean_forwarding_delay = FORWARDING_DELAY;
	config.per_hop_network_delay = PER_HOP_DELAY;
	config
}

pub fn their_config(index: usize, options: Options) -> reference::Config {
	let default = reference::Config::default();
	let faster =
		|config: TheirSessionConfig| TheirSessionConfig { mean_authored_packet_period: AUTHORED_PERIOD, ..config };
	reference::Config {
		session_0_kx_secret: Some(session_0_secret(index)),
		mixnode_session: faster(default.mixnode_session.clone()),
		non_mixnode_session: default.non_mixnode_session.clone().map(faster),
		mean_forwarding_delay: FORWARDING_DELAY,
		per_hop_net_delay: PER_HOP_DELAY,
		gen_cover_packets: options.their_cover,
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

impl Network {
	pub fn new(options: Options) -> Self {
		let nodes = (0..NUM_NODES)
			.map(|index| {
				let kind = if is_ours(index) {
					let rng = ChaChaRng::seed_from_u64(index as u64);
					let secret = KxSecret::from_bytes(session_0_secret(index));
					let mixnet = Mixnet::new(our_config(options), peer_id(index), rng, Some(secret)).unwrap();
					Kind::Ours { mixnet, posted: BTreeMap::new() }
				} else {
					Kind::Theirs(Theirs {
						mixnet: reference::Mixnet::new(their_config(index, options)),
						requests: RequestManager::new(Default::default()),
						replies: ReplyManager::new(Default::default()),
						next_authored: None,
					})
				};
				Node {
					peer_id: peer_id(index),
					kind,
					connected: BTreeSet::new(),
					answers: Answers::default(),
					handled: Vec::new(),
				}
			})
			.collect();
		let mut network = Self { start: Instant::now(), nodes, queue: VecDeque::new(), session: 0 };
		let session_0 = (0..NUM_MIXNODES)
			.map(|index| Mixnode {
				kx_public: KxSecret::from_bytes(session_0_secret(index)).public(),
				peer_id: peer_id(index),
				external_addresses: Vec::new(),
			})
			.collect();
		network.set_status(0, SessionPhase::DisconnectFromPrev, Some(session_0));
		network
	}

	pub fn now(&self) -> Time {
		Time::from_duration(self.start.elapsed())
	}

	/// The mixnodes, with the keys that they would register for the next session, in another order than before.
	pub fn register(&mut self) -> Vec<Mixnode> {
		(0..NUM_MIXNODES)
			.rev()
			.map(|index| {
				let kx_public = match &mut self.nodes[index].kind {
					Kind::Ours { mixnet, .. } => mixnet.next_kx_public().1,
					Kind::Theirs(theirs) => (*theirs.mixnet.next_kx_public()).into(),
				};
				Mixnode { kx_public, peer_id: peer_id(index), external_addresses: Vec::new() }
			})
			.collect()
	}

	/// Moves to this status, with the mixnodes of the current session if it is new.
	pub fn set_status(&mut self, current_index: SessionIndex, phase: SessionPhase, mixnodes: Option<Vec<Mixnode>>) {
		let now = self.now();
		self.session = current_index;
		let status = SessionStatus { current_index, phase };
		for node in &mut self.nodes {
			match &mut node.kind {
				Kind::Ours { mixnet, .. } => {
					mixnet.set_session_status(now, status);
					if let Some(mixnodes) = &mixnodes {
						assert_eq!(mixnet.wanted_mixnodes(), [RelativeSession::Current]);
						mixnet.set_mixnodes(now, current_index, Ok(mixnodes.clone()));
					}
					assert_eq!(mixnet.wanted_mixnodes(), []);
				},
				Kind::Theirs(theirs) => {
					theirs.mixnet.set_session_status(their_status(status));
					if let Some(mixnodes) = &mixnodes {
						let mixnodes = their_mixnodes(mixnodes);
						theirs.mixnet.maybe_set_mixnodes(RelSessionIndex::Current, &mut || Ok(mixnodes.clone()));
					}
					let ns = Connections { local: node.peer_id, connected: &node.connected };
					theirs.requests.update_session_status(&mut theirs.mixnet, &ns, &());
				},
			}
		}
		self.connect();
	}

	pub fn connect(&mut self) {
		let now = self.now();
		let wanted: Vec<BTreeSet<PeerId>> = self
			.nodes
			.iter()
			.map(|node| match &node.kind {
				Kind::Ours { mixnet, .. } => mixnet.reserved_peers().into_iter().map(|peer| peer.peer_id).collect(),
				Kind::Theirs(theirs) => theirs.mixnet.reserved_peers().map(|peer| PeerId(peer.peer_id)).collect(),
			})
			.collect();
		for a in 0..NUM_NODES {
			for b in 0..NUM_NODES {
				let connected = wanted[a].contains(&peer_id(b)) || wanted[b].contains(&peer_id(a));
				let node = &mut self.nodes[a];
				let changed = match connected {
					true => node.connected.insert(peer_id(b)),
					false => node.connected.remove(&peer_id(b)),
				};
				if let (true, Kind::Ours { mixnet, .. }) = (changed, &mut node.kind) {
					match connected {
						true => mixnet.peer_connected(now, peer_id(b)),
						false => mixnet.peer_disconnected(now, peer_id(b)),
					}
				}
			}
		}
	}

	pub fn post(&mut self, from: usize, number: usize) {
		let now = self.now();
		let data = request_data(from, number);
		let node = &mut self.nodes[from];
		match &mut node.kind {
			Kind::Ours { mixnet, posted } => {
				let delay = HandlingDelay::Fixed(PER_HOP_DELAY);
				let id = mixnet.post_request(now, data.clone(), SURBS, delay).unwrap();
				posted.insert(id, data);
			},
			Kind::Theirs(theirs) => {
				assert!(theirs.requests.has_space());
				let ns = Connections { local: node.peer_id, connected: &node.connected };
				theirs.requests.insert(TheirRequest { data }, &mut theirs.mixnet, &ns, &());
			},
		}
	}

	/// Runs until this holds; panics with a report of `what` did not come about if it takes longer than `time`.
	pub fn run_until(&mut self, time: Duration, what: &str, holds: impl Fn(&Self) -> bool) {
		let end = Instant::now() + time;
		while !holds(self) {
			assert!(Instant::now() < end, "{what}: not within {time:?}; {}", self.report());
			if !self.step() {
				std::thread::sleep(Duration::from_micros(300));
			}
		}
	}

	pub fn report(&self) -> String {
		let report = |node: &Node| {
			let kind = match &node.kind {
				Kind::Ours { mixnet, .. } => format!("ours, {:?}", mixnet.statistics()),
				Kind::Theirs(_) => "theirs".to_string(),
			};
			let answers: Vec<_> = node.answers.borrow().keys().map(|data| data[1]).collect();
			format!("\n{}: {kind}; answered: {answers:?}; handled from {:?}", node.peer_id, node.handled)
		};
		self.nodes.iter().map(report).collect()
	}

	/// Does what is due. Returns whether anything was.
	pub fn step(&mut self) -> bool {
		for index in 0..NUM_NODES {
			self.poll(index);
		}
		let packets: Vec<_> = self.queue.drain(..).collect();
		let any = !packets.is_empty();
		for (from, AddressedPacket { peer_id, packet }) in packets {
			let index = usize::from(peer_id.0[0]) - 1;
			// What was sent to a peer that is no longer connected is lost.
			if self.nodes[index].connected.contains(&from) {
				self.deliver(from, index, packet);
			}
		}
		any
	}

	pub fn deliver(&mut self, from: PeerId, index: usize, packet: Packet) {
		let now = self.now();
		let node = &mut self.nodes[index];
		match &mut node.kind {
			Kind::Ours { mixnet, .. } => {
				mixnet.handle_packet(now, from, packet);
			},
			Kind::Theirs(theirs) => match theirs.mixnet.handle_packet(packet.as_bytes()) {
				Some(Message::Request(message)) => {
					if let Some((context, data)) = theirs.replies.insert(message, &mut theirs.mixnet) {
						node.handled.push(usize::from(data[0]));
						theirs.replies.complete(context, reply_data(&data), &mut theirs.mixnet);
					}
				},
				Some(Message::Reply(message)) => {
					if let Some(request) = theirs.requests.remove(&message.request_id) {
						node.answers.borrow_mut().insert(request.data, message.data);
					}
				},
				None => (),
			},
		}
	}

	pub fn poll(&mut self, index: usize) {
		let now = self.now();
		let node = &mut self.nodes[index];
		let ns = Connections { local: node.peer_id, connected: &node.connected };
		match &mut node.kind {
			Kind::Ours { mixnet, posted } => {
				if mixnet.poll_timeout().is_some_and(|at| at <= now) {
					mixnet.handle_timeout(now);
				}
				while let Some(event) = mixnet.poll_event() {
					match event {
						Event::Request { data, reply_to, .. } => {
							node.handled.push(usize::from(data[0]));
							mixnet.post_reply(now, reply_to, reply_data(&data)).unwrap();
						},
						Event::RequestAnswered { id, data, .. } => {
							node.answers.borrow_mut().insert(posted.remove(&id).unwrap(), data);
						},
						Event::RequestFailed { error, .. } => panic!("a request of ours failed: {error}"),
						Event::SessionDisabled { session, reason } => panic!("session {session} rests: {reason}"),
						Event::ReservedPeersChanged | Event::SessionChanged(_) => (),
					}
				}
				while let Some(packet) = mixnet.poll_transmit() {
					self.queue.push_back((node.peer_id, packet));
				}
			},
			Kind::Theirs(theirs) => {
				let now = Instant::now();
				let mut send = |packet: reference::AddressedPacket| {
					let packet = AddressedPacket { peer_id: PeerId(packet.peer_id), packet: (*packet.packet).into() };
					self.queue.push_back((node.peer_id, packet));
				};
				while theirs.mixnet.next_forward_packet_deadline().is_some_and(|at| at <= now) {
					theirs.mixnet.pop_next_forward_packet().into_iter().for_each(&mut send);
				}
				if theirs.next_authored.is_some_and(|at| at <= now) {
					theirs.mixnet.pop_next_authored_packet(&ns).into_iter().for_each(&mut send);
				}
				while theirs.requests.next_retry_deadline().is_some_and(|at| at <= now) {
					theirs.requests.pop_next_retry(&mut theirs.mixnet, &ns, &());
				}
				let events = theirs.mixnet.take_events();
				if events.contains(Events::SPACE_IN_AUTHORED_PACKET_QUEUE) {
					theirs.requests.process_post_queues(&mut theirs.mixnet, &ns, &());
				}
				if events.contains(Events::NEXT_AUTHORED_PACKET_DEADLINE_CHANGED) {
					theirs.next_authored = theirs.mixnet.next_authored_packet_delay().map(|delay| now + delay);
				}
			},
		}
	}

	pub fn ours(&self) -> impl Iterator<Item = &Mixnet<ChaChaRng>> {
		self.nodes.iter().filter_map(|node| match &node.kind {
			Kind::Ours { mixnet, .. } => Some(mixnet),
			Kind::Theirs(_) => None,
		})
	}

	pub fn dropped(&self, reason: DropReason) -> u64 {
		self.ours().map(|mixnet| mixnet.statistics().dropped(reason)).sum()
	}
}
