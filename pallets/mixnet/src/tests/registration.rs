//! What is taken, what is refused, and why.

use crate::{mock::*, Error, Event, NextRegistered, OutOfBounds, RegistrationFor, WeightInfo};
use codec::{Decode, Encode};
use frame_support::{assert_noop, dispatch::GetDispatchInfo};
use frame_system::RawOrigin;
use mixnet_primitives::{KxPublic, Mixnode, RegistrationPayload};
use sp_core::{Pair, H256};
use sp_runtime::{
	transaction_validity::{InvalidTransaction, TransactionValidityError},
	DispatchError,
};

/// The registration is refused in the pool, in a block, and, wherever the origin may come from, by the call; and it
/// leaves nothing behind.
fn assert_refused(
	account: u64,
	registration: RegistrationFor<Runtime>,
	error: Error<Runtime>,
	code: InvalidTransaction,
) {
	let signature = sign(account, &registration);
	let invalid = TransactionValidityError::Invalid(code);
	assert_eq!(validate(registration.clone(), signature.clone()), Err(invalid));
	assert_eq!(apply_registration(registration.clone(), signature.clone()), Err(invalid));
	assert_noop!(Mixnet::register(RawOrigin::Authorized.into(), registration, signature), error);
}

fn custom(error: Error<Runtime>) -> InvalidTransaction {
	let DispatchError::Module(module) = error.into() else { panic!("a pallet's error is one") };
	InvalidTransaction::Custom(module.error[0])
}

#[test]
fn a_registration_is_taken() {
	ext().execute_with(|| {
		run_to_block(5);
		register(3, mixnode(30));
		register(1, mixnode(10));
		let registered = |mixnode_index, account| Event::MixnodeRegistered {
			session_index: 1,
			mixnode_index,
			registrant: authority(account),
		};
		assert_eq!(events(), [registered(0, 3), registered(1, 1)]);
		assert_eq!(NextRegistered::<Runtime>::get(), 2);
		run_to_next_session();
		assert_eq!(events(), [Event::SessionStarted { session_index: 1, mixnodes: 2 }]);
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(30), mixnode(10)]));
	});
}

#[test]
fn a_registration_is_taken_until_the_last_block() {
	ext().execute_with(|| {
		run_to_block(19);
		register(0, mixnode(0));
		register(1, mixnode(1));
		next_block();
		assert_eq!(Mixnet::current_mixnodes().map(|mixnodes| mixnodes.len()), Ok(2));
	});
}

#[test]
fn the_pool_is_told_how_to_keep_a_registration() {
	ext().execute_with(|| {
		run_to_block(1);
		let first = registration(0, mixnode(0));
		let valid = validate(first.clone(), sign(0, &first)).expect("it is");
		assert_eq!(valid.priority, REGISTRATION_PRIORITY);
		assert_eq!(valid.longevity, 20);
		assert!(valid.propagate);
		assert!(valid.requires.is_empty());
		assert_eq!(valid.provides, [(crate::REGISTRATION_TAG, (1u32, authority(0))).encode()]);

		// Another of the same registrant cannot be in the pool at the same time; those of others can.
		let another = registration(0, mixnode(1));
		assert_eq!(validate(another.clone(), sign(0, &another)).expect("it is").provides, valid.provides);
		let other = registration(1, mixnode(0));
		assert_ne!(validate(other.clone(), sign(1, &other)).expect("it is").provides, valid.provides);
	});
}

#[test]
fn longevity_is_bounded() {
	Period::set(1000);
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		assert_eq!(validate(registration.clone(), sign(0, &registration)).expect("it is").longevity, 64);
	});
}

