//! A drop does not show in what the node sends: not in the bytes, not in the times, not in the peers.

use super::victim::{
	flipped, forge, fragment, local_hop, local_secret, noise, request, to_forward, whole, Victim,
	DELIVER_COVER_WITH_ID, DELIVER_REPLY, LOCAL_INDEX, SESSION,
};
use mixnet_node_core::{
	sphinx::{build_cover, Hop, Target, HEADER_SIZE},
	Config, DropReason, HandlingDelay, KxSecret, Packet, PeerId, SessionPhase, Time,
};
use mixnet_simulation::{alone::local_peer_id, rng};
use std::{collections::BTreeMap, time::Duration};

const SECONDS: u8 = 8;

/// The packets that a node sent, each with its time and peer.
type Sent = Vec<(Time, PeerId, Packet)>;

/// A packet that is to be forwarded to ourselves.
fn to_ourselves(session: u32) -> Packet {
	let next = Hop { target: Target::Peer(local_peer_id()), kx_public: local_hop(session).kx_public };
	build_cover(&mut rng(40), &[local_hop(session), next], None).unwrap().packet
}

/// Packets that are dropped, in this order, as often as they come.
fn offences() -> Vec<(Packet, DropReason)> {
	let kx_public = |seed| KxSecret::from_bytes(noise(seed)).public().0;
	let mut offences = vec![(Packet::from([0; 2252]), DropReason::Malformed)];
	for session in [SESSION - 1, SESSION] {
		let forged = |seed, action: &[u8]| forge(local_secret(session), kx_public(seed), action);
		let delivered = |seed, payload| request(session, seed, &payload);
		offences.extend([
			(Packet::from(noise(u64::from(session))), DropReason::UnknownKey),
			(flipped(&to_forward(session, 21), 300), DropReason::UnknownKey),
			(forged(22, &[0xff, 0xff]), DropReason::Malformed),
			(forged(23, &DELIVER_REPLY), DropReason::UnknownSurb),
			(forged(24, &DELIVER_COVER_WITH_ID), DropReason::UnknownLoopCover),
			(forged(25, &(LOCAL_INDEX + 1).to_le_bytes()), DropReason::BadNextHop),
			(to_ourselves(session), DropReason::BadNextHop),
			(flipped(&delivered(26, whole([26; 16], 1, &[])), HEADER_SIZE * 8), DropReason::BadPayload),
			(delivered(27, fragment([27; 16], 0, 1, 0, 0, 0)), DropReason::BadFragment),
		]);
	}
	offences
}

/// What a node sends in [`SECONDS`] of each phase, with requests of its own and packets to forward. At some times the
/// given packets come as well. Returns also how it dropped those.
fn trace(between: &[Packet]) -> (Sent, BTreeMap<DropReason, u64>) {
	let mut victim = Victim::new(1, SessionPhase::CoverToCurrent);
	let mut next = between.iter().cycle();
	let mut sent = Vec::new();
	let mut honest = 100;
	for phase in SessionPhase::ALL {
		victim.set_status(SESSION, phase);
		for second in 0..SECONDS {
			if second % 3 == 0 {
				let _ = victim.mixnet.post_request(victim.now, vec![second], 1, HandlingDelay::Extrinsic);
			}
			honest += 1;
			let _ = victim.handle(to_forward(SESSION, honest));
			for _ in 0..4 {
				for _ in 0..3 {
					if let Some(packet) = next.next() {
						assert!(victim.handle(packet.clone()).is_some());
						assert!(victim.poll_event().is_none());
					}
				}
				sent.extend(victim.run(Duration::from_millis(250)));
				while victim.poll_event().is_some() {}
			}
		}
	}
	let statistics = victim.mixnet.statistics();
	(sent, statistics.drops().filter(|(_, times)| *times > 0).collect())
}

#[test]
fn the_packets_of_a_node_do_not_show_what_it_dropped() {
	let (undisturbed, none) = trace(&[]);
	assert!(undisturbed.len() > 150, "{}", undisturbed.len());
	let drops_of_its_own: u64 = none.values().sum();
	for (packet, reason) in offences() {
		let (sent, drops) = trace(&[packet]);
		assert!(sent == undisturbed, "{reason:?}");
		// After phase 2 packets of the previous session are unknown, and copies of packets acted on are replays.
		let allowed = [reason, DropReason::UnknownKey, DropReason::Replayed];
		let counted: u64 = allowed
			.iter()
			.filter(|reason| !none.contains_key(reason))
			.map(|reason| drops.get(reason).copied().unwrap_or(0))
			.sum();
		assert!(counted > 0 && drops[&reason] > 0, "{reason:?}: {drops:?}");
		assert_eq!(drops.values().sum::<u64>() - drops_of_its_own, 4 * u64::from(SECONDS) * 4 * 3, "{reason:?}");
	}
	let all: Vec<_> = offences().into_iter().map(|(packet, _)| packet).collect();
	assert!(trace(&all).0 == undisturbed);
}

#[test]
fn the_packets_of_a_node_do_not_show_replays() {
	// The genuine packets come first in both runs.
	let genuine =
		[to_forward(SESSION, 50), request(SESSION, 51, &whole([51; 16], 1, &[])), to_forward(SESSION - 1, 52)];
	let trace = |with_copies: bool| {
		let mut victim = Victim::new(2, SessionPhase::RequestsToCurrent);
		let mut sent = Vec::new();
		for packet in &genuine {
			assert_eq!(victim.handle(packet.clone()), None);
			sent.extend(victim.run(Duration::from_millis(500)));
		}
		while victim.poll_event().is_some() {}
		for _ in 0..20 {
			for packet in genuine.iter().filter(|_| with_copies) {
				victim.refuses(packet.clone(), DropReason::Replayed, "a copy");
			}
			sent.extend(victim.run(Duration::from_millis(500)));
		}
		sent
	};
	assert!(trace(false) == trace(true));
}

#[test]
fn the_packets_of_a_node_do_not_show_messages_that_it_had_no_room_for() {
	let trace = |hostile: bool| {
		let change = |config: &mut Config| {
			config.max_incomplete_messages = 2;
			config.max_queued_requests = 2;
			config.reply.capacity = 4;
		};
		let mut victim = Victim::with(3, SessionPhase::DisconnectFromPrev, change);
		let mut sent = Vec::new();
		for seed in 0..200 {
			if hostile {
				let id = [seed as u8; 16];
				let payload = if seed % 2 == 0 { whole(id, 1, &[]) } else { fragment(id, 1, 0, 10, 0, 1) };
				victim.handle(request(SESSION, 1000 + seed, &payload));
			}
			sent.extend(victim.run(Duration::from_millis(50)));
		}
		if hostile {
			assert!(victim.dropped(DropReason::TooManyQueuedRequests) > 90);
			assert!(victim.dropped(DropReason::IncompleteMessage) > 90);
		}
		sent
	};
	assert!(trace(false) == trace(true));
}
