//! What is taken, what is refused, and why.

use crate::{
	mock::*, registration::invalid, Candidacies, Candidacy, CandidacyState, Error, Event, Operators, Rank, WeightInfo,
};
use codec::{Decode, Encode};
use frame_support::{assert_noop, assert_storage_noop, dispatch::GetDispatchInfo, traits::Authorize};
use frame_system::RawOrigin;
use mixnet_primitives::{
	KxPublic, Mixnode, PeerId, Registrant, Registration, RegistrationError, RegistrationProofs, Standing,
};
use sp_core::{Pair, H256};
use sp_runtime::{
	transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
	DispatchError,
};

/// The pool refuses it, and so does a block; neither leaves anything behind.
fn assert_not_authorized(registration: &Registration, proofs: &RegistrationProofs, error: RegistrationError) {
	let expected = TransactionValidityError::Invalid(invalid(error));
	assert_storage_noop!({
		assert_eq!(validate(registration.clone(), proofs.clone()), Err(expected));
		assert_eq!(apply_registration(registration.clone(), proofs.clone()), Err(expected));
	});
}

/// The registration is refused in the pool, in a block, and, wherever the origin may come from, by the call; and it
/// leaves nothing behind. All three proofs are right: they are `account`'s and those of the mixnode made from `n`.
fn assert_refused(account: u64, n: u64, registration: Registration, error: RegistrationError) {
	let proofs = prove(account, n, &registration);
	assert_not_authorized(&registration, &proofs, error);
	assert_noop!(Mixnet::register(RawOrigin::Authorized.into(), registration, proofs), Error::<Runtime>::from(error));
}

/// Refused as above, whose mixnode is made from `account` but for `change`.
fn assert_mixnode_refused(account: u64, change: impl FnOnce(&mut Mixnode), error: RegistrationError) {
	let mut changed = mixnode(account);
	change(&mut changed);
	assert_refused(account, account, registration(account, changed), error);
}

#[test]
fn a_registration_is_taken() {
	ext().execute_with(|| {
		run_to_block(5);
		register(3, 30);
		register(1, 10);
		let registered = |place, account| Event::MixnodeRegistered {
			session_index: 1,
			registrant: registrant(account),
			rank: Rank::BEST,
			standing: Standing::Elected(place),
			revision: 0,
		};
		assert_eq!(events(), [registered(0, 3), registered(1, 1)]);
		assert_eq!(next_registrations(), [(3, Some(0)), (1, Some(1))]);
		run_to_next_session();
		assert_eq!(events(), [Event::SessionStarted { session_index: 1, mixnodes: 2 }]);
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(30), mixnode(10)]));
	});
}

#[test]
fn a_registration_is_taken_until_the_last_block() {
	ext().execute_with(|| {
		run_to_block(19);
		register(0, 0);
		register(1, 1);
		next_block();
		assert_eq!(Mixnet::current_mixnodes().map(|mixnodes| mixnodes.len()), Ok(2));
	});
}

#[test]
fn a_registration_is_valid_wherever_it_comes_from() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let proofs = prove(0, 0, &registration);
		let call: RuntimeCall = crate::Call::register { registration, proofs }.into();
		for source in [TransactionSource::InBlock, TransactionSource::Local, TransactionSource::External] {
			assert!(call.authorize(source).expect("the call can be authorised").is_ok());
		}
	});
}

#[test]
fn the_pool_is_told_how_to_keep_a_registration() {
	ext().execute_with(|| {
		run_to_block(1);
		let valid = |account, n, registration: &Registration| {
			validate(registration.clone(), prove(account, n, registration)).expect("it is")
		};
		let first = registration(0, mixnode(0));
		let kept = valid(0, 0, &first);
		assert_eq!(kept.priority, REGISTRATION_PRIORITY);
		assert_eq!(kept.longevity, 20);
		assert!(kept.propagate);
		assert!(kept.requires.is_empty());
		assert_eq!(kept.provides, [(crate::REGISTRATION_TAG, (1u32, registrant(0), 0u8)).encode()]);

		// Another of the same registrant and number cannot be in the pool at the same time; those of others can, even
		// with the same mixnode: nobody can keep another's out.
		assert_eq!(valid(0, 1, &registration(0, mixnode(1))).provides, kept.provides);
		assert_ne!(valid(1, 0, &registration(1, mixnode(0))).provides, kept.provides);
		// Nor is it in the way of what replaces it.
		register(0, 0);
		assert_ne!(valid(0, 1, &registration(0, mixnode(1))).provides, kept.provides);
	});
}

