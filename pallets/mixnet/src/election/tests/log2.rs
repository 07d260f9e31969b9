//! The logarithm compared with exact references, and its laws.

use super::{
	super::log2::{log2, FRACTION_BITS},
	any_magnitude,
};
use core::num::NonZeroU128;
use proptest::prelude::*;

fn log2_of(x: u128) -> u128 {
	log2(NonZeroU128::new(x).expect("the tests ask for logarithms of positive numbers; qed"))
}

/// x and log2(x) in units of 2^-120, rounded down, from mpmath at 80 decimal digits:
/// `int(floor(log(x, 2) * 2**120))`.
///
/// The smallest and the largest numbers, neighbours of powers of 2, the neighbours of 2^127.5, and eight at random.
const REFERENCE: [(u128, u128); 28] = [
	(0x1, 0x0),
	(0x2, 0x1000000_00000000_00000000_00000000),
	(0x3, 0x195c01a_39fbd687_9fa00b12_0a068bad),
	(0x5, 0x25269e1_2f346e2b_f924afdb_fd36bf6d),
	(0x7, 0x2ceaecf_ea80859b_332ac903_a413e5a8),
	(0xa, 0x35269e1_2f346e2b_f924afdb_fd36bf6d),
	(0x3e8, 0x9f73da3_8d9d4a83_eb6e0f93_f7a43e47),
	(0xde0b6b3_a7640000, 0x3bcb71d5_51afbf17_84945d77_cdd975ad),
	(0xffffffff_ffffffff, 0x3fffffff_ffffffff_fe8eab89_ad47d01e),
	(0x1_00000000_00000000, 0x40000000_00000000_00000000_00000000),
	(0x1_00000000_00000001, 0x40000000_00000000_01715476_52b82fe1),
	(0xb504f333_f9de6484_597d89b3_754abe9f, 0x7f7fffff_ffffffff_ffffffff_ffffffff),
	(0xb504f333_f9de6484_597d89b3_754abea0, 0x7f800000_00000000_00000000_00000000),
	(0x7fffffff_ffffffff_ffffffff_ffffffff, 0x7effffff_ffffffff_ffffffff_ffffffff),
	(0x80000000_00000000_00000000_00000000, 0x7f000000_00000000_00000000_00000000),
	(0x80000000_00000000_00000000_00000001, 0x7f000000_00000000_00000000_00000000),
	(0xc0000000_00000000_00000000_00000000, 0x7f95c01a_39fbd687_9fa00b12_0a068bad),
	(0xffffffff_ffffffff_00000000_00000000, 0x7fffffff_ffffffff_fe8eab89_ad47d01e),
	(0xffffffff_ffffffff_ffffffff_fffffffe, 0x7fffffff_ffffffff_ffffffff_ffffffff),
	(0xffffffff_ffffffff_ffffffff_ffffffff, 0x7fffffff_ffffffff_ffffffff_ffffffff),
	(0x6076f031_1a05cce3_cdf6e2d5_75e02570, 0x7e978893_901c36b4_a73b5217_b75d391c),
	(0xe2de2919_298c8f00_adf6438d_9b6f9e4a, 0x7fd3619b_d2e68962_1818e367_0d3cdc30),
	(0x91a29ac1_8a0b1746_dddc4a9e_f26369e4, 0x7f2fabc9_beec4861_aade5b74_7a6aac29),
	(0x9a047629_3437e21b_e766e851_b886b171, 0x7f4456d2_728abc38_c70fb40e_3a9944b2),
	(0xe34dcdcb_e5e6efea_39dd1688_44279f53, 0x7fd4172f_2af6057d_29fe8113_70e88dd5),
	(0x6d023c29_dca3b8bb_d00d57d1_b7fbd4ae, 0x7ec4af4c_f4c1acad_cf4e0e4e_036f89ba),
	(0xfb24f933_e1ff5327_57103151_9ba82bb4, 0x7ff8ed77_7936658a_d7751331_1925933f),
	(0x18285628_de0e82cf_dd30e005_fe29ef5f, 0x7c982acd_87ec1889_f0850b1b_09570e54),
];

#[test]
fn it_agrees_with_a_reference_to_the_last_digit() {
	for (x, expected) in REFERENCE {
		// The result may be too small by less than 1 + 1/64 units. The reference is rounded down as well.
		let result = log2_of(x);
		assert!(result == expected || result + 1 == expected, "log2({x:#x}) is {result:#x}, not {expected:#x}");
	}
}

#[test]
fn it_is_exact_for_powers_of_two() {
	for exponent in 0..128 {
		assert_eq!(log2_of(1 << exponent), (exponent as u128) << FRACTION_BITS);
	}
}

/// A number of any size, in little-endian digits of 32 bits, multiplied by itself.
fn square(digits: &[u32]) -> Vec<u32> {
	let mut product = vec![0; 2 * digits.len()];
	for (i, a) in digits.iter().enumerate() {
		let mut carry = 0;
		for (j, b) in digits.iter().enumerate() {
			// At most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
			let sum = u64::from(*a) * u64::from(*b) + u64::from(product[i + j]) + carry;
			product[i + j] = sum as u32;
			carry = sum >> 32;
		}
		product[i + digits.len()] = carry as u32;
	}
	product
}

/// floor(2^digits * log2(x)), exactly: one less than the number of bits that x^(2^digits) has.
fn exact_log2(x: u128, digits: u32) -> u128 {
	let mut power: Vec<u32> = (0..4).map(|i| (x >> (32 * i)) as u32).collect();
	for _ in 0..digits {
		power = square(&power);
	}
	let highest = power.iter().rposition(|digit| *digit != 0).expect("powers of a positive number are positive; qed");
	highest as u128 * 32 + u128::from(power[highest].ilog2())
}

proptest! {
	#[test]
	fn its_first_digits_are_those_of_exact_powers(x in any_magnitude()) {
		const DIGITS: u32 = 8;
		let x = x.max(1);
		let exact = exact_log2(x, DIGITS);
		let result = log2_of(x);
		// The exact value is in [result, result + 1 + 1/64), in units of 2^-120.
		prop_assert!(result >> (FRACTION_BITS - DIGITS) <= exact);
		prop_assert!(exact <= (result + 1) >> (FRACTION_BITS - DIGITS));
	}

	#[test]
	fn doubling_adds_one_exactly(x in any_magnitude()) {
		let x = (x >> 1).max(1);
		prop_assert_eq!(log2_of(2 * x), log2_of(x) + (1 << FRACTION_BITS));
	}

	#[test]
	fn it_never_falls(x in any_magnitude(), y in any_magnitude(), step in 1..1000u128) {
		let (x, y) = (x.min(y).max(1), x.max(y).max(1));
		prop_assert!(log2_of(x) <= log2_of(y));
		prop_assert!(log2_of(y) <= log2_of(y.saturating_add(step)));
	}

	#[test]
	fn logarithms_of_factors_add_up(x in 1..u64::MAX, y in 1..u64::MAX, shift in 0..63u32) {
		let (x, y) = (u128::from(x), u128::from((y >> shift).max(1)));
		// All three are too small by less than 1 + 1/64.
		let of_product = log2_of(x * y);
		let sum = log2_of(x) + log2_of(y);
		prop_assert!(sum <= of_product + 1);
		prop_assert!(of_product <= sum + 2);
	}
}
