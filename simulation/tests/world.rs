//! The world itself: links have the faults that the test sets, and violated invariants are noticed.

use mixnet_node_core::{DropReason, HandlingDelay, Packet};
use mixnet_simulation::{fast_config, peer_id, rng, Answers, Output, World};
use rand_chacha::rand_core::RngCore;
use std::{cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};

const SECOND: Duration = Duration::from_secs(1);
const MIXNODES: usize = 4;
const USER: usize = MIXNODES;

fn world(seed: u64) -> World {
	World::in_session(seed, MIXNODES, 1, fast_config)
}

fn dropped(world: &World, reason: DropReason) -> u64 {
	world.nodes.iter().map(|node| node.mixnet.statistics().dropped(reason)).sum()
}

#[test]
fn links_lose_as_many_packets_as_they_are_told() {
	let mut world = world(1);
	world.faults().loss = 0.2;
	world.run(60 * SECOND);
	let count = world.links.count;
	assert!(count.sent > 5000, "{count:?}");
	// Five standard deviations.
	let expected = count.sent as f64 * 0.2;
	assert!((count.lost as f64 - expected).abs() < 5.0 * (expected * 0.8).sqrt(), "{count:?}");
}

#[test]
fn packets_that_come_twice_are_acted_on_once() {
	let mut world = world(2);
	world.faults().duplication = 0.3;
	world.faults().jitter = SECOND / 10;
	let id = world.post(USER, b"what is asked".to_vec(), 2);
	assert!(world.run_until(60 * SECOND, |world| world.nodes[USER].answered.contains_key(&id)));
	world.run(10 * SECOND);
	let (count, replayed) = (world.links.count, dropped(&world, DropReason::Replayed));
	assert!(count.duplicated > 100, "{count:?}");
	// Drop cover is thrown away as often as it comes.
	assert!(replayed <= count.duplicated && replayed > count.duplicated / 2, "{replayed}, {count:?}");
	assert_eq!(world.nodes.iter().flat_map(|node| node.received.values()).sum::<usize>(), 1);
}

#[test]
fn a_node_whose_links_are_cut_gets_nothing_and_reaches_nobody() {
	let mut world = world(3);
	world.run(SECOND);
	world.faults().cut_off.insert(peer_id(USER));
	world.run(SECOND); // Packets in flight arrive.
	let (received, arrived) = (world.nodes[USER].mixnet.statistics().packets_received, world.links.count.arrived);
	let id = world.post(USER, b"what is asked".to_vec(), 2);
	world.run(20 * SECOND);
	assert_eq!(world.nodes[USER].mixnet.statistics().packets_received, received);
	assert!(!world.nodes[USER].has_ended(&id));
	assert!(world.nodes[..MIXNODES].iter().all(|node| node.received.is_empty()));
	assert!(world.links.count.arrived > arrived, "the others' links work");

	world.faults().cut_off.clear();
	assert!(world.run_until(600 * SECOND, |world| world.nodes[USER].answered.contains_key(&id)));
}

#[test]
fn jitter_lets_packets_overtake_one_another() {
	let overtaken = |jitter| {
		let mut world = world(4);
		world.faults().jitter = jitter;
		let log = Rc::new(RefCell::new((Vec::new(), Vec::new())));
		let noted = log.clone();
		let key = |packet: &Packet| packet.as_bytes()[..32].to_vec();
		world.observer = Some(Box::new(move |_, _, output| match output {
			Output::Packet(packet) => noted.borrow_mut().0.push(key(&packet.packet)),
			Output::Arrival { packet, .. } => noted.borrow_mut().1.push(key(packet)),
			_ => (),
		}));
		world.run(5 * SECOND);
		world.observer = None;
		let (sent, arrived) = &*log.borrow();
		let known: BTreeSet<_> = sent.iter().collect();
		let arrived: Vec<_> = arrived.iter().filter(|key| known.contains(key)).collect();
		arrived.iter().zip(sent).filter(|(arrived, sent)| **arrived != *sent).count()
	};
	assert_eq!(overtaken(Duration::ZERO), 0);
	assert!(overtaken(SECOND / 10) > 100);
}

#[test]
fn requests_can_be_held_and_answered_late_by_the_test() {
	let mut world = world(5);
	world.answers = Answers::Hold;
	let id = world.post(USER, b"what is asked".to_vec(), 2);
	assert!(world.run_until(60 * SECOND, |world| !world.held.is_empty()));
	let held = world.held.remove(0);
	assert_eq!(held.data, b"what is asked");
	assert!(!world.nodes[USER].has_ended(&id));
	let node = held.node;
	world.reply(node, held, b"the answer".to_vec()).unwrap();
	world.settle(node);
	assert!(world.run_until(60 * SECOND, |world| world.nodes[USER].has_ended(&id)));
	assert_eq!(world.nodes[USER].answered[&id], b"the answer");
}

#[test]
fn a_hostile_packet_is_dropped_for_a_reason_and_counted() {
	let mut world = world(6);
	let mut noise = [0; 2252];
	rng(6).fill_bytes(&mut noise);
	assert_eq!(world.inject(0, peer_id(99), noise.into()), Some(DropReason::UnknownKey));
	world.settle(0);
	assert_eq!(dropped(&world, DropReason::UnknownKey), 1);
}

#[test]
#[should_panic(expected = "errors were logged")]
fn an_error_in_the_log_fails_the_test() {
	let mut world = world(7);
	log::error!(target: "mixnet", "something is wrong");
	world.run(SECOND);
}

#[test]
#[should_panic(expected = "packets were sent that nobody counted")]
fn packets_sent_behind_the_worlds_back_are_noticed() {
	let mut world = world(8);
	let mixnet = &mut world.nodes[0].mixnet;
	while mixnet.poll_transmit().is_none() {
		mixnet.handle_timeout(mixnet.poll_timeout().unwrap());
	}
	world.run(SECOND);
}

#[test]
#[should_panic(expected = "requests ended without an event, or never")]
fn a_request_posted_behind_the_worlds_back_is_noticed() {
	let mut world = world(9);
	let now = world.now();
	world.nodes[USER].mixnet.post_request(now, vec![1], 2, HandlingDelay::Extrinsic).unwrap();
	world.run(SECOND);
}
