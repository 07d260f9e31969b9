//! Edge cases of one node. Networks of nodes are tested in `simulation/tests`.

use super::*;
use crate::{
	request::HandlingDelay,
	sphinx::{used, Backend, Packet, Scratch, SurbId, SurbKeys},
	traffic::ForwardPacket,
	AddressedPacket, Config, DropReason, KxPublic, KxSecret, MessageId, Mixnode, MixnodeIndex, MixnodesError,
	Parameters, PeerId, RelativeSession, RestingReason, SessionIndex, SessionPhase, SessionStatus, Time,
};
use core::time::Duration;
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

pub(super) const NOW: Time = Time::from_duration(Duration::from_secs(1));

pub(super) fn peer_id(index: u8) -> PeerId {
	PeerId([index; 32])
}

fn secret(index: u8) -> [u8; 32] {
	[index.wrapping_add(100); 32]
}

fn mixnode(index: u8) -> Mixnode {
	let kx_public = KxSecret::from_bytes(secret(index)).public();
	Mixnode { kx_public, peer_id: peer_id(index), external_addresses: vec![vec![index]] }
}

fn status(current_index: SessionIndex, phase: SessionPhase) -> SessionStatus {
	SessionStatus { current_index, phase }
}

/// Mixnode `index` of three in session 0, in phase 3. Every packet takes two hops and no delay.
pub(super) fn node(index: u8, change: impl FnOnce(&mut Config)) -> Mixnet<ChaChaRng> {
	let parameters =
		Parameters { hops: 2, mean_forwarding_delay_ms: 0, loop_cover_permille: 0, ..Parameters::default() };
	let mut config = Config { parameters, ..Config::default() };
	change(&mut config);
	let rng = ChaChaRng::seed_from_u64(u64::from(index));
	let mut mixnet = Mixnet::new(config, peer_id(index), rng, Some(KxSecret::from_bytes(secret(index)))).unwrap();
	mixnet.set_status(NOW, status(0, SessionPhase::DisconnectFromPrev));
	mixnet.set_session(NOW, ChainSession::new(0, Ok((0..3).map(mixnode).collect())));
	while mixnet.poll_event().is_some() {}
	mixnet
}

/// Has everything built that is wanted, as every driver does while nothing is due.
pub(super) fn build(mixnet: &mut Mixnet<ChaChaRng>) {
	assert_eq!(mixnet.poll_transmit(), None);
	while mixnet.poll_timeout() == Some(mixnet.now) {
		mixnet.handle_timeout(mixnet.now);
		assert_eq!(mixnet.poll_transmit(), None);
	}
}

/// The next authored packet of a node.
fn next_packet(mixnet: &mut Mixnet<ChaChaRng>) -> AddressedPacket {
	loop {
		let at = mixnet.poll_timeout().unwrap();
		mixnet.handle_timeout(at);
		if let Some(packet) = mixnet.poll_transmit() {
			return packet;
		}
	}
}

/// A packet to be forwarded, and the index of the mixnode that is to do so.
pub(super) fn packet_to_forward() -> (u8, Packet) {
	let packet = next_packet(&mut node(0, |_| ()));
	(packet.peer_id.0[0], packet.packet)
}

#[test]
fn a_packet_that_was_dropped_for_a_full_queue_may_come_again() {
	let (forwarder, packet) = packet_to_forward();
	let mut source = node(0, |_| ());
	next_packet(&mut source);
	let mut forwarder_node = node(forwarder, |config| {
		config.parameters.forward_queue_capacity = 1;
		config.parameters.mean_forwarding_delay_ms = 1000;
	});
	// Another packet fills the queue.
	let other = loop {
		let other = next_packet(&mut source);
		if other.peer_id == peer_id(forwarder) {
			break other.packet;
		}
	};
	assert_eq!(forwarder_node.handle_packet(NOW, peer_id(0), other), None);
	for _ in 0..2 {
		let reason = forwarder_node.handle_packet(NOW, peer_id(0), packet.clone());
		assert_eq!(reason, Some(DropReason::ForwardQueueFull));
	}
	// The other one counts for a mean delay, whenever it leaves.
	let later = NOW + Duration::from_secs(1);
	assert_eq!(forwarder_node.handle_packet(later, peer_id(0), packet.clone()), None);
	assert_eq!(forwarder_node.handle_packet(later, peer_id(0), packet), Some(DropReason::Replayed));
	let statistics = forwarder_node.statistics();
	assert_eq!(statistics.packets_received, 5);
	assert_eq!(statistics.packets_accepted_to_forward, 2);
	assert_eq!(statistics.dropped(DropReason::ForwardQueueFull), 2);
	assert_eq!(statistics.dropped(DropReason::Replayed), 1);
}

