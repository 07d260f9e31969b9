//! The heap that loop cover takes, compared with what [`Config::memory_bytes`] allows for it.
//!
//! No loop comes back, so in the end all are overdue, and every mixnode and link has a score.

use cap::Cap;
use mixnet_node_core::{Config, KxSecret, Mixnet, Parameters, RelativeSession, SessionPhase, Time};
use mixnet_simulation::{mixnode, ours, peer_id, rng};
use std::{alloc::System, time::Duration};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const MIXNODES: usize = 30;

#[test]
fn loops_stay_within_their_part_of_the_memory() {
	let parameters = |loop_cover_permille| Parameters {
		hops: 3,
		mixnode_mean_period_ms: 10,
		mixnode_queue_capacity: 10,
		loop_cover_permille,
		..Parameters::default()
	};
	let mut config = Config { parameters: parameters(900), ..Config::default() };
	// Losses weigh from the start, so that everything is kept that is ever kept.
	config.loops.settling = Duration::ZERO;
	let bound = |loop_cover_permille| config.memory_bytes(&parameters(loop_cover_permille), MIXNODES);

	let secret = KxSecret::from_bytes([1; 32]);
	let mut mixnodes: Vec<_> = (1..MIXNODES)
		.map(|index| mixnode(peer_id(index), KxSecret::from_bytes([index as u8 + 1; 32]).public()))
		.collect();
	mixnodes.push(mixnode(peer_id(0), secret.public()));
	let mut now = Time::from_duration(Duration::from_secs(1));
	let mut mixnet = Mixnet::new(config.clone(), peer_id(0), rng(1), Some(secret)).unwrap();
	ours::set_status(&mut mixnet, now, 0, SessionPhase::DisconnectFromPrev);
	ours::set_session(&mut mixnet, now, 0, None, Ok(mixnodes));
	while mixnet.poll_event().is_some() {}
	// Otherwise no loss would be evidence.
	for peer in mixnet.reserved_peers() {
		mixnet.peer_connected(now, peer.peer_id);
	}

	let before = HEAP.allocated();
	let end = now + Duration::from_secs(120);
	let mut most = 0;
	while now < end {
		now = mixnet.poll_timeout().unwrap();
		mixnet.handle_timeout(now);
		while mixnet.poll_transmit().is_some() {}
		while mixnet.poll_event().is_some() {}
		most = most.max(HEAP.allocated().saturating_sub(before));
	}
	let report = mixnet.loop_report(RelativeSession::Current).unwrap();
	assert!(report.lost > 9_000 && report.links.len() > 500, "{} {}", report.lost, report.links.len());
	// The bound is for two sessions; there is one here. It is not zero without loops.
	let reckoned = (bound(900) - bound(0)) / 2;
	println!("{most} bytes of heap at most, of {reckoned} that are reckoned for loops of a session");
	assert!(most < reckoned, "{most} bytes, {reckoned} reckoned");
	assert!(most > reckoned / 20, "{most} bytes are so few that {reckoned} mean nothing");
}
