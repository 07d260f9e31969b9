//! The world: nodes, links, a clock and a chain, and what must hold of them.

use crate::{
	chain::{Chain, News},
	clock::Clock,
	digest::Digest,
	expected::Expected,
	invariants,
	link::{Faults, InFlight, Transport},
	log,
	node::{Core, Held, Node, Ours},
	output::{Observer, Output},
	setup::{answer, mixnode, peer_id, rng},
};
use mixnet_node_core::{
	Alarm, Config, DropReason, HandlingDelay, Mixnet, Packet, PeerId, PostError, ReplyError, RequestId, SessionIndex,
	SessionPhase, SessionStatus, Time,
};
use std::{collections::BTreeSet, thread, time::Duration};

/// What nodes do with requests of others.
pub enum Answers {
	/// Reply with this.
	With(fn(Asked) -> Vec<u8>),
	/// Give them back.
	Never,
	/// Leave them to the test, in [`World::held`].
	Hold,
}

/// A request that came to a node.
pub struct Asked<'a> {
	/// The node that it came to.
	pub node: usize,
	/// The session that it came in.
	pub session: SessionIndex,
	/// The request's message.
	pub data: &'a [u8],
}

/// A packet that its receiver dropped.
#[derive(Debug)]
pub struct Dropped {
	/// When it was dropped.
	pub at: Time,
	/// The node that sent it.
	pub from: PeerId,
	/// The node that dropped it.
	pub to: PeerId,
	/// Why it was dropped.
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

/// Whole nodes, the links between them, a clock and a chain. See the [crate's documentation](crate).
///
/// A world checks itself while it runs, and once more when it is dropped.
pub struct World<C: Core = Ours> {
	/// What time it is.
	pub clock: Clock,
	/// What the chain knows. Change it, then let nodes learn of it.
	pub chain: Chain,
	/// All links.
	pub links: Transport,
	/// All nodes. Drive them by the world's own functions, which keep account of what happens.
	pub nodes: Vec<Node<C>>,
	/// What must have happened.
	pub expected: Expected,
	/// All that left the nodes.
	pub digest: Digest,
	/// What nodes do with requests of others.
	pub answers: Answers,
	/// Requests that are left to the test.
	pub held: Vec<Held<C::ReplyTo>>,
	/// Alarms that nodes raised: when, and which node.
	pub alarms: Vec<(Time, usize, Alarm)>,
	/// Packets that were dropped on arrival.
	pub dropped: Vec<Dropped>,
	/// Packets that were sent to peers who were not connected.
	pub unconnected: u64,
	/// Sees everything.
	pub observer: Option<Observer<C::ReplyTo>>,
	/// Are peers connected as soon as one of them wants it, and disconnected when none does? If not, the test connects
	/// them, and packets reach peers whether they are connected or not.
	pub connects: bool,
	/// May nodes log errors? They do if the chain says nonsense.
	pub may_log_errors: bool,
}

impl World {
	/// A world of nodes of ours that know nothing yet, each with a generator of its own. The same seed gives the same run.
	pub fn new(seed: u64, num: usize, config: impl Fn(usize) -> Config) -> Self {
		let node = |index| {
			let mixnet = Mixnet::new(config(index), peer_id(index), rng(seed * 1000 + index as u64), None);
			(peer_id(index), mixnet.expect("tests have valid configurations; qed"))
		};
		Self::of(seed, (0..num).map(node))
	}

	/// Mixnodes in session 1 and users, all connected as they want to be. Mixnodes have the first indices.
	pub fn in_session(seed: u64, mixnodes: usize, users: usize, config: impl Fn() -> Config) -> Self {
		let mut world = Self::new(seed, mixnodes + users, |_| config());
		world.set_status(0, SessionPhase::DisconnectFromPrev);
		world.register(0..mixnodes);
		world.set_status(1, SessionPhase::DisconnectFromPrev);
		world
	}
}

impl<C: Core> World<C> {
	/// A world of these nodes.
	pub fn of(seed: u64, nodes: impl IntoIterator<Item = (PeerId, C)>) -> Self {
		log::start();
		Self {
			clock: Clock::Virtual(Time::from_duration(Duration::from_secs(1000))),
			chain: Chain::default(),
			links: Transport::new(rng(seed)),
			nodes: nodes.into_iter().map(|(peer_id, core)| Node::new(peer_id, core)).collect(),
			expected: Expected::default(),
			digest: Digest::new(),
			answers: Answers::With(|asked| answer(asked.data)),
			held: Vec::new(),
			alarms: Vec::new(),
			dropped: Vec::new(),
			unconnected: 0,
			observer: None,
			connects: true,
			may_log_errors: false,
		}
	}

	/// What time it is.
	pub fn now(&self) -> Time {
		self.clock.now()
	}

