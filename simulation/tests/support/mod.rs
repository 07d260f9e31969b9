//! A network of our nodes in one process and in virtual time: latency, loss, and a chain that every node follows at
//! once, or each in its own time.

#![allow(dead_code)] // Every test uses its own part of it.

use mixnet_node_core::{
	AddressedPacket, Alarm, ChainSession, Config, DropReason, Event, HandlingDelay, KxPublic, Mixnet, Mixnode,
	MixnodesError, Packet, PeerId, RelativeSession, ReplyTo, RequestId, Role, SessionIndex, SessionPhase,
	SessionStatus, Time,
};
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};
use std::{
	collections::{BTreeMap, BTreeSet},
	time::Duration,
};

pub fn rng(seed: u64) -> ChaChaRng {
	ChaChaRng::seed_from_u64(seed)
}

pub fn peer_id(index: usize) -> PeerId {
	PeerId([index as u8 + 1; 32])
}

/// A configuration whose delays let a request be answered in seconds of virtual time.
pub fn fast_config() -> Config {
	let mut config = Config::default();
	config.parameters.mixnode_mean_period_ms = 50;
	config.parameters.non_mixnode_mean_period_ms = 100;
	config.parameters.mean_forwarding_delay_ms = 100;
	config.parameters.mean_extrinsic_delay_ms = 100;
	config
}

pub struct Node {
	pub peer_id: PeerId,
	pub mixnet: Mixnet<ChaChaRng>,
	pub connected: BTreeSet<PeerId>,
	/// Requests answered, with the answers.
	pub answered: BTreeMap<RequestId, Vec<u8>>,
	pub failed: BTreeMap<RequestId, String>,
	/// Requests of others that came, by data.
	pub received: BTreeMap<Vec<u8>, usize>,
	/// Requests that were posted with [`Network::post`].
	pub posted: BTreeSet<RequestId>,
}

impl Node {
	/// The sessions in which it takes part.
	pub fn sessions(&self) -> BTreeSet<SessionIndex> {
		let Some(status) = self.mixnet.session_status() else { return BTreeSet::new() };
		let takes_part = |role| matches!(role, Role::Mixnode(_) | Role::NonMixnode);
		RelativeSession::BOTH
			.into_iter()
			.filter(|relative| takes_part(self.mixnet.role(*relative)))
			.filter_map(|relative| relative.index(status.current_index))
			.collect()
	}
}

/// A request of another node, left to the test.
pub struct Held {
	pub node: usize,
	pub data: Vec<u8>,
	pub reply_to: ReplyTo,
}

/// Something that leaves a node.
pub enum Output<'a> {
	Packet(&'a AddressedPacket),
	Event(&'a Event),
	/// When it wants to be called again, asked after everything else was polled.
	Timeout(Option<Time>),
}

/// Sees everything that leaves the nodes: when, and which node's it is.
pub type Observer = Box<dyn FnMut(Time, usize, Output)>;

/// What one node learns from the chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
	Status(SessionStatus),
	/// The mixnodes of all sessions that it wants to know them of.
	Mixnodes,
}

/// A packet on its way.
struct InFlight {
	from: PeerId,
	to: PeerId,
	packet: Packet,
	/// The sessions in which its sender took part.
	sessions: BTreeSet<SessionIndex>,
}

/// A packet that its receiver dropped.
#[derive(Debug)]
pub struct Dropped {
	pub at: Time,
	pub from: PeerId,
	pub to: PeerId,
	pub reason: DropReason,
	/// The sessions in which the sender took part when it sent the packet, and the receiver when it dropped it.
	pub sessions: [BTreeSet<SessionIndex>; 2],
}

impl Dropped {
	/// Was the receiver in all the sessions that the packet can be of?
	pub fn between_nodes_that_agree(&self) -> bool {
		self.sessions[0].is_subset(&self.sessions[1])
	}
}