#[test]
fn stale_and_future_sessions_are_refused() {
	ext().execute_with(|| {
		run_to_next_session();
		let mut registration = registration(0, mixnode(0));
		for session_index in [0, 1] {
			registration.session_index = session_index;
			assert_refused(0, registration.clone(), Error::StaleSession, InvalidTransaction::Stale);
		}
		for session_index in [3, u32::MAX] {
			registration.session_index = session_index;
			assert_refused(0, registration.clone(), Error::FutureSession, InvalidTransaction::Future);
		}
	});
}

#[test]
fn a_registration_cannot_be_kept_for_later() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let signature = sign(0, &registration);
		run_to_next_session();
		let stale = Err(TransactionValidityError::Invalid(InvalidTransaction::Stale));
		assert_eq!(apply_registration(registration.clone(), signature.clone()), stale);
		// Nor does its signature serve for another session.
		let moved = RegistrationFor::<Runtime> { session_index: 2, ..registration };
		let bad_proof = Err(TransactionValidityError::Invalid(InvalidTransaction::BadProof));
		assert_eq!(apply_registration(moved, signature), bad_proof);
	});
}

#[test]
fn others_than_the_next_authorities_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let outsider = registration(VALIDATORS, mixnode(0));
		assert_refused(VALIDATORS, outsider, Error::NotAnAuthority, InvalidTransaction::BadSigner);

		// A validator whose last session this is cannot either.
		NextValidators::set(Some(vec![0, 1, 2]));
		run_to_next_session();
		assert!(Session::validators().contains(&3));
		assert_refused(3, registration(3, mixnode(3)), Error::NotAnAuthority, InvalidTransaction::BadSigner);
		register(2, mixnode(2));
	});
}

#[test]
fn a_second_registration_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, mixnode(0));
		let code = custom(Error::AlreadyRegistered);
		assert_refused(0, registration(0, mixnode(0)), Error::AlreadyRegistered, code);
		assert_refused(0, registration(0, mixnode(1)), Error::AlreadyRegistered, code);
		run_to_next_session();
		register(0, mixnode(0));
	});
}

#[test]
fn a_key_or_peer_id_that_is_taken_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, mixnode(0));
		let mut same_key = mixnode(1);
		same_key.kx_public = mixnode(0).kx_public;
		assert_refused(1, registration(1, same_key), Error::KxPublicTaken, custom(Error::KxPublicTaken));
		let mut same_peer = mixnode(1);
		same_peer.peer_id = mixnode(0).peer_id;
		assert_refused(1, registration(1, same_peer), Error::PeerIdTaken, custom(Error::PeerIdTaken));
		register(1, mixnode(1));
		// They are taken for that session only.
		run_to_next_session();
		register(1, mixnode(0));
	});
}

#[test]
fn useless_keys_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let mut high_bit = mixnode(0).kx_public.0;
		high_bit[31] |= 0x80;
		let mut minus_one = [0xff; 32];
		minus_one[0] = 0xec;
		minus_one[31] = 0x7f;
		for bytes in [[0; 32], minus_one, [0xff; 32], high_bit] {
			let mut bad = mixnode(0);
			bad.kx_public = KxPublic(bytes);
			assert_refused(0, registration(0, bad), Error::BadKxPublic, custom(Error::BadKxPublic));
		}
	});
}

#[test]
fn addresses_that_are_not_text_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for address in [&b""[..], b"\xff\xfe", b"/ip4/\x80"] {
			let mut bad = mixnode(0);
			bad.external_addresses.push(address.to_vec());
			assert_refused(0, registration(0, bad), Error::BadExternalAddress, custom(Error::BadExternalAddress));
		}
		let mut none = mixnode(0);
		none.external_addresses.clear();
		register(0, none);
	});
}

