//! Validators that were disabled do not stand in the next election, but in those after it.

use crate::{mock::*, Candidacies, CandidacyState, Event, RemovalReason};
use frame_support::traits::OneSessionHandler;
use mixnet_primitives::{RegistrationAdvice, RegistrationError};

fn barred(session_index: u32, account: u64) -> Event<Runtime> {
	Event::AccountBarred { session_index, account, reason: RemovalReason::Disabled }
}

fn removed(session_index: u32, account: u64) -> Event<Runtime> {
	Event::MixnodeRemoved { session_index, account, reason: RemovalReason::Disabled }
}

fn is_barred(account: u64) -> bool {
	let status = Mixnet::registration_status(registrant(account), mixnode(account).kx_public);
	status.advice == RegistrationAdvice::Missing(RegistrationError::Barred)
}

fn disable(validator_index: u32) {
	assert!(Session::disable_index(validator_index));
	check_invariants();
}

#[test]
fn a_disabled_validator_is_removed_and_stays_barred() {
	ext().execute_with(|| {
		run_to_next_session();
		for account in [3, 4, 5] {
			register(account, account);
		}
		next_block();
		disable(3);
		assert_eq!(events(), [removed(2, 3), barred(2, 3)]);
		assert_eq!(next_registrations(), [(4, Some(1)), (5, Some(0))]);
		assert!(is_barred(3));
		assert!(try_register(3, 3).is_err());
		// Its key and peer ID are free.
		register(6, 3);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(5), mixnode(4), mixnode(3)]));
	});
}

#[test]
fn a_disabled_validator_that_has_not_registered_is_barred() {
	ext().execute_with(|| {
		run_to_next_session();
		next_block();
		disable(3);
		assert_eq!(events(), [barred(2, 3)]);
		assert!(is_barred(3));
		assert!(try_register(3, 3).is_err());
		register(4, 4);
	});
}

#[test]
fn validators_may_be_disabled_in_the_session_of_genesis() {
	ext().execute_with(|| {
		run_to_block(1);
		register(3, 3);
		disable(3);
		assert_eq!(events()[1..], [removed(1, 3), barred(1, 3)]);
		assert!(is_barred(3));
	});
}

/// pallet-session tells us once. The validator is disabled for as long as the set of validators stays as it is.
#[test]
fn a_validator_that_is_still_disabled_does_not_stand_again() {
	ext().execute_with(|| {
		run_to_next_session();
		disable(3);
		for session_index in 3..6 {
			run_to_next_session();
			assert_eq!(events()[1..], [barred(session_index, 3)]);
			assert_eq!(Session::disabled_validators(), [3]);
			assert!(is_barred(3));
			register(4, 4);
		}
	});
}

/// pallet-session tells nobody about it. The election under way goes on without the validator.
#[test]
fn a_validator_that_was_enabled_again_stands_in_the_election_after() {
	ext().execute_with(|| {
		run_to_next_session();
		disable(3);
		assert!(Session::reenable_index(3));
		next_block();
		assert!(is_barred(3));
		run_to_next_session();
		assert!(!is_barred(3));
		register(3, 3);
	});
}

/// If one validator has another key, pallet-session takes the set for a new one, and nobody is disabled any more.
#[test]
fn all_are_enabled_when_one_validator_has_another_key() {
	ext().execute_with(|| {
		run_to_next_session();
		disable(3);
		assert_eq!(set_session_key(5, 70), Ok(()));
		// The key is queued. The set at work is still the same.
		run_to_next_session();
		assert!(is_barred(3));
		run_to_next_session();
		assert_eq!(Session::disabled_validators(), [0; 0]);
		assert!(!is_barred(3));
		register(3, 3);
	});
}

#[test]
fn a_validator_disabled_early_in_a_longer_session_stays_barred_in_all_of_it() {
	SessionsPerMixnetSession::set(3);
	ext().execute_with(|| {
		run_to_next_session();
		run_to_rotation();
		disable(3);
		assert!(Session::reenable_index(3));
		run_to_rotation();
		assert_eq!(Mixnet::session_status().current_index, 1);
		assert!(is_barred(3));
		run_to_next_session();
		assert!(!is_barred(3));
	});
}

/// The election is among the queued validators. One who changes its key is known by its account.
#[test]
fn another_key_does_not_help_a_disabled_validator() {
	ext().execute_with(|| {
		run_to_next_session();
		assert_eq!(set_session_key(3, 70), Ok(()));
		run_to_next_session();
		// At work with the old key, queued with the new one.
		assert_eq!(try_register(70, 20), Ok(Ok(())));
		next_block();
		disable(3);
		assert_eq!(events(), [removed(3, 3), barred(3, 3)]);
		assert!(try_register(70, 20).is_err());
		assert!(is_barred(70));
	});
}

/// Offences name validators by their indices in the present session, not in the one that is being prepared.
#[test]
fn it_is_the_validator_at_work_that_is_disabled() {
	ext().execute_with(|| {
		NextValidators::set(Some(vec![22, 20, 21]));
		run_to_rotation();
		assert_eq!(Session::validators(), (0..VALIDATORS).collect::<Vec<_>>());
		disable(0);
		assert!(!is_barred(22) && !is_barred(20));
		assert_eq!(events()[1..], [barred(2, 0)]);

		NextValidators::set(Some(vec![30, 22, 31]));
		run_to_rotation();
		assert_eq!(Session::validators(), vec![22, 20, 21]);
		register(22, 22);
		register(30, 30);
		disable(0);
		assert!(is_barred(22) && !is_barred(30));
		assert_eq!(next_registrations(), [(30, Some(0))]);
	});
}

#[test]
fn validators_that_are_not_known_are_no_harm() {
	ext().execute_with(|| {
		run_to_next_session();
		for validator_index in [VALIDATORS as u32, 1000, u32::MAX] {
			<Mixnet as OneSessionHandler<u64>>::on_disabled(validator_index);
		}
		assert_eq!(Candidacies::<Runtime>::iter().count(), 0);
		// The same holds in the pallet's first session on a chain that ran before: nothing is known of its validators.
		let prefix = sp_io::hashing::twox_128(b"Mixnet");
		let _ = sp_io::storage::clear_prefix(&prefix, None);
		<Mixnet as OneSessionHandler<u64>>::on_disabled(0);
		assert_eq!(Candidacies::<Runtime>::iter().count(), 0);
	});
}

#[test]
fn disabling_twice_is_the_same_as_once() {
	ext().execute_with(|| {
		run_to_next_session();
		register(3, 3);
		register(3, 4);
		for _ in 0..2 {
			<Mixnet as OneSessionHandler<u64>>::on_disabled(3);
			check_invariants();
			let candidacy = Candidacies::<Runtime>::get(2, 3).expect("it is known");
			assert_eq!((candidacy.next_revision, candidacy.state), (2, CandidacyState::Barred));
			assert_eq!(next_registrations(), []);
		}
	});
}
