//! X25519 key exchange, and what a hop derives from the secret it shares with a packet's sender (PROTOCOL.md, 1 and 3).

use super::{
	packet::{field, Actions, Mac, ACTIONS_SIZE, MAC_SIZE},
	primitives::{apply_stream, derive, exponential, mac},
};
use alloc::{boxed::Box, vec::Vec};
use core::slice;
use curve25519_dalek::{scalar::clamp_integer, MontgomeryPoint, Scalar};
use mixnet_primitives::{KxPublic, PeerId};
use rand_core::{CryptoRng, RngCore};
use subtle::ConstantTimeEq;
use x25519_batch::{x25519, x25519_base, Backend};
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

	/// The key of these bytes; any 32 bytes are one (they are clamped when used).
	///
	/// The caller's copy of them is the caller's to destroy.
	pub fn from_bytes(bytes: [u8; 32]) -> Self {
		let bytes = Zeroizing::new(bytes);
		Self(Box::new(*bytes))
	}

	/// The secret bytes, as [`from_bytes`](Self::from_bytes) takes them; for a key store, and for nothing else.
	pub fn expose_bytes(&self) -> &[u8; 32] {
		&self.0
	}

	/// The public key.
	pub fn public(&self) -> KxPublic {
		let mut public = [[0; 32]];
		x25519_base(Backend::best(), slice::from_ref(&*self.0), &mut public);
		KxPublic(public[0])
	}

	/// The secret shared with the holder of `public`'s secret key.
	pub(super) fn exchange(&self, public: &KxPublic) -> SharedSecret {
		SharedSecret(multiply_one(&self.0, &public.0))
	}
}

/// X25519, of one scalar and one point.
fn multiply_one(scalar: &[u8; 32], point: &[u8; 32]) -> [u8; 32] {
	let mut product = [[0; 32]];
	x25519(Backend::best(), slice::from_ref(scalar), slice::from_ref(point), &mut product);
	product[0]
}

/// Is `public` one of the few keys that nobody holds a secret for: points of low order, whose shared secrets everybody
/// can guess?
///
/// Such a key is never a mistake. [`build_request`](super::build_request) and its like refuse routes with one; better is
/// to know before.
pub fn is_low_order(public: &KxPublic) -> bool {
	// The low orders divide eight, the cofactor (RFC 7748, section 4.1). Not secret, so no need for constant time.
	let eight = [true, false, false, false];
	MontgomeryPoint(public.0).mul_bits_be(eight.into_iter()).to_bytes() == [0; 32]
}

/// A secret shared by a packet's sender and one of its hops; or by a SURB's maker and its user.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct SharedSecret([u8; 32]);

impl SharedSecret {
	pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
		Self(bytes)
	}

	pub(crate) fn as_bytes(&self) -> &[u8; 32] {
		&self.0
	}

	/// Did the key exchange meet a public key of low order? Then the "secret" is known to everybody.
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
	pub(super) fn blind(&self, kx_public: &KxPublic) -> KxPublic {
		KxPublic(multiply_one(&self.blinding(kx_public), &kx_public.0))
	}
}

/// A packet's first public key, and the secret shared with the holder of each of `publics`, in order.
///
/// The secret scalar of hop i + 1 is that of hop i times hop i's blinding factor, modulo the group's order: cheaper than
/// blinding the public key for every hop, and the same for keys that are what a secret key makes them. For others (with
/// a component of low order) it is not, and their holders cannot open what is sent to them.
pub(super) fn exchange_along<R: RngCore + CryptoRng + ?Sized>(
	rng: &mut R,
	publics: impl Iterator<Item = KxPublic>,
) -> (KxPublic, Vec<SharedSecret>) {
	let mut ephemeral = Zeroizing::new([0; 32]);
	rng.fill_bytes(&mut *ephemeral);
	let mut scalar = Zeroizing::new(clamped_scalar(&ephemeral));
	let first = KxPublic(MontgomeryPoint::mul_base(&scalar).to_bytes());

	let mut kx_public = first;
	let mut secrets = Vec::<SharedSecret>::with_capacity(super::MAX_HOPS);
	for public in publics {
		if let Some(previous) = secrets.last() {
			*scalar *= &*Zeroizing::new(clamped_scalar(&previous.blinding(&kx_public)));
			kx_public = KxPublic(MontgomeryPoint::mul_base(&scalar).to_bytes());
		}
		secrets.push(SharedSecret((MontgomeryPoint(public.0) * *scalar).to_bytes()));
	}
	(first, secrets)
}

/// The scalar of the secret key `bytes`, modulo the order of the base point.
pub(crate) fn clamped_scalar(bytes: &[u8; 32]) -> Scalar {
	Scalar::from_bytes_mod_order(clamp_integer(*bytes))
}

/// The small secrets of a hop.
///
/// | bytes  | field         |                                               |
/// |--------|---------------|-----------------------------------------------|
/// | 0..16  | `mac_key`     | for the MAC of the routing actions            |
/// | 16..48 | `actions_key` | of the keystream that the actions are under   |
/// | 48..64 | `delay_seed`  | of the forwarding delay                       |
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct HopSecrets([u8; 64]);

/// The most bytes that an action, with what follows it, takes from a packet's actions: forward to a peer.
pub(super) const MAX_ACTION_SIZE: usize = super::packet::ACTION_SIZE + PeerId::SIZE + MAC_SIZE;

/// The keystream of a hop: for the actions as it gets them, and for the zeroes it extends them with.
pub(super) type ActionsStream = [u8; ACTIONS_SIZE + MAX_ACTION_SIZE];

impl HopSecrets {
	pub(super) fn new(secret: &SharedSecret) -> Self {
		Self(derive(b"sphinx-small-d-s", 0, secret.as_bytes()))
	}

	/// The key of the MAC of routing actions.
	pub(super) fn mac_key(&self) -> &[u8; 16] {
		field::<0, 16, 64>(&self.0)
	}

	/// The MAC of routing actions, of which `parts` are the parts in order.
	pub(super) fn mac(&self, parts: &[&[u8]]) -> Mac {
		mac(self.mac_key(), parts)
	}

	/// Does `mac` fit `actions`? Takes the same time wherever it differs.
	pub(super) fn mac_fits(&self, mac: &Mac, actions: &Actions) -> bool {
		self.mac(&[actions]).ct_eq(mac).into()
	}

	/// Encrypts, or decrypts, routing actions.
	pub(super) fn apply_actions_stream(&self, actions: &mut ActionsStream) {
		apply_stream(field::<16, 32, 64>(&self.0), actions);
	}

	/// How long the hop delays the packet if it forwards it, in multiples of the mean delay.
	pub(super) fn delay(&self) -> f64 {
		exponential(field::<48, 16, 64>(&self.0))
	}
}