#[test]
fn longevity_is_bounded() {
	Period::set(1000);
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		assert_eq!(validate(registration.clone(), prove(0, 0, &registration)).expect("it is").longevity, 64);
	});
}

#[test]
fn longevity_is_that_of_a_whole_mixnet_session() {
	SessionsPerMixnetSession::set(3);
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		assert_eq!(validate(registration.clone(), prove(0, 0, &registration)).expect("it is").longevity, 60);
	});
}

#[test]
fn stale_and_future_sessions_are_refused() {
	ext().execute_with(|| {
		run_to_next_session();
		let mut registration = registration(0, mixnode(0));
		for session_index in [0, 1] {
			registration.session_index = session_index;
			assert_refused(0, 0, registration.clone(), RegistrationError::StaleSession);
		}
		for session_index in [3, u32::MAX] {
			registration.session_index = session_index;
			assert_refused(0, 0, registration.clone(), RegistrationError::FutureSession);
		}
	});
}

#[test]
fn a_registration_cannot_be_kept_for_later() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let proofs = prove(0, 0, &registration);
		run_to_next_session();
		assert_not_authorized(&registration, &proofs, RegistrationError::StaleSession);
		// Nor do its proofs serve for another session.
		let moved = Registration { session_index: 2, ..registration };
		assert_not_authorized(&moved, &proofs, RegistrationError::BadRegistrantProof);
	});
}

#[test]
fn others_than_the_next_authorities_and_operators_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for account in [VALIDATORS, CANDIDATES, 1_000_000] {
			assert_refused(account, 0, registration(account, mixnode(0)), RegistrationError::NotARegistrant);
		}
		// A name that is no key of any scheme.
		let mut nobody = registration(0, mixnode(0));
		nobody.registrant = Registrant([0xff; 32]);
		assert_refused(0, 0, nobody, RegistrationError::NotARegistrant);
	});
}

#[test]
fn who_is_no_authority_any_more_is_refused() {
	ext().execute_with(|| {
		NextValidators::set(Some((1..VALIDATORS).collect()));
		run_to_next_session();
		// Account 0 is a validator still, but will be none in the session that registrations are for.
		assert!(Session::validators().contains(&0));
		assert_refused(0, 0, registration(0, mixnode(0)), RegistrationError::NotARegistrant);
		register(1, 1);
	});
}

#[test]
fn operators_that_may_not_stand_are_refused() {
	ext().execute_with(|| {
		run_to_next_session();
		run_to_next_session();
		bond(50, 1000);
		assert_refused(50, 50, registration(50, mixnode(50)), RegistrationError::OperatorTooRecent);
		MinBond::set(1001);
		assert_refused(50, 50, registration(50, mixnode(50)), RegistrationError::BondTooSmall);
		OperatorsEnabled::set(false);
		assert_refused(50, 50, registration(50, mixnode(50)), RegistrationError::OperatorsDisabled);
	});
}

#[test]
fn a_barred_registrant_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		register(1, 1);
		for account in [0, 1] {
			assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), registrant(account)), Ok(()));
			assert_refused(account, 7, registration(account, mixnode(7)), RegistrationError::Barred);
		}
	});
}

#[test]
fn a_number_that_is_not_due_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for revision in [1, 2, 255] {
			let early = Registration { revision, ..registration(0, mixnode(0)) };
			assert_refused(0, 0, early, RegistrationError::WrongRevision);
		}
		register(0, 0);
		for revision in [0, 2, 255] {
			let other = Registration { revision, ..registration(0, mixnode(1)) };
			assert_refused(0, 1, other, RegistrationError::WrongRevision);
		}
	});
}

#[test]
fn replacing_more_often_than_allowed_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for n in 0..3 {
			register(0, n);
		}
		assert_refused(0, 3, registration(0, mixnode(3)), RegistrationError::TooManyRevisions);
	});
}

/// An address of exactly this many bytes.
fn address(size: u32) -> Vec<u8> {
	let (host, port) = ("/dns/", "/tcp/30333");
	let name = "a".repeat(size as usize - host.len() - port.len());
	[host, &name, port].concat().into_bytes()
}

