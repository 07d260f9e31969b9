//! When packets leave, what is computed for them, and where they go first.

use super::*;
use crate::{
	mixnet::{tests::build, ChainSession},
	request::HandlingDelay,
	sphinx::{build_cover, used},
	Config, KxSecret, Mixnode, PeerId, SessionPhase, SessionStatus, Time,
};
use core::time::Duration;
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

const START: Time = Time::from_duration(Duration::from_secs(1000));
const DELAY: HandlingDelay = HandlingDelay::Fixed(Duration::ZERO);
const CURRENT: RelativeSession = RelativeSession::Current;

fn secret(index: u8) -> KxSecret {
	KxSecret::from_bytes([index + 100; 32])
}

fn mixnode(index: u8) -> Mixnode {
	Mixnode { kx_public: secret(index).public(), peer_id: PeerId([index; 32]), external_addresses: Vec::new() }
}

/// A node in session 0 with this many mixnodes: mixnode 0, or a user. Nothing is sent again within an hour.
fn node(seed: u64, is_mixnode: bool, mixnodes: u8, change: impl FnOnce(&mut Config)) -> Mixnet<ChaChaRng> {
	let mut config = Config { per_hop_network_delay: Duration::from_secs(3600), ..Config::default() };
	config.parameters.hops = 3;
	config.request.copies = 1;
	change(&mut config);
	let rng = ChaChaRng::seed_from_u64(seed);
	let (peer_id, secret) = if is_mixnode { (PeerId([0; 32]), Some(secret(0))) } else { (PeerId([99; 32]), None) };
	let mut mixnet = Mixnet::new(config, peer_id, rng, secret).unwrap();
	mixnet.set_status(START, SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev });
	mixnet.set_session(START, ChainSession::new(0, Ok((0..mixnodes).map(mixnode).collect())));
	for peer in mixnet.reserved_peers() {
		mixnet.peer_connected(START, peer.peer_id);
	}
	build(&mut mixnet);
	mixnet
}

fn session(mixnet: &mut Mixnet<ChaChaRng>) -> &mut Session {
	mixnet.sessions.session_mut(CURRENT).unwrap()
}

/// Lets time pass until the next tick, and returns what is sent then. Checks that nothing is computed for it.
fn next_packet(mixnet: &mut Mixnet<ChaChaRng>) -> AddressedPacket {
	loop {
		let at = mixnet.poll_timeout().unwrap();
		let is_tick = session(mixnet).clock.next() == Some(at);
		used::take();
		mixnet.handle_timeout(at);
		assert!(!is_tick || used::take().is_empty(), "a packet is due, and others were built");
		used::take();
		let packet = mixnet.poll_transmit();
		assert!(used::take().is_empty(), "something was built when a packet was asked for");
		assert_eq!(packet.is_some(), is_tick, "cover is ready");
		if let Some(packet) = packet {
			build(mixnet);
			return packet;
		}
	}
}

/// A packet that mixnode 0 is to forward to mixnode 1.
fn to_forward(rng: &mut ChaChaRng) -> crate::Packet {
	let hop = |index: u8| Hop {
		target: Target::Mixnode(MixnodeIndex::new(index.into()).unwrap()),
		kx_public: secret(index).public(),
	};
	build_cover(rng, &[hop(0), hop(1)], None).unwrap().packet
}

#[test]
fn nothing_is_computed_for_a_packet_that_is_due() {
	for is_mixnode in [true, false] {
		// More waits than there is room for, and some of it is sent again.
		let mut mixnet = node(1, is_mixnode, 6, |config| {
			config.per_hop_network_delay = Duration::ZERO;
			config.request.copies = 3;
		});
		while mixnet.post_request(START, vec![1; 9000], 2, DELAY).is_ok() {}
		for _ in 0..600 {
			next_packet(&mut mixnet);
		}
		let statistics = mixnet.statistics();
		for authored in [statistics.loop_cover_authored, statistics.drop_cover_authored, statistics.requests_authored] {
			assert!(authored > 50, "{statistics:?}");
		}
		assert_eq!(statistics.ticks_awaiting_cover, 0);
	}
}

