//! Requests that are posted twice, in a small network that loses nothing: two mixnodes handle them, and neither is believed
//! alone.

use super::*;
use crate::{
	request::HandlingDelay, Config, KxSecret, Mixnode, Parameters, PeerId, RequestId, SessionPhase, SessionStatus, Time,
};
use core::time::Duration;
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::collections::{BTreeMap, BTreeSet};

/// As many mixnodes as a request may have destinations, the source, and one more.
const MIXNODES: u8 = 8;
const DELAY: HandlingDelay = HandlingDelay::Fixed(Duration::ZERO);

fn peer_id(index: u8) -> PeerId {
	PeerId([index; 32])
}

/// A network of mixnodes; the first one asks.
struct Network {
	now: Time,
	nodes: Vec<Mixnet<ChaChaRng>>,
	/// Which mixnode was asked, and when; in the order of time.
	asked: Vec<(u8, Time)>,
	/// The answers that came, and from whom they are said to be.
	answers: BTreeMap<RequestId, (Option<PeerId>, Vec<u8>)>,
	failed: BTreeSet<RequestId>,
}

impl Network {
	fn new(seed: u64, mixnodes: u8) -> Self {
		let parameters = Parameters {
			hops: 2,
			mean_forwarding_delay_ms: 1000,
			loop_cover_permille: 0,
			min_mixnodes: 2,
			// Less cover, and timers that do not wait for long queues.
			mixnode_mean_period_ms: 400,
			mixnode_queue_capacity: 10,
			max_fragments_per_message: 5,
			..Parameters::default()
		};
		let secret = |index: u8| KxSecret::from_bytes([100 + index; 32]);
		let mixnode = |index: u8| Mixnode {
			kx_public: secret(index).public(),
			peer_id: peer_id(index),
			external_addresses: vec![vec![index]],
		};
		let node = |index: u8| {
			let config = Config { parameters, ..Config::default() };
			let rng = ChaChaRng::seed_from_u64(seed * 1000 + u64::from(index));
			let mut node = Mixnet::new(config, peer_id(index), rng, Some(secret(index))).unwrap();
			let status = SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev };
			node.set_status(Time::ZERO, status);
			node.set_session(Time::ZERO, ChainSession::new(0, Ok((0..mixnodes).map(mixnode).collect())));
			node
		};
		let nodes = (0..mixnodes).map(node).collect();
		Self { now: Time::ZERO, nodes, asked: Vec::new(), answers: BTreeMap::new(), failed: BTreeSet::new() }
	}

	/// Runs until no request is pending, and then for some seconds. `answer` says what a mixnode answers that is asked as the
	/// first, the second, ..
	fn run(&mut self, answer: impl Fn(usize) -> Option<Vec<u8>>) {
		let mut end = None;
		while end.is_none_or(|end| self.now < end) {
			self.now = self.nodes.iter().filter_map(Mixnet::poll_timeout).min().unwrap();
			for index in 0..self.nodes.len() {
				self.nodes[index].handle_timeout(self.now);
				while let Some(packet) = self.nodes[index].poll_transmit() {
					let to = usize::from(packet.peer_id.0[0]);
					self.nodes[to].handle_packet(self.now, peer_id(index as u8), packet.packet);
				}
			}
			for index in 0..self.nodes.len() {
				while let Some(event) = self.nodes[index].poll_event() {
					self.handle(index, event, &answer);
				}
			}
			if end.is_none() && self.nodes[0].statistics().requests_pending == 0 {
				end = Some(self.now + Duration::from_secs(5));
			}
		}
	}

	fn handle(&mut self, index: usize, event: Event, answer: impl Fn(usize) -> Option<Vec<u8>>) {
		match event {
			Event::Request { reply_to, .. } => {
				self.asked.push((index as u8, self.now));
				match answer(self.asked.len() - 1) {
					Some(data) => self.nodes[index].post_reply(self.now, reply_to, data).unwrap(),
					None => self.nodes[index].abandon_request(reply_to),
				}
			},
			Event::RequestAnswered { id, destination, data, .. } => {
				assert!(self.answers.insert(id, (destination, data)).is_none(), "a request ends once");
			},
			Event::RequestFailed { id, .. } => assert!(self.failed.insert(id), "a request ends once"),
			_ => (),
		}
	}

	fn post_twice(&mut self) -> [RequestId; 2] {
		self.nodes[0].post_request_twice(self.now, vec![1], 2, DELAY).unwrap()
	}

	fn packets_sent(&self) -> u64 {
		self.nodes[0].statistics().requests_authored
	}
}