#[test]
fn addresses_at_the_bounds_are_taken_and_kept_as_they_are() {
	ext().execute_with(|| {
		run_to_block(1);
		let mut most = mixnode(0);
		most.external_addresses = vec![address(MAX_ADDRESS_SIZE); MAX_ADDRESSES as usize];
		let most = registration(0, most);
		assert_eq!(apply_registration(most.clone(), prove(0, 0, &most)), Ok(Ok(())));
		let mut none = mixnode(1);
		none.external_addresses.clear();
		let none = registration(1, none);
		assert_eq!(apply_registration(none.clone(), prove(1, 1, &none)), Ok(Ok(())));
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![most.mixnode, none.mixnode]));
	});
}

#[test]
fn more_addresses_than_allowed_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for count in [MAX_ADDRESSES + 1, 1000] {
			assert_mixnode_refused(
				0,
				|mixnode| mixnode.external_addresses = vec![address(20); count as usize],
				RegistrationError::TooManyAddresses,
			);
		}
	});
}

#[test]
fn a_longer_address_than_allowed_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for size in [MAX_ADDRESS_SIZE + 1, 65] {
			assert_mixnode_refused(
				0,
				|mixnode| mixnode.external_addresses.push(address(size)),
				RegistrationError::AddressTooLong,
			);
		}
		assert_mixnode_refused(
			0,
			|mixnode| mixnode.external_addresses.push(vec![b'/'; 100_000]),
			RegistrationError::AddressTooLong,
		);
	});
}

/// One of several is enough, and the others are not taken without it.
#[test]
fn an_address_that_leads_nowhere_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for address in [
			&b""[..],
			b"\xff\xfe",
			b"/ip4/\x80",
			b"192.0.2.1:30333",
			b"/tcp/30333",
			b"/ip4/192.0.2.256/tcp/30333",
			b"/ip4/192.0.2.1/tcp/65536",
			b"/ip4/192.0.2.1/tcp/30333/",
			b"/ip4/192.0.2.1/tcp/30333/p2p-circuit",
		] {
			for place in [0, 1] {
				assert_mixnode_refused(
					0,
					|mixnode| mixnode.external_addresses.insert(place, address.to_vec()),
					RegistrationError::BadAddress,
				);
			}
		}
	});
}

#[test]
fn an_address_may_name_the_mixnode_itself_but_no_other() {
	ext().execute_with(|| {
		run_to_block(1);
		let of = |n: u64| [&b"/dns/a/p2p/"[..], &mixnode(n).peer_id.to_base58()].concat();
		assert_mixnode_refused(0, |mixnode| mixnode.external_addresses = vec![of(1)], RegistrationError::BadAddress);
		let mut own = mixnode(0);
		own.external_addresses = vec![of(0)];
		let own = registration(0, own);
		assert_eq!(apply_registration(own.clone(), prove(0, 0, &own)), Ok(Ok(())));
	});
}

#[test]
fn keys_that_are_useless_or_written_in_another_way_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let mut high_bit = mixnode(0).kx_public.0;
		high_bit[31] |= 0x80;
		let mut one = [0; 32];
		one[0] = 1;
		let mut minus_one = [0xff; 32];
		minus_one[0] = 0xec;
		minus_one[31] = 0x7f;
		let mut prime = minus_one;
		prime[0] = 0xed;
		// On the twist: no secret has this key.
		let mut two = [0; 32];
		two[0] = 2;
		for bytes in [[0; 32], one, minus_one, prime, [0xff; 32], high_bit, two] {
			assert_mixnode_refused(0, |mixnode| mixnode.kx_public = KxPublic(bytes), RegistrationError::BadKxPublic);
		}
	});
}

#[test]
fn peer_ids_that_are_no_key_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let mut no_point = [0; 32];
		no_point[0] = 2;
		let mut small_order = [0; 32];
		small_order[0] = 1;
		for bytes in [no_point, small_order, [0; 32], [0xff; 32]] {
			assert_mixnode_refused(0, |mixnode| mixnode.peer_id = PeerId(bytes), RegistrationError::BadPeerId);
		}
	});
}

