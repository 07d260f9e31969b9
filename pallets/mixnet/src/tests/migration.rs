//! From the storage of version 0.
//!
//! `data/v0-storage.txt` is the whole storage of a test chain of version 0: a key and a value in each line, in hex. It had
//! two to three sessions behind it, each with one mixnode more than the one before, and stood in the block after the
//! beginning of session 3, with seven mixnodes registered for session 4. Mixnode n of account a of session s is that of the
//! mock's n = 40 (s - 1) + a, but for the fifth of session 4, whose peer ID is no key. Version 0 took addresses that
//! nobody can reach, and those mixnodes have one; they stay all the same.

use crate::{migrations::v1, mock::*, *};
use frame_support::traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion};
use mixnet_primitives::{Mixnode, Parameters, RegistrationAdvice};

/// A chain of version 0.
fn v0() -> sp_io::TestExternalities {
	let mut ext = sp_io::TestExternalities::default();
	ext.execute_with(|| {
		for line in include_str!("data/v0-storage.txt").lines() {
			let (key, value) = line.split_once(' ').expect("a key and a value");
			sp_io::storage::set(&unhex(key), &unhex(value));
		}
		assert_eq!(Mixnet::on_chain_storage_version(), StorageVersion::new(0));
	});
	ext
}

fn unhex(text: &str) -> Vec<u8> {
	sp_core::bytes::from_hex(text).expect("hex")
}

/// The mixnodes of a session, as version 0 had them.
fn mixnodes(session_index: u64, accounts: impl Iterator<Item = u64>) -> Vec<Mixnode> {
	accounts.map(|account| mixnode_of_fixtures(40 * (session_index - 1) + account)).collect()
}

/// Migrates with all the checks that there are.
fn migrate() {
	#[cfg(feature = "try-runtime")]
	v1::MigrateToV1::<Runtime>::try_on_runtime_upgrade(true).expect("the migration's own checks pass");
	#[cfg(not(feature = "try-runtime"))]
	v1::MigrateToV1::<Runtime>::on_runtime_upgrade();
}

#[test]
fn a_chain_of_version_0_goes_on_with_its_lists() {
	v0().execute_with(|| {
		let status = Mixnet::session_status();
		migrate();
		assert_eq!(Mixnet::on_chain_storage_version(), StorageVersion::new(1));
		check_invariants();
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
fn what_version_0_left_behind_is_pruned() {
	let mut ext = v0();
	ext.execute_with(migrate);
	ext.commit_all().expect("storage can be committed");
	ext.execute_with(|| {
		while NextToPrune::<Runtime>::get() + 1 < Mixnet::session_status().current_index {
			idle();
		}
		assert!(Mixnodes::<Runtime>::iter_keys().all(|(session_index, _)| session_index >= 2));
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
fn the_migration_runs_once() {
	v0().execute_with(|| {
		migrate();
		register(9, 1009);
		let elected = next_registrations();
		v1::MigrateToV1::<Runtime>::on_runtime_upgrade();
		assert_eq!(next_registrations(), elected);
	});
}
