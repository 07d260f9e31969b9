//! Many X25519 at once.
//!
//! A mixnode's work is, for the most part, one X25519 for each packet that reaches it and one more to blind the key that
//! the next hop sees. The packets come in batches, and the multiplications of a batch have nothing to do with one another:
//! eight of them fit side by side into the registers of a processor with AVX-512 IFMA.
//!
//! - [`Backend`]: who multiplies, chosen at run time; `backend/` has one file for each.
//! - [`x25519`], [`x25519_base`]: key exchange and public keys (RFC 7748, section 5).
//! - [`multiply`], [`multiply_base`]: the same without clamping, for scalars that are products of others.
//! - `lanes/`: eight multiplications side by side, over any vector of eight 64-bit lanes.
//!
//! No branch and no address depends on a scalar or a point, in any of them; the lengths of the slices are public. See
//! README.md for how that was checked, and for how fast it is.
//!
//! ## What stays in memory
//!
//! Copies of scalars and intermediate results that this crate keeps in memory are zeroised, and after a batch of
//! [`Backend::Avx512Ifma`] the stack below the caller is overwritten. What a compiler leaves in registers, and what the
//! other backends leave on the stack, no crate can reach.

#![cfg_attr(not(feature = "std"), no_std)]

mod backend;
#[cfg(any(test, target_arch = "x86_64"))]
mod lanes;
#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod secrecy;

pub use backend::{Backend, UnknownBackend};

/// Has the example in README.md run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

use backend::Scalars;

/// `out[i] = X25519(scalars[i], points[i])` for all `i` (RFC 7748, section 5).
///
/// As there, scalars are clamped, the top bit of points is ignored and points that are not canonical are taken as what
/// they are modulo 2^255 - 19. A point of low order gives zero, which a caller must check for if it matters.
///
/// ## Panics
/// Unless the slices have the same length, and `backend` [is available](Backend::is_available).
pub fn x25519(backend: Backend, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]) {
	variable_base(backend, Scalars::Clamped, scalars, points, out);
}

/// `out[i] = X25519(scalars[i], 9)` for all `i`: the public keys of secret keys (RFC 7748, section 6.1).
///
/// ## Panics
/// Unless the slices have the same length, and `backend` [is available](Backend::is_available).
pub fn x25519_base(backend: Backend, scalars: &[[u8; 32]], out: &mut [[u8; 32]]) {
	fixed_base(backend, Scalars::Clamped, scalars, out);
}

/// `out[i]` is `scalars[i]` times `points[i]`, by their u-coordinates, for all `i`: [`x25519`] without clamping.
///
/// Scalars are little-endian integers of 255 bits, the top bit ignored, and not reduced modulo the group's order: that
/// makes a difference for points outside the group. Zero is the u-coordinate of the neutral element too.
///
/// ## Panics
/// Unless the slices have the same length, and `backend` [is available](Backend::is_available).
pub fn multiply(backend: Backend, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]) {
	variable_base(backend, Scalars::Plain, scalars, points, out);
}

/// `out[i]` is the u-coordinate of `scalars[i]` times the base point, for all `i`: [`x25519_base`] without clamping.
///
/// Scalars are as for [`multiply`].
///
/// ## Panics
/// Unless the slices have the same length, and `backend` [is available](Backend::is_available).
pub fn multiply_base(backend: Backend, scalars: &[[u8; 32]], out: &mut [[u8; 32]]) {
	fixed_base(backend, Scalars::Plain, scalars, out);
}

fn variable_base(backend: Backend, kind: Scalars, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]) {
	assert_eq!(scalars.len(), points.len(), "as many points as scalars");
	assert_eq!(scalars.len(), out.len(), "as many results as scalars");
	backend.multiplier().variable_base(kind, scalars, points, out);
}

fn fixed_base(backend: Backend, kind: Scalars, scalars: &[[u8; 32]], out: &mut [[u8; 32]]) {
	assert_eq!(scalars.len(), out.len(), "as many results as scalars");
	backend.multiplier().fixed_base(kind, scalars, out);
}
