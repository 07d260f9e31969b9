//! The world of four nodes that an input acts on, and what an input can do to it.
//!
//! The world checks all that must hold (see `mixnet_simulation`). This module adds what only an input does: packets that
//! arrive out of order, or again; nodes that are told what the chain never said; drivers that do not poll.
//!
//! - `requests`: posts requests and replies.

mod requests;

use super::super::{keys, reader::stretch};
use core::time::Duration;
use mixnet_node_core::{
	Config, KxPublic, KxSecret, Mixnet, Mixnode, MixnodesError, Packet, Parameters, PeerId, RelativeSession, RequestId,
	SessionIndex, SessionStatus, Time,
};
use mixnet_simulation::{mixnode, ours, Answers, Checkpoint, InFlight, News, Ours, Output, World};
use rand_chacha::ChaChaRng;
use std::{
	cell::RefCell,
	collections::{BTreeSet, VecDeque},
	rc::Rc,
};

/// How many nodes there are.
pub const NODES: usize = 4;
/// The most packets in flight. Beyond it the oldest are lost.
const MAX_IN_FLIGHT: usize = 64;
/// The most delivered packets that are kept to be delivered again.
const MAX_SEEN: usize = 32;
/// The most requests that destinations hold to reply to, for all nodes together.
const MAX_HELD: usize = 16 * NODES;
/// The most timers and packets that [`Network::run`] handles per input, since they take the time.
const MAX_RUN: usize = 800;
/// The most timers that [`Network::wait_for_requests`] waits for: enough for all copies of all requests that may be
/// pending, with the most fragments, several times over.
const MAX_WAITS: usize = 20_000;
/// The most packets that can be due at one time: those that wait to be forwarded, and one per tick of two sessions that
/// is late but not given up.
const MAX_TRANSMIT: usize = 400;

/// A packet, and the link that it takes or took.
#[derive(Clone)]
pub struct Sent {
	/// The peer that it came from.
	pub from: PeerId,
	/// The peer that it goes to.
	pub to: PeerId,
	/// The packet itself.
	pub packet: Packet,
}

/// The outcome of an input.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Outcome {
	/// The digest of all outputs.
	pub digest: Option<Checkpoint>,
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

/// The world, and what an input needs besides.
pub struct Network {
	/// Nodes, links and the chain.
	pub world: World,
	/// The attackers' randomness.
	pub rng: ChaChaRng,
	/// Do drivers poll only when the input says so?
	pub is_lazy: bool,
	/// The packets that were delivered last.
	seen: Rc<RefCell<VecDeque<Sent>>>,
	/// How many held requests were checked.
	num_held: usize,
	/// The requests posted: data and number of SURBs.
	asked: BTreeSet<(Vec<u8>, usize)>,
	num_asked: u64,
	/// Requests that may wait for their answers without end.
	patient: BTreeSet<(usize, RequestId)>,
	/// How often each node's session status changed.
	status_changes: [usize; NODES],
	left_to_run: usize,
	published_many: bool,
	outcome: Outcome,
}

impl Network {
	/// A network of nodes that know no session and have no connections.
	pub fn new(config: Config) -> Self {
		let node = |node: usize| {
			let secret = Some(KxSecret::from_bytes([node as u8 + 50; 32]));
			let mixnet = Mixnet::new(config.clone(), keys::peer_id(node), keys::rng(node as u64), secret);
			(keys::peer_id(node), mixnet.expect("inputs choose among valid values; qed"))
		};
		let mut world = World::of(0, (0..NODES).map(node));
		world.answers = Answers::Hold;
		world.connects = false;
		// Attackers' messages are recognised by their IDs. Nobody waits for replies to them.
		world.expected.is_forged = Some(|message_id| message_id.0.iter().all(|byte| *byte == message_id.0[0]));
		let seen = Rc::new(RefCell::new(VecDeque::new()));
		let all = seen.clone();
		world.observer = Some(Box::new(move |_, node, output| {
			if let Output::Arrival { from, packet } = output {
				let mut seen = all.borrow_mut();
				seen.push_back(Sent { from, to: keys::peer_id(node), packet: packet.clone() });
				if seen.len() > MAX_SEEN {
					seen.pop_front();
				}
			}
		}));
		Self {
			world,
			rng: keys::rng(99),
			is_lazy: false,
			seen,
			num_held: 0,
			asked: BTreeSet::new(),
			num_asked: 0,
			patient: BTreeSet::new(),
			status_changes: [0; NODES],
			left_to_run: MAX_RUN,
			published_many: false,
			outcome: Outcome::default(),
		}
	}

	/// The outcome so far.
	pub fn outcome(&self) -> Outcome {
		let sum = |count: fn(&mixnet_simulation::Node<Ours>) -> usize| self.world.nodes.iter().map(count).sum();
		Outcome {
			digest: Some(self.world.digest.checkpoint()),
			answered: sum(|node| node.answered.len()),
			failed: sum(|node| node.failed.len()),
			requests: sum(|node| node.received.values().sum()),
			..self.outcome.clone()
		}
	}

