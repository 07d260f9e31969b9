//! Packets, as a node opens and forwards them.
//!
//! The first byte chooses where the packet comes from:
//!
//! - any bytes;
//! - a packet that we build for up to six hops, and that is damaged on its route as the input says. The place of the
//!   damage decides which hop must refuse it; without damage it must arrive as it was sent;
//! - a packet of a dishonest source, with any actions for as many hops as fit (see [`forge`]);
//! - a packet whose public key an attacker replaced: by one of low order, or by another point with the same secret.
//!
//! Every packet that opens can be forwarded or delivered as its action says, without panic.

use super::{
	forge::{forge, ForgedHop},
	keys::{mixnode_index, peer_id, public, rng, route, secret, NODES},
	reader::{stretch, Reader},
};
use curve25519_dalek::{constants::EIGHT_TORSION, MontgomeryPoint};
use mixnet_node_core::{
	replay::{ReplayError, ReplayFilter},
	sphinx::{
		build_cover, build_request, Action, BuildError, CoverId, Hop, Opened, SurbId, Target, UnwrapError, HEADER_SIZE,
		PACKET_SIZE, PAYLOAD_SIZE,
	},
	KxPublic, Packet,
};

/// The most hops that a packet takes here. An attacker's could go on for as long as nodes open it.
const MAX_STEPS: usize = 12;

/// Runs one input.
pub fn run(data: &[u8]) {
	let mut reader = Reader::new(data);
	match reader.below(4) {
		0 => any_bytes(&mut reader),
		1 => built(&mut reader),
		2 => forged(&mut reader),
		_ => replaced_key(&mut reader),
	}
}

/// Any bytes, as a packet for every node.
fn any_bytes(reader: &mut Reader) {
	let bytes = reader.rest();
	match Packet::try_from(bytes) {
		Ok(packet) => assert_eq!(packet.as_bytes().as_slice(), bytes),
		Err(error) => assert_eq!(error.0, bytes.len()),
	}
	let packet: Packet = stretch::<PACKET_SIZE>(bytes).into();
	for node in 0..NODES {
		follow(packet.clone(), node);
	}
}

/// Lets nodes handle an unknown packet, beginning with this node.
fn follow(mut packet: Packet, mut node: usize) {
	for _ in 0..MAX_STEPS {
		let Ok(opened) = Opened::open(&secret(node), &packet) else { return };
		match *opened.action() {
			Action::Forward { target, delay } => {
				assert!((0.0..=10.0).contains(&delay));
				packet = opened.forward(packet);
				node = match target {
					Target::Mixnode(index) => usize::from(index.get()) % NODES,
					Target::Peer(peer_id) => usize::from(peer_id.0[0]) % NODES,
				};
			},
			Action::DeliverRequest => {
				let _ = opened.request_payload(&mut packet);
				return;
			},
			Action::DeliverReply { .. } | Action::DeliverCover { .. } => return,
		}
	}
}

/// Changes one byte of a packet at one hop.
struct Damage {
	hop: usize,
	at: usize,
	with: u8,
}

