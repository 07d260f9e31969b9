//! A network of our nodes and nodes of the `mixnet` crate, in one process and in real time: the reference reads the
//! clock itself.
//!
//! - `mod.rs`: the network.
//! - [`theirs`]: the reference's nodes.
//! - [`trace`]: what becomes of each packet.
//! - [`recorder`]: what the reference logs.

pub mod recorder;
pub mod theirs;
pub mod trace;

use mixnet::core::{self as reference, Events, Message, RelSessionIndex};
use mixnet_node_core::{
	sphinx::KxSecret, AddressedPacket, ChainSession, Config, DropReason, Event, HandlingDelay, Mixnet, Mixnode, Packet,
	PeerId, RelativeSession, RequestId, SessionIndex, SessionPhase, SessionStatus, Time,
};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::{
	cell::RefCell,
	collections::{BTreeMap, BTreeSet, VecDeque},
	rc::Rc,
	time::{Duration, Instant},
};
use theirs::{their_mixnodes, their_status, Connections, TheirRequest, Theirs};
use trace::Trace;

/// Nodes 0..8 are mixnodes, 8 and 9 are not. Even ones are ours.
pub const NUM_MIXNODES: usize = 8;
pub const NUM_NODES: usize = 10;

pub const AUTHORED_PERIOD: Duration = Duration::from_millis(25);
pub const FORWARDING_DELAY: Duration = Duration::from_millis(5);
/// What the retry timers reckon with, much more than it takes: nothing is lost here, and on a machine that is busy with
/// other things retries would only be more to do.
pub const PER_HOP_DELAY: Duration = Duration::from_secs(1);

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

/// How much may go wrong with the machine before a test does: in a network that works, what is waited for comes within
/// seconds.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Length of a request of one fragment.
pub const SMALL: usize = 50;
/// Length of a request of three fragments, SURBs included.
pub const LARGE: usize = 5000;

/// Says who sent it.
pub fn request_data(from: usize, number: usize, len: usize) -> Vec<u8> {
	let mut data: Vec<u8> = (0..len).map(|i| (i * 7 + i / 251) as u8).collect();
	data[0] = from as u8;
	data[1] = number as u8;
	data
}

/// One fragment's worth for a small request, two for a large one. Says who replies, and in which session.
pub fn reply_data(by: usize, session: SessionIndex, request: &[u8]) -> Vec<u8> {
	let len = if request.len() > SMALL { 3000 } else { 100 };
	let echo = request.iter().cycle().take(len).map(|byte| byte.wrapping_add(1));
	[by as u8, session as u8].into_iter().chain(echo).collect()
}

/// Answers, by request data.
pub type Answers = Rc<RefCell<BTreeMap<Vec<u8>, Vec<u8>>>>;

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
}

pub struct Network {
	start: Instant,
	pub nodes: Vec<Node>,
	queue: VecDeque<(PeerId, AddressedPacket)>,
	pub trace: Trace,
}

fn our_config() -> Config {
	let mut config = Config::default();
	let ms = |time: Duration| time.as_millis() as u32;
	config.parameters.mixnode_mean_period_ms = ms(AUTHORED_PERIOD);
	config.parameters.non_mixnode_mean_period_ms = ms(AUTHORED_PERIOD);
	config.parameters.mean_forwarding_delay_ms = ms(FORWARDING_DELAY);
	config.per_hop_network_delay = PER_HOP_DELAY;
	config
}

impl Network {
	pub fn new() -> Self {
		recorder::start();
		let nodes = (0..NUM_NODES)
			.map(|index| {
				let kind = if is_ours(index) {
					let rng = ChaChaRng::seed_from_u64(index as u64);
					let secret = KxSecret::from_bytes(session_0_secret(index));
					let mixnet = Mixnet::new(our_config(), peer_id(index), rng, Some(secret)).unwrap();
					Kind::Ours { mixnet, posted: BTreeMap::new() }
				} else {
					Kind::Theirs(Theirs::new(index))
				};
				Node { peer_id: peer_id(index), kind, connected: BTreeSet::new(), answers: Answers::default() }
			})
			.collect();
		let trace = Trace::new((0..NUM_NODES).map(|index| KxSecret::from_bytes(session_0_secret(index))));
		let mut network = Self { start: Instant::now(), nodes, queue: VecDeque::new(), trace };
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
		self.trace.begin_era();
		let status = SessionStatus { current_index, phase };
		for node in &mut self.nodes {
			match &mut node.kind {
				Kind::Ours { mixnet, .. } => {
					mixnet.set_status(now, status);
					if let Some(mixnodes) = &mixnodes {
						assert_eq!(mixnet.wanted_mixnodes(), [RelativeSession::Current]);
						mixnet.set_session(now, ChainSession::new(current_index, Ok(mixnodes.clone())));
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

	pub fn post(&mut self, from: usize, number: usize, len: usize) {
		let now = self.now();
		let data = request_data(from, number, len);
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

	/// Runs until this holds; panics with a report if `what` did not come about within [`LIMIT`].
	pub fn run_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
		let end = Instant::now() + LIMIT;
		while !holds(self) {
			assert!(Instant::now() < end, "{what}: not within {LIMIT:?}; {}", self.report());
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
			format!("\n{}: {kind}; answered: {answers:?}", node.peer_id)
		};
		let nodes: String = self.nodes.iter().map(report).collect();
		format!("{}{nodes}", self.trace)
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
		let arrived = self.trace.pass(usize::from(from.0[0]) - 1, index, &packet);
		let node = &mut self.nodes[index];
		match &mut node.kind {
			Kind::Ours { mixnet, .. } => {
				mixnet.handle_packet(now, from, packet);
			},
			Kind::Theirs(theirs) => match theirs.mixnet.handle_packet(packet.as_bytes()) {
				Some(_) if arrived.is_some_and(|what| what.is_cover()) => {
					panic!("the reference took cover for a message")
				},
				Some(Message::Request(message)) => {
					let session = message.session_index;
					if let Some((context, data)) = theirs.replies.insert(message, &mut theirs.mixnet) {
						theirs.replies.complete(context, reply_data(index, session, &data), &mut theirs.mixnet);
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
							let reply = reply_data(index, reply_to.session(), &data);
							mixnet.post_reply(now, reply_to, reply).unwrap();
						},
						Event::RequestAnswered { id, data, .. } => {
							node.answers.borrow_mut().insert(posted.remove(&id).unwrap(), data);
						},
						Event::RequestFailed { error, .. } => panic!("a request of ours failed: {error}"),
						Event::SessionResting { session, reason } => panic!("session {session} rests: {reason}"),
						Event::LoopAlarm { session, alarm } => {
							panic!("nothing is lost, but in session {session}: {alarm}")
						},
						_ => (),
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
