//! Builds the runtime's wasm blob beside the native library.

fn main() {
	#[cfg(feature = "std")]
	{
		use std::{env, path::Path};

		// The blob must be built with the workspace's Cargo.lock, also when the target folder is outside of it. Asked for
		// when this runs, not when it is compiled: that may have been for another clone with the same target folder.
		const HINT: &str = "WASM_BUILD_WORKSPACE_HINT";
		if env::var_os(HINT).is_none() {
			let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts; qed");
			let workspace = Path::new(&package).parent().expect("the package is a folder of the workspace; qed");
			assert!(
				workspace.join("Cargo.lock").exists(),
				"no Cargo.lock in {}: without it the blob's dependencies are anybody's choice; set {HINT} to its folder",
				workspace.display(),
			);
			env::set_var(HINT, workspace);
		}
		substrate_wasm_builder::WasmBuilder::build_using_defaults();
	}
}
