//! Montgomery's ladder: a multiple of any point, by u-coordinates alone (RFC 7748, section 5).
//!
//! The step is the one of the RFC, with one difference: it does not swap the two points, but chooses which of them is
//! doubled. Their sum is the same either way, its numerator and denominator being squares.

use super::{
	field::{Product, Reduced},
	vector::Vector,
};

/// Bits of a scalar.
const BITS: usize = 255;

/// A u-coordinate as numerator and denominator; the denominator of the neutral element is zero.
#[derive(Clone, Copy)]
pub(super) struct Fraction<V> {
	pub(super) numerator: Reduced<V>,
	pub(super) denominator: Reduced<V>,
}

/// The same within the ladder.
#[derive(Clone, Copy)]
struct Point<V> {
	numerator: Product<V>,
	denominator: Product<V>,
}

/// An integer of 255 bits in each lane, as four words.
#[derive(Clone, Copy)]
pub(super) struct Bits<V>(pub(super) [V; 4]);

/// A ladder at one of its steps: two multiples of the point, which differ by the point.
#[derive(Clone, Copy)]
struct Ladder<V> {
	/// The point's u-coordinate.
	point: Reduced<V>,
	/// What the last step doubled; before the first, the neutral element.
	doubled: Point<V>,
	/// The sum of the last step; before the first, the point.
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

	/// Adds the two points, and doubles one: where the mask is set, the sum of the last step.
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

/// The multiples of the points with the u-coordinates `point`, by `scalars`.
#[inline(always)]
pub(super) fn multiply<V: Vector>(scalars: Bits<V>, point: Reduced<V>) -> Fraction<V> {
	let token = point.0[0].token();
	let mut ladder = Ladder::new(point);

	// The point that is doubled for bit i is the one that was doubled before if bit i is what bit i + 1 was.
	let [w0, w1, w2, w3] = scalars.0;
	let zero = V::splat(token, 0);
	let changed = |word: V, above: V| word.xor(word.shift_right::<1>()).xor(above.shift_left::<63>());
	let changes = [changed(w0, w1), changed(w1, w2), changed(w2, w3), changed(w3, zero)];
	for i in (0..BITS).rev() {
		let bit = V::splat(token, 1 << (i % 64));
		ladder = ladder.step(changes[i / 64].test(bit));
	}

	// After bit 0 the multiple is what was doubled if the bit is zero, else the sum.
	let odd = w0.test(V::splat(token, 1));
	let Ladder { doubled, added, .. } = ladder;
	Fraction {
		numerator: Reduced::select(odd, added.numerator.carry(), doubled.numerator.carry()),
		denominator: Reduced::select(odd, added.denominator.carry(), doubled.denominator.carry()),
	}
}
