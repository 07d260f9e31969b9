//! Our nodes and nodes of the `mixnet` crate 0.7.0 in one mixnet session, in one process and in real time (the reference
//! reads the clock itself): requests with SURBs and several fragments, replies, cover, phases and replays.

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
const NUM_MIXNODES: usize = 8;
const NUM_NODES: usize = 10;

const AUTHORED_PERIOD: Duration = Duration::from_millis(50);
const FORWARDING_DELAY: Duration = Duration::from_millis(5);
const PER_HOP_DELAY: Duration = Duration::from_millis(50);

/// SURBs per request: enough for two copies of the reply.
const SURBS: usize = 4;

fn peer_id(index: usize) -> PeerId {
	PeerId([index as u8 + 1; 32])
}

fn is_ours(index: usize) -> bool {
	index % 2 == 0
}

fn session_0_secret(index: usize) -> [u8; 32] {
	[index as u8 + 100; 32]
}

/// Three fragments' worth for every third request, one else; says who sent it.
fn request_data(from: usize, number: usize) -> Vec<u8> {
	let len = if number % 3 == 0 { 5000 } else { 50 };
	let mut data: Vec<u8> = (0..len).map(|i| (i * 7 + i / 251) as u8).collect();
	data[0] = from as u8;
	data[1] = number as u8;
	data
}

/// Two fragments' worth.
fn reply_data(request: &[u8]) -> Vec<u8> {
	request.iter().cycle().take(3000).map(|byte| byte.wrapping_add(1)).collect()
}

struct Connections<'a> {
	local: PeerId,
	connected: &'a BTreeSet<PeerId>,
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
type Answers = Rc<RefCell<BTreeMap<Vec<u8>, Vec<u8>>>>;

