//! A node or a devnet as a process.

use crate::{eventually, programs, SHORT};
use std::{
	env,
	ffi::OsStr,
	fs::File,
	io::Read,
	process::{Child, Command, ExitStatus, Stdio},
	time::Duration,
};

#[cfg(target_os = "linux")]
use std::path::Path;

pub use rustix::process::Signal;

/// A running program. Killed when dropped.
pub struct Process {
	process: Child,
	output: tempfile::NamedTempFile,
}

impl Process {
	/// Starts a node with these arguments.
	pub fn node<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Self {
		Self::start(Command::new(programs::node()).args(arguments))
	}

	/// Starts a node with these arguments, on ports that the operating system chooses. Returns it with the port of its RPC, once
	/// that answers.
	pub fn node_with_rpc(arguments: &[&str]) -> (Self, u16) {
		let own = ["--port", "0", "--rpc-port", "0", "--no-prometheus", "--no-telemetry"];
		let mut node = Self::node(own.iter().chain(arguments));
		// It is said once the port is bound.
		const WORDS: &str = "Running JSON-RPC server: addr=127.0.0.1:";
		let mut port = None;
		let answers = eventually(SHORT, || {
			assert!(node.has_ended().is_none(), "the node ended:\n{}", node.printed());
			// The address is followed by a comma. Without one, the line may not be complete yet.
			let printed = node.printed();
			let rest = printed.split_once(WORDS).and_then(|(_, rest)| rest.split_once(','));
			port = rest.map(|(port, _)| port.parse().expect("it is a port"));
			port.is_some()
		});
		assert!(answers, "no RPC:\n{}", node.printed());
		(node, port.expect("it was found"))
	}

	/// Starts a devnet with these arguments. It runs the node that the tests run, unless they name another one.
	pub fn devnet<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Self {
		let mut command = Command::new(programs::devnet());
		command.args(arguments);
		let names_a_node = command.get_args().any(|argument| argument == "--node");
		if env::var_os("MIXNET_NODE").is_some() && !names_a_node {
			command.arg("--node").arg(programs::node());
		}
		Self::start(&mut command)
	}

	/// Has a shell run a line, as if somebody had typed it.
	pub fn shell(line: &str) -> Self {
		// The shell becomes the program, so that a signal to this process reaches the program.
		Self::start(Command::new("sh").args(["-c", &format!("exec {line}")]))
	}

	/// Starts a program. What it prints, on either stream, is kept.
	fn start(command: &mut Command) -> Self {
		// A file and not a pipe: nobody needs to read while the program runs.
		let output = tempfile::NamedTempFile::new().expect("a temporary file can be made");
		let stream = || File::options().append(true).open(output.path()).expect("it was just made");
		let command = command.stdin(Stdio::null()).stdout(stream()).stderr(stream());
		let process = command.spawn().expect("the program can be started");
		Self { process, output }
	}

	/// Its process ID.
	pub fn id(&self) -> u32 {
		self.process.id()
	}

	/// What it has printed so far.
	pub fn printed(&self) -> String {
		let mut bytes = Vec::new();
		File::open(self.output.path())
			.and_then(|mut file| file.read_to_end(&mut bytes))
			.expect("its output can be read");
		String::from_utf8_lossy(&bytes).into_owned()
	}

	/// How it ended, if it has.
	pub fn has_ended(&mut self) -> Option<ExitStatus> {
		self.process.try_wait().expect("a child can be asked")
	}

	/// Waits until it has ended. Panics if that takes longer than `limit`.
	pub fn ended(&mut self, limit: Duration) -> ExitStatus {
		let mut status = None;
		let in_time = eventually(limit, || {
			status = self.has_ended();
			status.is_some()
		});
		assert!(in_time, "still running after {limit:?}; it printed:\n{}", self.printed());
		status.expect("it ended in time")
	}

	/// Waits until it has printed `words`. Panics if it ends before, or if that takes longer than `limit`.
	pub fn wait_for(&mut self, words: &str, limit: Duration) {
		let seen = eventually(limit, || self.printed().contains(words) || self.has_ended().is_some());
		assert!(seen && self.printed().contains(words), "never printed `{words}`, but:\n{}", self.printed());
	}

	/// Sends it a signal.
	pub fn signal(&self, signal: Signal) {
		send(self.id(), signal);
	}
}

impl Drop for Process {
	fn drop(&mut self) {
		// Fails only if it has ended.
		let _ = self.process.kill();
		let _ = self.process.wait();
	}
}

/// Sends a signal to the process with this ID.
pub fn send(id: u32, signal: Signal) {
	let id = rustix::process::Pid::from_raw(id as i32).expect("a process ID is not zero");
	rustix::process::kill_process(id, signal).expect("the process is there, and ours");
}

/// Runs the node, which must refuse with an error that contains all of `words`. Returns what it printed.
pub fn assert_node_refuses(arguments: &[&str], words: &[&str]) -> String {
	assert_refuses(Process::node(arguments), arguments, words)
}

/// Runs the devnet, which must refuse with an error that contains all of `words`. Returns what it printed.
pub fn assert_devnet_refuses(arguments: &[&str], words: &[&str]) -> String {
	assert_refuses(Process::devnet(arguments), arguments, words)
}

fn assert_refuses(mut process: Process, arguments: &[&str], words: &[&str]) -> String {
	let status = process.ended(SHORT);
	let printed = process.printed();
	assert!(!status.success(), "{arguments:?} was accepted:\n{printed}");
	for word in words {
		assert!(printed.contains(word), "{arguments:?} does not say `{word}`, but:\n{printed}");
	}
	assert!(!printed.contains("panicked"), "{arguments:?} panicked:\n{printed}");
	printed
}

/// The processes whose command line mentions `path`.
#[cfg(target_os = "linux")]
pub fn processes_with(path: &Path) -> Vec<u32> {
	let path = path.to_str().expect("temporary folders have plain names");
	let entries = std::fs::read_dir("/proc").expect("Linux has /proc").flatten();
	let mentions = |id: &u32| {
		// A process may end while we look, and one that has ended has no command line.
		let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
		String::from_utf8_lossy(&line).contains(path)
	};
	entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(mentions).collect()
}