pub struct Network {
	pub now: Time,
	pub nodes: Vec<Node>,
	pub status: Option<SessionStatus>,
	pub mixnodes: BTreeMap<SessionIndex, Result<Vec<Mixnode>, MixnodesError>>,
	/// Probability that a packet is lost on a link.
	pub loss: f64,
	/// Somebody on the links: keeps packets from this node to that one from arriving.
	pub blocks: Option<Box<dyn Fn(PeerId, PeerId) -> bool>>,
	/// Alarms that nodes raised: when, and which node.
	pub alarms: Vec<(Time, usize, Alarm)>,
	/// Do nodes answer requests?
	pub answering: bool,
	/// Are requests left to the test, in `held`, instead?
	pub holding: bool,
	pub held: Vec<Held>,
	pub latency: Duration,
	/// A packet takes up to this much longer, at random: packets overtake one another.
	pub jitter: Duration,
	pub observer: Option<Observer>,
	/// What was dropped on arrival.
	pub dropped: Vec<Dropped>,
	/// Packets that were sent to peers who were not connected.
	pub unconnected: u64,
	rng: ChaChaRng,
	sent: u64,
	in_flight: BTreeMap<(Time, u64), InFlight>,
	told: u64,
	news: BTreeMap<(Time, u64), (usize, News)>,
	/// A digest of everything sent: when, from whom, to whom, what.
	pub trace: u64,
}

impl Network {
	pub fn new(seed: u64, num: usize, config: impl Fn(usize) -> Config) -> Self {
		let nodes = (0..num)
			.map(|index| {
				let rng = rng(seed * 1000 + index as u64);
				Node {
					peer_id: peer_id(index),
					mixnet: Mixnet::new(config(index), peer_id(index), rng, None).unwrap(),
					connected: BTreeSet::new(),
					answered: BTreeMap::new(),
					failed: BTreeMap::new(),
					received: BTreeMap::new(),
					posted: BTreeSet::new(),
				}
			})
			.collect();
		Self {
			now: Time::from_duration(Duration::from_secs(1000)),
			nodes,
			status: None,
			mixnodes: BTreeMap::new(),
			loss: 0.0,
			blocks: None,
			alarms: Vec::new(),
			answering: true,
			holding: false,
			held: Vec::new(),
			latency: Duration::from_millis(30),
			jitter: Duration::ZERO,
			observer: None,
			dropped: Vec::new(),
			unconnected: 0,
			rng: rng(seed),
			sent: 0,
			in_flight: BTreeMap::new(),
			told: 0,
			news: BTreeMap::new(),
			trace: 0,
		}
	}

	/// Registers these nodes for the next session.
	pub fn register(&mut self, nodes: impl IntoIterator<Item = usize>) {
		let mut session = None;
		let list = nodes
			.into_iter()
			.map(|node| {
				let node = &mut self.nodes[node];
				let (index, kx_public) = node.mixnet.next_kx_public();
				session = Some(index);
				mixnode(node.peer_id, kx_public)
			})
			.collect();
		self.mixnodes.insert(session.unwrap(), Ok(list));
	}

	/// Lets the chain move on, and every node follow it.
	pub fn set_status(&mut self, current_index: SessionIndex, phase: SessionPhase) {
		let status = SessionStatus { current_index, phase };
		self.status = Some(status);
		for node in 0..self.nodes.len() {
			self.tell(node, News::Status(status));
			self.tell(node, News::Mixnodes);
		}
		for node in 0..self.nodes.len() {
			self.drain(node);
		}
	}

	/// Lets one node learn something from the chain after some time.
	pub fn tell_after(&mut self, time: Duration, node: usize, news: News) {
		self.told += 1;
		self.news.insert((self.now + time, self.told), (node, news));
	}

	fn tell(&mut self, node: usize, news: News) {
		let mixnet = &mut self.nodes[node].mixnet;
		match news {
			News::Status(status) => mixnet.set_status(self.now, status),
			News::Mixnodes => {
				let Some(status) = mixnet.session_status() else { return };
				for relative in mixnet.wanted_mixnodes() {
					let index = relative.index(status.current_index).unwrap();
					if let Some(mixnodes) = self.mixnodes.get(&index) {
						mixnet.set_session(self.now, ChainSession::new(index, mixnodes.clone()));
					}
				}
			},
		}
	}

