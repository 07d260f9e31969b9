//! The phase table (PROTOCOL.md, section 7), row by row, on the live state machine: which packets a node authors, and at
//! which rate.
//!
//! One node alone, in virtual time, in two sessions. What it sends is compared with the Poisson law: every assertion
//! about a random number fails with probability 1e-4 at most for a correct program and a random seed. Seeds are fixed,
//! so each assertion fails always or never.

use mixnet_node_core::{
	Config, DropReason, Event, HandlingDelay, Mixnet, PostError, RelativeSession, SessionPhase, Statistics, Time,
};
use mixnet_simulation::{
	alone::{
		local_peer_id, node, others,
		rates::{assert_poisson, assert_proportion, run},
		MIXNODE_PERIOD, NON_MIXNODE_PERIOD, TABLE,
	},
	ours, rng,
};
use std::time::Duration;
use RelativeSession::{Current, Previous};

#[test]
fn cover_follows_the_table_with_and_without_requests() {
	for (row, (phase, half, previous_sends, _, _, default)) in TABLE.into_iter().enumerate() {
		for (is_mixnode, period) in [(true, MIXNODE_PERIOD), (false, NON_MIXNODE_PERIOD)] {
			for busy in [false, true] {
				let what = format!("{phase}, mixnode: {is_mixnode}, busy: {busy}");
				let seed = 2000 + 4 * row as u64 + 2 * u64::from(is_mixnode) + u64::from(busy);
				let (mut mixnet, mut now) = node(seed, is_mixnode, phase);
				let time = period * 1000;
				let sent = run(&mut mixnet, &mut now, time, |mixnet, now| {
					// More requests than can be sent in time.
					let queued = |statistics: Statistics| {
						statistics.previous_authored_queue_len + statistics.current_authored_queue_len
					};
					while busy && queued(mixnet.statistics()) < 5 {
						let posted = mixnet.post_request(now, vec![0; 100], 1, HandlingDelay::Fixed(Duration::ZERO));
						// Second copies of others may wait to be built.
						if posted.is_err() {
							break;
						}
					}
				});
				let expected = if half { 500.0 } else { 1000.0 };
				let [previous, current] = &sent.times;
				if previous_sends {
					assert_poisson(previous, time, expected, &format!("{what}, previous session"));
				} else {
					assert!(previous.is_empty(), "{what}");
				}
				assert_poisson(current, time, expected, &format!("{what}, current session"));

				let all = (previous.len() + current.len()) as f64;
				let loops = sent.authored(|statistics| statistics.loop_cover_authored);
				let drops = sent.authored(|statistics| statistics.drop_cover_authored);
				let requests = sent.authored(|statistics| statistics.requests_authored);
				assert_eq!(loops + drops + requests, all, "{what}");
				assert_eq!(sent.after.dropped(DropReason::NoRoute), 0);
				assert_proportion(loops, all, 0.25, &format!("{what}, loop cover"));
				if busy {
					// Requests replace the drop cover of their session that could have gone the same way, and no other cover: at
					// a mixnode, all but that to the destination, one of nine others, at the ticks that are not for replies. A user has three gateways. One of them is the
					// destination of every third request, which waits for one of the two others.
					let its = if default == Previous { previous.len() } else { current.len() } as f64;
					let same_way = if is_mixnode { 0.5 * 8.0 / 9.0 } else { 1.0 / (2.0 / 3.0 + 1.0 / 3.0 * 3.0 / 2.0) };
					// The two copies of a request have one destination, and so are no two samples.
					assert_proportion(requests / 2.0, its / 2.0, 0.75 * same_way, &format!("{what}, requests"));
				} else {
					assert_eq!(requests, 0.0);
				}
			}
		}
	}
}

#[test]
fn session_0_has_no_previous_one_and_takes_requests_from_phase_1_on() {
	let now = Time::ZERO;
	for phase in SessionPhase::ALL {
		let mut mixnet = Mixnet::new(Config::default(), local_peer_id(), rng(300), None).unwrap();
		ours::set_status(&mut mixnet, now, 0, phase);
		assert_eq!(mixnet.wanted_mixnodes(), [Current]);
		ours::set_session(&mut mixnet, now, 0, None, Ok(others(0)));
		assert_eq!(mixnet.wanted_mixnodes(), []);
		let posted = mixnet.post_request(now, vec![1], 1, HandlingDelay::Extrinsic);
		match phase {
			SessionPhase::CoverToCurrent => assert_eq!(posted, Err(PostError::NotReady)),
			_ => assert!(posted.is_ok()),
		}
	}
}