#[test]
fn damaged_packets_are_dropped_for_the_right_reason() {
	let (forwarder, packet) = packet_to_forward();
	let mut forwarder = node(forwarder, |_| ());
	for byte in [0, 40, 100, 187] {
		let mut bytes = *packet.as_bytes();
		bytes[byte] ^= 1;
		assert_eq!(forwarder.handle_packet(NOW, peer_id(0), bytes.into()), Some(DropReason::UnknownKey), "{byte}");
	}
	let low_order = Packet::from([0; 2252]);
	assert!(forwarder.handle_packet(NOW, peer_id(0), low_order).is_some());
	assert_eq!(forwarder.handle_packet(NOW, peer_id(0), packet), None);
}

#[test]
fn a_user_forwards_nothing() {
	let (forwarder, packet) = packet_to_forward();
	let mut rng = ChaChaRng::seed_from_u64(1);
	let secret = KxSecret::from_bytes(secret(forwarder));
	let mut mixnet = Mixnet::new(Config::default(), peer_id(forwarder), &mut rng, Some(secret)).unwrap();
	assert_eq!(mixnet.handle_packet(NOW, peer_id(0), packet.clone()), Some(DropReason::UnknownKey));
	mixnet.set_status(NOW, status(0, SessionPhase::DisconnectFromPrev));
	assert_eq!(mixnet.handle_packet(NOW, peer_id(0), packet.clone()), Some(DropReason::UnknownKey));
	// Its own key, but not in the list.
	let others = (0..3).filter(|index| *index != forwarder).map(mixnode).collect();
	mixnet.set_session(NOW, ChainSession::new(0, Ok(others)));
	assert_eq!(mixnet.role(RelativeSession::Current), Role::NonMixnode);
	for _ in 0..2 {
		assert_eq!(mixnet.handle_packet(NOW, peer_id(0), packet.clone()), Some(DropReason::NotMixnode));
	}
}

#[test]
fn queued_packets_end_with_their_session() {
	let (forwarder, packet) = packet_to_forward();
	let mut forwarder = node(forwarder, |config| config.parameters.mean_forwarding_delay_ms = 100_000);
	assert_eq!(forwarder.handle_packet(NOW, peer_id(0), packet.clone()), None);
	forwarder.set_status(NOW, status(1, SessionPhase::CoverToPrev));
	assert_eq!(forwarder.statistics().forward_queue_len, 1);
	forwarder.set_status(NOW, status(1, SessionPhase::DisconnectFromPrev));
	let statistics = forwarder.statistics();
	assert_eq!((statistics.forward_queue_len, statistics.dropped(DropReason::ForwardSessionEnded)), (0, 1));
	assert_eq!(forwarder.handle_packet(NOW, peer_id(0), packet), Some(DropReason::UnknownKey));
	assert_eq!(forwarder.poll_timeout(), None);
}

