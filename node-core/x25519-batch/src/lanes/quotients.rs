//! The divisions of a whole batch for the price of one, by Montgomery's trick: take the inverse of the product of all
//! denominators, and multiply it by all of them but one. That is the inverse of the one.

use super::{
	field::{Reduced, LIMBS},
	vector::{Lanes, Vector},
};
use zeroize::Zeroize;

/// A [`Reduced`] element in memory.
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

	/// Returns the limbs of the element in one lane.
	#[inline(always)]
	pub(super) fn lane(&self, lane: usize) -> [u64; LIMBS] {
		self.0.map(|lanes| lanes[lane])
	}

	/// Sets the limbs of the element in one lane.
	#[inline(always)]
	pub(super) fn set_lane(&mut self, lane: usize, limbs: [u64; LIMBS]) {
		for (lanes, limb) in self.0.iter_mut().zip(limbs) {
			lanes[lane] = limb;
		}
	}
}

/// A division: numerator and denominator before [`divide`], the quotient after it.
#[derive(Clone, Copy, Default, Zeroize)]
pub(super) struct Quotient {
	/// The numerator; after [`divide`], the quotient.
	pub(super) numerator: Stored,
	/// The denominator. May be zero.
	pub(super) denominator: Stored,
	/// The product of the denominators before this one.
	before: Stored,
}

/// Replaces each numerator by its quotient in canonical form, or by zero where the denominator is zero.
#[inline(always)]
pub(super) fn divide<V: Vector>(token: V::Token, quotients: &mut [Quotient]) {
	let [zero, one] = [Reduced::splat(token, [0; LIMBS]), Reduced::<V>::one(token)];
	let mut product = one;
	for quotient in quotients.iter_mut() {
		// A single zero would make the whole product zero, and with it every quotient. So put 0 / 1 in its place.
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
