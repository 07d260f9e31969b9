//! Every bit of a packet flipped; packets of other sizes.

use super::victim::{
	carry, flipped, fragment, local_hop, noise, numbers, other_hop, reply, request, to_forward, whole, End, Victim,
	SESSION,
};
use mixnet_node_core::{
	sphinx::{build_request, Action, Opened, HEADER_SIZE, PACKET_SIZE, PAYLOAD_SIZE},
	DropReason, Packet, SessionPhase,
};
use mixnet_simulation::{alone::secrets, rng};
use std::time::Duration;

/// The bit of a packet that is ignored: the top one of its public key. (RFC 7748, section 5)
const UNUSED_BIT: usize = 255;

#[test]
fn a_flipped_bit_in_the_header_is_always_refused_for_the_same_reason() {
	for (what, packet) in [
		("forward", to_forward(SESSION, 1)),
		("forward in the previous session", to_forward(SESSION - 1, 1)),
		("request", request(SESSION, 1, &whole([1; 16], 1, &[]))),
	] {
		let mut victim = Victim::new(1, SessionPhase::RequestsToCurrent);
		for bit in (0..HEADER_SIZE * 8).filter(|bit| *bit != UNUSED_BIT) {
			victim.refuses(flipped(&packet, bit), DropReason::UnknownKey, &format!("{what}, bit {bit}"));
		}
		// The genuine packet is still taken.
		assert_eq!(victim.handle(packet.clone()), None, "{what}");
		while victim.poll_event().is_some() {}
		victim.refuses(flipped(&packet, UNUSED_BIT), DropReason::Replayed, what);
		victim.refuses(packet, DropReason::Replayed, what);
	}
}

#[test]
fn a_copy_with_the_unused_bit_flipped_is_a_replay() {
	for packet in [to_forward(SESSION, 1), request(SESSION, 1, &whole([1; 16], 1, &[]))] {
		let mut victim = Victim::new(1, SessionPhase::RequestsToCurrent);
		assert_eq!(victim.handle(flipped(&packet, UNUSED_BIT)), None);
		while victim.poll_event().is_some() {}
		victim.refuses(packet, DropReason::Replayed, "the genuine one is the copy now");
	}
}

#[test]
fn a_request_with_a_flipped_bit_is_refused_and_spends_its_header() {
	// Whoever can change a packet can as well drop it. If a header could come again, each copy would cost a decryption.
	let mut victim = Victim::new(1, SessionPhase::DisconnectFromPrev);
	for (number, bit) in (HEADER_SIZE * 8..PACKET_SIZE * 8).step_by(7).enumerate() {
		let packet = request(SESSION, number as u64, &whole([1; 16], 7, &[]));
		assert_eq!(victim.handle(flipped(&packet, bit)), Some(DropReason::BadPayload), "bit {bit}");
		assert!(victim.poll_event().is_none());
		victim.refuses(flipped(&packet, HEADER_SIZE * 8), DropReason::Replayed, "another copy");
		victim.refuses(packet, DropReason::Replayed, "the genuine one");
	}
	let packet = request(SESSION, 1 << 20, &whole([1; 16], 7, &[]));
	assert_eq!(victim.takes_request(packet.clone()).0, [7; 10]);
	victim.refuses(flipped(&packet, HEADER_SIZE * 8), DropReason::Replayed, "after the genuine one");
	victim.refuses(packet, DropReason::Replayed, "the genuine one again");
	assert_eq!(victim.dropped(DropReason::BadPayload), (8 * PAYLOAD_SIZE as u64).div_ceil(7));
}

#[test]
fn a_flipped_bit_in_a_forwarded_payload_is_refused_at_the_last_hop() {
	// A hop cannot tell. It forwards the copy that comes first, which is noise to its destination.
	let route = [local_hop(SESSION), other_hop(SESSION, 3)];
	let payload = whole([1; 16], 7, &[]);
	let packet = build_request(&mut rng(1), &route, &payload).unwrap().packet;
	for (changed, arrives) in [(packet.clone(), true), (flipped(&packet, HEADER_SIZE * 8 + 100), false)] {
		let mut victim = Victim::new(1, SessionPhase::DisconnectFromPrev);
		assert_eq!(victim.handle(changed.clone()), None);
		victim.refuses(packet.clone(), DropReason::Replayed, "the other copy");
		victim.refuses(changed, DropReason::Replayed, "the same copy");
		let sent = victim.run(Duration::from_secs(11));
		let secret = &secrets(SESSION)[3];
		let arrived: Vec<_> = sent
			.into_iter()
			.filter_map(|(_, _, mut packet)| {
				let opened = Opened::open(secret, &packet).ok()?;
				let is_request = *opened.action() == Action::DeliverRequest;
				is_request.then(|| opened.request_payload(&mut packet).is_ok_and(|data| *data == payload))
			})
			.collect();
		assert_eq!(arrived, [arrives]);
	}
}

