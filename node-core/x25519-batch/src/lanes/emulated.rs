//! A vector made of eight integers, for tests: it runs on machines without AVX-512, and under tools that do not know it.
//!
//! Its operations are not inlined, unlike those of other vectors: the code would take minutes to compile.

use super::vector::{Lanes, Vector, LANES};
use core::hint::black_box;

/// If `CHECKED`, panics where [`Vector`]'s conditions are not met. If not, does what the processor does, without a branch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Emulated<const CHECKED: bool>(pub(crate) Lanes);

/// How many bits the low half of a product has.
const HALF: u32 = 52;

impl<const CHECKED: bool> Emulated<CHECKED> {
	#[inline(always)]
	fn map(self, f: impl Fn(u64) -> u64) -> Self {
		Self(self.0.map(f))
	}

	#[inline(always)]
	fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
		Self(core::array::from_fn(|i| f(self.0[i], other.0[i])))
	}

	#[inline(always)]
	fn sum(a: u64, b: u64) -> u64 {
		if CHECKED {
			a.checked_add(b).expect("a lane overflows")
		} else {
			a.wrapping_add(b)
		}
	}

	#[inline(always)]
	fn product(a: u64, b: u64) -> u128 {
		let low = |a: u64| a & ((1 << HALF) - 1);
		assert!(!CHECKED || low(a) == a && low(b) == b, "a factor has more than {HALF} bits: {a:#x}, {b:#x}");
		u128::from(low(a)) * u128::from(low(b))
	}
}

impl<const CHECKED: bool> Vector for Emulated<CHECKED> {
	type Token = ();
	/// All bits of a lane, or none.
	type Mask = Self;

	#[inline(never)]
	fn token(self) {}

	#[inline(never)]
	fn splat((): (), value: u64) -> Self {
		Self([value; LANES])
	}

	#[inline(never)]
	fn load((): (), lanes: &Lanes) -> Self {
		Self(*lanes)
	}

	#[inline(never)]
	fn store(self, lanes: &mut Lanes) {
		*lanes = self.0;
	}

	#[inline(never)]
	fn add(self, other: Self) -> Self {
		self.zip(other, Self::sum)
	}

	#[inline(never)]
	fn sub(self, other: Self) -> Self {
		self.zip(
			other,
			|a, b| {
				if CHECKED {
					a.checked_sub(b).expect("a lane becomes negative")
				} else {
					a.wrapping_sub(b)
				}
			},
		)
	}

	#[inline(never)]
	fn and(self, other: Self) -> Self {
		self.zip(other, |a, b| a & b)
	}

	#[inline(never)]
	fn or(self, other: Self) -> Self {
		self.zip(other, |a, b| a | b)
	}

	#[inline(never)]
	fn xor(self, other: Self) -> Self {
		self.zip(other, |a, b| a ^ b)
	}

	#[inline(never)]
	fn shift_right<const BY: u32>(self) -> Self {
		self.map(|a| a >> BY)
	}

	#[inline(never)]
	fn shift_left<const BY: u32>(self) -> Self {
		self.map(|a| a << BY)
	}

	#[inline(never)]
	fn add_product_low(self, a: Self, b: Self) -> Self {
		let products = a.zip(b, |a, b| (Self::product(a, b) & ((1 << HALF) - 1)) as u64);
		self.add(products)
	}

	#[inline(never)]
	fn add_product_high(self, a: Self, b: Self) -> Self {
		let products = a.zip(b, |a, b| (Self::product(a, b) >> HALF) as u64);
		self.add(products)
	}

	#[inline(never)]
	fn times_19(self) -> Self {
		self.map(|a| if CHECKED { a.checked_mul(19).expect("a lane overflows") } else { a.wrapping_mul(19) })
	}

	#[inline(never)]
	fn lookup(table: &[u64; 2 * LANES], index: Self) -> Self {
		index.map(|index| {
			assert!(!CHECKED || index < table.len() as u64, "no such entry: {index}");
			(0..).zip(table).fold(0, |found, (i, entry)| {
				let different = i ^ index;
				// `black_box` keeps the compiler from making a branch of this. The processor's permutation has none.
				let equal = black_box(((different | different.wrapping_neg()) >> 63).wrapping_sub(1));
				found | entry & equal
			})
		})
	}

	#[inline(never)]
	fn test(self, other: Self) -> Self {
		self.and(other).map(|a| {
			// The top bit of `a | -a` is set unless `a` is zero.
			((a | a.wrapping_neg()) >> 63).wrapping_neg()
		})
	}

	#[inline(never)]
	fn select(mask: Self, set: Self, clear: Self) -> Self {
		mask.and(set).or(mask.map(|a| !a).and(clear))
	}
}
