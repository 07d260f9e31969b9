//! Command-line arguments.

use crate::{config::Config, log_target::LOG_TARGET};
use mixnet_node_core::KxSecret;
use rand_core::OsRng;
use std::{
	fs, io,
	io::Write,
	num::NonZeroUsize,
	path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// How to take part in the mixnet.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Mixnet")]
pub struct MixnetArgs {
	/// Take part in the mixnet.
	///
	/// Makes the RPC methods `mixnet_submitExtrinsic` and `mixnet_status` work. A validator also registers as a mixnode
	/// of each next session, with a fresh key every time, and mixes in the sessions that it is elected for.
	#[arg(long)]
	pub mixnet: bool,

	/// Be a mixnode by a bond, without being a validator.
	///
	/// Registers as a mixnode of each next session by the operator key in this node's keystore (key type `mixn`). On chain,
	/// the operator's account has to bond (call mixnet.bond) and to name that key (call mixnet.set_operator_key); it can be
	/// a candidate once a whole session has passed since. The log says what is missing. A validator does not need this flag.
	#[arg(long, requires = "mixnet")]
	pub mixnet_operator: bool,

	/// File with the key-exchange secret for session 0: 64 hex digits, as `generate-mixnet-key` writes it.
	///
	/// Only for mixnodes that the chain's genesis names. The file is emptied and renamed to FILE.used. The key serves one
	/// run of the node only, since packets could be replayed under it after a restart.
	#[arg(long, value_name = "FILE", requires = "mixnet")]
	pub mixnet_session_0_secret_file: Option<PathBuf>,

	/// Number of mixnodes to connect to in each session in which this node is not a mixnode itself.
	#[arg(long, value_name = "COUNT", default_value_t = 3, requires = "mixnet", value_parser = clap::value_parser!(u8).range(1..))]
	pub mixnet_gateways: u8,

	/// Number of threads that unwrap packets. By default one for each core but one.
	///
	/// One thread unwraps tens of thousands of packets a second. With the parameters of most chains, a mixnode gets far
	/// fewer. More threads than cores do not help.
	#[arg(long, value_name = "COUNT", requires = "mixnet", value_parser = clap::value_parser!(u8).range(1..=64))]
	pub mixnet_threads: Option<u8>,
}

/// Why the arguments cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArgsError {
	/// The secret's file cannot be read or written.
	#[error("{}: {error}", path.display())]
	Io {
		/// The file.
		path: PathBuf,
		/// The operating system's reason.
		error: io::Error,
	},
	/// The file holds something else.
	#[error("{}: not a mixnet secret (64 hex digits); `generate-mixnet-key --file` writes one", .0.display())]
	NotASecret(PathBuf),
}

impl MixnetArgs {
	/// The configuration that these arguments ask for, or `None` without `--mixnet`.
	pub fn config(&self, is_authority: bool) -> Result<Option<Config>, ArgsError> {
		if !self.mixnet {
			return Ok(None);
		}
		let mut config = Config::new(is_authority || self.mixnet_operator);
		config.core.gateways = usize::from(self.mixnet_gateways);
		config.threads =
			self.mixnet_threads.and_then(|count| NonZeroUsize::new(count.into())).unwrap_or(config.threads);
		if let Some(path) = &self.mixnet_session_0_secret_file {
			config.session_0_secret = take_secret(path)?;
		}
		Ok(Some(config))
	}
}

/// Takes the secret out of the file, so that no later run of the node finds it. `None` if an earlier run took it: nobody
/// remembers which packets that run acted on, so its key is given up.
fn take_secret(path: &Path) -> Result<Option<KxSecret>, ArgsError> {
	let mut used = path.as_os_str().to_owned();
	used.push(".used");
	let used = PathBuf::from(used);
	if used.exists() && !path.exists() {
		log::warn!(
			target: LOG_TARGET,
			"Not mixing in session 0: an earlier run of this node has used the secret in {}, and replays could not be told",
			path.display(),
		);
		return Ok(None);
	}
	let io = |error| ArgsError::Io { path: path.into(), error };
	let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
	let mut secret = Zeroizing::new([0; 32]);
	hex::decode_to_slice(text.trim(), &mut *secret).map_err(|_| ArgsError::NotASecret(path.into()))?;
	// The new name marks the secret as used. It must be on disk before the secret is used.
	fs::rename(path, &used).map_err(io)?;
	fs::File::create(&used).and_then(|file| file.sync_all()).map_err(io)?;
	#[cfg(unix)]
	if let Some(folder) = used.parent().filter(|folder| !folder.as_os_str().is_empty()) {
		fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
	}
	Ok(Some(KxSecret::from_bytes(*secret)))
}