#[test]
fn addresses_beyond_the_bounds_do_not_decode() {
	let encoded = |addresses: Vec<Vec<u8>>| {
		let mut mixnode = mixnode(0);
		mixnode.external_addresses = addresses;
		(1u32, authority(0), mixnode).encode()
	};
	let decodes = |encoded: Vec<u8>| RegistrationFor::<Runtime>::decode(&mut &encoded[..]).is_ok();
	let longest = vec![b'a'; MAX_ADDRESS_SIZE as usize];
	assert!(decodes(encoded(vec![longest.clone(); MAX_ADDRESSES as usize])));
	assert!(!decodes(encoded(vec![longest; MAX_ADDRESSES as usize + 1])));
	assert!(!decodes(encoded(vec![vec![b'a'; MAX_ADDRESS_SIZE as usize + 1]])));
}

#[test]
fn a_mixnode_is_bounded_whole_or_not_at_all() {
	let bound = |addresses: Vec<Vec<u8>>| {
		let mut mixnode = mixnode(0);
		mixnode.external_addresses = addresses;
		crate::BoundedMixnodeFor::<Runtime>::try_from(mixnode.clone()).map(|bounded| {
			assert_eq!(bounded.encode(), mixnode.encode());
			assert_eq!(Mixnode::from(bounded), mixnode);
		})
	};
	assert_eq!(bound(vec![]), Ok(()));
	assert_eq!(bound(vec![vec![b'a'; 64]; 4]), Ok(()));
	assert_eq!(bound(vec![vec![b'a'; 64]; 5]), Err(OutOfBounds::TooManyAddresses { found: 5, max: 4 }));
	let too_long = OutOfBounds::AddressTooLong { index: 1, size: 65, max: 64 };
	assert_eq!(bound(vec![vec![b'a'; 64], vec![b'a'; 65]]), Err(too_long));
}

#[test]
fn a_full_session_takes_no_more() {
	MaxMixnodes::set(3);
	ext().execute_with(|| {
		run_to_block(1);
		for account in 0..3 {
			register(account, mixnode(account));
		}
		assert_refused(3, registration(3, mixnode(3)), Error::SessionFull, custom(Error::SessionFull));
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes().map(|mixnodes| mixnodes.len()), Ok(3));
		register(3, mixnode(3));
	});
}

#[test]
fn a_wrong_signature_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let bad_proof = TransactionValidityError::Invalid(InvalidTransaction::BadProof);
		let payload = |genesis_hash: H256, session_index: u32, account: u64, n: u64| {
			RegistrationPayload::new(&genesis_hash, session_index, &authority(account), &mixnode(n)).encode()
		};
		let refused = |signer: u64, message: &[u8]| {
			let signature = authority_pair(signer).sign(message);
			assert_eq!(validate(registration.clone(), signature.clone()), Err(bad_proof));
			assert_eq!(apply_registration(registration.clone(), signature), Err(bad_proof));
		};
		// Another signer, chain, session, registrant or mixnode; or not the payload at all.
		refused(1, &payload(GENESIS_HASH, 1, 0, 0));
		refused(0, &payload(H256::zero(), 1, 0, 0));
		refused(0, &payload(GENESIS_HASH, 2, 0, 0));
		refused(0, &payload(GENESIS_HASH, 1, 1, 0));
		refused(0, &payload(GENESIS_HASH, 1, 0, 1));
		refused(0, &registration.encode());
		refused(0, &payload(GENESIS_HASH, 1, 0, 0)[22..]);

		// What anyone can compute from the specification is what the pallet verifies.
		let signature = authority_pair(0).sign(&payload(GENESIS_HASH, 1, 0, 0));
		assert_eq!(apply_registration(registration, signature), Ok(Ok(())));
	});
}

#[test]
fn the_genesis_hash_is_never_forgotten() {
	Period::set(5);
	ext().execute_with(|| {
		// Far beyond `BlockHashCount`.
		run_to_block(101);
		let registration = registration(0, mixnode(0));
		let payload =
			RegistrationPayload::new(&GENESIS_HASH, registration.session_index, &authority(0), &mixnode(0)).encode();
		assert_eq!(apply_registration(registration, authority_pair(0).sign(&payload)), Ok(Ok(())));
	});
}

