//! A world of our nodes and nodes of the reference, the `mixnet` crate. It runs in real time, since the reference reads
//! the clock itself.
//!
//! - `mod.rs`: the world, and its requests and replies.
//! - [`node`]: a node of either kind.
//! - [`theirs`]: the reference's nodes.
//! - [`trace`]: what becomes of each packet.

pub mod node;
pub mod theirs;
pub mod trace;

use mixnet_node_core::{
	sphinx::KxSecret, Config, DropReason, HandlingDelay, Mixnet, Mixnode, PeerId, RequestId, SessionIndex, SessionPhase,
};
use mixnet_simulation::{log, rng, Answers, Clock, Core, Event, Observer, Ours, Output, World};
use node::{Kind, KindReplyTo};
use std::{
	cell::{Ref, RefCell},
	collections::BTreeMap,
	rc::Rc,
	time::{Duration, Instant},
};
use theirs::Theirs;
use trace::Trace;

/// Nodes 0..8 are mixnodes, 8 and 9 are users. Even ones are ours.
pub const NUM_MIXNODES: usize = 8;
pub const NUM_NODES: usize = 10;

pub const AUTHORED_PERIOD: Duration = Duration::from_millis(25);
pub const FORWARDING_DELAY: Duration = Duration::from_millis(5);
/// The per-hop delay that retry timers assume: much more than it takes. Nothing is lost here, and retries would only
/// burden a busy machine.
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

/// How long to wait for anything. In a network that works it takes seconds; a busy machine may take longer.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Length of a request of one fragment.
pub const SMALL: usize = 50;
/// Length of a request of three fragments, SURBs included.
pub const LARGE: usize = 5000;

/// The data of a request, which names its source.
pub fn request_data(from: usize, number: usize, len: usize) -> Vec<u8> {
	let mut data: Vec<u8> = (0..len).map(|i| (i * 7 + i / 251) as u8).collect();
	data[0] = from as u8;
	data[1] = number as u8;
	data
}

