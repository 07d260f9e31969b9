//! Builds the runtime's wasm blob beside the native library.

fn main() {
	#[cfg(feature = "std")]
	{
		// The blob must be built with the workspace's Cargo.lock, also when the target folder is outside of it.
		if std::env::var_os("WASM_BUILD_WORKSPACE_HINT").is_none() {
			std::env::set_var("WASM_BUILD_WORKSPACE_HINT", concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
		}
		substrate_wasm_builder::WasmBuilder::build_using_defaults();
	}
}
