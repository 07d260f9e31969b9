//! Packets sent again, or sent in the wrong session.

use super::victim::{carry, flipped, local_hop, local_public, request, to_forward, whole, End, Victim, SESSION};
use mixnet_node_core::{
	sphinx::{build_cover, build_request, CoverId, Hop, HEADER_SIZE},
	DropReason, KxPublic, Packet, SessionPhase,
};
use mixnet_simulation::{
	alone::{local_peer_id, others, secrets},
	mixnode, ours, rng,
};
use std::time::Duration;

/// Two packets in this session: one to be forwarded, one that delivers a request.
fn both(session: u32, seed: u64) -> [Packet; 2] {
	// Packets made with the same randomness have the same shared secret, and count as copies.
	[to_forward(session, 2 * seed), request(session, 2 * seed + 1, &whole([seed as u8; 16], 1, &[]))]
}

/// Checks that the victim takes the packet as a new one.
fn takes(victim: &mut Victim, packet: &Packet) {
	assert_eq!(victim.handle(packet.clone()), None);
	while victim.poll_event().is_some() {}
}

#[test]
fn a_copy_is_refused_in_every_phase_until_the_key_is_gone() {
	use SessionPhase::{CoverToCurrent, CoverToPrev, DisconnectFromPrev, RequestsToCurrent};
	let mut victim = Victim::new(1, CoverToCurrent);
	let packets = both(SESSION, 1);
	for packet in &packets {
		takes(&mut victim, packet);
	}
	let refuses_both = |victim: &mut Victim, reason, what: &str| {
		for packet in &packets {
			victim.refuses(packet.clone(), reason, what);
		}
	};
	refuses_both(&mut victim, DropReason::Replayed, "at once");
	for phase in [RequestsToCurrent, CoverToPrev, DisconnectFromPrev] {
		victim.set_status(SESSION, phase);
		victim.run(Duration::from_secs(30));
		refuses_both(&mut victim, DropReason::Replayed, &phase.to_string());
	}
	// The session is the previous one now. The mixnodes of the current one become known later.
	victim.mixnet.next_kx_public();
	for phase in [CoverToCurrent, RequestsToCurrent, CoverToPrev] {
		victim.set_status(SESSION + 1, phase);
		refuses_both(&mut victim, DropReason::Replayed, &phase.to_string());
		ours::set_session(&mut victim.mixnet, victim.now, SESSION + 1, None, Ok(others(SESSION + 1)));
		while victim.poll_event().is_some() {}
		refuses_both(&mut victim, DropReason::Replayed, &phase.to_string());
	}
	victim.set_status(SESSION + 1, DisconnectFromPrev);
	refuses_both(&mut victim, DropReason::UnknownKey, "the key is gone");
	// The key does not come back, even if the chain steps back.
	victim.set_status(SESSION + 1, CoverToPrev);
	refuses_both(&mut victim, DropReason::UnknownKey, "the phase stepped back");
	victim.set_status(SESSION, CoverToPrev);
	ours::set_session(&mut victim.mixnet, victim.now, SESSION, None, Ok(others(SESSION)));
	while victim.poll_event().is_some() {}
	refuses_both(&mut victim, DropReason::UnknownKey, "the session stepped back");
}

#[test]
fn each_session_knows_its_own_packets_and_no_others() {
	let mut victim = Victim::new(2, SessionPhase::RequestsToCurrent);
	for session in [SESSION - 1, SESSION] {
		for packet in &both(session, u64::from(session)) {
			takes(&mut victim, packet);
			victim.refuses(packet.clone(), DropReason::Replayed, "the second");
		}
	}
	for session in [SESSION - 1, SESSION] {
		for packet in both(session, u64::from(session)) {
			victim.refuses(packet, DropReason::Replayed, "the third, after those of the other session");
		}
	}
	assert_eq!(victim.dropped(DropReason::Replayed), 8);
}

#[test]
fn a_copy_with_another_payload_is_a_copy() {
	let mut victim = Victim::new(3, SessionPhase::RequestsToCurrent);
	for session in [SESSION - 1, SESSION] {
		for packet in &both(session, u64::from(session)) {
			takes(&mut victim, packet);
			for bit in [0, 1000, 16_511] {
				victim.refuses(flipped(packet, HEADER_SIZE * 8 + bit), DropReason::Replayed, "another payload");
			}
		}
	}
}