/// The data of a reply, which names its author and session: one fragment for a small request, two for a large one.
pub fn reply_data(by: usize, session: SessionIndex, request: &[u8]) -> Vec<u8> {
	let len = if request.len() > SMALL { 3000 } else { 100 };
	let echo = request.iter().cycle().take(len).map(|byte| byte.wrapping_add(1));
	[by as u8, session as u8].into_iter().chain(echo).collect()
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

pub struct Network {
	pub world: World<Kind>,
	/// The data of each request.
	asked: BTreeMap<(usize, RequestId), Vec<u8>>,
	trace: Rc<RefCell<Trace>>,
}

/// Follows every packet, and fails at events that cannot occur in a network that loses nothing.
fn observer(trace: Rc<RefCell<Trace>>) -> Observer<KindReplyTo> {
	let mut arrived = None;
	Box::new(move |_, node, output| match output {
		Output::Arrival { from, packet } => {
			arrived = trace.borrow_mut().pass(usize::from(from.0[0]) - 1, node, packet);
		},
		Output::Event(Event::Request { .. } | Event::Answered { .. }) if !is_ours(node) => {
			assert!(arrived.is_none_or(|what| !what.is_cover()), "the reference took cover for a message");
		},
		Output::Event(event @ (Event::Failed { .. } | Event::Resting { .. } | Event::LoopAlarm { .. })) => {
			panic!("nothing is lost, but node {node} says: {event:?}");
		},
		_ => (),
	})
}

impl Network {
	pub fn new() -> Self {
		log::keep(theirs::TARGET);
		let start = Instant::now();
		let nodes = (0..NUM_NODES).map(|index| {
			let secret = KxSecret::from_bytes(session_0_secret(index));
			let kind = match is_ours(index) {
				true => Kind::Ours(Mixnet::new(our_config(), peer_id(index), rng(index as u64), Some(secret)).unwrap()),
				false => Kind::Theirs(Theirs::new(index, start)),
			};
			(peer_id(index), kind)
		});
		let mut world = World::of(0, nodes);
		world.clock = Clock::Real(start);
		world.faults().latency = Duration::ZERO;
		world.answers = Answers::With(|asked| reply_data(asked.node, asked.session, asked.data));
		let secrets = (0..NUM_NODES).map(|index| KxSecret::from_bytes(session_0_secret(index)));
		let trace = Rc::new(RefCell::new(Trace::new(secrets)));
		world.observer = Some(observer(trace.clone()));
		let session_0 = (0..NUM_MIXNODES).map(|index| Mixnode {
			kx_public: KxSecret::from_bytes(session_0_secret(index)).public(),
			peer_id: peer_id(index),
			external_addresses: Vec::new(),
		});
		world.chain.mixnodes.insert(0, Ok(session_0.collect()));
		let mut network = Self { world, asked: BTreeMap::new(), trace };
		network.set_status(0, SessionPhase::DisconnectFromPrev);
		network
	}

	pub fn trace(&self) -> Ref<'_, Trace> {
		self.trace.borrow()
	}

	/// Begins a new era of the trace. The trace sees packets when they arrive, so those that are under way arrive before.
	pub fn begin_era(&mut self) {
		while self.world.links.num_in_flight() > 0 {
			assert!(self.world.step(self.world.now()), "packets take no time, and yet do not arrive");
		}
		self.trace.borrow_mut().begin_era();
	}

	/// The mixnodes register for the next session, in another order than before.
	pub fn register(&mut self) {
		self.world.register((0..NUM_MIXNODES).rev());
	}

	/// Moves to this status.
	pub fn set_status(&mut self, current_index: SessionIndex, phase: SessionPhase) {
		self.begin_era();
		self.world.set_status(current_index, phase);
		assert!(self.world.nodes.iter().all(|node| node.mixnet.wanted_sessions().is_empty()));
	}

	pub fn post(&mut self, from: usize, number: usize, len: usize) {
		let data = request_data(from, number, len);
		let id = self.world.try_post(from, data.clone(), SURBS, HandlingDelay::Fixed(PER_HOP_DELAY)).unwrap();
		self.world.settle(from);
		self.asked.insert((from, id), data);
	}

	/// The answers that a node got, by their requests' data.
	pub fn answers(&self, node: usize) -> BTreeMap<&[u8], &[u8]> {
		let answered = self.world.nodes[node].answered.iter();
		answered.map(|(id, answer)| (self.asked[&(node, *id)].as_slice(), answer.as_slice())).collect()
	}

	/// Forgets all answers.
	pub fn forget_answers(&mut self) {
		self.world.nodes.iter_mut().for_each(|node| node.answered.clear());
	}

	/// Runs until this holds. Panics with a report if `what` takes longer than [`LIMIT`].
	pub fn run_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
		let end = self.world.now() + LIMIT;
		while !holds(self) {
			assert!(self.world.step(end), "{what}: not within {LIMIT:?}; {}", self.report());
		}
	}

	pub fn report(&self) -> String {
		let report = |index: usize| {
			let kind = match &self.world.nodes[index].mixnet {
				Kind::Ours(mixnet) => format!("ours, {:?}", mixnet.statistics()),
				Kind::Theirs(_) => "theirs".to_string(),
			};
			let answers: Vec<_> = self.answers(index).into_keys().map(|data| data[1]).collect();
			format!("\n{}: {kind}; answered: {answers:?}", peer_id(index))
		};
		let nodes: String = (0..NUM_NODES).map(report).collect();
		format!("{}{nodes}", self.trace())
	}

	pub fn ours(&self) -> impl Iterator<Item = &Ours> {
		self.world.nodes.iter().filter_map(|node| node.mixnet.ours())
	}

	pub fn dropped(&self, reason: DropReason) -> u64 {
		self.ours().map(|mixnet| mixnet.statistics().dropped(reason)).sum()
	}
}
