//! SURBs, from their maker to the reply, and the keys that the maker keeps.
//!
//! The first byte chooses:
//!
//! - any bytes as a SURB, over which a mixnode replies;
//! - a SURB of ours, damaged or not, and a reply over it, damaged or not, that takes the SURB's route;
//! - a sequence of operations on `message::SurbKeystore`, compared with a simple model.

use super::{
	keys::{mixnode_index, rng, route, secret, NODES},
	reader::{stretch, Reader},
};
use mixnet_node_core::{
	message::SurbKeystore,
	sphinx::{
		build_surb, reply_payload, use_surb, Action, BuildError, Opened, PayloadData, Surb, SurbId, SurbKeys, Target,
		HEADER_SIZE, PACKET_SIZE, SURB_SIZE,
	},
	MessageId, Packet,
};

/// Runs one input.
pub fn run(data: &[u8]) {
	let mut reader = Reader::new(data);
	match reader.below(3) {
		0 => any_surb(&mut reader),
		1 => there_and_back(&mut reader),
		_ => keystore(&mut reader),
	}
}

/// The bytes of a SURB that are its header.
const HEADER_AT: usize = 2;

/// Any bytes, used as a SURB.
fn any_surb(reader: &mut Reader) {
	let bytes: [u8; SURB_SIZE] = stretch(reader.slice(SURB_SIZE));
	let payload = stretch(reader.slice(16));
	let keys = keys(reader);
	let first = u16::from_le_bytes([bytes[0], bytes[1]]);
	let surb = Surb::from(bytes);
	assert_eq!(surb.as_bytes(), &bytes);
	assert_eq!(surb.first_mixnode().map(|index| index.get()), (first < 0xff00).then_some(first));
	match use_surb(surb, &payload) {
		Err(_) => assert!(first >= 0xff00),
		Ok((index, mut packet)) => {
			assert_eq!(index.get(), first);
			assert_eq!(packet.as_bytes()[..HEADER_SIZE], bytes[HEADER_AT..][..HEADER_SIZE]);
			for node in 0..NODES {
				let _ = Opened::open(&secret(node), &packet);
			}
			assert!(reply_payload(&keys, &mut packet).is_err(), "keys of no SURB read a reply");
		},
	}
}

/// Keys of some SURB.
fn keys(reader: &mut Reader) -> SurbKeys {
	let first: [u8; 32] = stretch(&[reader.byte()]);
	let hops: Vec<[u8; 32]> = (0..reader.below(6)).map(|hop| stretch(&[hop as u8])).collect();
	SurbKeys::from_secrets(&first, &hops)
}

