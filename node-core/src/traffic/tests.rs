use super::{slab::Slab, *};
use crate::{request::RequestId, AddressedPacket, MixnodeIndex, Packet, PeerId, Time};
use core::time::Duration;
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};

fn rng(seed: u64) -> ChaChaRng {
	ChaChaRng::seed_from_u64(seed)
}

fn at(millis: u64) -> Time {
	Time::from_duration(Duration::from_millis(millis))
}

/// A packet that tests can tell from others.
fn packet(number: u8) -> AddressedPacket {
	AddressedPacket { peer_id: PeerId([number; 32]), packet: Packet::from([number; 2252]) }
}

/// Queues packets of a request that may take the place of any cover.
fn push_request(queue: &mut AuthoredQueue, request: u64, packets: Vec<AddressedPacket>) -> bool {
	queue.push_request(RequestId(request), packets, &FirstHops::Any)
}

fn forward(deadline: u64, number: u8, session: u32) -> ForwardPacket {
	ForwardPacket { deadline: at(deadline), session, packet: packet(number) }
}

#[test]
fn forward_packets_leave_by_deadline_and_then_by_arrival() {
	for seed in 0..20 {
		let mut rng = rng(seed);
		let mut queue = ForwardQueue::new(200);
		let mut expected = Vec::new();
		for number in 0..200u8 {
			// Few different deadlines, so that many are equal.
			let deadline = u64::from(rng.next_u32() % 10);
			assert!(queue.push(forward(deadline, number, 0)));
			expected.push((deadline, number));
		}
		expected.sort();
		for (deadline, number) in expected {
			assert_eq!(queue.next_deadline(), Some(at(deadline)));
			if deadline > 0 {
				assert_eq!(queue.pop_due(at(deadline - 1)), None);
			}
			assert_eq!(queue.pop_due(at(deadline)), Some(packet(number)));
		}
		assert_eq!(queue.next_deadline(), None);
	}
}

#[test]
fn entries_of_a_slab_keep_their_numbers_and_holes_are_filled_first() {
	let mut slab = Slab::new();
	let numbers: Vec<_> = ('a'..'e').map(|entry| slab.insert(entry).unwrap()).collect();
	assert_eq!(numbers, [0, 1, 2, 3]);
	assert_eq!(slab.remove(1), Some('b'));
	assert_eq!((slab.remove(1), slab.remove(9)), (None, None));
	assert_eq!((slab.get(1), slab.get(2), slab.get(9)), (None, Some(&'c'), None));
	assert_eq!(slab.insert('f'), Some(1));
	assert_eq!(slab.insert('g'), Some(4));
	assert_eq!(slab.get(1), Some(&'f'));
}

#[test]
fn a_full_forward_queue_refuses_the_newest() {
	let mut queue = ForwardQueue::new(2);
	assert!(queue.push(forward(5, 0, 0)));
	assert!(queue.push(forward(9, 1, 0)));
	assert!(queue.is_full());
	// Even a packet that is due earlier is refused.
	assert!(!queue.push(forward(1, 2, 0)));
	assert_eq!(queue.pop_due(at(100)), Some(packet(0)));
	assert!(queue.push(forward(1, 2, 0)));
	assert_eq!(queue.pop_due(at(100)), Some(packet(2)));
}

#[test]
fn forward_packets_end_with_their_session() {
	let mut queue = ForwardQueue::new(10);
	for number in 0..10 {
		queue.push(forward(u64::from(number), number, u32::from(number % 3)));
	}
	assert_eq!(queue.retain_sessions(|session| session != 1), 3);
	assert_eq!(queue.len(), 7);
	let left: Vec<_> = std::iter::from_fn(|| queue.pop_due(at(100))).map(|packet| packet.peer_id.0[0]).collect();
	assert_eq!(left, [0, 2, 3, 5, 6, 8, 9]);
}