/// Sessions end when the chain says so. One that says nothing must not keep keys alive.
#[test]
fn keys_of_a_chain_that_stands_still_are_given_up_and_the_next_one_stays() {
	let (index, packet) = packet_to_forward();
	let mut forwarder = node(index, |config| config.parameters.mean_forwarding_delay_ms = 100_000);
	let (session, kx_public) = forwarder.next_kx_public();
	let mut others = forwarder.reserved_peers();
	assert_eq!(forwarder.handle_packet(NOW, peer_id(0), packet.clone()), None);
	forwarder.give_up_sessions(NOW);
	let statistics = forwarder.statistics();
	assert_eq!((statistics.forward_queue_len, statistics.dropped(DropReason::ForwardSessionEnded)), (0, 1));
	assert_eq!(forwarder.handle_packet(NOW, peer_id(0), packet.clone()), Some(DropReason::UnknownKey));
	assert_eq!((forwarder.poll_timeout(), forwarder.reserved_peers()), (None, Vec::new()));
	let reason = RestingReason::Stalled;
	let refused = forwarder.post_request(NOW, vec![1], 1, HandlingDelay::Extrinsic);
	assert_eq!(refused, Err(PostError::Resting { session: 0, reason }));

	// Nothing that the chain says of that session brings a key back.
	forwarder.set_status(NOW, status(0, SessionPhase::RequestsToCurrent));
	assert_eq!(forwarder.wanted_mixnodes(), []);
	forwarder.set_session(NOW, ChainSession::new(0, Ok((0..3).map(mixnode).collect())));
	assert_eq!(forwarder.role(RelativeSession::Current), Role::Resting);
	assert!(!forwarder.restore_kx_secret(0, KxSecret::from_bytes(secret(index))));
	assert_eq!(forwarder.handle_packet(NOW, peer_id(0), packet), Some(DropReason::UnknownKey));

	assert_eq!(forwarder.next_kx_public(), (session, kx_public));
	forwarder.set_status(NOW, status(1, SessionPhase::CoverToCurrent));
	let mut mixnodes: Vec<_> = (0..3).map(mixnode).collect();
	mixnodes[usize::from(index)].kx_public = kx_public;
	forwarder.set_session(NOW, ChainSession::new(1, Ok(mixnodes)));
	assert!(matches!(forwarder.role(RelativeSession::Current), Role::Mixnode(_)));
	others.sort_by_key(|peer| peer.peer_id);
	assert_eq!(forwarder.reserved_peers(), others);
}

#[test]
fn post_errors_say_what_is_wrong() {
	let delay = HandlingDelay::Fixed(Duration::ZERO);
	let rng = ChaChaRng::seed_from_u64(1);
	let mut mixnet = Mixnet::new(Config::default(), peer_id(0), rng, None).unwrap();
	assert_eq!(mixnet.post_request(NOW, vec![], 1, delay), Err(PostError::NotReady));
	mixnet.set_status(NOW, status(5, SessionPhase::RequestsToCurrent));
	assert_eq!(mixnet.wanted_mixnodes(), RelativeSession::BOTH);
	assert_eq!(mixnet.post_request(NOW, vec![], 1, delay), Err(PostError::NotReady));
	let error = MixnodesError::InsufficientRegistrations { num: 1, min: 4 };
	mixnet.set_session(NOW, ChainSession::new(5, Err(error.clone())));
	// The previous session may still become known and take it.
	assert_eq!(mixnet.post_request(NOW, vec![], 1, delay), Err(PostError::NotReady));
	mixnet.set_session(NOW, ChainSession::new(4, Err(error.clone())));
	let reason = RestingReason::Mixnodes(error);
	assert_eq!(mixnet.post_request(NOW, vec![], 1, delay), Err(PostError::Resting { session: 5, reason }));

	let mut mixnet = node(0, |config| config.request.capacity = 1);
	let too_large = mixnet.post_request(NOW, vec![0; 26 * 2048], 1, delay);
	assert!(matches!(too_large, Err(PostError::TooLarge { max: 25, .. })), "{too_large:?}");
	let too_large = mixnet.post_request(NOW, vec![], usize::MAX, delay);
	assert!(matches!(too_large, Err(PostError::TooLarge { .. })), "{too_large:?}");
	mixnet.post_request(NOW, vec![], 0, delay).unwrap();
	let error = mixnet.post_request(NOW, vec![], 0, delay).unwrap_err();
	let timer = mixnet.pending.next_timer().unwrap();
	assert_eq!((error.retry_at(), error), (Some(timer), PostError::TooManyRequests { capacity: 1, at: timer }));
}

