//! Routing actions that make no sense: forward to ourselves or to nobody, deliver what was not asked for.

use super::victim::{
	forge, index, local_hop, local_public, local_secret, noise, request, to_forward, whole, Victim,
	DELIVER_COVER_WITH_ID, DELIVER_REPLY, DELIVER_REQUEST, LOCAL_INDEX, SESSION,
};
use mixnet_node_core::{
	sphinx::{build_cover, build_surb, use_surb, Hop, SurbId, Target},
	DropReason, KxPublic, KxSecret, PeerId, SessionPhase,
};
use mixnet_simulation::{
	alone::{local_peer_id, others},
	mixnode, rng,
};
use std::time::Duration;

/// A key that an honest source could have drawn.
fn kx_public(seed: u64) -> [u8; 32] {
	KxSecret::from_bytes(noise(seed)).public().0
}

#[test]
fn packets_to_forward_to_ourselves_or_to_nobody_are_dropped() {
	let mut victim = Victim::new(1, SessionPhase::RequestsToCurrent);
	for session in [SESSION - 1, SESSION] {
		let beyond =
			[LOCAL_INDEX + 1, LOCAL_INDEX + 2, 100, 0x7fff, 0xfe00, 0xfeff].map(|at| Target::Mixnode(index(at)));
		let ourselves = [Target::Mixnode(index(LOCAL_INDEX)), Target::Peer(local_peer_id())];
		for (seed, target) in beyond.into_iter().chain(ourselves).enumerate() {
			let next = Hop { target, kx_public: KxPublic(kx_public(1)) };
			let packet = build_cover(&mut rng(seed as u64), &[local_hop(session), next], None).unwrap().packet;
			// The same again: it was not acted on, so it is no replay.
			for _ in 0..2 {
				victim.refuses(packet.clone(), DropReason::BadNextHop, &format!("{target:?}"));
			}
		}
	}
}

#[test]
fn packets_to_forward_to_a_peer_go_to_it_after_their_delay() {
	// The peer may be unknown to us: the driver knows who is connected.
	let mut victim = Victim::new(2, SessionPhase::DisconnectFromPrev);
	let stranger = PeerId([0xdd; 32]);
	let next = Hop { target: Target::Peer(stranger), kx_public: KxPublic(kx_public(1)) };
	let packet = build_cover(&mut rng(2), &[local_hop(SESSION), next], None).unwrap().packet;
	assert_eq!(victim.handle(packet), None);
	let sent = victim.run(Duration::from_secs(11));
	assert_eq!(sent.iter().filter(|(_, to, _)| *to == stranger).count(), 1);
	assert_eq!(victim.mixnet.statistics().packets_forwarded, 1);
}

#[test]
fn packets_to_forward_to_a_mixnode_with_our_peer_id_are_dropped() {
	let mixnodes = |session| {
		let mut mixnodes = others(session);
		mixnodes.push(mixnode(local_peer_id(), local_public(session)));
		// The mixnode has another node's key, or a key that we lost.
		mixnodes.push(mixnode(local_peer_id(), KxPublic(kx_public(9))));
		mixnodes
	};
	let mut victim = Victim::among(3, SessionPhase::DisconnectFromPrev, |_| (), mixnodes);
	let next = Hop { target: Target::Mixnode(index(LOCAL_INDEX + 1)), kx_public: KxPublic(kx_public(9)) };
	let packet = build_cover(&mut rng(3), &[local_hop(SESSION), next], None).unwrap().packet;
	victim.refuses(packet, DropReason::BadNextHop, "our peer ID");
	assert!(victim.run(Duration::from_secs(5)).iter().all(|(_, to, _)| *to != local_peer_id()));
}

#[test]
fn actions_that_do_not_exist_are_malformed() {
	let mut victim = Victim::new(4, SessionPhase::DisconnectFromPrev);
	for (seed, action) in (0xff05..=0xffff_u16).enumerate() {
		let packet = forge(local_secret(SESSION), kx_public(seed as u64), &action.to_le_bytes());
		victim.refuses(packet, DropReason::Malformed, &format!("{action:#x}"));
	}
	// The same in the previous session. (The current key is tried first, and does not open the packet.)
	victim = Victim::new(4, SessionPhase::RequestsToCurrent);
	let packet = forge(local_secret(SESSION - 1), kx_public(1), &[0xff, 0xff]);
	victim.refuses(packet, DropReason::Malformed, "previous session");
}

#[test]
fn forged_headers_open_as_written() {
	// The other tests rely on this: packets that were forged badly would be dropped for that reason alone.
	let mut victim = Victim::new(5, SessionPhase::DisconnectFromPrev);
	let forged = |seed, action: &[u8]| forge(local_secret(SESSION), kx_public(seed), action);
	victim.refuses(forged(1, &DELIVER_REQUEST), DropReason::BadPayload, "a request");
	victim.refuses(forged(2, &DELIVER_REPLY), DropReason::UnknownSurb, "a reply");
	victim.refuses(forged(3, &DELIVER_COVER_WITH_ID), DropReason::UnknownLoopCover, "cover with an ID");
	assert_eq!(victim.handle(forged(4, &0xff03_u16.to_le_bytes())), None);
	assert_eq!(victim.mixnet.statistics().drop_cover_delivered, 1);
	assert_eq!(victim.handle(forged(5, &[3, 0])), None);
	assert_eq!(victim.mixnet.statistics().packets_accepted_to_forward, 1);
}

#[test]
fn a_reply_over_a_surb_that_is_not_ours_is_dropped() {
	let mut victim = Victim::new(6, SessionPhase::DisconnectFromPrev);
	victim.ask(3);
	let kept = victim.mixnet.statistics().surbs_kept;
	for seed in 0..100 {
		let mut rng = rng(seed);
		let id = SurbId::random(&mut rng);
		let (surb, ..) = build_surb(&mut rng, index(LOCAL_INDEX), &[local_hop(SESSION)], id).unwrap();
		let (_, packet) = use_surb(surb, &whole([1; 16], 1, &[])).unwrap();
		for _ in 0..2 {
			victim.refuses(packet.clone(), DropReason::UnknownSurb, "not ours");
		}
	}
	assert_eq!(victim.mixnet.statistics().surbs_kept, kept);
}

#[test]
fn a_node_that_is_no_mixnode_forwards_and_answers_nothing() {
	let mut victim = Victim::among(7, SessionPhase::RequestsToCurrent, |_| (), others);
	for session in [SESSION - 1, SESSION] {
		for packet in [to_forward(session, 1), request(session, 1, &whole([1; 16], 1, &[]))] {
			for _ in 0..2 {
				victim.refuses(packet.clone(), DropReason::NotMixnode, "not a mixnode");
			}
		}
	}
}
