//! Looks after a network that people experiment with: `--keep`.
//!
//! They kill nodes, freeze them, and start them again. What happens to a node is reported. The network goes on.

use crate::{
	network::{
		node::{Change, Node},
		Network,
	},
	os::stop::StopSignal,
};
use std::{convert::Infallible, time::Duration};
use tokio::time::sleep;

/// How often we look whether something has happened.
const PERIOD: Duration = Duration::from_millis(500);

/// Prints how each node is reached, stopped and started, then what happens to it. Returns when a signal comes.
pub async fn keep(network: &mut Network, stop: &mut StopSignal) -> anyhow::Result<()> {
	println!("{}", introduction(network.nodes()));
	tokio::select! {
		// Checked first: nodes that end after a signal were not killed by a person.
		biased;
		_ = stop.received() => Ok(()),
		error = report_changes(network) => error.map(|never| match never {}),
	}
}

/// Reports changes for ever.
async fn report_changes(network: &mut Network) -> anyhow::Result<Infallible> {
	loop {
		for (node, change) in network.changes().await? {
			println!("{}", description(node, &change));
		}
		sleep(PERIOD).await;
	}
}

/// What a person has to know of each node.
fn introduction(nodes: &[Node]) -> String {
	let mut words =
		"The network stays until Ctrl-C. Until then you may kill nodes (kill -KILL PROCESS), freeze them (kill -STOP \
		PROCESS, and kill -CONT PROCESS to go on), and start those that have ended with the command below.\n"
			.to_string();
	for node in nodes {
		let process = node.process_id().map_or_else(|| "-".into(), |id| id.to_string());
		words += &format!(
			"\n{:<12} process {process}, RPC {}, log {}\n  {}\n",
			node.name,
			node.rpc.url(),
			node.log().display(),
			node.command(),
		);
	}
	words
}

/// What has happened to a node, and what can be done.
fn description(node: &Node, change: &Change) -> String {
	match change {
		Change::Ended(status) => {
			let how = status.map(|status| format!(" ({status})")).unwrap_or_default();
			// By hand, it writes to somebody's terminal.
			let log = status.map(|_| format!(" Its log: {}", node.log().display())).unwrap_or_default();
			format!("The node {} ended{how}.{log}\n  Start it again: {}", node.name, node.command())
		},
		Change::StartedByHand => {
			format!("The node {} runs again: somebody has started it. RPC {}", node.name, node.rpc.url())
		},
	}
}
