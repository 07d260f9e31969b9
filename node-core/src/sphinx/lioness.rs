//! LIONESS: a block cipher whose block is a packet's whole payload.
//!
//! An unbalanced Feistel network of four rounds, from a stream cipher and a keyed hash (Anderson and Biham, "Two
//! practical and provably secure block ciphers: BEAR and LION", 1996). Every byte of the output depends on every byte of
//! the input. So a payload that somebody changed decrypts to noise, and its zero tag is gone: nobody can mark a payload in a
//! way that survives the next honest hop.

use super::{
	kx::SharedSecret,
	packet::{field, field_mut, Payload, PAYLOAD_SIZE},
	primitives::{apply_stream, derive, mac, mac_each, HASH_LANES},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Size of the block's left part: a ChaCha20 key, and a hash of the right part.
const LEFT: usize = 32;
const RIGHT: usize = PAYLOAD_SIZE - LEFT;

/// A key for one layer of a payload's encryption.
///
/// | bytes    | field |                                       |
/// |----------|-------|---------------------------------------|
/// | 0..32    | `k1`  | stream key, added to the left part    |
/// | 32..96   | `k2`  | hash key                              |
/// | 96..128  | `k3`  | stream key, added to the left part    |
/// | 128..192 | `k4`  | hash key                              |
#[derive(Zeroize, ZeroizeOnDrop)]
// Made in place: moving it would leave a copy behind.
pub(super) struct PayloadKey([u8; PayloadKey::SIZE]);

impl PayloadKey {
	/// Size in bytes.
	pub(super) const SIZE: usize = 192;

	/// A place for a key.
	pub(super) fn unset() -> Self {
		Self([0; Self::SIZE])
	}

	/// Becomes the key that a hop derives from the secret it shares with the source (PROTOCOL.md, section 3).
	pub(super) fn set(&mut self, secret: &SharedSecret) {
		for (salt, part) in (0..).zip(self.0.chunks_exact_mut(64)) {
			part.copy_from_slice(&*Zeroizing::new(derive::<64>(b"sphinx-pl-en-key", salt, secret.as_bytes())));
		}
	}

	/// Encrypts `block` in place.
	pub(super) fn encrypt(&self, block: &mut Payload) {
		add_stream(block, self.k1());
		add_hash(block, self.k2());
		add_stream(block, self.k3());
		add_hash(block, self.k4());
	}

	/// Decrypts `block` in place.
	pub(super) fn decrypt(&self, block: &mut Payload) {
		add_hash(block, self.k4());
		add_stream(block, self.k3());
		add_hash(block, self.k2());
		add_stream(block, self.k1());
	}

	fn k1(&self) -> &[u8; 32] {
		field::<0, 32, { Self::SIZE }>(&self.0)
	}

	fn k2(&self) -> &[u8; 64] {
		field::<32, 64, { Self::SIZE }>(&self.0)
	}

	fn k3(&self) -> &[u8; 32] {
		field::<96, 32, { Self::SIZE }>(&self.0)
	}

	fn k4(&self) -> &[u8; 64] {
		field::<128, 64, { Self::SIZE }>(&self.0)
	}
}

/// The number of blocks that are best ciphered at once.
pub(super) const LANES: usize = HASH_LANES;

/// A layer's key, and the block that it is for.
pub(super) type Lane<'a> = (PayloadKey, &'a mut Payload);

/// Puts `block` into a lane, for the layer of the hop that shares `secret` with the source.
pub(super) fn fill_lane<'a>(lane: &mut Option<Lane<'a>>, secret: &SharedSecret, block: &'a mut Payload) {
	lane.insert((PayloadKey::unset(), block)).0.set(secret);
}

/// Decrypts `block` in place: the layer of the hop that shares `secret`.
pub(super) fn decrypt_layer(secret: &SharedSecret, block: &mut Payload) {
	let mut key = PayloadKey::unset();
	key.set(secret);
	key.decrypt(block);
}

/// Encrypts the blocks, up to [`LANES`], in place: hashes side by side. The streams are as wide already.
pub(super) fn encrypt_each(lanes: &mut [Option<Lane>; LANES]) {
	add_stream_each(lanes, PayloadKey::k1);
	add_hash_each(lanes, PayloadKey::k2);
	add_stream_each(lanes, PayloadKey::k3);
	add_hash_each(lanes, PayloadKey::k4);
}

/// Decrypts the blocks, up to [`LANES`], in place.
pub(super) fn decrypt_each(lanes: &mut [Option<Lane>; LANES]) {
	add_hash_each(lanes, PayloadKey::k4);
	add_stream_each(lanes, PayloadKey::k3);
	add_hash_each(lanes, PayloadKey::k2);
	add_stream_each(lanes, PayloadKey::k1);
}

