//! A machine that was suspended, or that nothing ran on for another reason, sends no burst and accuses nobody.

use mixnet_node_core::{Alarm, Config, DropReason, Mixnet, RelativeSession, SessionPhase, Statistics};
use mixnet_simulation::World;
use rand_chacha::ChaChaRng;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const MIXNODES: usize = 6;
const USER: usize = MIXNODES;

/// A mixnet at the default rates, some time after it began.
fn world(seed: u64) -> World {
	let mut world = World::in_session(seed, MIXNODES, 1, Config::default);
	world.faults().jitter = Duration::from_millis(50);
	world.run(20 * SECOND);
	assert_eq!(world.alarms, [], "all is well");
	world
}

/// Polls all packets. Returns how many there are.
fn polled(mixnet: &mut Mixnet<ChaChaRng>) -> usize {
	std::iter::from_fn(|| mixnet.poll_transmit()).count()
}

fn too_late(statistics: &Statistics) -> (u64, u64) {
	(statistics.dropped(DropReason::ForwardTooLate), statistics.dropped(DropReason::AuthoredTooLate))
}

/// Ends a world in which a node was driven by hand: nobody has its packets.
fn forget(world: World) {
	std::mem::forget(world);
}

#[test]
fn packets_that_were_due_while_a_machine_was_suspended_are_dropped_and_counted() {
	for is_told in [true, false] {
		let mut world = world(1);
		let now = world.now();
		let node = world.core(0);
		let waiting = node.statistics().forward_queue_len;
		assert!(waiting > 10, "{waiting} packets are no burst");
		if is_told {
			node.handle_suspend(now + HOUR);
		} else {
			node.handle_timeout(now + HOUR);
		}
		assert_eq!(polled(node), 0);
		assert_eq!(node.statistics().forward_queue_len, 0);
		assert_eq!(too_late(&node.statistics()), (waiting, 1));
		// It builds what it has lost, and goes on.
		for _ in 0..10 {
			node.handle_timeout(now + HOUR);
		}
		assert!(node.poll_timeout().is_some_and(|next| next > now + HOUR), "it goes on");
		forget(world);
	}
}

/// Under load a driver is late, and must not lose packets by that.
#[test]
fn a_driver_that_is_some_seconds_late_forwards_what_is_due() {
	let mut world = world(2);
	let now = world.now();
	let node = world.core(0);
	let waiting = node.statistics().forward_queue_len as usize;
	node.handle_timeout(now + 9 * SECOND);
	let sent = polled(node);
	assert!(sent + 5 > waiting, "{sent} of {waiting}");
	assert_eq!(too_late(&node.statistics()).0, 0);
	forget(world);
}

/// What is due later is still sent in time: a short suspension costs only what was due in it.
#[test]
fn packets_that_are_due_after_a_suspension_are_sent() {
	let mut world = world(3);
	let now = world.now();
	let node = world.core(0);
	let waiting = node.statistics().forward_queue_len;
	node.handle_suspend(now + SECOND / 2);
	let (dropped, _) = too_late(&node.statistics());
	assert!(dropped > 0 && node.statistics().forward_queue_len == waiting - dropped && dropped < waiting);
	world.run(30 * SECOND);
	assert_eq!(too_late(&world.nodes[0].mixnet.statistics()).0, dropped);
}

/// A user's clock ticks so seldom that a tick which was due meanwhile is hardly late.
#[test]
fn loops_that_were_out_are_forgotten_whatever_the_clocks_say() {
	let mut world = World::new(4, MIXNODES + 1, |_| Config::default());
	world.begin(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], SessionPhase::RequestsToCurrent);
	let out = |world: &World, node: usize| {
		[RelativeSession::Previous, RelativeSession::Current]
			.map(|session| world.nodes[node].mixnet.loop_report(session).map_or(0, |report| report.out))
	};
	// Loops of both sessions are out.
	let all_are_out = |world: &World| [0, USER].iter().all(|node| out(world, *node).iter().all(|out| *out > 0));
	assert!(world.run_until(120 * SECOND, all_are_out));
	let now = world.now();
	for node in [0, USER] {
		world.core(node).handle_suspend(now + 15 * SECOND);
		assert_eq!(out(&world, node), [0, 0]);
		for session in [RelativeSession::Previous, RelativeSession::Current] {
			let report = world.nodes[node].mixnet.loop_report(session).unwrap();
			assert_eq!(report.lost + report.late, 0);
		}
	}
	forget(world);
}

/// Nobody knows at first which connections have survived. Afterwards, losses count as before.
#[test]
fn losses_right_after_a_suspension_accuse_nobody_and_later_ones_do() {
	let mut world = world(5);
	let now = world.now();
	world.core(0).handle_suspend(now + 15 * SECOND);
	let woken = mixnet_simulation::peer_id(0);
	world.faults().blocks = Some(Box::new(move |from, to| from == woken || to == woken));
	let alarmed =
		|world: &World| world.alarms.iter().any(|(_, by, alarm)| *by == 0 && matches!(alarm, Alarm::Loss { .. }));
	assert!(!world.run_until(125 * SECOND, alarmed), "{:?}", world.alarms);
	assert!(world.run_until(60 * SECOND, alarmed), "it never trusts its loops again");
}

/// Loops that came back during the suspension, and wait in the machine's buffers, took no hour.
#[test]
fn a_suspension_is_not_taken_for_the_networks_delay() {
	let mut world = world(6);
	let before = world.nodes[0].mixnet.statistics().mean_hop_delay;
	let now = world.now();
	world.core(0).handle_suspend(now + 15 * SECOND);
	// What was on its way arrives afterwards, before the node sends anything again.
	let sent = world.nodes[0].mixnet.statistics().loop_cover_authored;
	world.run(14 * SECOND);
	let after = world.nodes[0].mixnet.statistics();
	assert_eq!((after.loop_cover_authored, after.mean_hop_delay), (sent, before));
	assert!(after.dropped(DropReason::UnknownLoopCover) > 0, "no loop came back");
}
