//! A flood of hostile packets against one mixnode, whose driver seldom polls. Every queue, cache and filter reaches its
//! bound and overflows, the overflow is counted, and the heap stays within [`Config::memory_bytes`].
//!
//! `MIXNET_FLOOD` says how many packets are sent; the default is 100,000. It takes 50,000 to fill everything. The test's
//! own allocator counts the heap, in calls to the node alone.
//!
//! There are two floods: one in sessions with the configured parameters, one in sessions with parameters of the chain.
//!
//! The flood comes in rounds of one session each. What ends with a session, such as the replay filter, is filled anew
//! in the next.

mod flood {
	pub mod packets;
}

use cap::Cap;
use flood::packets::{local_hop, other, packets, whole, FRAGMENTS, OTHERS};
use mixnet_node_core::{
	sphinx::build_request, Config, DropReason, Event, HandlingDelay, KxPublic, Mixnet, Packet, Parameters, PeerId,
	RequestId, SessionPhase, Statistics, Time,
};
use mixnet_simulation::{mixnode, ours, rng};
use rand_chacha::ChaChaRng;
use std::{alloc::System, thread, time::Duration};
use SessionPhase::{CoverToCurrent, CoverToPrev, DisconnectFromPrev, RequestsToCurrent};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Packets in one session.
const ROUND: usize = 5000;
const LOCAL: PeerId = PeerId([0xff; 32]);
const ENEMY: PeerId = PeerId([0xee; 32]);
/// The driver polls for events in one of this many sessions only, and there once in `IDLE_BURSTS` bursts.
const IDLE_SESSIONS: u32 = 4;
const IDLE_BURSTS: usize = 12;
/// How many packets come at a time.
const BURST: usize = 100;
/// The largest message, in bytes.
const LARGEST: usize = FRAGMENTS * 2025;

/// A configuration whose bounds are so small that a round exceeds each.
fn config() -> Config {
	let parameters = Parameters {
		hops: 2,
		mixnode_mean_period_ms: 5,
		mixnode_queue_capacity: 60,
		// Loops have a test of their own. With the delay below, the bound would allow for very many.
		loop_cover_permille: 0,
		// Packets to forward stay until their session ends.
		mean_forwarding_delay_ms: 24 * 60 * 60 * 1000,
		forward_queue_capacity: 100,
		max_fragments_per_message: FRAGMENTS as u32,
		..Parameters::default()
	};
	let mut config = Config {
		parameters,
		// Four or five for each of the requests that may be pending.
		surb_keystore_capacity: 180,
		max_incomplete_messages: 150,
		max_incomplete_fragments: 200,
		replay_filter_bytes: 16 << 10,
		max_queued_requests: 60,
		..Config::default()
	};
	// More than may be queued. Otherwise waiting requests would evict all answered ones.
	config.reply.capacity = 300;
	(config.request.destinations, config.request.attempts, config.request.copies) = (1, 1, 1);
	config
}

/// The chain's parameters for all sessions of the second flood: other bounds than the configured ones.
const FROM_CHAIN: Parameters = Parameters {
	hops: 2,
	min_mixnodes: 2,
	mean_forwarding_delay_ms: 1_000,
	mean_extrinsic_delay_ms: 1_000,
	mixnode_mean_period_ms: 10,
	non_mixnode_mean_period_ms: 1_000,
	loop_cover_permille: 10,
	forward_queue_capacity: 200,
	mixnode_queue_capacity: 48,
	non_mixnode_queue_capacity: 25,
	max_fragments_per_message: FRAGMENTS as u32,
	reply_cooldown_ms: 10_000,
};

/// The reasons for drops that must occur in a flood of a few rounds.
const REASONS: [DropReason; 16] = [
	DropReason::UnknownKey,
	DropReason::Malformed,
	DropReason::Replayed,
	DropReason::ReplayFilterFull,
	DropReason::BadNextHop,
	DropReason::BadPayload,
	DropReason::UnknownSurb,
	DropReason::BadFragment,
	DropReason::RepeatedFragment,
	DropReason::UnknownLoopCover,
	DropReason::IncompleteMessage,
	DropReason::RequestInProgress,
	DropReason::TooManyQueuedRequests,
	DropReason::ForwardSessionEnded,
	DropReason::ReplyQueueFull,
	DropReason::ReplyNotSent,
];

/// The peer that a packet of the flood comes from: one of the other mixnodes, or a stranger. None of them alone could fill the
/// forward queue.
fn enemy(number: usize) -> PeerId {
	match number % (OTHERS + 1) {
		OTHERS => ENEMY,
		index => other(index).0,
	}
}

/// Counts the heap that one node holds.
#[derive(Default)]
struct Meter {
	now: isize,
	peak: isize,
}

impl Meter {
	/// Counts what a call leaves on the heap. The call must drop all else that it allocates, its result included.
	fn measure<T: Copy>(&mut self, call: impl FnOnce() -> T) -> T {
		let before = HEAP.allocated() as isize;
		let result = call();
		self.now += HEAP.allocated() as isize - before;
		self.peak = self.peak.max(self.now);
		result
	}
}

