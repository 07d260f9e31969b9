//! The runtime as a whole.
//!
//! - [`mixnet`]: the mixnet in whole blocks.
//! - [`seeds`]: the randomness of its elections.
//! - [`live_upgrade`]: a chain that gets the mixnet later.
//! - [`upgrades`]: chains that have it go on with this runtime.
//! - `try_runtime`: the checks that the feature `try-runtime` adds to all of these.
//! - [`chain`]: makes blocks, by the [`author`] whose turn it is. [`history`] has long ones.

mod author;
mod chain;
mod history;
mod live_upgrade;
mod mixnet;
mod seeds;
#[cfg(feature = "try-runtime")]
mod try_runtime;
mod upgrades;

use crate::*;
use frame_support::traits::{Get, IntegrityTest};
use sp_runtime::BuildStorage;

/// A runtime started from the preset of this name.
fn started_from(preset: &str) -> sp_io::TestExternalities {
	let patch = genesis::preset(&preset.into()).expect("the preset exists; qed");
	started_with(serde_json::from_slice(&patch).expect("it is JSON; qed"))
}

/// A runtime started from the default genesis with this patch.
fn started_with(patch: serde_json::Value) -> sp_io::TestExternalities {
	let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("it serialises; qed");
	merge(&mut config, patch);
	let config: RuntimeGenesisConfig = serde_json::from_value(config).expect("it is a genesis config; qed");
	config.build_storage().expect("it builds; qed").into()
}

fn merge(base: &mut serde_json::Value, patch: serde_json::Value) {
	match (base, patch) {
		(serde_json::Value::Object(base), serde_json::Value::Object(patch)) => {
			for (key, value) in patch {
				merge(base.entry(key).or_insert(serde_json::Value::Null), value);
			}
		},
		(base, patch) => *base = patch,
	}
}

#[test]
fn integrity_tests_pass() {
	sp_io::TestExternalities::default().execute_with(AllPalletsWithSystem::integrity_test);
}

#[test]
fn presets_build_with_as_many_validators_as_they_say() {
	for (preset, validators) in [("development", 1), ("local", 6)] {
		assert!(genesis::preset_names().contains(&preset.into()));
		started_from(preset).execute_with(|| {
			assert_eq!(Session::validators().len(), validators);
			assert_eq!(Babe::authorities().len(), validators);
			assert_eq!(Grandpa::grandpa_authorities().len(), validators);
		});
	}
	assert!(genesis::preset(&"no such preset".into()).is_none());
}

#[test]
fn a_session_is_about_a_minute_and_holds_all_four_phases() {
	assert_eq!(u64::from(SESSION_BLOCKS) * MILLISECONDS_PER_BLOCK, 60_000);
	const { assert!(configs::mixnet::PHASE_BLOCKS * 3 < SESSION_BLOCKS) };
}

/// `make weights` measures this runtime. The other two sizes are those of the weights by definition.
#[test]
fn weights_are_measured_with_as_many_authorities_as_they_say() {
	assert_eq!(<configs::MaxAuthorities as Get<u32>>::get(), pallet_mixnet::MEASURED_UP_TO.authorities);
}

#[test]
fn presets_name_the_parameters() {
	for preset in ["development", "local"] {
		let patch = genesis::preset(&preset.into()).expect("the preset exists; qed");
		let patch: serde_json::Value = serde_json::from_slice(&patch).expect("it is JSON; qed");
		let named = serde_json::from_value(patch["mixnet"]["parameters"].clone()).expect("they are there; qed");
		assert_eq!(started_from(preset).execute_with(Mixnet::parameters).current, named);
	}
}

/// All presets have the same code, so that a value of the genesis decides.
#[test]
fn presets_allow_private_addresses_and_other_chains_do_not() {
	for preset in ["development", "local"] {
		assert!(started_from(preset).execute_with(pallet_mixnet::PrivateAddresses::<Runtime>::get));
	}
	let patch = serde_json::json!({ "mixnet": { "parameters": null } });
	assert!(!started_with(patch).execute_with(pallet_mixnet::PrivateAddresses::<Runtime>::get));
}

/// The mixnet rests in a session without mixnodes, and the API says so.
#[test]
fn a_fresh_chain_rests_in_session_0() {
	started_from("local").execute_with(|| {
		assert_eq!(Mixnet::session_status().current_index, 0);
		assert!(Mixnet::current_mixnodes().is_err());
		assert!(Mixnet::prev_mixnodes().is_err());
	});
}
