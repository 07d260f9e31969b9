//! A node as a process of its own.

use anyhow::{anyhow, Context};
use std::{
	fs,
	io::{self, Read},
	path::{Path, PathBuf},
	process::{ExitStatus, Stdio},
	time::Duration,
};
use tokio::{process, time::timeout};

/// Set in the environment of the nodes that we start; see [`follow_parent`].
const FOLLOW_VARIABLE: &str = "MIXNET_NODE_FOLLOWS_STDIN";

/// How long a node may take to end when it was asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many lines of a log are worth repeating when its node failed.
const LOG_TAIL_LINES: usize = 15;

/// Ends this process when the devnet that started it is gone, however that came to be.
///
/// A node that a devnet started has a pipe as its standard input which the devnet never writes to. It is closed when the
/// devnet wants the node to end, and by the operating system when the devnet itself ends, even by SIGKILL. Does nothing in
/// a process that no devnet started.
pub fn follow_parent() {
	if std::env::var_os(FOLLOW_VARIABLE).is_none() {
		return;
	}
	std::thread::spawn(|| {
		// Returns at the end of the input, since nothing is ever written.
		let _ = io::stdin().read(&mut [0]);
		// The same as from a terminal, so that the node closes its database in order.
		let us = rustix::process::getpid();
		if rustix::process::kill_process(us, rustix::process::Signal::TERM).is_err() {
			std::process::exit(1);
		}
	});
}

/// A running node. Killed when dropped; [`stop`](Self::stop) is kinder.
pub struct Child {
	name: String,
	process: process::Child,
	log: PathBuf,
}

impl Child {
	/// Starts this program again, as the node `name` with these arguments, writing what it says to `log`.
	pub fn start(name: &str, arguments: &[String], log: PathBuf) -> anyhow::Result<Self> {
		let program = std::env::current_exe().context("the path of this program is not known")?;
		// Behind what it said before, if it is started again.
		let output = fs::File::options()
			.create(true)
			.append(true)
			.open(&log)
			.with_context(|| format!("{} cannot be written", log.display()))?;
		let process = process::Command::new(&program)
			.args(arguments)
			.env(FOLLOW_VARIABLE, "1")
			.stdin(Stdio::piped())
			.stdout(output.try_clone()?)
			.stderr(output)
			.kill_on_drop(true)
			.spawn()
			.with_context(|| format!("{} cannot be started", program.display()))?;
		Ok(Self { name: name.into(), process, log })
	}

	/// What it says goes there.
	pub fn log(&self) -> &Path {
		&self.log
	}

	/// Fails if the node has ended, with the last that it said.
	pub fn check_alive(&mut self) -> anyhow::Result<()> {
		match self.process.try_wait()? {
			None => Ok(()),
			Some(status) => Err(self.death(status)),
		}
	}

	fn death(&self, status: ExitStatus) -> anyhow::Error {
		anyhow!(
			"the node {} ended by itself ({status}). The end of {}:\n{}",
			self.name,
			self.log.display(),
			self.log_tail()
		)
	}

	/// The last lines of the log.
	pub fn log_tail(&self) -> String {
		let log = fs::read(&self.log).unwrap_or_default();
		let log = String::from_utf8_lossy(&log);
		let lines: Vec<_> = log.lines().collect();
		lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
	}

	/// Asks the node to end, and waits until it has; kills it if that takes too long.
	pub async fn stop(mut self) {
		drop(self.process.stdin.take());
		if timeout(PATIENCE, self.process.wait()).await.is_err() {
			// Fails only if it has ended meanwhile.
			let _ = self.process.kill().await;
		}
	}
}
