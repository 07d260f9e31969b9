//! Which key-exchange keys are taken, and what their Edwards form is.

use super::*;
use curve25519_dalek::{
	constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
	EdwardsPoint, MontgomeryPoint,
};
use proptest::prelude::*;

/// Little-endian bytes of 2^255 - 19 + `offset`.
fn prime_plus(offset: i16) -> [u8; 32] {
	let mut bytes = [0xff; 32];
	bytes[0] = (0xed + offset) as u8;
	bytes[31] = 0x7f;
	bytes
}

fn small(number: u8) -> [u8; 32] {
	let mut bytes = [0; 32];
	bytes[0] = number;
	bytes
}

#[test]
fn low_order_check_agrees_with_multiplication_by_eight() {
	let is_zero_times_eight = |point: &[u8; 32]| {
		let eight = [true, false, false, false];
		MontgomeryPoint(*point).mul_bits_be(eight.into_iter()).to_bytes() == [0; 32]
	};
	for point in &LOW_ORDER {
		assert!(is_zero_times_eight(point));
		let mut with_top_bit = *point;
		with_top_bit[31] |= 0x80;
		assert!(KxPublic(with_top_bit).is_low_order());
	}
	for point in &EIGHT_TORSION {
		assert!(KxPublic(point.to_montgomery().to_bytes()).is_low_order());
	}
	// All the neighbours of the points that are small numbers, or close to the prime.
	for low in 0..=u8::MAX {
		for (rest, top) in [(0, 0), (0xff, 0x7f), (0, 0x80), (0xff, 0xff)] {
			let mut point = [rest; 32];
			(point[0], point[31]) = (low, top);
			assert_eq!(KxPublic(point).is_low_order(), is_zero_times_eight(&point));
		}
	}
}

#[test]
fn keys_of_low_order_are_refused() {
	for bytes in LOW_ORDER {
		let canonical = !is_at_least_prime(&bytes);
		let expected = if canonical { BadKxPublic::LowOrder } else { BadKxPublic::NotCanonical };
		assert_eq!(KxPublic(bytes).check(), Err(expected));
	}
	for point in EIGHT_TORSION {
		assert_eq!(KxPublic(point.to_montgomery().to_bytes()).check(), Err(BadKxPublic::LowOrder));
	}
}

#[test]
fn second_encodings_of_a_key_are_refused() {
	for offset in 0..19 {
		assert_eq!(KxPublic(prime_plus(offset)).check(), Err(BadKxPublic::NotCanonical));
	}
	for mut bytes in [[9; 32], [0; 32], prime_plus(-2), LOW_ORDER[2]] {
		bytes[31] |= 0x80;
		assert_eq!(KxPublic(bytes).check(), Err(BadKxPublic::NotCanonical));
	}
}

/// v^2 = u^3 + 486662 u^2 + u has no solution for u = 2, nor for u = -3.
#[test]
fn keys_on_the_twist_are_refused() {
	for bytes in [small(2), prime_plus(-3)] {
		assert_eq!(KxPublic(bytes).check(), Err(BadKxPublic::NotOnCurve));
	}
}

/// The base point (9), and the largest number below -1 that belongs to a point.
#[test]
fn other_keys_are_taken() {
	for bytes in [small(9), prime_plus(-2)] {
		assert_eq!(KxPublic(bytes).check(), Ok(()));
	}
	for byte in 0..=u8::MAX {
		let public = KxPublic(MontgomeryPoint::mul_base_clamped([byte; 32]).to_bytes());
		assert_eq!(public.possession_key().ok(), public.to_ed25519());
		assert_eq!(public.check(), Ok(()));
	}
}

#[test]
fn the_base_points_of_both_curves_are_the_same_point() {
	let mut nine = [0; 32];
	nine[0] = 9;
	assert_eq!(KxPublic(nine).to_ed25519(), Some(ED25519_BASEPOINT_POINT.compress().to_bytes()));
}

#[test]
fn keys_that_are_no_point_of_the_curve_have_no_ed25519_key() {
	let mut minus_one = [0xff; 32];
	minus_one[0] = 0xec;
	minus_one[31] = 0x7f;
	let mut two = [0; 32];
	two[0] = 2;
	for bytes in [minus_one, two] {
		assert_eq!(KxPublic(bytes).to_ed25519(), None);
		// The unused bit makes no difference.
		let mut other = bytes;
		other[31] |= 0x80;
		assert_eq!(KxPublic(other).to_ed25519(), None);
	}
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

	/// The point may have a component of low order, or none.
	#[test]
	fn the_ed25519_key_is_the_same_point_or_its_negative(secret: [u8; 32], torsion in 0..8usize) {
		let point = EdwardsPoint::mul_base_clamped(secret) + EIGHT_TORSION[torsion];
		let mut expected = point.compress().to_bytes();
		expected[31] &= 0x7f;
		prop_assert_eq!(KxPublic(point.to_montgomery().to_bytes()).to_ed25519(), Some(expected));
	}

	/// Half of all numbers belong to the curve, the others to its twist. What X25519 makes of a number and a secret
	/// belongs to the same one.
	#[test]
	fn curve_and_twist_are_told_apart(u: [u8; 32], secret: [u8; 32]) {
		let product = MontgomeryPoint(u).mul_clamped(secret);
		prop_assert_eq!(KxPublic(u).to_ed25519().is_some(), KxPublic(product.to_bytes()).to_ed25519().is_some());
	}
}
