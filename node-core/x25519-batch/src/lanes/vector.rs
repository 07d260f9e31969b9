//! What a vector of eight 64-bit lanes can do.

/// Lanes of a [`Vector`].
pub(crate) const LANES: usize = 8;

/// One 64-bit number in each lane.
pub(crate) type Lanes = [u64; LANES];

/// Eight unsigned 64-bit lanes that are worked on at once, none of them looking at another.
///
/// The time that an operation takes, and the memory that it touches, do not depend on what is in the lanes.
///
/// Implementations are `#[inline(always)]` throughout, and so is all that is generic over them: it takes on the target
/// features of the function that it ends up in.
pub(crate) trait Vector: Copy {
	/// That the machine has such vectors: to have one is the proof.
	type Token: Copy;

	/// One bit for each lane.
	type Mask: Copy;

	/// The proof, from a vector that there is.
	fn token(self) -> Self::Token;

	/// The same number in all lanes.
	fn splat(token: Self::Token, value: u64) -> Self;

	fn load(token: Self::Token, lanes: &Lanes) -> Self;

	fn store(self, lanes: &mut Lanes);

	/// The sums. No lane may overflow.
	fn add(self, other: Self) -> Self;

	/// The differences. No lane may become negative.
	fn sub(self, other: Self) -> Self;

	fn and(self, other: Self) -> Self;

	fn or(self, other: Self) -> Self;

	fn xor(self, other: Self) -> Self;

	/// To the right, by less than 64.
	fn shift_right<const BY: u32>(self) -> Self;

	/// To the left, by less than 64. What is shifted out is lost.
	fn shift_left<const BY: u32>(self) -> Self;

	/// `self` plus the low 52 bits of the 104-bit products of `a` and `b`, which must be less than 2^52.
	fn add_product_low(self, a: Self, b: Self) -> Self;

	/// `self` plus the high 52 bits of the 104-bit products of `a` and `b`, which must be less than 2^52.
	fn add_product_high(self, a: Self, b: Self) -> Self;

	/// 19 times; no lane may overflow.
	fn times_19(self) -> Self;

	/// In each lane, what `table` has at the index in that lane, which must be less than 16. Reads all of the table.
	fn lookup(table: &[u64; 2 * LANES], index: Self) -> Self;

	/// In which lanes do `self` and `other` have a bit in common?
	fn test(self, other: Self) -> Self::Mask;

	/// `self` where the mask is set, `other` where it is not.
	fn select(mask: Self::Mask, set: Self, clear: Self) -> Self;
}
