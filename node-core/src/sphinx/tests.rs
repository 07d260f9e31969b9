//! Packets from their source to their last hop, honest and forged.

use super::{
	hop_secrets::{ActionsStream, HopSecrets, MAX_ACTION_SIZE},
	packet::{field_mut, Header, ACTIONS_SIZE, KX_PUBLIC_SIZE, MAC_SIZE},
	*,
};
use mixnet_primitives::{KxPublic, PeerId};
use proptest::prelude::*;
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};

fn rng(seed: u8) -> ChaChaRng {
	ChaChaRng::from_seed([seed; 32])
}

fn hex32(text: &str) -> [u8; 32] {
	let mut bytes = [0; 32];
	hex::decode_to_slice(text, &mut bytes).unwrap();
	bytes
}

fn index(index: u16) -> MixnodeIndex {
	MixnodeIndex::new(index).unwrap()
}

/// A route and the secrets of its hops. The last hop's target is `last`, if given.
fn route(rng: &mut ChaChaRng, hops: usize, last: Option<Target>) -> (Vec<Hop>, Vec<KxSecret>) {
	let secrets: Vec<_> = (0..hops).map(|_| KxSecret::random(rng)).collect();
	let mut route: Vec<_> = (0..)
		.zip(&secrets)
		.map(|(i, secret)| Hop { target: Target::Mixnode(index(0xfeff - i)), kx_public: secret.public() })
		.collect();
	if let Some(target) = last {
		route.last_mut().unwrap().target = target;
	}
	(route, secrets)
}

/// Every route length, with a peer as the last hop and without.
fn routes(seed: u8) -> impl Iterator<Item = (Vec<Hop>, Vec<KxSecret>)> {
	let mut rng = rng(seed);
	let lengths = (1..=MAX_HOPS).flat_map(|hops| [(hops, None), (hops, Some(Target::Peer(PeerId([7; 32]))))]);
	lengths.map(move |(hops, last)| route(&mut rng, hops, last))
}

/// Takes a packet along its route up to the last hop, and checks every target. Returns what the last hop opened, the
/// packet as it has it, and the sum of the delays.
fn travel(mut packet: Packet, route: &[Hop], secrets: &[KxSecret]) -> (Opened, Packet, f64) {
	let mut delay = 0.0;
	for (secret, next) in secrets.iter().zip(&route[1..]) {
		let opened = Opened::open(secret, &packet).unwrap();
		let Action::Forward { target, delay: here } = *opened.action() else { panic!("not to be forwarded") };
		assert_eq!(target, next.target);
		assert!((0.0..=10.0).contains(&here));
		delay += here;
		let before = packet.clone();
		packet = opened.forward(packet);
		assert_ne!(packet, before);
	}
	(Opened::open(secrets.last().unwrap(), &packet).unwrap(), packet, delay)
}

fn data(rng: &mut ChaChaRng) -> PayloadData {
	let mut data = [0; PAYLOAD_DATA_SIZE];
	rng.fill_bytes(&mut data);
	data
}

