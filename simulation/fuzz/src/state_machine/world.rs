//! The nodes, the packets between them, and the chain; and a driver for each node that keeps account of what it was told.
//!
//! - `requests`: what drivers do with requests, their own and others'.

mod requests;

use super::{
	super::{keys, reader::stretch},
	checks,
};
use core::time::Duration;
use mixnet_node_core::{
	ChainSession, Config, Event, KxSecret, Mixnet, Mixnode, MixnodesError, Packet, Parameters, PeerId, RelativeSession,
	ReplyTo, RequestId, SessionIndex, SessionStatus, Statistics, Time,
};
use rand_chacha::ChaChaRng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many nodes there are.
pub const NODES: usize = 4;
/// How long a packet is under way.
const LATENCY: Duration = Duration::from_millis(30);
/// The most packets under way; the oldest are lost.
const MAX_WIRE: usize = 64;
/// The most delivered packets kept, to be delivered again.
const MAX_SEEN: usize = 32;
/// The most requests that a driver keeps to be replied to.
const MAX_HELD: usize = 16;
/// What [`World::run`] may do in all: it is what takes time.
const MAX_RUN: usize = 500;
/// What [`World::wait_for_requests`] waits for at most, one timer at a time: all copies of all requests that may be
/// pending, in the most fragments, several times over.
const MAX_WAITS: usize = 20_000;
/// More packets than these do not become due at one time: those that wait to be forwarded, and the ticks of two sessions
/// that are not late enough to be given up.
const MAX_TRANSMIT: usize = 400;

/// A packet between two nodes.
#[derive(Clone)]
pub struct Sent {
	/// Who sends it.
	pub from: PeerId,
	/// Who is to have it.
	pub to: PeerId,
	/// What.
	pub packet: Packet,
	at: Time,
}

/// A request that was posted and has not ended.
pub struct Posted {
	/// What it says.
	pub data: Vec<u8>,
	/// When it was posted.
	pub at: Time,
	/// May it wait for its answer for ever?
	pub is_patient: bool,
}

/// A node and its driver's books.
pub struct Node {
	/// Who it is.
	pub peer_id: PeerId,
	/// Its state.
	pub mixnet: Mixnet<ChaChaRng>,
	/// Its configuration.
	pub config: Config,
	/// The longest forward queue, and the largest share of loop cover, of any session so far.
	pub most: Parameters,
	/// Requests posted that have not ended, as far as events were polled.
	pub posted: BTreeMap<RequestId, Posted>,
	/// The ID that the last request got.
	pub last_id: Option<RequestId>,
	/// Requests of others, with what they say.
	pub held: VecDeque<(ReplyTo, Vec<u8>)>,
	/// Packets given to it.
	pub received: u64,
	/// Packets polled from it.
	pub transmitted: u64,
	/// Headers of packets that it acted on.
	pub acted_on: BTreeSet<Vec<u8>>,
	/// How often its session status changed.
	pub status_changes: usize,
	/// Was the last poll for an event in vain, with nothing done since?
	pub is_polled_out: bool,
	/// Its statistics at the last check.
	pub before: Statistics,
}

/// What came out of an input.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Outcome {
	/// A digest of every packet and every event.
	pub digest: u64,
	/// Requests that were answered.
	pub answered: usize,
	/// Requests that failed.
	pub failed: usize,
	/// Requests that came to a destination, attackers' among them.
	pub requests: usize,
	/// Replies that were taken to be sent.
	pub replies: usize,
	/// Parameters that nodes took in time.
	pub parameters: usize,
}

/// Everything.
pub struct World {
	now: Time,
	/// All nodes.
	pub nodes: Vec<Node>,
	/// What the chain said last.
	pub status: Option<SessionStatus>,
	/// What the chain publishes.
	pub lists: BTreeMap<SessionIndex, Result<Vec<Mixnode>, MixnodesError>>,
	/// The parameters that it has for sessions.
	pub parameters: BTreeMap<SessionIndex, Parameters>,
	/// The attackers' randomness.
	pub rng: ChaChaRng,
	/// Do drivers poll only when the input says so?
	pub is_lazy: bool,
	wire: VecDeque<Sent>,
	seen: VecDeque<Sent>,
	/// What was asked, with how many SURBs.
	asked: BTreeSet<(Vec<u8>, usize)>,
	num_asked: u64,
	left_to_run: usize,
	published_many: bool,
	/// What came of it so far.
	pub outcome: Outcome,
}

