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

/// The account whose session key is the identity element: 32 zero bytes, for which anybody can sign.
pub const IDENTITY: u64 = u64::MAX;

/// The public session key of an account.
pub fn authority(account: u64) -> AuthorityId {
	match account {
		IDENTITY => sp_core::sr25519::Public::from_raw([0; 32]).into(),
		_ => authority_pair(account).public(),
	}
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
			external_addresses: vec![format!("/ip4/192.0.2.1/tcp/{}", 1 + n % 65_535).into_bytes()],
		});
		mixnode.clone()
	})
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

/// A signature that holds for every message under the identity element: its commitment is the base point of Ristretto
/// (RFC 9496, appendix A.1), which is the response 1 times the base point. The last bit marks signatures of schnorrkel.
pub fn identity_signature() -> [u8; 64] {
	let mut signature = [0; 64];
	let base_point = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";
	signature[..32].copy_from_slice(&bytes_of(base_point));
	signature[32] = 1;
	signature[63] = 0x80;
	signature
}

/// 32 bytes that are no encodings of Ristretto (RFC 9496, appendix A.2), though a careless decoder may take them for the
/// identity element or another. Nobody can sign for them.
pub fn degenerate_keys() -> Vec<([u8; 32], &'static str)> {
	[
		("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "the prime, which is zero"),
		("0000000000000000000000000000000000000000000000000000000000000080", "zero with a sign bit"),
		("0100000000000000000000000000000000000000000000000000000000000000", "one, which is negative"),
		("01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "a negative element"),
		("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "minus one"),
		("00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "not canonical"),
		("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "not canonical"),
		("26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371", "an x coordinate that is no square"),
	]
	.map(|(key, what)| (bytes_of(key), what))
	.into()
}

fn bytes_of(hex: &str) -> [u8; 32] {
	let digits: Vec<_> = (0..32).map(|byte| u8::from_str_radix(&hex[2 * byte..2 * byte + 2], 16)).collect();
	std::array::from_fn(|byte| *digits[byte].as_ref().expect("hexadecimal digits; qed"))
}