#[test]
fn phases_may_come_in_any_order_and_an_ended_session_stays_ended() {
	let (mut mixnet, mut now) = node(400, true, SessionPhase::RequestsToCurrent);
	ours::set_status(&mut mixnet, now, 2, SessionPhase::CoverToPrev);
	// A phase back: the previous session takes requests again, at the same rate.
	ours::set_status(&mut mixnet, now, 2, SessionPhase::CoverToCurrent);
	let time = MIXNODE_PERIOD * 1000;
	let sent = run(&mut mixnet, &mut now, time, |_, _| ());
	assert_poisson(&sent.times[0], time, 500.0, "previous");
	assert_poisson(&sent.times[1], time, 500.0, "current");
	mixnet.post_request(now, vec![1], 1, HandlingDelay::Extrinsic).unwrap();
	assert_eq!(mixnet.statistics().previous_authored_queue_len, 2);

	// Phase 3 ends the previous session for good. Its waiting requests start anew in the current one.
	ours::set_status(&mut mixnet, now, 2, SessionPhase::DisconnectFromPrev);
	assert_eq!(mixnet.statistics().dropped(DropReason::AuthoredSessionClosed), 2);
	assert_eq!(mixnet.statistics().current_authored_queue_len, 2);
	ours::set_status(&mut mixnet, now, 2, SessionPhase::CoverToCurrent);
	assert_eq!(mixnet.wanted_mixnodes(), []);
	ours::set_session(&mut mixnet, now, 1, None, Ok(others(1)));
	let sent = run(&mut mixnet, &mut now, time, |_, _| ());
	assert!(sent.times[0].is_empty());
	assert_poisson(&sent.times[1], time, 500.0, "current, half rate though alone");
}

#[test]
fn rates_change_with_the_phase_and_nothing_is_sent_twice_or_late() {
	// Through all phases on one clock: the counts of each phase follow the law.
	let (mut mixnet, mut now) = node(500, true, SessionPhase::CoverToCurrent);
	let time = MIXNODE_PERIOD * 600;
	for (phase, half, previous_sends, ..) in TABLE {
		ours::set_status(&mut mixnet, now, 2, phase);
		let sent = run(&mut mixnet, &mut now, time, |_, _| ());
		let expected = if half { 300.0 } else { 600.0 };
		assert_poisson(&sent.times[1], time, expected, &format!("{phase}"));
		assert_eq!(sent.times[0].is_empty(), !previous_sends);
	}
}

#[test]
fn a_machine_that_slept_sends_no_burst() {
	let (mut mixnet, mut now) = node(600, true, SessionPhase::DisconnectFromPrev);
	now += Duration::from_secs(3600);
	mixnet.handle_timeout(now);
	assert!(mixnet.poll_transmit().is_none());
	assert_eq!(mixnet.statistics().dropped(DropReason::AuthoredTooLate), 1);
	// A driver that is late by less than that catches up.
	now += Duration::from_millis(900);
	mixnet.handle_timeout(now);
	let mut sent = 0;
	while mixnet.poll_transmit().is_some() {
		sent += 1;
	}
	assert!((2..25).contains(&sent), "{sent}");
}

#[test]
fn without_a_connected_gateway_the_clock_ticks_and_nothing_is_sent() {
	let (mut mixnet, mut now) = node(700, false, SessionPhase::DisconnectFromPrev);
	let gateways = mixnet.reserved_peers();
	assert_eq!(gateways.len(), 3);
	for gateway in &gateways {
		mixnet.peer_disconnected(now, gateway.peer_id);
	}
	// A request waits a minute for a gateway.
	let waiting = mixnet.post_request(now, vec![1], 1, HandlingDelay::Extrinsic).unwrap();
	let sent = run(&mut mixnet, &mut now, Duration::from_secs(50), |_, _| ());
	assert!(sent.times[1].is_empty());
	assert!(mixnet.statistics().dropped(DropReason::NoRoute) > 20);
	mixnet.peer_connected(now, gateways[0].peer_id);
	while mixnet.poll_timeout().is_some_and(|at| at <= now) {
		mixnet.handle_timeout(now);
	}
	assert_eq!(mixnet.statistics().current_authored_queue_len, 2);
	assert!(mixnet.cancel_request(now, waiting));
	assert_eq!(mixnet.statistics().current_authored_queue_len, 0);

	mixnet.peer_disconnected(now, gateways[0].peer_id);
	let waiting = mixnet.post_request(now, vec![1], 1, HandlingDelay::Extrinsic).unwrap();
	now += Duration::from_secs(61);
	mixnet.handle_timeout(now);
	let failed = std::iter::from_fn(|| mixnet.poll_event()).find_map(|event| match event {
		Event::RequestFailed { id, error, .. } => Some((id, error.to_string())),
		_ => None,
	});
	assert_eq!(failed, Some((waiting, "not connected to any gateway mixnode".to_string())));
}
