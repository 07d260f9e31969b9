//! A chain whose runtime has no pallet-mixnet: with `--mixnet`, a node waits for it, and makes blocks meanwhile.

use mixnet_runtime_api::MixnetApi;
use mixnet_tests::process::Process;
use sc_chain_spec::ChainType;
use sp_api::RuntimeApiInfo;
use std::{path::Path, time::Duration};

/// Writes the spec of a chain whose runtime does not declare `MixnetApi`. It is our runtime with the API's name
/// overwritten.
fn write_spec(path: &Path) {
	let mut code = mixnet_runtime::WASM_BINARY_BLOATY.expect("the runtime was built with its blob").to_vec();
	let id = <dyn MixnetApi<mixnet_runtime::Block> as RuntimeApiInfo>::ID;
	let places: Vec<_> = (0..code.len() - id.len()).filter(|at| code[*at..].starts_with(&id)).collect();
	assert!(!places.is_empty(), "the runtime does not declare MixnetApi in the first place");
	for at in places {
		code[at..at + id.len()].copy_from_slice(b"no mixes");
	}
	let spec = sc_chain_spec::GenericChainSpec::<sc_chain_spec::NoExtension>::builder(&code, None)
		.with_name("A chain without a mixnet")
		.with_id("without_mixnet")
		.with_chain_type(ChainType::Development)
		.with_genesis_config_preset_name("development")
		.build();
	let json = sc_chain_spec::ChainSpec::as_json(&spec, false).expect("the spec can be written as JSON");
	std::fs::write(path, json).expect("the temporary folder can be written to");
}

#[test]
fn where_the_chain_has_no_mixnet_the_node_waits_and_makes_blocks() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let path = folder.path().join("spec.json");
	write_spec(&path);
	let path = path.to_str().expect("temporary folders have plain names");
	let ports = ["--port", "0", "--rpc-port", "0", "--no-prometheus"];
	let chain = ["--dev", "--tmp", "--chain", path, "--no-mdns", "--mixnet"];
	let mut node = Process::node([&chain[..], &ports].concat());
	let limit = Duration::from_secs(120);
	for words in ["waiting until it has one", "Waiting until it has one", "finalized #2"] {
		node.wait_for(words, limit);
	}
	let printed = node.printed();
	assert!(printed.contains("MixnetApi") && printed.contains("without --mixnet"), "{printed}");
	assert!(node.has_ended().is_none() && !printed.contains("panicked"), "{printed}");
}
