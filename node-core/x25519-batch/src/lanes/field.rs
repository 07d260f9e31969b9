//! Arithmetic modulo p = 2^255 - 19, eight elements at once.
//!
//! An element is the sum of five limbs, limb i times 2^(51 i). A multiplication takes limbs of at most 52 bits, and gives
//! sums of products that are not carried. Carrying is a step of its own; sums and differences are taken before it. The
//! types keep these elements apart:
//!
//! | type      | a limb is less than       | comes from                           | goes into             |
//! |-----------|---------------------------|--------------------------------------|-----------------------|
//! | `Reduced` | 2^51 + 2^17               | carrying                             | products              |
//! | `Product` | 125 * 2^52                | a product                            | sums, differences     |
//! | `Sum`     | 2^63                      | a sum or difference of both of these | carrying              |
//!
//! The tests use limbs at these bounds, on an emulated vector that panics at every overflow.

use super::vector::{Lanes, Vector, LANES};

/// How many limbs an element has.
pub(super) const LIMBS: usize = 5;

/// How many bits a carried limb has.
const BITS: u32 = 51;

const MASK: u64 = (1 << BITS) - 1;

/// The limbs of a [`Reduced`] are less than this.
#[cfg(test)]
pub(super) const REDUCED_BOUND: u64 = (1 << 51) + (1 << 17);

/// The limbs of a [`Product`] are less than this. Limb 0 is the largest.
///
/// Limb 0 is the sum of 1 + 4 * 19 low halves, each less than 2^52, and of 5 * 19 high halves, doubled. The products are
/// less than 2^102 + 2^70.
#[cfg(test)]
pub(super) const PRODUCT_BOUND: u64 = 125 << 52;

/// The limbs of a [`Sum`] are less than this.
#[cfg(test)]
pub(super) const SUM_BOUND: u64 = 1 << 63;

/// 2^8 p. Its limbs are larger than those of a [`Product`], so that subtracting one from it leaves no negative limb.
const BIAS: [u64; LIMBS] = [(MASK - 18) << 8, MASK << 8, MASK << 8, MASK << 8, MASK << 8];

/// (A + 2) / 4 of the curve v^2 = u^3 + A u^2 + u, A = 486662 (RFC 7748, section 4.1).
const A_PLUS_2_OVER_4: u64 = 121_666;

/// Carried elements, which can be multiplied.
#[derive(Clone, Copy)]
pub(super) struct Reduced<V>(pub(super) [V; LIMBS]);

/// Products that are not carried yet.
#[derive(Clone, Copy)]
pub(super) struct Product<V>(pub(super) [V; LIMBS]);

/// Sums or differences that are not carried yet.
#[derive(Clone, Copy)]
pub(super) struct Sum<V>(pub(super) [V; LIMBS]);

/// Applies an operation limb by limb. Written without a loop, so that limbs stay in registers.
#[inline(always)]
fn limbwise<V: Vector>(a: [V; LIMBS], b: [V; LIMBS], f: impl Fn(V, V) -> V) -> [V; LIMBS] {
	[f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3]), f(a[4], b[4])]
}

#[inline(always)]
fn splat_limbs<V: Vector>(token: V::Token, limbs: [u64; LIMBS]) -> [V; LIMBS] {
	[
		V::splat(token, limbs[0]),
		V::splat(token, limbs[1]),
		V::splat(token, limbs[2]),
		V::splat(token, limbs[3]),
		V::splat(token, limbs[4]),
	]
}

/// Splits an integer of 255 bits, in four words, into limbs. The top bit is ignored.
#[inline(always)]
pub(super) const fn limbs_of_words(words: [u64; 4]) -> [u64; LIMBS] {
	[
		words[0] & MASK,
		(words[0] >> 51 | words[1] << 13) & MASK,
		(words[1] >> 38 | words[2] << 26) & MASK,
		(words[2] >> 25 | words[3] << 39) & MASK,
		words[3] >> 12 & MASK,
	]
}

/// Joins limbs of at most 51 bits into an integer of four words.
#[inline(always)]
pub(super) fn words_of_limbs(limbs: [u64; LIMBS]) -> [u64; 4] {
	[
		limbs[0] | limbs[1] << 51,
		limbs[1] >> 13 | limbs[2] << 38,
		limbs[2] >> 26 | limbs[3] << 25,
		limbs[3] >> 39 | limbs[4] << 12,
	]
}

