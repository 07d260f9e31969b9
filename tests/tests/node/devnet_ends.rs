//! However a devnet ends, its nodes end with it.
//!
//! The devnets here are small, and one runs at a time. The long run of `devnet.rs` goes on beside them.

#![cfg(target_os = "linux")]

use mixnet_tests::{
	eventually,
	process::{processes_with, send, Process, Signal},
};
use std::{
	sync::{Mutex, MutexGuard, PoisonError},
	time::Duration,
};
use tempfile::TempDir;

/// For starting six nodes on two cores on which other nodes run.
const START: Duration = Duration::from_secs(300);
/// For ending them.
const END: Duration = Duration::from_secs(60);

/// Held while one of these devnets runs.
static RUNNING: Mutex<()> = Mutex::new(());

/// The smallest devnet.
struct Small {
	devnet: Process,
	folder: TempDir,
	_running: MutexGuard<'static, ()>,
}

impl Small {
	/// Starts one, and waits until all its nodes answer.
	fn start() -> Self {
		let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
		let folder = tempfile::tempdir().expect("a temporary folder can be made");
		let data = folder.path().join("data");
		let data = data.to_str().expect("temporary folders have plain names");
		let mut devnet = Process::devnet(["--validators", "4", "--base-path", data]);
		devnet.wait_for("blocks until session 1", START);
		Self { devnet, folder, _running: running }
	}

	/// Its processes.
	fn processes(&self) -> Vec<u32> {
		processes_with(self.folder.path())
	}

	/// The process of one of its nodes.
	fn node(&self, name: &str) -> u32 {
		let node = processes_with(&self.folder.path().join("data").join(name));
		node.into_iter().find(|id| *id != self.devnet.id()).unwrap_or_else(|| panic!("{name} does not run"))
	}
}

/// Starts a small devnet, and ends it. A devnet that runs beside it fails if that ends one of its nodes.
pub fn one_comes_and_goes() {
	let mut small = Small::start();
	// Four validators, the operator, the ordinary node, and the devnet itself.
	assert_eq!(small.processes().len(), 7);
	// Asked to end: it ends its nodes, and says why it failed.
	small.devnet.signal(Signal::TERM);
	assert!(!small.devnet.ended(END).success());
	assert!(small.devnet.printed().contains("SIGTERM"), "{}", small.devnet.printed());
	assert_eq!(small.processes(), [0; 0]);
}

#[test]
fn nodes_end_with_a_devnet_that_is_killed() {
	let mut small = Small::start();
	// Without a chance to do anything: its watchdog ends the nodes, a frozen one too.
	send(small.node("dave"), Signal::STOP);
	small.devnet.signal(Signal::KILL);
	assert!(!small.devnet.ended(END).success());
	assert!(eventually(END, || small.processes().is_empty()), "nodes were left behind");
}

#[test]
fn a_run_fails_when_a_node_ends() {
	let mut small = Small::start();
	send(small.node("bob"), Signal::KILL);
	assert!(!small.devnet.ended(END).success());
	let printed = small.devnet.printed();
	assert!(printed.contains("the node bob ended") && printed.contains("bob.log"), "{printed}");
	assert_eq!(small.processes(), [0; 0]);
}
