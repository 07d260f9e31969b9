//! From shared secret to tag.

use crate::sphinx::{derive, SharedSecret};
use alloc::boxed::Box;
use rand_core::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Identifies a packet in a [`ReplayFilter`](super::ReplayFilter). It means nothing to another filter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReplayTag(pub(super) u64);

impl ReplayTag {
	/// The tag with these bits, for measurements of filters. The bits must be random, as those of tags are: many tags near
	/// each other soon fill a filter.
	pub const fn from_bits(bits: u64) -> Self {
		Self(bits)
	}
}

/// The key of a filter's tags.
///
/// Because of it, tags are random to everybody else. Nobody can make packets with equal tags, or crowd one place of the
/// filter. And if the filter's memory leaks, it does not show which packets we saw.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct TagKey(Box<[u8; TagKey::SIZE]>);

impl TagKey {
	/// Size in bytes.
	pub(super) const SIZE: usize = 32;

	pub(super) fn random<R: RngCore + CryptoRng + ?Sized>(rng: &mut R) -> Self {
		let mut key = Box::new([0; Self::SIZE]);
		rng.fill_bytes(&mut *key);
		Self(key)
	}

	pub(super) fn tag(&self, secret: &SharedSecret) -> ReplayTag {
		let mut key = Zeroizing::new([0; 64]);
		key[..32].copy_from_slice(&*self.0);
		key[32..].copy_from_slice(secret.as_bytes());
		ReplayTag(u64::from_le_bytes(derive(b"sphinx-replay-tg", 0, &*key)))
	}
}