#[test]
fn the_authored_queue_takes_messages_whole_or_not_at_all() {
	let mut queue = AuthoredQueue::new(6, true);
	assert!(push_request(&mut queue, 0, vec![packet(0)]));
	assert!(push_request(&mut queue, 1, vec![packet(1)]));
	assert_eq!(queue.in_the_way_of_request(2), 1);
	assert!(!push_request(&mut queue, 2, vec![packet(2), packet(3)]));
	assert!(queue.push_reply(vec![packet(4), packet(5)]));
	assert!(!queue.push_reply(vec![packet(6), packet(7)]));
	assert_eq!((queue.len(), queue.requests_len()), (4, 2));
	queue.remove_request(RequestId(0));
	assert_eq!(queue.pop_request().map(|packet| packet.kind), Some(AuthoredKind::Request(RequestId(1))));
	assert_eq!(queue.pop_reply().map(|packet| packet.packet), Some(packet(4)));
	assert_eq!(queue.clear(), 1);
	assert!(queue.pop_request().is_none() && queue.pop_reply().is_none());
}

#[test]
fn requests_and_replies_share_no_places() {
	let places = |capacity, answers| {
		let queue = AuthoredQueue::new(capacity, answers);
		(queue.max_requests(), queue.max_replies())
	};
	// The defaults: each has room for a whole message.
	assert_eq!((places(50, true), places(25, false)), ((25, 25), (25, 0)));
	assert_eq!([3, 2, 1].map(|capacity| places(capacity, true)), [(2, 1), (1, 1), (1, 1)]);
	let mut queue = AuthoredQueue::new(8, true);
	assert!(push_request(&mut queue, 0, (0..4).map(packet).collect()));
	assert!(!push_request(&mut queue, 0, vec![packet(4)]));
	queue.promise(at(0), 4, at(10));
	assert!(queue.push_reply((5..9).map(packet).collect()));
	assert!(!queue.push_reply(vec![packet(9)]));
	assert_eq!(queue.in_the_way_of_request(2), 2, "replies are in nobody's way");
}

#[test]
fn the_clock_keeps_its_tick_while_its_rate_stays() {
	let mut rng = rng(1);
	let mut clock = PoissonClock::default();
	assert_eq!(clock.next(), None);
	clock.advance(&mut rng);
	assert!(!clock.skip_late(at(1 << 40), &mut rng));
	assert_eq!(clock.next(), None);
	let mean = Duration::from_secs(1);
	clock.set_mean(at(1000), Some(mean), &mut rng);
	let tick = clock.next().unwrap();
	assert!(tick > at(1000));
	clock.set_mean(at(1500), Some(mean), &mut rng);
	assert_eq!(clock.next(), Some(tick));
	clock.set_mean(at(1500), Some(mean * 2), &mut rng);
	assert_ne!(clock.next(), Some(tick));
	clock.set_mean(at(1500), None, &mut rng);
	assert_eq!(clock.next(), None);
}

#[test]
fn a_late_driver_does_not_slow_the_clock_down() {
	let mut rng = rng(2);
	let mut clock = PoissonClock::default();
	clock.set_mean(Time::ZERO, Some(Duration::from_millis(100)), &mut rng);
	// The driver calls every 250 ms only.
	let mut ticks = 0;
	for step in 1..4000u64 {
		let now = at(step * 250);
		assert!(!clock.skip_late(now, &mut rng));
		while clock.next().unwrap() <= now {
			clock.advance(&mut rng);
			ticks += 1;
		}
	}
	// 10,000 expected, with a standard deviation of 100.
	assert!((9_600..10_400).contains(&ticks), "{ticks}");
}

#[test]
fn a_tick_is_given_up_when_it_is_later_than_is_allowed_and_no_sooner() {
	let mut rng = rng(3);
	let nanosecond = Duration::from_nanos(1);
	// Ten periods, or a second if that is longer.
	for (mean, most) in [(5, 1000), (100, 1000), (200, 2000)].map(|(mean, most)| (at(mean), at(most))) {
		let mut clock = PoissonClock::default();
		clock.set_mean(Time::ZERO, Some(mean.since_epoch()), &mut rng);
		let tick = clock.next().unwrap();
		assert!(!clock.skip_late(tick + most.since_epoch(), &mut rng));
		assert_eq!(clock.next(), Some(tick));
		let late = tick + most.since_epoch() + nanosecond;
		assert!(clock.skip_late(late, &mut rng));
		assert!(clock.next() > Some(late));
	}
	// On request it is given up as soon as it is due.
	let mut clock = PoissonClock::default();
	clock.set_mean(Time::ZERO, Some(Duration::from_secs(1)), &mut rng);
	let tick = clock.next().unwrap();
	let before = Time::from_duration(tick.since_epoch() - nanosecond);
	assert!(!clock.skip_due(before, &mut rng) && clock.next() == Some(tick));
	assert!(clock.skip_due(tick, &mut rng) && clock.next() > Some(tick));
}

