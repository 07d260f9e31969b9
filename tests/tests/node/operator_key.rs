//! `operator-key` makes a key in the node's keystore, and a proof that the chain takes.

use jsonrpsee::{core::client::ClientT, http_client::HttpClientBuilder, rpc_params};
use mixnet_runtime::{AccountId, Hash, Mixnet, Runtime};
use mixnet_tests::{
	process::{assert_node_refuses, Process},
	SHORT,
};
use sp_core::{sr25519, Pair as _};
use std::path::Path;

/// Bob's account.
const ACCOUNT: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

/// Runs the tool on the chain `dev`. Returns the key and the proof that it printed.
fn operator_key(folder: &Path, more: &[&str]) -> (String, String) {
	let folder = folder.to_str().expect("temporary folders have plain names");
	let own = ["operator-key", "--chain", "dev", "--base-path", folder, "--account", ACCOUNT];
	let mut tool = Process::node(own.iter().chain(more));
	assert!(tool.ended(SHORT).success(), "{}", tool.printed());
	let printed = tool.printed();
	let value = |name: &str| {
		let line = printed.lines().find_map(|line| line.strip_prefix(name));
		line.unwrap_or_else(|| panic!("no `{name}` in:\n{printed}")).trim().trim_start_matches("0x").to_owned()
	};
	assert_eq!(value("account"), ACCOUNT);
	let (key, proof) = (value("key"), value("proof"));
	assert!(value("call").ends_with(&format!("{key}{proof}")), "the call is about the same key:\n{printed}");
	(key, proof)
}

#[tokio::test]
async fn the_key_stays_and_its_proof_is_what_the_pallet_wants() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let (key, proof) = operator_key(folder.path(), &[]);
	assert_eq!(operator_key(folder.path(), &[]).0, key, "one is enough");

	// A node of the same chain says what its first block is.
	let path = folder.path().to_str().expect("temporary folders have plain names");
	let own = ["--chain", "dev", "--base-path", path, "--mixnet", "--mixnet-operator"];
	let (_node, port) = Process::node_with_rpc(&own);
	let client = HttpClientBuilder::default().build(format!("http://127.0.0.1:{port}")).expect("it is well formed");
	let genesis: Hash = client.request("chain_getBlockHash", rpc_params![0]).await.expect("there is a first block");

	let account: AccountId = ACCOUNT.parse().expect("it is an address");
	let payload = sp_io::TestExternalities::default().execute_with(|| {
		frame_system::BlockHash::<Runtime>::insert(0, genesis);
		Mixnet::operator_key_payload(&account)
	});
	let bytes = |text: &str| hex::decode(text).expect("it is hexadecimal");
	let public = sr25519::Public::try_from(&bytes(&key)[..]).expect("it has 32 bytes");
	let signature = sr25519::Signature::try_from(&bytes(&proof)[..]).expect("it has 64 bytes");
	assert!(sr25519::Pair::verify(&signature, payload, &public));
}

#[test]
fn what_the_tool_cannot_do_is_refused_with_words() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let path = folder.path().to_str().expect("temporary folders have plain names");
	let own = ["operator-key", "--chain", "dev", "--base-path", path];
	let refused = |more: &[&str], words: &[&str]| {
		assert_node_refuses(&[&own, more].concat(), words);
	};
	refused(&[], &["--account"]);
	refused(&["--account", "nobody"], &["nobody", "--account"]);
	let (stranger, short) = ("11".repeat(32), "1234");
	refused(&["--account", ACCOUNT, "--key", &stranger], &["no key", &stranger, "leave out --key"]);
	refused(&["--account", ACCOUNT, "--key", short], &[short, "32 bytes"]);

	let first = operator_key(folder.path(), &[]).0;
	let second = operator_key(folder.path(), &["--new"]).0;
	assert_ne!(first, second);
	refused(&["--account", ACCOUNT], &[&first, &second, "--key", "--new"]);
	assert_eq!(operator_key(folder.path(), &["--key", &first]).0, first);
}