impl World {
	/// Nodes that know nothing, with no connections.
	pub fn new(config: Config) -> Self {
		let nodes = (0..NODES)
			.map(|node| {
				let peer_id = keys::peer_id(node);
				let secret = Some(KxSecret::from_bytes([node as u8 + 50; 32]));
				let mixnet = Mixnet::new(config.clone(), peer_id, keys::rng(node as u64), secret).expect("valid; qed");
				Node {
					peer_id,
					mixnet,
					config: config.clone(),
					most: config.parameters,
					posted: BTreeMap::new(),
					last_id: None,
					held: VecDeque::new(),
					received: 0,
					transmitted: 0,
					acted_on: BTreeSet::new(),
					status_changes: 0,
					is_polled_out: false,
					before: Statistics::default(),
				}
			})
			.collect();
		Self {
			now: Time::from_duration(Duration::from_secs(1000)),
			nodes,
			status: None,
			lists: BTreeMap::new(),
			parameters: BTreeMap::new(),
			rng: keys::rng(99),
			is_lazy: false,
			wire: VecDeque::new(),
			seen: VecDeque::new(),
			asked: BTreeSet::new(),
			num_asked: 0,
			left_to_run: MAX_RUN,
			published_many: false,
			outcome: Outcome::default(),
		}
	}

	/// The time.
	pub fn now(&self) -> Time {
		self.now
	}

	/// A node's peer ID.
	pub fn peer_id(&self, node: usize) -> PeerId {
		self.nodes[node].peer_id
	}

	/// The node that has this peer ID.
	pub fn node_of(&self, peer_id: &PeerId) -> Option<usize> {
		self.nodes.iter().position(|node| node.peer_id == *peer_id)
	}