#[test]
fn a_session_that_rests_is_told_once() {
	let events = |mixnet: &mut Mixnet<ChaChaRng>| -> Vec<String> {
		std::iter::from_fn(|| mixnet.poll_event()).map(|event| format!("{event:?}")).collect()
	};
	let rng = ChaChaRng::seed_from_u64(1);
	let config = Config { non_mixnode: false, ..Config::default() };
	let mut mixnet = Mixnet::new(config, peer_id(9), rng, None).unwrap();
	mixnet.set_status(NOW, status(5, SessionPhase::DisconnectFromPrev));
	assert_eq!(events(&mut mixnet).len(), 2);
	mixnet.set_status(NOW, status(5, SessionPhase::DisconnectFromPrev));
	mixnet.set_session(NOW, ChainSession::new(4, Ok(vec![mixnode(0)])));
	mixnet.set_session(NOW, ChainSession::new(6, Ok(vec![mixnode(0)])));
	assert_eq!(events(&mut mixnet), [""; 0]);
	assert_eq!(mixnet.role(RelativeSession::Current), Role::Unknown);
	mixnet.set_session(NOW, ChainSession::new(5, Ok(vec![mixnode(0)])));
	mixnet.set_session(NOW, ChainSession::new(5, Ok(vec![mixnode(9)])));
	assert_eq!(events(&mut mixnet), ["SessionResting { session: 5, reason: NotMixnode }"]);
	assert_eq!(mixnet.role(RelativeSession::Current), Role::Resting);
	assert_eq!(mixnet.wanted_mixnodes(), []);
}

#[test]
fn reserved_peers_are_each_named_once_and_never_ourselves() {
	let mut mixnet = node(1, |_| ());
	let named: Vec<_> = mixnet.reserved_peers().into_iter().map(|peer| peer.peer_id).collect();
	assert_eq!(named, [peer_id(0), peer_id(2)]);
	let (index, kx_public) = mixnet.next_kx_public();
	assert_eq!(index, 1);
	mixnet.set_status(NOW, status(1, SessionPhase::CoverToCurrent));
	let us = Mixnode { kx_public, ..mixnode(1) };
	let moved = Mixnode { external_addresses: vec![b"new".to_vec()], ..mixnode(2) };
	mixnet.set_session(NOW, ChainSession::new(1, Ok(vec![us, moved, mixnode(3)])));
	assert_eq!(mixnet.role(RelativeSession::Current), Role::Mixnode(MixnodeIndex::new(0).unwrap()));
	assert_eq!(mixnet.role(RelativeSession::Previous), Role::Mixnode(MixnodeIndex::new(1).unwrap()));
	let peers = mixnet.reserved_peers();
	let named: Vec<_> = peers.iter().map(|peer| peer.peer_id).collect();
	assert_eq!(named, [peer_id(0), peer_id(2), peer_id(3)]);
	assert_eq!(peers[1].external_addresses, [b"new".to_vec()], "the newer address");
	// The event is not repeated for every change before it is polled.
	let changes =
		std::iter::from_fn(|| mixnet.poll_event()).filter(|event| matches!(event, Event::ReservedPeersChanged)).count();
	assert_eq!(changes, 1);
}

#[test]
fn a_mixnode_with_an_unusable_key_stops_nothing() {
	let mut mixnet = node(0, |_| ());
	let (_, kx_public) = mixnet.next_kx_public();
	mixnet.set_status(NOW, status(1, SessionPhase::DisconnectFromPrev));
	let us = Mixnode { kx_public, ..mixnode(0) };
	let bad = Mixnode { kx_public: KxPublic([0; 32]), ..mixnode(5) };
	mixnet.set_session(NOW, ChainSession::new(1, Ok(vec![us, mixnode(1), bad, mixnode(3), mixnode(4)])));
	for _ in 0..20 {
		next_packet(&mut mixnet);
	}
	for _ in 0..10 {
		mixnet.post_request(NOW, vec![1], 2, HandlingDelay::Extrinsic).unwrap();
	}
	assert!(mixnet.statistics().current_authored_queue_len >= 10);
}

