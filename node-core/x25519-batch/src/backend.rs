//! The backends: the implementations of multiplication, and the choice between them. Each has a file here.

#[cfg(target_arch = "x86_64")]
mod avx512ifma;
#[cfg(all(feature = "aws-lc", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod aws_lc;
mod portable;

use crate::multiplier::Multiplier;
use core::{fmt, str::FromStr};

/// An implementation of multiplication on the curve. All give the same bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Backend {
	/// Eight multiplications at once, on x86-64 processors with AVX-512 IFMA.
	Avx512Ifma,
	/// One multiplication after another, by AWS-LC.
	///
	/// AWS-LC always clamps, so it serves [`x25519`](crate::x25519) and [`x25519_base`](crate::x25519_base) only. Without
	/// clamping, this is the same as [`Portable`](Self::Portable).
	///
	/// Needs the feature `aws-lc`, and x86-64 or AArch64.
	AwsLc,
	/// One multiplication after another, by curve25519-dalek. Runs everywhere.
	Portable,
}

impl Backend {
	/// All backends, the fastest first.
	const ALL: [Self; 3] = [Self::Avx512Ifma, Self::AwsLc, Self::Portable];

	/// The fastest backend that this machine can run.
	///
	/// Cheap enough to be called for each batch.
	pub fn best() -> Self {
		Self::available().next().expect("Portable is among ALL and always available; qed")
	}

	/// Was this backend built in, and can this machine run it?
	pub fn is_available(self) -> bool {
		self.find().is_some()
	}

	/// All backends that this machine can run, the fastest first.
	pub fn available() -> impl Iterator<Item = Self> {
		Self::ALL.into_iter().filter(|backend| backend.is_available())
	}

	/// The backend's name in lower case, as [`FromStr`] takes it.
	pub fn name(self) -> &'static str {
		match self {
			Self::Avx512Ifma => "avx512-ifma",
			Self::AwsLc => "aws-lc",
			Self::Portable => "portable",
		}
	}

	/// The code of this backend.
	///
	/// ## Panics
	/// If this backend is not [available](Self::is_available).
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

/// The error for a name that no [`Backend`] has.
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