/// Makes a key pair for a mixnode of session 0.
#[derive(Clone, Debug, clap::Args)]
pub struct GenerateKeyCmd {
	/// Where to write the secret, as 64 hex digits; must not exist yet.
	#[arg(long, value_name = "FILE")]
	pub file: PathBuf,
}

impl GenerateKeyCmd {
	/// Writes the secret to the file, which only its owner can read, and prints the public key.
	pub fn run(&self) -> Result<(), ArgsError> {
		let mut bytes = Zeroizing::new([0; 32]);
		rand_core::RngCore::fill_bytes(&mut OsRng, &mut *bytes);
		let mut options = fs::OpenOptions::new();
		options.write(true).create_new(true);
		#[cfg(unix)]
		std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
		let text = Zeroizing::new(hex::encode(*bytes));
		options
			.open(&self.file)
			.and_then(|mut file| file.write_all(text.as_bytes()))
			.map_err(|error| ArgsError::Io { path: self.file.clone(), error })?;
		println!("{}", KxSecret::from_bytes(*bytes).public());
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn with_secret(file: &Path) -> MixnetArgs {
		MixnetArgs { mixnet: true, mixnet_session_0_secret_file: Some(file.into()), ..parsed(&[]) }
	}

	fn parsed(arguments: &[&str]) -> MixnetArgs {
		#[derive(clap::Parser)]
		struct Parser {
			#[clap(flatten)]
			args: MixnetArgs,
		}
		let parsed: Result<Parser, _> = clap::Parser::try_parse_from([&["node"], arguments].concat());
		parsed.unwrap_or_else(|error| panic!("{arguments:?}: {error}")).args
	}

	/// A node that may become a mixnode takes connections, since mixnodes are the gateways of users.
	#[test]
	fn validators_and_operators_register_and_other_nodes_do_not() {
		let registers = |arguments: &[&str], is_authority| {
			let config = parsed(arguments).config(is_authority).expect("nothing to read; qed").expect("--mixnet; qed");
			assert_eq!(config.register, config.inbound_peers > 0);
			config.register
		};
		assert!(registers(&["--mixnet"], true));
		assert!(!registers(&["--mixnet"], false));
		assert!(registers(&["--mixnet", "--mixnet-operator"], false));
	}

	#[test]
	fn a_generated_secret_is_never_overwritten_and_serves_one_run() {
		let directory = tempfile::tempdir().expect("a temporary folder can be made; qed");
		let file = directory.path().join("secret");
		GenerateKeyCmd { file: file.clone() }.run().expect("the file is new; qed");
		let before = fs::read_to_string(&file).expect("it was just written; qed");

		assert!(matches!(GenerateKeyCmd { file: file.clone() }.run(), Err(ArgsError::Io { .. })));
		assert_eq!(fs::read_to_string(&file).expect("it is still there; qed"), before);

		let args = with_secret(&file);
		let secret =
			|| args.config(true).expect("the file is good; qed").expect("--mixnet is given; qed").session_0_secret;
		assert!(secret().is_some());
		assert!(secret().is_none(), "the same key in a second run");
		assert!(!file.exists());
		let used = directory.path().join("secret.used");
		assert_eq!(fs::read_to_string(&used).expect("it marks the secret as used; qed"), "");
	}

	#[test]
	fn a_file_that_holds_no_secret_is_refused_and_named() {
		let directory = tempfile::tempdir().expect("a temporary folder can be made; qed");
		let file = directory.path().join("secret");
		let args = with_secret(&file);
		assert!(matches!(args.config(true), Err(ArgsError::Io { .. })));
		fs::write(&file, "not hex").expect("the folder is writable; qed");
		let Err(error) = args.config(true) else { panic!("accepted a file without a secret") };
		assert!(error.to_string().contains("generate-mixnet-key"), "{error}");
	}

	#[test]
	fn without_the_flag_there_is_no_service() {
		assert!(MixnetArgs::default().config(true).expect("nothing to read; qed").is_none());
	}
}
