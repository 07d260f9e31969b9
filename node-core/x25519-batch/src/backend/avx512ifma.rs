//! Eight multiplications at once, with the vector instructions that multiply integers of 52 bits (AVX-512 IFMA).

#[cfg(feature = "aws-lc")]
use super::aws_lc::AwsLc;
use crate::{
	lanes::{
		batch,
		vector::{Lanes, Vector, LANES},
	},
	multiplier::{Multiplier, Scalars},
};
use core::{arch::x86_64::*, hint::black_box};

/// The proof that the processor and the operating system support AVX-512 F, DQ and IFMA. Only [`find`] makes the first.
#[derive(Clone, Copy)]
pub(super) struct Avx512Ifma(());

/// The proof, if this machine supports the instructions.
pub(super) fn find() -> Option<&'static Avx512Ifma> {
	const PROOF: Avx512Ifma = Avx512Ifma(());
	#[cfg(feature = "std")]
	let found = std::arch::is_x86_feature_detected!("avx512f")
		&& std::arch::is_x86_feature_detected!("avx512dq")
		&& std::arch::is_x86_feature_detected!("avx512ifma");
	#[cfg(not(feature = "std"))]
	let found = cfg!(all(target_feature = "avx512f", target_feature = "avx512dq", target_feature = "avx512ifma"));
	found.then_some(&PROOF)
}

impl Multiplier for Avx512Ifma {
	fn variable_base(&self, kind: Scalars, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]) {
		// A partly filled last vector costs as much as a full one. If a single key remains, AWS-LC is cheaper: 15.8 us
		// against 18.5 us on the machine of README.md. Two keys are cheaper in a vector.
		let alone = if scalars.len() % LANES == 1 { faster_alone(kind) } else { None };
		let in_vectors = scalars.len() - usize::from(alone.is_some());
		let (scalars, scalars_alone) = scalars.split_at(in_vectors);
		let (points, points_alone) = points.split_at(in_vectors);
		let (out, out_alone) = out.split_at_mut(in_vectors);

		let chunks = scalars.chunks(batch::MAX).zip(points.chunks(batch::MAX)).zip(out.chunks_mut(batch::MAX));
		for ((scalars, points), out) in chunks {
			// SAFETY: `self` is the proof that the processor has the target features.
			unsafe { variable_base(*self, kind, scalars, points, out) }
			overwrite_stack();
		}
		if let Some(alone) = alone {
			alone.variable_base(kind, scalars_alone, points_alone, out_alone);
		}
	}

	fn fixed_base(&self, kind: Scalars, scalars: &[[u8; 32]], out: &mut [[u8; 32]]) {
		// A single key in a vector needs a whole division for itself: 6.0 us, against 4.5 us by AWS-LC. If it remains after
		// full vectors, it shares their division, and the vector is cheaper.
		if let (1, Some(alone)) = (scalars.len(), faster_alone(kind)) {
			return alone.fixed_base(kind, scalars, out);
		}
		for (scalars, out) in scalars.chunks(batch::MAX).zip(out.chunks_mut(batch::MAX)) {
			// SAFETY: `self` is the proof that the processor has the target features.
			unsafe { fixed_base(*self, kind, scalars, out) }
			overwrite_stack();
		}
	}
}

/// The backend that is faster for one multiplication alone: AWS-LC, for scalars that it clamps itself.
#[cfg(feature = "aws-lc")]
fn faster_alone(kind: Scalars) -> Option<&'static dyn Multiplier> {
	(kind == Scalars::Clamped).then_some(&AwsLc)
}

/// Without AWS-LC, no backend is faster for one multiplication alone.
#[cfg(not(feature = "aws-lc"))]
fn faster_alone(_: Scalars) -> Option<&'static dyn Multiplier> {
	None
}

/// Overwrites what the two functions below have left on the stack: up to 13 KiB.
///
/// It is called from where they were called, so its frame covers theirs, as far as a function can know.
#[inline(never)]
fn overwrite_stack() {
	let mut zeroes = [0_u64; 2048];
	// Keeps the compiler from removing the zeroes, which nobody reads.
	black_box(&mut zeroes);
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline(never)]
fn variable_base(proof: Avx512Ifma, kind: Scalars, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]) {
	batch::variable_base::<Ifma>(proof, kind, scalars, points, out);
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline(never)]
fn fixed_base(proof: Avx512Ifma, kind: Scalars, scalars: &[[u8; 32]], out: &mut [[u8; 32]]) {
	batch::fixed_base::<Ifma>(proof, kind, scalars, out);
}