	/// The time.
	pub fn now(&self) -> Time {
		self.world.now()
	}

	/// A node's peer ID.
	pub fn peer_id(&self, node: usize) -> PeerId {
		self.world.nodes[node].peer_id
	}

	/// The chain's current session.
	pub fn current_index(&self) -> SessionIndex {
		self.world.chain.status.map_or(0, |status| status.current_index)
	}

	/// May the chain publish more mixnodes than packets can name? Only once per input, since it takes long.
	pub fn may_publish_many(&mut self) -> bool {
		!core::mem::replace(&mut self.published_many, true)
	}

	// --- Time and polling

	/// Lets time pass, without calling any node.
	pub fn pass(&mut self, time: Duration) {
		self.world.clock.wait_until(self.now() + time);
	}

	/// Polls a node until nothing is due, as a driver should.
	fn settle(&mut self, node: usize) {
		// Requests that may not wait at all fail one after the other, each when the one before has made room. And for each of two
		// sessions it builds up to two batches of cover, with copies of requests after them.
		let rounds = self.world.nodes[node].mixnet.config().request.capacity + 3 + 2 * 2 * 2;
		for _ in 0..rounds {
			let packets = (0..MAX_TRANSMIT).take_while(|_| self.world.poll_transmit(node)).count();
			assert!(packets < MAX_TRANSMIT, "there is no end of due packets");
			while self.world.poll_event(node) {}
			self.world.handle_timeout(node, self.now());
			let builds = (0..MAX_TRANSMIT).take_while(|_| self.world.build_one(node)).count();
			assert!(builds < MAX_TRANSMIT, "there is no end of things to be built");
			let is_due = self.world.nodes[node].mixnet.poll_timeout().is_some_and(|at| at <= self.now());
			if !is_due {
				while self.world.poll_event(node) {}
				return;
			}
		}
		panic!("a node wants to be called again although nothing is due");
	}

	/// Ends a step: drivers poll, and everything is checked.
	pub fn after_step(&mut self) {
		for node in 0..NODES {
			if !self.is_lazy {
				self.settle(node);
			}
		}
		self.world.check();
		self.keep_within_bounds();
	}

	/// Checks new held requests, and forgets the oldest requests and packets.
	fn keep_within_bounds(&mut self) {
		for held in self.world.held.iter().skip(self.num_held) {
			let is_asked = self.asked.contains(&(held.data.clone(), held.reply_to.surbs()));
			let is_forged = self.world.expected.is_forged.is_some_and(|is_forged| is_forged(&held.message_id));
			assert!(is_asked || is_forged, "a request that nobody posted with so many SURBs");
		}
		self.world.held.drain(..self.world.held.len().saturating_sub(MAX_HELD));
		self.num_held = self.world.held.len();
		while self.world.links.num_in_flight() > MAX_IN_FLIGHT {
			self.world.links.take(0);
		}
	}

	/// Runs a well-behaved network for this many timers and packets.
	pub fn run(&mut self, things: usize) {
		for _ in 0..things.min(self.left_to_run) {
			let Some(next) = self.world.next_due() else { return };
			self.left_to_run -= 1;
			self.world.step(next);
			self.keep_within_bounds();
			self.answer_some();
		}
	}

	/// Answers every other held request, and leaves the rest to the input.
	fn answer_some(&mut self) {
		for node in 0..NODES {
			let mut held = (0..self.world.held.len()).filter(|index| self.world.held[*index].node == node);
			if let (Some(oldest), Some(_)) = (held.next(), held.next()) {
				let held = self.world.held.remove(oldest);
				self.num_held -= 1;
				self.reply(node, held, 20);
				self.settle(node);
			}
		}
	}

	/// Lets time pass, with nothing delivered, until every request has ended.
	pub fn wait_for_requests(&mut self) {
		self.is_lazy = false;
		for node in 0..NODES {
			// With so much loop cover, it takes too long to send requests.
			if self.world.most(node).loop_cover_permille > 500 {
				return;
			}
			let mut waits = 0;
			self.settle(node);
			while self.world.expected.pending(node).any(|(id, _)| !self.patient.contains(&(node, id))) {
				let mixnet = &self.world.nodes[node].mixnet;
				let statistics = mixnet.statistics();
				let at = mixnet.poll_timeout().expect("a request waits for nothing");
				// Queued packets leave at their own pace. A wait for an answer may as well take an hour.
				let is_sent = statistics.previous_authored_queue_len + statistics.current_authored_queue_len == 0;
				let until = if is_sent { self.now() + Duration::from_secs(3600) } else { at };
				self.world.clock.wait_until(until);
				self.settle(node);
				waits += 1;
				assert!(waits < MAX_WAITS, "a request never ends");
			}
		}
	}

	// --- Packets

	/// Takes one of the packets in flight, out of order.
	pub fn take_from_link(&mut self, which: u8) -> Option<Sent> {
		let index = usize::from(which).checked_rem(self.world.links.num_in_flight())?;
		let InFlight { from, to, packet, .. } = self.world.links.take(index)?;
		Some(Sent { from, to, packet })
	}