	/// What goes wrong on links.
	pub fn faults(&mut self) -> &mut Faults {
		&mut self.links.faults
	}

	/// The node with this peer ID.
	pub fn node_of(&self, peer_id: &PeerId) -> Option<usize> {
		self.nodes.iter().position(|node| node.peer_id == *peer_id)
	}

	/// A node's core, to be told something that the world has no word for. Its driver does not poll it yet.
	pub fn core(&mut self, node: usize) -> &mut C {
		let Node { mixnet, counters, .. } = &mut self.nodes[node];
		counters.is_polled_out = false;
		mixnet
	}

	// --- The chain

	/// Registers these nodes for the next session.
	pub fn register(&mut self, nodes: impl IntoIterator<Item = usize>) {
		let mut session = None;
		let mut list = Vec::new();
		for node in nodes {
			let node = &mut self.nodes[node];
			let (index, kx_public) = node.mixnet.next_kx_public();
			assert!(session.is_none_or(|session| session == index), "nodes register for different sessions");
			session = Some(index);
			self.digest.note_key(&kx_public);
			list.push(mixnode(node.peer_id, kx_public));
		}
		self.chain.mixnodes.insert(session.expect("tests register somebody; qed"), Ok(list));
	}

	/// Lets the chain move on, and every node follow it at once.
	pub fn set_status(&mut self, current_index: SessionIndex, phase: SessionPhase) {
		let status = SessionStatus { current_index, phase };
		self.chain.status = Some(status);
		for node in 0..self.nodes.len() {
			self.tell(node, News::Status(status));
			self.tell(node, News::Mixnodes);
		}
		for node in 0..self.nodes.len() {
			self.settle(node);
		}
	}

	/// Begins with two live sessions, 1 and 2, in this phase, these nodes being the mixnodes of each.
	pub fn begin(&mut self, previous: &[usize], current: &[usize], phase: SessionPhase) {
		self.set_status(0, SessionPhase::DisconnectFromPrev);
		self.register(previous.iter().copied());
		self.set_status(1, SessionPhase::DisconnectFromPrev);
		self.register(current.iter().copied());
		self.set_status(2, phase);
	}

	/// Lets one node learn something from the chain after some time.
	pub fn tell_after(&mut self, time: Duration, node: usize, news: News) {
		self.chain.tell_at(self.now() + time, node, news);
	}

	/// Lets one node learn something from the chain now. Its driver does not poll it yet.
	pub fn tell(&mut self, node: usize, news: News) {
		let now = self.now();
		let Node { mixnet, counters, .. } = &mut self.nodes[node];
		counters.is_polled_out = false;
		match news {
			News::Status(status) => mixnet.set_status(now, status),
			News::Mixnodes => {
				for session in mixnet.wanted_sessions() {
					let Some(mixnodes) = self.chain.mixnodes.get(&session) else { continue };
					let parameters = self.chain.parameters.get(&session).copied();
					parameters.iter().for_each(|parameters| counters.note_parameters(parameters));
					mixnet.set_session(now, session, parameters, mixnodes.clone());
				}
				mixnet.told();
			},
		}
	}

	// --- Requests

	/// Posts a request, as soon as there is room for it.
	pub fn post(&mut self, node: usize, data: Vec<u8>, surbs: usize) -> RequestId {
		let delay = HandlingDelay::Fixed(Duration::from_millis(100));
		loop {
			match self.try_post(node, data.clone(), surbs, delay) {
				Ok(id) => {
					self.settle(node);
					return id;
				},
				Err(error) => match error.retry_at() {
					Some(at) => self.run((at - self.now()).max(Duration::from_millis(1))),
					None => panic!("{error}"),
				},
			}
		}
	}

	/// Posts a request, if there is room for it. The node's driver does not poll it yet.
	pub fn try_post(
		&mut self,
		node: usize,
		data: Vec<u8>,
		surbs: usize,
		delay: HandlingDelay,
	) -> Result<RequestId, PostError> {
		let now = self.now();
		let Node { mixnet, counters, posted, .. } = &mut self.nodes[node];
		counters.is_polled_out = false;
		let pending = mixnet.ours().map(|mixnet| mixnet.statistics().requests_pending);
		let result = mixnet.post_request(now, data.clone(), surbs, delay);
		if let (Err(error), Some(pending), Some(mixnet)) = (&result, pending, mixnet.ours()) {
			invariants::request_was_refused(error, mixnet.config(), pending);
		}
		posted.extend(&result);
		self.expected.posted(node, now, data, &result);
		result
	}

