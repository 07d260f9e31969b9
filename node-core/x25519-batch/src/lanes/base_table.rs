//! A table of multiples of the base point, computed at compile time.
//!
//! Its points are on the Edwards form of the curve, edwards25519 (RFC 7748, section 4.1), where an addition takes the
//! fewest multiplications.

use super::{
	field::{limbs_of_words, LIMBS},
	scalar_field::{add, invert, mul, sub, Element, ONE},
};

/// How many bits a digit has.
pub(super) const DIGIT_BITS: u32 = 5;

/// How many digits a scalar has.
pub(super) const DIGITS: usize = 51;

/// How many odd multiples the table has for each digit.
pub(super) const ODD_MULTIPLES: usize = 16;

/// One limb of each odd multiple.
type Row = [u64; ODD_MULTIPLES];

/// The odd multiples, from 1 to 31, of the base point times a power of 2. They are stored limb by limb, so that a [`Row`]
/// fills two vectors.
#[repr(align(64))]
pub(super) struct OddMultiples {
	/// y + x.
	pub(super) y_plus_x: [Row; LIMBS],
	/// y - x.
	pub(super) y_minus_x: [Row; LIMBS],
	/// 2 d x y.
	pub(super) double_dxy: [Row; LIMBS],
}

/// The table: entry i has the odd multiples of the base point times 2^(5 i).
#[allow(long_running_const_eval)]
pub(super) static BASE_TABLE: [OddMultiples; DIGITS] = base_table();

/// A point of the Edwards form in extended coordinates: x = X / Z, y = Y / Z, x y = T / Z.
#[derive(Clone, Copy)]
struct Point {
	x: Element,
	y: Element,
	z: Element,
	t: Element,
}

/// The base point (RFC 7748, section 4.1).
const BASE: Point = {
	let x =
		limbs_of_words([0xc956_2d60_8f25_d51a, 0x692c_c760_9525_a7b2, 0xc0a4_e231_fdd6_dc5c, 0x2169_36d3_cd6e_53fe]);
	let y =
		limbs_of_words([0x6666_6666_6666_6658, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666]);
	Point { x, y, z: ONE, t: mul(x, y) }
};

/// d = -121665 / 121666 of the curve -x^2 + y^2 = 1 + d x^2 y^2, doubled.
const DOUBLE_D: Element = {
	let d = mul(sub([0; LIMBS], [121_665, 0, 0, 0, 0]), invert([121_666, 0, 0, 0, 0]));
	add(d, d)
};

/// Adds two points. The formula is complete, so it doubles too (Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves
/// Revisited", 3.1).
const fn add_points(p: Point, q: Point) -> Point {
	let a = mul(sub(p.y, p.x), sub(q.y, q.x));
	let b = mul(add(p.y, p.x), add(q.y, q.x));
	let c = mul(mul(p.t, DOUBLE_D), q.t);
	let d = mul(add(p.z, p.z), q.z);
	let [e, f, g, h] = [sub(b, a), sub(d, c), add(d, c), add(b, a)];
	Point { x: mul(e, f), y: mul(g, h), z: mul(f, g), t: mul(e, h) }
}

const fn base_table() -> [OddMultiples; DIGITS] {
	let mut points = [[BASE; ODD_MULTIPLES]; DIGITS];
	let mut power = BASE;
	let mut i = 0;
	while i < DIGITS {
		let double = add_points(power, power);
		points[i][0] = power;
		let mut j = 1;
		while j < ODD_MULTIPLES {
			points[i][j] = add_points(points[i][j - 1], double);
			j += 1;
		}
		// 31 + 1 = 2^5.
		power = add_points(points[i][ODD_MULTIPLES - 1], power);
		i += 1;
	}

	// All points share one inversion, as in `quotients`.
	let mut before = [[ONE; ODD_MULTIPLES]; DIGITS];
	let mut product = ONE;
	let mut k = 0;
	while k < DIGITS * ODD_MULTIPLES {
		let [i, j] = [k / ODD_MULTIPLES, k % ODD_MULTIPLES];
		before[i][j] = product;
		product = mul(product, points[i][j].z);
		k += 1;
	}
	let mut inverse = invert(product);
	let mut table = [const {
		let rows = [[0; ODD_MULTIPLES]; LIMBS];
		OddMultiples { y_plus_x: rows, y_minus_x: rows, double_dxy: rows }
	}; DIGITS];
	while k > 0 {
		k -= 1;
		let [i, j] = [k / ODD_MULTIPLES, k % ODD_MULTIPLES];
		let point = points[i][j];
		let reciprocal = mul(inverse, before[i][j]);
		inverse = mul(inverse, point.z);
		let [x, y] = [mul(point.x, reciprocal), mul(point.y, reciprocal)];
		let [plus, minus, dxy] = [add(y, x), sub(y, x), mul(mul(x, y), DOUBLE_D)];
		let mut limb = 0;
		while limb < LIMBS {
			table[i].y_plus_x[limb][j] = plus[limb];
			table[i].y_minus_x[limb][j] = minus[limb];
			table[i].double_dxy[limb][j] = dxy[limb];
			limb += 1;
		}
	}
	table
}
