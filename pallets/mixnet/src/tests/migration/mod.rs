//! From the storage of earlier versions.
//!
//! The storages are those of real chains of these versions: `data/README.md`.
//!
//! - [`from_v0`]: a chain of version 0 goes through version 1 to version 2.
//! - [`from_v1`]: a chain of version 1 gets candidates by account.
//! - [`steps`]: sessions rotate between the steps, and the steps keep to the weight that they are given.

mod from_v0;
mod from_v1;
mod steps;

use crate::{
	migrations::{v2, AccountsOfKeys},
	mock::{Session, *},
	*,
};
use frame_support::traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion};

/// The accounts of session keys in the tests' runtime.
struct SessionAccounts;

impl AccountsOfKeys<u64> for SessionAccounts {
	fn queued() -> Vec<(u64, AuthorityId)> {
		pallet_session::QueuedKeys::<Runtime>::get().into_iter().map(|(account, keys)| (account, keys.mixnet)).collect()
	}

	fn active() -> Vec<u64> {
		pallet_session::Validators::<Runtime>::get()
	}
}

/// A chain with this storage: a key and a value in each line, in hex.
fn chain(lines: &str, version: u16) -> sp_io::TestExternalities {
	let unhex = |text| sp_core::bytes::from_hex(text).expect("hex");
	let mut ext = sp_io::TestExternalities::default();
	ext.execute_with(|| {
		for line in lines.lines() {
			let (key, value) = line.split_once(' ').expect("a key and a value");
			sp_io::storage::set(&unhex(key), &unhex(value));
		}
		assert_eq!(Mixnet::on_chain_storage_version(), StorageVersion::new(version));
	});
	ext.commit_all().expect("storage can be committed");
	ext
}

/// Runs a migration in the block of the upgrade, with all the checks that there are.
fn upgrade<M: OnRuntimeUpgrade>() {
	#[cfg(feature = "try-runtime")]
	M::try_on_runtime_upgrade(true).expect("the migration's own checks pass");
	#[cfg(not(feature = "try-runtime"))]
	M::on_runtime_upgrade();
}

/// Migrates from version 1 in one block.
fn to_version_2() {
	upgrade::<v2::MigrateToV2AtOnce<Runtime, SessionAccounts>>();
	assert_eq!(Mixnet::on_chain_storage_version(), StorageVersion::new(2));
	check_invariants();
	everything_decodes();
}

/// Checks that all that is stored of the pallet decodes, as `try-runtime` does.
fn everything_decodes() {
	#[cfg(feature = "try-runtime")]
	if let Err(errors) = <Mixnet as frame_support::traits::TryDecodeEntireStorage>::try_decode_entire_state() {
		panic!("{errors:?}");
	}
}