struct Victim {
	/// `None` once it was dropped, at the end.
	mixnet: Option<Mixnet<ChaChaRng>>,
	meter: Meter,
	now: Time,
	session: u32,
	/// The node's public keys in the previous and in the current session.
	keys: [KxPublic; 2],
	/// The node's own requests.
	requests: Vec<RequestId>,
	/// The chain's parameters for all sessions, if it has any.
	from_chain: Option<Parameters>,
	/// The largest numbers so far of packets to forward, authored packets, pending requests, cached replies, kept SURBs.
	longest: [u64; 5],
}

impl Victim {
	fn new(from_chain: Option<Parameters>) -> Self {
		let now = Time::from_duration(Duration::from_secs(50));
		let mut victim = Self {
			mixnet: None,
			meter: Meter::default(),
			now,
			session: 0,
			keys: [KxPublic([9; 32]); 2],
			requests: Vec::new(),
			from_chain,
			longest: [0; 5],
		};
		let mixnet = &mut victim.mixnet;
		victim.meter.measure(|| {
			*mixnet = Some(Mixnet::new(config(), LOCAL, rng(1), None).unwrap());
		});
		victim.set_phase(DisconnectFromPrev);
		victim
	}

	fn call<T: Copy>(&mut self, call: impl FnOnce(&mut Mixnet<ChaChaRng>, Time) -> T) -> T {
		let mixnet = self.mixnet.as_mut().unwrap();
		let now = self.now;
		let result = self.meter.measure(|| call(mixnet, now));
		let statistics = mixnet.statistics();
		let authored = statistics.previous_authored_queue_len.max(statistics.current_authored_queue_len);
		for (longest, len) in self.longest.iter_mut().zip([
			statistics.forward_queue_len,
			authored,
			statistics.requests_pending,
			statistics.replies_cached,
			statistics.surbs_kept,
		]) {
			*longest = len.max(*longest);
		}
		result
	}

	fn statistics(&self) -> Statistics {
		self.mixnet.as_ref().unwrap().statistics()
	}

	fn set_phase(&mut self, phase: SessionPhase) {
		let current_index = self.session;
		self.call(|mixnet, now| ours::set_status(mixnet, now, current_index, phase));
	}

	/// Begins the next session, in which the victim is a mixnode again.
	fn begin_session(&mut self) {
		let (index, kx_public) = self.call(|mixnet, _| mixnet.next_kx_public());
		self.session = index;
		self.keys = [self.keys[1], kx_public];
		self.set_phase(CoverToCurrent);
		let from_chain = self.from_chain;
		self.call(|mixnet, now| {
			let mut mixnodes: Vec<_> = (0..OTHERS).map(|index| mixnode(other(index).0, other(index).1)).collect();
			mixnodes.push(mixnode(LOCAL, kx_public));
			assert!(ours::set_session(mixnet, now, index, from_chain, Ok(mixnodes)));
		});
	}

	/// Polls all events, and answers requests while it can, many with the largest reply.
	fn poll_events(&mut self) {
		loop {
			let polled = self.call(|mixnet, now| match mixnet.poll_event() {
				Some(Event::Request { reply_to, .. }) => {
					let _ = mixnet.post_reply(now, reply_to, vec![1; LARGEST]);
					true
				},
				Some(_) => true,
				None => false,
			});
			if !polled {
				break;
			}
		}
	}

	/// Cancels the node's own requests, and posts new ones of the largest size until no more are taken.
	fn post_requests(&mut self) {
		for id in core::mem::take(&mut self.requests) {
			self.call(|mixnet, now| mixnet.cancel_request(now, id));
		}
		self.post_more();
	}

	/// Posts as many requests as there is room for now.
	fn post_more(&mut self) {
		loop {
			let surbs = 4 + self.requests.len() % 2;
			let post = |mixnet: &mut Mixnet<_>, now| {
				let data = vec![1; LARGEST - surbs * 222];
				mixnet.post_request(now, data, surbs, HandlingDelay::Extrinsic).ok()
			};
			let Some(id) = self.call(post) else { return };
			self.requests.push(id);
		}
	}

	/// Lets some time pass, and sends what is due.
	fn pass(&mut self, time: Duration) {
		self.now += time;
		// While it has something to build, the node wants to be called again at once.
		while self.call(|mixnet, now| {
			mixnet.handle_timeout(now);
			while mixnet.poll_transmit().is_some() {}
			mixnet.poll_timeout().is_some_and(|at| at <= now)
		}) {}
		// Sent requests wait for an answer, which leaves room for others.
		self.post_more();
	}

	fn handle_from(&mut self, from: PeerId, packet: &Packet) -> Option<DropReason> {
		// The node takes ownership of the packet, so its copy counts.
		self.call(|mixnet, now| mixnet.handle_packet(now, from, packet.clone()))
	}

