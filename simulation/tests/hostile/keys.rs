//! Public keys of low order, and keys with several encodings.
//!
//! A key is a number below 2^255, the top bit being ignored, and means the number modulo p = 2^255 - 19 (RFC 7748,
//! section 5). So every number below 19 has four encodings, and every other key has two.

use super::victim::{carry, forge, local_public, local_secret, noise, Victim, DELIVER_REPLY, DELIVER_REQUEST, SESSION};
use mixnet_node_core::{
	Config, DropReason, HandlingDelay, KxPublic, Mixnet, Mixnode, Packet, Parameters, PeerId, RelativeSession, Role,
	SessionPhase,
};
use mixnet_simulation::{
	alone::{local_peer_id, others},
	mixnode, rng,
};
use std::time::Duration;

const TOP_BIT: u8 = 0x80;

/// p + `more`, which must be below 19.
fn p_plus(more: i16) -> [u8; 32] {
	let mut bytes = [0xff; 32];
	bytes[0] = u8::try_from(0xed + more).unwrap();
	bytes[31] = 0x7f;
	bytes
}

fn small(number: u8) -> [u8; 32] {
	let mut bytes = [0; 32];
	bytes[0] = number;
	bytes
}

fn with_top_bit(mut key: [u8; 32]) -> [u8; 32] {
	key[31] |= TOP_BIT;
	key
}

/// The two points of order eight, from the list at <https://cr.yp.to/ecdh.html>.
fn order_eight() -> [[u8; 32]; 2] {
	[
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	]
	.map(|key| hex::decode(key).unwrap().try_into().unwrap())
}

/// All public keys of low order: 0, 1, -1, those of order eight, and other encodings of 0 and 1; each with either top bit.
fn low_order() -> Vec<[u8; 32]> {
	let mut keys = vec![small(0), small(1), p_plus(-1), p_plus(0), p_plus(1)];
	keys.extend(order_eight());
	let with_top_bit: Vec<_> = keys.iter().copied().map(with_top_bit).collect();
	keys.extend(with_top_bit);
	keys
}

/// The rest of the list at <https://cr.yp.to/ecdh.html>: of low order only if the top bit counts, which for us it does
/// not. They are 2^255 - 19 and 2 * (2^255 - 19) with something added.
fn low_order_for_others() -> Vec<[u8; 32]> {
	let mut keys: Vec<_> = order_eight()
		.into_iter()
		.map(|key| {
			// 2^255 - 19 + key is the key less 19, with the top bit set.
			let mut borrow = 19;
			with_top_bit(key.map(|byte| {
				let (less, under) = byte.overflowing_sub(borrow);
				borrow = u8::from(under);
				less
			}))
		})
		.collect();
	// 2^256 - 38 and its neighbours.
	keys.extend([0xd9, 0xda, 0xdb].map(|first| {
		let mut key = [0xff; 32];
		key[0] = first;
		key
	}));
	keys
}

#[test]
fn the_keys_of_low_order_are_these_and_no_others() {
	let low_order = low_order();
	assert_eq!(low_order.len(), 14);
	for key in low_order {
		assert!(KxPublic(key).is_low_order(), "{key:02x?}");
	}
	let mut others = low_order_for_others();
	others.extend((2..19).flat_map(|number| [small(number as u8), p_plus(number)]));
	others.extend((2..20).map(|less| p_plus(-less)));
	for key in others {
		assert!(!KxPublic(key).is_low_order() && !KxPublic(with_top_bit(key)).is_low_order(), "{key:02x?}");
	}
}

#[test]
fn a_packet_with_a_key_of_low_order_is_malformed() {
	let mut victim = Victim::new(1, SessionPhase::RequestsToCurrent);
	for key in low_order() {
		let what = format!("{key:02x?}");
		// The shared secret is zero, so anybody can make a MAC that fits.
		for action in [&[3, 0], &DELIVER_REQUEST, &DELIVER_REPLY, &[3, 0xff], &[0, 0xff], &[0xff, 0xff]] {
			let packet = forge(local_secret(SESSION), key, action);
			victim.refuses(packet, DropReason::Malformed, &what);
		}
		// Here the MAC is wrong. It is not even checked.
		let mut bytes = noise(1);
		bytes[..32].copy_from_slice(&key);
		victim.refuses(Packet::from(bytes), DropReason::Malformed, &what);
	}
}

