//! The three proofs are valid for one registration only, and nobody can use another's.

use super::{assert_not_authorized, PROOFS};
use crate::mock::*;
use codec::Encode;
use mixnet_primitives::{Registration, RegistrationError, RegistrationProofs};
use sp_core::H256;

/// Asserts that a registration is refused if any one of the three proofs is the one of `wrong`.
fn assert_each_proof_refused(account: u64, n: u64, registration: &Registration, wrong: &RegistrationProofs) {
	for (error, proof) in PROOFS {
		let mut proofs = prove(account, n, registration);
		*proof(&mut proofs) = *proof(&mut wrong.clone());
		assert_not_authorized(registration, &proofs, error);
	}
}

#[test]
fn a_proof_of_anything_else_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let payload = |change: fn(&mut Registration)| {
			let mut other = registration.clone();
			change(&mut other);
			other.signing_payload(&GENESIS_HASH)
		};
		let right = payload(|_| ());
		let mut former_domain = right.clone();
		former_domain[21] = b'1';
		for message in [
			// Another session, registrant, revision, or any other field of the mixnode.
			payload(|other| other.session_index = 2),
			payload(|other| other.registrant = registrant(1)),
			payload(|other| other.revision = 1),
			payload(|other| other.mixnode.kx_public = mixnode(1).kx_public),
			payload(|other| other.mixnode.peer_id = mixnode(1).peer_id),
			payload(|other| other.mixnode.external_addresses.clear()),
			payload(|other| other.mixnode.external_addresses[0][5] ^= 1),
			payload(|other| other.mixnode.external_addresses.push(b"/dns/example.com".to_vec())),
			// Another chain, another purpose, and messages that are no payload at all.
			registration.signing_payload(&H256::zero()),
			former_domain,
			right[22..].to_vec(),
			right[1..].to_vec(),
			[&right[..], &[0]].concat(),
			sp_io::hashing::blake2_256(&right).to_vec(),
			registration.encode(),
			Vec::new(),
		] {
			assert_ne!(message, right);
			assert_each_proof_refused(0, 0, &registration, &sign_registration(0, 0, &message));
		}
		// The pallet verifies what anyone can compute from the specification.
		assert_eq!(apply_registration(registration, sign_registration(0, 0, &right)), Ok(Ok(())));
	});
}

#[test]
fn a_proof_of_anothers_key_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let others = sign_registration(1, 1, &registration.signing_payload(&GENESIS_HASH));
		assert_each_proof_refused(0, 0, &registration, &others);
	});
}

#[test]
fn a_proof_with_any_byte_changed_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		for index in 0..64 {
			let mut changed = prove(0, 0, &registration);
			for (_, proof) in PROOFS {
				proof(&mut changed)[index] ^= 1;
			}
			assert_each_proof_refused(0, 0, &registration, &changed);
		}
		for bytes in [[0; 64], [0xff; 64]] {
			let same = RegistrationProofs { registrant: bytes, possession: bytes, peer: bytes };
			assert_each_proof_refused(0, 0, &registration, &same);
		}
	});
}

#[test]
fn proofs_in_each_others_places_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let RegistrationProofs { registrant: a, possession: b, peer: c } = prove(0, 0, &registration);
		use RegistrationError::{BadPossessionProof, BadRegistrantProof};
		for (registrant, possession, peer, error) in [
			(a, c, b, BadPossessionProof),
			(b, a, c, BadRegistrantProof),
			(c, b, a, BadRegistrantProof),
			(b, c, a, BadRegistrantProof),
			(c, a, b, BadRegistrantProof),
		] {
			assert_not_authorized(&registration, &RegistrationProofs { registrant, possession, peer }, error);
		}
	});
}

/// A registration that somebody sees in the pool is worth nothing to it: its key and its peer ID need their secrets.
#[test]
fn a_key_or_peer_id_that_was_copied_cannot_be_registered() {
	ext().execute_with(|| {
		run_to_block(1);
		let seen = registration(0, mixnode(0));
		let seen_proofs = prove(0, 0, &seen);

		let mut with_key = mixnode(1);
		with_key.kx_public = seen.mixnode.kx_public;
		let with_key = registration(1, with_key);
		let mut with_peer_id = mixnode(1);
		with_peer_id.peer_id = seen.mixnode.peer_id;
		let with_peer_id = registration(1, with_peer_id);
		let with_both = registration(1, mixnode(0));
		let in_its_name = registration(0, with_key.mixnode.clone());

		// The copier signs what it can itself, and takes the other proofs from what it saw.
		let own = |registration: &Registration| prove(1, 1, registration);
		let seen_possession = |proofs| RegistrationProofs { possession: seen_proofs.possession, ..proofs };
		let seen_peer = |proofs| RegistrationProofs { peer: seen_proofs.peer, ..proofs };
		let copies = [
			(&with_key, own(&with_key), RegistrationError::BadPossessionProof),
			(&with_key, seen_possession(own(&with_key)), RegistrationError::BadPossessionProof),
			(&with_peer_id, own(&with_peer_id), RegistrationError::BadPeerProof),
			(&with_peer_id, seen_peer(own(&with_peer_id)), RegistrationError::BadPeerProof),
			(&with_both, seen_peer(seen_possession(own(&with_both))), RegistrationError::BadPossessionProof),
			(&with_both, seen_proofs.clone(), RegistrationError::BadRegistrantProof),
			(&in_its_name, own(&in_its_name), RegistrationError::BadRegistrantProof),
		];
		// Copies are refused before the owner has registered,
		for (copy, proofs, error) in &copies {
			assert_not_authorized(copy, proofs, *error);
		}
		// and afterwards. They do not keep the owner from registering.
		assert_eq!(apply_registration(seen.clone(), seen_proofs.clone()), Ok(Ok(())));
		for (copy, proofs, _) in &copies[..6] {
			let error = match copy.mixnode.kx_public == seen.mixnode.kx_public {
				true => RegistrationError::KxPublicTaken,
				false => RegistrationError::PeerIdTaken,
			};
			assert_not_authorized(copy, proofs, error);
		}
		// A registration cannot be used twice.
		assert_not_authorized(&seen, &seen_proofs, RegistrationError::WrongRevision);
	});
}
