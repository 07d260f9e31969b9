//! X25519 by the backend that the caller was given (PROTOCOL.md, section 1).
//!
//! Whoever owns the state chooses the backend once and passes it down. Nothing in this folder chooses one by itself, but
//! for the helpers in `single`, which are for tests and measurements.

use core::slice;
use x25519_batch::Backend;

/// Multiplies each point by its scalar: the exchanges of many keys at once.
pub(super) fn multiply(backend: Backend, scalars: &[[u8; 32]], points: &[[u8; 32]], products: &mut [[u8; 32]]) {
	#[cfg(test)]
	used::note(backend);
	x25519_batch::x25519(backend, scalars, points, products);
}

/// Multiplies the base point by each scalar: the public keys of many secret keys at once.
pub(super) fn multiply_base(backend: Backend, scalars: &[[u8; 32]], products: &mut [[u8; 32]]) {
	#[cfg(test)]
	used::note(backend);
	x25519_batch::x25519_base(backend, scalars, products);
}

/// [`multiply`] for one point.
pub(super) fn multiply_one(backend: Backend, scalar: &[u8; 32], point: &[u8; 32]) -> [u8; 32] {
	let mut product = [[0; 32]];
	multiply(backend, slice::from_ref(scalar), slice::from_ref(point), &mut product);
	product[0]
}

/// [`multiply_base`] for one scalar.
pub(super) fn multiply_base_one(backend: Backend, scalar: &[u8; 32]) -> [u8; 32] {
	let mut product = [[0; 32]];
	multiply_base(backend, slice::from_ref(scalar), &mut product);
	product[0]
}

/// Which backends multiplied.
#[cfg(test)]
pub(crate) mod used {
	use std::{cell::RefCell, collections::BTreeMap};
	use x25519_batch::Backend;

	thread_local!(static CALLS: RefCell<BTreeMap<&'static str, usize>> = const { RefCell::new(BTreeMap::new()) });

	pub(super) fn note(backend: Backend) {
		CALLS.with_borrow_mut(|calls| *calls.entry(backend.name()).or_default() += 1);
	}

	/// The calls on this thread since the last time, by the backend's name.
	pub(crate) fn take() -> BTreeMap<&'static str, usize> {
		CALLS.take()
	}
}