struct TheirRequest {
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

struct Theirs {
	mixnet: reference::Mixnet<()>,
	requests: RequestManager<TheirRequest>,
	replies: ReplyManager,
	next_authored: Option<Instant>,
}

#[allow(clippy::large_enum_variant)] // There are ten.
enum Kind {
	Ours { mixnet: Mixnet<ChaChaRng>, posted: BTreeMap<RequestId, Vec<u8>> },
	Theirs(Theirs),
}

struct Node {
	peer_id: PeerId,
	kind: Kind,
	connected: BTreeSet<PeerId>,
	answers: Answers,
	/// Requests handled here: who sent them.
	handled: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Options {
	our_period: Duration,
	their_cover: bool,
}

struct Network {
	start: Instant,
	nodes: Vec<Node>,
	queue: VecDeque<(PeerId, AddressedPacket)>,
	session: SessionIndex,
}

fn our_config(options: Options) -> Config {
	let mut config = Config::default();
	config.mixnode.mean_period = options.our_period;
	if let Some(non_mixnode) = &mut config.non_mixnode {
		non_mixnode.mean_period = options.our_period;
	}
	config.mean_forwarding_delay = FORWARDING_DELAY;
	config.per_hop_network_delay = PER_HOP_DELAY;
	config
}

fn their_config(index: usize, options: Options) -> reference::Config {
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

fn their_status(status: SessionStatus) -> reference::SessionStatus {
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

fn their_mixnodes(mixnodes: &[Mixnode]) -> Vec<reference::Mixnode<()>> {
	mixnodes
		.iter()
		.map(|mixnode| reference::Mixnode { kx_public: mixnode.kx_public.0, peer_id: mixnode.peer_id.0, extra: () })
		.collect()
}

impl Network {
	fn new(options: Options) -> Self {
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

	fn now(&self) -> Time {
		Time::from_duration(self.start.elapsed())
	}

	/// The mixnodes, with the keys that they would register for the next session, in another order than before.
	fn register(&mut self) -> Vec<Mixnode> {
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
	fn set_status(&mut self, current_index: SessionIndex, phase: SessionPhase, mixnodes: Option<Vec<Mixnode>>) {
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

	fn connect(&mut self) {
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

	fn post(&mut self, from: usize, number: usize) {
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
	fn run_until(&mut self, time: Duration, what: &str, holds: impl Fn(&Self) -> bool) {
		let end = Instant::now() + time;
		while !holds(self) {
			assert!(Instant::now() < end, "{what}: not within {time:?}; {}", self.report());
			if !self.step() {
				std::thread::sleep(Duration::from_micros(300));
			}
		}
	}

	fn report(&self) -> String {
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
	fn step(&mut self) -> bool {
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

	fn deliver(&mut self, from: PeerId, index: usize, packet: Packet) {
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

	fn poll(&mut self, index: usize) {
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

	fn ours(&self) -> impl Iterator<Item = &Mixnet<ChaChaRng>> {
		self.nodes.iter().filter_map(|node| match &node.kind {
			Kind::Ours { mixnet, .. } => Some(mixnet),
			Kind::Theirs(_) => None,
		})
	}

	fn dropped(&self, reason: DropReason) -> u64 {
		self.ours().map(|mixnet| mixnet.statistics().dropped(reason)).sum()
	}
}

/// Nothing that the reference sends, and nothing that comes through it, is refused.
fn assert_understood(network: &Network) {
	for reason in [
		DropReason::Malformed,
		DropReason::Replayed,
		DropReason::NotMixnode,
		DropReason::BadNextHop,
		DropReason::BadPayload,
		DropReason::BadFragment,
		DropReason::UnknownLoopCover,
		DropReason::ForwardQueueFull,
	] {
		assert_eq!(network.dropped(reason), 0, "dropped as {}; {}", reason.name(), network.report());
	}
}

#[test]
fn requests_and_replies_pass_both_ways_in_every_phase() {
	let options = Options { our_period: AUTHORED_PERIOD, their_cover: true };
	let mut network = Network::new(options);
	let mut number = 0;
	// Session 0 alone; then sessions 0 and 1 together, phase by phase.
	let steps = [(0, SessionPhase::DisconnectFromPrev)].into_iter().chain(SessionPhase::ALL.map(|phase| (1, phase)));
	for (session, phase) in steps {
		if (session, phase) == (1, SessionPhase::CoverToCurrent) {
			let mixnodes = network.register();
			network.set_status(session, phase, Some(mixnodes));
		} else if session == 1 {
			network.set_status(session, phase, None);
		}
		for node in &mut network.nodes {
			node.handled.clear();
			node.answers.borrow_mut().clear();
		}
		const REQUESTS: usize = 3;
		for _ in 0..REQUESTS {
			for from in 0..NUM_NODES {
				network.post(from, number);
			}
			number += 1;
		}
		let what = format!("answers in session {session}, phase {phase}");
		network.run_until(Duration::from_secs(20), &what, |network| {
			network.nodes.iter().all(|node| node.answers.borrow().len() == REQUESTS)
		});
		for (from, node) in network.nodes.iter().enumerate() {
			for (request, answer) in node.answers.borrow().iter() {
				assert_eq!(usize::from(request[0]), from);
				assert_eq!(*answer, reply_data(request), "{what}");
			}
		}
		// All four ways. Each fails for want of luck with probability 2^-15.
		for from_ours in [true, false] {
			for to_ours in [true, false] {
				let any = network.nodes.iter().enumerate().any(|(to, node)| {
					is_ours(to) == to_ours && node.handled.iter().any(|from| is_ours(*from) == from_ours)
				});
				assert!(any, "{what}: none from ours ({from_ours}) to ours ({to_ours}); {}", network.report());
			}
		}
		// In phase 3 packets of the previous session may still have been on their way.
		assert_understood(&network);
	}
	assert!(network.ours().all(|mixnet| mixnet.statistics().loop_cover_authored > 0));
}

#[test]
fn their_cover_passes_and_arrives_at_ours() {
	// Ours author nothing, so all they see is the reference's.
	let options = Options { our_period: Duration::from_secs(24 * 3600), their_cover: true };
	let mut network = Network::new(options);
	network.run_until(Duration::from_secs(20), "drop cover at each of our mixnodes", |network| {
		network.ours().take(NUM_MIXNODES / 2).all(|mixnet| {
			let statistics = mixnet.statistics();
			statistics.drop_cover_delivered > 2 && statistics.packets_forwarded > 10
		})
	});
	assert_understood(&network);
	assert_eq!(network.dropped(DropReason::UnknownKey), 0);
	assert!(network.ours().all(|mixnet| mixnet.statistics().authored() == 0));
}

#[test]
fn our_loop_cover_comes_back_through_theirs() {
	let options = Options { our_period: AUTHORED_PERIOD, their_cover: false };
	let mut network = Network::new(options);
	network.run_until(Duration::from_secs(20), "loop cover back at each of our nodes", |network| {
		network.ours().all(|mixnet| mixnet.statistics().loop_cover_returned > 3)
	});
	// All that are not on their way.
	let authored: u64 = network.ours().map(|mixnet| mixnet.statistics().loop_cover_authored).sum();
	network.run_until(Duration::from_secs(20), "all loop cover back", |network| {
		network.ours().map(|mixnet| mixnet.statistics().loop_cover_returned).sum::<u64>() >= authored
	});
	assert_understood(&network);
}

/// Three mixnodes: one sends over another to the third, in two hops.
struct Three {
	mixnodes: Vec<Mixnode>,
}

impl Three {
	fn new() -> Self {
		let mixnode = |index| Mixnode {
			kx_public: KxSecret::from_bytes(session_0_secret(index)).public(),
			peer_id: peer_id(index),
			external_addresses: Vec::new(),
		};
		Self { mixnodes: (0..3).map(mixnode).collect() }
	}

	fn ours(&self, index: usize) -> Mixnet<ChaChaRng> {
		let mut config = Config { hops: 2, mean_forwarding_delay: Duration::ZERO, ..Config::default() };
		config.loop_cover_proportion = 0.0;
		let secret = KxSecret::from_bytes(session_0_secret(index));
		let rng = ChaChaRng::seed_from_u64(index as u64);
		let mut mixnet = Mixnet::new(config, peer_id(index), rng, Some(secret)).unwrap();
		let status = SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev };
		mixnet.set_session_status(Time::ZERO, status);
		mixnet.set_mixnodes(Time::ZERO, 0, Ok(self.mixnodes.clone()));
		mixnet
	}

	fn theirs(&self, index: usize) -> reference::Mixnet<()> {
		let mut mixnet = reference::Mixnet::new(reference::Config {
			session_0_kx_secret: Some(session_0_secret(index)),
			num_hops: 2,
			mean_forwarding_delay: Duration::ZERO,
			loop_cover_proportion: 0.0,
			..Default::default()
		});
		let phase = SessionPhase::DisconnectFromPrev;
		mixnet.set_session_status(their_status(SessionStatus { current_index: 0, phase }));
		mixnet.maybe_set_mixnodes(RelSessionIndex::Current, &mut || Ok(their_mixnodes(&self.mixnodes)));
		mixnet
	}
}

#[test]
fn replays_of_our_packets_are_refused_by_theirs() {
	let three = Three::new();
	let mut source = three.ours(0);
	source.post_request(Time::ZERO, vec![7; 9], 1, HandlingDelay::Extrinsic).unwrap();
	source.handle_timeout(source.poll_timeout().unwrap());
	let packet = source.poll_transmit().expect("a tick is due, and a request waits");

	let mut forwarder = three.theirs(usize::from(packet.peer_id.0[0]) - 1);
	for _ in 0..2 {
		assert!(forwarder.handle_packet(packet.packet.as_bytes()).is_none());
	}
	let forwarded = forwarder.pop_next_forward_packet().expect("forwarded once");
	assert!(forwarder.pop_next_forward_packet().is_none(), "forwarded twice");

	let mut destination = three.theirs(usize::from(forwarded.peer_id[0]) - 1);
	let Some(Message::Request(message)) = destination.handle_packet(&forwarded.packet) else {
		panic!("not delivered");
	};
	assert_eq!(message.data, [7; 9]);
	assert_eq!(message.surbs.len(), 1);
	assert!(destination.handle_packet(&forwarded.packet).is_none(), "delivered twice");
}

#[test]
fn replays_of_their_packets_are_refused_by_ours() {
	let three = Three::new();
	let mut source = three.theirs(0);
	let connected = BTreeSet::new();
	let ns = Connections { local: peer_id(0), connected: &connected };
	source.post_request(0, &mut None, &[1; 16], [7; 9].as_slice().into(), 1, &ns).unwrap();
	let packet = source.pop_next_authored_packet(&ns).expect("a request waits");
	let first: Packet = (*packet.packet).into();

	let mut forwarder = three.ours(usize::from(packet.peer_id[0]) - 1);
	assert_eq!(forwarder.handle_packet(Time::ZERO, peer_id(0), first.clone()), None);
	assert_eq!(forwarder.handle_packet(Time::ZERO, peer_id(0), first), Some(DropReason::Replayed));
	let forwarded = forwarder.poll_transmit().expect("forwarded once");
	assert!(forwarder.poll_transmit().is_none(), "forwarded twice");
	assert_eq!(forwarder.statistics().dropped(DropReason::Replayed), 1);

	let mut destination = three.ours(usize::from(forwarded.peer_id.0[0]) - 1);
	while destination.poll_event().is_some() {}
	let from = forwarder_id(&packet);
	assert_eq!(destination.handle_packet(Time::ZERO, from, forwarded.packet.clone()), None);
	assert_eq!(destination.handle_packet(Time::ZERO, from, forwarded.packet), Some(DropReason::Replayed));
	let Some(Event::Request { message_id, data, reply_to }) = destination.poll_event() else {
		panic!("not delivered");
	};
	assert_eq!((message_id.0, data, reply_to.surbs()), ([1; 16], vec![7; 9], 1));
	assert!(destination.poll_event().is_none(), "delivered twice");

	// The reply passes; a replay of it does not.
	destination.post_reply(Time::ZERO, reply_to, vec![8; 5]).unwrap();
	destination.handle_timeout(destination.poll_timeout().unwrap());
	let reply = destination.poll_transmit().expect("a tick is due, and a reply waits");
	let mut middle = three.ours(usize::from(reply.peer_id.0[0]) - 1);
	assert_eq!(middle.handle_packet(Time::ZERO, from, reply.packet), None);
	let reply = middle.poll_transmit().expect("forwarded once");
	assert_eq!(reply.peer_id, peer_id(0));
	let Some(Message::Reply(message)) = source.handle_packet(reply.packet.as_bytes()) else {
		panic!("not delivered");
	};
	assert_eq!((message.request_id, message.data), ([1; 16], vec![8; 5]));
	assert!(source.handle_packet(reply.packet.as_bytes()).is_none());
}

fn forwarder_id(packet: &reference::AddressedPacket) -> PeerId {
	PeerId(packet.peer_id)
}
