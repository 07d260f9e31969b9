//! Proof of possession of a session's secret key: the signer's half. (docs/REGISTRATION.md)
//!
//! XEdDSA (Perrin, 2016; names are the paper's): an Ed25519 signature by an X25519 key. The public key knows no sign:
//! the verifier takes the point whose sign bit is 0, and the signer the scalar that belongs to that point. The nonce is
//! derived from the scalar, the message and fresh randomness: with a generator that repeats itself it is as good as that
//! of Ed25519, which needs none.

use crate::{sphinx::clamped_scalar, KxSecret};
use curve25519_dalek::{EdwardsPoint, Scalar};
use mixnet_primitives::PossessionProof;
use rand_core::{CryptoRng, RngCore};
use sha2::{digest::generic_array::GenericArray, Digest, Sha512};
use subtle::{Choice, ConditionallyNegatable};
use zeroize::Zeroizing;

/// The first bytes that the paper's hash1 takes: 2^256 - 2, little-endian. They encode no point, so the input of a nonce's
/// hash is never the input of a challenge's hash.
const HASH_1: [u8; 32] = {
	let mut prefix = [0xff; 32];
	prefix[0] = 0xfe;
	prefix
};

impl KxSecret {
	/// Proves to everybody who knows the public key that we hold this secret, and binds that to `message`. The proof is an
	/// Ed25519 signature under [`KxPublic::to_ed25519`](crate::KxPublic::to_ed25519).
	///
	/// Takes the same time whatever the secret is.
	pub fn prove_possession<R: RngCore + CryptoRng + ?Sized>(&self, rng: &mut R, message: &[u8]) -> PossessionProof {
		let mut z = Zeroizing::new([0; 64]);
		rng.fill_bytes(&mut *z);

		// (A, a): the key pair of which the point has the sign bit 0.
		let mut a = Zeroizing::new(clamped_scalar(self.expose_bytes()));
		let mut public = EdwardsPoint::mul_base(&a).compress().to_bytes();
		a.conditional_negate(Choice::from(public[31] >> 7));
		public[31] &= 0x7f;

		let r = hash_to_scalar(&[&HASH_1, a.as_bytes(), message, &*z]);
		let commitment = EdwardsPoint::mul_base(&r).compress().to_bytes();
		let h = hash_to_scalar(&[&commitment, &public, message]);
		let s = *r + *Zeroizing::new(*h * *a);

		let mut proof = [0; PossessionProof::SIZE];
		proof[..32].copy_from_slice(&commitment);
		proof[32..].copy_from_slice(s.as_bytes());
		PossessionProof(proof)
	}
}

