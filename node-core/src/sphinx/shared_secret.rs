//! X25519 key exchange, and what a hop derives from the secret it shares with a packet's sender (PROTOCOL.md, 1 and 3).

use super::{
	build::Hop,
	packet::{field, Actions, Mac, ACTIONS_SIZE, MAC_SIZE},
	primitives::{apply_stream, derive, exponential, mac},
};
use alloc::{boxed::Box, vec::Vec};
use core::slice;
use curve25519_dalek::{scalar::clamp_integer, Scalar};
use mixnet_primitives::{KxPublic, PeerId};
use rand_core::{CryptoRng, RngCore};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
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

/// What a packet's sender shares with the hops of a route.
pub(super) struct Exchanges {
	/// The packet's first public key.
	pub first: KxPublic,
	/// The secret shared with each hop, in order.
	pub secrets: Vec<SharedSecret>,
}

/// The secret scalar behind a packet's public key, hop after hop.
///
/// That of hop i + 1 is that of hop i times hop i's blinding factor: cheaper than blinding the public key for every hop.
/// It is kept as an eighth of it, modulo the group's order, because eight times any number is what a secret key stands for
/// (RFC 7748 has their three lowest bits zero), so that those who multiply by secret keys alone can multiply by it.
struct Ephemeral(Zeroizing<Scalar>);

impl Ephemeral {
	/// From the bytes of a secret key.
	fn new(bytes: &[u8; 32]) -> Self {
		let key = Zeroizing::new(clamp_integer(*bytes));
		let mut eighth = Zeroizing::new([0; 32]);
		let mut carry = 0;
		for (eighth, byte) in eighth.iter_mut().zip(&*key).rev() {
			*eighth = byte >> 3 | carry;
			carry = byte << 5;
		}
		Self(Zeroizing::new(Scalar::from_bytes_mod_order(*eighth)))
	}

	fn blind(&mut self, factor: &[u8; 32]) {
		*self.0 *= &*Zeroizing::new(clamped_scalar(factor));
	}

	/// A secret key that does what the scalar does, or what its negative does: to u-coordinates that is the same.
	///
	/// A secret key is eight times a number from 2^251 to 2^252, and the order is a little more than 2^252: so it is one
	/// of the two, unless the scalar is among those next to zero, of which nobody draws one (one chance in 2^126).
	fn to_secret_key(&self) -> Zeroizing<[u8; 32]> {
		let is_key = Choice::from(self.0.as_bytes()[31] >> 3 & 1);
		let negative = Zeroizing::new(-*self.0);
		let eighth = Zeroizing::new(Scalar::conditional_select(&negative, &self.0, is_key));
		let mut key = Zeroizing::new([0; 32]);
		let mut carry = 0;
		for (byte, eighth) in key.iter_mut().zip(eighth.as_bytes()) {
			*byte = eighth << 3 | carry;
			carry = eighth >> 5;
		}
		key
	}
}

/// Multiplications that are planned, and then done together.
#[derive(Default)]
struct Multiplications {
	scalars: Zeroizing<Vec<[u8; 32]>>,
	points: Vec<[u8; 32]>,
	products: Zeroizing<Vec<[u8; 32]>>,
}

impl Multiplications {
	fn with_capacity(capacity: usize) -> Self {
		let secret = || Zeroizing::new(Vec::with_capacity(capacity));
		Self { scalars: secret(), points: Vec::with_capacity(capacity), products: secret() }
	}

	fn clear(&mut self) {
		self.scalars.clear();
		self.points.clear();
	}

	fn of_points(&mut self, backend: Backend) -> &[[u8; 32]] {
		self.products.resize(self.scalars.len(), [0; 32]);
		x25519(backend, &self.scalars, &self.points, &mut self.products);
		&self.products
	}

	fn of_base(&mut self, backend: Backend) -> &[[u8; 32]] {
		self.products.resize(self.scalars.len(), [0; 32]);
		x25519_base(backend, &self.scalars, &mut self.products);
		&self.products
	}
}

