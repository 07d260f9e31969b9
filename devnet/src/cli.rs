//! The command line of `mixnet-devnet`.

use crate::{
	chain::transfers::MAX_TRANSFERS,
	job::{check_validators, Job, Observer as _, Settings},
	keep::keep,
	network::MAX_VALIDATORS,
	os::{folder::Folder, program, stop::StopSignal, watchdog},
	report::Report,
	view::View,
};
use anyhow::anyhow;
use clap::{value_parser, Parser};
use std::{path::PathBuf, time::Duration};

/// Runs a whole network on this machine, and sends transfers through its mixnet.
///
/// Starts validators, an operator and an ordinary node, each a process of its own. Waits until the mixnet mixes, and then
/// sends transfers through the ordinary node. Meanwhile the operator bonds and is elected as a mixnode, the mixnet's
/// parameters are changed, and a validator restarts without its keys. At the end, a table says how long the transfers took
/// and what each node did.
///
/// Ends with success only if every transfer was finalised and all of that was seen. Ctrl-C ends everything that was
/// started.
///
/// The node is the program `mixnet-node` beside this one. It is refused if its sources have changed since it was built.
#[derive(Clone, Debug, Parser)]
#[command(name = "mixnet-devnet", after_help = EXAMPLES)]
struct Cli {
	/// How many validators to run; each stands for election as a mixnode, of which a session has at most six.
	#[arg(long, value_name = "COUNT", default_value_t = 6, value_parser = value_parser!(u8).range(1..=i64::from(MAX_VALIDATORS)))]
	validators: u8,

	/// How many balance transfers to send, spread over two session rotations.
	#[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = value_parser!(u16).range(1..=i64::from(MAX_TRANSFERS)))]
	transfers: u16,

	/// Folder for the nodes' data and logs, which must not hold an earlier network's.
	///
	/// It stays when the network ends. Without it, a temporary folder is used: after success only its logs stay.
	#[arg(long, short = 'd', value_name = "FOLDER")]
	base_path: Option<PathBuf>,

	/// Write the end table to this file too, as JSON for programs.
	#[arg(long, value_name = "FILE")]
	json: Option<PathBuf>,

	/// Leave the network running afterwards, until Ctrl-C, for experiments.
	///
	/// Prints the process, the RPC address and the log of each node, and the command that starts it again. A node that is
	/// killed, or started again by hand, is reported, and the network goes on. The network stays after a failure too.
	#[arg(long)]
	keep: bool,

	/// The node's program, in place of the one beside this program.
	#[arg(long, value_name = "PATH")]
	node: Option<PathBuf>,

	/// End the processes that a devnet names on the standard input, once it is gone.
	#[arg(long, hide = true)]
	watchdog: bool,
}

const EXAMPLES: &str = "Examples:
  mixnet-devnet                                  20 transfers; about six minutes
  mixnet-devnet --transfers 100 --json end.json  more of them, and the table as JSON
  mixnet-devnet --keep                           then kill nodes, or freeze them";

/// Does what this process was asked for on its command line.
pub fn run() -> anyhow::Result<()> {
	let cli = Cli::parse();
	if cli.watchdog {
		watchdog::run();
		return Ok(());
	}
	let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
	let outcome = runtime.block_on(cli.run_until_stopped());
	// Whatever still runs in the background is of no interest.
	runtime.shutdown_timeout(Duration::from_secs(1));
	outcome
}

impl Cli {
	async fn run_until_stopped(&self) -> anyhow::Result<()> {
		let mut stop = StopSignal::listen()?;
		// Whatever is wrong with the command line shall come out before minutes of work.
		if let Some(path) = &self.json {
			Report::check_writable(path)?;
		}
		check_validators(self.validators)?;
		let mut folder = Folder::open(self.base_path.as_deref())?;
		let beside = || program::beside_us(program::NODE);
		let program = program::check(&self.node.clone().map_or_else(beside, Ok)?)?;

		let mut view = View::new();
		let mut job = Job::new(Settings {
			program: &program,
			folder: folder.path(),
			validators: self.validators,
			transfers: self.transfers,
		});
		let (outcome, stopped) = tokio::select! {
			outcome = self.run_job(&mut job, &mut view) => (outcome, false),
			signal = stop.received() => (Err(anyhow!("stopped by {signal}")), true),
		};
		view.clear();

		let (mut kept, mut by_hand) = (Ok(()), Vec::new());
		if let (true, false, Some(network)) = (self.keep, stopped, job.network()) {
			if let Err(error) = &outcome {
				view.say(&format!("The run failed: {error:#}"));
			}
			kept = keep(network, &mut stop).await;
			by_hand = network.nodes().iter().filter(|node| node.runs_by_hand()).map(|node| node.name.clone()).collect();
		}
		job.end().await;
		if !by_hand.is_empty() {
			view.say(&format!("Started by hand, and yours to end: {}", by_hand.join(", ")));
		}
		let outcome = outcome.and(kept);
		// A node that still runs needs its data.
		if outcome.is_ok() && by_hand.is_empty() {
			folder.keep_logs()?;
		} else {
			folder.keep_all();
		}
		outcome
	}

	/// Runs the job, and reports what came of it.
	async fn run_job(&self, job: &mut Job<'_>, view: &mut View) -> anyhow::Result<()> {
		let outcome = job.run(view).await;
		view.clear();
		if let Some((network, record)) = job.result() {
			let failure = outcome.as_ref().err().map(|error| format!("{error:#}"));
			let report = Report::new(network, record, failure);
			println!("{report}");
			if let Some(path) = &self.json {
				report.write(path)?;
			}
		}
		outcome
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::CommandFactory;

	#[test]
	fn the_command_line_is_consistent() {
		Cli::command().debug_assert();
	}

	#[test]
	fn a_watchdog_is_started_by_its_argument() {
		assert!(Cli::parse_from(["mixnet-devnet", watchdog::ARGUMENT]).watchdog);
		assert!(!Cli::parse_from(["mixnet-devnet"]).watchdog);
	}
}