/// The time after which a request is sent again, in a session with these parameters. The seed is always the same.
fn retry_after(change: impl FnOnce(&mut Parameters)) -> Duration {
	let mut parameters = Parameters { hops: 2, ..Parameters::default() };
	change(&mut parameters);
	let config =
		Config { request: crate::RequestConfig { copies: 1, ..Config::default().request }, ..Config::default() };
	let mut mixnet = Mixnet::new(config, peer_id(9), ChaChaRng::seed_from_u64(1), None).unwrap();
	mixnet.set_status(NOW, status(0, SessionPhase::DisconnectFromPrev));
	let mixnodes = Ok((0..9).map(mixnode).collect());
	mixnet.set_session(NOW, ChainSession { index: 0, parameters: Some(parameters), mixnodes });
	assert_eq!(mixnet.parameters(RelativeSession::Current), Some(parameters));
	for index in 0..9 {
		mixnet.peer_connected(NOW, peer_id(index));
	}
	mixnet.post_request(NOW, vec![1], 1, HandlingDelay::Extrinsic).unwrap();
	mixnet.pending.next_timer().unwrap() - NOW
}

#[test]
fn the_retry_timer_follows_the_sessions_parameters() {
	let usual = retry_after(|_| ());
	// Two hops there, one of which delays, and two back. The routes are the same.
	let twice_the_delay = retry_after(|parameters| parameters.mean_forwarding_delay_ms *= 2);
	let thrice_the_delay = retry_after(|parameters| parameters.mean_forwarding_delay_ms *= 3);
	let of_delay = twice_the_delay - usual;
	assert!(of_delay > Duration::ZERO);
	assert!((thrice_the_delay - usual).abs_diff(2 * of_delay) < Duration::from_micros(1));
	// PROTOCOL.md, section 10: one packet waits here, at 1 s / 0.375 = 8/3 s; there the queue is full, at r = 0.1 of it.
	let queues = |capacity: f64| {
		let (n, m, r) = (1.0, capacity, 0.1);
		8.0 / 3.0 * (4.92582 + 3.87809 * f64::sqrt(n + r * r * r * m) + n + r * m)
	};
	let longer_queue = retry_after(|parameters| parameters.mixnode_queue_capacity = 200);
	let difference = (longer_queue - usual).as_secs_f64() - (queues(200.0) - queues(50.0));
	assert!(difference.abs() < 1e-6, "{difference}");
	for change in [
		(|parameters| parameters.mean_extrinsic_delay_ms = 9_000) as fn(&mut Parameters),
		|parameters| parameters.mixnode_mean_period_ms = 200,
		|parameters| parameters.non_mixnode_mean_period_ms = 2_000,
		|parameters| parameters.loop_cover_permille = 500,
		|parameters| parameters.hops = 6,
	] {
		assert!(retry_after(change) > usual);
	}
}

#[test]
fn possession_is_proven_of_the_next_sessions_key_alone() {
	let mut mixnet = node(0, |_| ());
	let (index, kx_public) = mixnet.next_kx_public();
	let proof = mixnet.prove_possession(index, &kx_public, b"registration").expect("our key");
	let key = ed25519_zebra::VerificationKey::try_from(kx_public.possession_key().unwrap()).unwrap();
	key.verify(&proof.0.into(), b"registration").unwrap();
	assert_eq!(mixnet.prove_possession(index, &mixnode(0).kx_public, b""), None, "another session's");
	assert_eq!(mixnet.prove_possession(index, &mixnode(1).kx_public, b""), None, "another node's");
	assert_eq!(mixnet.prove_possession(index + 1, &kx_public, b""), None);
	assert_eq!(mixnet.next_kx_public(), (index, kx_public));
	mixnet.set_status(NOW, status(index, SessionPhase::CoverToCurrent));
	assert_eq!(mixnet.prove_possession(index, &kx_public, b""), None, "too late");
	assert_eq!(mixnet.prove_possession(index + 1, &kx_public, b""), None, "no key was asked for");
}

