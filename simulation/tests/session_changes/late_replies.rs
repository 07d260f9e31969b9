//! Replies over SURBs from before a change, or after their request has ended.
//!
//! Nodes 0 to 2 are mixnodes, node 3 is the user who posts. Destinations hold requests until the test has them reply.

use mixnet_node_core::{DropReason, RequestId, SessionPhase, SessionStatus};
use mixnet_simulation::{answer, fast_config, Answers, News, World};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MIXNODES: [usize; 3] = [0, 1, 2];
const USER: usize = 3;
const DATA: &[u8] = b"what is asked";

/// A network in sessions 1 and 2, in this phase. A request of the user has come to its destination.
fn network_with_request(seed: u64, phase: SessionPhase) -> (World, RequestId) {
	// One attempt per destination, and queues short enough for its timer to end in seconds.
	let mut config = fast_config();
	config.parameters.hops = 3;
	config.parameters.mixnode_queue_capacity = 5;
	config.parameters.mixnode_mean_period_ms = 200;
	config.request.attempts = 1;
	let mut world = World::new(seed, 4, |_| config.clone());
	world.answers = Answers::Hold;
	world.begin(&MIXNODES, &MIXNODES, phase);
	world.run(SECOND);
	let id = world.post(USER, DATA.to_vec(), 2);
	assert!(world.run_until(30 * SECOND, |world| world.held.len() == 1));
	(world, id)
}

/// Lets the destination answer the `index`th held request.
fn reply(world: &mut World, index: usize) {
	let held = world.held.remove(index);
	let reply = answer(&held.data);
	world.reply(held.node, held, reply).unwrap();
	world.run(10 * SECOND);
}

fn unknown_surbs(world: &World) -> u64 {
	world.nodes[USER].mixnet.statistics().dropped(DropReason::UnknownSurb)
}

/// Checks that the request was answered, once, and that nothing is left of it.
fn assert_answered(world: &World, id: RequestId) {
	let user = &world.nodes[USER];
	assert_eq!(user.answered.get(&id), Some(&answer(DATA)));
	assert_eq!((user.answered.len(), user.failed.len()), (1, 0));
	let statistics = user.mixnet.statistics();
	assert_eq!((statistics.requests_pending, statistics.surbs_kept), (0, 0));
}

#[test]
fn a_reply_of_an_earlier_destination_answers_and_later_ones_are_dropped() {
	let (mut world, id) = network_with_request(1, SessionPhase::DisconnectFromPrev);
	assert!(world.run_until(60 * SECOND, |world| world.held.len() == 2), "the next destination gets it");
	assert_ne!(world.held[0].reply_to.message_id(), world.held[1].reply_to.message_id());
	assert!(world.nodes[USER].answered.is_empty());
	reply(&mut world, 0);
	assert_answered(&world, id);
	assert_eq!(unknown_surbs(&world), 1, "the reply's second copy");
	reply(&mut world, 0);
	assert_answered(&world, id);
	assert_eq!(unknown_surbs(&world), 3, "both copies of the other destination's reply");
	assert_eq!(world.nodes[USER].mixnet.statistics().replies_delivered, 1);
}

#[test]
fn a_reply_in_the_previous_session_answers_a_request_that_moved_on() {
	let (mut world, id) = network_with_request(2, SessionPhase::CoverToCurrent);
	assert_eq!(world.held[0].reply_to.session(), 1);
	// The user is ahead of the mixnodes: it sends requests in session 2 only.
	let ahead = SessionStatus { current_index: 2, phase: SessionPhase::CoverToPrev };
	world.tell_after(Duration::ZERO, USER, News::Status(ahead));
	let moved = |world: &World| world.held.iter().any(|held| held.reply_to.session() == 2);
	assert!(world.run_until(60 * SECOND, moved));
	assert_eq!(world.held.len(), 2);
	reply(&mut world, 0);
	assert_answered(&world, id);
	assert_eq!(unknown_surbs(&world), 1, "the reply's second copy");
	// The mixnodes follow, and the other destination replies as well.
	world.set_status(2, SessionPhase::CoverToPrev);
	reply(&mut world, 0);
	assert_answered(&world, id);
	assert_eq!(unknown_surbs(&world), 3, "both copies of the other destination's reply");
}

#[test]
fn a_reply_to_a_cancelled_request_is_dropped_and_counted() {
	let (mut world, id) = network_with_request(3, SessionPhase::DisconnectFromPrev);
	assert!(world.nodes[USER].mixnet.statistics().surbs_kept > 0);
	assert!(world.cancel(USER, id));
	assert!(!world.cancel(USER, id), "it is cancelled already");
	assert_eq!(world.nodes[USER].mixnet.statistics().surbs_kept, 0);
	reply(&mut world, 0);
	assert_eq!(unknown_surbs(&world), 2, "both copies of the reply");
	let user = &world.nodes[USER];
	assert_eq!((user.answered.len(), user.failed.len()), (0, 0));
	let statistics = user.mixnet.statistics();
	assert_eq!((statistics.requests_pending, statistics.replies_delivered), (0, 0));
}

#[test]
fn nothing_is_kept_of_a_request_that_moved_through_many_sessions() {
	// The user is so slow that none of the request's packets is sent, while sessions come and go.
	let config = |node| {
		let mut config = fast_config();
		config.parameters.hops = 3;
		if node == USER {
			config.parameters.non_mixnode_mean_period_ms = 24 * 60 * 60 * 1000;
		}
		config
	};
	let mut world = World::new(4, 4, config);
	world.begin(&MIXNODES, &MIXNODES, SessionPhase::DisconnectFromPrev);
	let id = world.post(USER, DATA.to_vec(), 2);
	for session in 3..15 {
		world.register(MIXNODES);
		world.set_status(session, SessionPhase::DisconnectFromPrev);
		world.run(SECOND / 10);
		let statistics = world.nodes[USER].mixnet.statistics();
		assert_eq!((statistics.requests_pending, statistics.current_authored_queue_len), (1, 2));
		assert_eq!(statistics.requests_authored, 0);
	}
	assert!(world.cancel(USER, id));
	let statistics = world.nodes[USER].mixnet.statistics();
	assert_eq!((statistics.current_authored_queue_len, statistics.surbs_kept), (0, 0));
}
