//! The queues, compared with models after any operations. The models are lists, searched from the front.

use super::{heap::Heap, *};
use crate::{request::RequestId, AddressedPacket, Packet, PeerId, Time};
use core::{cell::RefCell, time::Duration};
use proptest::{prelude::*, test_runner::RngSeed};
use std::collections::BTreeSet;

fn at(seconds: u64) -> Time {
	Time::from_duration(Duration::from_secs(seconds))
}

/// A packet that tests can tell from others by its peer.
fn packet(number: u32) -> AddressedPacket {
	let mut peer_id = [0; 32];
	peer_id[..4].copy_from_slice(&number.to_le_bytes());
	AddressedPacket { peer_id: PeerId(peer_id), packet: Packet::from([0; 2252]) }
}

fn number(packet: &AddressedPacket) -> u32 {
	u32::from_le_bytes(packet.peer_id.0[..4].try_into().unwrap())
}

#[derive(Clone, Copy, Debug)]
enum HeapOperation {
	Push([u32; 20]),
	/// How many.
	Pop(usize),
	/// Keep the packets whose number this does not divide.
	Retain(u32),
}

fn heap_operation() -> impl Strategy<Value = HeapOperation> {
	prop_oneof![
		5 => prop::array::uniform20(any::<u32>()).prop_map(HeapOperation::Push),
		4 => (0usize..30).prop_map(HeapOperation::Pop),
		1 => (2u32..5).prop_map(HeapOperation::Retain),
	]
}

#[derive(Clone, Copy, Debug)]
enum ForwardOperation {
	/// A packet of this session, due this much later.
	Push {
		session: u32,
		delay: u64,
	},
	/// Time passes.
	Pass {
		time: u64,
	},
	PopDue,
	/// The sessions without a bit here end.
	Retain {
		sessions: u32,
	},
}

fn forward_operation() -> impl Strategy<Value = ForwardOperation> {
	prop_oneof![
		6 => (0u32..3, 0u64..5).prop_map(|(session, delay)| ForwardOperation::Push { session, delay }),
		2 => (0u64..3).prop_map(|time| ForwardOperation::Pass { time }),
		4 => Just(ForwardOperation::PopDue),
		1 => (0u32..8).prop_map(|sessions| ForwardOperation::Retain { sessions }),
	]
}

#[derive(Clone, Copy, Debug)]
enum AuthoredOperation {
	PushRequest {
		request: u64,
		packets: usize,
	},
	PushReply {
		packets: usize,
	},
	PopRequest,
	PopReply,
	RemoveRequest {
		request: u64,
	},
	/// Promises room to a refused request, for this long.
	Promise {
		packets: usize,
		time: u64,
	},
	Pass {
		time: u64,
	},
	Clear,
}

fn authored_operation() -> impl Strategy<Value = AuthoredOperation> {
	use AuthoredOperation::*;
	prop_oneof![
		8 => (0u64..3, 0usize..4).prop_map(|(request, packets)| PushRequest { request, packets }),
		8 => (0usize..3).prop_map(|packets| PushReply { packets }),
		6 => Just(PopRequest),
		6 => Just(PopReply),
		4 => (0u64..3).prop_map(|request| RemoveRequest { request }),
		2 => (0usize..4, 0u64..6).prop_map(|(packets, time)| Promise { packets, time }),
		4 => (0u64..3).prop_map(|time| Pass { time }),
		1 => Just(Clear),
	]
}

/// The authored queue as two lists, with the room promised for a time.
struct AuthoredModel {
	max_requests: usize,
	max_replies: usize,
	requests: Vec<(RequestId, u32)>,
	replies: Vec<u32>,
	promised: usize,
	promised_until: u64,
}

impl AuthoredModel {
	/// How many packets must leave, one after the other, before there is room for a request; `None` if there never is.
	fn in_the_way_of_request(&self, packets: usize) -> Option<usize> {
		(0..=self.requests.len()).find(|left| self.requests[*left..].len() + packets <= self.max_requests)
	}