/// The exchanges of packets with these ephemeral secret keys along routes of these public keys: all first hops at once,
/// then all second hops, and so on.
///
/// The same as the hops', for keys that are what a secret key makes of the base point, and for those that have a
/// component of low order besides.
pub(super) fn exchange_along<'a>(
	backend: Backend,
	packets: impl ExactSizeIterator<Item = (&'a [u8; 32], &'a [Hop])> + Clone,
) -> Vec<Exchanges> {
	let mut ephemerals: Vec<_> = packets.clone().map(|(ephemeral, _)| Ephemeral::new(ephemeral)).collect();
	let mut exchanges: Vec<_> = packets
		.clone()
		.map(|(_, route)| Exchanges { first: KxPublic([0; 32]), secrets: Vec::with_capacity(route.len()) })
		.collect();
	let longest = packets.clone().map(|(_, route)| route.len()).max().unwrap_or(0);
	let mut publics = Multiplications::with_capacity(packets.len());
	let mut shared = Multiplications::with_capacity(packets.len());
	for hop in 0..longest {
		publics.clear();
		shared.clear();
		let routes = || packets.clone().map(|(_, route)| route);
		// The public key that the hop sees: the sender needs it to blind it for the next.
		let needs_public = |route: &[Hop]| hop == 0 || hop + 1 < route.len();
		for (ephemeral, route) in ephemerals.iter().zip(routes()) {
			let Some(Hop { kx_public, .. }) = route.get(hop) else { continue };
			let key = ephemeral.to_secret_key();
			shared.scalars.push(*key);
			shared.points.push(kx_public.0);
			if needs_public(route) {
				publics.scalars.push(*key);
			}
		}
		let mut kx_publics = publics.of_base(backend).iter().copied().map(KxPublic);
		let mut secrets = shared.of_points(backend).iter();
		for ((ephemeral, exchanges), route) in ephemerals.iter_mut().zip(&mut exchanges).zip(routes()) {
			if hop >= route.len() {
				continue;
			}
			let secret = SharedSecret(*secrets.next().expect("multiplied for every hop; qed"));
			if needs_public(route) {
				let kx_public = kx_publics.next().expect("multiplied for every hop that needs it; qed");
				if hop == 0 {
					exchanges.first = kx_public;
				}
				if hop + 1 < route.len() {
					ephemeral.blind(&secret.blinding(&kx_public));
				}
			}
			exchanges.secrets.push(secret);
		}
	}
	exchanges
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

#[cfg(test)]
mod tests {
	use super::*;
	use curve25519_dalek::{constants::EIGHT_TORSION, EdwardsPoint, MontgomeryPoint};
	use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

	#[test]
	fn a_scalar_as_a_secret_key_does_the_same_to_points_of_the_group() {
		let mut rng = ChaChaRng::seed_from_u64(1);
		let mut is_negative = [0; 2];
		for _ in 0..200 {
			let [secret, factor, other] = core::array::from_fn(|_| {
				let mut bytes = [0; 32];
				rng.fill_bytes(&mut bytes);
				bytes
			});
			let mut ephemeral = Ephemeral::new(&secret);
			assert_eq!(*ephemeral.to_secret_key(), clamp_integer(secret));
			ephemeral.blind(&factor);
			let key = *ephemeral.to_secret_key();
			assert_eq!(clamp_integer(key), key);
			let scalar = clamped_scalar(&secret) * clamped_scalar(&factor);
			let point = MontgomeryPoint::mul_base_clamped(other);
			assert_eq!(multiply_one(&key, &point.to_bytes()), (point * scalar).to_bytes());
			is_negative[usize::from(Scalar::from_bytes_mod_order(key) != scalar)] += 1;
		}
		assert!(is_negative.into_iter().all(|times| times > 50), "{is_negative:?}");
	}

	#[test]
	fn a_key_with_a_component_of_low_order_is_shared_with_all_the_same() {
		let mut rng = ChaChaRng::seed_from_u64(2);
		let secret = KxSecret::random(&mut rng);
		for torsion in &EIGHT_TORSION[1..] {
			let point = EdwardsPoint::mul_base_clamped(*secret.expose_bytes()) + torsion;
			let hop = |public: [u8; 32]| Hop {
				target: crate::sphinx::Target::Mixnode(crate::sphinx::MixnodeIndex::MAX),
				kx_public: KxPublic(public),
			};
			let route = [hop(secret.public().0), hop(point.to_montgomery().to_bytes())];
			let exchanges = exchange_along(Backend::best(), [(&[7; 32], &route[..])].into_iter());
			let [Exchanges { first, secrets }] = &exchanges[..] else { panic!("one packet") };
			assert_eq!(secret.exchange(first).as_bytes(), secrets[0].as_bytes());
			let second = secrets[0].blind(first);
			assert_eq!(secret.exchange(&second).as_bytes(), secrets[1].as_bytes());
		}
	}
}
