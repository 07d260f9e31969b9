//! Where the programs are that the tests run. A stale one is refused.

use mixnet_devnet::program;
use std::{env, path::PathBuf, sync::OnceLock};

/// The program `mixnet-node`. The variable `MIXNET_NODE` names another one.
///
/// # Panics
/// There is none, or it is older than its sources.
pub fn node() -> PathBuf {
	static NODE: OnceLock<PathBuf> = OnceLock::new();
	NODE.get_or_init(|| fresh("MIXNET_NODE", program::NODE)).clone()
}

/// The program `mixnet-devnet`. The variable `MIXNET_DEVNET` names another one.
///
/// # Panics
/// There is none, or it is older than its sources.
pub fn devnet() -> PathBuf {
	static DEVNET: OnceLock<PathBuf> = OnceLock::new();
	DEVNET.get_or_init(|| fresh("MIXNET_DEVNET", "mixnet-devnet")).clone()
}

fn fresh(variable: &str, name: &str) -> PathBuf {
	let path = env::var_os(variable).map_or_else(|| built(name), PathBuf::from);
	program::check(&path).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Where cargo puts a program of this workspace.
///
/// Tests may lie in another folder: what cargo builds on its way there can be kept apart (`CARGO_BUILD_BUILD_DIR`). So the
/// target folder is the one that was named to cargo, or else where cargo puts it by itself. The profile is that of the
/// test, whose path is `PROFILE/deps/TEST` or `PROFILE/build/..`.
fn built(name: &str) -> PathBuf {
	let workspace = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
	let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
	let test = env::current_exe().expect("a test knows its path");
	let is_profile = |name: &&str| test.iter().any(|part| part == *name);
	let profile = ["release", "debug"].into_iter().find(is_profile).unwrap_or("release");
	// A relative target folder is meant from the workspace, where cargo is run.
	workspace.join(target).join(profile).join(name)
}