/// A SURB of ours, and a reply over it.
fn there_and_back(reader: &mut Reader) {
	let hops = reader.below(8);
	let (nodes, route) = route(reader, hops);
	let id = SurbId(stretch(reader.slice(2)));
	let payload: PayloadData = stretch(reader.slice(16));
	let mut rng = rng(u64::from(reader.byte()));
	let first = match route.first().map(|hop| hop.target) {
		Some(Target::Mixnode(index)) if reader.below(16) > 0 => index,
		_ => mixnode_index(reader.u16()),
	};
	let (surb, keys, delay) = match build_surb(&mut rng, first, &route, id) {
		Ok(built) => built,
		Err(BuildError::HopCount(count)) => return assert!(count == hops && !(1..=6).contains(&hops)),
		Err(BuildError::FirstHopDiffers(index)) => {
			return assert!(index == first && route[0].target != Target::Mixnode(first))
		},
		// Six hops, one of them named by its peer ID, leave room for an ID at the end. So no route is too long.
		Err(error) => panic!("a good route is refused: {error}"),
	};
	assert!((0.0..=10.0 * hops as f64).contains(&delay));
	assert_eq!(surb.first_mixnode(), Some(first));

	let mut bytes = *surb.as_bytes();
	for _ in 0..reader.below(3) {
		bytes[usize::from(reader.byte()) % SURB_SIZE] ^= reader.byte();
	}
	let is_whole = |range: core::ops::Range<usize>| bytes[range.clone()] == surb.as_bytes()[range];
	let header_is_whole = is_whole(HEADER_AT..HEADER_AT + HEADER_SIZE);
	let secret_is_whole = is_whole(HEADER_AT + HEADER_SIZE..SURB_SIZE);
	let Ok((index, mut packet)) = use_surb(bytes.into(), &payload) else {
		return assert!(bytes[1] == 0xff && !is_whole(0..HEADER_AT));
	};
	assert!(index == first || !is_whole(0..HEADER_AT));
	let damage = reader.bool().then(|| (reader.below(hops), reader.u16(), reader.byte().max(1)));

	let mut payload_is_whole = secret_is_whole;
	for (index, node) in nodes.iter().enumerate() {
		if let Some((_, at, with)) = damage.filter(|(hop, ..)| *hop == index) {
			let mut bytes = *packet.as_bytes();
			bytes[HEADER_SIZE + usize::from(at) % (PACKET_SIZE - HEADER_SIZE)] ^= with;
			packet = Packet::from(bytes);
			payload_is_whole = false;
		}
		let opened = match Opened::open(&secret(*node), &packet) {
			Ok(opened) => opened,
			Err(error) => return assert!(!header_is_whole, "hop {index} refuses a good reply: {error}"),
		};
		match (*opened.action(), route.get(index + 1)) {
			(Action::Forward { target, .. }, Some(next)) => {
				assert_eq!(target, next.target);
				packet = opened.forward(packet);
			},
			(Action::DeliverReply { surb_id }, None) => assert_eq!(surb_id, id),
			(action, _) => panic!("hop {index} of {hops} is to do {action:?}"),
		}
	}
	if !header_is_whole {
		// The changed bit is ignored, and the only hop cannot pass it on.
		assert!(hops == 1, "a damaged header came through");
	}
	let mut copy = packet.clone();
	match reply_payload(&keys, &mut packet) {
		Ok(arrived) => assert!(payload_is_whole && *arrived == payload, "damage to the reply unseen"),
		Err(error) => assert!(!payload_is_whole, "a whole reply is refused: {error}"),
	}
	assert!(reply_payload(&self::keys(reader), &mut copy).is_err(), "another SURB's keys read the reply");
}

/// Operations on the keystore. The model is a list of request and SURB, the oldest first.
fn keystore(reader: &mut Reader) {
	let capacity = reader.below(12);
	let mut store = SurbKeystore::new(capacity);
	let mut model: Vec<(u8, u8)> = Vec::new();
	let mut evicted = 0;
	// Keys are expensive to make, and the store never reads them.
	for _ in 0..300 {
		if reader.is_empty() {
			break;
		}
		let (request, surb) = (reader.byte() & 3, reader.byte() & 15);
		let (request_id, surb_id) = (MessageId([request; 16]), SurbId([surb; 16]));
		match reader.below(4) {
			0 => {
				let expected = model.iter().position(|(_, known)| *known == surb).map(|at| model.remove(at).0);
				let taken = store.take(&surb_id).map(|(request, _)| request);
				assert_eq!(taken, expected.map(|request| MessageId([request; 16])));
			},
			1 => {
				let before = model.len();
				model.retain(|(known, _)| *known != request);
				assert_eq!(store.remove_for(&request_id), before - model.len());
			},
			_ => {
				store.insert(request_id, surb_id, SurbKeys::from_secrets(&[surb; 32], []));
				model.retain(|(_, known)| *known != surb);
				model.push((request, surb));
				if model.len() > capacity {
					model.remove(0);
					evicted += 1;
				}
			},
		}
		assert_eq!((store.len(), store.is_empty(), store.evicted()), (model.len(), model.is_empty(), evicted));
		assert!(store.len() <= capacity);
	}
}
