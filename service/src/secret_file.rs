//! The file with the key-exchange secret for session 0.
//!
//! A secret from a file outlives the node's memory of the packets that were accepted under it. So it serves one run: it is
//! taken out of its file when session 0 is about to be mixed in, and not before. Until then, a node that could not start, or
//! whose chain has no mixnet yet, has used nothing up. What marks a secret as used is FILE.used beside it.

use crate::log_target::LOG_TARGET;
use mixnet_node_core::KxSecret;
use std::{
	fs, io,
	io::Write,
	path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Why a secret's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
	/// It cannot be read or written.
	#[error("{}: {error}", path.display())]
	Io {
		/// The file.
		path: PathBuf,
		/// The operating system's reason.
		error: io::Error,
	},
	/// It holds something else.
	#[error("{}: not a mixnet secret (64 hex digits); `generate-mixnet-key --file` writes one", .0.display())]
	NotASecret(PathBuf),
	/// It is there although its secret has been used, or one of that name was.
	#[error(
		"{}: a secret of this file has been used, as {} says, and packets that were accepted under it could be replayed. \
		 Remove the file: without it, this node mixes from session 1 on. For another chain, make a key in another file",
		path.display(), used.display(),
	)]
	Used {
		/// The file.
		path: PathBuf,
		/// What marks it as used.
		used: PathBuf,
	},
}

/// A file with a secret that has not been used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFile(PathBuf);

impl SecretFile {
	/// Checks that the file holds a secret, which stays there. `None` if an earlier run took it: nobody remembers which
	/// packets that run acted on, so its key is given up.
	///
	/// # Errors
	/// The file holds no secret, or one that was put back after it had been used.
	pub fn check(path: &Path) -> Result<Option<Self>, SecretFileError> {
		if used(path).exists() && !path.exists() {
			log::warn!(
				target: LOG_TARGET,
				"Not mixing in session 0: an earlier run of this node has used the secret in {}, and replays could not be told",
				path.display(),
			);
			return Ok(None);
		}
		read(path)?;
		Ok(Some(Self(path.into())))
	}

	/// Takes the secret out of the file, so that no later run finds it.
	///
	/// # Errors
	/// As [`Self::check`], or the file cannot be marked as used. Then nothing was taken.
	pub fn take(self) -> Result<KxSecret, SecretFileError> {
		let Self(path) = self;
		let secret = read(&path)?;
		let used = used(&path);
		let io = |error| SecretFileError::Io { path: path.clone(), error };
		// The new name marks the secret as used. It must be on disk before the secret is used.
		fs::rename(&path, &used).map_err(io)?;
		fs::File::create(&used).and_then(|file| file.sync_all()).map_err(io)?;
		#[cfg(unix)]
		if let Some(folder) = used.parent().filter(|folder| !folder.as_os_str().is_empty()) {
			fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
		}
		Ok(KxSecret::from_bytes(*secret))
	}
}

/// Writes a new secret to a file that only its owner can read.
///
/// # Errors
/// The file exists, or a secret of that name has been used.
pub fn write(path: &Path, secret: &[u8; 32]) -> Result<(), SecretFileError> {
	refuse_used(path)?;
	let mut options = fs::OpenOptions::new();
	options.write(true).create_new(true);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	let text = Zeroizing::new(hex::encode(secret));
	options
		.open(path)
		.and_then(|mut file| file.write_all(text.as_bytes()))
		.map_err(|error| SecretFileError::Io { path: path.into(), error })
}

fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, SecretFileError> {
	let text = fs::read_to_string(path).map_err(|error| SecretFileError::Io { path: path.into(), error })?;
	let text = Zeroizing::new(text);
	let mut secret = Zeroizing::new([0; 32]);
	hex::decode_to_slice(text.trim(), &mut *secret).map_err(|_| SecretFileError::NotASecret(path.into()))?;
	refuse_used(path)?;
	Ok(secret)
}

fn refuse_used(path: &Path) -> Result<(), SecretFileError> {
	let used = used(path);
	// If it cannot be told, it may be there.
	match used.try_exists() {
		Ok(false) => Ok(()),
		_ => Err(SecretFileError::Used { path: path.into(), used }),
	}
}

/// The file that marks a secret as used.
fn used(path: &Path) -> PathBuf {
	let mut used = path.as_os_str().to_owned();
	used.push(".used");
	used.into()
}

#[cfg(test)]
mod tests {
	use super::*;

	/// A folder, and a file in it with a secret.
	fn with_secret() -> (tempfile::TempDir, PathBuf) {
		let folder = tempfile::tempdir().expect("a temporary folder can be made; qed");
		let file = folder.path().join("secret");
		write(&file, &[7; 32]).expect("the file is new; qed");
		(folder, file)
	}

	fn check(file: &Path) -> Option<SecretFile> {
		SecretFile::check(file).expect("the file is good; qed")
	}

	/// A node that fails to start has used nothing up.
	#[test]
	fn a_secret_stays_in_its_file_until_it_is_taken() {
		let (folder, file) = with_secret();
		let before = fs::read_to_string(&file).expect("it was just written; qed");
		for _ in 0..2 {
			assert!(check(&file).is_some());
		}
		assert_eq!(fs::read_to_string(&file).expect("it is still there; qed"), before);

		let secret = check(&file).expect("it is there").take().expect("the folder is writable; qed");
		assert_eq!(secret.public(), KxSecret::from_bytes([7; 32]).public());
		assert!(!file.exists());
		let marker = folder.path().join("secret.used");
		assert_eq!(fs::read_to_string(&marker).expect("it marks the secret as used; qed"), "");
		assert!(check(&file).is_none(), "the same key in a second run");
	}

	/// Two runs of a node, or a node and its copy, may check before either takes.
	#[test]
	fn a_secret_is_taken_once() {
		let (_folder, file) = with_secret();
		let (first, second) = (check(&file).expect("it is there"), check(&file).expect("it is there"));
		assert!(first.take().is_ok());
		assert!(matches!(second.take(), Err(SecretFileError::Io { .. })));
	}

	#[test]
	fn a_secret_that_was_put_back_after_its_use_is_refused() {
		let (_folder, file) = with_secret();
		let backup = fs::read(&file).expect("it was just written; qed");
		check(&file).expect("it is there").take().expect("the folder is writable; qed");
		let late = SecretFile(file.clone());
		fs::write(&file, backup).expect("the folder is writable; qed");
		let Err(error) = SecretFile::check(&file) else { panic!("accepted a used secret") };
		assert!(error.to_string().contains("secret.used") && error.to_string().contains("Remove"), "{error}");
		assert!(matches!(late.take(), Err(SecretFileError::Used { .. })));
		assert!(file.exists(), "it was refused, not used");
		// Nor is a new one written there, which could never be used.
		fs::remove_file(&file).expect("it is there; qed");
		assert!(matches!(write(&file, &[8; 32]), Err(SecretFileError::Used { .. })));
	}

	#[test]
	fn a_file_that_holds_no_secret_is_refused_and_named() {
		let folder = tempfile::tempdir().expect("a temporary folder can be made; qed");
		let file = folder.path().join("secret");
		assert!(matches!(SecretFile::check(&file), Err(SecretFileError::Io { .. })));
		fs::write(&file, "not hex").expect("the folder is writable; qed");
		let Err(error) = SecretFile::check(&file) else { panic!("accepted a file without a secret") };
		assert!(error.to_string().contains("generate-mixnet-key"), "{error}");
		assert!(file.exists());
	}
}