	fn promised(&self, now: u64) -> usize {
		if now < self.promised_until {
			self.promised
		} else {
			0
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 600,
		rng_seed: RngSeed::Fixed(3),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn a_heap_does_what_a_sorted_set_would(operations in prop::collection::vec(heap_operation(), 0..60)) {
		let mut heap = Heap::new();
		let mut model = BTreeSet::new();
		for operation in operations {
			match operation {
				// No entry comes twice.
				HeapOperation::Push(entries) => {
					for entry in entries.into_iter().filter(|entry| model.insert(*entry)) {
						heap.push(entry);
					}
				},
				HeapOperation::Pop(times) => {
					for _ in 0..times {
						prop_assert_eq!(heap.pop(), model.pop_first());
						prop_assert_eq!(heap.peek(), model.first());
					}
				},
				HeapOperation::Retain(divisor) => {
					heap.retain(|entry| entry % divisor != 0);
					model.retain(|entry| entry % divisor != 0);
				},
			}
			prop_assert_eq!(heap.len(), model.len());
			prop_assert_eq!(heap.peek(), model.first());
		}
		prop_assert!(core::iter::from_fn(|| heap.pop()).eq(model));
	}

	#[test]
	fn the_forward_queue_does_what_a_list_of_packets_would(
		capacity in prop_oneof![1usize..10, Just(1000)],
		operations in prop::collection::vec(forward_operation(), 0..200),
	) {
		let mut queue = ForwardQueue::new(capacity);
		// Deadline, number and session, in the order of arrival.
		let mut model: Vec<(u64, u32, u32)> = Vec::new();
		let mut now = 10;
		for (arrival, operation) in (0u32..).zip(operations) {
			match operation {
				ForwardOperation::Push { session, delay } => {
					let has_room = model.len() < capacity;
					let deadline = now + delay;
					let new = ForwardPacket { deadline: at(deadline), session, packet: packet(arrival) };
					prop_assert_eq!(queue.push(new), has_room);
					if has_room {
						model.push((deadline, arrival, session));
					}
				},
				ForwardOperation::Pass { time } => now += time,
				ForwardOperation::PopDue => {
					let first = model.iter().copied().min().filter(|(deadline, ..)| *deadline <= now);
					model.retain(|packet| Some(*packet) != first);
					let popped = queue.pop_due(at(now)).map(|packet| number(&packet));
					prop_assert_eq!(popped, first.map(|(_, number, _)| number));
				},
				ForwardOperation::Retain { sessions } => {
					let is_live = |session: u32| sessions & 1 << session != 0;
					let before = model.len();
					model.retain(|(.., session)| is_live(*session));
					prop_assert_eq!(queue.retain_sessions(is_live), before - model.len());
				},
			}
			prop_assert_eq!(queue.len(), model.len());
			prop_assert_eq!(queue.is_full(), model.len() == capacity);
			prop_assert_eq!(queue.next_deadline(), model.iter().map(|(deadline, ..)| at(*deadline)).min());
			// Asks for the session of every packet.
			let asked = RefCell::new(Vec::new());
			queue.retain_sessions(|session| {
				asked.borrow_mut().push(session);
				true
			});
			let mut asked = asked.into_inner();
			asked.sort_unstable();
			let mut sessions: Vec<_> = model.iter().map(|(.., session)| *session).collect();
			sessions.sort_unstable();
			prop_assert_eq!(asked, sessions);
		}
	}

	#[test]
	fn the_authored_queue_does_what_two_lists_of_packets_would(
		capacity in 1usize..10,
		answers in any::<bool>(),
		operations in prop::collection::vec(authored_operation(), 0..100),
	) {
		let mut queue = AuthoredQueue::new(capacity, answers);
		// If there are replies, half is theirs.
		let [max_requests, max_replies] = match answers {
			true => [capacity.div_ceil(2), (capacity / 2).max(1)],
			false => [capacity, 0],
		};
		let mut model = AuthoredModel {
			max_requests,
			max_replies,
			requests: Vec::new(),
			replies: Vec::new(),
			promised: 0,
			promised_until: 0,
		};
		let mut now = 10;
		let mut next = 0;
		for operation in operations {
			let mut packets = |packets| {
				let numbers = next..next + packets as u32;
				next = numbers.end;
				numbers
			};
			match operation {
				AuthoredOperation::PushRequest { request, packets: size } => {
					let numbers = packets(size);
					let has_room = model.in_the_way_of_request(size) == Some(0);
					let id = RequestId(request);
					let packets = numbers.clone().map(packet).collect();
					prop_assert_eq!(queue.push_request(id, packets, &FirstHops::Any), has_room);
					if has_room {
						model.requests.extend(numbers.map(|number| (id, number)));
						if size >= model.promised(now) {
							model.promised = 0;
						}
						queue.taken(at(now), size);
					}
				},
				AuthoredOperation::PushReply { packets: size } => {
					let numbers = packets(size);
					let has_room = model.replies.len() + size <= max_replies;
					prop_assert_eq!(queue.push_reply(numbers.clone().map(packet).collect()), has_room);
					if has_room {
						model.replies.extend(numbers);
					}
				},
				AuthoredOperation::PopRequest => {
					let expected = if model.requests.is_empty() { None } else { Some(model.requests.remove(0)) };
					let shown = |authored: &AuthoredPacket| match authored.kind {
						AuthoredKind::Request(id) => (id, number(&authored.packet)),
						AuthoredKind::Reply => panic!("among requests"),
					};
					prop_assert_eq!(queue.first_request().map(shown), expected);
					prop_assert_eq!(queue.pop_request().as_ref().map(shown), expected);
				},
				AuthoredOperation::PopReply => {
					let expected = if model.replies.is_empty() { None } else { Some(model.replies.remove(0)) };
					let popped = queue.pop_reply();
					prop_assert!(popped.as_ref().is_none_or(|popped| popped.kind == AuthoredKind::Reply));
					prop_assert_eq!(popped.map(|popped| number(&popped.packet)), expected);
				},
				AuthoredOperation::RemoveRequest { request } => {
					queue.remove_request(RequestId(request));
					model.requests.retain(|(id, _)| *id != RequestId(request));
				},
				// Only as much room as can fit is promised.
				AuthoredOperation::Promise { packets, time } => {
					queue.promise(at(now), packets.min(capacity), at(now + time));
					if packets.min(capacity) >= model.promised(now) {
						(model.promised, model.promised_until) = (packets.min(capacity), now + time);
					}
				},
				AuthoredOperation::Pass { time } => now += time,
				AuthoredOperation::Clear => {
					prop_assert_eq!(queue.clear(), model.requests.len() + model.replies.len());
					model.requests.clear();
					model.replies.clear();
					model.promised = 0;
				},
			}
			prop_assert_eq!(queue.len(), model.requests.len() + model.replies.len());
			prop_assert_eq!(queue.requests_len(), model.requests.len());
			prop_assert_eq!([queue.max_requests(), queue.max_replies()], [max_requests, max_replies]);
			for packets in 0..12 {
				match model.in_the_way_of_request(packets) {
					Some(left) => prop_assert_eq!(queue.in_the_way_of_request(packets), left),
					None => prop_assert!(queue.in_the_way_of_request(packets) > 0),
				}
				let has_room = model.in_the_way_of_request(packets) == Some(0);
				prop_assert_eq!(queue.has_room_for_request(packets), has_room);
				let promised = if packets < model.promised(now) { model.promised(now) } else { 0 };
				let expected = queue.in_the_way_of_request(packets + 1 + promised);
				prop_assert_eq!(queue.in_the_way_of_new_request(at(now), packets, 1), expected);
				prop_assert_eq!(queue.has_room_for_reply(packets), model.replies.len() + packets <= max_replies);
			}
		}
	}
}