/// A packet that we build, and that is damaged on its route.
fn built(reader: &mut Reader) {
	let hops = reader.below(8);
	let (nodes, route) = route(reader, hops);
	let cover_id = reader.bool().then(|| CoverId(reader.array()));
	let is_request = reader.bool();
	let payload = stretch(reader.slice(16));
	let mut rng = rng(u64::from(reader.byte()));
	let built = match is_request {
		true => build_request(&mut rng, &route, &payload),
		false => build_cover(&mut rng, &route, cover_id),
	};
	let built = match built {
		Ok(built) => built,
		Err(BuildError::HopCount(count)) => {
			assert!(count == hops && !(1..=6).contains(&hops));
			return;
		},
		Err(error) => panic!("a good route is refused: {error}"),
	};
	let delivery = match (is_request, cover_id) {
		(true, _) => Action::DeliverRequest,
		(false, cover_id) => Action::DeliverCover { cover_id },
	};
	let damages: Vec<_> = (0..reader.below(4))
		.map(|_| Damage { hop: reader.below(hops), at: usize::from(reader.u16()) % PACKET_SIZE, with: reader.byte() })
		.collect();

	let mut packet = built.packet;
	let mut delay_left = built.delay;
	let mut payload_is_whole = true;
	for (index, node) in nodes.iter().enumerate() {
		let mut bytes = *packet.as_bytes();
		for damage in damages.iter().filter(|damage| damage.hop == index) {
			bytes[damage.at] ^= damage.with;
		}
		let before = core::mem::replace(&mut packet, bytes.into());
		payload_is_whole &= before.as_bytes()[HEADER_SIZE..] == bytes[HEADER_SIZE..];
		// The top bit of the public key is ignored at this hop, but changes what the next hop gets.
		let key_is_whole = before.as_bytes()[31] == bytes[31];
		bytes[31] = before.as_bytes()[31] & 0x80 | bytes[31] & 0x7f;
		let header_is_whole = before.as_bytes()[..HEADER_SIZE] == bytes[..HEADER_SIZE];

		let other = (node + 1) % NODES;
		assert!(Opened::open(&secret(other), &packet).is_err(), "another node's key opens the packet");
		let opened = match Opened::open(&secret(*node), &packet) {
			Ok(opened) => opened,
			Err(error) => {
				assert!(!header_is_whole, "hop {index} refuses a good packet: {error}");
				return;
			},
		};
		assert!(header_is_whole, "hop {index} takes a packet with a damaged header");
		let Some(next) = route.get(index + 1) else {
			assert_eq!(*opened.action(), delivery);
			assert!(delay_left.abs() < 1e-6, "the hops' delays differ from the source's by {delay_left}");
			if is_request {
				match opened.request_payload(&mut packet) {
					Ok(arrived) => assert!(payload_is_whole && *arrived == payload, "damage to the payload unseen"),
					Err(error) => assert!(!payload_is_whole, "a whole payload is refused: {error}"),
				}
			}
			return;
		};
		match *opened.action() {
			Action::Forward { target, delay } => {
				assert_eq!(target, next.target);
				delay_left -= delay;
			},
			other => panic!("hop {index} of {hops} is to do {other:?}"),
		}
		packet = opened.forward(packet);
		if !key_is_whole {
			assert!(Opened::open(&secret(nodes[index + 1]), &packet).is_err(), "a changed key bit went unseen");
			return;
		}
	}
}

/// A packet of a dishonest source.
fn forged(reader: &mut Reader) {
	let ephemeral = stretch(reader.slice(1));
	let mut hops = Vec::new();
	let mut expected = Vec::new();
	for _ in 0..1 + reader.below(8) {
		let node = reader.below(NODES);
		let raw = reader.u16();
		let (action, what) = match reader.below(8) {
			0 => (0xff01, Ok(Action::DeliverRequest)),
			1 => (0xff02, Ok(Action::DeliverReply { surb_id: SurbId(reader.array()) })),
			2 => (0xff03, Ok(Action::DeliverCover { cover_id: None })),
			3 => (0xff04, Ok(Action::DeliverCover { cover_id: Some(CoverId(reader.array())) })),
			4 => (raw.max(0xff05), Err(UnwrapError::BadAction)),
			5 => (0xff00, Ok(Action::Forward { target: Target::Peer(peer_id(reader.below(NODES))), delay: 0.0 })),
			_ => {
				let index = mixnode_index(raw);
				(index.get(), Ok(Action::Forward { target: Target::Mixnode(index), delay: 0.0 }))
			},
		};
		let mut bytes = u16::to_le_bytes(action).to_vec();
		match &what {
			Ok(Action::DeliverReply { surb_id }) => bytes.extend_from_slice(&surb_id.0),
			Ok(Action::DeliverCover { cover_id: Some(id) }) => bytes.extend_from_slice(&id.0),
			Ok(Action::Forward { target: Target::Peer(peer_id), .. }) => bytes.extend_from_slice(&peer_id.0),
			_ => (),
		}
		hops.push(ForgedHop { kx_public: public(node), action: bytes });
		expected.push((node, what));
	}
	let tail: [u8; 140] = stretch(reader.slice(18));
	let payload: [u8; PAYLOAD_SIZE] = stretch(reader.slice(16));
	let mut packet = forge(ephemeral, &hops, &tail, &payload);

	let mut used = 0;
	for ((node, what), hop) in expected.iter().zip(&hops) {
		used += hop.action.len() + 16;
		if used > 140 {
			// This hop did not fit into the packet.
			break;
		}
		let opened = Opened::open(&secret(*node), &packet);
		match (opened, what) {
			(Ok(opened), Ok(Action::Forward { target, .. })) => {
				let Action::Forward { target: got, delay } = *opened.action() else {
					panic!("not forwarded: {:?}", opened.action())
				};
				assert_eq!(got, *target);
				assert!((0.0..=10.0).contains(&delay));
				packet = opened.forward(packet);
			},
			(Ok(opened), Ok(what)) => {
				assert_eq!(opened.action(), what);
				if *what == Action::DeliverRequest {
					assert!(opened.request_payload(&mut packet).is_err(), "noise passes for a payload");
				}
				return;
			},
			(Err(error), Err(expected)) => {
				assert_eq!(error, *expected);
				return;
			},
			(Ok(opened), Err(error)) => panic!("{error} expected, got {:?}", opened.action()),
			(Err(error), Ok(what)) => panic!("{what:?} expected, got {error}"),
		}
	}
	// The tail may be noise, or happen to be valid for another hop, so nothing is expected.
	for node in 0..NODES {
		follow(packet.clone(), node);
	}
}

