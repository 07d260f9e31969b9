//! The command line of `mixnet-node devnet`.

use super::{folder::Folder, job::Job, report::Report, stop::StopSignal};
use std::{path::PathBuf, time::Duration};

/// Runs a whole network on this machine, and sends transfers through its mixnet.
///
/// Meanwhile an operator bonds and is elected as a mixnode, the mixnet's parameters are changed, and a validator restarts
/// without its keys.
///
/// Ends with success only if every transfer was finalised and all of that was seen. Ctrl-C ends everything that was
/// started.
#[derive(Clone, Debug, clap::Args)]
pub struct DevnetCmd {
	/// How many validators to run; each stands for election as a mixnode, of which a session has at most six.
	#[arg(long, value_name = "COUNT", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=MAX_VALIDATORS))]
	pub validators: u8,

	/// How many balance transfers to send, spread over two session rotations.
	#[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=MAX_TRANSFERS))]
	pub transfers: u16,

	/// Folder for the nodes' data and logs, which must not hold an earlier network's.
	///
	/// It stays when the network ends. Without this, a temporary folder, of which only the logs stay unless something went
	/// wrong.
	#[arg(long, short = 'd', value_name = "FOLDER")]
	pub base_path: Option<PathBuf>,

	/// Write the end table to this file too, as JSON for programs.
	#[arg(long, value_name = "FILE")]
	pub json: Option<PathBuf>,

	/// Leave the network running afterwards, until Ctrl-C, and print its RPC addresses.
	#[arg(long)]
	pub keep: bool,
}

/// More would be too much for one machine; each is a process with a database.
pub const MAX_VALIDATORS: i64 = 32;
/// Each transfer has an account of its own in the genesis.
const MAX_TRANSFERS: i64 = 1_000;

impl DevnetCmd {
	/// Does all of it.
	pub fn run(&self) -> sc_cli::Result<()> {
		let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
		let outcome = runtime.block_on(self.run_until_stopped());
		// Whatever still runs in the background is of no interest.
		runtime.shutdown_timeout(Duration::from_secs(1));
		// The chain of causes in one line; `Application` shows its error as it is.
		outcome.map_err(|error| sc_cli::Error::Application(format!("{error:#}").into()))
	}

	async fn run_until_stopped(&self) -> anyhow::Result<()> {
		let mut stop = StopSignal::listen()?;
		// Whatever is wrong with the command line shall come out before minutes of work.
		if let Some(path) = &self.json {
			Report::check_writable(path)?;
		}
		let mut folder = Folder::open(self.base_path.as_deref())?;
		let mut job = Job::new(self, folder.path())?;

		let outcome = tokio::select! {
			outcome = job.run() => outcome,
			signal = stop.received() => Err(anyhow::anyhow!("stopped by {signal}")),
		};
		let outcome = match outcome {
			Ok(()) if self.keep => job.keep(&mut stop).await,
			outcome => outcome,
		};
		job.end().await;
		match &outcome {
			Ok(()) => folder.keep_logs()?,
			Err(_) => folder.stays(),
		}
		outcome
	}
}
