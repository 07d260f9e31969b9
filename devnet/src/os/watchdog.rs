//! Ends nodes that have lost their devnet.
//!
//! However a devnet ends, even by SIGKILL, its nodes must not stay behind. So each devnet starts itself once more, as a
//! watchdog, and tells it through a pipe which processes to watch. The operating system closes the pipe when the devnet
//! ends. The watchdog then ends whatever it still watches, frozen processes too.

use anyhow::Context;
use rustix::process::{kill_process, test_kill_process, Pid, Signal};
use std::{
	collections::BTreeSet,
	io::{self, BufRead, Write},
	os::unix::process::CommandExt,
	process::{Child, ChildStdin, Command, Stdio},
	sync::{Arc, Mutex},
	thread::sleep,
	time::{Duration, Instant},
};

/// The argument with which a devnet starts its watchdog.
pub const ARGUMENT: &str = "--watchdog";

/// How long a process may take to end when it was asked to.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Our watchdog. Ends when dropped.
pub struct Watchdog {
	process: Child,
	pipe: Mutex<Option<ChildStdin>>,
}

impl Watchdog {
	/// Starts one.
	pub fn start() -> anyhow::Result<Arc<Self>> {
		let program = std::env::current_exe().context("the path of this program is not known")?;
		let mut process = Command::new(&program)
			.arg(ARGUMENT)
			.stdin(Stdio::piped())
			.stdout(Stdio::null())
			.stderr(Stdio::null())
			// Not ended by Ctrl-C, which a terminal sends to the whole group.
			.process_group(0)
			.spawn()
			.with_context(|| format!("{} cannot be started", program.display()))?;
		let pipe = Mutex::new(process.stdin.take());
		Ok(Arc::new(Self { process, pipe }))
	}

	/// Has a process watched until what this returns is dropped.
	pub fn watch(self: &Arc<Self>, process: u32) -> anyhow::Result<Watched> {
		self.tell('+', process).context("the devnet's own watchdog has ended")?;
		Ok(Watched { watchdog: self.clone(), process })
	}

	fn tell(&self, sign: char, process: u32) -> io::Result<()> {
		let mut pipe = self.pipe.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		let pipe = pipe.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
		writeln!(pipe, "{sign}{process}")
	}
}

impl Drop for Watchdog {
	fn drop(&mut self) {
		drop(self.pipe.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take());
		// Fails only if somebody has waited before.
		let _ = self.process.wait();
	}
}

/// A watched process. Drop it as soon as the process has ended: its number may be given to another one.
pub struct Watched {
	watchdog: Arc<Watchdog>,
	process: u32,
}

impl Drop for Watched {
	fn drop(&mut self) {
		// Fails only if the watchdog has ended.
		let _ = self.watchdog.tell('-', self.process);
	}
}

/// What the watchdog does, from start to end.
pub fn run() {
	end(watched_at_the_end(io::stdin().lock()));
}

/// Reads what the devnet says until it ends. Returns the processes that are then to be ended.
fn watched_at_the_end(pipe: impl BufRead) -> BTreeSet<i32> {
	let mut watched = BTreeSet::new();
	for line in pipe.lines().map_while(Result::ok) {
		if let Some(added) = line.strip_prefix('+').and_then(|number| number.parse().ok()) {
			watched.insert(added);
		} else if let Some(removed) = line.strip_prefix('-').and_then(|number| number.parse::<i32>().ok()) {
			watched.remove(&removed);
		}
	}
	watched
}

/// Asks the processes to end, and kills those that have not ended in time.
fn end(processes: BTreeSet<i32>) {
	let mut processes: Vec<_> = processes.into_iter().filter_map(Pid::from_raw).collect();
	processes.iter().for_each(|process| ask_to_end(*process));
	let deadline = Instant::now() + PATIENCE;
	while !processes.is_empty() && Instant::now() < deadline {
		sleep(Duration::from_millis(100));
		processes.retain(|process| test_kill_process(*process).is_ok());
	}
	for process in processes {
		// Fails only if it has ended meanwhile.
		let _ = kill_process(process, Signal::KILL);
	}
}

/// Asks a process to end as from a terminal, so that a node closes its database in order. Wakes it up if it is frozen.
pub fn ask_to_end(process: Pid) {
	for signal in [Signal::TERM, Signal::CONT] {
		// Fails only if it has ended.
		let _ = kill_process(process, signal);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::process::ExitStatus;

	#[test]
	fn what_is_watched_at_the_end_is_what_was_not_taken_back() {
		let said = "+12\n+13\n-12\n+14\n-99\nnonsense\n+x\n+15";
		assert_eq!(watched_at_the_end(said.as_bytes()), BTreeSet::from([13, 14, 15]));
	}

	#[test]
	fn frozen_processes_are_ended_too() {
		let mut children = [0; 2].map(|_| Command::new("sleep").arg("600").spawn().expect("sleep is everywhere; qed"));
		let ids = children.each_ref().map(|child| child.id() as i32);
		kill_process(Pid::from_raw(ids[1]).expect("not zero; qed"), Signal::STOP).expect("it is our child; qed");
		// They are our children: somebody has to take note of their ends, or they would seem to be there.
		let ending = std::thread::spawn(move || end(ids.into()));
		let ends = children.each_mut().map(|child| child.wait().expect("a child can be waited for; qed"));
		assert!(!ends.iter().any(ExitStatus::success));
		ending.join().expect("it does not panic");
	}
}