	/// One of the packets delivered lately.
	pub fn seen(&self, which: u8) -> Option<Sent> {
		let seen = self.seen.borrow();
		let index = usize::from(which).checked_rem(seen.len())?;
		seen.get(index).cloned()
	}

	/// Delivers a packet that an attacker made.
	pub fn attack(&mut self, node: usize, packet: Packet) {
		self.world.inject(node, PeerId([0xaa; 32]), packet);
	}

	/// Delivers a packet.
	pub fn deliver(&mut self, sent: Sent) {
		if let Some(node) = self.world.node_of(&sent.to) {
			self.world.inject(node, sent.from, sent.packet);
		}
	}

	// --- The chain, and connections

	/// Tells a node the session status.
	pub fn tell_status(&mut self, node: usize, status: SessionStatus) {
		let before = self.world.nodes[node].mixnet.session_status();
		self.status_changes[node] += usize::from(before != Some(status));
		self.world.tell(node, News::Status(status));
	}

	/// Tells a node the mixnodes that it wants to know, if the chain has published them.
	pub fn tell_mixnodes(&mut self, node: usize) {
		let Some(status) = self.world.nodes[node].mixnet.session_status() else { return };
		for relative in self.world.nodes[node].mixnet.wanted_mixnodes() {
			let index = relative.index(status.current_index).expect("no session before the first is wanted");
			if let Some(list) = self.world.chain.mixnodes.get(&index).cloned() {
				self.set_session(node, index, self.world.chain.parameters.get(&index).copied(), list);
				assert!(!self.world.nodes[node].mixnet.wanted_mixnodes().contains(&relative));
			}
		}
	}

	/// Tells a node of a session. Checks that it takes valid parameters that come in time, and that known sessions do not
	/// change.
	pub fn set_session(
		&mut self,
		node: usize,
		index: SessionIndex,
		parameters: Option<Parameters>,
		mixnodes: Result<Vec<Mixnode>, MixnodesError>,
	) {
		let now = self.now();
		let good = parameters.filter(|parameters| parameters.check().is_ok());
		// Invalid parameters are the chain's fault, and the log says so.
		self.world.may_log_errors |= parameters.is_some() && good.is_none();
		let mixnet = self.world.core(node);
		let before = RelativeSession::BOTH.map(|relative| mixnet.parameters(relative));
		let current = mixnet.session_status().map(|status| status.current_index);
		let relative = current.and_then(|current| RelativeSession::of(index, current));
		let wanted = relative.filter(|relative| mixnet.wanted_mixnodes().contains(relative));
		let expected = good.unwrap_or(mixnet.config().parameters);
		ours::set_session(mixnet, now, index, parameters, mixnodes);
		for (relative, before) in RelativeSession::BOTH.into_iter().zip(before) {
			let after = mixnet.parameters(relative);
			assert!(after == before || (Some(relative) == wanted && after == Some(expected)));
		}
		if let (Some(_), Some(parameters)) = (wanted, good) {
			self.outcome.parameters += 1;
			self.world.note_parameters(node, &parameters);
		}
	}

	/// Registers a node for its next session.
	pub fn register(&mut self, node: usize) {
		let (index, kx_public) = self.world.nodes[node].mixnet.next_kx_public();
		self.publish(node, index, kx_public);
	}

	fn publish(&mut self, node: usize, index: SessionIndex, kx_public: KxPublic) {
		let peer_id = self.peer_id(node);
		let entry = self.world.chain.mixnodes.entry(index).or_insert(Ok(Vec::new()));
		if entry.is_err() {
			*entry = Ok(Vec::new());
		}
		if let Ok(list) = entry {
			list.retain(|mixnode| mixnode.peer_id != peer_id);
			list.push(mixnode(peer_id, kx_public));
		}
	}

	/// Gives a node a key that it never had, as if from a store. If the node takes the key, the chain gets it too.
	pub fn restore_key(&mut self, node: usize, index: SessionIndex, seed: u8) {
		let bytes = stretch(&[seed, node as u8, self.status_changes[node] as u8]);
		let kx_public = KxSecret::from_bytes(bytes).public();
		if self.world.nodes[node].mixnet.restore_kx_secret(index, KxSecret::from_bytes(bytes)) {
			self.publish(node, index, kx_public);
		}
	}

	/// Checks that a node's next key stays the same, secret and public.
	pub fn compare_next_keys(&mut self, node: usize) {
		let mixnet = &mut self.world.nodes[node].mixnet;
		let first = mixnet.next_kx_public();
		let (index, secret) = mixnet.next_kx_secret();
		assert_eq!((index, secret.public()), first);
		assert_eq!(mixnet.next_kx_public(), first);
	}

	/// Tells one node that a peer connected or disconnected.
	pub fn connect(&mut self, node: usize, peer: usize, is_connected: bool) {
		self.world.set_connected(node, self.peer_id(peer), is_connected);
	}
}