impl<V: Vector> Reduced<V> {
	/// Puts the same element into all lanes. The limbs must be within this type's bound.
	#[inline(always)]
	pub(super) fn splat(token: V::Token, limbs: [u64; LIMBS]) -> Self {
		Self(splat_limbs(token, limbs))
	}

	#[inline(always)]
	pub(super) fn one(token: V::Token) -> Self {
		Self::splat(token, [1, 0, 0, 0, 0])
	}

	/// Reads elements from memory. The limbs must be within this type's bound.
	#[inline(always)]
	pub(super) fn load(token: V::Token, limbs: &[Lanes; LIMBS]) -> Self {
		Self([
			V::load(token, &limbs[0]),
			V::load(token, &limbs[1]),
			V::load(token, &limbs[2]),
			V::load(token, &limbs[3]),
			V::load(token, &limbs[4]),
		])
	}

	#[inline(always)]
	pub(super) fn store(self, limbs: &mut [Lanes; LIMBS]) {
		for (limb, lanes) in self.0.into_iter().zip(limbs) {
			limb.store(lanes);
		}
	}

	/// Looks up `rows`, a table of elements limb by limb, at the index in each lane.
	#[inline(always)]
	pub(super) fn lookup(rows: &[[u64; 2 * LANES]; LIMBS], index: V) -> Self {
		Self([
			V::lookup(&rows[0], index),
			V::lookup(&rows[1], index),
			V::lookup(&rows[2], index),
			V::lookup(&rows[3], index),
			V::lookup(&rows[4], index),
		])
	}

	/// Converts to a product, whose bound is wider.
	#[inline(always)]
	pub(super) fn widen(self) -> Product<V> {
		Product(self.0)
	}

	#[inline(always)]
	pub(super) fn mul(self, other: Self) -> Product<V> {
		let [a0, a1, a2, a3, a4] = self.0;
		let [b0, b1, b2, b3, b4] = other.0;
		let zero = V::splat(a0.token(), 0);

		// Column k has the low halves of the products of limbs i + j = k, and twice the high halves of i + j = k - 1:
		// twice, because a high half starts at bit 52, and the next limb at bit 51.
		let high5 = zero
			.add_product_high(a0, b4)
			.add_product_high(a1, b3)
			.add_product_high(a2, b2)
			.add_product_high(a3, b1)
			.add_product_high(a4, b0);
		let high6 =
			zero.add_product_high(a1, b4).add_product_high(a2, b3).add_product_high(a3, b2).add_product_high(a4, b1);
		let high7 = zero.add_product_high(a2, b4).add_product_high(a3, b3).add_product_high(a4, b2);
		let high8 = zero.add_product_high(a3, b4).add_product_high(a4, b3);
		let high9 = zero.add_product_high(a4, b4);
		let low5 = zero.add_product_low(a1, b4).add_product_low(a2, b3).add_product_low(a3, b2).add_product_low(a4, b1);
		let low6 = zero.add_product_low(a2, b4).add_product_low(a3, b3).add_product_low(a4, b2);
		let low7 = zero.add_product_low(a3, b4).add_product_low(a4, b3);
		let low8 = zero.add_product_low(a4, b4);

		let high1 = zero.add_product_high(a0, b0);
		let high2 = zero.add_product_high(a0, b1).add_product_high(a1, b0);
		let high3 = zero.add_product_high(a0, b2).add_product_high(a1, b1).add_product_high(a2, b0);
		let high4 =
			zero.add_product_high(a0, b3).add_product_high(a1, b2).add_product_high(a2, b1).add_product_high(a3, b0);
		let low0 = zero.add_product_low(a0, b0);
		let low1 = zero.add_product_low(a0, b1).add_product_low(a1, b0);
		let low2 = zero.add_product_low(a0, b2).add_product_low(a1, b1).add_product_low(a2, b0);
		let low3 = zero.add_product_low(a0, b3).add_product_low(a1, b2).add_product_low(a2, b1).add_product_low(a3, b0);
		let low4 = zero
			.add_product_low(a0, b4)
			.add_product_low(a1, b3)
			.add_product_low(a2, b2)
			.add_product_low(a3, b1)
			.add_product_low(a4, b0);

		// Column k + 5 counts 2^255 = 19 times column k.
		Product([
			low0.add(double(high5).add(low5).times_19()),
			low1.add(double(high1)).add(double(high6).add(low6).times_19()),
			low2.add(double(high2)).add(double(high7).add(low7).times_19()),
			low3.add(double(high3)).add(double(high8).add(low8).times_19()),
			low4.add(double(high4)).add(double(high9).times_19()),
		])
	}

