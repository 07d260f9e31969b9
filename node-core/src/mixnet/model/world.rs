//! The nodes, the chain and the network, and the effect of each operation.

use super::{watched::Watched, Fate, Forgery, Handling, Operation, NODES};
use crate::{
	message::split,
	mixnet::{ChainSession, Event, Mixnet},
	request::{HandlingDelay, ReplyTo, RequestId},
	sphinx::{build_cover, build_request, Hop, MixnodeIndex, Target, PAYLOAD_DATA_SIZE},
	AddressedPacket, Config, KxPublic, KxSecret, MessageId, Mixnode, MixnodesError, Packet, Parameters, PeerId,
	SessionIndex, SessionPhase, SessionStatus, Time,
};
use core::time::Duration;
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::collections::{BTreeMap, BTreeSet};

/// The most packets in flight. Beyond it the oldest are lost.
const MAX_IN_FLIGHT: usize = 40;

pub(super) struct World {
	now: Time,
	nodes: Vec<Watched>,
	status: SessionStatus,
	mixnodes: BTreeMap<SessionIndex, Result<Vec<Mixnode>, MixnodesError>>,
	parameters: BTreeMap<SessionIndex, Parameters>,
	in_flight: Vec<AddressedPacket>,
	/// Requests that a node holds as their destination.
	held: Vec<(usize, ReplyTo, Vec<u8>)>,
	/// The data of all requests ever posted.
	posted: BTreeSet<Vec<u8>>,
	rng: ChaChaRng,
	/// May a node be told of an earlier session than before?
	steps_back: bool,
}

fn peer_id(node: usize) -> PeerId {
	PeerId([node as u8 + 1; 32])
}

/// The reply that every node gives to this request.
pub(super) fn answer(data: &[u8]) -> Vec<u8> {
	data.iter().map(|byte| byte ^ 0xff).collect()
}

