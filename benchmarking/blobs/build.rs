//! Builds the wasm blobs that the features name.

use std::{env, path::Path};
use substrate_wasm_builder::WasmBuilder;

/// Builds the project `name` of this workspace with the versions that the `Cargo.lock` in `lock` fixes.
fn build(name: &str, workspace: &Path, lock: &Path) {
	env::set_var("WASM_BUILD_WORKSPACE_HINT", lock);
	WasmBuilder::new()
		.with_project(workspace.join(name).join("Cargo.toml"))
		.expect("every project has its manifest there; qed")
		.enable_feature("runtime-benchmarks")
		.import_memory()
		.export_heap_base()
		.build();
}

fn main() {
	// Asked for when this runs, not when it is compiled: that may have been for another clone with the same target folder.
	let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts; qed");
	let workspace = Path::new(&package).parent().expect("the package is a folder of the workspace; qed");
	let root = workspace.parent().expect("the workspace is a folder of the project; qed");

	if env::var_os("CARGO_FEATURE_RUNTIME").is_some() {
		// The very versions that the chain's own blob is built with.
		build("runtime", workspace, root);
	}
	if env::var_os("CARGO_FEATURE_SCALE").is_some() {
		build("scale-runtime", workspace, workspace);
	}
}
