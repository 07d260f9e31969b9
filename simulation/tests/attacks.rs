//! A whole mixnet under attack, at the default rates: loops show it. (How often and how soon, over many seeds, is tested
//! in `node-core/src/loops/tests.rs`, without packets.)

use mixnet_node_core::{Alarm, Config, Parameters, RelativeSession, SessionPhase, SessionStatus};
use mixnet_simulation::{peer_id, News, World};
use std::time::Duration;

const MIXNODES: usize = 10;
const TARGET: usize = MIXNODES;
/// Losses before are no evidence: [`LoopConfig::settling`](mixnet_node_core::LoopConfig::settling).
const SETTLING: Duration = Duration::from_secs(60);

/// A mixnet of mixnodes and one user, the target.
fn world(seed: u64) -> World {
	let mut world = World::in_session(seed, MIXNODES, 1, Config::default);
	world.faults().jitter = Duration::from_millis(50);
	world
}

#[test]
fn blocking_all_packets_but_the_targets_is_noticed_within_seconds() {
	let mut world = world(1);
	world.run(SETTLING + Duration::from_secs(10));
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
	assert!(report.loss_alarm && report.lost > 10, "{report:?}");
	assert_eq!(report.sent, report.returned + report.late + report.lost + report.out + report.unjudged);
}