#[test]
fn a_key_and_a_peer_id_are_one_registrants_alone() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		let key = mixnode(0).kx_public;
		let peer_id = mixnode(0).peer_id;
		assert_mixnode_refused(1, |mixnode| mixnode.kx_public = key, RegistrationError::KxPublicTaken);
		assert_mixnode_refused(1, |mixnode| mixnode.peer_id = peer_id, RegistrationError::PeerIdTaken);
		// Even by one who has both secrets, and could prove it.
		assert_refused(1, 0, registration(1, mixnode(0)), RegistrationError::KxPublicTaken);
		// But for that session only.
		register(1, 1);
		run_to_next_session();
		register(1, 0);
	});
}

#[test]
fn a_mixnode_of_the_current_session_may_change_hands_in_the_next() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		register(1, 1);
		run_to_next_session();
		register(0, 1);
		register(1, 0);
		run_to_next_session();
		assert_eq!(Mixnet::prev_mixnodes(), Ok(vec![mixnode(0), mixnode(1)]));
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(1), mixnode(0)]));
	});
}

#[test]
fn a_rank_that_is_not_better_than_all_others_is_refused() {
	MaxMixnodes::set(3);
	MaxStandbys::set(1);
	ext().execute_with(|| {
		run_to_block(1);
		for account in 0..4 {
			register(account, account);
		}
		assert_refused(4, 4, registration(4, mixnode(4)), RegistrationError::RankTooLow);
		// Who is in may still replace its own.
		register(3, 5);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes().map(|mixnodes| mixnodes.len()), Ok(3));
		register(4, 4);
	});
}

/// Each of the proofs, with the error that tells of it, and how to put another in its place.
const PROOFS: [(RegistrationError, fn(&mut RegistrationProofs) -> &mut [u8; 64]); 3] = [
	(RegistrationError::BadRegistrantProof, |proofs| &mut proofs.registrant),
	(RegistrationError::BadPossessionProof, |proofs| &mut proofs.possession),
	(RegistrationError::BadPeerProof, |proofs| &mut proofs.peer),
];

/// The three proofs of a message, by an account and with the secrets of mixnode `n`.
fn sign(account: u64, n: u64, message: &[u8]) -> RegistrationProofs {
	let signature: sp_core::sr25519::Signature = authority_pair(account).sign(message).into();
	RegistrationProofs {
		registrant: signature.0,
		possession: prove_possession(n, message),
		peer: peer_pair(n).sign(message).0,
	}
}

/// Refused with each of the three proofs taken from `wrong` and the others right.
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
			// Another session, registrant, number, or mixnode in each of its fields.
			payload(|other| other.session_index = 2),
			payload(|other| other.registrant = registrant(1)),
			payload(|other| other.revision = 1),
			payload(|other| other.mixnode.kx_public = mixnode(1).kx_public),
			payload(|other| other.mixnode.peer_id = mixnode(1).peer_id),
			payload(|other| other.mixnode.external_addresses.clear()),
			payload(|other| other.mixnode.external_addresses[0][5] ^= 1),
			payload(|other| other.mixnode.external_addresses.push(b"/dns/example.com".to_vec())),
			// Another chain, another purpose, and things that are not the payload at all.
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
			assert_each_proof_refused(0, 0, &registration, &sign(0, 0, &message));
		}
		// What anyone can compute from the specification is what the pallet verifies.
		assert_eq!(apply_registration(registration, sign(0, 0, &right)), Ok(Ok(())));
	});
}

#[test]
fn a_proof_of_anothers_key_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let others = sign(1, 1, &registration.signing_payload(&GENESIS_HASH));
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

/// Who sees a registration in the pool can make nothing of it: the key and the peer ID in it are worth nothing without
/// their secrets.
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

		// What the copier can sign itself, and the proofs that it saw where it cannot.
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
		// Before its owner has registered it..
		for (copy, proofs, error) in &copies {
			assert_not_authorized(copy, proofs, *error);
		}
		// ..which the attempts are no obstacle to, or after.
		assert_eq!(apply_registration(seen.clone(), seen_proofs.clone()), Ok(Ok(())));
		for (copy, proofs, _) in &copies[..6] {
			let error = match copy.mixnode.kx_public == seen.mixnode.kx_public {
				true => RegistrationError::KxPublicTaken,
				false => RegistrationError::PeerIdTaken,
			};
			assert_not_authorized(copy, proofs, error);
		}
		// And once is enough.
		assert_not_authorized(&seen, &seen_proofs, RegistrationError::WrongRevision);
	});
}

