//! Tests on the emulated vector, which checks the conditions of [`Vector`](super::vector::Vector) at every operation.

use super::{
	base_table::{BASE_TABLE, DIGIT_BITS, ODD_MULTIPLES},
	batch,
	emulated::Emulated,
	field::{Product, Reduced, Sum, LIMBS, PRODUCT_BOUND, REDUCED_BOUND, SUM_BOUND},
	fixed_base::recode,
	scalar_field::{self, Element},
};
use crate::{
	backend::Backend,
	multiplier::{words, Scalars},
};
use curve25519_dalek::{constants::ED25519_BASEPOINT_POINT, Scalar};
use proptest::prelude::*;

type Checked = Emulated<true>;

/// The element in the first lane.
fn lane(limbs: [Checked; LIMBS]) -> Element {
	limbs.map(|lanes| lanes.0[0])
}

/// The same element in all lanes.
fn spread(limbs: Element) -> [Checked; LIMBS] {
	limbs.map(|limb| Emulated([limb; 8]))
}

/// The unique limbs of 51 bits of an element whose limbs may be larger.
fn canonical(limbs: Element) -> Element {
	lane(Reduced(spread(scalar_field::mul(reduce(limbs), scalar_field::ONE))).canonical().0)
}

/// Carries, so that the scalar field takes the limbs.
fn reduce(limbs: Element) -> Element {
	lane(Sum(spread(limbs)).carry().0)
}

/// Draws limbs below `bound`, often at an end of that range.
fn limbs(bound: u64) -> impl Strategy<Value = Element> {
	let limb = prop_oneof![Just(0), Just(bound - 1), 0..bound, Just((1 << 51) - 1)];
	[limb.clone(), limb.clone(), limb.clone(), limb.clone(), limb]
}

proptest! {
	#[test]
	fn arithmetic_is_right_and_within_its_bounds(
		a in limbs(REDUCED_BOUND),
		b in limbs(REDUCED_BOUND),
		p in limbs(PRODUCT_BOUND),
		q in limbs(PRODUCT_BOUND),
		sum in limbs(SUM_BOUND),
	) {
		let [x, y] = [a, b].map(|limbs| Reduced(spread(limbs)));
		let product = lane(x.mul(y).0);
		prop_assert!(product.iter().all(|limb| *limb < PRODUCT_BOUND));
		prop_assert_eq!(canonical(product), canonical(scalar_field::mul(a, b)));
		let square = lane(x.square().0);
		prop_assert!(square.iter().all(|limb| *limb < PRODUCT_BOUND));
		prop_assert_eq!(canonical(square), canonical(scalar_field::mul(a, a)));

		let [v, w] = [p, q].map(|limbs| Product(spread(limbs)));
		let [p, q] = [p, q].map(reduce);
		let multiple = scalar_field::mul(a, [121_666, 0, 0, 0, 0]);
		for (sum, expected) in [
			(v.add(w), scalar_field::add(p, q)),
			(v.sub(w), scalar_field::sub(p, q)),
			(v.twice_plus(w), scalar_field::add(scalar_field::add(p, p), q)),
			(v.twice_minus(w), scalar_field::sub(scalar_field::add(p, p), q)),
			(x.times_curve_constant_plus(v), scalar_field::add(multiple, p)),
		] {
			prop_assert!(lane(sum.0).iter().all(|limb| *limb < SUM_BOUND));
			prop_assert_eq!(canonical(lane(sum.0)), canonical(expected));
		}

		let reduced = reduce(sum);
		prop_assert!(reduced.iter().all(|limb| *limb < REDUCED_BOUND));
		let modulo = |limbs: Element| scalar_field::mul(limbs.map(|limb| limb & ((1 << 51) - 1)), scalar_field::ONE);
		let over = |limbs: Element| [19 * (limbs[4] >> 51), limbs[0] >> 51, limbs[1] >> 51, limbs[2] >> 51, limbs[3] >> 51];
		prop_assert_eq!(canonical(reduced), canonical(scalar_field::add(modulo(sum), over(sum))));

		let inverse = lane(x.invert().0);
		prop_assert_eq!(canonical(inverse), canonical(scalar_field::invert(a)));
	}

	#[test]
	fn recoding_keeps_the_scalar_modulo_the_order(bytes: [u8; 32]) {
		let integer = Scalars::Plain.words(&bytes);
		let recoded = recode(integer);
		let bytes_of = |words: [u64; 4]| -> [u8; 32] {
			words.map(u64::to_le_bytes).concat().try_into().expect("4 times 8 is 32; qed")
		};
		prop_assert!(recoded[3] >> 63 == 0);
		// 2 K - (2^255 - 1) is the scalar.
		let most = bytes_of([u64::MAX, u64::MAX, u64::MAX, u64::MAX >> 1]);
		let [k, most, integer] = [bytes_of(recoded), most, bytes_of(integer)].map(Scalar::from_bytes_mod_order);
		prop_assert_eq!(k + k - most, integer);
	}
}