#[test]
fn loops_show_the_mixnets_state() {
	let mut world = world(2);
	world.run(SETTLING + Duration::from_secs(20));
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

/// Who raised an alarm of this kind.
fn raised(world: &World, is_kind: fn(&Alarm) -> bool) -> Vec<usize> {
	let of_kind = world.alarms.iter().filter(|(.., alarm)| is_kind(alarm));
	of_kind.map(|(_, node, _)| *node).collect()
}

#[test]
fn losses_are_noticed_while_finality_stands_still() {
	let all: Vec<_> = (0..6).collect();
	let mut world = World::new(4, all.len(), |_| Config::default());
	// Two of six are frozen, so that nothing is finalised any more, and the first phase does not end.
	world.begin(&all, &all, SessionPhase::CoverToCurrent);
	world.run(Duration::from_secs(30));
	world.faults().cut_off = [4, 5].map(peer_id).into();
	let is_noticed = |world: &World| {
		let noticed = |node: &usize| {
			let report = world.nodes[*node].mixnet.loop_report(RelativeSession::Current);
			report.is_some_and(|report| report.session == 2 && report.loss_alarm)
		};
		(0..4).collect::<Vec<_>>().iter().all(noticed)
	};
	assert!(world.run_until(Duration::from_secs(80), is_noticed), "{:?}", world.alarms);
}

#[test]
fn nodes_that_start_within_a_minute_of_one_another_raise_no_alarm() {
	let mut world = World::new(5, MIXNODES + 2, |_| Config::default());
	world.faults().jitter = Duration::from_millis(50);
	world.set_status(0, SessionPhase::DisconnectFromPrev);
	world.register(0..MIXNODES);
	let status = SessionStatus { current_index: 1, phase: SessionPhase::RequestsToCurrent };
	for node in 0..MIXNODES + 2 {
		let up = Duration::from_secs(5 * node as u64);
		world.tell_after(up, node, News::Status(status));
		world.tell_after(up, node, News::Mixnodes);
	}
	world.run(Duration::from_secs(60));
	let lost = |node: usize| world.nodes[node].mixnet.loop_report(RelativeSession::Current).unwrap().lost;
	assert!(lost(0) > 10, "the first one's loops are lost until the others are up: {}", lost(0));
	world.run(Duration::from_secs(120));
	assert_eq!(world.alarms, []);
}

/// As [`world`], with a tenth of the packets.
fn quiet_world(seed: u64) -> World {
	let parameters = Parameters { mixnode_mean_period_ms: 1000, ..Parameters::default() };
	World::in_session(seed, MIXNODES, 1, || Config { parameters, ..Config::default() })
}

/// Connects a node to all that it wants to be connected to, or disconnects it from them, on both sides.
fn set_connected(world: &mut World, node: usize, is_connected: bool) {
	for peer in world.nodes[node].mixnet.reserved_peers() {
		let other = world.node_of(&peer.peer_id).unwrap();
		world.set_connected(node, peer.peer_id, is_connected);
		world.set_connected(other, peer_id(node), is_connected);
		world.settle(other);
	}
	world.settle(node);
}

#[test]
fn nodes_that_restart_all_at_once_are_not_taken_for_disconnected() {
	let mut world = quiet_world(6);
	world.run(SETTLING + Duration::from_secs(10));
	for node in 0..=MIXNODES {
		set_connected(&mut world, node, false);
	}
	world.run(Duration::from_secs(90));
	for node in 0..=MIXNODES {
		set_connected(&mut world, node, true);
	}
	world.run(Duration::from_secs(60));
	let is_disconnected = |alarm: &Alarm| matches!(alarm, Alarm::Disconnected { .. });
	assert_eq!(raised(&world, is_disconnected), Vec::<usize>::new());
}

#[test]
fn who_is_cut_off_from_all_peers_notices_after_two_minutes() {
	let mut world = quiet_world(7);
	world.run(SETTLING + Duration::from_secs(10));
	let is_disconnected = |alarm: &Alarm| matches!(alarm, Alarm::Disconnected { connected: 0, .. });
	// Also from those that the user would take as gateways in place of its own.
	world.connects = false;
	for node in [0, TARGET] {
		set_connected(&mut world, node, false);
	}
	world.run(Duration::from_secs(115));
	// No loop of theirs tells: those of the mixnode cannot be sent, and the user sends none.
	let raised_by = |world: &World, node| world.alarms.iter().any(|(_, by, _)| *by == node);
	assert!(!raised_by(&world, TARGET));
	world.run(Duration::from_secs(10));
	let mut noticed = raised(&world, is_disconnected);
	noticed.sort_unstable();
	assert_eq!(noticed, [0, TARGET], "{:?}", world.alarms);
	let report = |node: usize| world.nodes[node].mixnet.loop_report(RelativeSession::Current).unwrap();
	assert!(report(0).disconnected_alarm && report(TARGET).disconnected_alarm && !report(1).disconnected_alarm);
	// Once they are back for as long, all is well again.
	world.connects = true;
	for node in [0, TARGET] {
		set_connected(&mut world, node, true);
	}
	world.run(Duration::from_secs(130));
	let report = |node: usize| world.nodes[node].mixnet.loop_report(RelativeSession::Current).unwrap();
	assert!(!report(0).disconnected_alarm && !report(TARGET).disconnected_alarm);
}

#[test]
fn a_mixnode_whose_packets_are_held_back_notices_though_they_come_in_time() {
	let parameters = Parameters { hops: 3, ..Parameters::default() };
	let mut world = World::in_session(8, 5, 0, || Config { parameters, ..Config::default() });
	world.faults().jitter = Duration::from_millis(20);
	world.run(Duration::from_secs(120));
	assert_eq!(world.alarms, []);
	// Three links allow for 0.9 s.
	let hold = Duration::from_millis(600);
	world.faults().holds = Some(Box::new(move |_, to| if to == peer_id(0) { hold } else { Duration::ZERO }));
	let is_slow = |world: &World| raised(world, |alarm| matches!(alarm, Alarm::Slow { .. })).contains(&0);
	let start = world.now();
	assert!(world.run_until(Duration::from_secs(400), is_slow), "{:?}", world.alarms);
	println!("noticed after {:?}", world.now() - start);
	let report = world.nodes[0].mixnet.loop_report(RelativeSession::Current).unwrap();
	assert!(report.slow_alarm && report.slow > 100 && !report.loss_alarm && report.late == 0, "{report:?}");
	assert!(world.alarms.iter().all(|(.., alarm)| !matches!(alarm, Alarm::Loss { .. })), "{:?}", world.alarms);
}