#[test]
fn a_lie_of_one_destination_keeps_nothing_from_the_other() {
	for seed in 0..10 {
		let mut network = Network::new(seed, MIXNODES);
		let ids = network.post_twice();
		// The first one lies, and says so at once.
		network.run(|number| Some(vec![number as u8]));
		let [(first, _), (second, _)] = network.asked[..] else { panic!("{:?}", network.asked) };
		assert_ne!(first, second);
		assert!(first != 0 && second != 0, "a node does not ask itself");
		let mut answers: Vec<_> = ids.iter().map(|id| network.answers[id].clone()).collect();
		answers.sort_by_key(|(_, data)| data.clone());
		assert_eq!(answers, [(Some(peer_id(first)), vec![0]), (Some(peer_id(second)), vec![1])]);
		assert!(network.failed.is_empty());
		assert_eq!(network.packets_sent(), 2, "a packet each");
	}
}

#[test]
fn what_the_second_gets_and_when_does_not_depend_on_the_first() {
	let second = |seed, answers: bool| {
		let mut network = Network::new(seed, MIXNODES);
		network.post_twice();
		network.run(|number| (answers || number > 0).then(Vec::new));
		network.asked[1]
	};
	for seed in 0..5 {
		assert_eq!(second(seed, true), second(seed, false), "{seed}");
	}
}

/// The mean of 400 exponential draws is within 15 % but once in 400 times; the seeds are fixed.
#[test]
fn the_second_copy_waits_as_long_as_a_packet_is_delayed_on_average() {
	let mut network = Network::new(1, MIXNODES);
	let mut sum = Duration::ZERO;
	for _ in 0..400 {
		let [first, second] = network.post_twice();
		sum += network.nodes[0].pending.get(second).unwrap().retry_at - network.now;
		network.nodes[0].cancel_request(network.now, first);
		network.nodes[0].cancel_request(network.now, second);
	}
	let mean = sum.as_secs_f64() / 400.0;
	assert!((mean - 2.0).abs() < 0.3, "{mean} s, and two hops of a second each are 2 s");
}

#[test]
fn two_destinations_cost_what_one_with_two_copies_does() {
	// If nobody answers, and if everybody does.
	for (answered, packets) in [(false, 12), (true, 2)] {
		let answer = |_| answered.then(Vec::new);
		let mut once = Network::new(1, MIXNODES);
		once.nodes[0].post_request(once.now, vec![1], 2, DELAY).unwrap();
		once.run(answer);
		let mut twice = Network::new(1, MIXNODES);
		twice.post_twice();
		twice.run(answer);
		assert_eq!((once.packets_sent(), twice.packets_sent()), (packets, packets));
		assert_eq!((once.failed.len(), twice.failed.len()), if answered { (0, 0) } else { (1, 2) });
	}
}

#[test]
fn twins_have_no_destination_in_common_while_there_are_enough() {
	for seed in 0..3 {
		let mut network = Network::new(seed, MIXNODES);
		network.post_twice();
		network.run(|_| None);
		let mut times = BTreeMap::<u8, usize>::new();
		network.asked.iter().for_each(|(mixnode, _)| *times.entry(*mixnode).or_default() += 1);
		assert_eq!(times.values().collect::<Vec<_>>(), [&2; 6], "{times:?}");
	}
	// With one mixnode besides us, that one gets all.
	let mut network = Network::new(1, 2);
	network.post_twice();
	network.run(|_| Some(Vec::new()));
	assert_eq!(network.answers.len(), 2);
}

#[test]
fn a_second_copy_that_begins_while_no_session_takes_requests_waits_for_one() {
	let mut network = Network::new(1, MIXNODES);
	let [_, second] = network.post_twice();
	let node = &mut network.nodes[0];
	// The next session is not known yet.
	let status = SessionStatus { current_index: 1, phase: SessionPhase::DisconnectFromPrev };
	node.set_status(network.now, status);
	let begins_at = node.pending.get(second).unwrap().retry_at;
	let mut failed = BTreeMap::new();
	while failed.len() < 2 {
		let at = node.poll_timeout().expect("it waits for something");
		node.handle_timeout(at);
		while node.poll_transmit().is_some() {}
		while let Some(event) = node.poll_event() {
			if let Event::RequestFailed { id, error, sent } = event {
				assert_eq!((error, sent), (crate::request::RequestError::NotReady, false));
				failed.insert(id, at);
			}
		}
	}
	assert_eq!(failed[&second], begins_at + Config::default().request.max_wait);
}
