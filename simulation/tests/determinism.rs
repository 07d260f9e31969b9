//! Same seed, same inputs and times: the same outputs, byte for byte.
//!
//! Twenty nodes live through ten virtual minutes and two session changes, over links that lose packets and let them
//! overtake one another. The world's digest is noted every second, so that a difference is found where it begins.

use mixnet_node_core::{Config, DropReason, Parameters, SessionPhase, Statistics};
use mixnet_simulation::{Checkpoint, World};
use std::{thread, time::Duration};
use SessionPhase::{CoverToCurrent, CoverToPrev, DisconnectFromPrev, RequestsToCurrent};

const SECOND: Duration = Duration::from_secs(1);
const NODES: usize = 20;
const MINUTES: usize = 10;

/// The result of a run: a checkpoint per second, and counts that show that the run was not idle.
struct Run {
	checkpoints: Vec<Checkpoint>,
	posted: usize,
	answered: usize,
	/// The statistics of every node.
	statistics: Vec<Statistics>,
}

impl Run {
	fn sum(&self, count: impl Fn(&Statistics) -> u64) -> u64 {
		self.statistics.iter().map(count).sum()
	}
}

/// The default delays and hops. Ten minutes at the default rates would take minutes of computing: a mixnode sends every
/// 1.2 s, a user every 3 s.
fn config() -> Config {
	let parameters = Parameters {
		mixnode_mean_period_ms: 1200,
		mixnode_queue_capacity: 10,
		non_mixnode_mean_period_ms: 3000,
		non_mixnode_queue_capacity: 10,
		..Parameters::default()
	};
	Config { parameters, ..Config::default() }
}

/// The mixnodes of sessions 1 to 3. Node 7 leaves them and comes back, node 8 joins and leaves.
const MIXNODES: [[usize; 8]; 3] = [[0, 1, 2, 3, 4, 5, 6, 7], [8, 1, 2, 3, 4, 5, 6, 0], [9, 1, 2, 3, 4, 5, 6, 7]];

/// Which phase of which session begins in which second. The previous session is closed to requests soon after it was the
/// default one, while some of its requests are in flight.
const PHASES: [(usize, u32, SessionPhase); 9] = [
	(0, 1, DisconnectFromPrev),
	(60, 2, CoverToCurrent),
	(90, 2, RequestsToCurrent),
	(100, 2, CoverToPrev),
	(160, 2, DisconnectFromPrev),
	(270, 3, CoverToCurrent),
	(300, 3, RequestsToCurrent),
	(310, 3, CoverToPrev),
	(370, 3, DisconnectFromPrev),
];

/// The node that posts in this second, and its requests: four small ones or a large one. All nodes take turns.
fn requests_of(second: usize) -> Option<(usize, Vec<Vec<u8>>)> {
	let turn = second / 12;
	// There must be time to answer the last ones.
	if second % 12 != 3 || second + 150 > 60 * MINUTES {
		return None;
	}
	let data = |len, index| vec![(turn + index) as u8; len];
	let requests = match turn % 3 {
		2 => vec![data(5000, 0)],
		_ => (0..4).map(|index| data(30 * turn, index)).collect(),
	};
	Some((turn * 7 % NODES, requests))
}

fn run(seed: u64, minutes: usize) -> Run {
	let mut world = World::new(seed, NODES, |_| config());
	world.faults().loss = 0.01;
	world.faults().latency = Duration::from_millis(20);
	world.faults().jitter = Duration::from_millis(100);
	world.set_status(0, DisconnectFromPrev);

	let mut checkpoints = Vec::new();
	let mut posted = 0;
	for second in 0..minutes * 60 {
		if let Some((_, session, phase)) = PHASES.into_iter().find(|(start, ..)| *start == second) {
			let mixnodes = MIXNODES[session as usize - 1];
			if !world.chain.mixnodes.contains_key(&session) {
				world.register(mixnodes);
			}
			world.set_status(session, phase);
		}
		if let Some((node, requests)) = requests_of(second) {
			posted += requests.len();
			for data in requests {
				world.post(node, data, 2);
			}
		}
		world.run(SECOND);
		checkpoints.push(world.digest.checkpoint());
	}
	Run {
		checkpoints,
		posted,
		answered: world.nodes.iter().map(|node| node.answered.len()).sum(),
		statistics: world.nodes.iter().map(|node| node.mixnet.statistics()).collect(),
	}
}

/// The first second at the end of which two runs differ.
fn first_difference(one: &Run, other: &Run) -> Option<usize> {
	one.checkpoints.iter().zip(&other.checkpoints).position(|(one, other)| one != other)
}

#[test]
fn runs_with_equal_seeds_are_the_same_byte_for_byte() {
	let other = thread::spawn(|| run(1, MINUTES));
	let one = run(1, MINUTES);
	let other = other.join().unwrap();
	if let Some(second) = first_difference(&one, &other) {
		let outputs = |run: &Run| run.checkpoints[second].outputs;
		panic!("the runs part in second {second}, after {} and {} outputs", outputs(&one), outputs(&other));
	}
	assert_eq!(one.checkpoints.len(), MINUTES * 60);
	assert_eq!(one.statistics, other.statistics);

	// Much happened in this run: packets were forwarded and lost, requests repeated and answered.
	let authored = one.sum(|statistics| statistics.requests_authored);
	println!(
		"{} outputs, {} packets authored, {} forwarded; {} requests in {authored} packets, {} answered",
		one.checkpoints.last().unwrap().outputs,
		one.sum(Statistics::authored),
		one.sum(|statistics| statistics.packets_forwarded),
		one.posted,
		one.answered,
	);
	assert!(one.sum(|statistics| statistics.packets_forwarded) > 20_000);
	assert!(one.sum(|statistics| statistics.replies_authored) > 100);
	assert!(one.posted >= 100 && one.answered >= one.posted * 9 / 10);
	for reason in [DropReason::RequestInCooldown, DropReason::AuthoredSessionClosed, DropReason::ForwardSessionEnded] {
		assert!(one.sum(|statistics| statistics.dropped(reason)) > 0, "{}", reason.name());
	}

	assert_eq!(first_difference(&one, &run(2, 1)), Some(0));
}