#[test]
fn the_genesis_hash_is_never_forgotten() {
	Period::set(5);
	ext().execute_with(|| {
		// Far beyond `BlockHashCount`.
		run_to_block(101);
		let registration = registration(0, mixnode(0));
		let proofs = sign(0, 0, &registration.signing_payload(&GENESIS_HASH));
		assert_eq!(apply_registration(registration, proofs), Ok(Ok(())));
	});
}

/// Cheap checks come first: a registration with everything wrong is refused for the first reason, then the second...
#[test]
fn checks_come_in_the_documented_order() {
	MaxMixnodes::set(2);
	MaxStandbys::set(0);
	OperatorsEnabled::set(true);
	ext().execute_with(|| {
		run_to_next_session();
		run_to_next_session();
		register(0, 0);
		register(1, 1);

		// An operator without a bond, who is barred, and has registered too often.
		let account = 50;
		let mut wrong = registration(account, mixnode(0));
		wrong.session_index = 2;
		wrong.revision = 9;
		wrong.mixnode.kx_public = KxPublic([0; 32]);
		wrong.mixnode.peer_id = PeerId([0xff; 32]);
		wrong.mixnode.external_addresses = vec![vec![b'a'; MAX_ADDRESS_SIZE as usize + 1]; MAX_ADDRESSES as usize + 1];
		let known = |registrations, state| {
			Candidacies::<Runtime>::insert(3, registrant(account), Candidacy { registrations, state });
		};
		known(3, CandidacyState::Barred);
		let proofs = |signed: &[RegistrationError], wrong: &Registration| {
			let right = prove(account, 2, wrong);
			let mut proofs = RegistrationProofs { registrant: [0; 64], possession: [0; 64], peer: [0; 64] };
			for (error, proof) in PROOFS {
				if signed.contains(&error) {
					*proof(&mut proofs) = *proof(&mut right.clone());
				}
			}
			proofs
		};
		use RegistrationError::*;
		let check = |wrong: &Registration, error| assert_not_authorized(wrong, &proofs(&[], wrong), error);

		// The session.
		check(&wrong, StaleSession);
		wrong.session_index = 4;
		check(&wrong, FutureSession);
		wrong.session_index = 3;

		// The registrant.
		check(&wrong, NotARegistrant);
		bond(account, 1000);
		OperatorsEnabled::set(false);
		MinBond::set(1001);
		check(&wrong, OperatorsDisabled);
		OperatorsEnabled::set(true);
		check(&wrong, BondTooSmall);
		MinBond::set(1000);
		check(&wrong, OperatorTooRecent);
		Operators::<Runtime>::mutate(account, |operator| operator.as_mut().expect("bonded").key_since = 0);

		// Whether it may register once more.
		check(&wrong, Barred);
		known(3, CandidacyState::Out);
		check(&wrong, TooManyRevisions);
		known(2, CandidacyState::Out);
		check(&wrong, WrongRevision);
		wrong.revision = 2;

		// The addresses.
		check(&wrong, TooManyAddresses);
		wrong.mixnode.external_addresses.truncate(MAX_ADDRESSES as usize);
		check(&wrong, AddressTooLong);
		wrong.mixnode.external_addresses.iter_mut().for_each(|address| address.truncate(MAX_ADDRESS_SIZE as usize));
		check(&wrong, BadAddress);
		wrong.mixnode.external_addresses.clear();

		// Key and peer ID, by themselves and among the others'.
		check(&wrong, BadKxPublic);
		wrong.mixnode.kx_public = mixnode(0).kx_public;
		check(&wrong, BadPeerId);
		wrong.mixnode.peer_id = mixnode(1).peer_id;
		check(&wrong, KxPublicTaken);
		wrong.mixnode.kx_public = mixnode(2).kx_public;
		check(&wrong, PeerIdTaken);
		wrong.mixnode.peer_id = mixnode(2).peer_id;

		// The rank.
		check(&wrong, RankTooLow);
		MaxMixnodes::set(3);

		// The proofs.
		check(&wrong, BadRegistrantProof);
		assert_not_authorized(&wrong, &proofs(&[BadRegistrantProof], &wrong), BadPossessionProof);
		assert_not_authorized(&wrong, &proofs(&[BadRegistrantProof, BadPossessionProof], &wrong), BadPeerProof);
		let all = proofs(&[BadRegistrantProof, BadPossessionProof, BadPeerProof], &wrong);
		assert_eq!(apply_registration(wrong, all), Ok(Ok(())));
	});
}