#[test]
fn x25519_is_rfc_7748s() {
	// Section 5.2, the two vectors. In the second one the top bit of u is set, and ignored.
	for (k, u, result) in [
		(
			"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
			"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
			"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
		),
		(
			"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
			"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
			"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
		),
	] {
		let secret = KxSecret::from_bytes(hex32(k)).exchange(Backend::best(), &KxPublic(hex32(u)));
		assert_eq!(*secret.as_bytes(), hex32(result));
	}

	// The iterated one.
	let mut base = [0; 32];
	base[0] = 9;
	let (mut k, mut u) = (base, base);
	for i in 0..1000 {
		let result = *KxSecret::from_bytes(k).exchange(Backend::best(), &KxPublic(u)).as_bytes();
		if i == 0 {
			assert_eq!(KxSecret::from_bytes(k).public().0, result);
			assert_eq!(result, hex32("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
		}
		(u, k) = (k, result);
	}
	assert_eq!(k, hex32("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"));
}

#[test]
fn the_senders_secrets_are_the_hops() {
	let mut rng = rng(1);
	let (route, secrets) = route(&mut rng, MAX_HOPS, None);
	let ephemeral = *KxSecret::random(&mut rng).expose_bytes();
	for backend in Backend::available() {
		// Many routes of all lengths, built together.
		let routes = (0..=MAX_HOPS).cycle().take(20).map(|hops| &route[..hops]);
		let packets: Vec<_> = routes.map(|route| (&ephemeral, route)).collect();
		let exchanges = exchange::exchange_along(backend, packets.iter().copied());
		for (exchanges, (_, route)) in exchanges.iter().zip(&packets) {
			assert_eq!(exchanges.secrets.len(), route.len());
			let mut kx_public = exchanges.first;
			for (secret, shared) in secrets.iter().zip(&exchanges.secrets) {
				let theirs = secret.exchange(Backend::best(), &kx_public);
				assert_eq!(theirs.as_bytes(), shared.as_bytes());
				kx_public = theirs.blind(Backend::best(), &kx_public);
			}
		}
	}
}

#[test]
fn requests_arrive_over_every_number_of_hops() {
	let mut rng = rng(2);
	for (route, secrets) in routes(3) {
		let data = data(&mut rng);
		let built = build_request(&mut rng, &route, &data).unwrap();
		let (opened, mut packet, delay) = travel(built.packet, &route, &secrets);
		assert_eq!(delay, built.delay);
		assert_eq!(*opened.action(), Action::DeliverRequest);
		assert_eq!(opened.request_payload(&mut packet), Ok(&data));
	}
}

#[test]
fn cover_arrives_over_every_number_of_hops() {
	let mut rng = rng(4);
	for (route, secrets) in routes(5) {
		for cover_id in [None, Some(CoverId::random(&mut rng))] {
			let built = build_cover(&mut rng, &route, cover_id).unwrap();
			let (opened, _, delay) = travel(built.packet, &route, &secrets);
			assert_eq!(delay, built.delay);
			assert_eq!(*opened.action(), Action::DeliverCover { cover_id });
		}
	}
}

#[test]
fn replies_arrive_over_every_number_of_hops() {
	let mut rng = rng(6);
	for (mut route, secrets) in routes(7) {
		let first = index(12);
		route[0].target = Target::Mixnode(first);
		let surb_id = SurbId::random(&mut rng);
		let (surb, keys, expected_delay) = build_surb(&mut rng, first, &route, surb_id).unwrap();
		assert_eq!(surb.first_mixnode(), Some(first));
		let surb = Surb::from(*surb.as_bytes());

		let data = data(&mut rng);
		let (to, packet) = use_surb(surb, &data).unwrap();
		assert_eq!(to, first);
		let (opened, mut packet, delay) = travel(packet, &route, &secrets);
		assert_eq!(delay, expected_delay);
		assert_eq!(*opened.action(), Action::DeliverReply { surb_id });
		assert_eq!(reply_payload(&keys, &mut packet), Ok(&data));
	}
}

#[test]
fn a_route_has_its_limits() {
	let mut rng = rng(8);
	let build =
		|rng: &mut ChaChaRng, route: &[Hop]| build_cover(rng, route, Some(CoverId([0; 16]))).map(|built| built.delay);
	assert_eq!(build(&mut rng, &[]), Err(BuildError::HopCount(0)));
	let (long, _) = route(&mut rng, MAX_HOPS + 1, None);
	assert_eq!(build(&mut rng, &long), Err(BuildError::HopCount(7)));

	// A route of full length may have one peer as a hop. With two it must be shorter.
	let (mut route, _) = route(&mut rng, MAX_HOPS, Some(Target::Peer(PeerId([7; 32]))));
	assert!(build(&mut rng, &route).is_ok());
	route[3].target = Target::Peer(PeerId([8; 32]));
	assert_eq!(build(&mut rng, &route), Err(BuildError::ActionsTooLong(172)));
	assert!(build(&mut rng, &route[2..]).is_ok());

	// The first hop's target is not in the packet, so it may be anything. Only a SURB names it.
	route[3].target = Target::Mixnode(index(3));
	route[0].target = Target::Peer(PeerId([9; 32]));
	assert!(build(&mut rng, &route).is_ok());
	let surb = build_surb(&mut rng, index(5), &route, SurbId([0; 16]));
	assert_eq!(surb.err(), Some(BuildError::FirstHopDiffers(index(5))));
	assert_eq!(build_surb(&mut rng, index(5), &[], SurbId([0; 16])).err(), Some(BuildError::HopCount(0)));
}

#[test]
fn a_surb_that_names_no_mixnode_is_refused() {
	let mut bytes = [0; SURB_SIZE];
	bytes[..2].copy_from_slice(&0xfeffu16.to_le_bytes());
	assert!(use_surb(bytes.into(), &[0; PAYLOAD_DATA_SIZE]).is_ok());
	bytes[..2].copy_from_slice(&0xff00u16.to_le_bytes());
	assert_eq!(use_surb(bytes.into(), &[0; PAYLOAD_DATA_SIZE]), Err(BadSurb));
}

#[test]
fn bytes_after_the_last_action_are_random() {
	let mut rng = rng(9);
	for (route, secrets) in routes(10) {
		let built = build_request(&mut rng, &route, &[0; PAYLOAD_DATA_SIZE]).unwrap();
		let (opened, packet, _) = travel(built.packet, &route, &secrets);
		let mut actions: ActionsStream = [0; ACTIONS_SIZE + MAX_ACTION_SIZE];
		actions[..ACTIONS_SIZE].copy_from_slice(packet.actions());
		HopSecrets::new(opened.secret()).apply_actions_stream(&mut actions);
		let zeroes = actions[2..ACTIONS_SIZE].iter().filter(|byte| **byte == 0).count();
		assert!(zeroes < 10, "{zeroes} zeroes on a route of {} hops", route.len());
	}
}

#[test]
fn a_packet_opens_only_for_its_hop() {
	let mut rng = rng(11);
	let (route, secrets) = route(&mut rng, 2, None);
	let packet = build_cover(&mut rng, &route, None).unwrap().packet;
	assert!(Opened::open(&secrets[0], &packet).is_ok());
	assert_eq!(Opened::open(&secrets[1], &packet).err(), Some(UnwrapError::BadMac));
	assert_eq!(Opened::open(&KxSecret::random(&mut rng), &packet).err(), Some(UnwrapError::BadMac));
}

#[test]
fn every_byte_of_the_header_counts_at_every_hop() {
	let mut rng = rng(12);
	let (route, secrets) = route(&mut rng, MAX_HOPS, None);
	let mut packet = build_request(&mut rng, &route, &data(&mut rng_for_data())).unwrap().packet;
	for secret in &secrets {
		for at in 0..HEADER_SIZE {
			let mut changed = *packet.as_bytes();
			changed[at] ^= 1;
			assert_eq!(Opened::open(secret, &changed.into()).err(), Some(UnwrapError::BadMac), "byte {at}");
		}
		let opened = Opened::open(secret, &packet).unwrap();
		if matches!(opened.action(), Action::Forward { .. }) {
			packet = opened.forward(packet);
		}
	}
}

fn rng_for_data() -> ChaChaRng {
	rng(200)
}

/// X25519 ignores that bit, so a copy that differs in it opens. Its shared secret is the original's, so it counts as a
/// replay. The next hop refuses it.
#[test]
fn the_top_bit_of_the_public_key_makes_no_new_packet() {
	let mut rng = rng(13);
	let (route, secrets) = route(&mut rng, 2, None);
	let packet = build_cover(&mut rng, &route, None).unwrap().packet;
	let mut copy = *packet.as_bytes();
	copy[31] ^= 0x80;
	let copy = Packet::from(copy);
	let original = Opened::open(&secrets[0], &packet).unwrap();
	let opened = Opened::open(&secrets[0], &copy).unwrap();
	assert_eq!(opened.secret().as_bytes(), original.secret().as_bytes());
	assert_eq!(Opened::open(&secrets[1], &opened.forward(copy)).err(), Some(UnwrapError::BadMac));
}

#[test]
fn a_changed_payload_is_noticed_at_the_end() {
	let mut rng = rng(14);
	let (route, secrets) = route(&mut rng, 3, None);
	let built = build_request(&mut rng, &route, &[1; PAYLOAD_DATA_SIZE]).unwrap();
	for at in (HEADER_SIZE..PACKET_SIZE).step_by(50).chain([PACKET_SIZE - 1]) {
		let mut changed = *built.packet.as_bytes();
		changed[at] ^= 1;
		let (opened, mut packet, _) = travel(changed.into(), &route, &secrets);
		assert_eq!(opened.request_payload(&mut packet), Err(UnwrapError::BadPayloadTag));
	}

	let Target::Mixnode(first) = route[0].target else { unreachable!() };
	let (surb, keys, _) = build_surb(&mut rng, first, &route, SurbId([0; 16])).unwrap();
	let (_, packet) = use_surb(surb, &[1; PAYLOAD_DATA_SIZE]).unwrap();
	let mut changed = *packet.as_bytes();
	changed[HEADER_SIZE + 100] ^= 1;
	let (_, mut packet, _) = travel(changed.into(), &route, &secrets);
	assert_eq!(reply_payload(&keys, &mut packet), Err(UnwrapError::BadPayloadTag));
}

#[test]
fn points_of_low_order_are_refused() {
	let mut rng = rng(15);
	let (mut route, secrets) = route(&mut rng, 3, None);
	for point in [
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000080",
	] {
		let point = KxPublic(hex32(point));
		assert!(point.is_low_order());
		route[1].kx_public = point;
		assert_eq!(build_cover(&mut rng, &route, None).err(), Some(BuildError::LowOrder(1)));

		// Anybody can make this packet: the shared secret is known to be zero.
		let packet = with_actions(&point, &SharedSecret::from_bytes([0; 32]), [0; ACTIONS_SIZE]);
		assert_eq!(Opened::open(&secrets[0], &packet).err(), Some(UnwrapError::LowOrder));
	}
	for secret in &secrets {
		assert!(!secret.public().is_low_order());
	}
}

/// A packet of one hop with the given actions, in the clear.
fn with_actions(kx_public: &KxPublic, secret: &SharedSecret, actions: [u8; ACTIONS_SIZE]) -> Packet {
	let hop = HopSecrets::new(secret);
	let mut encrypted: ActionsStream = [0; ACTIONS_SIZE + MAX_ACTION_SIZE];
	encrypted[..ACTIONS_SIZE].copy_from_slice(&actions);
	hop.apply_actions_stream(&mut encrypted);
	let mut packet = Packet::zeroed();
	let header: &mut Header = packet.header_mut();
	*field_mut::<0, KX_PUBLIC_SIZE, HEADER_SIZE>(header) = kx_public.0;
	*field_mut::<KX_PUBLIC_SIZE, MAC_SIZE, HEADER_SIZE>(header) = hop.mac(&[&encrypted[..ACTIONS_SIZE]]);
	header[KX_PUBLIC_SIZE + MAC_SIZE..].copy_from_slice(&encrypted[..ACTIONS_SIZE]);
	packet
}

#[test]
fn actions_are_those_of_the_protocol() {
	let secret = KxSecret::random(&mut rng(16));
	let sender = KxSecret::random(&mut rng(17));
	let open = |action: u16| {
		let mut actions = [0xab; ACTIONS_SIZE];
		actions[..2].copy_from_slice(&action.to_le_bytes());
		let packet = with_actions(&sender.public(), &sender.exchange(Backend::best(), &secret.public()), actions);
		Opened::open(&secret, &packet).map(|opened| *opened.action())
	};
	for number in [0, 1, 0xfeff] {
		assert!(matches!(
			open(number),
			Ok(Action::Forward { target: Target::Mixnode(to), .. }) if to.get() == number
		));
	}
	let peer_id = PeerId([0xab; 32]);
	assert!(matches!(open(0xff00), Ok(Action::Forward { target: Target::Peer(to), .. }) if to == peer_id));
	assert_eq!(open(0xff01), Ok(Action::DeliverRequest));
	assert_eq!(open(0xff02), Ok(Action::DeliverReply { surb_id: SurbId([0xab; 16]) }));
	assert_eq!(open(0xff03), Ok(Action::DeliverCover { cover_id: None }));
	assert_eq!(open(0xff04), Ok(Action::DeliverCover { cover_id: Some(CoverId([0xab; 16])) }));
	for number in 0xff05..=0xffff {
		assert_eq!(open(number), Err(UnwrapError::BadAction));
	}
}

#[test]
fn the_same_seed_builds_the_same_packet() {
	let (route, _) = route(&mut rng(18), 4, None);
	let build = |seed| build_request(&mut rng(seed), &route, &[0; PAYLOAD_DATA_SIZE]).unwrap();
	assert_eq!(build(19), build(19));
	assert_ne!(build(19), build(20));
}

#[test]
fn a_batch_is_built_like_its_packets_one_by_one() {
	let mut rng_for_routes = rng(21);
	let payloads: Vec<_> = (0..11).map(|_| data(&mut rng_for_routes)).collect();
	let routes: Vec<_> = (0..11).map(|i| route(&mut rng_for_routes, i % MAX_HOPS + 1, None).0).collect();
	let (cover_id, surb_id) = (CoverId([1; 16]), SurbId([2; 16]));
	let first = |route: &[Hop]| match route[0].target {
		Target::Mixnode(first) => first,
		Target::Peer(_) => panic!("starts at a mixnode"),
	};

	let mut singles_rng = rng(22);
	let (mut requests, mut covers, mut surbs) = (Vec::new(), Vec::new(), Vec::new());
	for (route, payload) in routes.iter().zip(&payloads) {
		requests.push(build_request(&mut singles_rng, route, payload).unwrap());
		surbs.push(build_surb(&mut singles_rng, first(route), route, surb_id).unwrap());
		covers.push(build_cover(&mut singles_rng, route, Some(cover_id)).unwrap());
	}
	for backend in Backend::available() {
		let mut rng = rng(22);
		let mut batch = BatchBuilder::default();
		for route in &routes {
			batch.add_request(&mut rng, route).unwrap();
			batch.add_surb(&mut rng, first(route), route, surb_id).unwrap();
			batch.add_cover(&mut rng, route, Some(cover_id)).unwrap();
			// A refused packet leaves no trace.
			assert!(batch.add_cover(&mut rng, &[], None).is_err());
			assert!(batch.add_surb(&mut rng, index(1), route, surb_id).is_err());
		}
		let built = batch.build(backend);
		assert_eq!(complete_requests(built.requests.into_iter().zip(&payloads)), requests);
		assert_eq!(built.covers, covers);
		assert_eq!(built.surbs.len(), surbs.len());
		for (built, (surb, keys, delay)) in built.surbs.iter().zip(&surbs) {
			assert_eq!(built.surb.as_bytes(), surb.as_bytes());
			assert_eq!(built.delay, *delay);
			let [a, b] = [&built.keys, keys].map(|keys| {
				let mut packet = covers[0].packet.clone();
				let _ = reply_payload(keys, &mut packet);
				packet
			});
			assert_eq!(a, b);
		}
		assert_eq!(rng.next_u64(), singles_rng.clone().next_u64());
	}
}

#[test]
fn a_packet_has_one_size() {
	for size in [0, 1, PACKET_SIZE - 1, PACKET_SIZE + 1] {
		assert_eq!(Packet::try_from(&vec![0; size][..]), Err(WrongSize(size)));
		assert_eq!(Packet::try_from(vec![0; size]), Err(WrongSize(size)));
	}
	assert_eq!(Packet::try_from(&[7; PACKET_SIZE][..]), Ok(Packet::from([7; PACKET_SIZE])));
	assert_eq!(Packet::try_from(vec![7; PACKET_SIZE]), Ok(Packet::from([7; PACKET_SIZE])));
	assert_eq!(format!("{:?}", Packet::from([7; PACKET_SIZE])), "Packet(07070707..)");
	assert_eq!(MixnodeIndex::new(0xff00), None);
	assert_eq!(MixnodeIndex::new(0xfeff), Some(MixnodeIndex::MAX));
}

proptest! {
	#[test]
	fn no_bytes_panic_on_opening(bytes in prop::collection::vec(any::<u8>(), PACKET_SIZE), seed in any::<u8>()) {
		let packet = Packet::try_from(bytes).unwrap();
		prop_assert!(Opened::open(&KxSecret::random(&mut rng(seed)), &packet).is_err());
	}

	/// A dishonest source can give any actions a valid MAC.
	#[test]
	fn no_actions_panic(
		random in prop::collection::vec(any::<u8>(), ACTIONS_SIZE - 1),
		forwards in any::<bool>(),
		low in any::<u8>(),
	) {
		let mut actions = [0; ACTIONS_SIZE];
		actions[1..].copy_from_slice(&random);
		if !forwards {
			actions[..2].copy_from_slice(&[low % 8, 0xff]);
		}
		let (secret, sender) = (KxSecret::random(&mut rng(21)), KxSecret::random(&mut rng(22)));
		let mut packet = with_actions(&sender.public(), &sender.exchange(Backend::best(), &secret.public()), actions);
		match Opened::open(&secret, &packet) {
			Ok(opened) => match opened.action() {
				Action::Forward { .. } => {
					let _ = opened.forward(packet);
				},
				Action::DeliverRequest => {
					prop_assert_eq!(opened.request_payload(&mut packet), Err(UnwrapError::BadPayloadTag));
				},
				_ => (),
			},
			Err(error) => prop_assert_eq!(error, UnwrapError::BadAction),
		}
	}
}
