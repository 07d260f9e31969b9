//! Divisions of a whole batch for the price of one, by Montgomery's trick: the inverse of the product of all denominators,
//! times all of them but one, is the inverse of that one.

use super::{
	field::{Reduced, LIMBS},
	vector::{Lanes, Vector},
};
use zeroize::Zeroize;

/// A [`Reduced`] in memory.
#[derive(Clone, Copy, Default, Zeroize)]
#[repr(align(64))]
pub(super) struct Stored([Lanes; LIMBS]);

impl Stored {
	#[inline(always)]
	pub(super) fn set<V: Vector>(&mut self, element: Reduced<V>) {
		element.store(&mut self.0);
	}

	#[inline(always)]
	pub(super) fn get<V: Vector>(&self, token: V::Token) -> Reduced<V> {
		Reduced::load(token, &self.0)
	}

	/// The limbs in one lane.
	#[inline(always)]
	pub(super) fn lane(&self, lane: usize) -> [u64; LIMBS] {
		self.0.map(|lanes| lanes[lane])
	}

	/// Sets the limbs in one lane.
	#[inline(always)]
	pub(super) fn set_lane(&mut self, lane: usize, limbs: [u64; LIMBS]) {
		for (lanes, limb) in self.0.iter_mut().zip(limbs) {
			lanes[lane] = limb;
		}
	}
}

/// A division to be done, and done.
#[derive(Clone, Copy, Default, Zeroize)]
pub(super) struct Quotient {
	/// After [`divide`]: the quotient.
	pub(super) numerator: Stored,
	pub(super) denominator: Stored,
	/// The product of the denominators before this one.
	before: Stored,
}

/// Replaces each numerator by its quotient, in canonical form; by zero where the denominator is zero.
#[inline(always)]
pub(super) fn divide<V: Vector>(token: V::Token, quotients: &mut [Quotient]) {
	let [zero, one] = [Reduced::splat(token, [0; LIMBS]), Reduced::<V>::one(token)];
	let mut product = one;
	for quotient in quotients.iter_mut() {
		// A zero would make the product zero, and all quotients with it: put 0 / 1 in its place.
		let denominator = quotient.denominator.get::<V>(token);
		let divisible = denominator.canonical().is_not_zero();
		let denominator = Reduced::select(divisible, denominator, one);
		quotient.numerator.set(Reduced::select(divisible, quotient.numerator.get::<V>(token), zero));
		quotient.denominator.set(denominator);
		quotient.before.set(product);
		product = product.mul(denominator).carry();
	}

	let mut inverse = product.invert();
	for quotient in quotients.iter_mut().rev() {
		let before = quotient.before.get::<V>(token);
		let reciprocal = inverse.mul(before).carry();
		inverse = inverse.mul(quotient.denominator.get(token)).carry();
		quotient.numerator.set(quotient.numerator.get::<V>(token).mul(reciprocal).carry().canonical());
	}
}