#[test]
fn packets_leave_in_the_order_in_which_they_are_due_whatever_they_are() {
	let mut rng = ChaChaRng::seed_from_u64(2);
	let mut mixnet = node(2, true, 4, |config| config.parameters.mean_forwarding_delay_ms = 500);
	let mut now = START;
	let (mut turns, mut last_forwarded) = (0, false);
	for _ in 0..100 {
		// A driver that is late, and a queue in which there is always something due.
		now += Duration::from_millis(300);
		mixnet.handle_timeout(now);
		loop {
			let forward = mixnet.forward_queue.next_deadline();
			let tick = session(&mut mixnet).clock.next().unwrap();
			let before = mixnet.statistics().packets_forwarded;
			if mixnet.poll_transmit().is_none() {
				break;
			}
			let forwarded = mixnet.statistics().packets_forwarded > before;
			assert_eq!(forwarded, forward.is_some_and(|deadline| deadline <= tick));
			turns += usize::from(forwarded != last_forwarded);
			last_forwarded = forwarded;
		}
		for _ in 0..3 {
			mixnet.handle_packet(now, PeerId([3; 32]), to_forward(&mut rng));
		}
	}
	assert!(turns > 100, "{turns}");
}

#[test]
fn a_tick_for_which_no_cover_is_ready_waits_and_is_counted_once() {
	let mut mixnet = node(3, true, 4, |_| ());
	// The driver is busy elsewhere until more ticks are due than there is cover for.
	let now = START + Duration::from_millis(900);
	session(&mut mixnet).clock.set_mean(START, Some(Duration::from_millis(20)), &mut ChaChaRng::seed_from_u64(3));
	mixnet.now = now;
	let mut sent = 0;
	for round in 1..4 {
		while mixnet.poll_transmit().is_some() {
			sent += 1;
		}
		assert_eq!(mixnet.statistics().ticks_awaiting_cover, round);
		assert!(mixnet.poll_timeout().unwrap() < now, "it wants to be called again at once");
		mixnet.handle_timeout(now);
		let built = CoverStock::SIZE + (round as usize - 1) * CoverStock::BATCH;
		assert_eq!(sent, built, "no tick is given up, and all wait alike");
		assert!(mixnet.poll_timeout().unwrap() < now, "it wants to be called again at once");
	}
	assert_eq!(mixnet.statistics().dropped(DropReason::NoRoute), 0);
}

#[test]
fn what_is_in_stock_depends_on_the_ticks_alone() {
	for is_mixnode in [true, false] {
		let stock = |busy: bool| -> Vec<usize> {
			let mut mixnet = node(4, is_mixnode, 5, |_| ());
			let mut now = START;
			let mut each = || {
				if busy && session(&mut mixnet).authored.len() == 0 {
					mixnet.post_request(now, vec![1; 10_000], 1, DELAY).unwrap();
				}
				next_packet(&mut mixnet);
				now = mixnet.now;
				session(&mut mixnet).cover.len()
			};
			(0..100).map(|_| each()).collect()
		};
		let idle = stock(false);
		assert_eq!(idle, stock(true));
		assert!(idle.iter().all(|len| (CoverStock::BATCH..=CoverStock::SIZE).contains(len)), "{idle:?}");
	}
}

#[test]
fn a_loop_is_due_a_time_after_it_was_sent_however_long_ago_it_was_built() {
	let mut mixnet = node(5, true, 4, |config| {
		config.per_hop_network_delay = Duration::from_secs(1);
		config.parameters.mean_forwarding_delay_ms = 0;
		config.parameters.mixnode_mean_period_ms = 100_000;
		config.parameters.loop_cover_permille = 999;
	});
	next_packet(&mut mixnet);
	let now = mixnet.now;
	// Three links.
	mixnet.handle_timeout(now + Duration::from_millis(2900));
	assert_eq!(mixnet.statistics().loop_cover_overdue, 0);
	mixnet.handle_timeout(now + Duration::from_millis(3100));
	assert_eq!(mixnet.statistics().loop_cover_overdue, 1);
}

