//! Which registrations are taken, which are refused, and why.
//!
//! - `addresses`: what may be registered as an address, and how many.
//! - `pool`: what the transaction pool learns.
//! - `proofs`: the signatures are valid for this registration only, and nobody can use another's.
//! - `refusals`: every other reason to refuse a registration.

mod addresses;
mod pool;
mod proofs;
mod refusals;

use crate::{
	mock::*, registration::invalid, Candidacies, Candidacy, CandidacyState, Error, Event, NextElection, Operators,
	PrivateAddresses, Rank, RegisteredAs, RegistrantClass,
};
use frame_support::{assert_noop, assert_storage_noop, traits::Authorize};
use frame_system::RawOrigin;
use mixnet_primitives::{KxPublic, Mixnode, PeerId, Registration, RegistrationError, RegistrationProofs, Standing};
use sp_runtime::{
	transaction_validity::{TransactionSource, TransactionValidityError},
	DispatchError,
};

/// Asserts that pool and block refuse the registration, and that this changes nothing.
fn assert_not_authorized(registration: &Registration, proofs: &RegistrationProofs, error: RegistrationError) {
	let expected = TransactionValidityError::Invalid(invalid(error));
	assert_storage_noop!({
		assert_eq!(validate(registration.clone(), proofs.clone()), Err(expected));
		assert_eq!(apply_registration(registration.clone(), proofs.clone()), Err(expected));
	});
}

/// Asserts that pool and block refuse the registration, that the call itself refuses it even when authorised, and that
/// this changes nothing. All three proofs are right: they are by `account` and by the secrets of the mixnode made from
/// `n`.
fn assert_refused(account: u64, n: u64, registration: Registration, error: RegistrationError) {
	let proofs = prove(account, n, &registration);
	assert_not_authorized(&registration, &proofs, error);
	assert_noop!(Mixnet::register(RawOrigin::Authorized.into(), registration, proofs), Error::<Runtime>::from(error));
}

/// A registration by `account` of the mixnode made from `account`, with a change.
fn changed(account: u64, change: impl FnOnce(&mut Mixnode)) -> Registration {
	let mut changed = mixnode(account);
	change(&mut changed);
	registration(account, changed)
}

/// Asserts that a mixnode is refused. Only the authorisation checks mixnodes.
fn assert_mixnode_refused(account: u64, change: impl FnOnce(&mut Mixnode), error: RegistrationError) {
	let registration = changed(account, change);
	assert_not_authorized(&registration, &prove(account, account, &registration), error);
}

/// Selects one of the proofs, for changing it.
type ProofOf = fn(&mut RegistrationProofs) -> &mut [u8; 64];

/// Each of the proofs, with the error that reports it.
const PROOFS: [(RegistrationError, ProofOf); 3] = [
	(RegistrationError::BadRegistrantProof, |proofs| &mut proofs.registrant),
	(RegistrationError::BadPossessionProof, |proofs| &mut proofs.possession),
	(RegistrationError::BadPeerProof, |proofs| &mut proofs.peer),
];

