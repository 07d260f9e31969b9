//! Builds the runtime's wasm blob beside the native library.

fn main() {
	#[cfg(feature = "std")]
	build_blob();
}

#[cfg(feature = "std")]
fn build_blob() {
	use std::{env, path::Path};

	// The blob must be built with the workspace's Cargo.lock, even if the build folder is outside of the workspace. The
	// path is read when this runs, not when it is compiled.
	const HINT: &str = "WASM_BUILD_WORKSPACE_HINT";
	if env::var_os(HINT).is_none() {
		let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts; qed");
		let workspace = Path::new(&package).parent().expect("the package is a folder of the workspace; qed");
		assert!(
			workspace.join("Cargo.lock").exists(),
			"no Cargo.lock in {}: without it the versions of the blob's dependencies are not fixed; set {HINT} to its folder",
			workspace.display(),
		);
		env::set_var(HINT, workspace);
	}
	// The builder runs a cargo of its own, which would wait for the folder that the one that runs us has locked.
	env::remove_var("CARGO_BUILD_BUILD_DIR");
	substrate_wasm_builder::WasmBuilder::build_using_defaults();
	keep_blobs();
}

/// Copies the blobs that the builder made, and that `wasm_binary.rs` includes, into our own folder.
///
/// Clones that share a build folder share the builder's folder. When this clone's library is compiled, another clone's
/// runtime may lie there.
#[cfg(feature = "std")]
fn keep_blobs() {
	use std::{env, fs, path::Path};

	let folder = env::var("OUT_DIR").expect("cargo sets it for build scripts; qed");
	let list = Path::new(&folder).join("wasm_binary.rs");
	let text = fs::read_to_string(&list).expect("the builder has written it; qed");
	let mut parts: Vec<String> = text.split('"').map(Into::into).collect();
	// Every second part stands in quotes.
	for path in parts.iter_mut().skip(1).step_by(2) {
		let name = Path::new(path).file_name().expect("it is the path of a blob; qed");
		let kept = Path::new(&folder).join(name);
		// With SKIP_WASM_BUILD, the list is the one that we left here. A file that is copied to itself becomes empty.
		if Path::new(path) == kept {
			continue;
		}
		fs::copy(&path, &kept).unwrap_or_else(|error| panic!("{path} cannot be copied to {}: {error}", kept.display()));
		*path = kept.display().to_string();
	}
	fs::write(&list, parts.join("\"")).unwrap_or_else(|error| panic!("{}: {error}", list.display()));
}
