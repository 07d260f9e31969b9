//! Where everything is kept: the chain spec, and each node's data and log.

use anyhow::{bail, Context};
use std::{
	fs,
	path::{Path, PathBuf},
};
use tempfile::TempDir;

/// The folder of one network.
pub enum Folder {
	/// The user's own. It stays.
	Given(PathBuf),
	/// One of ours. The nodes' data is removed at the end, unless [`keep_all`](Folder::keep_all) is called.
	Temporary(TempDir),
}

impl Folder {
	/// Opens the user's folder, and makes it if it is not there. Without one, makes a temporary folder.
	pub fn open(given: Option<&Path>) -> anyhow::Result<Self> {
		let Some(path) = given else {
			let folder = tempfile::Builder::new().prefix("mixnet-devnet-").tempdir();
			return Ok(Self::Temporary(folder.context("no temporary folder can be made; choose one by --base-path")?));
		};
		let advice =
			|| format!("--base-path {} cannot be used; choose a folder that can be written to", path.display());
		fs::create_dir_all(path).with_context(advice)?;
		// Nodes may be started from elsewhere.
		let path = path.canonicalize().with_context(advice)?;
		// A folder that exists may still be read-only.
		tempfile::tempfile_in(&path).with_context(advice)?;
		if path.join(SPEC_FILE).exists() {
			bail!("{} holds an earlier network's data; choose another folder, or remove it", path.display());
		}
		Ok(Self::Given(path))
	}

	/// The folder's path.
	pub fn path(&self) -> &Path {
		match self {
			Self::Given(path) => path,
			Self::Temporary(folder) => folder.path(),
		}
	}

	/// Keeps the logs, which the report names. Removes the nodes' data if the folder is temporary.
	pub fn keep_logs(&mut self) -> std::io::Result<()> {
		let Self::Temporary(folder) = self else { return Ok(()) };
		folder.disable_cleanup(true);
		for entry in fs::read_dir(folder.path())? {
			let entry = entry?;
			if entry.file_type()?.is_dir() {
				fs::remove_dir_all(entry.path())?;
			}
		}
		Ok(())
	}

	/// Keeps everything, and says where it is.
	pub fn keep_all(&mut self) {
		if let Self::Temporary(folder) = self {
			folder.disable_cleanup(true);
		}
		eprintln!("Data and logs are in {}", self.path().display());
	}
}

/// The chain spec's file within the folder.
pub const SPEC_FILE: &str = "chain-spec.json";

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_logs_of_a_temporary_folder_stay() {
		let mut folder = Folder::open(None).expect("a temporary folder can be made; qed");
		let path = folder.path().to_path_buf();
		fs::create_dir(path.join("alice")).expect("the folder is ours; qed");
		fs::write(path.join("alice").join("data"), "much").expect("the folder is ours; qed");
		fs::write(path.join("alice.log"), "a log").expect("the folder is ours; qed");
		folder.keep_logs().expect("the folder is ours; qed");
		drop(folder);
		assert!(path.join("alice.log").exists());
		assert!(!path.join("alice").exists());
		fs::remove_dir_all(path).expect("the folder is ours; qed");
	}
}
