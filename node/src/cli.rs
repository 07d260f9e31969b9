//! The command line.

use crate::operator_key::OperatorKeyCmd;
use clap::Parser;
use mixnet_service::MixnetArgs;
use sc_cli::{
	CheckBlockCmd, ExportBlocksCmd, ExportChainSpecCmd, ExportStateCmd, ImportBlocksCmd, KeySubcommand, PurgeChainCmd,
	RevertCmd, RunCmd,
};

/// The node, or one of its tools.
#[derive(Debug, Parser)]
pub struct Cli {
	/// A tool to use instead of running a node.
	#[command(subcommand)]
	pub subcommand: Option<Subcommand>,

	/// How to run the node.
	#[clap(flatten)]
	pub run: RunCmd,

	/// How to take part in the mixnet.
	#[clap(flatten)]
	pub mixnet: MixnetArgs,
}

/// The tools.
#[derive(Debug, clap::Subcommand)]
#[allow(clippy::large_enum_variant)]
pub enum Subcommand {
	/// Make and inspect keys: node keys, session keys, accounts.
	#[command(subcommand)]
	Key(KeySubcommand),

	// Its words are those of the command.
	OperatorKey(OperatorKeyCmd),

	/// Make a key pair for a mixnode of session 0.
	///
	/// Prints the public key, for the chain's genesis, and writes the secret to a file, for
	/// `--mixnet-session-0-secret-file`.
	GenerateMixnetKey(mixnet_service::GenerateKeyCmd),

	/// Write a chain spec, to run a network of one's own from.
	ExportChainSpec(ExportChainSpecCmd),

	/// Check a block again.
	CheckBlock(CheckBlockCmd),

	/// Export blocks to a file.
	ExportBlocks(ExportBlocksCmd),

	/// Export the state at a block into a chain spec.
	ExportState(ExportStateCmd),

	/// Import blocks from a file.
	ImportBlocks(ImportBlocksCmd),

	/// Remove the chain's database.
	PurgeChain(PurgeChainCmd),

	/// Go back to an earlier block.
	Revert(RevertCmd),
}
