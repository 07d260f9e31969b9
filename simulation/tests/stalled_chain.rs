//! A chain that stands still, and goes on some sessions later.

use mixnet_node_core::{MixnodesError, RelativeSession, Role, SessionPhase};
use mixnet_simulation::{answer, fast_config, World};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MIXNODES: usize = 6;

fn roles(world: &World) -> Vec<Role> {
	world.nodes.iter().map(|node| node.mixnet.role(RelativeSession::Current)).collect()
}

/// Is a request answered?
fn is_usable(world: &mut World) -> bool {
	let data = vec![7; 3000];
	let id = world.post(MIXNODES, data.clone(), 2);
	world.run_until(60 * SECOND, |world| world.nodes[MIXNODES].answered.get(&id) == Some(&answer(&data)))
}

#[test]
fn after_a_stall_of_several_sessions_the_next_one_is_mixed_in() {
	let mut world = World::in_session(1, MIXNODES, 1, fast_config);
	assert!(is_usable(&mut world));
	// While nothing is finalised, nodes may give up the keys, or may not have waited for long enough.
	for gives_up in [true, false] {
		if gives_up {
			let now = world.now();
			for node in 0..=MIXNODES {
				world.core(node).give_up_sessions(now);
			}
			world.run(SECOND);
			assert_eq!(roles(&world), [Role::Resting; MIXNODES + 1]);
		}
		// In the sessions that went by meanwhile, nobody could register.
		let session = world.chain.status.expect("it was set").current_index + 3;
		let nobody = MixnodesError::InsufficientRegistrations { num: 0, min: 3 };
		world.chain.mixnodes.insert(session, Err(nobody));
		world.set_status(session, SessionPhase::DisconnectFromPrev);
		assert_eq!(roles(&world), [Role::Resting; MIXNODES + 1]);
		// But for the next one they can, at any time in this one.
		world.register(0..MIXNODES);
		world.set_status(session + 1, SessionPhase::DisconnectFromPrev);
		assert!(roles(&world)[..MIXNODES].iter().all(|role| matches!(role, Role::Mixnode(_))));
		assert!(is_usable(&mut world));
	}
}

/// The key for the next session was never used, so it need not be given up.
#[test]
fn a_short_stall_costs_the_rest_of_its_session_only() {
	let mut world = World::in_session(2, MIXNODES, 1, fast_config);
	world.register(0..MIXNODES);
	let now = world.now();
	for node in 0..=MIXNODES {
		world.core(node).give_up_sessions(now);
	}
	// The chain goes on where it stood: the session is what it was, but the keys are gone.
	world.set_status(1, SessionPhase::DisconnectFromPrev);
	assert_eq!(roles(&world), [Role::Resting; MIXNODES + 1]);
	world.set_status(2, SessionPhase::DisconnectFromPrev);
	assert!(is_usable(&mut world));
}
