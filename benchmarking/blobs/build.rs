//! Builds the wasm blobs that the features name.

use std::{env, path::Path};
use substrate_wasm_builder::WasmBuilder;

/// Builds the crate in `folder`, a member of the workspace in `workspace`, with the versions that its `Cargo.lock`
/// fixes.
fn build(folder: &Path, workspace: &Path) {
	env::set_var("WASM_BUILD_WORKSPACE_HINT", workspace);
	// The builder runs a cargo of its own, which would wait for the folder that the one that runs us has locked.
	env::remove_var("CARGO_BUILD_BUILD_DIR");
	WasmBuilder::new()
		.with_project(folder.join("Cargo.toml"))
		.expect("every crate has its manifest there; qed")
		.enable_feature("runtime-benchmarks")
		.import_memory()
		.export_heap_base()
		.build();
}

fn main() {
	// The path is read when this runs, not when it is compiled: another clone with the same target folder may have
	// compiled it.
	let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts; qed");
	let benchmarking = Path::new(&package).parent().expect("the package is a folder of the workspace; qed");
	let root = benchmarking.parent().expect("the workspace is a folder of the project; qed");

	if env::var_os("CARGO_FEATURE_RUNTIME").is_some() {
		build(&root.join("runtime"), root);
	}
	if env::var_os("CARGO_FEATURE_SCALE").is_some() {
		build(&benchmarking.join("scale-runtime"), benchmarking);
	}
}
