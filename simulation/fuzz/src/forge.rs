//! Packets as a dishonest source makes them: any routing actions, with a valid MAC.
//!
//! Without these, every damaged packet would end at the first MAC check, and the code behind it would never run. This
//! module is written after PROTOCOL.md, sections 1 to 5, without node-core's code. So it also checks, independently, what
//! opening a packet gives.

use blake2b_simd::Params;
use chacha20::{
	cipher::{KeyIvInit, StreamCipher},
	ChaCha20,
};
use curve25519_dalek::{scalar::clamp_integer, MontgomeryPoint, Scalar};
use mixnet_node_core::{sphinx::PACKET_SIZE, KxPublic, Packet};

/// Size in bytes of a packet's routing actions.
pub const ACTIONS_SIZE: usize = 140;
/// Size in bytes of a MAC.
pub const MAC_SIZE: usize = 16;
/// Where the actions begin.
const ACTIONS_AT: usize = 48;
/// The most bytes that one action takes: forward to a peer ID, with the next MAC.
const MAX_ACTION_SIZE: usize = 2 + 32 + MAC_SIZE;

/// A hop of a forged packet.
pub struct ForgedHop {
	/// The key that opens the packet there.
	pub kx_public: KxPublic,
	/// The bytes before the next hop's MAC. They need not be an action. But the next hop opens only if they are as long
	/// as one.
	pub action: Vec<u8>,
}

/// A packet for these hops. `tail` follows the last hop's action, cut or padded with zeroes to the space that is left.
/// The first action that does not fit and all after it are left out.
pub fn forge(ephemeral: [u8; 32], hops: &[ForgedHop], tail: &[u8], payload: &[u8]) -> Packet {
	let mut scalar = clamped(ephemeral);
	let first = MontgomeryPoint::mul_base(&scalar).to_bytes();
	let mut layers: Vec<Layer> = Vec::new();
	let mut filler = Vec::new();
	for hop in hops {
		if filler.len() + hop.action.len() + MAC_SIZE > ACTIONS_SIZE {
			break;
		}
		let kx_public = MontgomeryPoint::mul_base(&scalar).to_bytes();
		let shared = (MontgomeryPoint(hop.kx_public.0) * scalar).to_bytes();
		let blinding = derive::<32>(b"sphinx-blind-fac", &[kx_public, shared].concat());
		scalar *= clamped(blinding);
		let small = derive::<64>(b"sphinx-small-d-s", &shared);
		let mut stream = [0; ACTIONS_SIZE + MAX_ACTION_SIZE];
		let key: [u8; 32] = small[16..48].try_into().expect("a slice of 32 bytes; qed");
		ChaCha20::new(&key.into(), &[0; 12].into()).apply_keystream(&mut stream);

		let mut next = filler.clone();
		next.resize(filler.len() + hop.action.len() + MAC_SIZE, 0);
		for (byte, with) in next.iter_mut().zip(&stream[ACTIONS_SIZE - filler.len()..]) {
			*byte ^= with;
		}
		layers.push(Layer { mac_key: small[..16].to_vec(), stream, filler, action: &hop.action });
		filler = next;
	}

	let mut mac = [0; MAC_SIZE];
	let mut actions: Vec<u8> = tail.to_vec();
	for (index, layer) in layers.iter().enumerate().rev() {
		let mut own = layer.action.to_vec();
		if index + 1 < layers.len() {
			own.extend_from_slice(&mac);
		}
		own.extend_from_slice(&actions);
		own.resize(ACTIONS_SIZE - layer.filler.len(), 0);
		for (byte, with) in own.iter_mut().zip(&layer.stream) {
			*byte ^= with;
		}
		own.extend_from_slice(&layer.filler);
		let hash = Params::new().hash_length(MAC_SIZE).key(&layer.mac_key).hash(&own);
		mac.copy_from_slice(hash.as_bytes());
		actions = own;
	}

	let mut bytes = [0; PACKET_SIZE];
	bytes[..32].copy_from_slice(&first);
	bytes[32..ACTIONS_AT].copy_from_slice(&mac);
	actions.resize(ACTIONS_SIZE, 0);
	bytes[ACTIONS_AT..][..ACTIONS_SIZE].copy_from_slice(&actions);
	let room = &mut bytes[ACTIONS_AT + ACTIONS_SIZE..];
	let len = payload.len().min(room.len());
	room[..len].copy_from_slice(&payload[..len]);
	bytes.into()
}

/// What one hop sees.
struct Layer<'a> {
	mac_key: Vec<u8>,
	stream: [u8; ACTIONS_SIZE + MAX_ACTION_SIZE],
	/// The bytes at the end of the actions, which come from the zeroes that the hops before added.
	filler: Vec<u8>,
	action: &'a [u8],
}

fn clamped(bytes: [u8; 32]) -> Scalar {
	Scalar::from_bytes_mod_order(clamp_integer(bytes))
}

fn derive<const N: usize>(personal: &[u8; 16], key: &[u8]) -> [u8; N] {
	let hash = Params::new().hash_length(N).key(key).personal(personal).salt(&[0; 8]).hash(&[]);
	let mut derived = [0; N];
	derived.copy_from_slice(hash.as_bytes());
	derived
}
