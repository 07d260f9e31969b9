//! The packets of the flood.

use mixnet_node_core::{
	sphinx::{
		build_cover, build_request, build_surb, use_surb, CoverId, Hop, PayloadData, SurbId, Target, PACKET_SIZE,
		PAYLOAD_DATA_SIZE, SURB_SIZE,
	},
	KxPublic, KxSecret, MixnodeIndex, Packet, PeerId,
};
use mixnet_simulation::{fragment, rng};
use rand_chacha::{rand_core::RngCore, ChaChaRng};

/// How many mixnodes every session has besides the victim, which comes last.
pub const OTHERS: usize = 9;
/// The most fragments of a message. One more than a power of two: then buffers that grow by doubling are largest.
pub const FRAGMENTS: usize = 5;
/// The percentage of packets that are for the previous session.
const PREVIOUS: u32 = 25;
/// The first packets, this many, are of the largest requests, so that small ones do not take their room.
const LARGE_FIRST: usize = 400;

/// One of the other mixnodes as a hop.
pub fn other(index: usize) -> (PeerId, KxPublic) {
	let byte = index as u8 + 1;
	(PeerId([byte; 32]), KxSecret::from_bytes([byte; 32]).public())
}

fn hop(index: usize, kx_public: KxPublic) -> Hop {
	Hop { target: Target::Mixnode(MixnodeIndex::new(index as u16).unwrap()), kx_public }
}

/// The victim as a hop.
pub fn local_hop(kx_public: KxPublic) -> Hop {
	hop(OTHERS, kx_public)
}

/// A message of one fragment, with these SURBs.
pub fn whole(id: [u8; 16], surbs: &[[u8; SURB_SIZE]]) -> PayloadData {
	fragment::whole(id, 20, 0, surbs)
}

/// A fragment with these header fields. Its content is zeroes.
fn fragment(id: [u8; 16], last_index: u16, index: u16, data_size: u16, surbs: u8) -> PayloadData {
	fragment::with_fields([0; PAYLOAD_DATA_SIZE], id, last_index, index, data_size, surbs)
}

/// This many hostile packets, for a victim with these keys in the previous and in the current session.
pub fn packets(seed: u64, keys: [KxPublic; 2], num: usize) -> Vec<Packet> {
	let mut enemy = Enemy { rng: rng(seed), keys, id: [0; 16], packets: Vec::new() };
	while enemy.packets.len() < num {
		enemy.attack();
	}
	enemy.packets.truncate(num);
	enemy.packets
}

struct Enemy {
	rng: ChaChaRng,
	keys: [KxPublic; 2],
	/// The ID of the latest message.
	id: [u8; 16],
	packets: Vec<Packet>,
}

impl Enemy {
	/// A random number below `end`.
	fn draw(&mut self, end: u32) -> u32 {
		self.rng.next_u32() % end
	}

	fn local_hop(&mut self) -> Hop {
		let previous = self.draw(100) < PREVIOUS;
		local_hop(self.keys[usize::from(!previous)])
	}

	fn next_id(&mut self) -> [u8; 16] {
		self.rng.fill_bytes(&mut self.id);
		self.id
	}

	fn send(&mut self, payload: &PayloadData) {
		let hop = self.local_hop();
		let built = build_request(&mut self.rng, &[hop], payload).unwrap();
		self.packets.push(built.packet);
	}

	/// SURBs of noise that name one of the others, or the victim, or nobody.
	fn surbs(&mut self) -> Vec<[u8; SURB_SIZE]> {
		let num = [0, 1, 4, 9][self.draw(4) as usize];
		let mut surbs = vec![[0; SURB_SIZE]; num];
		for surb in &mut surbs {
			self.rng.fill_bytes(surb);
			surb[..2].copy_from_slice(&(self.draw(OTHERS as u32 + 2) as u16).to_le_bytes());
		}
		surbs
	}

