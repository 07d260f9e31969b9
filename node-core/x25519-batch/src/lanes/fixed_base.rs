//! Multiples of the base point: for each digit of the scalar, one point from a table is added.
//!
//! Digits are the odd numbers from -31 to 31. So no digit is zero, and the table needs only half of the points: the other
//! half are their negatives. A permutation of registers looks up eight different digits at once, so the addresses that
//! are read do not depend on the digits.

use super::{
	base_table::{OddMultiples, BASE_TABLE, DIGIT_BITS, ODD_MULTIPLES},
	field::{Product, Reduced, Sum, LIMBS},
	ladder::{Bits, Fraction},
	vector::Vector,
};
use subtle::{Choice, ConditionallySelectable};

/// A point of the Edwards form in extended coordinates: x = X / Z, y = Y / Z, x y = T / Z.
#[derive(Clone, Copy)]
struct Point<V> {
	x: Product<V>,
	y: Product<V>,
	z: Product<V>,
	t: Product<V>,
}

impl<V: Vector> Point<V> {
	#[inline(always)]
	fn neutral(token: V::Token) -> Self {
		let [zero, one] = [Reduced::splat(token, [0; LIMBS]).widen(), Reduced::one(token).widen()];
		Self { x: zero, y: one, z: one, t: zero }
	}

	/// Adds the point at `index` of `multiples` in lanes where `positive` is set, and its negative in the others.
	///
	/// The formula has no exceptions (Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves Revisited", 3.1).
	#[inline(always)]
	fn add(self, multiples: &OddMultiples, index: V, positive: V::Mask) -> Self {
		let plus = Reduced::lookup(&multiples.y_plus_x, index);
		let minus = Reduced::lookup(&multiples.y_minus_x, index);
		let double_dxy = Reduced::lookup(&multiples.double_dxy, index);

		// The negative of (x, y) is (-x, y). A negative 2 d x y has no code of its own: it only swaps f and g.
		let a = self.y.sub(self.x).carry().mul(Reduced::select(positive, minus, plus));
		let b = self.y.add(self.x).carry().mul(Reduced::select(positive, plus, minus));
		let c = self.t.carry().mul(double_dxy);
		let [difference, sum] = [self.z.twice_minus(c), self.z.twice_plus(c)];
		let e = b.sub(a).carry();
		let f = Sum::select(positive, difference, sum).carry();
		let g = Sum::select(positive, sum, difference).carry();
		let h = b.add(a).carry();
		Self { x: e.mul(f), y: g.mul(h), z: f.mul(g), t: e.mul(h) }
	}
}

/// Prepares an integer of 255 bits for [`multiply`]: returns (k + 2^255 - 1) / 2. Here k is the integer itself if it is
/// odd, and else the integer minus the group's order l.
///
/// If the result has the digits b of five bits, so that it is the sum of b 2^(5 i), then k is the sum of
/// (2 b - 31) 2^(5 i).
#[inline(always)]
pub(super) fn recode(words: [u64; 4]) -> [u64; 4] {
	/// 2^255 - 1.
	const FOR_ODD: [u64; 4] = [u64::MAX, u64::MAX, u64::MAX, u64::MAX >> 1];
	/// 2^255 - 1 - l, l = 2^252 + 27742317777372353535851937790883648493.
	const FOR_EVEN: [u64; 4] = [!0x5812_631a_5cf5_d3ed, !0x14de_f9de_a2f7_9cd6, u64::MAX, (u64::MAX >> 1) - (1 << 60)];
	// Chosen by `subtle`: compilers have turned masks made with plain arithmetic into a branch here.
	let odd = Choice::from((words[0] & 1) as u8);
	let mut sum = [0; 4];
	let mut carry = 0;
	for i in 0..4 {
		let addend = u64::conditional_select(&FOR_EVEN[i], &FOR_ODD[i], odd);
		let wide = u128::from(words[i]) + u128::from(addend) + carry;
		sum[i] = wide as u64;
		carry = wide >> 64;
	}
	[sum[0] >> 1 | sum[1] << 63, sum[1] >> 1 | sum[2] << 63, sum[2] >> 1 | sum[3] << 63, sum[3] >> 1]
}

/// Multiplies the base point by scalars that [`recode`] has prepared; returns u-coordinates.
#[inline(always)]
pub(super) fn multiply<V: Vector>(recoded: Bits<V>) -> Fraction<V> {
	const {
		assert!(ODD_MULTIPLES == 1 << (DIGIT_BITS - 1));
	}
	let token = recoded.0[0].token();
	let sign = V::splat(token, ODD_MULTIPLES as u64);
	let [zero, index_mask] = [V::splat(token, 0), V::splat(token, ODD_MULTIPLES as u64 - 1)];

	let mut point = Point::neutral(token);
	let mut rest = recoded.0;
	for multiples in &BASE_TABLE {
		let digit = rest[0];
		let positive = digit.test(sign);
		let index = digit.xor(V::select(positive, zero, index_mask)).and(index_mask);
		point = point.add(multiples, index, positive);

		let next = |low: V, high: V| low.shift_right::<DIGIT_BITS>().or(high.shift_left::<{ 64 - DIGIT_BITS }>());
		rest = [
			next(rest[0], rest[1]),
			next(rest[1], rest[2]),
			next(rest[2], rest[3]),
			rest[3].shift_right::<DIGIT_BITS>(),
		];
	}

	// u = (1 + y) / (1 - y) (RFC 7748, section 4.1).
	Fraction { numerator: point.z.add(point.y).carry(), denominator: point.z.sub(point.y).carry() }
}