#[test]
fn a_registration_is_taken() {
	ext().execute_with(|| {
		run_to_block(5);
		register(3, 30);
		register(1, 10);
		let registered = |place, account| Event::MixnodeRegistered {
			session_index: 1,
			account,
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
fn the_genesis_hash_is_never_forgotten() {
	Period::set(5);
	ext().execute_with(|| {
		// This is far beyond `BlockHashCount`.
		run_to_block(101);
		let registration = registration(0, mixnode(0));
		let proofs = sign_registration(0, 0, &registration.signing_payload(&GENESIS_HASH));
		assert_eq!(apply_registration(registration, proofs), Ok(Ok(())));
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

/// A registration with everything wrong is refused for the first reason. Once that is mended, it is refused for the
/// second, and so on.
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

		// An operator without a bond, that is barred and has no revisions left.
		let account = 50;
		let mut wrong = registration(account, mixnode(0));
		wrong.session_index = 2;
		wrong.revision = 1;
		wrong.mixnode.kx_public = KxPublic([0; 32]);
		wrong.mixnode.peer_id = PeerId([0xff; 32]);
		wrong.mixnode.external_addresses.clear();
		let known = |next_revision, state| {
			Candidacies::<Runtime>::insert(3, account, Candidacy { registered_as: None, next_revision, state });
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
		check(&wrong, OperatorsNotEnabled);
		OperatorsEnabled::set(true);
		check(&wrong, BondTooSmall);
		MinBond::set(1000);
		check(&wrong, OperatorTooRecent);
		Operators::<Runtime>::mutate(account, |operator| operator.as_mut().expect("bonded").recent_since = 0);

		// Whether it may register once more.
		check(&wrong, Barred);
		let by_other = RegisteredAs { class: RegistrantClass::Validator, registrant: registrant(7) };
		let key = crate::ranked_set::RankKey { rank: Rank::BEST, sequence: 0 };
		let state = CandidacyState::Listed { place: 9, key };
		Candidacies::<Runtime>::insert(
			3,
			account,
			Candidacy { registered_as: Some(by_other), next_revision: 3, state },
		);
		check(&wrong, OtherKey);
		known(3, CandidacyState::Out);
		check(&wrong, TooManyRevisions);
		known(2, CandidacyState::Out);
		check(&wrong, WrongRevision);
		wrong.revision = 3;
		check(&wrong, TooManyRevisions);
		wrong.revision = 2;

		// Key and peer ID that others have.
		wrong.mixnode.kx_public = mixnode(0).kx_public;
		wrong.mixnode.peer_id = mixnode(1).peer_id;
		check(&wrong, KxPublicTaken);
		wrong.mixnode.kx_public = KxPublic([0; 32]);
		check(&wrong, PeerIdTaken);
		wrong.mixnode.peer_id = PeerId([0xff; 32]);

		// The rank.
		check(&wrong, RankTooLow);
		NextElection::<Runtime>::mutate(|election| election.max_elected = 3);

		// The registrant's proof.
		check(&wrong, BadRegistrantProof);
		let check =
			|wrong: &Registration, error| assert_not_authorized(wrong, &proofs(&[BadRegistrantProof], wrong), error);

		// The addresses.
		check(&wrong, NoAddress);
		wrong.mixnode.external_addresses = vec![vec![b'a'; MAX_ADDRESS_SIZE as usize + 1]; MAX_ADDRESSES as usize + 1];
		check(&wrong, TooManyAddresses);
		wrong.mixnode.external_addresses.truncate(MAX_ADDRESSES as usize);
		check(&wrong, AddressTooLong);
		wrong.mixnode.external_addresses.iter_mut().for_each(|address| address.truncate(MAX_ADDRESS_SIZE as usize));
		// Those before the last one are of five hosts, which cannot be reached either.
		for (n, address) in (0..5).zip(&mut wrong.mixnode.external_addresses) {
			*address = format!("/ip4/127.0.0.{n}").into_bytes();
		}
		check(&wrong, BadAddress);
		wrong.mixnode.external_addresses.truncate(5);
		check(&wrong, UnreachableAddress);
		PrivateAddresses::<Runtime>::put(true);
		check(&wrong, TooManyHosts);
		wrong.mixnode.external_addresses.pop();

		// Key and peer ID by themselves.
		check(&wrong, BadKxPublic);
		wrong.mixnode.kx_public = mixnode(2).kx_public;
		check(&wrong, BadPeerId);
		wrong.mixnode.peer_id = mixnode(2).peer_id;

		// The other proofs.
		check(&wrong, BadPossessionProof);
		assert_not_authorized(&wrong, &proofs(&[BadRegistrantProof, BadPossessionProof], &wrong), BadPeerProof);
		let all = proofs(&[BadRegistrantProof, BadPossessionProof, BadPeerProof], &wrong);
		assert_eq!(apply_registration(wrong, all), Ok(Ok(())));
	});
}
