//! The key exchanges of a packet's source with all hops of its route (PROTOCOL.md, section 5).

use super::{
	curve::{multiply, multiply_base},
	kx::{clamped_scalar, SharedSecret},
	packet::Hop,
};
use alloc::vec::Vec;
use curve25519_dalek::{scalar::clamp_integer, Scalar};
use mixnet_primitives::KxPublic;
use subtle::{Choice, ConditionallySelectable};
use x25519_batch::Backend;
use zeroize::Zeroizing;

/// The secrets that a packet's source shares with the hops of a route.
pub(super) struct Exchanges {
	/// The packet's first public key.
	pub first: KxPublic,
	/// The secret shared with each hop, in order.
	pub secrets: Vec<SharedSecret>,
}

/// The secret scalar behind a packet's public key, hop after hop.
///
/// The scalar for hop i + 1 is that for hop i times hop i's blinding factor. That is cheaper than to blind the public key for
/// every hop. An eighth of the scalar is kept, modulo the group's order. The reason is that a secret key stands for eight
/// times a number: RFC 7748 sets its three lowest bits to zero. So a backend that multiplies by secret keys alone can
/// multiply by it.
struct Ephemeral(Zeroizing<Scalar>);

impl Ephemeral {
	/// The scalar of a secret key.
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

	/// A secret key that multiplies like the scalar or like its negative. For u-coordinates both are the same.
	///
	/// A secret key is eight times a number from 2^251 to 2^252, and the group's order is a little more than 2^252. So either
	/// the scalar or its negative is a secret key, unless the scalar is next to zero. Nobody draws such a one: the chance is one
	/// in 2^126.
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

/// Multiplications that are planned first and then done together.
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
		multiply(backend, &self.scalars, &self.points, &mut self.products);
		&self.products
	}

	fn of_base(&mut self, backend: Backend) -> &[[u8; 32]] {
		self.products.resize(self.scalars.len(), [0; 32]);
		multiply_base(backend, &self.scalars, &mut self.products);
		&self.products
	}
}

/// The exchanges of packets along their routes, for the ephemeral secret key of each packet: all first hops at once, then
/// all second hops, and so on.
///
/// The results are those of the hops if the hops' public keys are multiples of the base point, with or without a component
/// of low order.
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
		// The source needs the public key that a hop sees to blind it for the next hop.
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
			let secret = SharedSecret::from_bytes(*secrets.next().expect("multiplied for every hop; qed"));
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

#[cfg(test)]
mod tests {
	use super::*;
	use crate::sphinx::{curve::multiply_one, KxSecret, MixnodeIndex, Target};
	use curve25519_dalek::scalar::clamp_integer;
	use curve25519_dalek::{constants::EIGHT_TORSION, EdwardsPoint, MontgomeryPoint};
	use rand_chacha::{
		rand_core::{RngCore, SeedableRng},
		ChaChaRng,
	};

	#[test]
	fn a_scalar_and_its_secret_key_multiply_alike() {
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
			assert_eq!(multiply_one(Backend::Portable, &key, &point.to_bytes()), (point * scalar).to_bytes());
			is_negative[usize::from(Scalar::from_bytes_mod_order(key) != scalar)] += 1;
		}
		assert!(is_negative.into_iter().all(|times| times > 50), "{is_negative:?}");
	}

	#[test]
	fn keys_with_a_component_of_low_order_work_like_others() {
		let mut rng = ChaChaRng::seed_from_u64(2);
		let secret = KxSecret::random(&mut rng);
		for torsion in &EIGHT_TORSION[1..] {
			let point = EdwardsPoint::mul_base_clamped(*secret.expose_bytes()) + torsion;
			let hop =
				|public: [u8; 32]| Hop { target: Target::Mixnode(MixnodeIndex::MAX), kx_public: KxPublic(public) };
			let route = [hop(secret.public().0), hop(point.to_montgomery().to_bytes())];
			let exchanges = exchange_along(Backend::best(), [(&[7; 32], &route[..])].into_iter());
			let [Exchanges { first, secrets }] = &exchanges[..] else { panic!("one packet") };
			assert_eq!(secret.exchange(Backend::Portable, first).as_bytes(), secrets[0].as_bytes());
			let second = secrets[0].blind(Backend::Portable, first);
			assert_eq!(secret.exchange(Backend::Portable, &second).as_bytes(), secrets[1].as_bytes());
		}
	}
}
