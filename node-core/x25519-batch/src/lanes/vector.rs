//! What a vector of eight 64-bit lanes can do.

/// How many lanes a [`Vector`] has.
pub(crate) const LANES: usize = 8;

/// One 64-bit number in each lane.
pub(crate) type Lanes = [u64; LANES];

/// A vector of eight unsigned 64-bit lanes. An operation works on all lanes at once, and on each by itself.
///
/// Neither the time that an operation takes nor the memory that it touches depends on what is in the lanes.
///
/// Implementations are `#[inline(always)]`, and so is all code that is generic over them. So it is compiled with the target
/// features of the function that it is inlined into.
pub(crate) trait Vector: Copy {
	/// The proof that the machine has such vectors.
	type Token: Copy;

	/// A choice for each lane: set or clear.
	type Mask: Copy;

	/// Returns the proof, which every vector carries.
	fn token(self) -> Self::Token;

	/// Puts the same number into all lanes.
	fn splat(token: Self::Token, value: u64) -> Self;

	/// Reads the lanes from memory.
	fn load(token: Self::Token, lanes: &Lanes) -> Self;

	/// Writes the lanes to memory.
	fn store(self, lanes: &mut Lanes);

	/// Adds. No lane may overflow.
	fn add(self, other: Self) -> Self;

	/// Subtracts. No lane may become negative.
	fn sub(self, other: Self) -> Self;

	/// Bitwise and.
	fn and(self, other: Self) -> Self;

	/// Bitwise or.
	fn or(self, other: Self) -> Self;

	/// Bitwise exclusive or.
	fn xor(self, other: Self) -> Self;

	/// Shifts to the right by `BY` bits, less than 64.
	fn shift_right<const BY: u32>(self) -> Self;

	/// Shifts to the left by `BY` bits, less than 64. Bits that are shifted out are lost.
	fn shift_left<const BY: u32>(self) -> Self;

	/// Adds the low 52 bits of the 104-bit products of `a` and `b`. Both must be less than 2^52.
	fn add_product_low(self, a: Self, b: Self) -> Self;

	/// Adds the high 52 bits of the 104-bit products of `a` and `b`. Both must be less than 2^52.
	fn add_product_high(self, a: Self, b: Self) -> Self;

	/// Multiplies by 19. No lane may overflow.
	fn times_19(self) -> Self;

	/// Looks up `table` at the index in each lane, which must be less than 16. Reads the whole table.
	fn lookup(table: &[u64; 2 * LANES], index: Self) -> Self;

	/// Sets the mask in the lanes in which `self` and `other` have a bit in common.
	fn test(self, other: Self) -> Self::Mask;

	/// Returns `set` in lanes where the mask is set, and `clear` in the others.
	fn select(mask: Self::Mask, set: Self, clear: Self) -> Self;
}