/// A packet whose public key was replaced.
fn replaced_key(reader: &mut Reader) {
	let node = reader.below(NODES);
	let mut rng = rng(u64::from(reader.byte()));
	let hops: Vec<_> = (0..1 + reader.below(6))
		.map(|hop| Hop { target: Target::Mixnode(mixnode_index(hop as u16)), kx_public: public(node) })
		.collect();
	let packet = build_cover(&mut rng, &hops, None).expect("a good route; qed").packet;
	let mut bytes = *packet.as_bytes();
	let mut filter = ReplayFilter::new(&mut rng, 1 << 16);
	let opened = Opened::open(&secret(node), &packet).expect("as it was built; qed");
	let action = *opened.action();
	let tag = filter.tag(&opened);
	assert_eq!(filter.insert(tag), Ok(()));

	if reader.bool() {
		let key = reader.one_of(&low_order_keys());
		assert!(key.is_low_order());
		bytes[..32].copy_from_slice(&key.0);
		assert_eq!(Opened::open(&secret(node), &bytes.into()).err(), Some(UnwrapError::LowOrder));
		let mut hops = hops;
		let bad = reader.below(hops.len());
		hops[bad].kx_public = key;
		assert_eq!(build_cover(&mut rng, &hops, None), Err(BuildError::LowOrder(bad)));
		return;
	}
	// Clamped secrets are multiples of the cofactor, so adding a point of low order to the key changes no shared secret.
	// Such copies have different headers, but must be recognised as replays.
	let mut point = [0; 32];
	point.copy_from_slice(&bytes[..32]);
	let point = MontgomeryPoint(point).to_edwards(reader.byte() & 1).expect("a point of the curve; qed");
	let other = (point + EIGHT_TORSION[reader.below(8)]).to_montgomery();
	bytes[..32].copy_from_slice(other.as_bytes());
	bytes[31] |= reader.byte() & 0x80;
	let packet = Packet::from(bytes);
	let opened = Opened::open(&secret(node), &packet).expect("the same secret as before; qed");
	assert_eq!(*opened.action(), action);
	assert_eq!(filter.check(filter.tag(&opened)), Err(ReplayError::Seen), "a copy is taken for new");
	follow(packet, node);
}

/// The encodings of points of orders 1, 2 and 4, canonical and not, with and without the top bit.
fn low_order_keys() -> [KxPublic; 10] {
	let small = |first| {
		let mut key = [0; 32];
		key[0] = first;
		key
	};
	let large = |first| {
		let mut key = [0xff; 32];
		key[0] = first;
		key[31] = 0x7f;
		key
	};
	let mut keys = [KxPublic([0; 32]); 10];
	for (index, key) in [small(0), small(1), large(0xec), large(0xed), large(0xee)].into_iter().enumerate() {
		keys[2 * index] = KxPublic(key);
		keys[2 * index + 1] = KxPublic(key);
		keys[2 * index + 1].0[31] |= 0x80;
	}
	keys
}
