//! Every reason to refuse a registration, except its addresses and its proofs.

use super::{assert_mixnode_refused, assert_not_authorized, assert_refused, changed};
use crate::mock::*;
use mixnet_primitives::{KxPublic, PeerId, Registrant, Registration, RegistrationError};

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
		// Its proofs are worth nothing in another session.
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
		// A registrant that is no public key.
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
		// Account 0 is still a validator, but not in the session that registrations are for.
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
		assert_refused(50, 50, registration(50, mixnode(50)), RegistrationError::OperatorsNotEnabled);
	});
}

#[test]
fn a_barred_registrant_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		register(1, 1);
		for account in [0, 1] {
			assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), account), Ok(()));
			assert_refused(account, 7, registration(account, mixnode(7)), RegistrationError::Barred);
		}
	});
}

#[test]
fn a_revision_that_is_not_due_is_refused() {
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
		assert_refused(1, 1, changed(1, |mixnode| mixnode.kx_public = key), RegistrationError::KxPublicTaken);
		assert_refused(1, 1, changed(1, |mixnode| mixnode.peer_id = peer_id), RegistrationError::PeerIdTaken);
		// Even a registrant that has both secrets is refused.
		assert_refused(1, 0, registration(1, mixnode(0)), RegistrationError::KxPublicTaken);
		// But only in that session.
		register(1, 1);
		run_to_next_session();
		register(1, 0);
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
		// A candidate that is in may still replace its registration.
		register(3, 5);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes().map(|mixnodes| mixnodes.len()), Ok(3));
		register(4, 4);
	});
}