#[test]
fn a_flipped_bit_in_the_payload_of_a_reply_spends_its_surb() {
	let mut victim = Victim::new(1, SessionPhase::DisconnectFromPrev);
	let (id, copies) = victim.ask(4);
	let surbs: Vec<_> = copies.into_iter().flat_map(|copy| copy.surbs).collect();
	let kept = victim.mixnet.statistics().surbs_kept;
	assert_eq!((surbs.len(), kept), (8, 8));
	for (number, surb) in (0..).zip(surbs) {
		let packet = reply(surb, &whole([2; 16], 9, &[]));
		if number < 7 {
			let bit = HEADER_SIZE * 8 + [0, 1, 255, 256, 8000, 16_383, 16_511][number];
			assert_eq!(victim.handle(flipped(&packet, bit)), Some(DropReason::BadPayload));
			assert!(victim.poll_event().is_none());
			// The SURB's ID is forgotten, so that nobody can try several changes of the payload.
			victim.refuses(packet, DropReason::UnknownSurb, "the genuine one");
			assert_eq!(victim.mixnet.statistics().surbs_kept, kept - 1 - number as u64);
		} else {
			assert_eq!(victim.handle(packet), None);
			assert_eq!(victim.poll_answer(), Some((id, vec![9; 10])));
		}
	}
	let statistics = victim.mixnet.statistics();
	assert_eq!((statistics.replies_delivered, statistics.dropped(DropReason::BadPayload)), (1, 7));
}

#[test]
fn a_flipped_bit_in_the_header_of_a_reply_spends_nothing() {
	let mut victim = Victim::new(1, SessionPhase::DisconnectFromPrev);
	let (id, copies) = victim.ask(1);
	let surb = copies.into_iter().next().unwrap().surbs.remove(0);
	let packet = reply(surb, &whole([2; 16], 9, &[]));
	for bit in (0..HEADER_SIZE * 8).filter(|bit| *bit != UNUSED_BIT) {
		victim.refuses(flipped(&packet, bit), DropReason::UnknownKey, &format!("bit {bit}"));
	}
	assert_eq!(victim.handle(packet), None);
	assert_eq!(victim.poll_answer(), Some((id, vec![9; 10])));
}

#[test]
fn only_bytes_of_the_right_size_are_a_packet() {
	let bytes = vec![0x77; 1 << 20];
	for size in (0..PACKET_SIZE).chain([PACKET_SIZE + 1, 2 * PACKET_SIZE, 1 << 20]) {
		assert_eq!(Packet::try_from(&bytes[..size]).unwrap_err().0, size);
		// A vector for every size would be slow.
		if size % 100 == 0 || size.abs_diff(PACKET_SIZE) == 1 {
			assert_eq!(Packet::try_from(bytes[..size].to_vec()).unwrap_err().0, size);
		}
	}
	assert_eq!(Packet::try_from(&bytes[..PACKET_SIZE]).unwrap().as_bytes()[..], bytes[..PACKET_SIZE]);
}

#[test]
fn noise_is_dropped() {
	let mut victim = Victim::new(1, SessionPhase::RequestsToCurrent);
	for seed in 0..2000 {
		victim.refuses(Packet::from(noise(seed)), DropReason::UnknownKey, "noise");
	}
	for byte in 0..=255 {
		let packet = Packet::from([byte; PACKET_SIZE]);
		// A key of 32 equal bytes is of low order only if the bytes are zero.
		let reason = if byte == 0 { DropReason::Malformed } else { DropReason::UnknownKey };
		victim.refuses(packet, reason, "all bytes alike");
	}
}

#[test]
fn every_byte_of_a_fragment_may_be_noise() {
	let mut victim = Victim::new(1, SessionPhase::DisconnectFromPrev);
	for seed in 0..500 {
		let mut payload = fragment([0; 16], 0, 0, 0, 0, 0);
		payload[16..].copy_from_slice(&noise::<2032>(seed));
		let before = numbers(&victim.mixnet.statistics()).0[1];
		let reason = victim.handle(request(SESSION, seed, &payload));
		assert!(matches!(reason, None | Some(DropReason::BadFragment)), "{reason:?}");
		assert_eq!(numbers(&victim.mixnet.statistics()).0[1], before + 1);
	}
	let sent = victim.run(Duration::from_secs(2));
	let ends = sent.into_iter().map(|(_, to, packet)| carry(SESSION, to, packet).1);
	assert!(ends.into_iter().all(|end| matches!(end, End::Cover | End::Victim(_))));
}