#[test]
fn a_node_without_a_session_accepts_no_key() {
	let mut mixnet = Mixnet::new(Config::default(), local_peer_id(), rng(1), None).unwrap();
	for key in low_order() {
		let packet = forge(local_secret(SESSION), key, &DELIVER_REQUEST);
		let reason = mixnet.handle_packet(Default::default(), PeerId([1; 32]), packet);
		assert_eq!(reason, Some(DropReason::UnknownKey));
	}
	assert_eq!(mixnet.statistics().dropped(DropReason::UnknownKey), 14);
}

#[test]
fn another_encoding_of_a_key_is_the_same_key() {
	let to_forward = |key| forge(local_secret(SESSION), key, &[3, 0]);
	for number in 2..19 {
		let key = small(number as u8);
		let spellings = [key, with_top_bit(key), p_plus(number), with_top_bit(p_plus(number))];
		for first in spellings {
			let mut victim = Victim::new(2, SessionPhase::DisconnectFromPrev);
			assert_eq!(victim.handle(to_forward(first)), None, "{first:02x?}");
			assert_eq!(victim.mixnet.statistics().forward_queue_len, 1);
			for second in spellings {
				victim.refuses(to_forward(second), DropReason::Replayed, &format!("{first:02x?} {second:02x?}"));
			}
		}
	}
	let mut victim = Victim::new(2, SessionPhase::DisconnectFromPrev);
	for key in low_order_for_others() {
		assert_eq!(victim.handle(to_forward(key)), None, "{key:02x?}");
		let mut other = key;
		other[31] ^= TOP_BIT;
		victim.refuses(to_forward(other), DropReason::Replayed, &format!("{key:02x?}"));
	}
}

/// The mixnodes of each session: this many `others`, mixnodes with these keys, and last the victim.
fn with_keys(others_wanted: usize, keys: Vec<[u8; 32]>) -> impl Fn(u32) -> Vec<Mixnode> {
	move |session| {
		let mut mixnodes = others(session);
		mixnodes.truncate(others_wanted);
		mixnodes.extend(keys.iter().zip(0xa0..).map(|(key, id)| mixnode(PeerId([id; 32]), KxPublic(*key))));
		mixnodes.push(mixnode(local_peer_id(), local_public(session)));
		mixnodes
	}
}

#[test]
fn only_mixnodes_with_a_key_of_low_order_get_no_packets() {
	for (seed, key) in (10..).zip(low_order()) {
		let mixnodes = with_keys(9, vec![key]);
		let mut victim = Victim::among(seed, SessionPhase::DisconnectFromPrev, |_| (), mixnodes);
		assert!(matches!(victim.mixnet.role(RelativeSession::Current), Role::Mixnode(_)));
		for _ in 0..5 {
			victim.mixnet.post_request(victim.now, vec![1], 2, HandlingDelay::Extrinsic).unwrap();
		}
		let sent = victim.run(Duration::from_secs(6));
		assert!(sent.len() > 30, "{}", sent.len());
		for (_, to, packet) in sent {
			// The others forward only to one another and to the victim here, so the packet ends at one of them.
			let (passed, _) = carry(SESSION, to, packet);
			assert!(!passed.contains(&PeerId([0xa0; 32])));
		}
		let statistics = victim.mixnet.statistics();
		assert!(statistics.requests_authored > 0 && statistics.drop_cover_authored > 0);
	}
}

/// Checks that every tick brings a packet, in a session of this many honest mixnodes and mixnodes with these keys.
/// Ticks without a packet would show observers how many of the victim's packets could not be built.
fn assert_no_gap(honest: usize, keys: Vec<[u8; 32]>, hops: u8) {
	let mixnodes = with_keys(honest, keys);
	let mut victim =
		Victim::among(30, SessionPhase::DisconnectFromPrev, |config| config.parameters.hops = hops, mixnodes);
	let id = victim.mixnet.post_request(victim.now, vec![1], 2, HandlingDelay::Extrinsic).unwrap();
	let sent = victim.run(Duration::from_secs(10)).len();
	assert_eq!((victim.dropped(DropReason::NoRoute), victim.poll_event().is_none()), (0, true), "{sent} sent, {id:?}");
}

#[test]
fn one_mixnode_with_a_key_of_low_order_leaves_no_gap_in_traffic() {
	assert_no_gap(9, vec![small(0)], 2);
}

#[test]
fn a_mixnode_with_a_key_of_low_order_leaves_no_gap_in_small_sessions() {
	// Routes of six hops visit all six others, so no packet can be built.
	assert_no_gap(5, vec![small(0)], Parameters::default().hops);
}

#[test]
fn some_mixnodes_with_keys_of_low_order_leave_no_gap_in_traffic() {
	assert_no_gap(9, low_order(), 2);
}
