//! What must hold of a node, by its public API, whatever was done with it.

use super::world::{Node, Sent};
use mixnet_node_core::{Alarm, DropReason, LoopReport, RelativeSession, Role, SessionIndex, Statistics, Time};

/// Checks all that can be checked of a node at any time.
pub fn node(node: &mut Node) {
	let now = node.mixnet.statistics();
	let config = &node.config;
	counters_only_rise(&node.before, &now);

	assert!(now.forward_queue_len <= u64::from(node.most.forward_queue_capacity));
	assert!(now.requests_pending <= config.request.capacity as u64);
	assert!(now.replies_cached <= config.reply.capacity as u64);
	assert!(now.surbs_kept <= config.surb_keystore_capacity as u64);
	for (relative, len) in [
		(RelativeSession::Previous, now.previous_authored_queue_len),
		(RelativeSession::Current, now.current_authored_queue_len),
	] {
		let most = match (node.mixnet.role(relative), node.mixnet.parameters(relative)) {
			(Role::Mixnode(_), Some(parameters)) => parameters.mixnode_queue_capacity,
			(Role::NonMixnode, Some(parameters)) => parameters.non_mixnode_queue_capacity,
			(Role::Unknown | Role::Resting, None) => 0,
			(role, parameters) => panic!("a {role:?} with {parameters:?}"),
		};
		assert!(len <= u64::from(most), "{len} packets wait in a queue for {most}");
		let status = node.mixnet.session_status();
		let may_wait = status.is_some_and(|status| status.phase.allows_requests(relative));
		assert!(len == 0 || may_wait, "packets wait in a session that takes none");
	}

	assert_eq!(now.packets_received, node.received);
	assert_eq!(now.authored() + now.packets_forwarded, node.transmitted, "packets were sent that nobody counted");
	assert!(
		now.packets_forwarded + now.forward_queue_len + now.dropped(DropReason::ForwardSessionEnded)
			== now.packets_accepted_to_forward,
		"packets to be forwarded were lost"
	);
	assert!(now.loop_cover_returned <= now.loop_cover_authored);
	loops_are_accounted_for(node);

	if node.is_polled_out {
		assert_eq!(now.requests_pending, node.posted.len() as u64, "requests ended without an event, or never");
	} else {
		assert!(now.requests_pending <= node.posted.len() as u64);
	}
	let is_waiting = now.requests_pending > 0 || now.forward_queue_len > 0;
	assert!(!is_waiting || node.mixnet.poll_timeout().is_some(), "something waits for nothing");
	if now.requests_pending == 0 {
		assert_eq!(now.surbs_kept, 0, "keys of SURBs outlive their requests");
	}
	node.before = now;
}

/// Gives a node a packet, and checks that it says what it did with it.
pub fn handle_packet(node: &mut Node, now: Time, sent: &Sent) -> Option<DropReason> {
	let before = node.mixnet.statistics();
	let reason = node.mixnet.handle_packet(now, sent.from, sent.packet.clone());
	let after = node.mixnet.statistics();
	node.received += 1;
	node.is_polled_out = false;

	let acted_on = |statistics: &Statistics| {
		statistics.packets_accepted_to_forward
			+ statistics.requests_delivered
			+ statistics.replies_delivered
			+ statistics.loop_cover_returned
	};
	let times = acted_on(&after) - acted_on(&before);
	let covers = after.drop_cover_delivered - before.drop_cover_delivered;
	match reason {
		None => assert_eq!(times + covers, 1, "a packet vanished"),
		Some(reason) => {
			assert!(times <= 1 && covers == 0);
			assert_eq!(after.dropped(reason), before.dropped(reason) + 1, "{} was not counted", reason.name());
		},
	}
	if times == 1 {
		let mut header = sent.packet.as_bytes()[..188].to_vec();
		header[31] &= 0x7f;
		assert!(node.acted_on.insert(header), "a packet was acted on twice");
	}
	reason
}

/// Checks whom a node wants to be connected to.
pub fn reserved_peers(node: &Node) {
	let peers = node.mixnet.reserved_peers();
	assert!(peers.windows(2).all(|pair| pair[0].peer_id < pair[1].peer_id), "reserved peers come twice or unordered");
	assert!(peers.iter().all(|peer| peer.peer_id != node.peer_id), "a node is to connect to itself");
}

/// Every loop of a session is accounted for, and so is its evidence.
fn loops_are_accounted_for(node: &Node) {
	for relative in RelativeSession::BOTH {
		let Some(report) = node.mixnet.loop_report(relative) else { continue };
		let LoopReport { sent, returned, late, lost, out, unjudged, .. } = report;
		assert_eq!(sent, returned + late + lost + out + unjudged);
		assert_eq!(report.round_trips.count(), returned + late);
		if let Some(loss) = report.loss {
			assert!(0.0 <= loss.low && loss.low <= loss.rate && loss.rate <= loss.high && loss.high <= 1.0);
		}
		let mixnodes = report.mixnodes.iter().map(|mixnode| mixnode.score);
		for score in mixnodes.chain(report.links.iter().map(|link| link.score)) {
			assert!(score.lost <= score.loops && score.expected_lost >= 0.0 && score.evidence >= 0.0);
		}
	}
}

/// An alarm is about a live session, and about somebody in it.
pub fn loop_alarm(node: &Node, session: SessionIndex, alarm: &Alarm) {
	assert!(node.mixnet.statistics().loop_cover_overdue > 0, "an alarm though no loop is overdue");
	assert!(alarm.to_string().contains("lost"), "{alarm} in {session}");
}

fn counters_only_rise(before: &Statistics, now: &Statistics) {
	let counters = |statistics: &Statistics| {
		[
			statistics.packets_received,
			statistics.packets_accepted_to_forward,
			statistics.packets_forwarded,
			statistics.requests_delivered,
			statistics.replies_delivered,
			statistics.drop_cover_delivered,
			statistics.loop_cover_returned,
			statistics.loop_cover_late,
			statistics.loop_cover_overdue,
			statistics.loop_cover_authored,
			statistics.drop_cover_authored,
			statistics.requests_authored,
			statistics.replies_authored,
		]
	};
	for (before, now) in counters(before).into_iter().zip(counters(now)) {
		assert!(before <= now, "a counter fell");
	}
	for ((reason, before), (_, now)) in before.drops().zip(now.drops()) {
		assert!(before <= now, "the counter of {} fell", reason.name());
	}
}
