//! Networks of our nodes in virtual time: what a user asks for comes about, whatever phase, loss or rotation.

mod support;

use mixnet_node_core::{
	DropReason, HandlingDelay, MixnodesError, PostError, RelativeSession, Role, SessionPhase, SessionStatus,
};
use std::time::Duration;
use support::{answer, fast_config, Network};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn data(seed: usize, len: usize) -> Vec<u8> {
	(0..len).map(|index| (index * 31 + seed * 7 + index / 256) as u8).collect()
}

/// Nothing that is sent between connected nodes that all know the session is lost or refused.
fn assert_clean(network: &Network) {
	for node in &network.nodes {
		for (reason, count) in node.mixnet.statistics().drops() {
			let is_expected = matches!(
				reason,
				// Second copies of requests and replies; and what was on its way when its session ended.
				DropReason::RequestInCooldown
					| DropReason::RequestInProgress
					| DropReason::UnknownSurb
					| DropReason::RepeatedFragment
					| DropReason::LateReply
			);
			assert!(is_expected || count == 0, "{}: {count} dropped as {}", node.peer_id, reason.name());
		}
	}
}

#[test]
fn requests_are_answered_in_every_phase_by_mixnodes_and_others() {
	for phase in SessionPhase::ALL {
		// 0..6 are the previous session's mixnodes, 3..9 the current one's; 9 and 10 are never mixnodes.
		let mut network = Network::new(1, 11, |_| fast_config());
		network.begin(&[0, 1, 2, 3, 4, 5], &[3, 4, 5, 6, 7, 8], phase);
		network.run(SECOND);
		let posted: Vec<_> = (0..11)
			.map(|node| {
				// One fragment, and several.
				let data = data(node, if node % 2 == 0 { 100 } else { 5000 });
				(node, network.post(node, data.clone(), 2), data)
			})
			.collect();
		let done = network.run_until(5 * MINUTE, |network| {
			posted.iter().all(|(node, id, _)| network.nodes[*node].answered.contains_key(id))
		});
		for (node, id, data) in &posted {
			let node = &network.nodes[*node];
			assert_eq!(
				node.answered.get(id),
				Some(&answer(data)),
				"phase {phase}, {}: {:?}",
				node.peer_id,
				node.failed
			);
		}
		assert!(done);
		assert_clean(&network);
		for node in &network.nodes {
			let statistics = node.mixnet.statistics();
			assert_eq!(statistics.requests_pending, 0);
			assert_eq!(statistics.surbs_kept, 0, "the keys of finished requests' SURBs are freed");
		}
		// Requests went where the table says.
		for (index, node) in network.nodes.iter().enumerate() {
			let default_mixnodes = if phase == SessionPhase::CoverToCurrent { 0..6 } else { 3..9 };
			assert!(default_mixnodes.contains(&index) || node.received.is_empty(), "{phase}: {index}");
		}
	}
}

#[test]
fn requests_survive_lossy_links() {
	let mut network = Network::new(2, 8, |_| fast_config());
	network.loss = 0.05;
	network.begin(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], SessionPhase::DisconnectFromPrev);
	network.run(SECOND);
	let posted: Vec<_> = (0..8).flat_map(|node| [0, 1].map(|i| (node, data(node + i, 300)))).collect();
	let posted: Vec<_> =
		posted.into_iter().map(|(node, data)| (node, network.post(node, data.clone(), 2), data)).collect();
	network.run_until(60 * MINUTE, |network| {
		let done = |node: usize, id| {
			network.nodes[node].answered.contains_key(id) || network.nodes[node].failed.contains_key(id)
		};
		posted.iter().all(|(node, id, _)| done(*node, id))
	});
	for (node, id, data) in &posted {
		assert_eq!(network.nodes[*node].answered.get(id), Some(&answer(data)), "{:?}", network.nodes[*node].failed);
	}
}

#[test]
fn a_request_that_nobody_answers_fails_after_all_its_tries() {
	let config = || {
		// The far queue's bound is in the retry timer.
		let mut config = fast_config();
		config.parameters.hops = 3;
		config.parameters.mixnode_queue_capacity = 5;
		config
	};
	let mut network = Network::new(3, 6, |_| config());
	network.answering = false;
	network.begin(&[0, 1, 2, 3, 4], &[0, 1, 2, 3, 4], SessionPhase::DisconnectFromPrev);
	let id = network.post(5, data(0, 10), 2);
	assert!(network.run_until(60 * MINUTE, |network| network.nodes[5].failed.contains_key(&id)));
	assert_eq!(network.nodes[5].failed[&id], "no destination replied");
	let sum: usize = network.nodes.iter().flat_map(|node| node.received.values()).sum();
	// 3 destinations, 2 attempts, 2 copies; abandoned requests are new each time they come.
	assert_eq!(sum, 12);
	let statistics = network.nodes[5].mixnet.statistics();
	assert_eq!((statistics.requests_authored, statistics.requests_pending, statistics.surbs_kept), (12, 0, 0));
}