#[test]
fn a_refused_request_has_its_room_kept_for_some_time() {
	let mut queue = AuthoredQueue::new(3, false);
	assert!(push_request(&mut queue, 0, (0..3).map(packet).collect()));
	queue.promise(at(0), 2, at(20));
	queue.promise(at(0), 1, at(30));
	queue.pop_request();
	// New requests do not get the promised room, though they are smaller. The one that was refused gets it.
	assert_eq!(queue.in_the_way_of_new_request(at(11), 1, 0), 2);
	assert_eq!(queue.in_the_way_of_new_request(at(11), 2, 0), 1);
	assert_eq!(queue.in_the_way_of_new_request(at(20), 1, 0), 0);
	queue.taken(at(11), 1);
	assert_eq!(queue.in_the_way_of_new_request(at(11), 1, 0), 2, "it was not that one");
	queue.pop_request();
	queue.taken(at(11), 2);
	assert!(push_request(&mut queue, 1, vec![packet(4), packet(5)]));
	queue.pop_request();
	assert_eq!(queue.in_the_way_of_new_request(at(11), 1, 0), 0, "the promise was kept");
}

#[test]
fn the_clock_stops_at_the_end_of_time_and_not_before() {
	let mut rng = rng(3);
	let mut clock = PoissonClock::default();
	// The period is so short that most ticks share their nanosecond with the tick before.
	clock.set_mean(Time::ZERO, Some(Duration::from_nanos(1)), &mut rng);
	let mut at_once = 0;
	for _ in 0..1000 {
		let tick = clock.next().unwrap();
		clock.advance(&mut rng);
		at_once += usize::from(clock.next() == Some(tick));
	}
	assert!(at_once > 100, "{at_once}");
	clock.set_mean(Time::from_duration(Duration::MAX), Some(Duration::from_secs(1)), &mut rng);
	assert_eq!(clock.next(), None);
	clock.set_mean(Time::ZERO, Some(Duration::MAX / 2), &mut rng);
	while let Some(tick) = clock.next() {
		assert!(tick.since_epoch() < Duration::MAX);
		clock.advance(&mut rng);
	}
}

#[test]
fn packets_wait_for_cover_that_could_have_gone_the_same_way() {
	let [zero, one, two] = [0, 1, 2].map(|index| MixnodeIndex::new(index).unwrap());
	let of_user = FirstHops::Gateways(vec![zero, two].into());
	let of_mixnode = FirstHops::AllBut(one);
	let contained = |first_hops: &FirstHops| [zero, one, two].map(|first| first_hops.contains(first));
	assert_eq!(contained(&of_user), [true, false, true]);
	assert_eq!(contained(&of_mixnode), [true, false, true]);
	assert_eq!(contained(&FirstHops::Any), [true; 3]);

	let mut queue = AuthoredQueue::new(9, false);
	assert!(queue.push_request(RequestId(0), vec![packet(0), packet(1)], &of_user));
	assert!(queue.push_request(RequestId(1), vec![packet(3)], &of_mixnode));
	// Two of three gateways, and later one of two. When both are gone, the packets are dropped.
	for (gateways, ticks) in [(&[zero, one, two][..], 1.5), (&[one, two], 2.0), (&[one], 1.0), (&[], 1.0)] {
		let to_send = |packets| queue.ticks_to_send(packets, gateways, 4);
		assert_eq!([0, 1, 2].map(to_send), [0.0, ticks, 2.0 * ticks]);
		let last = 4.0 / 3.0;
		assert!((to_send(3) - to_send(2) - last).abs() < 1e-9);
		assert!((to_send(5) - to_send(3) - 2.0).abs() < 1e-9, "nobody knows about packets that are not queued yet");
	}
	// At a mixnode, every second tick is for replies, whether or not there are any.
	let mut queue = AuthoredQueue::new(9, true);
	assert!(push_request(&mut queue, 0, vec![packet(0)]));
	assert_eq!([0, 1, 2].map(|packets| queue.ticks_to_send(packets, &[], 4)), [0.0, 2.0, 4.0]);
}
