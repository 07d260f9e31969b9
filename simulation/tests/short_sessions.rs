//! Sessions shorter than the retry timer, as on the example chain: requests end all the same.

use mixnet_node_core::{Config, SessionPhase};
use mixnet_simulation::{Answers, World};
use std::time::Duration;

const PHASE: Duration = Duration::from_secs(12);
const LAST_PHASE: Duration = Duration::from_secs(24);

/// The default rates, but mixnodes send less cover, which would only take computing time.
fn config() -> Config {
	let mut config = Config::default();
	config.parameters.mixnode_mean_period_ms = 1000;
	config
}

/// Runs sessions of a minute, with phases of twelve seconds, until `done` or until `sessions` have passed.
fn run_sessions(world: &mut World, sessions: u32, mut done: impl FnMut(&World) -> bool) -> bool {
	for session in 3..3 + sessions {
		world.register(0..5);
		for phase in SessionPhase::ALL {
			world.set_status(session, phase);
			let time = if phase == SessionPhase::DisconnectFromPrev { LAST_PHASE } else { PHASE };
			if world.run_until(time, &mut done) {
				return true;
			}
		}
	}
	false
}

#[test]
fn requests_that_nobody_answers_fail_within_minutes() {
	for requests in [1, 20] {
		let mut world = World::new(30 + requests, 6, |_| config());
		world.answers = Answers::Never;
		world.begin(&[0, 1, 2, 3, 4], &[0, 1, 2, 3, 4], SessionPhase::DisconnectFromPrev);
		for request in 0..requests {
			world.post(5, vec![request as u8], 2);
		}
		let ended = run_sessions(&mut world, 30, |world| world.nodes[5].failed.len() as u64 == requests);
		assert!(ended, "{} of {requests} have failed", world.nodes[5].failed.len());
		let statistics = world.nodes[5].mixnet.statistics();
		assert_eq!((statistics.requests_pending, statistics.surbs_kept), (0, 0));
	}
}

#[test]
fn requests_are_answered_across_sessions() {
	let mut world = World::new(40, 6, |_| config());
	world.begin(&[0, 1, 2, 3, 4], &[0, 1, 2, 3, 4], SessionPhase::DisconnectFromPrev);
	for request in 0..20 {
		world.post(5, vec![request], 2);
	}
	assert!(run_sessions(&mut world, 30, |world| world.nodes[5].answered.len() == 20));
	assert!(world.nodes[5].failed.is_empty());
}