	/// Begins with two live sessions, 1 and 2, in this phase, the given nodes being the mixnodes of each.
	pub fn begin(&mut self, previous: &[usize], current: &[usize], phase: SessionPhase) {
		self.set_status(0, SessionPhase::DisconnectFromPrev);
		self.register(previous.iter().copied());
		self.set_status(1, SessionPhase::DisconnectFromPrev);
		self.register(current.iter().copied());
		self.set_status(2, phase);
	}

	/// Posts a request, as soon as there is room for it.
	pub fn post(&mut self, node: usize, data: Vec<u8>, surbs: usize) -> RequestId {
		let delay = HandlingDelay::Fixed(Duration::from_millis(100));
		loop {
			match self.nodes[node].mixnet.post_request(self.now, data.clone(), surbs, delay) {
				Ok(id) => {
					self.nodes[node].posted.insert(id);
					self.drain(node);
					return id;
				},
				Err(error) => match error.retry_at() {
					Some(at) => self.run((at - self.now).max(Duration::from_millis(1))),
					None => panic!("{error}"),
				},
			}
		}
	}

	/// Runs for some time.
	pub fn run(&mut self, time: Duration) {
		let end = self.now + time;
		while self.step(end) {}
	}

	/// Runs until this holds, or the time is over. Returns whether it holds.
	pub fn run_until(&mut self, time: Duration, mut holds: impl FnMut(&Self) -> bool) -> bool {
		let end = self.now + time;
		loop {
			if holds(self) {
				return true;
			}
			if !self.step(end) {
				return false;
			}
		}
	}

	/// Lets the next thing happen, if it is due before `end`.
	fn step(&mut self, end: Time) -> bool {
		let timeout = |index: usize, node: &Node| node.mixnet.poll_timeout().map(|at| (at, index));
		let timer = self.nodes.iter().enumerate().filter_map(|(index, node)| timeout(index, node)).min();
		let arrival = self.in_flight.keys().next().copied();
		let news = self.news.keys().next().copied();
		let due = [timer.map(|(at, _)| at), arrival.map(|(at, _)| at), news.map(|(at, _)| at)];
		let next = match due.into_iter().flatten().min() {
			Some(at) if at <= end => at,
			_ => {
				self.now = end;
				return false;
			},
		};
		self.now = self.now.max(next);
		if let Some(key) = arrival.filter(|(at, _)| *at == next) {
			let packet = self.in_flight.remove(&key).unwrap();
			self.arrive(packet);
		} else if let Some(key) = news.filter(|(at, _)| *at == next) {
			let (node, news) = self.news.remove(&key).unwrap();
			self.tell(node, news);
			self.drain(node);
		} else if let Some((_, node)) = timer {
			self.nodes[node].mixnet.handle_timeout(self.now);
			self.drain(node);
		}
		true
	}

	fn arrive(&mut self, InFlight { from, to, packet, sessions }: InFlight) {
		let Some(node) = self.nodes.iter().position(|node| node.peer_id == to) else { return };
		if let Some(reason) = self.nodes[node].mixnet.handle_packet(self.now, from, packet) {
			let sessions = [sessions, self.nodes[node].sessions()];
			self.dropped.push(Dropped { at: self.now, from, to, reason, sessions });
		}
		self.drain(node);
	}

