//! A running node: a process of its own.

use super::{
	command_line::CommandLine,
	watchdog::{ask_to_end, Watchdog, Watched, PATIENCE},
};
use anyhow::{anyhow, Context};
use rustix::process::Pid;
use std::{
	fs,
	path::Path,
	process::{ExitStatus, Stdio},
	sync::Arc,
};
use tokio::{process, time::timeout};

/// How many lines of a log are worth repeating when its node failed.
const LOG_TAIL_LINES: usize = 15;

/// A process that we started. Killed when dropped; [`stop`](Self::stop) is kinder.
pub struct Child {
	process: process::Child,
	id: u32,
	_watched: Watched,
}

impl Child {
	/// Starts a program. What it prints is appended to the file `log`.
	///
	/// Signals from the terminal do not reach it: on Ctrl-C it is we who end it.
	pub fn start(command: &CommandLine, log: &Path, watchdog: &Arc<Watchdog>) -> anyhow::Result<Self> {
		let output = fs::File::options()
			.create(true)
			.append(true)
			.open(log)
			.with_context(|| format!("{} cannot be written", log.display()))?;
		let process = process::Command::new(&command.program)
			.args(&command.arguments)
			.stdin(Stdio::null())
			.stdout(output.try_clone()?)
			.stderr(output)
			.process_group(0)
			.kill_on_drop(true)
			.spawn()
			.with_context(|| format!("{} cannot be started", command.program.display()))?;
		let id = process.id().context("a process has ended before anybody waited for it; this is a bug")?;
		Ok(Self { process, id, _watched: watchdog.watch(id)? })
	}

	/// Its process ID.
	pub fn id(&self) -> u32 {
		self.id
	}

	/// How it ended, if it has. A frozen process has not.
	pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
		Ok(self.process.try_wait()?)
	}

	/// Asks it to end, and waits until it has. Kills it if that takes too long.
	pub async fn stop(mut self) {
		// Until somebody has waited for its end, its ID is nobody else's.
		if let Some(id) = self.process.id().and_then(|id| Pid::from_raw(id as i32)) {
			ask_to_end(id);
		}
		if timeout(PATIENCE, self.process.wait()).await.is_err() {
			// Fails only if it has ended meanwhile.
			let _ = self.process.kill().await;
		}
	}
}

/// The error that a node has ended by itself, with the last lines of its log.
pub fn ended_by_itself(name: &str, status: ExitStatus, log: &Path) -> anyhow::Error {
	anyhow!("the node {name} ended by itself ({status}). The end of {}:\n{}", log.display(), log_tail(log))
}

/// The last lines of a log.
pub fn log_tail(log: &Path) -> String {
	let log = fs::read(log).unwrap_or_default();
	let log = String::from_utf8_lossy(&log);
	let lines: Vec<_> = log.lines().collect();
	lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}
