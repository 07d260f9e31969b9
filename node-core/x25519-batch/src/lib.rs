//! Many X25519 at once.
//!
//! Most of a mixnode's work is X25519: one for each packet that reaches it, and one more to blind the key that the next
//! hop sees. Packets come in batches, and the multiplications of a batch are independent of one another. Eight of them
//! fit side by side into the registers of a processor with AVX-512 IFMA.
//!
//! - [`Backend`]: the implementation that multiplies, chosen at run time; `backend/` has one file for each.
//! - [`x25519`], [`x25519_base`]: key exchange and public keys (RFC 7748, section 5).
//! - [`multiply`], [`multiply_base`]: the same without clamping, for scalars that are products of other scalars.
//! - `lanes/`: eight multiplications side by side, over any vector of eight 64-bit lanes.
//!
//! In all of them, no branch and no address depends on a scalar or a point. The lengths of the slices are public. README.md
//! says how that was checked, and how fast the crate is.
//!
//! ## What stays in memory
//!
//! This crate zeroises the copies of scalars and the intermediate results that it keeps in memory. After a batch of
//! [`Backend::Avx512Ifma`] it overwrites the stack below the caller. It cannot reach what a compiler leaves in registers,
//! nor what the other backends leave on the stack.

#![cfg_attr(not(feature = "std"), no_std)]

mod backend;
#[cfg(any(test, target_arch = "x86_64"))]
mod lanes;
mod multiplier;
#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod secrecy;

pub use backend::{Backend, UnknownBackend};

/// Runs the example in README.md with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

use multiplier::Scalars;

/// `out[i] = X25519(scalars[i], points[i])` for all `i` (RFC 7748, section 5).
///
/// As the RFC says, scalars are clamped, the top bit of points is ignored, and points that are not canonical are reduced
/// modulo 2^255 - 19. A point of low order gives zero; the caller must check for that if it matters.
///
/// ## Panics
/// If the slices differ in length, or `backend` [is not available](Backend::is_available).
pub fn x25519(backend: Backend, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]) {
	variable_base(backend, Scalars::Clamped, scalars, points, out);
}

/// `out[i] = X25519(scalars[i], 9)` for all `i`: the public keys of secret keys (RFC 7748, section 6.1).
///
/// ## Panics
/// If the slices differ in length, or `backend` [is not available](Backend::is_available).
pub fn x25519_base(backend: Backend, scalars: &[[u8; 32]], out: &mut [[u8; 32]]) {
	fixed_base(backend, Scalars::Clamped, scalars, out);
}

/// `out[i]` is `scalars[i]` times `points[i]`, by their u-coordinates, for all `i`: [`x25519`] without clamping.
///
/// Scalars are little-endian integers of 255 bits; the top bit is ignored. They are not reduced modulo the group's order,
/// which makes a difference for points outside the group. The u-coordinate zero also stands for
/// the neutral element.
///
/// ## Panics
/// If the slices differ in length, or `backend` [is not available](Backend::is_available).
pub fn multiply(backend: Backend, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]) {
	variable_base(backend, Scalars::Plain, scalars, points, out);
}

/// `out[i]` is the u-coordinate of `scalars[i]` times the base point, for all `i`: [`x25519_base`] without clamping.
///
/// Scalars are as for [`multiply`].
///
/// ## Panics
/// If the slices differ in length, or `backend` [is not available](Backend::is_available).
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