	fn drain(&mut self, node: usize) {
		while let Some(event) = self.nodes[node].mixnet.poll_event() {
			self.handle_event(node, event);
		}
		let from = self.nodes[node].peer_id;
		while let Some(packet) = self.nodes[node].mixnet.poll_transmit() {
			self.sent += 1;
			self.observe(node, Output::Packet(&packet));
			let mut word = [0; 8];
			word.copy_from_slice(&packet.packet.as_bytes()[1000..1008]);
			for value in [
				u64::from_le_bytes(word),
				u64::from(from.0[0]) << 8 | u64::from(packet.peer_id.0[0]),
				self.now.since_epoch().as_nanos() as u64,
			] {
				self.trace = (self.trace ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
			}
			let mut is_lost = (self.rng.next_u32() as f64) < self.loss * 2f64.powi(32);
			is_lost |= self.blocks.as_ref().is_some_and(|blocks| blocks(from, packet.peer_id));
			// Only connected peers can be sent to.
			let is_connected = self.nodes[node].connected.contains(&packet.peer_id);
			self.unconnected += u64::from(!is_connected);
			if !is_lost && is_connected {
				let mut latency = self.latency;
				if !self.jitter.is_zero() {
					latency += self.jitter.mul_f64(f64::from(self.rng.next_u32()) / 2f64.powi(32));
				}
				let sessions = self.nodes[node].sessions();
				let packet = InFlight { from, to: packet.peer_id, packet: packet.packet, sessions };
				self.in_flight.insert((self.now + latency, self.sent), packet);
			}
		}
		while let Some(event) = self.nodes[node].mixnet.poll_event() {
			self.handle_event(node, event);
		}
		let timeout = self.nodes[node].mixnet.poll_timeout();
		self.observe(node, Output::Timeout(timeout));
	}

	fn observe(&mut self, node: usize, output: Output) {
		if let Some(observer) = &mut self.observer {
			observer(self.now, node, output);
		}
	}

	fn handle_event(&mut self, index: usize, event: Event) {
		self.observe(index, Output::Event(&event));
		match event {
			Event::ReservedPeersChanged => self.connect(),
			Event::Request { data, reply_to, .. } => {
				*self.nodes[index].received.entry(data.clone()).or_default() += 1;
				let mixnet = &mut self.nodes[index].mixnet;
				if self.holding {
					self.held.push(Held { node: index, data, reply_to });
				} else if self.answering {
					let _ = mixnet.post_reply(self.now, reply_to, answer(&data));
				} else {
					mixnet.abandon_request(reply_to);
				}
			},
			Event::RequestAnswered { id, data, .. } => {
				assert!(self.nodes[index].answered.insert(id, data).is_none(), "answered twice");
			},
			Event::RequestFailed { id, error, .. } => {
				assert!(self.nodes[index].failed.insert(id, error.to_string()).is_none(), "failed twice");
			},
			Event::LoopAlarm { alarm, .. } => self.alarms.push((self.now, index, alarm)),
			_ => (),
		}
	}

	/// Connects whoever wants to be connected, and disconnects the others.
	fn connect(&mut self) {
		let wanted: Vec<BTreeSet<PeerId>> = self
			.nodes
			.iter()
			.map(|node| node.mixnet.reserved_peers().into_iter().map(|peer| peer.peer_id).collect())
			.collect();
		for a in 0..self.nodes.len() {
			for b in 0..self.nodes.len() {
				let (id_a, id_b) = (self.nodes[a].peer_id, self.nodes[b].peer_id);
				let connected = wanted[a].contains(&id_b) || wanted[b].contains(&id_a);
				let node = &mut self.nodes[a];
				if connected && node.connected.insert(id_b) {
					node.mixnet.peer_connected(self.now, id_b);
				} else if !connected && node.connected.remove(&id_b) {
					node.mixnet.peer_disconnected(self.now, id_b);
				}
			}
		}
	}
}

/// A mixnet in session 1, of so many mixnodes and behind them so many users, all connected as they want to be.
pub fn mixnet(seed: u64, mixnodes: usize, users: usize, config: impl Fn() -> Config) -> Network {
	let mut network = Network::new(seed, mixnodes + users, |_| config());
	network.set_status(0, SessionPhase::DisconnectFromPrev);
	network.register(0..mixnodes);
	network.set_status(1, SessionPhase::DisconnectFromPrev);
	network
}

pub fn mixnode(peer_id: PeerId, kx_public: KxPublic) -> Mixnode {
	Mixnode { kx_public, peer_id, external_addresses: vec![b"/dns/example.org/tcp/30333".to_vec()] }
}

/// What nodes answer: as long as the request, up to one fragment, and different.
pub fn answer(data: &[u8]) -> Vec<u8> {
	data.iter().take(1500).map(|byte| byte ^ 0xff).collect()
}
