//! Spreads a batch of bytes over the lanes, and gathers the results as bytes.

use super::{
	field::{limbs_of_words, words_of_limbs, LIMBS},
	fixed_base::{self, recode},
	ladder::{self, Bits},
	quotients::{divide, Quotient, Stored},
	vector::{Lanes, Vector, LANES},
};
use crate::multiplier::{words, Scalars};
use zeroize::Zeroizing;

/// How many vectors share a division.
const VECTORS: usize = 8;

/// The most multiplications that [`variable_base`] and [`fixed_base`](fixed_base()) take at once.
pub(crate) const MAX: usize = LANES * VECTORS;

/// Multiplies each point by its scalar, for at most [`MAX`] of them. If the last vector is not full, its other lanes work
/// on zeroes.
#[inline(always)]
pub(crate) fn variable_base<V: Vector>(
	token: V::Token,
	kind: Scalars,
	scalars: &[[u8; 32]],
	points: &[[u8; 32]],
	out: &mut [[u8; 32]],
) {
	let mut quotients = Zeroizing::new([Quotient::default(); VECTORS]);
	let quotients = &mut quotients[..scalars.len().div_ceil(LANES)];
	for ((scalars, points), quotient) in scalars.chunks(LANES).zip(points.chunks(LANES)).zip(quotients.iter_mut()) {
		let bits = load_scalars(token, scalars, |scalar| kind.words(scalar));
		let multiple = ladder::multiply::<V>(bits, load_points(points).get(token));
		quotient.numerator.set(multiple.numerator);
		quotient.denominator.set(multiple.denominator);
	}
	divide::<V>(token, quotients);
	store_quotients(quotients, out);
}

/// Multiplies the base point by each scalar, for at most [`MAX`] of them.
#[inline(always)]
pub(crate) fn fixed_base<V: Vector>(token: V::Token, kind: Scalars, scalars: &[[u8; 32]], out: &mut [[u8; 32]]) {
	let mut quotients = Zeroizing::new([Quotient::default(); VECTORS]);
	let quotients = &mut quotients[..scalars.len().div_ceil(LANES)];
	for (scalars, quotient) in scalars.chunks(LANES).zip(quotients.iter_mut()) {
		let multiple = fixed_base::multiply::<V>(load_scalars(token, scalars, |scalar| recode(kind.words(scalar))));
		quotient.numerator.set(multiple.numerator);
		quotient.denominator.set(multiple.denominator);
	}
	divide::<V>(token, quotients);
	store_quotients(quotients, out);
}

/// Loads the `words` of each scalar into a lane of its own. Lanes without a scalar are zero.
#[inline(always)]
fn load_scalars<V: Vector>(token: V::Token, scalars: &[[u8; 32]], words: impl Fn(&[u8; 32]) -> [u64; 4]) -> Bits<V> {
	let mut lanes = Zeroizing::new([Lanes::default(); 4]);
	for (i, scalar) in scalars.iter().enumerate() {
		for (lanes, word) in lanes.iter_mut().zip(words(scalar)) {
			lanes[i] = word;
		}
	}
	let load = |i: usize| V::load(token, &lanes[i]);
	Bits([load(0), load(1), load(2), load(3)])
}

/// Loads each point into a lane of its own. Lanes without a point are zero.
#[inline(always)]
fn load_points(points: &[[u8; 32]]) -> Stored {
	let mut stored = Stored::default();
	for (i, point) in points.iter().enumerate() {
		stored.set_lane(i, limbs_of_words(words(point)));
	}
	stored
}

/// Writes the quotients as bytes.
#[inline(always)]
fn store_quotients(quotients: &[Quotient], out: &mut [[u8; 32]]) {
	for (quotient, out) in quotients.iter().zip(out.chunks_mut(LANES)) {
		for (i, out) in out.iter_mut().enumerate() {
			let limbs: [u64; LIMBS] = quotient.numerator.lane(i);
			for (bytes, word) in out.chunks_exact_mut(8).zip(words_of_limbs(limbs)) {
				bytes.copy_from_slice(&word.to_le_bytes());
			}
		}
	}
}
