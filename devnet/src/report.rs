//! What remains at the end: a table for people, and the same as JSON for programs.

use crate::{
	changes::Seen,
	job::Record,
	load::Latencies,
	network::{plan::VALIDATOR, Network},
};
use anyhow::Context;
use mixnet_service::status::Counters;
use serde::Serialize;
use std::{
	fmt,
	fs::OpenOptions,
	path::{Path, PathBuf},
};

/// How a run ended.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
	/// Did everything happen that a run wants to see?
	pub success: bool,
	/// Why not. `None` after success.
	pub failure: Option<String>,
	/// How many validators ran.
	pub validators: usize,
	/// What became of the transfers.
	pub transfers: Transfers,
	/// Session rotations since the first transfer.
	pub rotations: u32,
	/// Those of them that happened while transfers were in flight.
	pub rotations_in_flight: u32,
	/// The phases in which transfers were in flight, in ascending order.
	pub phases_in_flight: Vec<u8>,
	/// From sending to the answer of the mixnode that submitted the transfer. `None` if there was no answer.
	pub answer_latency_ms: Option<Latencies>,
	/// From sending until the transfer was seen in a finalised block. `None` if nothing was finalised.
	pub finalisation_latency_ms: Option<Latencies>,
	/// What was seen of the changes while the network ran.
	pub changes: Vec<Seen>,
	/// Each node: the validators, the operator, the ordinary one.
	pub nodes: Vec<NodeReport>,
}

/// How many transfers came how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfers {
	/// Sent by the ordinary node.
	pub sent: usize,
	/// Answered by the mixnode that submitted them.
	pub answered: usize,
	/// In a finalised block.
	pub finalised: usize,
}

/// What a node did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeReport {
	/// Its name.
	pub name: String,
	/// `validator`, `operator` or `user`.
	pub role: &'static str,
	/// Address of its RPC.
	pub rpc: String,
	/// Its log file.
	pub log: PathBuf,
	/// What its mixnet service counted since it was started. `None` if it could not be asked.
	pub counters: Option<Counters>,
	/// Extrinsics that it submitted for others before it was restarted, which the counters leave out.
	pub submitted_before_restart: u64,
}

impl Report {
	/// The report of a run that ended like this.
	pub fn new(network: &Network, Record { load, changes, statuses }: &Record, failure: Option<String>) -> Self {
		let nodes = network.nodes().iter().enumerate().map(|(index, node)| NodeReport {
			name: node.name.clone(),
			role: node.role,
			rpc: node.rpc.url().into(),
			log: node.log().into(),
			counters: statuses.as_ref().and_then(|statuses| Some(statuses.get(index)?.counters.clone())),
			submitted_before_restart: node.submitted_before_restart(),
		});
		Self {
			success: failure.is_none(),
			failure,
			validators: network.nodes().iter().filter(|node| node.role == VALIDATOR).count(),
			transfers: Transfers { sent: load.sent(), answered: load.num_answered(), finalised: load.num_finalised() },
			rotations: load.rotations_passed(),
			rotations_in_flight: load.rotations_in_flight(),
			phases_in_flight: load.phases().iter().copied().collect(),
			answer_latency_ms: load.answer_latencies(),
			finalisation_latency_ms: load.finalisation_latencies(),
			changes: changes.seen().map(Clone::clone).to_vec(),
			nodes: nodes.collect(),
		}
	}

	/// Fails unless the file can be written. Leaves no file where there was none, since an empty one is no report.
	pub fn check_writable(path: &Path) -> anyhow::Result<()> {
		let existed = path.exists();
		let tried = OpenOptions::new().append(true).create(true).open(path).and_then(|_| match existed {
			true => Ok(()),
			false => std::fs::remove_file(path),
		});
		tried.with_context(|| format!("--json {} cannot be written; choose another file", path.display()))
	}

	/// Writes the report to a file, as JSON.
	pub fn write(&self, path: &Path) -> anyhow::Result<()> {
		let json = serde_json::to_string_pretty(self)? + "\n";
		std::fs::write(path, json).with_context(|| format!("--json {} cannot be written", path.display()))
	}
}

impl fmt::Display for Report {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		let Transfers { sent, answered, finalised } = self.transfers;
		let phases: Vec<_> = self.phases_in_flight.iter().map(u8::to_string).collect();
		writeln!(f, "Transfers    {sent} sent, {answered} answered, {finalised} finalised")?;
		writeln!(f, "Rotations    {}, of which {} with transfers in flight", self.rotations, self.rotations_in_flight)?;
		writeln!(f, "Phases       transfers were in flight in {}", phases.join(", "))?;
		writeln!(f)?;
		writeln!(f, "Latency                  min   median      max")?;
		latency_line(f, "sent to answered", self.answer_latency_ms)?;
		latency_line(f, "sent to finalised", self.finalisation_latency_ms)?;
		writeln!(f)?;
		for change in &self.changes {
			let steps = change.steps.join("; ");
			let missing = if change.complete { "" } else { " (not all that should be seen)" };
			writeln!(f, "{:<12} {steps}{missing}", capitalised(change.name))?;
		}
		writeln!(f)?;
		writeln!(f, "{:<12} {:>9} {:>9} {:>9} {:>9}  log", "Packets", "received", "sent", "forwarded", "dropped")?;
		for node in &self.nodes {
			write!(f, "{:<12}", node.name)?;
			match &node.counters {
				Some(Counters { received, sent, forwarded, dropped, .. }) => {
					write!(f, " {received:>9} {sent:>9} {forwarded:>9} {dropped:>9}")?;
				},
				None => write!(f, " {:>9} {:>9} {:>9} {:>9}", "-", "-", "-", "-")?,
			}
			writeln!(f, "  {}", node.log.display())?;
		}
		Ok(())
	}
}

fn capitalised(name: &str) -> String {
	let mut letters = name.chars();
	letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn latency_line(f: &mut fmt::Formatter, label: &str, latencies: Option<Latencies>) -> fmt::Result {
	let seconds = |milliseconds: u64| milliseconds as f64 / 1_000.0;
	match latencies {
		Some(Latencies { min, median, max }) => {
			writeln!(f, "  {label:<18} {:>6.1} s {:>6.1} s {:>6.1} s", seconds(min), seconds(median), seconds(max))
		},
		None => writeln!(f, "  {label:<18} {:>8} {:>8} {:>8}", "-", "-", "-"),
	}
}
