//! The chains that the node knows by name.

use mixnet_runtime::{genesis::LOCAL_RUNTIME_PRESET, WASM_BINARY};
use sc_service::ChainType;

/// A chain spec of this node's runtime.
pub type ChainSpec = sc_service::GenericChainSpec;

/// The chain named `id`, or else the one in the file of that path.
pub fn load(id: &str) -> Result<ChainSpec, String> {
	match id {
		"" | "local" => from_preset("Mixnet local network", "mixnet_local", ChainType::Local, LOCAL_RUNTIME_PRESET),
		"dev" => from_preset(
			"Mixnet development chain",
			"mixnet_dev",
			ChainType::Development,
			sp_genesis_builder::DEV_RUNTIME_PRESET,
		),
		path => {
			if !std::path::Path::new(path).is_file() {
				return Err(format!(
					"`{path}` is neither a chain that this node knows (dev, local) nor a chain spec file; \
					`export-chain-spec` writes one"
				));
			}
			ChainSpec::from_json_file(path.into())
				.map_err(|error| format!("`{path}` is no chain spec: {error}; `export-chain-spec` writes one"))
		},
	}
}

fn from_preset(name: &str, id: &str, chain_type: ChainType, preset: &str) -> Result<ChainSpec, String> {
	let code =
		WASM_BINARY.ok_or("this node was built without its runtime's wasm blob (SKIP_WASM_BUILD); build it again")?;
	Ok(ChainSpec::builder(code, None)
		.with_name(name)
		.with_id(id)
		.with_chain_type(chain_type)
		.with_genesis_config_preset_name(preset)
		.build())
}
