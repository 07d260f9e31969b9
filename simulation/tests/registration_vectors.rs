//! The test vectors of docs/REGISTRATION.md, read from that page.
//!
//! They were computed without any of this workspace's code. Signatures are verified as the runtime's host functions do:
//! with `ed25519-zebra` and `schnorrkel`.

use codec::Encode;
use ed25519_zebra::{SigningKey, VerificationKey};
use mixnet_node_core::{KxPublic, KxSecret, PeerId};
use mixnet_primitives::{
	check_address,
	registration::{Registration, RegistrationError, RegistrationProofs},
	Mixnode, Registrant,
};
use rand_core::{CryptoRng, RngCore};
use schnorrkel::{ExpansionMode, MiniSecretKey, PublicKey, Signature};
use serde::Deserialize;
use std::{
	collections::{BTreeMap, BTreeSet},
	fs,
};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/REGISTRATION.md");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
	possession: Vec<Possession>,
	edges: Vec<Edge>,
	registration: Whole,
	refused_kx_publics: BTreeMap<String, String>,
	refused_peer_ids: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Possession {
	#[serde(with = "hex::serde")]
	secret: [u8; 32],
	/// The sign bit of the point that the clamped secret gives.
	sign: u8,
	kx_public: KxPublic,
	#[serde(with = "hex::serde")]
	ed25519: [u8; 32],
	#[serde(with = "hex::serde")]
	z: [u8; 64],
	#[serde(with = "hex::serde")]
	message: Vec<u8>,
	#[serde(with = "hex::serde")]
	proof: [u8; 64],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edge {
	what: String,
	kx_public: KxPublic,
	#[serde(with = "hex::serde")]
	message: Vec<u8>,
	#[serde(with = "hex::serde")]
	proof: [u8; 64],
	accepted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
	#[serde(with = "hex::serde")]
	genesis_hash: [u8; 32],
	session_index: u32,
	#[serde(with = "hex::serde")]
	registrant_seed: [u8; 32],
	registrant: Registrant,
	revision: u8,
	#[serde(with = "hex::serde")]
	kx_secret: [u8; 32],
	kx_public: KxPublic,
	#[serde(with = "hex::serde")]
	peer_seed: [u8; 32],
	peer_id: PeerId,
	external_addresses: Vec<String>,
	#[serde(with = "hex::serde")]
	payload: Vec<u8>,
	#[serde(with = "hex::serde")]
	z: [u8; 64],
	proofs: Proofs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proofs {
	#[serde(with = "hex::serde")]
	registrant: [u8; 64],
	#[serde(with = "hex::serde")]
	possession: [u8; 64],
	#[serde(with = "hex::serde")]
	peer: [u8; 64],
}

fn page() -> String {
	fs::read_to_string(PAGE).expect("the page is in the repository")
}

fn vectors() -> Vectors {
	let page = page();
	let (_, json) = page.split_once("```json\n").expect("the page has the vectors");
	let (json, _) = json.split_once("```").expect("they end");
	serde_json::from_str(json).expect("and are what they are here")
}

/// A generator that gives Z, once.
struct Fixed(Option<[u8; 64]>);

impl RngCore for Fixed {
	fn next_u32(&mut self) -> u32 {
		unimplemented!("Z is drawn as a whole")
	}

	fn next_u64(&mut self) -> u64 {
		unimplemented!("Z is drawn as a whole")
	}

	fn fill_bytes(&mut self, bytes: &mut [u8]) {
		bytes.copy_from_slice(&self.0.take().expect("Z is drawn once"));
	}

	fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
		self.fill_bytes(bytes);
		Ok(())
	}
}

impl CryptoRng for Fixed {}

fn prove(secret: [u8; 32], z: [u8; 64], message: &[u8]) -> [u8; 64] {
	KxSecret::from_bytes(secret).prove_possession(&mut Fixed(Some(z)), message).0
}

fn ed25519_verify(signature: [u8; 64], message: &[u8], public: [u8; 32]) -> bool {
	VerificationKey::try_from(public).is_ok_and(|key| key.verify(&signature.into(), message).is_ok())
}

fn sr25519_verify(signature: [u8; 64], message: &[u8], public: [u8; 32]) -> bool {
	let signature = Signature::from_bytes(&signature).expect("a signature");
	PublicKey::from_bytes(&public).expect("a key").verify_simple(b"substrate", message, &signature).is_ok()
}

#[test]
fn proofs_of_possession_are_those_of_the_page() {
	let vectors = vectors().possession;
	assert!(vectors.iter().any(|vector| vector.sign == 0) && vectors.iter().any(|vector| vector.sign == 1));
	for vector in vectors {
		let public = KxSecret::from_bytes(vector.secret).public();
		assert_eq!(public, vector.kx_public);
		assert_eq!(public.possession_key(), Ok(vector.ed25519));
		let point = curve25519_dalek::EdwardsPoint::mul_base_clamped(vector.secret).compress().to_bytes();
		assert_eq!(point[31] >> 7, vector.sign);
		assert_eq!(prove(vector.secret, vector.z, &vector.message), vector.proof);
		assert!(ed25519_verify(vector.proof, &vector.message, vector.ed25519));
	}
}

#[test]
fn proofs_of_edge_cases_are_accepted_or_refused_as_the_page_says() {
	for Edge { what, kx_public, message, proof, accepted } in vectors().edges {
		let key = kx_public.possession_key().expect("a key that may be registered");
		assert_eq!(ed25519_verify(proof, &message, key), accepted, "{what}");
	}
}

#[test]
fn the_registration_of_the_page_has_its_payload_and_proofs() {
	let whole = vectors().registration;
	let registrant = MiniSecretKey::from_bytes(&whole.registrant_seed).unwrap();
	assert_eq!(registrant.expand_to_public(ExpansionMode::Ed25519).to_bytes(), whole.registrant.0);
	assert_eq!(KxSecret::from_bytes(whole.kx_secret).public(), whole.kx_public);
	let peer = SigningKey::from(whole.peer_seed);
	assert_eq!(<[u8; 32]>::from(VerificationKey::from(&peer)), whole.peer_id.0);

	let mixnode = Mixnode {
		kx_public: whole.kx_public,
		peer_id: whole.peer_id,
		external_addresses: whole.external_addresses.into_iter().map(String::into_bytes).collect(),
	};
	let possessed = mixnode.kx_public.possession_key().expect("may be registered");
	assert_eq!(mixnode.peer_id.check(), Ok(()));
	for address in &mixnode.external_addresses {
		assert!(check_address(address, &mixnode.peer_id).is_ok());
	}
	let registration = Registration {
		session_index: whole.session_index,
		registrant: whole.registrant,
		revision: whole.revision,
		mixnode,
	};
	let payload = registration.signing_payload(&whole.genesis_hash);
	assert_eq!(hex::encode(&payload), hex::encode(&whole.payload));

	let Proofs { registrant, possession, peer: by_peer } = whole.proofs;
	assert_eq!(prove(whole.kx_secret, whole.z, &payload), possession);
	assert_eq!(peer.sign(&payload).to_bytes(), by_peer);
	let verify_all = |payload: &[u8]| {
		[
			sr25519_verify(registrant, payload, registration.registrant.0),
			ed25519_verify(possession, payload, possessed),
			ed25519_verify(by_peer, payload, registration.mixnode.peer_id.0),
		]
	};
	assert_eq!(verify_all(&payload), [true; 3]);
	for bit in 0..8 * payload.len() {
		let mut wrong = payload.clone();
		wrong[bit / 8] ^= 1 << (bit % 8);
		assert_eq!(verify_all(&wrong), [false; 3], "{bit}");
	}
	let proofs = RegistrationProofs { registrant, possession, peer: by_peer };
	assert_eq!(proofs.encode(), [registrant, possession, by_peer].concat());
}

#[test]
fn refused_keys_and_peer_ids_are_refused_for_the_pages_reason() {
	let array = |bytes: &String| <[u8; 32]>::try_from(hex::decode(bytes).unwrap()).unwrap();
	let Vectors { refused_kx_publics, refused_peer_ids, .. } = vectors();
	for (bytes, why) in &refused_kx_publics {
		assert_eq!(format!("{:?}", KxPublic(array(bytes)).check()), format!("Err({why})"), "{bytes}");
	}
	for (bytes, why) in &refused_peer_ids {
		assert_eq!(format!("{:?}", PeerId(array(bytes)).check()), format!("Err({why})"), "{bytes}");
	}
	assert!(!refused_kx_publics.is_empty() && !refused_peer_ids.is_empty());
}

#[test]
fn the_page_names_every_refusal_with_its_code() {
	let page = page();
	let mut errors = (0..=u8::MAX).map_while(RegistrationError::from_code);
	assert!(errors.all(|error| page.contains(&format!("\n| {} | `{error:?}` |", error.code()))));
	// A refusal may be there twice, if it is checked twice.
	let rows: BTreeSet<u8> =
		page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | `")?.0.parse().ok()).collect();
	assert!(rows.into_iter().eq((0..=u8::MAX).filter(|code| RegistrationError::from_code(*code).is_some())));
}