	/// Multiplies by itself; cheaper than [`mul`](Self::mul).
	#[inline(always)]
	pub(super) fn square(self) -> Product<V> {
		let [a0, a1, a2, a3, a4] = self.0;
		let zero = V::splat(a0.token(), 0);

		// Columns are as in `mul`. A product of two different limbs counts twice. The limbs cannot be doubled before the
		// multiplication, since they have no bit to spare. So a column is `once` + 2 (`twice` + 2 `four`).
		let four6 = zero.add_product_high(a1, a4).add_product_high(a2, a3);
		let four5 = zero.add_product_high(a0, a4).add_product_high(a1, a3);
		let four7 = zero.add_product_high(a2, a4);
		let four8 = zero.add_product_high(a3, a4);
		let twice5 = zero.add_product_low(a1, a4).add_product_low(a2, a3).add_product_high(a2, a2);
		let twice6 = zero.add_product_low(a2, a4);
		let twice7 = zero.add_product_low(a3, a4).add_product_high(a3, a3);
		let once6 = zero.add_product_low(a3, a3);
		let once8 = zero.add_product_low(a4, a4);
		let twice9 = zero.add_product_high(a4, a4);

		let four2 = zero.add_product_high(a0, a1);
		let four3 = zero.add_product_high(a0, a2);
		let four4 = zero.add_product_high(a0, a3).add_product_high(a1, a2);
		let twice1 = zero.add_product_low(a0, a1).add_product_high(a0, a0);
		let twice2 = zero.add_product_low(a0, a2);
		let twice3 = zero.add_product_low(a0, a3).add_product_low(a1, a2).add_product_high(a1, a1);
		let twice4 = zero.add_product_low(a0, a4).add_product_low(a1, a3);
		let once0 = zero.add_product_low(a0, a0);
		let once2 = zero.add_product_low(a1, a1);
		let once4 = zero.add_product_low(a2, a2);

		Product([
			once0.add(double(twice5.add(double(four5))).times_19()),
			double(twice1).add(double(twice6.add(double(four6))).add(once6).times_19()),
			once2.add(double(twice2.add(double(four2)))).add(double(twice7.add(double(four7))).times_19()),
			double(twice3.add(double(four3))).add(double(double(four8)).add(once8).times_19()),
			once4.add(double(twice4.add(double(four4)))).add(double(twice9).times_19()),
		])
	}

	/// (A + 2) / 4 times `self`, plus `other`.
	#[inline(always)]
	pub(super) fn times_curve_constant_plus(self, other: Product<V>) -> Sum<V> {
		let [a0, a1, a2, a3, a4] = self.0;
		let token = a0.token();
		let [zero, constant] = [V::splat(token, 0), V::splat(token, A_PLUS_2_OVER_4)];
		let high = |a: V| double(zero.add_product_high(a, constant));
		let low = |sum: V, a: V| sum.add_product_low(a, constant);
		let [b0, b1, b2, b3, b4] = other.0;
		Sum([
			low(b0, a0).add_product_low(high(a4), V::splat(token, 19)),
			low(b1, a1).add(high(a0)),
			low(b2, a2).add(high(a1)),
			low(b3, a3).add(high(a2)),
			low(b4, a4).add(high(a3)),
		])
	}

	/// Returns `set` in lanes where the mask is set, and `clear` in the others.
	#[inline(always)]
	pub(super) fn select(mask: V::Mask, set: Self, clear: Self) -> Self {
		Self(limbwise(set.0, clear.0, |set, clear| V::select(mask, set, clear)))
	}

	/// Reduces to the unique form: limbs of at most 51 bits, of an integer less than p.
	#[inline(always)]
	pub(super) fn canonical(self) -> Self {
		let [a0, a1, a2, a3, a4] = self.0;
		let token = a0.token();
		let [mask, nineteen] = [V::splat(token, MASK), V::splat(token, 19)];
		let over = |a: V| a.shift_right::<BITS>();

		// The integer is less than 2p, so p is subtracted at most once. That is needed if adding 19 carries out of the
		// top limb. Then adding 19 and dropping the carry subtracts p.
		let carry = over(a4.add(over(a3.add(over(a2.add(over(a1.add(over(a0.add(nineteen))))))))));
		let a0 = a0.add_product_low(carry, nineteen);
		let a1 = a1.add(over(a0));
		let a2 = a2.add(over(a1));
		let a3 = a3.add(over(a2));
		let a4 = a4.add(over(a3));
		Self([a0.and(mask), a1.and(mask), a2.and(mask), a3.and(mask), a4.and(mask)])
	}

