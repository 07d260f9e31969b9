//! The node, the attackers' tools, and the mixnodes around it.

use blake2b_simd::Params;
use chacha20::{
	cipher::{KeyIvInit, StreamCipher},
	ChaCha20,
};
use curve25519_dalek::MontgomeryPoint;
use mixnet_node_core::{
	message::{AssembledMessage, Assembler},
	sphinx::{
		build_cover, build_request, use_surb, Action, CoverId, Hop, Opened, PayloadData, Surb, Target, HEADER_SIZE,
		PACKET_SIZE, PAYLOAD_DATA_SIZE, SURB_SIZE,
	},
	Config, DropReason, Event, HandlingDelay, KxPublic, KxSecret, Mixnet, Mixnode, MixnodeIndex, Packet, PeerId,
	ReplyTo, RequestId, SessionPhase, Statistics, Time,
};
use mixnet_simulation::{
	alone::{local_peer_id, others, secrets},
	fragment, mixnode, ours, rng,
};
use rand_chacha::{rand_core::RngCore, ChaChaRng};
use std::time::Duration;

/// The peer that hostile packets come from.
pub const ENEMY: PeerId = PeerId([0xee; 32]);
/// The victim's index in each session: the mixnodes of [`others`] come before it.
pub const LOCAL_INDEX: u16 = 9;
/// The current session.
pub const SESSION: u32 = 2;

pub const DELIVER_REQUEST: [u8; 2] = 0xff01_u16.to_le_bytes();
pub const DELIVER_REPLY: [u8; 2] = 0xff02_u16.to_le_bytes();
pub const DELIVER_COVER_WITH_ID: [u8; 2] = 0xff04_u16.to_le_bytes();

/// The victim's secret key in a session.
pub fn local_secret(session: u32) -> [u8; 32] {
	[session as u8 + 0x40; 32]
}

pub fn local_public(session: u32) -> KxPublic {
	KxSecret::from_bytes(local_secret(session)).public()
}

pub fn index(index: u16) -> MixnodeIndex {
	MixnodeIndex::new(index).unwrap()
}

/// The victim as a hop.
pub fn local_hop(session: u32) -> Hop {
	Hop { target: Target::Mixnode(index(LOCAL_INDEX)), kx_public: local_public(session) }
}

/// One of the other mixnodes as a hop.
pub fn other_hop(session: u32, other: u16) -> Hop {
	let kx_public = secrets(session)[usize::from(other)].public();
	Hop { target: Target::Mixnode(index(other)), kx_public }
}

/// A packet of one hop that delivers this to the victim as a request.
pub fn request(session: u32, seed: u64, payload: &PayloadData) -> Packet {
	build_request(&mut rng(seed), &[local_hop(session)], payload).unwrap().packet
}

/// A packet that the victim is to forward to one of the others.
pub fn to_forward(session: u32, seed: u64) -> Packet {
	let route = [local_hop(session), other_hop(session, 3)];
	build_cover(&mut rng(seed), &route, Some(CoverId([seed as u8; 16]))).unwrap().packet
}

/// A fragment with these header fields, whether or not they make sense.
pub fn fragment(id: [u8; 16], last_index: u16, index: u16, data_size: u16, surbs: u8, fill: u8) -> PayloadData {
	fragment::with_fields([fill; PAYLOAD_DATA_SIZE], id, last_index, index, data_size, surbs)
}

/// A whole message in one fragment: these SURBs and data of 10 bytes.
pub fn whole(id: [u8; 16], fill: u8, surbs: &[[u8; SURB_SIZE]]) -> PayloadData {
	fragment::whole(id, 10, fill, surbs)
}

/// A packet with any public key and any actions that opens under the secret key. Whoever knows the shared secret of the
/// two keys can make it. Its payload is noise.
pub fn forge(secret: [u8; 32], kx_public: [u8; 32], action: &[u8]) -> Packet {
	let shared = MontgomeryPoint(kx_public).mul_clamped(secret).to_bytes();
	let small = Params::new().hash_length(64).key(&shared).personal(b"sphinx-small-d-s").hash(&[]);
	let (mac_key, rest) = small.as_bytes().split_at(16);
	let mut bytes = [0x5a; PACKET_SIZE];
	bytes[..32].copy_from_slice(&kx_public);
	let actions = &mut bytes[48..HEADER_SIZE];
	actions[..action.len()].copy_from_slice(action);
	ChaCha20::new(rest[..32].into(), &[0; 12].into()).apply_keystream(actions);
	let mac = Params::new().hash_length(16).key(mac_key).hash(actions);
	bytes[32..48].copy_from_slice(mac.as_bytes());
	bytes.into()
}

