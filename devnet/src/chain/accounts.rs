//! The validators, the operator, and their keys. All keys come from names, as in Substrate's own tools.

use anyhow::{anyhow, Context};
use codec::Encode;
use mixnet_primitives::Registrant;
use mixnet_runtime::{configs::mixnet::VALIDATOR_WEIGHT, AccountId, Balance, Hash, SessionKeys};
use sc_keystore::LocalKeystore;
use sp_core::{ed25519, sr25519, Pair as _};
use sp_keystore::Keystore as _;
use sp_runtime::traits::OpaqueKeys as _;
use std::path::Path;

/// A validator. It is known by its name alone.
pub struct Validator {
	name: String,
}

/// The names that Substrate's tools know; further validators are numbered.
const WELL_KNOWN: [&str; 6] = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie"];

impl Validator {
	/// The first `count` validators.
	pub fn first(count: u8) -> Vec<Self> {
		(0..usize::from(count))
			.map(|index| match WELL_KNOWN.get(index) {
				Some(name) => (*name).into(),
				None => format!("Validator{}", index + 1),
			})
			.map(|name| Self { name })
			.collect()
	}

	/// Its name in lower case, for files and tables.
	pub fn name(&self) -> String {
		self.name.to_lowercase()
	}

	/// The session key by which it registers mixnodes.
	pub fn registrant(&self) -> Registrant {
		Registrant(self.account_key().0)
	}

	/// The secret that its keys are derived from, in Substrate's notation.
	fn suri(&self) -> String {
		format!("//{}", self.name)
	}

	fn account_key(&self) -> sr25519::Public {
		let pair = sr25519::Pair::from_string(&self.suri(), None);
		pair.expect("two slashes and a name are a valid derivation path; qed").public()
	}

	fn grandpa_key(&self) -> ed25519::Public {
		let pair = ed25519::Pair::from_string(&self.suri(), None);
		pair.expect("two slashes and a name are a valid derivation path; qed").public()
	}

	/// Its entry in the genesis of pallet-session: the account twice (as account and as validator), and the keys.
	pub fn genesis_entry(&self) -> (AccountId, AccountId, SessionKeys) {
		let account = AccountId::from(self.account_key().0);
		let keys = SessionKeys {
			babe: self.account_key().into(),
			grandpa: self.grandpa_key().into(),
			mixnet: self.account_key().into(),
		};
		(account.clone(), account, keys)
	}

	/// Puts its session keys into the keystore in `folder`.
	pub fn insert_keys(&self, folder: &Path) -> anyhow::Result<()> {
		let keystore =
			LocalKeystore::open(folder, None).with_context(|| format!("no keystore in {}", folder.display()))?;
		let (_, _, keys) = self.genesis_entry();
		for key_type in SessionKeys::key_ids() {
			keystore
				.insert(*key_type, &self.suri(), keys.get_raw(*key_type))
				.map_err(|()| anyhow!("a key cannot be written to {}", folder.display()))?;
		}
		Ok(())
	}
}

/// The operator: an account with money to bond, and a key by which it registers its mixnode.
pub struct Operator;

impl Operator {
	const ACCOUNT: &str = "//Operator";
	const KEY: &str = "//Operator//mixnet";

	/// What it bonds: so much more than a validator weighs that it wins a place in nearly every election. Of a hundred
	/// thousand elections of six among it and six validators, it loses fewer than one.
	pub const BOND: Balance = 200 * VALIDATOR_WEIGHT;

	/// What it starts with: enough for its bond and its fees.
	pub const ENDOWMENT: Balance = 2 * Self::BOND;

	fn pair(suri: &str) -> sr25519::Pair {
		sr25519::Pair::from_string(suri, None).expect("names with slashes before them are a valid derivation path; qed")
	}

	/// The keys of the account that bonds.
	pub fn account_pair() -> sr25519::Pair {
		Self::pair(Self::ACCOUNT)
	}

	/// The account that bonds.
	pub fn account() -> AccountId {
		Self::account_pair().public().into()
	}

	/// The key by which it registers.
	pub fn registrant() -> Registrant {
		Registrant(Self::pair(Self::KEY).public().0)
	}

	/// That key's consent to register for `account`, on the chain that begins with the block `genesis`.
	pub fn prove_key(genesis: &Hash, account: &AccountId) -> [u8; 64] {
		let payload = (pallet_mixnet::OPERATOR_KEY_DOMAIN, genesis, account).encode();
		Self::pair(Self::KEY).sign(&payload).0
	}

	/// Puts the key into the keystore in `folder`.
	pub fn insert_key(folder: &Path) -> anyhow::Result<()> {
		LocalKeystore::open(folder, None)
			.with_context(|| format!("no keystore in {}", folder.display()))?
			.insert(pallet_mixnet::KEY_TYPE, Self::KEY, &Self::registrant().0)
			.map_err(|()| anyhow!("a key cannot be written to {}", folder.display()))
	}
}