	/// Sets the mask in the lanes whose element is not zero. The elements must be [`canonical`](Self::canonical).
	#[inline(always)]
	pub(super) fn is_not_zero(self) -> V::Mask {
		let [a0, a1, a2, a3, a4] = self.0;
		let any = a0.or(a1).or(a2).or(a3.or(a4));
		any.test(any)
	}

	/// Raises `self` to the power of 2^n.
	#[inline(always)]
	fn square_times(self, n: usize) -> Self {
		let mut power = self;
		for _ in 0..n {
			power = power.square().carry();
		}
		power
	}

	/// Returns one divided by `self`, or zero for zero, as the power of p - 2.
	#[inline(always)]
	pub(super) fn invert(self) -> Self {
		// `ones_n` is the power of 2^n - 1. The exponent p - 2 is 2^255 - 21 = (2^250 - 1) 2^5 + 11.
		let two = self.square().carry();
		let nine = two.square_times(2).mul(self).carry();
		let eleven = nine.mul(two).carry();
		let ones_5 = eleven.square().carry().mul(nine).carry();
		let ones_10 = ones_5.square_times(5).mul(ones_5).carry();
		let ones_20 = ones_10.square_times(10).mul(ones_10).carry();
		let ones_40 = ones_20.square_times(20).mul(ones_20).carry();
		let ones_50 = ones_40.square_times(10).mul(ones_10).carry();
		let ones_100 = ones_50.square_times(50).mul(ones_50).carry();
		let ones_200 = ones_100.square_times(100).mul(ones_100).carry();
		let ones_250 = ones_200.square_times(50).mul(ones_50).carry();
		ones_250.square_times(5).mul(eleven).carry()
	}
}

impl<V: Vector> Product<V> {
	#[inline(always)]
	pub(super) fn add(self, other: Self) -> Sum<V> {
		Sum(limbwise(self.0, other.0, V::add))
	}

	#[inline(always)]
	pub(super) fn sub(self, other: Self) -> Sum<V> {
		let bias = splat_limbs(self.0[0].token(), BIAS);
		Sum(limbwise(limbwise(self.0, bias, V::add), other.0, V::sub))
	}

	#[inline(always)]
	pub(super) fn carry(self) -> Reduced<V> {
		Sum(self.0).carry()
	}

	/// Twice `self`, plus `other`.
	#[inline(always)]
	pub(super) fn twice_plus(self, other: Self) -> Sum<V> {
		Sum(limbwise(self.add(self).0, other.0, V::add))
	}

	/// Twice `self`, minus `other`.
	#[inline(always)]
	pub(super) fn twice_minus(self, other: Self) -> Sum<V> {
		Sum(limbwise(self.sub(other).0, self.0, V::add))
	}
}

impl<V: Vector> Sum<V> {
	/// Returns `set` in lanes where the mask is set, and `clear` in the others.
	#[inline(always)]
	pub(super) fn select(mask: V::Mask, set: Self, clear: Self) -> Self {
		Self(limbwise(set.0, clear.0, |set, clear| V::select(mask, set, clear)))
	}

	/// Moves what exceeds 51 bits of each limb to the next limb, for all limbs at once. A carry is less than 2^12; that
	/// from the last limb to the first counts 19 times.
	#[inline(always)]
	pub(super) fn carry(self) -> Reduced<V> {
		let [a0, a1, a2, a3, a4] = self.0;
		let token = a0.token();
		let mask = V::splat(token, MASK);
		let over = |a: V| a.shift_right::<BITS>();
		Reduced([
			a0.and(mask).add_product_low(over(a4), V::splat(token, 19)),
			a1.and(mask).add(over(a0)),
			a2.and(mask).add(over(a1)),
			a3.and(mask).add(over(a2)),
			a4.and(mask).add(over(a3)),
		])
	}
}

#[inline(always)]
fn double<V: Vector>(a: V) -> V {
	a.add(a)
}