/// Where a packet ended.
pub enum End {
	/// At the victim.
	Victim(Packet),
	/// At another mixnode, as a fragment of a request.
	Request(Box<PayloadData>),
	/// At another mixnode, as cover.
	Cover,
	/// At a mixnode that cannot open it.
	Nowhere,
}

/// Carries a packet of the victim through the other mixnodes. Returns which it visited, and where it ended.
pub fn carry(session: u32, to: PeerId, mut packet: Packet) -> (Vec<PeerId>, End) {
	let (mixnodes, secrets) = (others(session), secrets(session));
	let mut passed = Vec::new();
	let mut next = to;
	loop {
		if next == local_peer_id() {
			return (passed, End::Victim(packet));
		}
		passed.push(next);
		let other = mixnodes.iter().position(|mixnode| mixnode.peer_id == next);
		let Some(Ok(opened)) = other.map(|other| Opened::open(&secrets[other], &packet)) else {
			return (passed, End::Nowhere);
		};
		match *opened.action() {
			Action::Forward { target: Target::Mixnode(to), .. } => {
				let to = usize::from(to.get());
				next = mixnodes.get(to).map_or(local_peer_id(), |mixnode| mixnode.peer_id);
				packet = opened.forward(packet);
			},
			Action::Forward { target: Target::Peer(peer_id), .. } => {
				next = peer_id;
				packet = opened.forward(packet);
			},
			Action::DeliverRequest => {
				let payload = opened.request_payload(&mut packet).unwrap();
				return (passed, End::Request(Box::new(*payload)));
			},
			Action::DeliverCover { .. } => return (passed, End::Cover),
			Action::DeliverReply { .. } => panic!("the victim alone makes SURBs here"),
		}
	}
}

/// A reply over one of the victim's SURBs, as it arrives at the victim.
pub fn reply(surb: Surb, payload: &PayloadData) -> Packet {
	let (first, packet) = use_surb(surb, payload).unwrap();
	let first = others(SESSION)[usize::from(first.get())].peer_id;
	match carry(SESSION, first, packet) {
		(_, End::Victim(packet)) => packet,
		_ => panic!("the SURB does not lead to its maker"),
	}
}

/// The packet with these bits flipped.
pub fn flipped(packet: &Packet, bit: usize) -> Packet {
	let mut bytes = *packet.as_bytes();
	bytes[bit / 8] ^= 1 << (bit % 8);
	bytes.into()
}

pub struct Victim {
	pub mixnet: Mixnet<ChaChaRng>,
	pub now: Time,
}

impl Victim {
	/// A mixnode in sessions 1 and 2, with ten in each.
	pub fn new(seed: u64, phase: SessionPhase) -> Self {
		Self::with(seed, phase, |_| ())
	}

	/// As [`new`](Self::new), with a changed configuration.
	pub fn with(seed: u64, phase: SessionPhase, change: impl FnOnce(&mut Config)) -> Self {
		Self::among(seed, phase, change, |session| {
			let mut mixnodes = others(session);
			mixnodes.push(mixnode(local_peer_id(), local_public(session)));
			mixnodes
		})
	}

	/// As [`with`](Self::with), in sessions with these mixnodes.
	pub fn among(
		seed: u64,
		phase: SessionPhase,
		change: impl FnOnce(&mut Config),
		mixnodes: impl Fn(u32) -> Vec<Mixnode>,
	) -> Self {
		let now = Time::from_duration(Duration::from_secs(50));
		let mut config = Config::default();
		config.parameters.hops = 2;
		change(&mut config);
		let mixnet = Mixnet::new(config, local_peer_id(), rng(seed), None).unwrap();
		let mut victim = Self { mixnet, now };
		victim.set_status(0, SessionPhase::DisconnectFromPrev);
		for session in [1, 2] {
			assert!(victim.mixnet.restore_kx_secret(session, KxSecret::from_bytes(local_secret(session))));
			let phase = if session == SESSION { phase } else { SessionPhase::DisconnectFromPrev };
			victim.set_status(session, phase);
			ours::set_session(&mut victim.mixnet, now, session, None, Ok(mixnodes(session)));
		}
		for peer in victim.mixnet.reserved_peers() {
			victim.mixnet.peer_connected(now, peer.peer_id);
		}
		while victim.poll_event().is_some() {}
		victim
	}

	pub fn set_status(&mut self, current_index: u32, phase: SessionPhase) {
		ours::set_status(&mut self.mixnet, self.now, current_index, phase);
		while self.poll_event().is_some() {}
	}

