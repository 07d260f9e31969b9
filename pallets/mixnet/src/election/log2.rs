//! The binary logarithm, in integers.
//!
//! Ranks decide who mixes, so every node must compute the same ones, in wasm and out of it. Floating point promises
//! that for +, -, *, / and the square root at most; a logarithm differs from one mathematical library to another. This
//! one uses 64-bit multiplication, shifts and comparisons only.
//!
//! # How
//!
//! Let x = 2^e * m with 1 <= m < 2; then log2(x) = e + log2(m). Squaring m doubles its logarithm, and whether the
//! square is 2 or more is the next binary digit of it:
//!
//! > b_1 = (m^2 >= 2), m_1 = m^2 / 2^b_1, log2(m) = (b_1 + log2(m_1)) / 2,
//!
//! and so on with m_1, for as many digits as are wanted.
//!
//! # Error
//!
//! m is exact to begin with: 128 bits hold every x. Each m_i is rounded down to a multiple of 2^-127, that is,
//! multiplied by some 1 - t_i with 0 <= t_i < 2^-127, since m_i >= 1. (1 is such a multiple, so m_i stays at least 1.)
//! Unfolding n steps,
//!
//! > log2(m) = sum of b_i 2^-i + 2^-n log2(m_n) + sum of 2^-i (-log2(1 - t_i)), for i from 1 to n,
//!
//! where the first sum is the result, and the other terms, none of them negative, are what is missing. With
//! 0 <= log2(m_n) < 1 and -log2(1 - t_i) < 1.45 * 2^-127, and the 2^-i adding up to less than 1,
//!
//! > 0 <= log2(m) - result < 2^-n + 1.45 * 2^-127.
//!
//! An error made in step i weighs 2^-i: it does not grow by the squaring that follows. With n = 120 digits it is below
//! **1 + 1.45/128 < 1 + 1/64 units of 2^-120, and the result is never too large**.
//!
//! # Monotone
//!
//! If x < y then log2(x) <= log2(y) for the results, too, not only up to their error: either their exponents differ; or
//! the mantissas are m <= m', squaring and rounding down keep that order, and at the first step where the digits differ
//! it is the square of the larger one that is 2 or more.

use core::num::NonZeroU128;

/// How many binary digits after the point [`log2`] computes.
pub(super) const FRACTION_BITS: u32 = 120;

/// log2(x) in units of 2^-120, from 0 to 2^127 - 1: at most the exact value, by less than 1 + 1/64 less.
///
/// Exact for powers of 2; log2(2x) = log2(x) + 1 exactly; monotone.
pub(super) const fn log2(x: NonZeroU128) -> u128 {
	let exponent = x.ilog2();
	// A number from 1 to 2, in units of 2^-127.
	let mut mantissa = x.get() << x.leading_zeros();
	let mut result = exponent as u128;
	let mut digits = 0;
	while digits < FRACTION_BITS {
		let (high, low) = square(mantissa);
		// The square in units of 2^-254, so the number is 2 or more if its bit 255 is set.
		let digit = high >> 127;
		mantissa = if digit == 1 { high } else { high << 1 | low >> 127 };
		result = result << 1 | digit;
		digits += 1;
	}
	result
}

/// The square of a number, in two halves: (high, low) of x^2 = high * 2^128 + low.
const fn square(x: u128) -> (u128, u128) {
	let (a, b) = (x >> 64, x & u64::MAX as u128);
	// x^2 = a^2 2^128 + 2ab 2^64 + b^2; none of the three products exceeds 128 bits.
	let middle = a * b;
	let (low, carry) = (b * b).overflowing_add(middle << 65);
	(a * a + (middle >> 63) + carry as u128, low)
}