#[test]
fn other_origins_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let proofs = prove(0, 0, &registration);
		for origin in [RawOrigin::None, RawOrigin::Root, RawOrigin::Signed(0)] {
			assert_noop!(
				Mixnet::register(origin.into(), registration.clone(), proofs.clone()),
				DispatchError::BadOrigin
			);
		}
	});
}

/// Codes are part of what wallets and nodes see; they must not move.
#[test]
fn refusals_keep_their_codes() {
	use RegistrationError::*;
	assert_eq!(invalid(StaleSession), InvalidTransaction::Stale);
	assert_eq!(invalid(FutureSession), InvalidTransaction::Future);
	for (code, error) in [
		(2, NotARegistrant),
		(3, OperatorsDisabled),
		(4, BondTooSmall),
		(5, OperatorTooRecent),
		(6, Barred),
		(7, WrongRevision),
		(8, TooManyRevisions),
		(9, TooManyAddresses),
		(10, AddressTooLong),
		(11, BadAddress),
		(12, BadKxPublic),
		(13, BadPeerId),
		(14, KxPublicTaken),
		(15, PeerIdTaken),
		(16, RankTooLow),
		(17, BadRegistrantProof),
		(18, BadPossessionProof),
		(19, BadPeerProof),
	] {
		assert_eq!(invalid(error), InvalidTransaction::Custom(code));
	}
}

#[test]
fn an_error_has_one_name_and_one_number_in_the_pool_and_in_a_block() {
	for code in 0..20 {
		let error = RegistrationError::from_code(code).expect("there are twenty");
		let in_block = Error::<Runtime>::from(error);
		assert_eq!(format!("{in_block:?}"), format!("{error:?}"));
		let DispatchError::Module(module) = in_block.into() else { panic!("a pallet's error is one") };
		assert_eq!(module.error, [code, 0, 0, 0]);
	}
	assert_eq!(RegistrationError::from_code(20), None);
}

#[test]
fn a_registration_is_weighed_with_its_authorisation_by_its_addresses() {
	ext().execute_with(|| {
		run_to_block(1);
		for addresses in [0, 1, 4, 50] {
			let mut mixnode = mixnode(0);
			mixnode.external_addresses = vec![b"/dns/example.com".to_vec(); addresses as usize];
			let registration = registration(0, mixnode);
			let proofs = prove(0, 0, &registration);
			let info = extrinsic(registration, proofs).get_dispatch_info();
			assert_eq!(info.call_weight, <() as WeightInfo>::register(addresses));
			assert_eq!(info.extension_weight, <() as WeightInfo>::authorize_register(addresses));
		}
	});
}

#[test]
fn a_mixnode_is_bounded_whole_or_not_at_all() {
	use crate::OutOfBounds;
	let bound = |addresses: Vec<Vec<u8>>| {
		let mut mixnode = mixnode(0);
		mixnode.external_addresses = addresses;
		crate::BoundedMixnodeFor::<Runtime>::try_from(mixnode.clone()).map(|bounded| {
			assert_eq!(bounded.encode(), mixnode.encode());
			assert_eq!(crate::BoundedMixnodeFor::<Runtime>::decode(&mut &mixnode.encode()[..]), Ok(bounded.clone()));
			assert_eq!(Mixnode::from(bounded), mixnode);
		})
	};
	assert_eq!(bound(vec![]), Ok(()));
	assert_eq!(bound(vec![vec![b'a'; 64]; 4]), Ok(()));
	assert_eq!(bound(vec![vec![b'a'; 64]; 5]), Err(OutOfBounds::TooManyAddresses { found: 5, max: 4 }));
	let too_long = OutOfBounds::AddressTooLong { index: 1, size: 65, max: 64 };
	assert_eq!(bound(vec![vec![b'a'; 64], vec![b'a'; 65]]), Err(too_long));
}