	fn cover(&mut self, next: Option<Hop>, id: Option<CoverId>) {
		let mut route = vec![self.local_hop()];
		route.extend(next);
		let built = build_cover(&mut self.rng, &route, id).unwrap();
		self.packets.push(built.packet);
	}

	/// A request of the largest size.
	fn large_request(&mut self) {
		let id = self.next_id();
		let last_index = FRAGMENTS as u16 - 1;
		for index in 0..=last_index {
			self.send(&fragment(id, last_index, index, 2025, 0));
		}
	}

	fn attack(&mut self) {
		if self.packets.len() < LARGE_FIRST {
			return self.large_request();
		}
		match self.draw(100) {
			0..10 => {
				let mut bytes = [0; PACKET_SIZE];
				self.rng.fill_bytes(&mut bytes);
				self.packets.push(bytes.into());
			},
			// Keys of low order.
			10..12 => {
				let mut bytes = [0; PACKET_SIZE];
				self.rng.fill_bytes(&mut bytes[32..]);
				self.packets.push(bytes.into());
			},
			// A valid header with a changed payload.
			12..22 => {
				let payload = whole(self.next_id(), &[]);
				self.send(&payload);
				if let Some(packet) = self.packets.pop() {
					let mut bytes = *packet.as_bytes();
					bytes[PACKET_SIZE - 1 - self.draw(2000) as usize] ^= 1;
					self.packets.push(bytes.into());
				}
			},
			// Copies.
			22..32 => {
				let sent = self.packets.len() as u32;
				if sent > 0 {
					let copy = self.draw(sent) as usize;
					self.packets.push(self.packets[copy].clone());
				}
			},
			// The first fragments of messages that are never complete: full of SURBs, full of data, or empty.
			32..50 => {
				let (data_size, surbs) = [(27, 9), (27, 9), (2025, 0), (0, 0)][self.draw(4) as usize];
				let payload = fragment(self.next_id(), 3, 0, data_size, surbs);
				self.send(&payload);
				if self.draw(8) == 0 {
					let second = fragment(self.id, 3, 1, 2025, 0);
					self.send(&second);
				}
			},
			// Fragments that contradict themselves or the latest one.
			50..54 => {
				let id = self.id;
				let payload = [
					fragment(id, 3, 0, 1, 0),
					fragment(id, 2, 0, 1, 0),
					fragment(id, 0, 1, 1, 0),
					fragment(id, 0xffff, 0, 1, 0),
					fragment(id, 0, 0, 0xffff, 0xff),
				][self.draw(5) as usize];
				self.send(&payload);
			},
			// Requests, sometimes one twice.
			54..68 => {
				let (id, surbs) = (self.next_id(), self.surbs());
				let payload = whole(id, &surbs);
				for _ in 0..1 + self.draw(4) / 3 {
					self.send(&payload);
				}
			},
			// Requests of the largest size.
			68..71 => self.large_request(),
			71..85 => {
				let next = self.draw(OTHERS as u32) as usize;
				self.cover(Some(hop(next, other(next).1)), None);
			},
			// Packets to forward to the victim itself, or to nobody.
			85..87 => {
				let index = OTHERS + self.draw(3) as usize;
				self.cover(Some(hop(index, other(0).1)), None);
			},
			// Loops that the victim did not send.
			87..93 => {
				let id = CoverId::random(&mut self.rng);
				self.cover(None, Some(id));
			},
			// Replies over SURBs that the victim did not make.
			_ => {
				let hop = self.local_hop();
				let index = MixnodeIndex::new(OTHERS as u16).unwrap();
				let id = SurbId::random(&mut self.rng);
				let (surb, ..) = build_surb(&mut self.rng, index, &[hop], id).unwrap();
				let (_, packet) = use_surb(surb, &[0; PAYLOAD_DATA_SIZE]).unwrap();
				self.packets.push(packet);
			},
		}
	}
}
