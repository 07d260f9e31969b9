//! A network of our nodes in one process and in virtual time: latency, loss and a chain that never fails.

#![allow(dead_code)] // Every test uses its own part of it.

use mixnet_node_core::{
	Config, Event, HandlingDelay, KxPublic, Mixnet, Mixnode, MixnodesError, Packet, PeerId, RequestId, SessionIndex,
	SessionPhase, SessionStatus, Time,
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
	config.mixnode.mean_period = Duration::from_millis(50);
	if let Some(non_mixnode) = &mut config.non_mixnode {
		non_mixnode.mean_period = Duration::from_millis(100);
	}
	config.mean_forwarding_delay = Duration::from_millis(100);
	config.mean_extrinsic_delay = Duration::from_millis(100);
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
}

pub struct Network {
	pub now: Time,
	pub nodes: Vec<Node>,
	pub status: Option<SessionStatus>,
	pub mixnodes: BTreeMap<SessionIndex, Result<Vec<Mixnode>, MixnodesError>>,
	/// Probability that a packet is lost on a link.
	pub loss: f64,
	/// Do nodes answer requests?
	pub answering: bool,
	pub latency: Duration,
	rng: ChaChaRng,
	sent: u64,
	in_flight: BTreeMap<(Time, u64), (PeerId, PeerId, Packet)>,
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
				}
			})
			.collect();
		Self {
			now: Time::from_duration(Duration::from_secs(1000)),
			nodes,
			status: None,
			mixnodes: BTreeMap::new(),
			loss: 0.0,
			answering: true,
			latency: Duration::from_millis(30),
			rng: rng(seed),
			sent: 0,
			in_flight: BTreeMap::new(),
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
		for node in &mut self.nodes {
			node.mixnet.set_session_status(self.now, status);
			for relative in node.mixnet.wanted_mixnodes() {
				let index = relative.index(current_index).unwrap();
				if let Some(mixnodes) = self.mixnodes.get(&index) {
					node.mixnet.set_mixnodes(self.now, index, mixnodes.clone());
				}
			}
		}
		for node in 0..self.nodes.len() {
			self.drain(node);
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
		let next = [timer.map(|(at, _)| at), arrival.map(|(at, _)| at)].into_iter().flatten().min();
		match next {
			Some(at) if at <= end => self.now = self.now.max(at),
			_ => {
				self.now = end;
				return false;
			},
		}
		match (timer, arrival) {
			(timer, Some(key)) if timer.is_none_or(|(at, _)| key.0 <= at) => {
				let (from, to, packet) = self.in_flight.remove(&key).unwrap();
				if let Some(node) = self.nodes.iter().position(|node| node.peer_id == to) {
					self.nodes[node].mixnet.handle_packet(self.now, from, packet);
					self.drain(node);
				}
			},
			(Some((_, node)), _) => {
				self.nodes[node].mixnet.handle_timeout(self.now);
				self.drain(node);
			},
			_ => (),
		}
		true
	}

	fn drain(&mut self, node: usize) {
		while let Some(event) = self.nodes[node].mixnet.poll_event() {
			self.handle_event(node, event);
		}
		let from = self.nodes[node].peer_id;
		while let Some(packet) = self.nodes[node].mixnet.poll_transmit() {
			self.sent += 1;
			let mut word = [0; 8];
			word.copy_from_slice(&packet.packet.as_bytes()[1000..1008]);
			for value in [
				u64::from_le_bytes(word),
				u64::from(from.0[0]) << 8 | u64::from(packet.peer_id.0[0]),
				self.now.since_epoch().as_nanos() as u64,
			] {
				self.trace = (self.trace ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
			}
			let is_lost = (self.rng.next_u32() as f64) < self.loss * 2f64.powi(32);
			// Only connected peers can be sent to.
			if !is_lost && self.nodes[node].connected.contains(&packet.peer_id) {
				let at = self.now + self.latency;
				self.in_flight.insert((at, self.sent), (from, packet.peer_id, packet.packet));
			}
		}
		while let Some(event) = self.nodes[node].mixnet.poll_event() {
			self.handle_event(node, event);
		}
	}

	fn handle_event(&mut self, index: usize, event: Event) {
		match event {
			Event::ReservedPeersChanged => self.connect(),
			Event::Request { data, reply_to, .. } => {
				*self.nodes[index].received.entry(data.clone()).or_default() += 1;
				let mixnet = &mut self.nodes[index].mixnet;
				if self.answering {
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
			Event::SessionChanged(_) | Event::SessionDisabled { .. } | Event::LoopAlarm { .. } => (),
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

pub fn mixnode(peer_id: PeerId, kx_public: KxPublic) -> Mixnode {
	Mixnode { kx_public, peer_id, external_addresses: vec![b"/dns/example.org/tcp/30333".to_vec()] }
}

/// What nodes answer: as long as the request, up to one fragment, and different.
pub fn answer(data: &[u8]) -> Vec<u8> {
	data.iter().take(1500).map(|byte| byte ^ 0xff).collect()
}
