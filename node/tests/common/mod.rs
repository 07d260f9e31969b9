//! Running the built node, always with a limit: a test must fail rather than hang.

// Each test program uses a part of this.
#![allow(dead_code)]

use std::{
	fs::File,
	io::Read,
	net::{Ipv4Addr, TcpListener},
	path::Path,
	process::{Child, Command, ExitStatus, Stdio},
	thread::sleep,
	time::{Duration, Instant},
};

/// What is waited for at most when a program has nothing to do but to refuse.
pub const SHORT: Duration = Duration::from_secs(60);

/// The node as a process; killed when dropped.
pub struct Node {
	process: Child,
	output: tempfile::NamedTempFile,
}

impl Node {
	/// Starts the node with these arguments. What it prints, on either stream, is kept.
	pub fn start<I: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = I>) -> Self {
		// A file and not a pipe: nobody needs to read while it runs.
		let output = tempfile::NamedTempFile::new().expect("a temporary file can be made");
		let stream = || File::options().append(true).open(output.path()).expect("it was just made");
		let process = Command::new(env!("CARGO_BIN_EXE_mixnet-node"))
			.args(arguments)
			.stdin(Stdio::null())
			.stdout(stream())
			.stderr(stream())
			.spawn()
			.expect("the node can be started");
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

	/// Has it ended?
	pub fn has_ended(&mut self) -> Option<ExitStatus> {
		self.process.try_wait().expect("a child can be asked")
	}

	/// Waits until it has ended; panics if it takes longer than `limit`.
	pub fn ended(&mut self, limit: Duration) -> ExitStatus {
		let mut status = None;
		let in_time = eventually(limit, || {
			status = self.has_ended();
			status.is_some()
		});
		assert!(in_time, "still running after {limit:?}; it printed:\n{}", self.printed());
		status.expect("it ended in time")
	}

	/// Waits until it has printed `words`; panics if it ends before, or if it takes longer than `limit`.
	pub fn wait_for(&mut self, words: &str, limit: Duration) {
		let seen = eventually(limit, || self.printed().contains(words) || self.has_ended().is_some());
		assert!(seen && self.printed().contains(words), "never printed `{words}`, but:\n{}", self.printed());
	}

	/// Sends it a signal.
	pub fn signal(&self, signal: rustix::process::Signal) {
		let id = rustix::process::Pid::from_raw(self.id() as i32).expect("a process ID is not zero");
		rustix::process::kill_process(id, signal).expect("it is our child");
	}
}

impl Drop for Node {
	fn drop(&mut self) {
		// Fails only if it has ended.
		let _ = self.process.kill();
		let _ = self.process.wait();
	}
}

/// Runs the node, which must refuse with an error that contains all of `words`.
pub fn assert_refused(arguments: &[&str], words: &[&str]) {
	let mut node = Node::start(arguments);
	let status = node.ended(SHORT);
	let printed = node.printed();
	assert!(!status.success(), "{arguments:?} was accepted:\n{printed}");
	for word in words {
		assert!(printed.contains(word), "{arguments:?} does not say `{word}`, but:\n{printed}");
	}
	assert!(!printed.contains("panicked"), "{arguments:?} panicked:\n{printed}");
}

/// Waits until `condition` holds; returns whether it did within `limit`.
pub fn eventually(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
	let deadline = Instant::now() + limit;
	loop {
		if condition() {
			return true;
		}
		if Instant::now() > deadline {
			return false;
		}
		sleep(Duration::from_millis(100));
	}
}

/// A port that nobody used a moment ago.
pub fn free_port() -> u16 {
	used_port().1
}

/// A port on which the listener listens.
pub fn used_port() -> (TcpListener, u16) {
	let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are free ports");
	let port = listener.local_addr().expect("it is bound").port();
	(listener, port)
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
