//! The queues beside models of theirs: lists, searched from the front, after any operations.

use super::*;
use crate::{request::RequestId, AddressedPacket, Packet, PeerId, Time};
use core::{cell::RefCell, time::Duration};
use proptest::{prelude::*, test_runner::RngSeed};

fn at(seconds: u64) -> Time {
	Time::from_duration(Duration::from_secs(seconds))
}

/// A packet that can be told from others by whom it goes to.
fn packet(number: u32) -> AddressedPacket {
	let mut peer_id = [0; 32];
	peer_id[..4].copy_from_slice(&number.to_le_bytes());
	AddressedPacket { peer_id: PeerId(peer_id), packet: Packet::from([0; 2252]) }
}

fn number(packet: &AddressedPacket) -> u32 {
	u32::from_le_bytes(packet.peer_id.0[..4].try_into().unwrap())
}

#[derive(Clone, Copy, Debug)]
enum ForwardOperation {
	/// A packet of this session, due so much later than now.
	Push {
		session: u32,
		delay: u64,
	},
	/// Time passes.
	Pass {
		time: u64,
	},
	PopDue,
	/// All sessions end but those with these bits.
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

#[derive(Clone, Debug)]
enum AuthoredOperation {
	/// Packets of this request, or of a reply.
	Push {
		request: Option<u64>,
		packets: usize,
	},
	Pop,
	RemoveRequest {
		request: u64,
	},
	Clear,
}

fn authored_operation() -> impl Strategy<Value = AuthoredOperation> {
	prop_oneof![
		12 => (prop::option::of(0u64..3), 0usize..4)
			.prop_map(|(request, packets)| AuthoredOperation::Push { request, packets }),
		12 => Just(AuthoredOperation::Pop),
		4 => (0u64..3).prop_map(|request| AuthoredOperation::RemoveRequest { request }),
		1 => Just(AuthoredOperation::Clear),
	]
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 600,
		rng_seed: RngSeed::Fixed(3),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn the_forward_queue_does_what_a_list_of_packets_would(
		capacity in 1usize..10,
		operations in prop::collection::vec(forward_operation(), 0..100),
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
	fn the_authored_queue_does_what_a_list_of_packets_would(
		capacity in 1usize..8,
		operations in prop::collection::vec(authored_operation(), 0..100),
	) {
		let mut queue = AuthoredQueue::new(capacity);
		let mut model: Vec<(AuthoredKind, u32)> = Vec::new();
		let mut next = 0;
		for operation in operations {
			match operation {
				AuthoredOperation::Push { request, packets } => {
					let kind = request.map_or(AuthoredKind::Reply, |id| AuthoredKind::Request(RequestId(id)));
					let new: Vec<_> = (next..).take(packets).map(|number| (kind, number)).collect();
					next += 4;
					let has_room = model.len() + packets <= capacity;
					prop_assert_eq!(queue.has_room_for(packets), has_room);
					let packets = new.iter().map(|(kind, number)| AuthoredPacket { kind: *kind, packet: packet(*number) });
					prop_assert_eq!(queue.push_all(packets.collect()), has_room);
					if has_room {
						model.extend(new);
					}
				},
				AuthoredOperation::Pop => {
					let popped = queue.pop().map(|popped| (popped.kind, number(&popped.packet)));
					let expected = if model.is_empty() { None } else { Some(model.remove(0)) };
					prop_assert_eq!(popped, expected);
				},
				AuthoredOperation::RemoveRequest { request } => {
					queue.remove_request(RequestId(request));
					model.retain(|(kind, _)| *kind != AuthoredKind::Request(RequestId(request)));
				},
				AuthoredOperation::Clear => {
					prop_assert_eq!(queue.clear(), model.len());
					model.clear();
				},
			}
			prop_assert_eq!(queue.len(), model.len());
			prop_assert_eq!(queue.capacity(), capacity);
			for packets in 0..10 {
				prop_assert_eq!(queue.has_room_for(packets), model.len() + packets <= capacity);
			}
		}
	}
}