#[test]
fn a_copy_is_refused_after_the_genuine_one_was_forwarded() {
	let mut victim = Victim::new(4, SessionPhase::DisconnectFromPrev);
	let packet = to_forward(SESSION, 4);
	takes(&mut victim, &packet);
	victim.run(Duration::from_secs(11));
	assert_eq!(victim.mixnet.statistics().packets_forwarded, 1);
	victim.refuses(packet, DropReason::Replayed, "the genuine one is gone");
}

#[test]
fn packets_of_a_session_that_is_over_or_has_not_begun_are_unknown() {
	let mut victim = Victim::new(5, SessionPhase::DisconnectFromPrev);
	for packet in both(SESSION - 1, 5) {
		victim.refuses(packet, DropReason::UnknownKey, "over");
	}
	let (next, kx_public) = victim.mixnet.next_kx_public();
	assert_eq!(next, SESSION + 1);
	let us = Hop { kx_public, ..local_hop(SESSION) };
	let payload = whole([5; 16], 5, &[]);
	let early = build_request(&mut rng(5), &[us], &payload).unwrap().packet;
	victim.refuses(early.clone(), DropReason::UnknownKey, "not begun");
	victim.set_status(next, SessionPhase::CoverToCurrent);
	victim.refuses(early.clone(), DropReason::UnknownKey, "begun, but its mixnodes are not known");
	let mut mixnodes = others(next);
	mixnodes.push(mixnode(local_peer_id(), kx_public));
	ours::set_session(&mut victim.mixnet, victim.now, next, None, Ok(mixnodes));
	while victim.poll_event().is_some() {}
	// A refused packet was not acted on, so it may come again.
	assert_eq!(victim.takes_request(early.clone()).0, [5; 10]);
	victim.refuses(early, DropReason::Replayed, "again");
}

#[test]
fn a_packet_for_one_session_does_not_open_in_the_other() {
	// The same ephemeral key and the same route, but for the victim's key.
	let mut victim = Victim::new(6, SessionPhase::RequestsToCurrent);
	let payload = whole([6; 16], 6, &[]);
	for session in [SESSION, SESSION - 1] {
		let packet = build_request(&mut rng(6), &[local_hop(session)], &payload).unwrap().packet;
		assert_eq!(
			victim.handle(packet.clone()),
			if session == SESSION { None } else { Some(DropReason::RequestInProgress) }
		);
		while victim.poll_event().is_some() {}
		victim.refuses(packet, DropReason::Replayed, "again");
	}
	// Made for a stranger's key, and for the victim's key of another session.
	for kx_public in [KxPublic([9; 32]), secrets(SESSION)[0].public(), local_public(7)] {
		let hop = Hop { kx_public, ..local_hop(SESSION) };
		let packet = build_request(&mut rng(7), &[hop], &payload).unwrap().packet;
		victim.refuses(packet, DropReason::UnknownKey, "for somebody else");
	}
}

#[test]
fn repeated_cover_changes_nothing() {
	let mut victim = Victim::new(7, SessionPhase::DisconnectFromPrev);
	let packet = build_cover(&mut rng(7), &[local_hop(SESSION)], None).unwrap().packet;
	for times in 1..4 {
		assert_eq!(victim.handle(packet.clone()), None);
		assert_eq!(victim.mixnet.statistics().drop_cover_delivered, times);
	}
	let id = Some(CoverId([7; 16]));
	let packet = build_cover(&mut rng(8), &[local_hop(SESSION)], id).unwrap().packet;
	for _ in 0..3 {
		victim.refuses(packet.clone(), DropReason::UnknownLoopCover, "a loop of somebody else");
	}
}

#[test]
fn a_loop_of_ours_comes_back_once() {
	let mut victim = Victim::new(8, SessionPhase::DisconnectFromPrev);
	let mut returned = 0;
	for (_, to, packet) in victim.run(Duration::from_secs(5)) {
		if let (_, End::Victim(packet)) = carry(SESSION, to, packet) {
			assert_eq!(victim.handle(packet.clone()), None);
			returned += 1;
			victim.refuses(packet, DropReason::UnknownLoopCover, "again");
		}
	}
	assert!(returned > 0);
	assert_eq!(victim.mixnet.statistics().loop_cover_returned, returned);
}
