//! Genesis presets.

use crate::{
	AccountId, Balance, BalancesConfig, MixnetConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys, SudoConfig,
	BABE_GENESIS_EPOCH_CONFIG, UNIT,
};
use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use mixnet_primitives::Parameters;
use pallet_babe::GenesisConfig as BabeConfig;
use serde_json::Value;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// Name of the preset for a local network of six validators.
pub const LOCAL_RUNTIME_PRESET: &str = "local";

/// The balance that each well-known account starts with.
const ENDOWMENT: Balance = 1_000_000 * UNIT;

/// A well-known validator: its account, and session keys derived from the same name.
fn validator(name: Sr25519Keyring, grandpa: Ed25519Keyring) -> (AccountId, AccountId, SessionKeys) {
	let account = name.to_account_id();
	let keys =
		SessionKeys { babe: name.public().into(), grandpa: grandpa.public().into(), mixnet: name.public().into() };
	(account.clone(), account, keys)
}

// guide: genesis
fn genesis(validators: Vec<(AccountId, AccountId, SessionKeys)>) -> Value {
	build_struct_json_patch!(RuntimeGenesisConfig {
		babe: BabeConfig { epoch_config: BABE_GENESIS_EPOCH_CONFIG },
		balances: BalancesConfig {
			balances: Sr25519Keyring::well_known().map(|account| (account.to_account_id(), ENDOWMENT)).collect(),
		},
		mixnet: MixnetConfig {
			// The defaults, named here so that an exported chain spec shows what can be chosen.
			parameters: Some(Parameters::default()),
			// All nodes of these chains are on one machine, or in one network. Others leave this out.
			allow_private_addresses: true,
		},
		session: SessionConfig { keys: validators },
		sudo: SudoConfig { key: Some(Sr25519Keyring::Alice.to_account_id()) },
	})
}
// guide: end

/// One validator, Alice. Blocks are made and finalised, and the mixnet rests, since there are too few mixnodes.
fn development() -> Value {
	genesis(vec![validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice)])
}

/// Six validators, Alice to Ferdie: enough for six different hops.
fn local() -> Value {
	use Ed25519Keyring as Grandpa;
	use Sr25519Keyring as Account;
	genesis(vec![
		validator(Account::Alice, Grandpa::Alice),
		validator(Account::Bob, Grandpa::Bob),
		validator(Account::Charlie, Grandpa::Charlie),
		validator(Account::Dave, Grandpa::Dave),
		validator(Account::Eve, Grandpa::Eve),
		validator(Account::Ferdie, Grandpa::Ferdie),
	])
}

/// The preset of this name, as a JSON patch of the default genesis.
pub fn preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_ref() {
		DEV_RUNTIME_PRESET => development(),
		LOCAL_RUNTIME_PRESET => local(),
		_ => return None,
	};
	Some(serde_json::to_vec(&patch).expect("a JSON value serialises; qed"))
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
	vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(LOCAL_RUNTIME_PRESET)]
}