	/// Cancels a request. Returns whether it was pending.
	pub fn cancel(&mut self, node: usize, id: RequestId) -> bool {
		let now = self.now();
		let Node { mixnet, counters, .. } = &mut self.nodes[node];
		let was_pending = mixnet.cancel_request(now, id);
		self.expected.cancelled(node, id, was_pending, counters.is_polled_out);
		counters.is_polled_out = false;
		was_pending
	}

	/// Has this node reply to a request that came to it, or to another node. Its driver does not poll it yet.
	pub fn reply(&mut self, node: usize, held: Held<C::ReplyTo>, data: Vec<u8>) -> Result<(), ReplyError> {
		let now = self.now();
		let Node { mixnet, counters, .. } = &mut self.nodes[node];
		counters.is_polled_out = false;
		self.expected.replied(&held.data, &data);
		let result = mixnet.post_reply(now, held.reply_to, data);
		if let Err(ReplyError::TooLarge { .. }) = result {
			self.expected.given_back(node, &held.message_id);
		}
		result
	}

	/// Has this node give back a request, without a reply.
	pub fn abandon(&mut self, node: usize, held: Held<C::ReplyTo>) {
		self.nodes[node].mixnet.abandon_request(held.reply_to);
		self.expected.given_back(node, &held.message_id);
	}

	// --- Time

	/// Runs for some time.
	pub fn run(&mut self, time: Duration) {
		let end = self.now() + time;
		while self.step(end) {}
	}

	/// Runs until this holds, or the time is over. Returns whether it holds.
	pub fn run_until(&mut self, time: Duration, mut holds: impl FnMut(&Self) -> bool) -> bool {
		let end = self.now() + time;
		loop {
			if holds(self) {
				return true;
			}
			if !self.step(end) {
				return false;
			}
		}
	}

	/// When the next thing happens.
	pub fn next_due(&self) -> Option<Time> {
		let timers = self.nodes.iter().filter_map(|node| node.mixnet.poll_timeout());
		timers.chain(self.links.next()).chain(self.chain.next()).min()
	}

	/// Lets the next thing happen, if it is due before `end`.
	pub fn step(&mut self, end: Time) -> bool {
		let timers =
			self.nodes.iter().enumerate().filter_map(|(index, node)| Some((node.mixnet.poll_timeout()?, index)));
		let timer = timers.min();
		let (arrival, news) = (self.links.next(), self.chain.next());
		let due = timer.map(|(at, _)| at).into_iter().chain(arrival).chain(news).min();
		let Some(next) = due.filter(|next| *next <= end) else {
			return !self.clock.wait_until(end);
		};
		if !self.clock.wait_until(next) {
			return true;
		}
		if arrival == Some(next) {
			self.arrive();
		} else if news == Some(next) {
			let (node, news) = self.chain.pop().expect("it is due; qed");
			self.tell(node, news);
			self.settle(node);
		} else if let Some((_, node)) = timer {
			self.handle_timeout(node, self.now());
			self.settle(node);
		}
		true
	}

	/// Tells a node what time it is. Its driver does not poll it yet.
	pub fn handle_timeout(&mut self, node: usize, now: Time) {
		self.nodes[node].mixnet.handle_timeout(now);
		self.nodes[node].counters.is_polled_out = false;
	}

	/// What waits on a link arrives.
	fn arrive(&mut self) {
		let InFlight { from, to, packet, sessions } = self.links.pop().expect("it is due; qed");
		let Some(node) = self.node_of(&to) else { return };
		if let Some(reason) = self.inject(node, from, packet) {
			let sessions = [sessions, self.nodes[node].mixnet.sessions()];
			self.dropped.push(Dropped { at: self.now(), from, to, reason, sessions });
		}
		self.settle(node);
	}

	/// Gives a packet to a node, as if it came from that peer. Its driver does not poll it yet. Returns why the packet was
	/// dropped, if it was.
	pub fn inject(&mut self, node: usize, from: PeerId, packet: Packet) -> Option<DropReason> {
		let now = self.now();
		self.note(node, Output::Arrival { from, packet: &packet });
		let Node { mixnet, counters, .. } = &mut self.nodes[node];
		counters.received += 1;
		counters.is_polled_out = false;
		let before = mixnet.ours().map(|mixnet| mixnet.statistics());
		let copy = before.is_some().then(|| packet.clone());
		let reason = mixnet.handle_packet(now, from, packet);
		self.digest.note_handled(reason);
		if let (Some(before), Some(packet), Some(mixnet)) = (before, copy, mixnet.ours()) {
			if invariants::packet_was_handled(&before, &mixnet.statistics(), reason) {
				self.expected.acted_on(node, &packet);
			}
		}
		reason
	}
}

impl<C: Core> Drop for World<C> {
	/// Checks everything once more, unless the test has failed already.
	fn drop(&mut self) {
		if !thread::panicking() {
			self.check();
		}
	}
}