#[test]
fn a_users_cover_goes_by_the_gateways_that_are_connected_at_the_tick() {
	let mut mixnet = node(6, false, 8, |_| ());
	let [kept, gone, late] = [0, 1, 2].map(|index| mixnet.reserved_peers()[index].peer_id);
	mixnet.peer_disconnected(START, late);
	let mut now = START;
	for (connected, peer) in [(false, gone), (true, late), (true, gone)] {
		match connected {
			true => mixnet.peer_connected(now, peer),
			false => mixnet.peer_disconnected(now, peer),
		}
		build(&mut mixnet);
		let expected = if connected { mixnet.connected.clone() } else { [kept].into() };
		let sent: alloc::collections::BTreeSet<_> = (0..60).map(|_| next_packet(&mut mixnet).peer_id).collect();
		assert_eq!(sent, expected);
		now = mixnet.now;
	}
	// A loop comes back by a connected gateway, too.
	let session = session(&mut mixnet);
	assert_eq!(session.cover.len(), CoverStock::SIZE - 60 % CoverStock::BATCH);
}

/// As [`node`], whose driver builds.
fn node_of_builder(seed: u64, is_mixnode: bool) -> Mixnet<ChaChaRng> {
	let mut mixnet = node(seed, is_mixnode, 6, |config| config.driver_builds = true);
	bring_all(&mut mixnet);
	mixnet
}

/// Builds everything, and brings it back at once.
fn bring_all(mixnet: &mut Mixnet<ChaChaRng>) {
	while let Some(build) = mixnet.poll_build() {
		assert!(mixnet.poll_build().is_none(), "one thing at a time");
		mixnet.accept_built(mixnet.now, build.run());
	}
}

#[test]
fn a_driver_that_builds_at_once_sends_the_same_cover() {
	for is_mixnode in [true, false] {
		let mut one = node(8, is_mixnode, 6, |_| ());
		let mut other = node_of_builder(8, is_mixnode);
		for _ in 0..200 {
			let at = other.poll_timeout().unwrap();
			used::take();
			other.handle_timeout(at);
			let packet = other.poll_transmit();
			assert!(used::take().is_empty(), "the driver builds, and something was built");
			assert_eq!(packet, Some(next_packet(&mut one)));
			bring_all(&mut other);
		}
	}
}

#[test]
fn while_a_tick_waits_for_the_driver_nothing_is_to_be_called_at_once() {
	let mut mixnet = node_of_builder(9, true);
	let mut sent = 0;
	// The driver is slow: it has what it took all the time.
	let mut build = None;
	let now = loop {
		let now = mixnet.poll_timeout().unwrap();
		mixnet.handle_timeout(now);
		build = mixnet.poll_build().or(build);
		match mixnet.poll_transmit() {
			Some(_) => sent += 1,
			None => break now,
		}
	};
	assert_eq!((sent, mixnet.statistics().ticks_awaiting_cover), (CoverStock::SIZE, 1));
	assert!(mixnet.poll_timeout().is_none_or(|at| at > now), "the driver would turn in circles");
	mixnet.accept_built(now, build.unwrap().run());
	assert_eq!(mixnet.poll_timeout(), session(&mut mixnet).clock.next().filter(|at| *at <= now));
	assert!(mixnet.poll_transmit().is_some(), "the tick had waited");
}