#[test]
fn time_does_not_run_backwards() {
	let mut mixnet = node(0, |_| ());
	build(&mut mixnet);
	let at = mixnet.poll_timeout().unwrap();
	mixnet.handle_timeout(at + Duration::from_millis(1));
	mixnet.handle_timeout(Time::ZERO);
	assert!(mixnet.poll_transmit().is_some());
}

#[test]
fn a_driver_that_does_not_poll_gets_no_more_requests_than_configured() {
	let mut source = node(0, |config| config.request.capacity = 100);
	let mut others: Vec<_> = (1..3).map(|index| node(index, |config| config.max_queued_requests = 2)).collect();
	for byte in 0..12 {
		source.post_request(NOW, vec![byte], 1, HandlingDelay::Extrinsic).unwrap();
	}
	let mut now = NOW;
	for _ in 0..160 {
		let packet = next_packet(&mut source);
		now += Duration::from_millis(10);
		let first = usize::from(packet.peer_id.0[0]) - 1;
		others[first].handle_packet(now, peer_id(0), packet.packet);
		let forwarded = others[first].forward_queue.pop_due(now).unwrap();
		let second = usize::from(forwarded.peer_id.0[0]) - 1;
		others[second].handle_packet(now, peer_id(0), forwarded.packet);
	}
	for other in &mut others {
		assert!(other.statistics().dropped(DropReason::TooManyQueuedRequests) > 0);
		assert_eq!(other.queued_requests, 2);
		assert_eq!(other.statistics().replies_cached, 2, "refused requests are forgotten, and new when repeated");
		while other.poll_event().is_some() {}
		assert_eq!(other.queued_requests, 0);
	}
}

#[test]
fn every_backend_sends_the_same() {
	let sent = |backend| {
		let mut node = node(0, |config| config.parameters.loop_cover_permille = 300);
		node.set_backend(backend);
		let delay = HandlingDelay::Fixed(Duration::from_secs(1));
		node.post_request(NOW, vec![7; 5000], 10, delay).unwrap();
		(0..30).map(|_| next_packet(&mut node)).collect::<Vec<_>>()
	};
	let expected = sent(Backend::best());
	for backend in Backend::available() {
		assert!(sent(backend) == expected, "{backend}");
	}
}

#[test]
fn cover_is_ready_before_the_ticks_and_no_longer_than_its_session_lives() {
	let mut mixnet = node(0, |_| ());
	let is_stocked = |mixnet: &Mixnet<ChaChaRng>| -> Vec<bool> {
		mixnet.sessions.iter().map(|session| !session.cover.is_empty()).collect()
	};
	assert_eq!(is_stocked(&mixnet), [false]);
	build(&mut mixnet);
	for _ in 0..30 {
		assert_eq!(is_stocked(&mixnet), [true]);
		next_packet(&mut mixnet);
		build(&mut mixnet);
	}
	assert_eq!(mixnet.statistics().drop_cover_authored, 30);
	mixnet.set_status(NOW, status(1, SessionPhase::DisconnectFromPrev));
	build(&mut mixnet);
	assert!(is_stocked(&mixnet).is_empty());
	// It is a user in this session.
	mixnet.set_session(NOW, ChainSession::new(1, Ok((1..4).map(self::mixnode).collect())));
	assert_eq!(mixnet.role(RelativeSession::Current), Role::NonMixnode);
	for index in 1..4 {
		mixnet.peer_connected(NOW, peer_id(index));
	}
	assert_eq!(is_stocked(&mixnet), [false]);
	build(&mut mixnet);
	assert_eq!(is_stocked(&mixnet), [true]);
}

