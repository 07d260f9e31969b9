//! One multiplication after another, by AWS-LC. It always clamps, so curve25519-dalek takes scalars that are not clamped.

use super::portable::Portable;
use crate::multiplier::{Multiplier, Scalars};

/// The backend.
pub(super) struct AwsLc;

impl Multiplier for AwsLc {
	fn variable_base(&self, kind: Scalars, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]) {
		if kind == Scalars::Plain {
			return Portable.variable_base(kind, scalars, points, out);
		}
		for ((scalar, point), out) in scalars.iter().zip(points).zip(out) {
			// Returns 0 if the result is zero. The result is written all the same, and a zero is no error here.
			//
			// SAFETY: reads 32 bytes from the second and the third pointer, and writes 32 to the first. All three point to
			// arrays of that size, and only `out` is written to.
			let _ = unsafe { aws_lc_sys::X25519(out.as_mut_ptr(), scalar.as_ptr(), point.as_ptr()) };
		}
	}

	fn fixed_base(&self, kind: Scalars, scalars: &[[u8; 32]], out: &mut [[u8; 32]]) {
		if kind == Scalars::Plain {
			return Portable.fixed_base(kind, scalars, out);
		}
		for (scalar, out) in scalars.iter().zip(out) {
			// SAFETY: reads 32 bytes from the second pointer, and writes 32 to the first. Both point to arrays of that size,
			// and only `out` is written to.
			unsafe { aws_lc_sys::X25519_public_from_private(out.as_mut_ptr(), scalar.as_ptr()) };
		}
	}
}
