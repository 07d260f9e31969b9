//! One after another, by AWS-LC; without clamping, by curve25519-dalek.

use super::{portable::Portable, Multiplier, Scalars};

pub(super) struct AwsLc;

impl Multiplier for AwsLc {
	fn variable_base(&self, kind: Scalars, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]) {
		if kind == Scalars::Plain {
			return Portable.variable_base(kind, scalars, points, out);
		}
		for ((scalar, point), out) in scalars.iter().zip(points).zip(out) {
			// What it returns is 0 for a result that is zero. That is written nevertheless, and no error here.
			//
			// SAFETY: reads 32 bytes from the second and the third pointer, and writes 32 to the first: all are to arrays of
			// that size, of which `out` alone is written to.
			let _ = unsafe { aws_lc_sys::X25519(out.as_mut_ptr(), scalar.as_ptr(), point.as_ptr()) };
		}
	}

	fn fixed_base(&self, kind: Scalars, scalars: &[[u8; 32]], out: &mut [[u8; 32]]) {
		if kind == Scalars::Plain {
			return Portable.fixed_base(kind, scalars, out);
		}
		for (scalar, out) in scalars.iter().zip(out) {
			// SAFETY: reads 32 bytes from the second pointer, and writes 32 to the first: both are to arrays of that size, of
			// which `out` alone is written to.
			unsafe { aws_lc_sys::X25519_public_from_private(out.as_mut_ptr(), scalar.as_ptr()) };
		}
	}
}