impl World {
	/// A world in this phase of session 2. `sessions` names the mixnodes of sessions 1 and 2, by bits.
	pub fn new(config: &Config, sessions: [u8; 2], phase: usize, steps_back: bool) -> Self {
		let node = |index| {
			let rng = ChaChaRng::seed_from_u64(index as u64);
			Watched::new(config.clone(), Mixnet::new(config.clone(), peer_id(index), rng, None).unwrap())
		};
		let mut world = Self {
			now: Time::from_duration(Duration::from_secs(1000)),
			nodes: (0..NODES).map(node).collect(),
			status: SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev },
			mixnodes: BTreeMap::new(),
			parameters: BTreeMap::new(),
			in_flight: Vec::new(),
			held: Vec::new(),
			posted: BTreeSet::new(),
			rng: ChaChaRng::seed_from_u64(100),
			steps_back,
		};
		for node in &mut world.nodes {
			node.mixnet.set_status(world.now, world.status);
		}
		for members in sessions {
			world.next_session(members, false, None);
			world.status.phase = SessionPhase::DisconnectFromPrev;
		}
		world.status.phase = SessionPhase::ALL[phase];
		world.tell_all();
		for node in 0..NODES {
			world.connect(node);
		}
		world.check();
		world
	}

	/// Performs the operations, and checks every node after each.
	pub fn run(mut self, operations: Vec<Operation>) {
		for operation in operations {
			self.apply(operation);
			self.check();
		}
		self.finish();
	}

	fn check(&mut self) {
		for node in &mut self.nodes {
			node.check(self.now);
		}
	}

	fn apply(&mut self, operation: Operation) {
		match operation {
			Operation::Post { node, size, surbs } => {
				let data = self.data(size);
				let delay = match surbs % 2 {
					0 => HandlingDelay::Extrinsic,
					_ => HandlingDelay::Fixed(Duration::from_secs(1)),
				};
				self.nodes[node].post(self.now, data, surbs, delay);
			},
			Operation::Cancel { node, request } => {
				let node = &mut self.nodes[node];
				let id = RequestId((node.requests.len() as u64).wrapping_sub(request + 1));
				node.cancel(self.now, id);
			},
			Operation::Timeout { node } => self.timeout(node),
			Operation::Pass { millis } => self.now += Duration::from_millis(millis),
			Operation::Transmit { node, packets } => {
				for _ in 0..packets {
					let packet = self.nodes[node].transmit();
					self.in_flight.extend(packet);
				}
			},
			Operation::Network { packet, fate } => self.meet(packet, fate),
			Operation::Arrive => self.arrive(),
			Operation::Events { node, handling } => self.events(node, handling),
			Operation::HandBack { answered } => {
				if let Some((node, reply_to, data)) = self.held.pop() {
					self.hand_back(node, reply_to, &data, answered);
				}
			},
			Operation::Peer { node, peer, connected: true } => {
				self.nodes[node].mixnet.peer_connected(self.now, peer_id(peer));
			},
			Operation::Peer { node, peer, connected: false } => {
				self.nodes[node].mixnet.peer_disconnected(self.now, peer_id(peer));
			},
			Operation::Silent { node, peer } => self.nodes[node].mixnet.peer_silent(self.now, peer_id(peer)),
			Operation::Connect { node } => self.connect(node),
			Operation::Disconnect { node } => {
				for peer in 0..NODES {
					self.nodes[node].mixnet.peer_disconnected(self.now, peer_id(peer));
				}
			},
			Operation::Forge { node, forgery } => self.forge(node, forgery),
			Operation::Chain { members, bad, parameters } => {
				match self.status.phase {
					SessionPhase::DisconnectFromPrev => self.next_session(members, bad, parameters),
					phase => self.status.phase = SessionPhase::ALL[phase as usize + 1],
				}
				self.tell_all();
			},
			Operation::Status { node, ahead, phase } => {
				let current_index = self.ahead(ahead);
				let status = SessionStatus { current_index, phase: SessionPhase::ALL[phase] };
				self.tell(node, status);
			},
			Operation::Session { node, relative } => {
				let status = self.nodes[node].mixnet.session_status().unwrap();
				if let Some(session) = relative.index(status.current_index) {
					self.tell_session(node, session, self.parameters.get(&session).copied());
				}
			},
			Operation::OtherParameters { node, relative, parameters } => {
				let status = self.nodes[node].mixnet.session_status().unwrap();
				if let Some(session) = relative.index(status.current_index) {
					self.tell_session(node, session, Some(parameters));
				}
			},
			Operation::TakeBuild { node } => self.nodes[node].take_build(),
			Operation::BringBuilt { node } => self.nodes[node].bring_built(self.now),
			Operation::NextKey { node } => drop(self.nodes[node].next_key()),
			Operation::RestoreKey { node, ahead } => {
				let session = self.ahead(ahead);
				let secret = KxSecret::random(&mut self.rng);
				self.nodes[node].restore_key(session, secret);
			},
			Operation::Run { seconds } => self.pass_well(Duration::from_secs(seconds)),
		}
		let too_many = self.in_flight.len().saturating_sub(MAX_IN_FLIGHT);
		self.in_flight.drain(..too_many);
	}

	/// The data of a new request.
	fn data(&mut self, size: usize) -> Vec<u8> {
		let mut data = vec![7; size];
		data[..8].copy_from_slice(&(self.posted.len() as u64).to_le_bytes());
		self.posted.insert(data.clone());
		data
	}

	fn ahead(&self, ahead: i64) -> SessionIndex {
		u32::try_from((i64::from(self.status.current_index) + ahead).max(0)).unwrap()
	}

	/// Lets time pass until the node wants to be called, and calls it until it has nothing more to send or to build.
	fn timeout(&mut self, node: usize) {
		if let Some(at) = self.nodes[node].mixnet.poll_timeout() {
			self.now = self.now.max(at);
		}
		for calls in 0.. {
			self.nodes[node].handle_timeout(self.now);
			while let Some(packet) = self.nodes[node].transmit() {
				self.in_flight.push(packet);
			}
			if self.nodes[node].mixnet.poll_timeout().is_none_or(|at| at > self.now) {
				break;
			}
			assert!(calls < 1000, "the node wants to be called again at once");
		}
	}

	fn meet(&mut self, packet: usize, fate: Fate) {
		if self.in_flight.is_empty() {
			return;
		}
		let at = packet % self.in_flight.len();
		let packet = match fate {
			Fate::IsCopied => self.in_flight[at].clone(),
			_ => self.in_flight.remove(at),
		};
		match fate {
			Fate::Arrives | Fate::IsCopied => self.deliver(packet),
			Fate::IsDamaged(byte, bit) => {
				let mut bytes = packet.packet.into_bytes();
				bytes[byte] ^= 1 << bit;
				self.deliver(AddressedPacket { peer_id: packet.peer_id, packet: Packet::from(bytes) });
			},
			Fate::IsLost => (),
		}
	}

	fn forge(&mut self, node: usize, forgery: Forgery) {
		let Some(kx_public) = self.nodes[node].any_key() else { return };
		let hop = |target| Hop { target, kx_public };
		let first = hop(Target::Mixnode(MixnodeIndex::MAX));
		let built = match forgery {
			Forgery::Request => {
				let data = self.data(8);
				let plans = split(MessageId::random(&mut self.rng), &data, 0, 1).unwrap();
				let mut fragment = [0; PAYLOAD_DATA_SIZE];
				plans[0].write(&mut fragment, &data, &[]).unwrap();
				build_request(&mut self.rng, &[first], &fragment)
			},
			Forgery::ForwardToMixnode(index) => {
				let next = Target::Mixnode(MixnodeIndex::new(index).unwrap());
				build_cover(&mut self.rng, &[first, hop(next)], None)
			},
			Forgery::ForwardToPeer(peer) => {
				build_cover(&mut self.rng, &[first, hop(Target::Peer(peer_id(peer)))], None)
			},
		};
		self.nodes[node].receive(self.now, built.unwrap().packet);
	}

	fn arrive(&mut self) {
		for packet in core::mem::take(&mut self.in_flight) {
			self.deliver(packet);
		}
	}

	fn deliver(&mut self, packet: AddressedPacket) {
		if let Some(node) = (0..NODES).find(|node| peer_id(*node) == packet.peer_id) {
			self.nodes[node].receive(self.now, packet.packet);
		}
	}

	fn events(&mut self, node: usize, handling: Handling) {
		while let Some(event) = self.nodes[node].event() {
			let Event::Request { message_id, data, reply_to } = event else { continue };
			assert_eq!(reply_to.message_id(), message_id);
			assert!(self.posted.contains(&data), "a request that nobody posted");
			match handling {
				Handling::Answer => self.hand_back(node, reply_to, &data, true),
				Handling::Abandon => self.hand_back(node, reply_to, &data, false),
				Handling::Hold => self.held.push((node, reply_to, data)),
			}
		}
	}

	fn hand_back(&mut self, node: usize, reply_to: ReplyTo, data: &[u8], answered: bool) {
		let mixnet = &mut self.nodes[node].mixnet;
		if answered {
			// It may be refused.
			let _ = mixnet.post_reply(self.now, reply_to, answer(data));
		} else {
			mixnet.abandon_request(reply_to);
		}
	}

	fn connect(&mut self, node: usize) {
		let mixnet = &mut self.nodes[node].mixnet;
		for peer in mixnet.reserved_peers() {
			mixnet.peer_connected(self.now, peer.peer_id);
		}
	}

	/// Begins the chain's next session. `bad`: one of its mixnodes has a key of low order.
	fn next_session(&mut self, members: u8, bad: bool, parameters: Option<Parameters>) {
		let session = self.status.current_index + 1;
		self.parameters.extend(parameters.map(|parameters| (session, parameters)));
		let mut mixnodes: Vec<_> = (0..NODES)
			.filter(|node| members >> node & 1 != 0)
			.map(|node| {
				let (next, key) = self.nodes[node].next_key();
				// If a node sees another session, its registration is for that one, so the list has a key that is lost.
				let lost = KxSecret::random(&mut self.rng).public();
				(peer_id(node), if next == session { key } else { lost })
			})
			.collect();
		if bad {
			mixnodes.push((PeerId([77; 32]), KxPublic([0; 32])));
		}
		let num = mixnodes.len() as u32;
		let mixnode = |(peer_id, kx_public)| Mixnode { kx_public, peer_id, external_addresses: Vec::new() };
		let mixnodes = match members % 16 {
			0 => Err(MixnodesError::InsufficientRegistrations { num, min: 1 }),
			_ => Ok(mixnodes.into_iter().map(mixnode).collect()),
		};
		self.mixnodes.insert(session, mixnodes);
		self.status = SessionStatus { current_index: session, phase: SessionPhase::CoverToCurrent };
		self.tell_all();
	}

	fn tell_all(&mut self) {
		for node in 0..NODES {
			self.tell(node, self.status);
			let mixnet = &self.nodes[node].mixnet;
			let current = mixnet.session_status().unwrap().current_index;
			for relative in mixnet.wanted_mixnodes() {
				let session = relative.index(current).unwrap();
				self.tell_session(node, session, self.parameters.get(&session).copied());
			}
		}
	}

	fn tell(&mut self, node: usize, status: SessionStatus) {
		let mixnet = &mut self.nodes[node].mixnet;
		let is_back = mixnet.session_status().is_some_and(|old| status.current_index < old.current_index);
		if self.steps_back || !is_back {
			mixnet.set_status(self.now, status);
		}
	}

	fn tell_session(&mut self, node: usize, index: SessionIndex, parameters: Option<Parameters>) {
		let none = Err(MixnodesError::InsufficientRegistrations { num: 0, min: 1 });
		let mixnodes = self.mixnodes.get(&index).cloned().unwrap_or(none);
		self.nodes[node].set_session(self.now, ChainSession { index, parameters, mixnodes });
	}

	/// Polls all nodes in time, delivers all packets, and answers all requests.
	fn pass_well(&mut self, time: Duration) {
		let end = self.now + time;
		loop {
			let next = (0..NODES).filter_map(|node| Some((self.nodes[node].mixnet.poll_timeout()?, node))).min();
			let Some((_, node)) = next.filter(|(at, _)| *at <= end) else { break };
			self.timeout(node);
			self.arrive();
			for node in 0..NODES {
				self.events(node, Handling::Answer);
			}
		}
		self.now = self.now.max(end);
	}

	/// Checks that every request ends and leaves nothing behind, and that no key outlives its session.
	fn finish(&mut self) {
		for node in 0..NODES {
			// Only one of the two: each ends what the other looks at.
			if node % 2 == 0 {
				self.nodes[node].check_surb_keys();
				continue;
			}
			for round in 0..1000 {
				if self.nodes[node].mixnet.pending.len() == 0 {
					break;
				}
				assert!(round < 999, "a request that does not end");
				// At times, longer than any answer takes. In between, packets are sent.
				if round % 8 == 0 {
					self.now += Duration::from_secs(200);
				}
				self.timeout(node);
				self.in_flight.clear();
			}
			while self.nodes[node].event().is_some() {}
			self.nodes[node].check(self.now);
			self.nodes[node].check_keys(self.now, &mut self.rng);
		}
	}
}
