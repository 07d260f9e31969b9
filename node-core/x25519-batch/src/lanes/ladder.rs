//! Montgomery's ladder: a multiple of any point, by u-coordinates alone (RFC 7748, section 5).
//!
//! A step is that of the RFC with one difference: it does not swap the two points, but chooses which of them it doubles.
//! The sum of the points is the same either way, since its numerator and denominator are squares.

use super::{
	field::{Product, Reduced},
	vector::Vector,
};

/// How many bits a scalar has.
const BITS: usize = 255;

/// A u-coordinate as numerator and denominator. The neutral element has the denominator zero.
#[derive(Clone, Copy)]
pub(super) struct Fraction<V> {
	/// The numerator, X.
	pub(super) numerator: Reduced<V>,
	/// The denominator, Z.
	pub(super) denominator: Reduced<V>,
}

/// A [`Fraction`] within the ladder, before it is carried.
#[derive(Clone, Copy)]
struct Point<V> {
	numerator: Product<V>,
	denominator: Product<V>,
}

/// An integer of 255 bits in each lane, as four words.
#[derive(Clone, Copy)]
pub(super) struct Bits<V>(pub(super) [V; 4]);

/// The ladder's state between two steps: two multiples of the point, whose difference is the point.
#[derive(Clone, Copy)]
struct Ladder<V> {
	/// The point's u-coordinate.
	point: Reduced<V>,
	/// The double that the last step made; before the first step, the neutral element.
	doubled: Point<V>,
	/// The sum that the last step made; before the first step, the point.
	added: Point<V>,
}

impl<V: Vector> Ladder<V> {
	#[inline(always)]
	fn new(point: Reduced<V>) -> Self {
		let token = point.0[0].token();
		let [zero, one] = [Reduced::splat(token, [0; 5]).widen(), Reduced::one(token).widen()];
		Self {
			point,
			doubled: Point { numerator: one, denominator: zero },
			added: Point { numerator: point.widen(), denominator: one },
		}
	}

	/// Adds the two points, and doubles one of them: `added` where the mask is set, else `doubled`.
	#[inline(always)]
	fn step(self, double_added: V::Mask) -> Self {
		let doubled_sum = self.doubled.numerator.add(self.doubled.denominator).carry();
		let doubled_difference = self.doubled.numerator.sub(self.doubled.denominator).carry();
		let added_sum = self.added.numerator.add(self.added.denominator).carry();
		let added_difference = self.added.numerator.sub(self.added.denominator).carry();

		let cross = added_difference.mul(doubled_sum);
		let other_cross = added_sum.mul(doubled_difference);
		let sum = Reduced::select(double_added, added_sum, doubled_sum).square();
		let difference = Reduced::select(double_added, added_difference, doubled_difference).square();

		let cross_sum = cross.add(other_cross).carry();
		let cross_difference = cross.sub(other_cross).carry();
		let four_uz = sum.sub(difference).carry();
		let factor = four_uz.times_curve_constant_plus(difference).carry();
		Self {
			point: self.point,
			doubled: Point { numerator: sum.carry().mul(difference.carry()), denominator: four_uz.mul(factor) },
			added: Point {
				numerator: cross_sum.square(),
				denominator: cross_difference.square().carry().mul(self.point),
			},
		}
	}
}

/// Multiplies the points with the u-coordinates `point` by `scalars`.
#[inline(always)]
pub(super) fn multiply<V: Vector>(scalars: Bits<V>, point: Reduced<V>) -> Fraction<V> {
	let token = point.0[0].token();
	let mut ladder = Ladder::new(point);

	// For bit i, the step doubles the last double if bit i equals bit i + 1, and else the last sum.
	let [w0, w1, w2, w3] = scalars.0;
	let zero = V::splat(token, 0);
	let changed = |word: V, above: V| word.xor(word.shift_right::<1>()).xor(above.shift_left::<63>());
	let changes = [changed(w0, w1), changed(w1, w2), changed(w2, w3), changed(w3, zero)];
	for i in (0..BITS).rev() {
		let bit = V::splat(token, 1 << (i % 64));
		ladder = ladder.step(changes[i / 64].test(bit));
	}

	// The result is the last double if bit 0 is zero, and else the last sum.
	let odd = w0.test(V::splat(token, 1));
	let Ladder { doubled, added, .. } = ladder;
	Fraction {
		numerator: Reduced::select(odd, added.numerator.carry(), doubled.numerator.carry()),
		denominator: Reduced::select(odd, added.denominator.carry(), doubled.denominator.carry()),
	}
}
