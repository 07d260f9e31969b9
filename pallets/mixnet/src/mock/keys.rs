//! Accounts, their keys, and mixnodes with all secrets.

use crate::{AuthorityId, AuthorityPair};
use codec::Encode;
use curve25519_dalek::{scalar::clamp_integer, EdwardsPoint, Scalar};
use mixnet_primitives::{KxPublic, Mixnode, PeerId, Registrant};
use sha2::{Digest, Sha512};
use sp_core::{ed25519, Pair};
use std::{cell::RefCell, collections::BTreeMap};

/// How many validators there are at genesis. Further accounts, up to [`CANDIDATES`], have session keys as well.
pub const VALIDATORS: u64 = 10;
/// How many accounts have session keys. As many more accounts, from this one on, only have money.
pub const CANDIDATES: u64 = 40;
/// The balance that each account starts with.
pub const ENDOWMENT: u64 = 1_000_000;

/// The session key of an account.
pub fn authority_pair(account: u64) -> AuthorityPair {
	thread_local! {
		// Making a pair takes longer than most of what tests do with it.
		static MADE: RefCell<BTreeMap<u64, AuthorityPair>> = const { RefCell::new(BTreeMap::new()) };
	}
	MADE.with_borrow_mut(|made| {
		let pair = made.entry(account).or_insert_with(|| {
			let mut seed = [0; 32];
			seed[..8].copy_from_slice(&account.to_le_bytes());
			AuthorityPair::from_seed(&seed)
		});
		pair.clone()
	})
}

/// The public session key of an account.
pub fn authority(account: u64) -> AuthorityId {
	authority_pair(account).public()
}

/// An account as a registrant, by its session key.
pub fn registrant(account: u64) -> Registrant {
	crate::session::handler::registrant(&authority(account))
}

/// 32 bytes made from `n` and a tag.
fn bytes(tag: u8, n: u64) -> [u8; 32] {
	sp_io::hashing::blake2_256(&(tag, n).encode())
}

/// The secret of mixnode `n`'s key-exchange key, as a scalar whose public key on Ed25519 has the sign bit 0.
fn kx_scalar(n: u64) -> Scalar {
	let scalar = Scalar::from_bytes_mod_order(clamp_integer(bytes(1, n)));
	let public = EdwardsPoint::mul_base(&scalar).compress();
	if public.as_bytes()[31] & 0x80 == 0 {
		scalar
	} else {
		-scalar
	}
}

/// The peer identity of mixnode `n`.
pub fn peer_pair(n: u64) -> ed25519::Pair {
	ed25519::Pair::from_seed(&bytes(2, n))
}

/// A mixnode whose key and peer ID are made from `n`.
pub fn mixnode(n: u64) -> Mixnode {
	thread_local! {
		static MADE: RefCell<BTreeMap<u64, Mixnode>> = const { RefCell::new(BTreeMap::new()) };
	}
	MADE.with_borrow_mut(|made| {
		let mixnode = made.entry(n).or_insert_with(|| Mixnode {
			kx_public: KxPublic(EdwardsPoint::mul_base(&kx_scalar(n)).to_montgomery().to_bytes()),
			peer_id: PeerId(peer_pair(n).public().0),
			external_addresses: vec![format!("/ip4/1.2.3.4/tcp/{}", 1 + n % 65_535).into_bytes()],
		});
		mixnode.clone()
	})
}

/// Mixnode `n` as fixtures of earlier versions have it. Its address could not be registered now.
pub fn mixnode_of_fixtures(n: u64) -> Mixnode {
	let address = format!("/ip4/192.0.2.1/tcp/{}", 1 + n % 65_535);
	Mixnode { external_addresses: vec![address.into_bytes()], ..mixnode(n) }
}

/// A proof of possession of mixnode `n`'s key. Ed25519 as in RFC 8032, but for the scalar and the nonce.
pub fn prove_possession(n: u64, message: &[u8]) -> [u8; 64] {
	let secret = kx_scalar(n);
	let public = EdwardsPoint::mul_base(&secret).compress();
	let hash = |parts: &[&[u8]]| {
		let digest = parts.iter().fold(Sha512::new(), |hash, part| hash.chain_update(part));
		Scalar::from_bytes_mod_order_wide(&digest.finalize().into())
	};
	let nonce = hash(&[b"nonce", secret.as_bytes(), message]);
	let commitment = EdwardsPoint::mul_base(&nonce).compress();
	let challenge = hash(&[commitment.as_bytes(), public.as_bytes(), message]);
	let response = nonce + challenge * secret;
	let mut proof = [0; 64];
	proof[..32].copy_from_slice(commitment.as_bytes());
	proof[32..].copy_from_slice(response.as_bytes());
	proof
}
