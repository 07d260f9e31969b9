//! However a devnet ends, its nodes end with it. Two devnets do not disturb each other.

#![cfg(target_os = "linux")]

use mixnet_tests::{
	eventually,
	process::{processes_with, send, Process, Signal},
};
use std::{
	path::Path,
	sync::{Mutex, PoisonError},
	time::Duration,
};

/// For starting twelve nodes on two cores.
const START: Duration = Duration::from_secs(300);
/// For ending them.
const END: Duration = Duration::from_secs(60);

/// Held by the test that runs devnets: the other one waits.
static RUNNING: Mutex<()> = Mutex::new(());

/// Starts the smallest devnet, whose folder is in this one.
fn start(folder: &Path) -> Process {
	let data = folder.join("data");
	let data = data.to_str().expect("temporary folders have plain names");
	Process::devnet(["--validators", "4", "--base-path", data])
}

#[test]
fn two_devnets_run_at_once_and_end_with_all_their_nodes() {
	let _running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
	let folders = [0; 2].map(|_| tempfile::tempdir().expect("a temporary folder can be made"));
	let [mut first, mut second] = [0, 1].map(|index: usize| start(folders[index].path()));
	// Printed when all nodes of a devnet answer.
	first.wait_for("blocks until session 1", START);
	second.wait_for("blocks until session 1", START);
	for folder in &folders {
		// Four validators, the operator, the ordinary node, and the devnet itself.
		assert_eq!(processes_with(folder.path()).len(), 7);
	}

	// Asked to end: it ends its nodes, and says why it failed.
	first.signal(Signal::TERM);
	assert!(!first.ended(END).success());
	assert!(first.printed().contains("SIGTERM"), "{}", first.printed());
	assert_eq!(processes_with(folders[0].path()), [0; 0]);

	// Without a chance to do anything: its watchdog ends the nodes, a frozen one too.
	let frozen = processes_with(&folders[1].path().join("data").join("dave"));
	send(*frozen.iter().find(|id| **id != second.id()).expect("dave runs"), Signal::STOP);
	second.signal(Signal::KILL);
	assert!(!second.ended(END).success());
	assert!(eventually(END, || processes_with(folders[1].path()).is_empty()), "nodes were left behind");
}

#[test]
fn a_run_fails_when_a_node_ends() {
	let _running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let mut devnet = start(folder.path());
	devnet.wait_for("blocks until session 1", START);
	let bob = folder.path().join("data").join("bob");
	let victim = processes_with(&bob).into_iter().find(|id| *id != devnet.id()).expect("bob runs");
	send(victim, Signal::KILL);
	assert!(!devnet.ended(END).success());
	let printed = devnet.printed();
	assert!(printed.contains("the node bob ended") && printed.contains("bob.log"), "{printed}");
	assert_eq!(processes_with(folder.path()), [0; 0]);
}
