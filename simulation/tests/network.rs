//! Networks of our nodes in virtual time: requests are answered in every phase, with losses and across rotations.

use mixnet_node_core::{
	DropReason, HandlingDelay, MixnodesError, PostError, RelativeSession, Role, SessionPhase, SessionStatus,
};
use mixnet_simulation::{answer, fast_config, Answers, World};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn data(seed: usize, len: usize) -> Vec<u8> {
	(0..len).map(|index| (index * 31 + seed * 7 + index / 256) as u8).collect()
}

/// Checks that no packet is lost or refused between connected nodes that all know the session.
fn assert_clean(world: &World) {
	for node in &world.nodes {
		for (reason, count) in node.mixnet.statistics().drops() {
			let is_expected = matches!(
				reason,
				// Second copies of requests and replies, and packets in flight when their session ended.
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
		let mut world = World::new(1, 11, |_| fast_config());
		world.begin(&[0, 1, 2, 3, 4, 5], &[3, 4, 5, 6, 7, 8], phase);
		world.run(SECOND);
		let posted: Vec<_> = (0..11)
			.map(|node| {
				// Requests of one fragment and of several.
				let data = data(node, if node % 2 == 0 { 100 } else { 5000 });
				(node, world.post(node, data.clone(), 2), data)
			})
			.collect();
		let done = world.run_until(5 * MINUTE, |world| {
			posted.iter().all(|(node, id, _)| world.nodes[*node].answered.contains_key(id))
		});
		for (node, id, data) in &posted {
			let node = &world.nodes[*node];
			assert_eq!(
				node.answered.get(id),
				Some(&answer(data)),
				"phase {phase}, {}: {:?}",
				node.peer_id,
				node.failed
			);
		}
		assert!(done);
		assert_clean(&world);
		for node in &world.nodes {
			let statistics = node.mixnet.statistics();
			assert_eq!(statistics.requests_pending, 0);
			assert_eq!(statistics.surbs_kept, 0, "the keys of finished requests' SURBs are freed");
		}
		// Requests went in the session that the table names.
		for (index, node) in world.nodes.iter().enumerate() {
			let default_mixnodes = if phase == SessionPhase::CoverToCurrent { 0..6 } else { 3..9 };
			assert!(default_mixnodes.contains(&index) || node.received.is_empty(), "{phase}: {index}");
		}
	}
}

#[test]
fn requests_survive_lossy_links() {
	let mut world = World::new(2, 8, |_| fast_config());
	world.faults().loss = 0.05;
	world.begin(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], SessionPhase::DisconnectFromPrev);
	world.run(SECOND);
	let posted: Vec<_> = (0..8).flat_map(|node| [0, 1].map(|i| (node, data(node + i, 300)))).collect();
	let posted: Vec<_> =
		posted.into_iter().map(|(node, data)| (node, world.post(node, data.clone(), 2), data)).collect();
	world.run_until(60 * MINUTE, |world| {
		let done =
			|node: usize, id| world.nodes[node].answered.contains_key(id) || world.nodes[node].failed.contains_key(id);
		posted.iter().all(|(node, id, _)| done(*node, id))
	});
	for (node, id, data) in &posted {
		assert_eq!(world.nodes[*node].answered.get(id), Some(&answer(data)), "{:?}", world.nodes[*node].failed);
	}
}

#[test]
fn a_request_that_nobody_answers_fails_after_all_its_tries() {
	let config = || {
		// The retry timer includes the other nodes' queues, so they are short.
		let mut config = fast_config();
		config.parameters.hops = 3;
		config.parameters.mixnode_queue_capacity = 5;
		config
	};
	let mut world = World::new(3, 6, |_| config());
	world.answers = Answers::Never;
	world.begin(&[0, 1, 2, 3, 4], &[0, 1, 2, 3, 4], SessionPhase::DisconnectFromPrev);
	let id = world.post(5, data(0, 10), 2);
	assert!(world.run_until(60 * MINUTE, |world| world.nodes[5].failed.contains_key(&id)));
	assert_eq!(world.nodes[5].failed[&id], "no destination replied");
	let sum: usize = world.nodes.iter().flat_map(|node| node.received.values()).sum();
	// 3 destinations, 2 attempts, 2 copies. Abandoned requests are new each time they come.
	assert_eq!(sum, 12);
	let statistics = world.nodes[5].mixnet.statistics();
	assert_eq!((statistics.requests_authored, statistics.requests_pending, statistics.surbs_kept), (12, 0, 0));
}

#[test]
fn requests_in_flight_survive_session_rotation() {
	let mut world = World::new(4, 12, |_| fast_config());
	world.begin(&[0, 1, 2, 3, 4, 5], &[3, 4, 5, 6, 7, 8], SessionPhase::CoverToCurrent);
	let mut posted = Vec::new();
	for session in 2..6 {
		// The halves of the nodes take turns as mixnodes.
		let next: Vec<_> = (0..6).map(|node| (node + 3 * (session as usize)) % 12).collect();
		world.register(next);
		for (step, phase) in SessionPhase::ALL.into_iter().enumerate() {
			if session > 2 || step > 0 {
				world.set_status(session, phase);
			}
			for node in 0..12 {
				let data = data(node + step * 12, 200);
				posted.push((node, world.post(node, data.clone(), 2), data));
			}
			// Too short for most of them to be answered.
			world.run(SECOND);
		}
	}
	world.run_until(30 * MINUTE, |world| {
		posted.iter().all(|(node, id, _)| world.nodes[*node].answered.contains_key(id))
	});
	for (node, id, data) in &posted {
		assert_eq!(world.nodes[*node].answered.get(id), Some(&answer(data)), "{:?}", world.nodes[*node].failed);
	}
	for node in &world.nodes {
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
	let mut world = World::new(5, 6, |_| config());
	world.begin(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], SessionPhase::DisconnectFromPrev);
	let delay = HandlingDelay::Fixed(SECOND);
	let mut refused = 0;
	for _ in 0..150 {
		for node in 0..6 {
			match world.try_post(node, data(node, 3000), 2, delay) {
				Ok(_) => (),
				Err(PostError::TooManyRequests { capacity: 5, .. } | PostError::NoRoom { .. }) => refused += 1,
				Err(error) => panic!("{error}"),
			}
		}
		world.run(Duration::from_millis(100));
		for node in &world.nodes {
			let statistics = node.mixnet.statistics();
			assert!(statistics.forward_queue_len <= 11 * 12);
			assert!(statistics.current_authored_queue_len <= 4);
			assert!(statistics.requests_pending <= 5);
			assert!(statistics.surbs_kept <= 200);
		}
	}
	assert!(refused > 0);
	let dropped = |reason| world.nodes.iter().map(|node| node.mixnet.statistics().dropped(reason)).sum::<u64>();
	assert!(dropped(DropReason::ForwardQueueFull) + dropped(DropReason::ForwardShareUsed) > 0);
	assert!(dropped(DropReason::ReplyQueueFull) > 0);
}

#[test]
fn the_mixnet_rests_with_a_clear_error_and_uses_the_other_session() {
	let resting = || Err(MixnodesError::InsufficientRegistrations { num: 2, min: 10 });
	let post = |world: &mut World| world.try_post(7, vec![1, 2, 3], 2, HandlingDelay::Extrinsic);

	// The current session rests. Phases 0 and 1 allow requests in the previous one.
	let mut world = World::new(6, 8, |_| fast_config());
	world.chain.mixnodes.insert(2, resting());
	world.set_status(0, SessionPhase::DisconnectFromPrev);
	world.register(0..6);
	world.set_status(1, SessionPhase::DisconnectFromPrev);
	for phase in [SessionPhase::CoverToCurrent, SessionPhase::RequestsToCurrent] {
		world.set_status(2, phase);
		world.run(SECOND);
		assert_eq!(world.nodes[7].mixnet.role(RelativeSession::Current), Role::Resting);
		let id = post(&mut world).unwrap();
		assert!(world.run_until(5 * MINUTE, |world| world.nodes[7].answered.contains_key(&id)), "{phase}");
	}
	// A request that is pending when no session is left fails with that reason.
	let id = post(&mut world).unwrap();
	world.set_status(2, SessionPhase::CoverToPrev);
	assert_eq!(
		world.nodes[7].failed.get(&id).map(String::as_str),
		Some("the mixnet rests in session 2: 2 mixnodes registered, a session needs 10")
	);
	for phase in [SessionPhase::CoverToPrev, SessionPhase::DisconnectFromPrev] {
		world.set_status(2, phase);
		let error = post(&mut world).unwrap_err();
		assert!(matches!(error, PostError::Resting { session: 2, .. }), "{error}");
		assert_eq!(
			error.to_string(),
			"the mixnet rests in session 2: 2 mixnodes registered, a session needs 10; try again in the next session"
		);
	}

	// The previous session rests. From phase 1 on the current one takes requests.
	let mut world = World::new(7, 8, |_| fast_config());
	world.chain.mixnodes.insert(1, resting());
	world.set_status(1, SessionPhase::DisconnectFromPrev);
	world.register(0..6);
	world.set_status(2, SessionPhase::CoverToCurrent);
	assert!(matches!(post(&mut world), Err(PostError::Resting { session: 1, .. })));
	world.set_status(2, SessionPhase::RequestsToCurrent);
	let id = post(&mut world).unwrap();
	assert!(world.run_until(5 * MINUTE, |world| world.nodes[7].answered.contains_key(&id)));
}

#[test]
fn the_same_seed_gives_the_same_run() {
	let run = |seed| {
		let mut world = World::new(seed, 8, |_| fast_config());
		world.faults().loss = 0.02;
		world.begin(&[0, 1, 2, 3, 4], &[2, 3, 4, 5, 6], SessionPhase::RequestsToCurrent);
		for node in 0..8 {
			world.post(node, data(node, 700 * node), 2);
		}
		world.run(2 * SECOND);
		world.set_status(2, SessionPhase::DisconnectFromPrev);
		world.run(2 * SECOND);
		let statistics: Vec<_> = world.nodes.iter().map(|node| node.mixnet.statistics()).collect();
		(world.digest.checkpoint(), statistics)
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
	let mut world = World::new(10, 6, |_| config());
	world.begin(&[0, 1, 2, 3], &[0, 1, 2, 3], SessionPhase::DisconnectFromPrev);
	world.run(10 * SECOND);
	for node in &world.nodes {
		let statistics = node.mixnet.statistics();
		assert!(statistics.loop_cover_authored > 50);
		// Those of the last second are in flight.
		assert!(statistics.loop_cover_returned + 30 > statistics.loop_cover_authored, "{statistics:?}");
	}
	assert_clean(&world);
	world.faults().loss = 0.5;
	let before = world.nodes[0].mixnet.statistics();
	world.run(10 * SECOND);
	let after = world.nodes[0].mixnet.statistics();
	let authored = after.loop_cover_authored - before.loop_cover_authored;
	let returned = after.loop_cover_returned - before.loop_cover_returned;
	assert!(returned < authored / 2);
}

#[test]
fn tiny_sessions_work() {
	for mixnodes in 2..4 {
		let mut world = World::new(11, mixnodes + 1, |_| fast_config());
		let all: Vec<_> = (0..mixnodes).collect();
		world.begin(&all, &all, SessionPhase::DisconnectFromPrev);
		world.run(SECOND);
		let ids: Vec<_> = (0..=mixnodes).map(|node| world.post(node, data(node, 100), 2)).collect();
		let done = world.run_until(5 * MINUTE, |world| {
			ids.iter().enumerate().all(|(node, id)| world.nodes[node].answered.contains_key(id))
		});
		assert!(done, "{mixnodes} mixnodes");
		assert_clean(&world);
	}
}

#[test]
fn a_node_that_joins_late_or_skips_sessions_takes_part_again() {
	let mut world = World::new(12, 8, |_| fast_config());
	world.begin(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], SessionPhase::CoverToCurrent);
	// The chain moves on by three sessions at once. Nobody could register in between.
	world.chain.mixnodes.insert(4, Err(MixnodesError::InsufficientRegistrations { num: 0, min: 1 }));
	world.chain.mixnodes.insert(5, Err(MixnodesError::InsufficientRegistrations { num: 0, min: 1 }));
	world.set_status(5, SessionPhase::RequestsToCurrent);
	assert_eq!(world.nodes[0].mixnet.reserved_peers(), vec![]);
	assert_eq!(world.nodes[0].mixnet.poll_timeout(), None);
	world.register(0..6);
	world.set_status(6, SessionPhase::RequestsToCurrent);
	world.run(SECOND);
	let id = world.post(7, data(0, 100), 2);
	assert!(world.run_until(5 * MINUTE, |world| world.nodes[7].answered.contains_key(&id)));
	let status = SessionStatus { current_index: 6, phase: SessionPhase::RequestsToCurrent };
	assert_eq!(world.nodes[7].mixnet.session_status(), Some(status));
}
