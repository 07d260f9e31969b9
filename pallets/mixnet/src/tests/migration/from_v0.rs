//! From version 0 through version 1 to version 2.
//!
//! `data/v0-storage.txt` is of a chain that had two to three sessions behind it, each with one mixnode more than the one
//! before. It stood in the block after the beginning of session 3, with seven mixnodes registered for session 4. Mixnode n
//! of account a of session s is that of the mock's n = 40 (s - 1) + a, but for the fifth of session 4, whose peer ID is no
//! key. Version 0 took addresses that nobody can reach, and those mixnodes have one; they stay all the same.

use super::*;
use crate::migrations::v1;
use mixnet_primitives::{Mixnode, Parameters, RegistrationAdvice, SessionPhase, SessionStatus};
use std::collections::BTreeSet;

/// A chain of version 0.
fn v0() -> sp_io::TestExternalities {
	chain(include_str!("../data/v0-storage.txt"), 0)
}

/// The mixnodes of a session, as version 0 had them.
fn mixnodes(session_index: u64, accounts: impl Iterator<Item = u64>) -> Vec<Mixnode> {
	accounts.map(|account| mixnode_of_fixtures(40 * (session_index - 1) + account)).collect()
}

/// Migrates to version 2.
fn migrate() {
	upgrade::<v1::MigrateToV1<Runtime, SessionAccounts>>();
	assert_eq!(Mixnet::on_chain_storage_version(), StorageVersion::new(1));
	to_version_2();
}

#[test]
fn a_chain_of_version_0_goes_on_with_its_lists() {
	v0().execute_with(|| {
		migrate();
		let status = SessionStatus { current_index: 3, phase: SessionPhase::CoverToCurrent };
		assert_eq!(Mixnet::session_status(), status);
		assert_eq!(Mixnet::prev_mixnodes(), Ok(mixnodes(2, 0..5)));
		assert_eq!(Mixnet::current_mixnodes(), Ok(mixnodes(3, 0..6)));

		// All but the one that could not be registered now are elected, without a gap.
		let kept = [0, 1, 2, 3, 5, 6];
		let elected: Vec<_> = (0..).zip(kept).map(|(place, account)| (account, Some(place))).collect();
		assert_eq!(next_registrations(), elected);
		run_to_next_session();
		assert_eq!(Mixnet::prev_mixnodes(), Ok(mixnodes(3, 0..6)));
		assert_eq!(Mixnet::current_mixnodes(), Ok(mixnodes(4, kept.into_iter())));
	});
}

#[test]
fn registrations_go_on_where_they_stood() {
	v0().execute_with(|| {
		migrate();
		// One that was dropped, one that replaces what it had, and a new one.
		register(4, 1004);
		let status = Mixnet::registration_status(registrant(0), mixnode(1000).kx_public);
		assert_eq!((status.advice, status.revision), (RegistrationAdvice::Register, 1));
		register(0, 1000);
		register(9, 1009);
		run_to_next_session();
		let current = Mixnet::current_mixnodes().expect("there are enough");
		assert_eq!(current.len(), 8);
		assert_eq!(current[0], mixnode(1000));
		assert_eq!(current[6..], [mixnode(1004), mixnode(1009)]);
	});
}

#[test]
fn the_constant_of_version_0_becomes_a_parameter() {
	v0().execute_with(|| {
		migrate();
		let parameters = Mixnet::parameters();
		assert_eq!(parameters.current, Parameters { min_mixnodes: 2, ..Default::default() });
		assert_eq!((parameters.previous, parameters.next), (parameters.current, parameters.current));
	});
}

#[test]
fn what_version_0_left_behind_is_removed() {
	v0().execute_with(|| {
		assert!(v1::v0::Registrants::<Runtime>::iter_keys().next().is_some());
		migrate();
		assert!(v1::v0::Registrants::<Runtime>::iter_keys().next().is_none());
		assert!(
			(0..5).all(|session_index| v1::v0::Mixnodes::<Runtime>::iter_key_prefix(session_index).next().is_none())
		);
		let sessions: BTreeSet<_> = Mixnodes::<Runtime>::iter_keys().map(|(session_index, _)| session_index).collect();
		assert_eq!(sessions, [2, 3, 4].into());
		assert_eq!(NextToPrune::<Runtime>::get(), 2);
	});
}

/// Version 0 had no indices of validators. A validator that is disabled before the next rotation must be found.
#[test]
fn a_validator_can_be_disabled_right_after_the_migration() {
	v0().execute_with(|| {
		migrate();
		let index = Session::validators().iter().position(|validator| *validator == 3).expect("it is one");
		assert!(Session::disable_index(index as u32));
		let candidacy = Candidacies::<Runtime>::get(4, 3).expect("it has registered");
		assert_eq!(candidacy.state, CandidacyState::Barred);
		check_invariants();
	});
}

#[test]
fn with_fewer_places_the_last_ones_are_dropped() {
	MaxMixnodes::set(3);
	v0().execute_with(|| {
		migrate();
		check_invariants();
		assert_eq!(next_registrations(), [(0, Some(0)), (1, Some(1)), (2, Some(2))]);
	});
}

/// Elections with draws begin once identities have been committed under the new rules.
#[test]
fn draws_begin_two_rotations_later() {
	v0().execute_with(|| {
		migrate();
		assert_eq!(NextElection::<Runtime>::get().seed, None);
		let drawing = || {
			let election = NextElection::<Runtime>::get();
			let candidate = Mixnet::candidate(&election, 0, &registrant(0)).expect("it is an authority");
			candidate.seed.is_some()
		};
		assert!(!drawing());
		run_to_next_session();
		assert!(NextElection::<Runtime>::get().seed.is_some());
		assert!(drawing(), "its key was known at the upgrade, and the seed was not");
	});
}

#[test]
fn the_migrations_from_version_0_run_once() {
	v0().execute_with(|| {
		migrate();
		register(9, 1009);
		let elected = next_registrations();
		upgrade::<v1::MigrateToV1<Runtime, SessionAccounts>>();
		to_version_2();
		assert_eq!(next_registrations(), elected);
	});
}