#[test]
fn requests_in_flight_survive_session_rotation() {
	let mut network = Network::new(4, 12, |_| fast_config());
	network.begin(&[0, 1, 2, 3, 4, 5], &[3, 4, 5, 6, 7, 8], SessionPhase::CoverToCurrent);
	let mut posted = Vec::new();
	for session in 2..6 {
		// Another half of the nodes takes over in each session.
		let next: Vec<_> = (0..6).map(|node| (node + 3 * (session as usize)) % 12).collect();
		network.register(next);
		for (step, phase) in SessionPhase::ALL.into_iter().enumerate() {
			if session > 2 || step > 0 {
				network.set_status(session, phase);
			}
			for node in 0..12 {
				let data = data(node + step * 12, 200);
				posted.push((node, network.post(node, data.clone(), 2), data));
			}
			// Not long enough for most of them.
			network.run(SECOND);
		}
	}
	network.run_until(30 * MINUTE, |network| {
		posted.iter().all(|(node, id, _)| network.nodes[*node].answered.contains_key(id))
	});
	for (node, id, data) in &posted {
		assert_eq!(network.nodes[*node].answered.get(id), Some(&answer(data)), "{:?}", network.nodes[*node].failed);
	}
	for node in &network.nodes {
		let statistics = node.mixnet.statistics();
		assert_eq!((statistics.requests_pending, statistics.previous_authored_queue_len), (0, 0));
	}
}

#[test]
fn queues_are_bounded_and_what_they_refuse_is_counted() {
	let config = || {
		let mut config = fast_config();
		config.parameters.forward_queue_capacity = 12;
		config.parameters.mixnode_queue_capacity = 4;
		config.request.capacity = 5;
		config
	};
	let mut network = Network::new(5, 6, |_| config());
	network.begin(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], SessionPhase::DisconnectFromPrev);
	let delay = HandlingDelay::Fixed(SECOND);
	let mut refused = 0;
	for _ in 0..150 {
		for node in 0..6 {
			let now = network.now;
			match network.nodes[node].mixnet.post_request(now, data(node, 3000), 2, delay) {
				Ok(_) => (),
				Err(PostError::TooManyRequests { capacity: 5, .. } | PostError::NoRoom { .. }) => refused += 1,
				Err(error) => panic!("{error}"),
			}
		}
		network.run(Duration::from_millis(100));
		for node in &network.nodes {
			let statistics = node.mixnet.statistics();
			assert!(statistics.forward_queue_len <= 12);
			assert!(statistics.current_authored_queue_len <= 4);
			assert!(statistics.requests_pending <= 5);
			assert!(statistics.surbs_kept <= 200);
		}
	}
	assert!(refused > 0);
	let dropped = |reason| network.nodes.iter().map(|node| node.mixnet.statistics().dropped(reason)).sum::<u64>();
	assert!(dropped(DropReason::ForwardQueueFull) > 0);
	assert!(dropped(DropReason::ReplyQueueFull) > 0);
}

#[test]
fn the_mixnet_rests_with_a_clear_error_and_uses_the_other_session_where_it_may() {
	let resting = || Err(MixnodesError::InsufficientRegistrations { num: 2, min: 10 });
	let post = |network: &mut Network| {
		let now = network.now;
		network.nodes[7].mixnet.post_request(now, vec![1, 2, 3], 2, HandlingDelay::Extrinsic)
	};

	// The current session rests. Phases 0 and 1 allow requests in the previous one.
	let mut network = Network::new(6, 8, |_| fast_config());
	network.mixnodes.insert(2, resting());
	network.set_status(0, SessionPhase::DisconnectFromPrev);
	network.register(0..6);
	network.set_status(1, SessionPhase::DisconnectFromPrev);
	for phase in [SessionPhase::CoverToCurrent, SessionPhase::RequestsToCurrent] {
		network.set_status(2, phase);
		network.run(SECOND);
		assert_eq!(network.nodes[7].mixnet.role(RelativeSession::Current), Role::Resting);
		let id = post(&mut network).unwrap();
		assert!(network.run_until(5 * MINUTE, |network| network.nodes[7].answered.contains_key(&id)), "{phase}");
	}
	// A request that is pending when there is no session left is told so.
	let id = post(&mut network).unwrap();
	network.set_status(2, SessionPhase::CoverToPrev);
	assert_eq!(
		network.nodes[7].failed.get(&id).map(String::as_str),
		Some("the mixnet rests in session 2: 2 mixnodes registered, a session needs 10")
	);
	for phase in [SessionPhase::CoverToPrev, SessionPhase::DisconnectFromPrev] {
		network.set_status(2, phase);
		let error = post(&mut network).unwrap_err();
		assert!(matches!(error, PostError::Resting { session: 2, .. }), "{error}");
		assert_eq!(
			error.to_string(),
			"the mixnet rests in session 2: 2 mixnodes registered, a session needs 10; try again in the next session"
		);
	}

	// The previous session rests. From phase 1 on the current one takes requests.
	let mut network = Network::new(7, 8, |_| fast_config());
	network.mixnodes.insert(1, resting());
	network.set_status(1, SessionPhase::DisconnectFromPrev);
	network.register(0..6);
	network.set_status(2, SessionPhase::CoverToCurrent);
	assert!(matches!(post(&mut network), Err(PostError::Resting { session: 1, .. })));
	network.set_status(2, SessionPhase::RequestsToCurrent);
	let id = post(&mut network).unwrap();
	assert!(network.run_until(5 * MINUTE, |network| network.nodes[7].answered.contains_key(&id)));
}