/// Cheap checks come first: a registration with everything wrong is refused for the first reason, then the second...
#[test]
fn checks_come_in_the_documented_order() {
	MaxMixnodes::set(2);
	ext().execute_with(|| {
		run_to_next_session();
		register(0, mixnode(0));
		register(1, mixnode(1));
		let mut wrong = registration(VALIDATORS, mixnode(0));
		wrong.session_index = 0;
		wrong.mixnode.kx_public = KxPublic([0; 32]);
		wrong.mixnode.external_addresses[0].clear();
		let check = |wrong: &RegistrationFor<Runtime>| {
			let signature = sign(5, wrong);
			match validate(wrong.clone(), signature) {
				Err(TransactionValidityError::Invalid(code)) => code,
				other => panic!("{other:?}"),
			}
		};

		assert_eq!(check(&wrong), InvalidTransaction::Stale);
		wrong.session_index = 2;
		assert_eq!(check(&wrong), custom(Error::BadKxPublic));
		wrong.mixnode.kx_public = mixnode(0).kx_public;
		assert_eq!(check(&wrong), custom(Error::BadExternalAddress));
		wrong.mixnode.external_addresses.clear();
		assert_eq!(check(&wrong), custom(Error::SessionFull));
		MaxMixnodes::set(3);
		assert_eq!(check(&wrong), InvalidTransaction::BadSigner);
		wrong.registrant = authority(0);
		assert_eq!(check(&wrong), custom(Error::AlreadyRegistered));
		wrong.registrant = authority(2);
		assert_eq!(check(&wrong), custom(Error::KxPublicTaken));
		wrong.mixnode.kx_public = mixnode(2).kx_public;
		assert_eq!(check(&wrong), custom(Error::PeerIdTaken));
		wrong.mixnode.peer_id = mixnode(2).peer_id;
		assert_eq!(check(&wrong), InvalidTransaction::BadProof);
		assert_eq!(apply_registration(wrong.clone(), sign(2, &wrong)), Ok(Ok(())));
	});
}

#[test]
fn other_origins_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let signature = sign(0, &registration);
		for origin in [RawOrigin::None, RawOrigin::Root, RawOrigin::Signed(0)] {
			assert_noop!(
				Mixnet::register(origin.into(), registration.clone(), signature.clone()),
				DispatchError::BadOrigin
			);
		}
	});
}

/// Codes are part of what wallets and nodes see; they must not move.
#[test]
fn refusals_keep_their_codes() {
	let code = |error: Error<Runtime>| InvalidTransaction::from(error);
	assert_eq!(code(Error::StaleSession), InvalidTransaction::Stale);
	assert_eq!(code(Error::FutureSession), InvalidTransaction::Future);
	assert_eq!(code(Error::BadKxPublic), InvalidTransaction::Custom(2));
	assert_eq!(code(Error::BadExternalAddress), InvalidTransaction::Custom(3));
	assert_eq!(code(Error::SessionFull), InvalidTransaction::Custom(4));
	assert_eq!(code(Error::NotAnAuthority), InvalidTransaction::BadSigner);
	assert_eq!(code(Error::AlreadyRegistered), InvalidTransaction::Custom(6));
	assert_eq!(code(Error::KxPublicTaken), InvalidTransaction::Custom(7));
	assert_eq!(code(Error::PeerIdTaken), InvalidTransaction::Custom(8));
	assert_eq!(code(Error::BadSignature), InvalidTransaction::BadProof);
}

#[test]
fn a_registration_is_weighed_with_its_authorisation() {
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let signature = sign(0, &registration);
		let authorities = MaxAuthorities::get();
		let info = extrinsic(registration, signature).get_dispatch_info();
		assert_eq!(info.call_weight, <() as WeightInfo>::register(authorities));
		assert_eq!(info.extension_weight, <() as WeightInfo>::authorize_register(authorities));
	});
}
