//! Replies that come over SURBs of before a change, or when nobody waits for them any more.
//!
//! Nodes 0 to 2 are mixnodes, node 3 is the user who posts. Requests are held by their destinations until the test says
//! so.

use crate::support::{answer, fast_config, Network, News};
use mixnet_node_core::{DropReason, RequestId, SessionPhase, SessionStatus};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MIXNODES: [usize; 3] = [0, 1, 2];
const USER: usize = 3;
const DATA: &[u8] = b"what is asked";

/// In sessions 1 and 2, in this phase; a request of the user has come to its destination.
fn network_with_request(seed: u64, phase: SessionPhase) -> (Network, RequestId) {
	// One attempt per destination, and queues short enough for its timer to end in seconds.
	let mut config = fast_config();
	config.parameters.hops = 3;
	config.parameters.mixnode_queue_capacity = 5;
	config.parameters.mixnode_mean_period_ms = 200;
	config.request.attempts = 1;
	let mut network = Network::new(seed, 4, |_| config.clone());
	network.holding = true;
	network.begin(&MIXNODES, &MIXNODES, phase);
	network.run(SECOND);
	let id = network.post(USER, DATA.to_vec(), 2);
	assert!(network.run_until(30 * SECOND, |network| network.held.len() == 1));
	(network, id)
}

/// Lets the destination answer the request that came as the `index`th of those that are held.
fn reply(network: &mut Network, index: usize) {
	let held = network.held.remove(index);
	let now = network.now;
	network.nodes[held.node].mixnet.post_reply(now, held.reply_to, answer(&held.data)).unwrap();
	network.run(10 * SECOND);
}

fn unknown_surbs(network: &Network) -> u64 {
	network.nodes[USER].mixnet.statistics().dropped(DropReason::UnknownSurb)
}

/// The request was answered, once, and nothing is left of it.
fn assert_answered(network: &Network, id: RequestId) {
	let user = &network.nodes[USER];
	assert_eq!(user.answered.get(&id), Some(&answer(DATA)));
	assert_eq!((user.answered.len(), user.failed.len()), (1, 0));
	let statistics = user.mixnet.statistics();
	assert_eq!((statistics.requests_pending, statistics.surbs_kept), (0, 0));
}

#[test]
fn a_reply_of_an_earlier_destination_answers_the_request_and_later_ones_are_dropped() {
	let (mut network, id) = network_with_request(1, SessionPhase::DisconnectFromPrev);
	assert!(network.run_until(60 * SECOND, |network| network.held.len() == 2), "the next destination gets it");
	assert_ne!(network.held[0].reply_to.message_id(), network.held[1].reply_to.message_id());
	assert!(network.nodes[USER].answered.is_empty());
	reply(&mut network, 0);
	assert_answered(&network, id);
	assert_eq!(unknown_surbs(&network), 1, "the reply's second copy");
	reply(&mut network, 0);
	assert_answered(&network, id);
	assert_eq!(unknown_surbs(&network), 3, "both copies of the other destination's reply");
	assert_eq!(network.nodes[USER].mixnet.statistics().replies_delivered, 1);
}

#[test]
fn a_reply_in_the_session_before_answers_a_request_that_has_moved_to_the_next() {
	let (mut network, id) = network_with_request(2, SessionPhase::CoverToCurrent);
	assert_eq!(network.held[0].reply_to.session(), 1);
	// The user is ahead of the mixnodes: for it, requests go to session 2 only.
	let ahead = SessionStatus { current_index: 2, phase: SessionPhase::CoverToPrev };
	network.tell_after(Duration::ZERO, USER, News::Status(ahead));
	let moved = |network: &Network| network.held.iter().any(|held| held.reply_to.session() == 2);
	assert!(network.run_until(60 * SECOND, moved));
	assert_eq!(network.held.len(), 2);
	reply(&mut network, 0);
	assert_answered(&network, id);
	assert_eq!(unknown_surbs(&network), 1, "the reply's second copy");
	// The mixnodes follow, and the other destination replies as well.
	network.set_status(2, SessionPhase::CoverToPrev);
	reply(&mut network, 0);
	assert_answered(&network, id);
	assert_eq!(unknown_surbs(&network), 3, "both copies of the other destination's reply");
}

#[test]
fn a_reply_to_a_cancelled_request_is_dropped_and_counted() {
	let (mut network, id) = network_with_request(3, SessionPhase::DisconnectFromPrev);
	let now = network.now;
	let mixnet = &mut network.nodes[USER].mixnet;
	assert!(mixnet.statistics().surbs_kept > 0);
	assert!(mixnet.cancel_request(now, id));
	assert!(!mixnet.cancel_request(now, id), "it is cancelled already");
	assert_eq!(mixnet.statistics().surbs_kept, 0);
	reply(&mut network, 0);
	assert_eq!(unknown_surbs(&network), 2, "both copies of the reply");
	let user = &network.nodes[USER];
	assert_eq!((user.answered.len(), user.failed.len()), (0, 0));
	let statistics = user.mixnet.statistics();
	assert_eq!((statistics.requests_pending, statistics.replies_delivered), (0, 0));
}

#[test]
fn nothing_is_kept_of_a_request_that_moved_through_many_sessions() {
	// A user so slow that no packet of the request is ever sent, while sessions come and go.
	let config = |node| {
		let mut config = fast_config();
		config.parameters.hops = 3;
		if node == USER {
			config.parameters.non_mixnode_mean_period_ms = 24 * 60 * 60 * 1000;
		}
		config
	};
	let mut network = Network::new(4, 4, config);
	network.begin(&MIXNODES, &MIXNODES, SessionPhase::DisconnectFromPrev);
	let id = network.post(USER, DATA.to_vec(), 2);
	for session in 3..15 {
		network.register(MIXNODES);
		network.set_status(session, SessionPhase::DisconnectFromPrev);
		network.run(SECOND / 10);
		let statistics = network.nodes[USER].mixnet.statistics();
		assert_eq!((statistics.requests_pending, statistics.current_authored_queue_len), (1, 2));
		assert_eq!(statistics.requests_authored, 0);
	}
	let now = network.now;
	assert!(network.nodes[USER].mixnet.cancel_request(now, id));
	let statistics = network.nodes[USER].mixnet.statistics();
	assert_eq!((statistics.current_authored_queue_len, statistics.surbs_kept), (0, 0));
}