	fn note(&mut self, bytes: &[u8]) {
		for byte in bytes {
			self.outcome.digest = (self.outcome.digest ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
		}
	}

	/// May the chain publish more mixnodes than packets can name? It takes long, so once per input.
	pub fn may_publish_many(&mut self) -> bool {
		!core::mem::replace(&mut self.published_many, true)
	}

	// --- Time and polling

	/// Time passes, without anybody being told.
	pub fn pass(&mut self, time: Duration) {
		self.now += time;
	}

	/// Tells a node what time it is.
	pub fn handle_timeout(&mut self, node: usize, now: Time) {
		self.nodes[node].mixnet.handle_timeout(now);
		self.nodes[node].is_polled_out = false;
	}

	/// Polls a node for a packet. Returns whether there was one.
	pub fn poll_transmit(&mut self, node: usize) -> bool {
		let Some(packet) = self.nodes[node].mixnet.poll_transmit() else { return false };
		let sender = &mut self.nodes[node];
		sender.transmitted += 1;
		sender.is_polled_out = false;
		let from = sender.peer_id;
		assert_ne!(packet.peer_id, from, "a node sends a packet to itself");
		self.note(&packet.packet.as_bytes()[..48]);
		self.note(&packet.peer_id.0);
		let at = self.now + LATENCY;
		self.wire.push_back(Sent { from, to: packet.peer_id, packet: packet.packet, at });
		if self.wire.len() > MAX_WIRE {
			self.wire.pop_front();
		}
		true
	}

	/// Polls a node for an event. Returns whether there was one.
	pub fn poll_event(&mut self, node: usize) -> bool {
		let Some(event) = self.nodes[node].mixnet.poll_event() else {
			self.nodes[node].is_polled_out = true;
			return false;
		};
		self.note(format!("{event:?}").as_bytes());
		let now = self.now;
		let driver = &mut self.nodes[node];
		match event {
			Event::Request { message_id, data, reply_to } => {
				assert_eq!(message_id, reply_to.message_id());
				// Attackers' messages are known by their IDs. Their replies serve nobody.
				let is_attack = message_id.0.iter().all(|byte| *byte == message_id.0[0]);
				let is_asked = self.asked.contains(&(data.clone(), reply_to.surbs()));
				assert!(is_attack || is_asked, "a request that nobody posted");
				self.outcome.requests += 1;
				driver.held.push_back((reply_to, data));
				if driver.held.len() > MAX_HELD {
					driver.held.pop_front();
				}
			},
			Event::RequestAnswered { id, data, round_trip } => {
				let posted = driver.posted.remove(&id).expect("an answer to no request");
				assert_eq!(data, answer(&posted.data, data.len()), "the answer to another request");
				assert!(round_trip <= now - posted.at);
				self.outcome.answered += 1;
			},
			Event::RequestFailed { id, error, sent } => {
				driver.posted.remove(&id).expect("the failure of no request");
				self.outcome.failed += 1;
				assert!(!error.to_string().is_empty());
				assert!(!sent || driver.mixnet.statistics().requests_authored > 0);
			},
			Event::ReservedPeersChanged => checks::reserved_peers(driver),
			Event::LoopAlarm { session, alarm } => checks::loop_alarm(driver, session, &alarm),
			// Sessions that change or rest.
			_ => (),
		}
		true
	}

	/// Polls all that there is, and does what is due, as a driver should.
	fn settle(&mut self, node: usize) {
		// Requests that may not wait at all fail one after the other, each when the one before made room.
		let rounds = self.nodes[node].config.request.capacity + 3;
		for _ in 0..rounds {
			let packets = (0..MAX_TRANSMIT).take_while(|_| self.poll_transmit(node)).count();
			assert!(packets < MAX_TRANSMIT, "packets without end are due");
			while self.poll_event(node) {}
			self.nodes[node].mixnet.handle_timeout(self.now);
			let is_due = self.nodes[node].mixnet.poll_timeout().is_some_and(|at| at <= self.now);
			if !is_due {
				while self.poll_event(node) {}
				return;
			}
		}
		panic!("a node wants to be called again although nothing is due");
	}

	/// What follows every step: drivers poll, and everything is checked.
	pub fn after_step(&mut self) {
		for node in 0..NODES {
			if !self.is_lazy {
				self.settle(node);
			}
			checks::node(&mut self.nodes[node]);
		}
	}

	/// Runs the network as it should be: timers end and packets arrive, this many in all.
	pub fn run(&mut self, things: usize) {
		for _ in 0..things {
			if self.left_to_run == 0 {
				return;
			}
			self.left_to_run -= 1;
			let timer = (0..NODES).filter_map(|node| Some((self.nodes[node].mixnet.poll_timeout()?, node))).min();
			let arrival = self.wire.front().map(|sent| sent.at);
			match (timer, arrival) {
				(timer, Some(at)) if timer.is_none_or(|(timer, _)| at <= timer) => {
					self.now = self.now.max(at);
					let Some(sent) = self.wire.pop_front() else { return };
					self.deliver(&sent);
					if let Some(node) = self.node_of(&sent.to) {
						self.settle(node);
						self.answer_held(node);
					}
				},
				(Some((at, node)), _) => {
					self.now = self.now.max(at);
					self.handle_timeout(node, self.now);
					self.settle(node);
				},
				_ => return,
			}
		}
	}

	/// Answers every other request that came, and leaves the others to the input.
	fn answer_held(&mut self, node: usize) {
		if self.nodes[node].held.len() > 1 {
			if let Some((reply_to, asked)) = self.nodes[node].held.pop_front() {
				self.reply(node, reply_to, &asked, 20);
				self.settle(node);
			}
		}
	}

	/// Lets time pass, with nothing delivered, until every request has ended.
	pub fn wait_for_requests(&mut self) {
		self.is_lazy = false;
		for node in 0..NODES {
			// With so much loop cover in between, sending takes too long to wait for.
			if self.nodes[node].most.loop_cover_permille > 500 {
				return;
			}
			let mut waits = 0;
			self.settle(node);
			while self.nodes[node].posted.values().any(|posted| !posted.is_patient) {
				let driver = &self.nodes[node];
				let statistics = driver.mixnet.statistics();
				let at = driver.mixnet.poll_timeout().expect("a request waits for nothing");
				// What is queued goes at its own pace; what waits for an answer may as well wait for an hour.
				let is_sent = statistics.previous_authored_queue_len + statistics.current_authored_queue_len == 0;
				self.now = if is_sent { self.now + Duration::from_secs(3600) } else { self.now.max(at) };
				self.settle(node);
				waits += 1;
				assert!(waits < MAX_WAITS, "a request never ends");
			}
		}
	}

	// --- Packets

	/// Takes a packet that is under way, out of its turn.
	pub fn take_from_wire(&mut self, which: u8) -> Option<Sent> {
		let index = usize::from(which).checked_rem(self.wire.len())?;
		self.wire.remove(index)
	}

	/// A packet that was delivered before.
	pub fn seen(&self, which: u8) -> Option<Sent> {
		let index = usize::from(which).checked_rem(self.seen.len())?;
		self.seen.get(index).cloned()
	}

	/// Delivers a packet that nobody else sent.
	pub fn attack(&mut self, node: usize, packet: Packet) {
		let to = self.peer_id(node);
		self.deliver(&Sent { from: PeerId([0xaa; 32]), to, packet, at: self.now });
	}

	/// Delivers a packet.
	pub fn deliver(&mut self, sent: &Sent) {
		self.seen.push_back(sent.clone());
		if self.seen.len() > MAX_SEEN {
			self.seen.pop_front();
		}
		let Some(node) = self.node_of(&sent.to) else { return };
		let reason = checks::handle_packet(&mut self.nodes[node], self.now, sent);
		self.note(&[reason.map_or(255, |reason| reason as u8)]);
	}

	// --- The chain, and connections

	/// Tells a node the session status.
	pub fn tell_status(&mut self, node: usize, status: SessionStatus) {
		let driver = &mut self.nodes[node];
		driver.status_changes += usize::from(driver.mixnet.session_status() != Some(status));
		driver.is_polled_out = false;
		driver.mixnet.set_status(self.now, status);
		assert_eq!(driver.mixnet.session_status(), Some(status));
	}

	/// Tells a node the mixnodes that it wants to know, as far as the chain publishes them.
	pub fn tell_mixnodes(&mut self, node: usize) {
		let Some(status) = self.nodes[node].mixnet.session_status() else { return };
		for relative in self.nodes[node].mixnet.wanted_mixnodes() {
			let index = relative.index(status.current_index).expect("no session before the first is wanted");
			if let Some(list) = self.lists.get(&index) {
				self.set_session(node, index, self.parameters.get(&index).copied(), list.clone());
				assert!(!self.nodes[node].mixnet.wanted_mixnodes().contains(&relative));
			}
		}
	}

	/// Tells a node of a session. It takes what comes in time, but for bad parameters; and no session ever changes.
	pub fn set_session(
		&mut self,
		node: usize,
		index: SessionIndex,
		parameters: Option<Parameters>,
		mixnodes: Result<Vec<Mixnode>, MixnodesError>,
	) {
		let Node { mixnet, most, is_polled_out, .. } = &mut self.nodes[node];
		*is_polled_out = false;
		let before = RelativeSession::BOTH.map(|relative| mixnet.parameters(relative));
		let current = mixnet.session_status().map(|status| status.current_index);
		let relative = current.and_then(|current| RelativeSession::of(index, current));
		let wanted = relative.filter(|relative| mixnet.wanted_mixnodes().contains(relative));
		mixnet.set_session(self.now, ChainSession { index, parameters, mixnodes });
		let good = parameters.filter(|parameters| parameters.check().is_ok());
		let expected = good.unwrap_or(mixnet.config().parameters);
		for (relative, before) in RelativeSession::BOTH.into_iter().zip(before) {
			let after = mixnet.parameters(relative);
			let is_new = Some(relative) == wanted && after == Some(expected);
			assert!(is_new || after == before);
		}
		if let (Some(_), Some(parameters)) = (wanted, good) {
			self.outcome.parameters += 1;
			most.forward_queue_capacity = most.forward_queue_capacity.max(parameters.forward_queue_capacity);
			most.loop_cover_permille = most.loop_cover_permille.max(parameters.loop_cover_permille);
		}
	}

	/// Registers a node for its next session.
	pub fn register(&mut self, node: usize) {
		let (index, kx_public) = self.nodes[node].mixnet.next_kx_public();
		self.publish(node, index, kx_public);
	}

	fn publish(&mut self, node: usize, index: SessionIndex, kx_public: mixnet_node_core::KxPublic) {
		let peer_id = self.peer_id(node);
		let entry = self.lists.entry(index).or_insert(Ok(Vec::new()));
		if entry.is_err() {
			*entry = Ok(Vec::new());
		}
		if let Ok(list) = entry {
			list.retain(|mixnode| mixnode.peer_id != peer_id);
			list.push(Mixnode { kx_public, peer_id, external_addresses: vec![b"/ip4/127.0.0.1/tcp/1".to_vec()] });
		}
	}

	/// Gives a node a key that it never had, as if from a store; if it takes it, the chain has it too.
	pub fn restore_key(&mut self, node: usize, index: SessionIndex, seed: u8) {
		let bytes = stretch(&[seed, node as u8, self.nodes[node].status_changes as u8]);
		let kx_public = KxSecret::from_bytes(bytes).public();
		if self.nodes[node].mixnet.restore_kx_secret(index, KxSecret::from_bytes(bytes)) {
			self.publish(node, index, kx_public);
		}
	}

	/// A node's next key stays the same, secret and public.
	pub fn compare_next_keys(&mut self, node: usize) {
		let mixnet = &mut self.nodes[node].mixnet;
		let first = mixnet.next_kx_public();
		let (index, secret) = mixnet.next_kx_secret();
		assert_eq!((index, secret.public()), first);
		assert_eq!(mixnet.next_kx_public(), first);
	}

	/// Connects or disconnects a peer, from one side.
	pub fn connect(&mut self, node: usize, peer: usize, is_connected: bool) {
		let peer_id = self.peer_id(peer);
		let driver = &mut self.nodes[node];
		driver.is_polled_out = false;
		match is_connected {
			true => driver.mixnet.peer_connected(self.now, peer_id),
			false => driver.mixnet.peer_disconnected(self.now, peer_id),
		}
	}
}

/// What is answered to `asked`, in `len` bytes.
fn answer(asked: &[u8], len: usize) -> Vec<u8> {
	(0..len).map(|index| !index.checked_rem(asked.len()).map_or(0, |index| asked[index])).collect()
}