fn add_stream_each(lanes: &mut [Option<Lane>; LANES], of: impl Fn(&PayloadKey) -> &[u8; 32]) {
	for (key, block) in lanes.iter_mut().flatten() {
		add_stream(block, of(key));
	}
}

fn add_hash_each(lanes: &mut [Option<Lane>; LANES], of: impl Fn(&PayloadKey) -> &[u8; 64]) {
	let inputs =
		lanes.iter().flatten().map(|(key, block)| (&of(key)[..], &field::<LEFT, RIGHT, PAYLOAD_SIZE>(block)[..]));
	let hashes = mac_each::<LEFT>(inputs);
	for ((_, block), hash) in lanes.iter_mut().flatten().zip(&hashes) {
		xor(field_mut::<0, LEFT, PAYLOAD_SIZE>(block), hash);
	}
}

/// R ^= stream(L ^ key)
fn add_stream(block: &mut Payload, key: &[u8; 32]) {
	let mut stream_key = Zeroizing::new(*key);
	xor(&mut stream_key, field::<0, LEFT, PAYLOAD_SIZE>(block));
	apply_stream(&stream_key, field_mut::<LEFT, RIGHT, PAYLOAD_SIZE>(block));
}

/// L ^= B(key, R)
fn add_hash(block: &mut Payload, key: &[u8; 64]) {
	let hash = mac::<LEFT>(key, &[field::<LEFT, RIGHT, PAYLOAD_SIZE>(block)]);
	xor(field_mut::<0, LEFT, PAYLOAD_SIZE>(block), &hash);
}

fn xor(to: &mut [u8; LEFT], with: &[u8; LEFT]) {
	for (byte, with) in to.iter_mut().zip(with) {
		*byte ^= with;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Encrypts `block` in place: the layer of whoever shares `secret`.
	fn encrypt_layer(secret: &SharedSecret, block: &mut Payload) {
		let mut key = PayloadKey::unset();
		key.set(secret);
		key.encrypt(block);
	}

	fn block() -> Payload {
		core::array::from_fn(|i| (i * 7 % 251) as u8)
	}

	#[test]
	fn encryption_and_decryption_are_inverse() {
		let secret = SharedSecret::from_bytes([3; 32]);
		let mut encrypted = block();
		encrypt_layer(&secret, &mut encrypted);
		assert_ne!(encrypted, block());
		let mut there_and_back = encrypted;
		decrypt_layer(&secret, &mut there_and_back);
		assert_eq!(there_and_back, block());

		let mut decrypted = block();
		decrypt_layer(&secret, &mut decrypted);
		assert_ne!(decrypted, encrypted);
		encrypt_layer(&secret, &mut decrypted);
		assert_eq!(decrypted, block());
	}

	#[test]
	fn blocks_side_by_side_are_ciphered_as_one_by_one() {
		let secret = |i| SharedSecret::from_bytes([i as u8; 32]);
		for present in 0..1 << LANES {
			let mut blocks: [Payload; LANES] = core::array::from_fn(|i| block().map(|byte| byte ^ i as u8));
			let before = blocks;
			let decrypt = |blocks: &mut [Payload; LANES], both: fn(&mut [Option<Lane>; LANES])| {
				let mut lanes = [const { None }; LANES];
				for (i, block) in blocks.iter_mut().enumerate().filter(|(i, _)| present >> i & 1 == 1) {
					fill_lane(&mut lanes[i], &secret(i), block);
				}
				both(&mut lanes);
			};
			decrypt(&mut blocks, decrypt_each);
			for (i, block) in blocks.iter().enumerate() {
				let mut expected = before[i];
				if present >> i & 1 == 1 {
					decrypt_layer(&secret(i), &mut expected);
				}
				assert_eq!(*block, expected);
			}
			decrypt(&mut blocks, encrypt_each);
			assert_eq!(blocks, before);
		}
	}

	#[test]
	fn a_changed_byte_changes_the_whole_block() {
		let secret = SharedSecret::from_bytes([3; 32]);
		let mut encrypted = block();
		encrypt_layer(&secret, &mut encrypted);
		for at in [0, 31, 32, 1000, PAYLOAD_SIZE - 1] {
			let mut changed = encrypted;
			changed[at] ^= 1;
			decrypt_layer(&secret, &mut changed);
			let same = changed.iter().zip(block()).filter(|(a, b)| **a == *b).count();
			// By chance one byte in 256 stays as it was: about 8.
			assert!(same < 40, "{same} bytes are as they were");
		}
	}

	#[test]
	fn different_secrets_make_different_keys() {
		let mut a = block();
		encrypt_layer(&SharedSecret::from_bytes([3; 32]), &mut a);
		let mut b = block();
		encrypt_layer(&SharedSecret::from_bytes([4; 32]), &mut b);
		assert_ne!(a, b);
	}
}