#[test]
fn the_canonical_form_is_the_only_one_below_p() {
	let mask = (1 << 51) - 1;
	let p = [mask - 18, mask, mask, mask, mask];
	for (limbs, expected) in [
		([0; 5], [0; 5]),
		(p, [0; 5]),
		([mask - 19, mask, mask, mask, mask], [mask - 19, mask, mask, mask, mask]),
		([mask - 17, mask, mask, mask, mask], [1, 0, 0, 0, 0]),
		([mask; 5], [18, 0, 0, 0, 0]),
		([0, 0, 0, 0, 1 << 51], [19, 0, 0, 0, 0]),
		([REDUCED_BOUND - 1, 0, 0, 0, 0], [(1 << 17) - 1, 1, 0, 0, 0]),
	] {
		assert_eq!(lane(Reduced(spread(limbs)).canonical().0), expected, "{limbs:?}");
	}
}

#[test]
fn the_table_has_the_odd_multiples_of_the_base_point() {
	let element = |bytes: [u8; 32]| super::field::limbs_of_words(words(&bytes));
	let mut power = Scalar::ONE;
	for multiples in &BASE_TABLE {
		for i in 0..ODD_MULTIPLES {
			let point = ED25519_BASEPOINT_POINT * (power * Scalar::from(2 * i as u64 + 1));
			let of = |rows: &[[u64; ODD_MULTIPLES]; LIMBS]| rows.map(|row| row[i]);
			let [plus, minus] = [of(&multiples.y_plus_x), of(&multiples.y_minus_x)];
			let double_y = scalar_field::add(plus, minus);
			let double_x = scalar_field::sub(plus, minus);

			let mut compressed = point.compress().0;
			let odd = compressed[31] >> 7;
			compressed[31] &= 0x7f;
			let y = element(compressed);
			assert_eq!(canonical(double_y), canonical(scalar_field::add(y, y)));
			let half = scalar_field::invert([2, 0, 0, 0, 0]);
			let x = canonical(scalar_field::mul(double_x, half));
			assert_eq!(x[0] & 1, u64::from(odd));
			// With d = -121665 / 121666: -x^2 + y^2 = 1 + d x^2 y^2, and the third column is 2 d x y.
			let dxy = scalar_field::mul(of(&multiples.double_dxy), half);
			let [xx, yy] = [scalar_field::mul(x, x), scalar_field::mul(y, y)];
			let curve = scalar_field::add(scalar_field::ONE, scalar_field::mul(dxy, scalar_field::mul(x, y)));
			assert_eq!(canonical(scalar_field::sub(yy, xx)), canonical(curve));
		}
		power *= Scalar::from(1_u64 << DIGIT_BITS);
	}
}

#[test]
fn the_emulated_vector_multiplies_as_the_portable_backend_does() {
	let scalars: [_; 11] = core::array::from_fn(|i| [i as u8 * 23; 32]);
	let points: [_; 11] = core::array::from_fn(|i| [255 - i as u8 * 7; 32]);
	for kind in [Scalars::Clamped, Scalars::Plain] {
		let [mut out, mut expected] = [[[0; 32]; 11]; 2];
		batch::variable_base::<Checked>((), kind, &scalars, &points, &mut out);
		Backend::Portable.multiplier().variable_base(kind, &scalars, &points, &mut expected);
		assert_eq!(out, expected);
		batch::fixed_base::<Checked>((), kind, &scalars, &mut out);
		Backend::Portable.multiplier().fixed_base(kind, &scalars, &mut expected);
		assert_eq!(out, expected);
	}
}