/// Wherever the core multiplies: for keys, cover, requests, and packets that come alone or in batches, finished before
/// they are accepted or not.
#[test]
fn the_chosen_backend_multiplies_everywhere() {
	let (forwarder, packet) = packet_to_forward();
	let to_forward: Vec<_> = std::iter::repeat_with(|| next_packet(&mut node(0, |_| ())).packet).take(3).collect();
	assert_eq!(to_forward[0], packet, "the same seed");
	let mixnodes: Vec<_> = (1..6).map(mixnode).collect();
	for backend in Backend::available() {
		let mut mixnode = node(forwarder, |config| config.parameters.loop_cover_permille = 500);
		let mut user = Mixnet::new(Config::default(), peer_id(9), ChaChaRng::seed_from_u64(1), None).unwrap();
		mixnode.set_backend(backend);
		user.set_backend(backend);
		used::take();

		mixnode.next_kx_public();
		user.set_status(NOW, status(3, SessionPhase::RequestsToCurrent));
		assert!(user.restore_kx_secret(2, KxSecret::from_bytes([3; 32])));
		user.set_session(NOW, ChainSession::new(3, Ok(mixnodes.clone())));
		for peer in user.reserved_peers() {
			user.peer_connected(NOW, peer.peer_id);
		}
		for _ in 0..20 {
			next_packet(&mut user);
			next_packet(&mut mixnode);
		}
		user.post_request(NOW, vec![1], 2, HandlingDelay::Extrinsic).unwrap();
		let unwrapper = mixnode.unwrapper();
		let batch = unwrapper.open(&mut Scratch::new(), [(peer_id(0), packet.clone())]);
		mixnode.accept(NOW, batch);
		assert_eq!(mixnode.statistics().packets_accepted_to_forward, 1);
		assert_eq!(mixnode.handle_packet(NOW, peer_id(0), packet.clone()), Some(DropReason::Replayed));
		mixnode.handle_packets(NOW, to_forward.iter().map(|packet| (peer_id(0), packet.clone())));

		let used = used::take();
		assert!(used.values().sum::<usize>() > 20, "{used:?}");
		assert_eq!(used.into_keys().collect::<Vec<_>>(), [backend.name()]);
	}
}

#[test]
fn statistics_say_what_is_kept_now_and_what_was_evicted() {
	let mut node = node(0, |config| (config.max_incomplete_messages, config.surb_keystore_capacity) = (1, 2));
	let (_, public) = node.next_kx_public();
	node.set_status(NOW, status(1, SessionPhase::CoverToCurrent));
	let own = Mixnode { kx_public: public, ..mixnode(0) };
	node.set_session(NOW, ChainSession::new(1, Ok(vec![own, mixnode(1), mixnode(2)])));

	let packets = |number| (0..number).map(|_| AddressedPacket { peer_id: peer_id(1), packet: [0; 2252].into() });
	for packet in packets(1) {
		assert!(node.forward_queue.push(ForwardPacket { deadline: NOW, session: 1, packet }));
	}
	for (session, number) in [(RelativeSession::Previous, 2), (RelativeSession::Current, 3)] {
		assert!(node.sessions.session_mut(session).unwrap().authored.push_reply(packets(number).collect()));
	}
	node.pending.insert(&mut node.rng, NOW, vec![1], 1, HandlingDelay::Extrinsic);
	for number in 0..5 {
		let id = MessageId([number; 16]);
		node.replies.see(NOW, id, 1, Duration::ZERO);
		node.surb_keystore.insert(id, SurbId([number; 16]), SurbKeys::from_secrets(&[0; 32], []));
		// The first of two fragments.
		let mut fragment = [0; 2048];
		(fragment[0], fragment[16]) = (number, 1);
		node.request_assembler.insert(&fragment, 2).unwrap();
		node.reply_assembler.insert_reply(id, &fragment, 2).unwrap();
	}
	node.network_delay.measure(Duration::from_millis(140), Duration::ZERO, 7);

	let statistics = node.statistics();
	assert_eq!((statistics.forward_queue_len, statistics.requests_pending), (1, 1));
	assert_eq!((statistics.previous_authored_queue_len, statistics.current_authored_queue_len), (2, 3));
	assert_eq!((statistics.replies_cached, statistics.surbs_kept), (5, 2));
	assert_eq!(statistics.mean_hop_delay, Duration::from_millis(20));
	// Requests, of which one is kept, and replies, of which two are.
	assert_eq!(statistics.dropped(DropReason::IncompleteMessage), 4 + 3);
	assert_eq!(statistics.dropped(DropReason::SurbEvicted), 3);
}
