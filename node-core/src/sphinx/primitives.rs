//! The primitives that the packet format is built from (PROTOCOL.md, section 1).

use blake2b_simd::{
	many::{hash_many, HashManyJob},
	Params,
};
use chacha20::{
	cipher::{KeyIvInit, StreamCipher},
	ChaCha20,
};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use rand_distr::{Distribution, Exp1};
use zeroize::Zeroizing;

/// H: derives a secret of `N` bytes (1 to 64) from `key` (at most 64 bytes), for the purpose that `personal` names.
///
/// This is BLAKE2b of the empty message, as in libsodium's `crypto_kdf`. The length is a parameter of the hash, so secrets
/// of different lengths have nothing in common. `salt` is extended by zeroes to BLAKE2b's 16 bytes.
pub(crate) fn derive<const N: usize>(personal: &[u8; 16], salt: u64, key: &[u8]) -> [u8; N] {
	let mut params = Params::new();
	params.hash_length(N).key(key).salt(&salt.to_le_bytes()).personal(personal);
	let mut derived = [0; N];
	derived.copy_from_slice(params.hash(&[]).as_bytes());
	derived
}

/// Keyed BLAKE2b of `N` bytes over the concatenation of `parts`: a MAC.
pub(super) fn mac<const N: usize>(key: &[u8], parts: &[&[u8]]) -> [u8; N] {
	let mut state = Params::new().hash_length(N).key(key).to_state();
	for part in parts {
		state.update(part);
	}
	let mut mac = [0; N];
	mac.copy_from_slice(state.finalize().as_bytes());
	mac
}

/// The number of hashes that [`mac_each`] computes side by side: as many as fit into the registers of AVX2.
pub(super) const HASH_LANES: usize = 4;

/// As [`mac`], for up to [`HASH_LANES`] keys, each with its data: side by side if the processor can.
pub(super) fn mac_each<'a, const N: usize>(
	inputs: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> [[u8; N]; HASH_LANES] {
	let mut jobs = [const { None }; HASH_LANES];
	for (job, (key, data)) in jobs.iter_mut().zip(inputs) {
		*job = Some(HashManyJob::new(Params::new().hash_length(N).key(key), data));
	}
	hash_many(jobs.iter_mut().flatten());
	jobs.map(|job| {
		let mut mac = [0; N];
		if let Some(job) = job {
			mac.copy_from_slice(job.to_hash().as_bytes());
		}
		mac
	})
}

/// Adds (XOR) the ChaCha20 keystream of `key` to `data`. The nonce is zero: every key is used once.
pub(super) fn apply_stream(key: &[u8; 32], data: &mut [u8]) {
	/// Four blocks of 64 bytes, which are computed side by side. Fewer are computed one after another, and take longer than four.
	const GROUP: usize = 256;
	let mut cipher = ChaCha20::new(key.into(), &[0; 12].into());
	let (groups, rest) = data.split_at_mut(data.len() / GROUP * GROUP);
	cipher.apply_keystream(groups);
	if !rest.is_empty() {
		let mut stream = Zeroizing::new([0; GROUP]);
		cipher.apply_keystream(&mut *stream);
		for (byte, stream) in rest.iter_mut().zip(&*stream) {
			*byte ^= stream;
		}
	}
}

/// A draw from the exponential distribution of mean 1, capped at 10: exp(seed) of PROTOCOL.md, section 1.
///
/// The source of a packet and each mixnode that delays it compute the same number from the same seed, so that the source
/// knows how long its packet will take.
pub fn exponential(seed: &[u8; 16]) -> f64 {
	// A draw may take more random numbers than the seed has bytes for, hence the generator.
	let mut doubled = [0; 32];
	doubled[..16].copy_from_slice(seed);
	doubled[16..].copy_from_slice(seed);
	let draw: f64 = Exp1.sample(&mut ChaChaRng::from_seed(doubled));
	draw.min(10.0)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn exponential_draws_are_the_protocols() {
		let table = [
			("dc180ee6711ecf2dad0cded1d494bd3b", 2.953842296445717),
			("0acc48bda2309a48c878610df8c28d99", 1.278588765412407),
			("174c402f8fdaa64645e71cb01efff8fc", 0.7747915675800142),
			("cae807721728f709d87d3ea2037d4f03", 0.8799379598933348),
			("61565441d025dfe7b9c86a56dd2709a6", 10.0),
		];
		for (seed, draw) in table {
			let mut bytes = [0; 16];
			hex::decode_to_slice(seed, &mut bytes).unwrap();
			assert_eq!(exponential(&bytes), draw);
		}
	}

	#[test]
	fn the_keystream_is_chacha20_from_block_zero() {
		// RFC 8439, appendix A.1, test vector 1.
		let mut data = [0; 32];
		apply_stream(&[0; 32], &mut data);
		assert_eq!(hex::encode(data), "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7");
	}

	#[test]
	fn a_shorter_hash_is_no_cut_of_a_longer_one() {
		let long = derive::<64>(b"a test of length", 0, &[1; 32]);
		let short = derive::<32>(b"a test of length", 0, &[1; 32]);
		assert_ne!(long[..32], short);
	}

	#[test]
	fn data_of_all_lengths_is_under_the_same_keystream() {
		let mut expected = [0; 1100];
		ChaCha20::new(&[5; 32].into(), &[0; 12].into()).apply_keystream(&mut expected);
		for len in (0..=1100).step_by(17).chain([255, 256, 257, 512]) {
			let mut data = vec![0xff; len];
			apply_stream(&[5; 32], &mut data);
			assert!(data.iter().zip(&expected).all(|(byte, stream)| byte ^ stream == 0xff), "{len}");
		}
	}

	#[test]
	fn macs_side_by_side_are_the_same_as_one_by_one() {
		let data: [u8; 700] = core::array::from_fn(|i| i as u8);
		for len in [0, 1, 127, 128, 129, 140, 256, 700] {
			for count in 0..=HASH_LANES {
				let inputs: Vec<_> = (0..count).map(|i| ([i as u8 + 1; 64], &data[..len - i.min(len)])).collect();
				let macs = mac_each::<16>(inputs.iter().map(|(key, data)| (&key[..16 * (count % 4 + 1)], *data)));
				for (mac_of_many, (key, data)) in macs.iter().zip(&inputs) {
					assert_eq!(*mac_of_many, mac::<16>(&key[..16 * (count % 4 + 1)], &[data]));
				}
				assert!(macs[count..].iter().all(|mac| *mac == [0; 16]));
			}
		}
	}

	#[test]
	fn a_mac_is_of_the_parts_as_one() {
		assert_eq!(mac::<16>(&[7; 16], &[b"ab", b"", b"c"]), mac::<16>(&[7; 16], &[b"abc"]));
		assert_ne!(mac::<16>(&[7; 16], &[b"abc"]), mac::<16>(&[8; 16], &[b"abc"]));
	}
}
