//! Command-line arguments.

use crate::{
	config::Config,
	secret_file::{self, SecretFile, SecretFileError},
};
use mixnet_node_core::KxSecret;
use rand_core::OsRng;
use std::{num::NonZeroUsize, path::PathBuf};
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
	/// Only for mixnodes that the chain's genesis names. When session 0 begins for the node, the file is emptied and renamed to
	/// FILE.used. The key serves one run of the node only, since packets could be replayed under it after a restart.
	#[arg(long, value_name = "FILE", requires = "mixnet")]
	pub mixnet_session_0_secret_file: Option<PathBuf>,

	/// Number of mixnodes to connect to in each session in which this node is not a mixnode itself.
	#[arg(long, value_name = "COUNT", default_value_t = 3, requires = "mixnet", value_parser = clap::value_parser!(u8).range(1..))]
	pub mixnet_gateways: u8,

	/// Number of threads that unwrap packets. By default one for each core but one. One thread more builds packets.
	///
	/// One thread unwraps tens of thousands of packets a second. With the parameters of most chains, a mixnode gets far
	/// fewer. More threads than cores do not help.
	#[arg(long, value_name = "COUNT", requires = "mixnet", value_parser = clap::value_parser!(u8).range(1..=64))]
	pub mixnet_threads: Option<u8>,

	/// End the node if the mixnet fails.
	///
	/// By default, the mixnet is then started again, and the node goes on: it makes blocks also without the mixnet. Use this if
	/// the node is there for the mixnet alone, and something starts it again.
	#[arg(long, requires = "mixnet")]
	pub mixnet_essential: bool,
}

impl MixnetArgs {
	/// The configuration that these arguments ask for, or `None` without `--mixnet`.
	///
	/// # Errors
	/// The file for session 0 holds no secret that can be used.
	pub fn config(&self, is_authority: bool) -> Result<Option<Config>, SecretFileError> {
		if !self.mixnet {
			return Ok(None);
		}
		let mut config = Config::new(is_authority || self.mixnet_operator);
		config.core.gateways = usize::from(self.mixnet_gateways);
		config.threads =
			self.mixnet_threads.and_then(|count| NonZeroUsize::new(count.into())).unwrap_or(config.threads);
		config.essential = self.mixnet_essential;
		if let Some(path) = &self.mixnet_session_0_secret_file {
			config.session_0_secret = SecretFile::check(path)?;
		}
		Ok(Some(config))
	}
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
	///
	/// # Errors
	/// The file exists, or a secret of that name has been used.
	pub fn run(&self) -> Result<(), SecretFileError> {
		let mut bytes = Zeroizing::new([0; 32]);
		rand_core::RngCore::fill_bytes(&mut OsRng, &mut *bytes);
		secret_file::write(&self.file, &bytes)?;
		println!("{}", KxSecret::from_bytes(*bytes).public());
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::fs;

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
	fn a_generated_secret_is_never_overwritten() {
		let folder = tempfile::tempdir().expect("a temporary folder can be made; qed");
		let file = folder.path().join("secret");
		GenerateKeyCmd { file: file.clone() }.run().expect("the file is new; qed");
		let before = fs::read_to_string(&file).expect("it was just written; qed");
		assert!(matches!(GenerateKeyCmd { file: file.clone() }.run(), Err(SecretFileError::Io { .. })));
		assert_eq!(fs::read_to_string(&file).expect("it is still there; qed"), before);

		let path = file.to_str().expect("temporary folders have plain names");
		let args = parsed(&["--mixnet", "--mixnet-session-0-secret-file", path]);
		let config = args.config(true).expect("the file is good; qed").expect("--mixnet; qed");
		assert!(config.session_0_secret.is_some());
	}

	#[test]
	fn without_the_flag_there_is_no_service() {
		assert!(MixnetArgs::default().config(true).expect("nothing to read; qed").is_none());
	}
}