/// A register of eight lanes.
///
/// It is made from an [`Avx512Ifma`] or from another register, so a register is a proof too.
#[derive(Clone, Copy)]
struct Ifma(__m512i);

impl Vector for Ifma {
	type Token = Avx512Ifma;
	type Mask = __mmask8;

	#[inline(always)]
	fn token(self) -> Avx512Ifma {
		Avx512Ifma(())
	}

	#[inline(always)]
	fn splat(_: Avx512Ifma, value: u64) -> Self {
		// SAFETY: needs AVX-512 F, which the token proves.
		Self(unsafe { _mm512_set1_epi64(value as i64) })
	}

	#[inline(always)]
	fn load(_: Avx512Ifma, lanes: &Lanes) -> Self {
		// SAFETY: needs AVX-512 F, which the token proves; and 64 bytes to read, at any alignment: a `&Lanes` has them.
		Self(unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) })
	}

	#[inline(always)]
	fn store(self, lanes: &mut Lanes) {
		// SAFETY: needs AVX-512 F, which `self` proves; and 64 bytes to write, at any alignment: a `&mut Lanes` has them.
		unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), self.0) }
	}

	#[inline(always)]
	fn add(self, other: Self) -> Self {
		// SAFETY: needs AVX-512 F, which `self` proves.
		Self(unsafe { _mm512_add_epi64(self.0, other.0) })
	}

	#[inline(always)]
	fn sub(self, other: Self) -> Self {
		// SAFETY: needs AVX-512 F, which `self` proves.
		Self(unsafe { _mm512_sub_epi64(self.0, other.0) })
	}

	#[inline(always)]
	fn and(self, other: Self) -> Self {
		// SAFETY: needs AVX-512 F, which `self` proves.
		Self(unsafe { _mm512_and_si512(self.0, other.0) })
	}

	#[inline(always)]
	fn or(self, other: Self) -> Self {
		// SAFETY: needs AVX-512 F, which `self` proves.
		Self(unsafe { _mm512_or_si512(self.0, other.0) })
	}

	#[inline(always)]
	fn xor(self, other: Self) -> Self {
		// SAFETY: needs AVX-512 F, which `self` proves.
		Self(unsafe { _mm512_xor_si512(self.0, other.0) })
	}

	#[inline(always)]
	fn shift_right<const BY: u32>(self) -> Self {
		// SAFETY: needs AVX-512 F, which `self` proves.
		Self(unsafe { _mm512_srli_epi64::<BY>(self.0) })
	}

	#[inline(always)]
	fn shift_left<const BY: u32>(self) -> Self {
		// SAFETY: needs AVX-512 F, which `self` proves.
		Self(unsafe { _mm512_slli_epi64::<BY>(self.0) })
	}

	#[inline(always)]
	fn add_product_low(self, a: Self, b: Self) -> Self {
		// SAFETY: needs AVX-512 IFMA, which `self` proves.
		Self(unsafe { _mm512_madd52lo_epu64(self.0, a.0, b.0) })
	}

	#[inline(always)]
	fn add_product_high(self, a: Self, b: Self) -> Self {
		// SAFETY: needs AVX-512 IFMA, which `self` proves.
		Self(unsafe { _mm512_madd52hi_epu64(self.0, a.0, b.0) })
	}

	#[inline(always)]
	fn times_19(self) -> Self {
		let nineteen = Self::splat(self.token(), 19);
		// SAFETY: needs AVX-512 DQ, which `self` proves.
		Self(unsafe { _mm512_mullo_epi64(self.0, nineteen.0) })
	}

	#[inline(always)]
	fn lookup(table: &[u64; 2 * LANES], index: Self) -> Self {
		let (low, high) = table.split_at(LANES);
		let load = |half: &[u64]| Self::load(index.token(), half.try_into().expect("half of two times LANES; qed"));
		// SAFETY: needs AVX-512 F, which `index` proves.
		Self(unsafe { _mm512_permutex2var_epi64(load(low).0, index.0, load(high).0) })
	}

	#[inline(always)]
	fn test(self, other: Self) -> __mmask8 {
		// SAFETY: needs AVX-512 F, which `self` proves.
		unsafe { _mm512_test_epi64_mask(self.0, other.0) }
	}

	#[inline(always)]
	fn select(mask: __mmask8, set: Self, clear: Self) -> Self {
		// SAFETY: needs AVX-512 F, which `set` proves.
		Self(unsafe { _mm512_mask_blend_epi64(mask, clear.0, set.0) })
	}
}
