//! However a devnet ends, its nodes end with it. Two devnets do not disturb each other.

#![cfg(target_os = "linux")]

use mixnet_tests::{
	eventually,
	process::{processes_with, send, Process, Signal},
};
use std::time::Duration;

/// For starting sixteen nodes on two cores.
const START: Duration = Duration::from_secs(300);
/// For ending them.
const END: Duration = Duration::from_secs(60);

#[test]
fn two_devnets_run_at_once_and_end_with_all_their_nodes() {
	let folders = [0; 2].map(|_| tempfile::tempdir().expect("a temporary folder can be made"));
	let [mut first, mut second] = [0, 1].map(|index: usize| {
		let data = folders[index].path().join("data");
		Process::devnet(["--base-path", data.to_str().expect("temporary folders have plain names")])
	});
	// Printed when all nodes of a devnet answer.
	first.wait_for("blocks until session 1", START);
	second.wait_for("blocks until session 1", START);
	for folder in &folders {
		// Six validators, the operator, the ordinary node, and the devnet itself.
		assert_eq!(processes_with(folder.path()).len(), 9);
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
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let data = folder.path().join("data");
	let mut devnet = Process::devnet(["--base-path", data.to_str().expect("temporary folders have plain names")]);
	devnet.wait_for("blocks until session 1", START);
	let bob = data.join("bob");
	let victim = processes_with(&bob).into_iter().find(|id| *id != devnet.id()).expect("bob runs");
	send(victim, Signal::KILL);
	assert!(!devnet.ended(END).success());
	let printed = devnet.printed();
	assert!(printed.contains("the node bob ended") && printed.contains("bob.log"), "{printed}");
	assert_eq!(processes_with(folder.path()), [0; 0]);
}
