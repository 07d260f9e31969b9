//! A whole mixnet under attack, at the default rates: loops show it. (How often and how soon, over many seeds, is tested
//! in `node-core/src/loops/tests.rs`, without packets.)

use mixnet_node_core::{Alarm, Config, RelativeSession};
use mixnet_simulation::{peer_id, World};
use std::time::Duration;

const MIXNODES: usize = 10;
const TARGET: usize = MIXNODES;

/// A mixnet of mixnodes and one user, the target.
fn world(seed: u64) -> World {
	let mut world = World::in_session(seed, MIXNODES, 1, Config::default);
	world.faults().jitter = Duration::from_millis(50);
	world
}

#[test]
fn blocking_all_packets_but_the_targets_is_noticed_within_seconds() {
	let mut world = world(1);
	world.run(Duration::from_secs(20));
	assert_eq!(world.alarms, [], "all is well");

	let first_hop = world.nodes[TARGET].mixnet.reserved_peers()[0].peer_id;
	let first_hop_index = (0..MIXNODES).find(|index| peer_id(*index) == first_hop).unwrap();
	world.faults().blocks = Some(Box::new(move |from, to| to == first_hop && from != peer_id(TARGET)));
	let start = world.now();
	let is_noticed = |world: &World| {
		let by_first_hop = world.alarms.iter().filter(|(_, node, _)| *node == first_hop_index);
		by_first_hop.into_iter().any(|(.., alarm)| matches!(alarm, Alarm::Loss { .. }))
	};
	assert!(world.run_until(Duration::from_secs(20), is_noticed), "{:?}", world.alarms);
	println!("noticed after {:?}", world.now() - start);

	// The first hop gets nothing from anybody, so it cannot tell whose packets are missing. The others can.
	let others = |world: &World| {
		let named = |node: &&usize| {
			world.alarms.iter().any(|(_, by, alarm)| match alarm {
				Alarm::Mixnode(score) => by == *node && score.peer_id == first_hop,
				_ => false,
			})
		};
		(0..MIXNODES).collect::<Vec<_>>().iter().filter(named).count()
	};
	let half = |world: &World| others(world) > (MIXNODES - 1) / 2;
	assert!(world.run_until(Duration::from_secs(60), half), "{}", others(&world));
	println!("named by half of the others after {:?}", world.now() - start);
	for (_, by, alarm) in &world.alarms {
		if let Alarm::Mixnode(score) = alarm {
			assert_eq!(score.peer_id, first_hop, "accused by {by}");
		}
	}
	let report = world.nodes[first_hop_index].mixnet.loop_report(RelativeSession::Current).unwrap();
	assert!(report.loss_alarm && report.lost > report.returned, "{report:?}");
	assert_eq!(report.sent, report.returned + report.late + report.lost + report.out + report.unjudged);
}

#[test]
fn loops_show_the_mixnets_state() {
	let mut world = world(2);
	world.run(Duration::from_secs(40));
	assert_eq!(world.alarms, []);
	for node in &world.nodes {
		let report = node.mixnet.loop_report(RelativeSession::Current).unwrap();
		assert!(node.mixnet.loop_report(RelativeSession::Previous).is_none());
		let statistics = node.mixnet.statistics();
		assert_eq!((report.sent, report.returned), (statistics.loop_cover_authored, statistics.loop_cover_returned));
		assert_eq!((report.lost, report.late, report.unjudged), (0, 0, 0));
		assert_eq!(report.loss.map(|loss| loss.rate), Some(0.0));
		// Five delays, of a second on average, and six links.
		let median = report.round_trips.quantile(0.5).unwrap();
		assert!((2.0..12.0).contains(&median.as_secs_f64()), "{median:?}");
		assert!((0.03..0.1).contains(&statistics.mean_hop_delay.as_secs_f64()), "{:?}", statistics.mean_hop_delay);
	}
	let mixnode = world.nodes[0].mixnet.loop_report(RelativeSession::Current).unwrap();
	assert_eq!(mixnode.mixnodes.len(), MIXNODES - 1, "all but itself");
	assert!(mixnode.mixnodes.iter().all(|mixnode| !mixnode.score.suspected && mixnode.score.lost == 0));
	assert!(mixnode.links.iter().any(|link| link.from.is_none()) && mixnode.links.iter().any(|link| link.to.is_none()));
}

#[test]
fn a_machine_that_slept_accuses_nobody() {
	let mut world = world(3);
	world.run(Duration::from_secs(20));
	let now = world.now();
	let node = &mut world.nodes[0].mixnet;
	let before = node.loop_report(RelativeSession::Current).unwrap();
	node.handle_timeout(now + Duration::from_secs(3600));
	let after = node.loop_report(RelativeSession::Current).unwrap();
	assert!(before.out > 0);
	assert_eq!((after.out, after.lost, after.unjudged), (0, before.lost, before.out));
	assert!(std::iter::from_fn(|| node.poll_event()).next().is_none());
}