/// SHA-512 of `parts`, one after another, as a little-endian number modulo the group's order.
fn hash_to_scalar(parts: &[&[u8]]) -> Zeroizing<Scalar> {
	let mut hash = Sha512::new();
	for part in parts {
		hash.update(part);
	}
	let mut digest = Zeroizing::new([0; 64]);
	hash.finalize_into_reset(GenericArray::from_mut_slice(&mut *digest));
	// The state has been reset, but not its buffer, and there is no other way to destroy what is in it.
	hash.update([0; 127]);
	core::hint::black_box(&hash);
	Zeroizing::new(Scalar::from_bytes_mod_order_wide(&digest))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::KxPublic;
	use curve25519_dalek::constants::EIGHT_TORSION;
	use ed25519_zebra::{Signature, VerificationKey};
	use proptest::prelude::*;
	use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

	/// As the runtime's host function does.
	fn verify(ed25519: [u8; 32], message: &[u8], proof: PossessionProof) -> bool {
		VerificationKey::try_from(ed25519).is_ok_and(|key| key.verify(&Signature::from(proof.0), message).is_ok())
	}

	fn accepts(public: KxPublic, message: &[u8], proof: PossessionProof) -> bool {
		public.possession_key().is_ok_and(|key| verify(key, message, proof))
	}

	fn prove(secret: [u8; 32], seed: u64, message: &[u8]) -> (KxPublic, PossessionProof) {
		let secret = KxSecret::from_bytes(secret);
		(secret.public(), secret.prove_possession(&mut ChaChaRng::seed_from_u64(seed), message))
	}

	/// The sign bit of the point that the clamped secret itself gives.
	fn sign(secret: [u8; 32]) -> u8 {
		EdwardsPoint::mul_base_clamped(secret).compress().to_bytes()[31] >> 7
	}

	#[test]
	fn secrets_of_either_sign_prove_their_possession() {
		let mut signs = [0; 2];
		for byte in 0..=u8::MAX {
			signs[usize::from(sign([byte; 32]))] += 1;
			let (public, proof) = prove([byte; 32], byte.into(), b"message");
			assert!(accepts(public, b"message", proof), "{byte}");
			// The other point with this u-coordinate is another key.
			let mut negative = public.to_ed25519().expect("made from a secret; qed");
			negative[31] |= 0x80;
			assert!(!verify(negative, b"message", proof), "{byte}");
		}
		assert!(signs.iter().all(|count| *count > 64), "{signs:?}");
	}

	#[test]
	fn a_proof_with_any_bit_changed_is_refused() {
		let message = [5; 40];
		let (public, proof) = prove([3; 32], 1, &message);
		for bit in 0..512 {
			let mut wrong = proof;
			wrong.0[bit / 8] ^= 1 << (bit % 8);
			assert!(!accepts(public, &message, wrong), "proof, {bit}");
		}
		for bit in 0..8 * message.len() {
			let mut wrong = message;
			wrong[bit / 8] ^= 1 << (bit % 8);
			assert!(!accepts(public, &wrong, proof), "message, {bit}");
		}
		for bit in 0..256 {
			let mut wrong = public;
			wrong.0[bit / 8] ^= 1 << (bit % 8);
			assert!(!accepts(wrong, &message, proof), "key, {bit}");
		}
		assert!(!accepts(public, &message[1..], proof));
		assert!(!accepts(public, &[&message[..], &[0]].concat(), proof));
	}

	/// s + the group's order is the same scalar, and would be a second proof that anybody could make of a first.
	#[test]
	fn a_proof_has_no_second_encoding() {
		let (public, proof) = prove([3; 32], 1, b"message");
		let order_minus_one = (-Scalar::ONE).to_bytes();
		let mut wrong = proof;
		let mut carry = 1;
		for (byte, other) in wrong.0[32..].iter_mut().zip(order_minus_one) {
			let sum = u16::from(*byte) + u16::from(other) + carry;
			*byte = sum as u8;
			carry = sum >> 8;
		}
		assert_eq!(Scalar::from_bytes_mod_order(wrong.0[32..].try_into().unwrap()).as_bytes(), &proof.0[32..]);
		assert!(accepts(public, b"message", proof) && !accepts(public, b"message", wrong));
	}

	/// Under these anybody can sign anything.
	#[test]
	fn keys_of_small_order_prove_nothing() {
		let mut trivial = [0; 64];
		trivial[0] = 1;
		for point in EIGHT_TORSION {
			let public = KxPublic(point.to_montgomery().to_bytes());
			assert!(public.to_ed25519().is_none_or(|key| verify(key, b"message", PossessionProof(trivial))));
			assert!(!accepts(public, b"message", PossessionProof(trivial)));
		}
	}

	#[test]
	fn a_key_in_another_encoding_proves_nothing() {
		let (mut public, proof) = prove([3; 32], 1, b"message");
		public.0[31] |= 0x80;
		let same = public.to_ed25519().expect("X25519 ignores the bit; qed");
		assert!(verify(same, b"message", proof));
		assert!(!accepts(public, b"message", proof));
	}

	/// The verifier's equation is multiplied by eight, so that it does not see a component of small order. The signature
	/// is over the key's encoding all the same: nobody but the holder of the secret can make one for such a sibling.
	#[test]
	fn a_key_with_a_component_of_small_order_needs_the_same_secret() {
		let secret = KxSecret::from_bytes([3; 32]);
		let a = clamped_scalar(secret.expose_bytes());
		let proof = secret.prove_possession(&mut ChaChaRng::seed_from_u64(1), b"message");
		for torsion in &EIGHT_TORSION[1..] {
			let point = EdwardsPoint::mul_base(&a) + torsion;
			let public = KxPublic(point.to_montgomery().to_bytes());
			assert!(!accepts(public, b"message", proof));

			let mut key = point.compress().to_bytes();
			let a = if key[31] >> 7 == 1 { -a } else { a };
			key[31] &= 0x7f;
			let r = hash_to_scalar(&[b"any nonce"]);
			let commitment = EdwardsPoint::mul_base(&r).compress().to_bytes();
			let s = *r + *hash_to_scalar(&[&commitment, &key, b"message"]) * a;
			let proof = PossessionProof([commitment, s.to_bytes()].concat().try_into().unwrap());
			assert!(accepts(public, b"message", proof), "the holder can prove it");
		}
	}

	proptest! {
		#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

		#[test]
		fn proofs_are_accepted_for_their_key_and_message_alone(
			secret: [u8; 32],
			other: [u8; 32],
			seed: u64,
			message: Vec<u8>,
			wrong: Vec<u8>,
		) {
			let (public, proof) = prove(secret, seed, &message);
			prop_assert!(accepts(public, &message, proof));
			prop_assert!(message == wrong || !accepts(public, &wrong, proof));
			let (other, others_proof) = prove(other, seed, &message);
			prop_assert!(other == public || !accepts(other, &message, proof));
			prop_assert!(other == public || !accepts(public, &message, others_proof));
		}

		/// X25519 clamps: the bits that it ignores are no part of the secret.
		#[test]
		fn clamped_bits_of_the_secret_change_nothing(secret: [u8; 32], seed: u64) {
			let mut same = secret;
			same[0] ^= 7;
			same[31] ^= 0xc0;
			prop_assert_eq!(prove(secret, seed, b"message"), prove(same, seed, b"message"));
		}

		/// Two proofs with one nonce would give the secret away.
		#[test]
		fn nonces_differ_from_proof_to_proof(secret: [u8; 32], seed: u64) {
			let secret = KxSecret::from_bytes(secret);
			let commitment = |rng: &mut ChaChaRng, message| secret.prove_possession(rng, message).0[..32].to_vec();
			let mut rng = ChaChaRng::seed_from_u64(seed);
			prop_assert_ne!(commitment(&mut rng, b"message"), commitment(&mut rng, b"message"));
			// .. even if the generator repeats itself, as long as the message does not.
			let [first, second] = [b"message", b"massage"].map(|message| {
				commitment(&mut ChaChaRng::seed_from_u64(seed), message)
			});
			prop_assert_ne!(first, second);
		}
	}
}
