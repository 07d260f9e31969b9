//! Who multiplies: one file for each, behind one trait.

#[cfg(target_arch = "x86_64")]
mod avx512ifma;
#[cfg(all(feature = "aws-lc", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod aws_lc;
mod portable;

use core::{fmt, str::FromStr};

/// Which implementation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Backend {
	/// Eight at once, on x86-64 processors with AVX-512 IFMA.
	Avx512Ifma,
	/// One after another, by AWS-LC: what [`x25519`](crate::x25519) and [`x25519_base`](crate::x25519_base) ask for, that is;
	/// it always clamps, so that without clamping this is [`Portable`](Self::Portable).
	///
	/// Needs the feature `aws-lc`, and x86-64 or AArch64.
	AwsLc,
	/// One after another, by curve25519-dalek. Runs everywhere.
	Portable,
}

impl Backend {
	/// All, the fastest first.
	const ALL: [Self; 3] = [Self::Avx512Ifma, Self::AwsLc, Self::Portable];

	/// The fastest that this machine runs.
	///
	/// Cheap enough to be called for each batch.
	pub fn best() -> Self {
		Self::available().next().expect("Portable is among ALL and always available; qed")
	}

	/// Does it run on this machine, and was it built in?
	pub fn is_available(self) -> bool {
		self.find().is_some()
	}

	/// All that this machine runs, the fastest first.
	pub fn available() -> impl Iterator<Item = Self> {
		Self::ALL.into_iter().filter(|backend| backend.is_available())
	}

	/// Its name, in lower case, as [`FromStr`] takes it.
	pub fn name(self) -> &'static str {
		match self {
			Self::Avx512Ifma => "avx512-ifma",
			Self::AwsLc => "aws-lc",
			Self::Portable => "portable",
		}
	}

	/// # Panics
	/// Unless it is available.
	pub(crate) fn multiplier(self) -> &'static dyn Multiplier {
		self.find().unwrap_or_else(|| panic!("{self} does not run on this machine"))
	}

	fn find(self) -> Option<&'static dyn Multiplier> {
		match self {
			#[cfg(target_arch = "x86_64")]
			Self::Avx512Ifma => avx512ifma::find().map(|multiplier| multiplier as _),
			#[cfg(not(target_arch = "x86_64"))]
			Self::Avx512Ifma => None,
			#[cfg(all(feature = "aws-lc", any(target_arch = "x86_64", target_arch = "aarch64")))]
			Self::AwsLc => Some(&aws_lc::AwsLc),
			#[cfg(not(all(feature = "aws-lc", any(target_arch = "x86_64", target_arch = "aarch64"))))]
			Self::AwsLc => None,
			Self::Portable => Some(&portable::Portable),
		}
	}
}

impl fmt::Display for Backend {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.pad(self.name())
	}
}

impl FromStr for Backend {
	type Err = UnknownBackend;

	fn from_str(name: &str) -> Result<Self, UnknownBackend> {
		Self::ALL.into_iter().find(|backend| backend.name() == name).ok_or(UnknownBackend)
	}
}

/// No [`Backend`] has this name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownBackend;

impl fmt::Display for UnknownBackend {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("not one of")?;
		for backend in Backend::ALL {
			write!(f, " {backend}")?;
		}
		Ok(())
	}
}

impl core::error::Error for UnknownBackend {}

/// What a scalar's 32 bytes stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scalars {
	/// A secret key: clamped first (RFC 7748, section 5).
	Clamped,
	/// An integer of 255 bits; the top bit is ignored.
	Plain,
}

impl Scalars {
	/// The integer, as four little-endian words.
	#[inline(always)]
	pub(crate) fn words(self, bytes: &[u8; 32]) -> [u64; 4] {
		let mut words = words(bytes);
		words[3] &= !(1 << 63);
		if self == Self::Clamped {
			words[0] &= !7;
			words[3] |= 1 << 62;
		}
		words
	}
}

/// Little-endian words of bytes.
#[inline(always)]
pub(crate) fn words(bytes: &[u8; 32]) -> [u64; 4] {
	let word = |i: usize| u64::from_le_bytes(core::array::from_fn(|j| bytes[8 * i + j]));
	[word(0), word(1), word(2), word(3)]
}

/// Multiplies points of Curve25519, given by their u-coordinates, with scalars.
///
/// What any two implementations give for the same input is the same, byte for byte. The caller has checked that slices are
/// of equal length.
pub(crate) trait Multiplier {
	/// Each point by its scalar.
	fn variable_base(&self, kind: Scalars, scalars: &[[u8; 32]], points: &[[u8; 32]], out: &mut [[u8; 32]]);

	/// The base point by each scalar.
	fn fixed_base(&self, kind: Scalars, scalars: &[[u8; 32]], out: &mut [[u8; 32]]);
}
