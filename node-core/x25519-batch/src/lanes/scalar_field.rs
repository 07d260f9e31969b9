//! Arithmetic modulo p = 2^255 - 19, one element at a time, at compile time: it computes the table of the fixed base.
//!
//! Elements are five limbs of 51 bits as in `field`, but products have 128 bits. Nothing secret comes here, so the code
//! need not run in constant time.

use super::field::LIMBS;

const BITS: u32 = 51;
const MASK: u64 = (1 << BITS) - 1;

/// An element. Its limbs are less than 2^51 + 2^13.
pub(super) type Element = [u64; LIMBS];

pub(super) const ONE: Element = [1, 0, 0, 0, 0];

/// 4 p: added before subtracting, so that no limb becomes negative.
const BIAS: Element = [(MASK - 18) << 2, MASK << 2, MASK << 2, MASK << 2, MASK << 2];

const fn carry(a: [u128; LIMBS]) -> Element {
	let mut a = a;
	// Two rounds: after the first, limb 0 may still exceed the bound.
	let mut i = 0;
	while i < 2 * LIMBS {
		let over = a[i % LIMBS] >> BITS;
		a[i % LIMBS] &= MASK as u128;
		a[(i + 1) % LIMBS] += over * if i % LIMBS == LIMBS - 1 { 19 } else { 1 };
		i += 1;
	}
	[a[0] as u64, a[1] as u64, a[2] as u64, a[3] as u64, a[4] as u64]
}

pub(super) const fn add(a: Element, b: Element) -> Element {
	let mut sum = [0; LIMBS];
	let mut i = 0;
	while i < LIMBS {
		sum[i] = (a[i] + b[i]) as u128;
		i += 1;
	}
	carry(sum)
}

pub(super) const fn sub(a: Element, b: Element) -> Element {
	let mut difference = [0; LIMBS];
	let mut i = 0;
	while i < LIMBS {
		difference[i] = (a[i] + BIAS[i] - b[i]) as u128;
		i += 1;
	}
	carry(difference)
}

pub(super) const fn mul(a: Element, b: Element) -> Element {
	let mut product = [0; LIMBS];
	let mut i = 0;
	while i < LIMBS {
		let mut j = 0;
		while j < LIMBS {
			let factor = if i + j < LIMBS { b[j] } else { 19 * b[j] };
			product[(i + j) % LIMBS] += a[i] as u128 * factor as u128;
			j += 1;
		}
		i += 1;
	}
	carry(product)
}

/// `a` to the power of p - 2.
pub(super) const fn invert(a: Element) -> Element {
	let mut power = ONE;
	let mut bit = 255;
	while bit > 0 {
		bit -= 1;
		power = mul(power, power);
		// p - 2 = 2^255 - 21: of its bits, 2 and 4 are zero.
		if bit != 2 && bit != 4 {
			power = mul(power, a);
		}
	}
	power
}