#[test]
fn the_same_seed_gives_the_same_run() {
	let run = |seed| {
		let mut network = Network::new(seed, 8, |_| fast_config());
		network.loss = 0.02;
		network.begin(&[0, 1, 2, 3, 4], &[2, 3, 4, 5, 6], SessionPhase::RequestsToCurrent);
		for node in 0..8 {
			network.post(node, data(node, 700 * node), 2);
		}
		network.run(2 * SECOND);
		network.set_status(2, SessionPhase::DisconnectFromPrev);
		network.run(2 * SECOND);
		let statistics: Vec<_> = network.nodes.iter().map(|node| node.mixnet.statistics()).collect();
		(network.trace, statistics)
	};
	let first = run(8);
	assert_eq!(first, run(8));
	assert_ne!(first.0, run(9).0);
}

#[test]
fn loop_cover_comes_back_and_its_loss_shows() {
	let config = || {
		let mut config = fast_config();
		config.parameters.hops = 3;
		config.parameters.loop_cover_permille = 750;
		config
	};
	let mut network = Network::new(10, 6, |_| config());
	network.begin(&[0, 1, 2, 3], &[0, 1, 2, 3], SessionPhase::DisconnectFromPrev);
	network.run(10 * SECOND);
	for node in &network.nodes {
		let statistics = node.mixnet.statistics();
		assert!(statistics.loop_cover_authored > 50);
		// Those of the last second are on their way.
		assert!(statistics.loop_cover_returned + 30 > statistics.loop_cover_authored, "{statistics:?}");
	}
	assert_clean(&network);
	network.loss = 0.5;
	let before = network.nodes[0].mixnet.statistics();
	network.run(10 * SECOND);
	let after = network.nodes[0].mixnet.statistics();
	let authored = after.loop_cover_authored - before.loop_cover_authored;
	let returned = after.loop_cover_returned - before.loop_cover_returned;
	assert!(returned < authored / 2);
}

#[test]
fn tiny_sessions_work() {
	for mixnodes in 2..4 {
		let mut network = Network::new(11, mixnodes + 1, |_| fast_config());
		let all: Vec<_> = (0..mixnodes).collect();
		network.begin(&all, &all, SessionPhase::DisconnectFromPrev);
		network.run(SECOND);
		let ids: Vec<_> = (0..=mixnodes).map(|node| network.post(node, data(node, 100), 2)).collect();
		let done = network.run_until(5 * MINUTE, |network| {
			ids.iter().enumerate().all(|(node, id)| network.nodes[node].answered.contains_key(id))
		});
		assert!(done, "{mixnodes} mixnodes");
		assert_clean(&network);
	}
}

#[test]
fn a_node_that_joins_late_or_skips_sessions_takes_part_again() {
	let mut network = Network::new(12, 8, |_| fast_config());
	network.begin(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], SessionPhase::CoverToCurrent);
	// The chain moves on by three sessions at once; nobody could register in between.
	network.mixnodes.insert(4, Err(MixnodesError::InsufficientRegistrations { num: 0, min: 1 }));
	network.mixnodes.insert(5, Err(MixnodesError::InsufficientRegistrations { num: 0, min: 1 }));
	network.set_status(5, SessionPhase::RequestsToCurrent);
	assert_eq!(network.nodes[0].mixnet.reserved_peers(), vec![]);
	assert_eq!(network.nodes[0].mixnet.poll_timeout(), None);
	network.register(0..6);
	network.set_status(6, SessionPhase::RequestsToCurrent);
	network.run(SECOND);
	let id = network.post(7, data(0, 100), 2);
	assert!(network.run_until(5 * MINUTE, |network| network.nodes[7].answered.contains_key(&id)));
	let status = SessionStatus { current_index: 6, phase: SessionPhase::RequestsToCurrent };
	assert_eq!(network.nodes[7].mixnet.session_status(), Some(status));
}