	pub fn handle(&mut self, packet: Packet) -> Option<DropReason> {
		self.mixnet.handle_packet(self.now, ENEMY, packet)
	}

	/// Checks that the victim drops the packet for this reason, counts it once, and does nothing else.
	pub fn refuses(&mut self, packet: Packet, reason: DropReason, what: &str) {
		let (mut counters, mut drops) = numbers(&self.mixnet.statistics());
		// The first counter is that of packets received. Fragments are counted before they are checked.
		counters[0] += 1;
		if matches!(reason, DropReason::BadFragment | DropReason::RepeatedFragment) {
			counters[1] += 1;
		}
		drops[reason as usize].1 += 1;
		let timeout = self.mixnet.poll_timeout();
		assert_eq!(self.handle(packet), Some(reason), "{what}");
		assert_eq!(numbers(&self.mixnet.statistics()), (counters, drops), "{what}");
		assert_eq!(self.mixnet.poll_timeout(), timeout, "{what}");
		assert!(self.poll_event().is_none(), "{what}");
	}

	/// The next event but alarms: the victim is alone, so its loops do not come back.
	pub fn poll_event(&mut self) -> Option<Event> {
		std::iter::from_fn(|| self.mixnet.poll_event()).find(|event| !matches!(event, Event::LoopAlarm { .. }))
	}

	/// Checks that the victim takes the packet, and that it completes a request.
	pub fn takes_request(&mut self, packet: Packet) -> (Vec<u8>, ReplyTo) {
		assert_eq!(self.handle(packet), None);
		match self.poll_event() {
			Some(Event::Request { data, reply_to, .. }) => (data, reply_to),
			other => panic!("{other:?}"),
		}
	}

	/// All packets that the victim sends in this time.
	pub fn run(&mut self, time: Duration) -> Vec<(Time, PeerId, Packet)> {
		let end = self.now + time;
		let mut sent = Vec::new();
		while let Some(at) = self.mixnet.poll_timeout().filter(|at| *at <= end) {
			self.now = self.now.max(at);
			self.mixnet.handle_timeout(self.now);
			while let Some(packet) = self.mixnet.poll_transmit() {
				sent.push((self.now, packet.peer_id, packet.packet));
			}
		}
		self.now = end;
		sent
	}

	/// Posts a request of one fragment, and runs until all its copies are sent. Returns what its destination gets.
	pub fn ask(&mut self, surbs: usize) -> (RequestId, Vec<AssembledMessage>) {
		let delay = HandlingDelay::Fixed(Duration::from_secs(60));
		let id = self.mixnet.post_request(self.now, b"question".to_vec(), surbs, delay).unwrap();
		let mut assembler = Assembler::new(1, 1);
		let mut copies = Vec::new();
		while copies.len() < 2 {
			for (_, to, packet) in self.run(Duration::from_millis(50)) {
				if let (_, End::Request(payload)) = carry(SESSION, to, packet) {
					copies.extend(assembler.insert(&payload, 1).unwrap());
				}
			}
		}
		(id, copies)
	}

	/// The next event, if it is the answer to a request.
	pub fn poll_answer(&mut self) -> Option<(RequestId, Vec<u8>)> {
		match self.poll_event()? {
			Event::RequestAnswered { id, data, .. } => Some((id, data)),
			other => panic!("{other:?}"),
		}
	}

	pub fn dropped(&self, reason: DropReason) -> u64 {
		self.mixnet.statistics().dropped(reason)
	}
}

/// All statistics: packets received, request fragments delivered, the other counters, and the drops.
pub fn numbers(statistics: &Statistics) -> ([u64; 17], Vec<(DropReason, u64)>) {
	let counters = [
		statistics.packets_received,
		statistics.requests_delivered,
		statistics.packets_accepted_to_forward,
		statistics.packets_forwarded,
		statistics.replies_delivered,
		statistics.drop_cover_delivered,
		statistics.loop_cover_returned,
		statistics.loop_cover_authored,
		statistics.drop_cover_authored,
		statistics.requests_authored,
		statistics.replies_authored,
		statistics.forward_queue_len,
		statistics.previous_authored_queue_len,
		statistics.current_authored_queue_len,
		statistics.requests_pending,
		statistics.replies_cached,
		statistics.surbs_kept,
	];
	(counters, statistics.drops().collect())
}

/// Bytes that the seed determines and that mean nothing.
pub fn noise<const N: usize>(seed: u64) -> [u8; N] {
	let mut bytes = [0; N];
	rng(seed).fill_bytes(&mut bytes);
	bytes
}
