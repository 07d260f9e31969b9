//! Mistakes that the model found, each reproduced in a few steps.

use super::*;
use crate::{
	request::HandlingDelay,
	sphinx::{build_cover, Hop, MixnodeIndex, Target},
	Config, DropReason, KxPublic, KxSecret, Mixnode, PeerId, RelativeSession, SessionIndex, SessionPhase,
	SessionStatus, Time,
};
use core::time::Duration;
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

const NOW: Time = Time::from_duration(Duration::from_secs(1));
const US: PeerId = PeerId([0; 32]);

fn status(current_index: SessionIndex, phase: SessionPhase) -> SessionStatus {
	SessionStatus { current_index, phase }
}

fn other(number: u8) -> Mixnode {
	let kx_public = KxSecret::from_bytes([number; 32]).public();
	Mixnode { kx_public, peer_id: PeerId([number; 32]), external_addresses: Vec::new() }
}

/// Begins the next session, with us as mixnode 0. Returns our key in it.
fn enter(mixnet: &mut Mixnet<ChaChaRng>) -> KxPublic {
	let (session, kx_public) = mixnet.next_kx_public();
	let us = Mixnode { kx_public, peer_id: US, external_addresses: Vec::new() };
	mixnet.set_status(NOW, status(session, SessionPhase::DisconnectFromPrev));
	mixnet.set_session(NOW, ChainSession::new(session, Ok([us, other(1), other(2), other(3)].into())));
	kx_public
}

/// A mixnode of session 5, and its key there.
fn node() -> (Mixnet<ChaChaRng>, KxPublic) {
	let mut mixnet = Mixnet::new(Config::default(), US, ChaChaRng::seed_from_u64(1), None).unwrap();
	mixnet.set_status(NOW, status(4, SessionPhase::DisconnectFromPrev));
	let key = enter(&mut mixnet);
	(mixnet, key)
}

/// Begins session 6, and then starts the chain over in session 5.
fn start_over(mixnet: &mut Mixnet<ChaChaRng>) {
	mixnet.set_status(NOW, status(6, SessionPhase::CoverToCurrent));
	mixnet.set_status(NOW, status(5, SessionPhase::DisconnectFromPrev));
	assert_eq!(mixnet.wanted_mixnodes(), [RelativeSession::Current], "session 5 was forgotten");
}

#[test]
fn a_request_that_ends_leaves_no_surb_keys_however_often_it_changed_sessions() {
	let (mut mixnet, _) = node();
	let id = mixnet.post_request(NOW, vec![1], 2, HandlingDelay::Extrinsic).unwrap();
	// None of its packets is sent in any session, so it has all its destinations left.
	for _ in 0..10 {
		enter(&mut mixnet);
	}
	assert!(mixnet.cancel_request(NOW, id));
	assert_eq!(mixnet.statistics().surbs_kept, 0);
}

#[test]
fn a_request_starts_anew_when_the_chain_does() {
	let (mut mixnet, _) = node();
	let id = mixnet.post_request(NOW, vec![1], 2, HandlingDelay::Extrinsic).unwrap();
	let before = mixnet.pending.get(id).unwrap().message_id;
	start_over(&mut mixnet);
	mixnet.set_session(NOW, ChainSession::new(5, Ok((7..12).map(other).collect())));
	for number in 7..12 {
		mixnet.peer_connected(NOW, other(number).peer_id);
	}
	while mixnet.poll_timeout().is_some_and(|at| at <= NOW) {
		mixnet.handle_timeout(NOW);
	}
	// Mixnodes of another list must not see the same message ID.
	assert_ne!(mixnet.pending.get(id).unwrap().message_id, before);
	assert!(
		mixnet.statistics().current_authored_queue_len > 0,
		"its packets are lost, and nothing waits for an answer"
	);
}

#[test]
fn queued_packets_end_when_the_chain_starts_over() {
	let (mut mixnet, key) = node();
	let hop = |index, kx_public| Hop { target: Target::Mixnode(MixnodeIndex::new(index).unwrap()), kx_public };
	let route = [hop(0, key), hop(1, other(1).kx_public)];
	let packet = build_cover(&mut ChaChaRng::seed_from_u64(2), &route, None).unwrap().packet;
	assert_eq!(mixnet.handle_packet(NOW, other(2).peer_id, packet), None);
	start_over(&mut mixnet);
	let statistics = mixnet.statistics();
	assert_eq!((statistics.forward_queue_len, statistics.dropped(DropReason::ForwardSessionEnded)), (0, 1));
}
