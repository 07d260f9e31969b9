//! The keys of key exchange, and the secret that it gives (PROTOCOL.md, sections 1 and 3).

#[cfg(any(test, feature = "unstable"))]
use super::curve::multiply_one;
use super::{curve::multiply_base_one, primitives::derive};
use alloc::boxed::Box;
use curve25519_dalek::{scalar::clamp_integer, Scalar};
use mixnet_primitives::KxPublic;
use rand_core::{CryptoRng, RngCore};
use subtle::ConstantTimeEq;
use x25519_batch::Backend;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A secret key of key exchange (X25519), for one session.
///
/// Zeroised on drop. On the heap, so that moving it leaves no copy behind.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct KxSecret(Box<[u8; 32]>);

impl KxSecret {
	/// A new key.
	pub fn random<R: RngCore + CryptoRng + ?Sized>(rng: &mut R) -> Self {
		let mut bytes = Box::new([0; 32]);
		rng.fill_bytes(&mut *bytes);
		Self(bytes)
	}

	/// The key with these bytes. Any 32 bytes are a key, since they are clamped when used.
	///
	/// The caller destroys its own copy of them.
	pub fn from_bytes(bytes: [u8; 32]) -> Self {
		let bytes = Zeroizing::new(bytes);
		Self(Box::new(*bytes))
	}

	/// The secret bytes, as [`from_bytes`](Self::from_bytes) takes them: for a key store, and for nothing else.
	pub fn expose_bytes(&self) -> &[u8; 32] {
		&self.0
	}

	/// The public key.
	///
	/// [`Backend::Portable`] computes it. Who has chosen another backend calls [`public_by`](Self::public_by).
	pub fn public(&self) -> KxPublic {
		self.public_by(Backend::Portable)
	}

	/// The public key, computed by `backend`. All give the same.
	pub(crate) fn public_by(&self, backend: Backend) -> KxPublic {
		KxPublic(multiply_base_one(backend, &self.0))
	}

	/// The secret shared with the holder of `public`'s secret key.
	#[cfg(any(test, feature = "unstable"))]
	pub(super) fn exchange(&self, backend: Backend, public: &KxPublic) -> SharedSecret {
		SharedSecret(multiply_one(backend, &self.0, &public.0))
	}
}

/// The scalar of the secret key `bytes`, modulo the order of the base point.
pub(crate) fn clamped_scalar(bytes: &[u8; 32]) -> Scalar {
	Scalar::from_bytes_mod_order(clamp_integer(*bytes))
}

/// A secret that a packet's source shares with a hop, or a SURB's maker with its user.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct SharedSecret([u8; 32]);

impl SharedSecret {
	pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
		Self(bytes)
	}

	pub(crate) fn as_bytes(&self) -> &[u8; 32] {
		&self.0
	}

	/// Was the public key of low order? Then everybody knows the "secret".
	pub(super) fn is_zero(&self) -> bool {
		self.0.ct_eq(&[0; 32]).into()
	}

	/// The factor, not yet clamped, by which this secret's hop multiplies the packet's public key.
	pub(super) fn blinding(&self, kx_public: &KxPublic) -> Zeroizing<[u8; 32]> {
		let mut key = Zeroizing::new([0; 64]);
		key[..32].copy_from_slice(&kx_public.0);
		key[32..].copy_from_slice(&self.0);
		Zeroizing::new(derive(b"sphinx-blind-fac", 0, &*key))
	}

	/// The public key that the next hop sees of a packet on which this hop sees `kx_public`.
	#[cfg(any(test, feature = "unstable"))]
	pub(super) fn blind(&self, backend: Backend, kx_public: &KxPublic) -> KxPublic {
		KxPublic(multiply_one(backend, &self.blinding(kx_public), &kx_public.0))
	}
}