	/// One session with this many packets of the flood.
	fn round(&mut self, num: usize) {
		self.begin_session();
		self.post_requests();
		let round = u64::from(self.session);
		let keys = self.keys;
		let packets: Vec<Packet> = thread::scope(|scope| {
			let halves = [0, 1].map(|half| scope.spawn(move || packets(round * 2 + half, keys, num.div_ceil(2))));
			halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
		});
		for (burst, packets) in packets[..num].chunks(BURST).enumerate() {
			match burst * BURST * 10 / num {
				0..3 => self.set_phase(CoverToCurrent),
				3..6 => self.set_phase(RequestsToCurrent),
				6..9 => self.set_phase(CoverToPrev),
				_ => self.set_phase(DisconnectFromPrev),
			}
			// In turn, as a batch and one by one.
			if burst % 2 == 0 {
				self.call(|mixnet, now| {
					let packets = packets.iter().enumerate();
					mixnet.handle_packets(now, packets.map(|(number, packet)| (enemy(number), packet.clone())));
				});
			} else {
				for (number, packet) in packets.iter().enumerate() {
					self.handle_from(enemy(number), packet);
				}
			}
			// The driver seldom polls, and events must not pile up.
			if self.session.is_multiple_of(IDLE_SESSIONS) && burst % IDLE_BURSTS == 0 {
				// The node's own requests fill the queue, so there is no room for replies.
				self.post_requests();
				self.poll_events();
			}
			self.pass(Duration::from_millis(150));
		}
	}
}

#[test]
fn a_flood_of_hostile_packets_does_not_fill_the_memory() {
	let wanted = std::env::var("MIXNET_FLOOD").map_or(100_000, |num| num.parse().expect("MIXNET_FLOOD: a number"));
	flood(wanted, None);
	flood(wanted, Some(FROM_CHAIN));
}

/// Sends this many packets, in sessions with these parameters of the chain, or with the configured ones.
fn flood(wanted: usize, from_chain: Option<Parameters>) {
	let parameters = from_chain.unwrap_or(config().parameters);
	let bound = config().memory_bytes(&parameters, OTHERS + 1);
	assert!(bound < config().max_memory_bytes(OTHERS + 1));
	let mut victim = Victim::new(from_chain);
	let mut left = wanted;
	while left > 0 {
		let num = left.min(ROUND);
		victim.round(num);
		left -= num;
		let held = victim.meter.peak as usize;
		assert!(held <= bound, "{held} bytes of heap, where {bound} are the most, after {} packets", wanted - left);
	}
	let statistics = victim.statistics();
	println!("{wanted} packets: {} bytes of heap at most, of {bound} that may be", victim.meter.peak);
	println!("{:?}, longest {:?}", statistics.drops().collect::<Vec<_>>(), victim.longest);
	assert_eq!(statistics.packets_received, wanted as u64);

	// Everything was full at some time.
	let config = config();
	let capacities = [
		// With the chain's delay, of a second, most packets leave meanwhile.
		if from_chain.is_some() { 0 } else { parameters.forward_queue_capacity as usize },
		// Half of it is for replies, which are not always enough to fill it.
		parameters.mixnode_queue_capacity as usize / 2,
		config.request.capacity,
		config.reply.capacity,
		config.surb_keystore_capacity,
	];
	for (longest, capacity) in victim.longest.into_iter().zip(capacities) {
		assert!(longest >= capacity as u64, "{:?}, where {capacities:?} can be", victim.longest);
	}
	let of_forward_queue = [DropReason::ForwardQueueFull, DropReason::ForwardShareUsed];
	let of_forward_queue = of_forward_queue.into_iter().filter(|_| from_chain.is_none());
	for reason in REASONS.into_iter().chain(of_forward_queue) {
		assert!(statistics.dropped(reason) > 0, "{}", reason.name());
	}
	// No request costs another one its answer.
	assert_eq!(statistics.dropped(DropReason::SurbEvicted), 0);
	// The bound is not far off. But it reckons with eleven packets to be forwarded for each that may come within a mean delay, in each
	// of two sessions: all could have ten times that delay.
	let of_mean_delays = Parameters { forward_queue_capacity: (victim.longest[0] / 22) as u32, ..parameters };
	let bound = config.memory_bytes(&of_mean_delays, OTHERS + 1);
	assert!(victim.meter.peak as usize * 2 > bound, "{} of {bound}", victim.meter.peak);

	// The victim still works: it takes requests, answers them and sends.
	victim.begin_session();
	victim.set_phase(DisconnectFromPrev);
	victim.poll_events();
	let request = build_request(&mut rng(2), &[local_hop(victim.keys[1])], &whole([0x77; 16], &[])).unwrap().packet;
	assert_eq!(victim.handle_from(ENEMY, &request), None);
	let is_delivered = victim.call(|mixnet, _| matches!(mixnet.poll_event(), Some(Event::Request { .. })));
	assert!(is_delivered);
	let before = victim.statistics().authored();
	victim.pass(Duration::from_secs(1));
	let expected = 1000 / u64::from(parameters.mixnode_mean_period_ms);
	assert!(victim.statistics().authored() > before + expected / 2);

	// The victim's heap is given back in full. So the count missed nothing, and held nothing of others.
	let mixnet = &mut victim.mixnet;
	victim.meter.measure(|| *mixnet = None);
	assert_eq!(victim.meter.now, 0);
}
