//! What a backend implements, and how a scalar's bytes are read.

/// Multiplies points of Curve25519, given by their u-coordinates, with scalars.
///
/// All implementations give the same bytes for the same input. The caller has checked that the slices are of equal length.
pub(crate) trait Multiplier {
	/// Multiplies each point by its scalar.
	fn variable_base(&self, kind: Scalars, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]);

	/// Multiplies the base point by each scalar.
	fn fixed_base(&self, kind: Scalars, scalars: &[[u8; 32]], out: &mut [[u8; 32]]);
}

/// What a scalar's 32 bytes stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scalars {
	/// A secret key: clamped first (RFC 7748, section 5).
	Clamped,
	/// An integer of 255 bits; the top bit is ignored.
	Plain,
}

impl Scalars {
	/// The scalar as an integer of four little-endian words.
	#[inline(always)]
	pub(crate) fn words(self, bytes: &[u8; 32]) -> [u64; 4] {
		let mut words = words(bytes);
		words[3] &= !(1 << 63);
		if self == Self::Clamped {
			words[0] &= !7;
			words[3] |= 1 << 62;
		}
		words
	}
}

/// Reads 32 bytes as four little-endian words.
#[inline(always)]
pub(crate) fn words(bytes: &[u8; 32]) -> [u64; 4] {
	let word = |i: usize| u64::from_le_bytes(core::array::from_fn(|j| bytes[8 * i + j]));
	[word(0), word(1), word(2), word(3)]
}
