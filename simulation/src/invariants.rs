//! What must hold of a core of ours at any time, seen from outside: its statistics add up, its queues keep within their
//! bounds, and whatever waits has a timer.

use crate::node::{Core, Node};
use mixnet_node_core::{Alarm, Config, DropReason, LoopReport, PostError, RelativeSession, Role, Statistics};

/// Checks all that is quickly checked of a node; `pending`: how many of its requests have not ended.
pub(crate) fn check<C: Core>(node: &mut Node<C>, pending: u64) {
	let Node { mixnet, counters, .. } = node;
	let Some(mixnet) = mixnet.ours() else { return };
	let now = mixnet.statistics();
	let config = mixnet.config();
	counters_only_rise(&counters.before, &now);

	// No packet waits for more than ten mean delays, in either of two sessions.
	let capacity = u64::from(counters.most.forward_queue_capacity);
	assert!(now.forward_queue_len <= 2 * (11 * capacity).min(11_000).max(capacity));
	assert!(now.requests_pending <= config.request.capacity as u64);
	assert!(now.replies_cached <= config.reply.capacity as u64);
	counters.forgets |= now.replies_cached == config.reply.capacity as u64;
	assert!(now.surbs_kept <= config.surb_keystore_capacity as u64);
	for (relative, len) in [
		(RelativeSession::Previous, now.previous_authored_queue_len),
		(RelativeSession::Current, now.current_authored_queue_len),
	] {
		let most = match (mixnet.role(relative), mixnet.parameters(relative)) {
			// One for a request and one for a reply at least.
			(Role::Mixnode(_), Some(parameters)) => parameters.mixnode_queue_capacity.max(2),
			(Role::NonMixnode, Some(parameters)) => parameters.non_mixnode_queue_capacity,
			(Role::Unknown | Role::Resting, None) => 0,
			(role, parameters) => panic!("a {role:?} with {parameters:?}"),
		};
		assert!(len <= u64::from(most), "{len} packets wait in a queue for {most}");
		let status = mixnet.session_status();
		let may_wait = status.is_some_and(|status| status.phase.allows_requests(relative));
		assert!(len == 0 || may_wait, "packets wait in a session that takes none");
	}

	assert_eq!(now.packets_received, counters.received);
	assert_eq!(now.authored() + now.packets_forwarded, counters.transmitted, "packets were sent that nobody counted");
	assert_eq!(
		now.packets_forwarded
			+ now.forward_queue_len
			+ now.dropped(DropReason::ForwardSessionEnded)
			+ now.dropped(DropReason::ForwardTooLate),
		now.packets_accepted_to_forward,
		"packets to be forwarded were lost"
	);
	assert!(now.loop_cover_returned <= now.loop_cover_authored);

	match counters.is_polled_out {
		true => assert_eq!(now.requests_pending, pending, "requests ended without an event, or never"),
		false => assert!(now.requests_pending <= pending),
	}
	let is_waiting = now.requests_pending > 0 || now.forward_queue_len > 0;
	assert!(!is_waiting || mixnet.poll_timeout().is_some(), "something waits without a timer");
	if now.requests_pending == 0 {
		assert_eq!(now.surbs_kept, 0, "keys of SURBs outlive their requests");
	}
	counters.before = now;
}

/// How many packets a node acted on, and how many of drop cover it took.
pub(crate) fn acted_on(statistics: &Statistics) -> (u64, u64) {
	let acted_on = statistics.packets_accepted_to_forward
		+ statistics.requests_delivered
		+ statistics.replies_delivered
		+ statistics.loop_cover_returned;
	(acted_on, statistics.drop_cover_delivered)
}

/// Checks that a node says what it did with a packet. Returns whether it acted on it.
pub(crate) fn packet_was_handled(before: &Statistics, after: &Statistics, reason: Option<DropReason>) -> bool {
	let (acted_on, covers) = {
		let (before, after) = (acted_on(before), acted_on(after));
		(after.0 - before.0, after.1 - before.1)
	};
	match reason {
		None => assert_eq!(acted_on + covers, 1, "a packet vanished"),
		Some(reason) => {
			assert!(acted_on <= 1 && covers == 0);
			assert_eq!(after.dropped(reason), before.dropped(reason) + 1, "{} was not counted", reason.name());
		},
	}
	acted_on == 1
}

/// Checks why a request was refused, when so many were pending.
pub(crate) fn request_was_refused(error: &PostError, config: &Config, pending: u64) {
	match *error {
		PostError::TooManyRequests { capacity, .. } => {
			assert_eq!(pending, capacity as u64);
			assert!((1..=config.request.capacity).contains(&capacity));
		},
		PostError::NoRoom { packets, .. } => assert!(packets > 0),
		PostError::TooLarge { fragments, max } => assert!(fragments > max),
		_ => (),
	}
}

/// Checks whom a node wants to be connected to.
pub(crate) fn reserved_peers<C: Core>(node: &Node<C>) {
	let Some(mixnet) = node.mixnet.ours() else { return };
	let peers = mixnet.reserved_peers();
	assert!(peers.windows(2).all(|pair| pair[0].peer_id < pair[1].peer_id), "reserved peers come twice or unordered");
	assert!(peers.iter().all(|peer| peer.peer_id != node.peer_id), "a node is to connect to itself");
}

/// Every loop of a session is accounted for, and so is its evidence. Takes a while where there are many mixnodes.
pub(crate) fn loops_are_accounted_for<C: Core>(node: &Node<C>) {
	let Some(mixnet) = node.mixnet.ours() else { return };
	for relative in RelativeSession::BOTH {
		let Some(report) = mixnet.loop_report(relative) else { continue };
		let LoopReport { sent, returned, slow, late, lost, out, unjudged, .. } = report;
		assert_eq!(sent, returned + late + lost + out + unjudged);
		assert!(slow <= returned);
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

/// An alarm says what is lost, and comes from a node whose loops are overdue, or slow, or whose peers are gone.
pub(crate) fn loop_alarm<C: Core>(node: &Node<C>, alarm: &Alarm) {
	let Some(mixnet) = node.mixnet.ours() else { return };
	match alarm {
		Alarm::Slow { slow } => assert!(slow.is_some_and(|slow| slow.rate > 0.0), "an alarm though no loop is slow"),
		Alarm::Disconnected { connected, wanted } => assert!(2 * connected < *wanted, "{alarm}"),
		_ => {
			assert!(mixnet.statistics().loop_cover_overdue > 0, "an alarm though no loop is overdue");
			assert!(alarm.to_string().contains("lost"), "{alarm}");
		},
	}
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
			statistics.ticks_awaiting_cover,
		]
	};
	for (before, now) in counters(before).into_iter().zip(counters(now)) {
		assert!(before <= now, "a counter fell");
	}
	for ((reason, before), (_, now)) in before.drops().zip(now.drops()) {
		assert!(before <= now, "the counter of {} fell", reason.name());
	}
}