#[test]
fn cover_that_was_built_for_what_is_over_is_thrown_away() {
	// The session after the next begins: its first hops have other keys.
	let other_session = |mixnet: &mut Mixnet<_>| {
		mixnet.set_status(START, SessionStatus { current_index: 2, phase: SessionPhase::DisconnectFromPrev });
		mixnet.set_session(START, ChainSession::new(2, Ok((0..6).map(mixnode).collect())));
	};
	let gateway_gone_at_a_tick = |mixnet: &mut Mixnet<_>| {
		let gateway = mixnet.reserved_peers()[0].peer_id;
		mixnet.peer_disconnected(START, gateway);
		mixnet.handle_timeout(mixnet.poll_timeout().unwrap());
		assert!(mixnet.poll_transmit().is_none());
	};
	type Change = fn(&mut Mixnet<ChaChaRng>);
	for (is_mixnode, change) in [(true, other_session as Change), (false, gateway_gone_at_a_tick)] {
		let mut mixnet = node_of_builder(10, is_mixnode);
		for _ in 0..CoverStock::BATCH {
			mixnet.handle_timeout(mixnet.poll_timeout().unwrap());
			assert!(mixnet.poll_transmit().is_some());
		}
		let build = mixnet.poll_build().unwrap();
		change(&mut mixnet);
		mixnet.accept_built(mixnet.now, build.run());
		assert_eq!(session(&mut mixnet).cover.len(), 0);
		bring_all(&mut mixnet);
		assert_eq!(session(&mut mixnet).cover.len(), CoverStock::SIZE);
	}
}

#[test]
fn a_copy_that_was_built_for_what_is_over_is_thrown_away() {
	let posted = || {
		let mut mixnet = node_of_builder(11, true);
		let id = mixnet.post_request(START, vec![1; 5000], 2, DELAY).unwrap();
		let build = mixnet.poll_build().unwrap();
		assert_eq!((session(&mut mixnet).authored.len(), mixnet.surb_keystore.len()), (0, 0));
		(mixnet, id, build)
	};

	let (mut mixnet, _, build) = posted();
	mixnet.accept_built(START, build.run());
	assert_eq!((session(&mut mixnet).authored.len(), mixnet.surb_keystore.len()), (3, 2));

	let (mut mixnet, id, build) = posted();
	assert!(mixnet.cancel_request(START, id));
	mixnet.accept_built(START, build.run());
	assert_eq!((session(&mut mixnet).authored.len(), mixnet.surb_keystore.len()), (0, 0));

	// A user loses a gateway that packets of the copy go to first.
	let mut mixnet = node_of_builder(12, false);
	mixnet.post_request(START, vec![1; 5000], 2, DELAY).unwrap();
	let build = mixnet.poll_build().unwrap();
	let gateways: Vec<_> = mixnet.reserved_peers().iter().map(|gateway| gateway.peer_id).collect();
	mixnet.peer_disconnected(START, gateways[0]);
	mixnet.peer_disconnected(START, gateways[1]);
	mixnet.accept_built(START, build.run());
	assert_eq!((session(&mut mixnet).authored.len(), mixnet.surb_keystore.len()), (0, 0));
	bring_all(&mut mixnet);
	assert_eq!((session(&mut mixnet).authored.len(), mixnet.surb_keystore.len()), (3, 2));

	// The session ends. The request goes to the next one, under another message ID if it had a destination.
	let (mut mixnet, id, build) = posted();
	mixnet.set_status(START, SessionStatus { current_index: 1, phase: SessionPhase::DisconnectFromPrev });
	mixnet.accept_built(START, build.run());
	assert_eq!(mixnet.surb_keystore.len(), 0);
	mixnet.set_session(START, ChainSession::new(1, Ok((0..6).map(mixnode).collect())));
	bring_all(&mut mixnet);
	assert_eq!((session(&mut mixnet).authored.len(), mixnet.surb_keystore.len()), (3, 2));
	assert_eq!(mixnet.pending.get(id).unwrap().bound_to.unwrap().0, 1);
}

