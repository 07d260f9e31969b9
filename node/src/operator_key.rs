//! `mixnet-node operator-key`: the key by which an operator registers its node, and the proof without which the chain does
//! not take it.

use crate::chain_spec;
use codec::Encode;
use mixnet_primitives::Registrant;
use mixnet_runtime::{opaque::Block, AccountId, Hash, Runtime, RuntimeCall};
use mixnet_service::KEY_TYPE;
use pallet_mixnet::OPERATOR_KEY_DOMAIN;
use sc_chain_spec::{BuildGenesisBlock as _, ChainSpec as _, GenesisBlockBuilder};
use sc_cli::{KeystoreParams, SharedParams, SubstrateCli};
use sc_keystore::LocalKeystore;
use sc_service::{config::KeystoreConfig, BasePath};
use sp_core::sr25519;
use sp_keystore::Keystore;
use sp_runtime::traits::Block as _;
use std::{fmt, str::FromStr, sync::Arc};

/// Makes the key by which an operator's node registers as a mixnode, and proves to the chain that the operator holds it.
///
/// An operator's node mixes without validating, by a bond. There are three steps to it:
///
/// 1. `mixnet-node operator-key --account ADDRESS --base-path FOLDER --chain SPEC`, with the folder and the chain of the
///    operator's node, which may be running. Puts a key into the node's keystore, unless there is one, and prints what the
///    chain has to be told.
///
/// 2. The operator's account submits two calls, by any wallet: `mixnet.bond` with an amount, and `mixnet.set_operator_key`
///    with the printed key and proof (or as the printed call, which is the same in one piece).
///
/// 3. `mixnet-node --mixnet --mixnet-operator --base-path FOLDER --chain SPEC`. The node registers when a whole session has
///    passed since step 2, and mixes in the sessions that it is elected for. Its log says so, or what is missing.
#[derive(Clone, Debug, clap::Args)]
pub struct OperatorKeyCmd {
	/// The operator's account, which bonds: an SS58 address, or a public key of 32 bytes in hex.
	#[arg(long, value_name = "ADDRESS", value_parser = AccountId::from_str)]
	pub account: AccountId,

	/// Use this one of the keys of type `mixn` in the keystore; 32 bytes in hex.
	#[arg(long, value_name = "KEY", value_parser = parse_key)]
	pub key: Option<Registrant>,

	/// Make a new key, though there is one.
	#[arg(long, conflicts_with = "key")]
	pub new: bool,

	#[allow(missing_docs)]
	#[clap(flatten)]
	pub shared: SharedParams,

	#[allow(missing_docs)]
	#[clap(flatten)]
	pub keystore: KeystoreParams,
}

fn parse_key(text: &str) -> Result<Registrant, String> {
	let mut key = Registrant([0; Registrant::SIZE]);
	hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut key.0)
		.map_err(|_| "not 32 bytes in hex".to_string())?;
	Ok(key)
}

impl OperatorKeyCmd {
	/// Chooses or makes the key, and prints what the chain has to be told.
	pub fn run(&self, cli: &impl SubstrateCli) -> sc_cli::Result<()> {
		let spec = chain_spec::load(&self.shared.chain_id(self.shared.is_dev()))?;
		let base_path = match self.shared.base_path()? {
			Some(path) => path,
			None => default_base_path(cli),
		};
		let KeystoreConfig::Path { path, password } =
			self.keystore.keystore_config(&base_path.config_dir(spec.id()))?
		else {
			return Err("this node keeps its keys in files only".into());
		};
		let keystore = LocalKeystore::open(&path, password).map_err(|error| {
			sc_cli::Error::Input(format!("the keystore in {} cannot be opened: {error}", path.display()))
		})?;
		let genesis = genesis_hash(&spec).map_err(sc_cli::Error::Input)?;
		let key = choose(&keystore, self.key, self.new).map_err(sc_cli::Error::Input)?;
		println!("{}", Proven::new(&keystore, genesis, self.account.clone(), key).map_err(sc_cli::Error::Input)?);
		Ok(())
	}
}

/// The folder of a node that is run without `--base-path`.
fn default_base_path<C: SubstrateCli>(_: &C) -> BasePath {
	BasePath::from_project("", "", &C::executable_name())
}

/// Chooses a key of the keystore: the one that is wanted, or else the only one, or else a new one.
fn choose(keystore: &dyn Keystore, wanted: Option<Registrant>, new: bool) -> Result<Registrant, String> {
	let keys: Vec<_> = keystore.sr25519_public_keys(KEY_TYPE).into_iter().map(|key| Registrant(key.0)).collect();
	match (wanted, &keys[..]) {
		(Some(wanted), _) if keys.contains(&wanted) => Ok(wanted),
		(Some(wanted), _) => {
			Err(format!("the keystore has no key {wanted} of type `mixn`; leave out --key for a new one"))
		},
		(None, [only]) if !new => Ok(*only),
		(None, [_, _, ..]) if !new => {
			let keys: Vec<_> = keys.iter().map(|key| format!("  0x{key}")).collect();
			Err(format!(
				"the keystore has several keys of type `mixn`; choose one by --key, or make another by --new:\n{}",
				keys.join("\n")
			))
		},
		_ => {
			let made = keystore.sr25519_generate_new(KEY_TYPE, None);
			Ok(Registrant(made.map_err(|error| format!("the keystore cannot make a key: {error}"))?.0))
		},
	}
}

/// A key, with the proof that lets an account register by it.
struct Proven {
	account: AccountId,
	key: Registrant,
	/// The key's signature of the pallet's `operator_key_payload`.
	proof: [u8; 64],
}

impl Proven {
	/// Has the key in the keystore sign that `account` may register by it, on the chain that begins with `genesis`.
	fn new(keystore: &dyn Keystore, genesis: Hash, account: AccountId, key: Registrant) -> Result<Self, String> {
		let payload = (OPERATOR_KEY_DOMAIN, genesis, &account).encode();
		let signed = keystore.sr25519_sign(KEY_TYPE, &sr25519::Public::from(key.0), &payload);
		let signature = signed
			.map_err(|error| format!("the key 0x{key} cannot sign: {error}"))?
			.ok_or_else(|| format!("the key 0x{key} is not in the keystore any more"))?;
		Ok(Self { account, key, proof: signature.0 })
	}

	/// The call by which the account tells the chain.
	fn call(&self) -> RuntimeCall {
		pallet_mixnet::Call::<Runtime>::set_operator_key { key: self.key, proof: self.proof }.into()
	}
}

impl fmt::Display for Proven {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		writeln!(f, "account  {}", self.account)?;
		writeln!(f, "key      0x{}", self.key)?;
		writeln!(f, "proof    0x{}", hex::encode(self.proof))?;
		write!(f, "call     0x{}", hex::encode(self.call().encode()))
	}
}

/// The hash of a chain's first block.
fn genesis_hash(spec: &chain_spec::ChainSpec) -> Result<Hash, String> {
	let backend = Arc::new(sc_client_api::in_mem::Backend::<Block>::new());
	let executor = sc_executor::WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
	let builder = GenesisBlockBuilder::<Block, _, _>::new(spec.as_storage_builder(), false, backend, executor);
	let (block, _) = builder
		.and_then(|builder| builder.build_genesis_block())
		.map_err(|error| format!("the chain spec does not make a first block: {error}"))?;
	Ok(block.header().hash())
}
