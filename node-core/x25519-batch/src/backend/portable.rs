//! One multiplication after another, by curve25519-dalek.

use crate::multiplier::{Multiplier, Scalars};
use curve25519_dalek::{MontgomeryPoint, Scalar};
use zeroize::Zeroizing;

/// The backend.
pub(super) struct Portable;

impl Multiplier for Portable {
	fn variable_base(&self, kind: Scalars, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]) {
		for ((scalar, point), out) in scalars.iter().zip(points).zip(out) {
			let point = MontgomeryPoint(*point);
			let words = Zeroizing::new(kind.words(scalar));
			// `Scalar` would reduce modulo the group's order, which is wrong for points outside the group.
			let bits = (0..255).rev().map(|i| words[i / 64] >> (i % 64) & 1 == 1);
			*out = point.mul_bits_be(bits).to_bytes();
		}
	}

	fn fixed_base(&self, kind: Scalars, scalars: &[[u8; 32]], out: &mut [[u8; 32]]) {
		for (scalar, out) in scalars.iter().zip(out) {
			let words = Zeroizing::new(kind.words(scalar));
			let mut bytes = Zeroizing::new([0; 32]);
			for (bytes, word) in bytes.chunks_exact_mut(8).zip(*words) {
				bytes.copy_from_slice(&word.to_le_bytes());
			}
			let scalar = Zeroizing::new(Scalar::from_bytes_mod_order(*bytes));
			*out = MontgomeryPoint::mul_base(&scalar).to_bytes();
		}
	}
}