/// Ticks until each of many replies leaves, if the mixnode's own user has this much to say: requests wait all the time, or
/// there are none.
fn waits_of_replies(seed: u64, busy: bool) -> Vec<u64> {
	let mut mixnet = node(seed, true, 5, |config| config.request.capacity = 100_000);
	let mut waits = Vec::new();
	while waits.len() < 1500 {
		while busy && mixnet.post_request(mixnet.now, vec![1; 100], 0, DELAY).is_ok() {}
		let packet = AddressedPacket { peer_id: PeerId([1; 32]), packet: to_forward(&mut mixnet.rng) };
		assert!(session(&mut mixnet).authored.push_reply(vec![packet]));
		let before = mixnet.statistics();
		while mixnet.statistics().replies_authored == before.replies_authored {
			next_packet(&mut mixnet);
		}
		waits.push(mixnet.statistics().authored() - before.authored());
	}
	assert_eq!(mixnet.statistics().requests_authored > 1000, busy);
	waits
}

/// Whoever made the SURBs of a reply knows how long it took everywhere else.
#[test]
fn a_reply_waits_as_long_whether_or_not_the_mixnodes_user_has_something_to_say() {
	// Three quarters of the ticks are not for loops, and half of those are for replies.
	let share: f64 = 0.75 * 0.5;
	for busy in [false, true] {
		let waits = waits_of_replies(7, busy);
		let num = waits.len() as f64;
		// The number of ticks is geometrically distributed: for each, compare how many replies waited no longer.
		for ticks in 1..8 {
			let law = 1.0 - (1.0 - share).powi(ticks);
			let no_longer = waits.iter().filter(|wait| **wait <= ticks as u64).count() as f64;
			let deviations = (no_longer - num * law) / (num * law * (1.0 - law)).sqrt();
			assert!(deviations.abs() < 4.5, "busy: {busy}, {ticks} ticks: {no_longer} of {num}, not {law}");
		}
	}
}

/// How often each mixnode was the first hop while requests waited, the destination's place first.
fn first_hops(is_mixnode: bool, late_gateway: bool) -> Vec<usize> {
	let mut counts = Vec::new();
	for seed in 0..200 {
		let mut mixnet = node(seed, is_mixnode, 5, |config| config.parameters.non_mixnode_mean_period_ms = 100);
		let mut first: Vec<_> = mixnet.reserved_peers().iter().map(|peer| peer.peer_id).collect();
		let late = first[0];
		if late_gateway {
			mixnet.peer_disconnected(START, late);
		}
		let id = mixnet.post_request(START, vec![1; 38_000], 0, DELAY).unwrap();
		let (_, destination) = mixnet.pending.get(id).unwrap().bound_to.unwrap();
		let destination = session(&mut mixnet).topology.mixnode_peer_id(destination).unwrap();
		if late_gateway {
			mixnet.peer_connected(START, late);
		}
		build(&mut mixnet);
		// Of all destinations, those that somebody watches who also sees the first hop.
		if !first.contains(&destination) {
			continue;
		}
		first.sort_by_key(|peer_id| *peer_id != destination);
		counts.resize(first.len(), 0);
		while session(&mut mixnet).authored.len() > 0 {
			let packet = next_packet(&mut mixnet);
			counts[first.iter().position(|peer_id| *peer_id == packet.peer_id).unwrap()] += 1;
		}
		assert!(mixnet.statistics().requests_authored >= 19);
	}
	counts
}

/// No first hop says whether a request waits, nor for whom.
#[test]
fn first_hops_of_requests_are_distributed_like_those_of_cover() {
	for (is_mixnode, late_gateway) in [(false, false), (false, true), (true, false)] {
		let counts = first_hops(is_mixnode, late_gateway);
		let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
		let chi_squared: f64 = counts.iter().map(|count| (*count as f64 - mean).powi(2) / mean).sum();
		println!("mixnode: {is_mixnode}, a late gateway: {late_gateway}: {counts:?}, chi squared {chi_squared}");
		assert!(mean > 500.0);
		// 1 in 10,000, at two and at three degrees of freedom.
		let limit = if is_mixnode { 21.11 } else { 18.42 };
		assert!(chi_squared < limit, "{counts:?}: {chi_squared}");
	}
}
