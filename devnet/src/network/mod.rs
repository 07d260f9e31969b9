//! The network: its nodes, from start to stop.
//!
//! - [`plan`]: what each node is started with.
//! - [`node`]: a node, and whether it runs.

pub mod node;
pub mod plan;

use crate::{
	chain::{accounts::Validator, rpc::Rpc, spec::chain_spec},
	os::{
		child::{ended_by_itself, log_tail, Child},
		command_line::CommandLine,
		folder::SPEC_FILE,
		ports::{PortBlock, MAX_PORTS},
		watchdog::Watchdog,
	},
};
use anyhow::{bail, ensure, Context};
use mixnet_primitives::PeerId;
use mixnet_service::status::Status;
use node::{Change, Node};
use plan::{base58, Plan, BOOT_NODES, OPERATOR};
use std::{
	fs,
	path::{Path, PathBuf},
	process::ExitStatus,
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::time::sleep;

/// The most validators. Each is a process with a database: more would be too much for one machine.
pub const MAX_VALIDATORS: u8 = 32;

/// How long all nodes together may take until they answer.
const START_TIMEOUT: Duration = Duration::from_secs(180);

/// How often a network is started with other ports when some were taken meanwhile.
const ATTEMPTS: u32 = 3;

/// What a network is made of.
pub struct Settings<'a> {
	/// The node's program.
	pub program: &'a Path,
	/// The folder for everything that the nodes keep.
	pub folder: &'a Path,
	/// Those who make blocks.
	pub validators: &'a [Validator],
	/// How many transfers the chain's genesis has senders for.
	pub transfers: u16,
}

/// All nodes, the ordinary one last.
pub struct Network {
	nodes: Vec<Node>,
	watchdog: Arc<Watchdog>,
	_ports: PortBlock,
}

impl Network {
	/// Writes the chain spec and starts all nodes. Returns when every one of them answers. Calls `started` with how many
	/// do so far, and how many there are.
	pub async fn start(settings: &Settings<'_>, started: &mut dyn FnMut(usize, usize)) -> anyhow::Result<Self> {
		let spec = settings.folder.join(SPEC_FILE);
		let json = chain_spec(settings.program, settings.validators, settings.transfers).await?;
		fs::write(&spec, serde_json::to_vec_pretty(&json)?)
			.with_context(|| format!("{} cannot be written", spec.display()))?;

		let watchdog = Watchdog::start()?;
		let mut attempt = 1;
		loop {
			match Self::try_start(settings, &spec, &watchdog, started, attempt).await {
				Err(error) if attempt < ATTEMPTS && is_port_conflict(&error) => attempt += 1,
				outcome => return outcome,
			}
		}
	}

	async fn try_start(
		Settings { program, folder, validators, .. }: &Settings<'_>,
		spec: &Path,
		watchdog: &Arc<Watchdog>,
		started: &mut dyn FnMut(usize, usize),
		attempt: u32,
	) -> anyhow::Result<Self> {
		// Besides the validators: the operator's node and the ordinary one.
		let num_nodes = validators.len() + 2;
		let ports = PortBlock::reserve(2 * num_nodes as u16, std::process::id().wrapping_add(attempt))?;
		let plans = Plan::all(folder, validators, ports.ports())?;
		let boot_nodes: Vec<_> = plans.iter().take(BOOT_NODES).map(Plan::boot_node_address).collect();
		let mut starting = Vec::new();
		for plan in &plans {
			let log = folder.join(format!("{}.log", plan.name));
			let command = plan.command(program, spec, &boot_nodes);
			let child = Child::start(&command, &log, watchdog)?;
			starting.push(Starting { name: plan.name.clone(), child, log, command });
		}

		let mut rpcs = Vec::new();
		let deadline = Instant::now() + START_TIMEOUT;
		for (index, plan) in plans.iter().enumerate() {
			started(index, num_nodes);
			let rpc = loop {
				for node in &mut starting {
					if let Some(status) = node.child.ended()? {
						return Err(node.ended(status));
					}
				}
				if let Ok(rpc) = Rpc::connect(plan.rpc_port).await {
					break rpc;
				}
				let Starting { name, log, .. } = &starting[index];
				ensure!(
					Instant::now() <= deadline,
					"the node {name} does not answer after {} s. The end of {}:\n{}",
					START_TIMEOUT.as_secs(),
					log.display(),
					log_tail(log),
				);
				sleep(Duration::from_millis(200)).await;
			};
			if rpc.peer_id().await? != base58(&plan.peer_id()) {
				bail!("{PORT_TAKEN}: {} answers, but is not the node {}", rpc.url(), plan.name);
			}
			rpcs.push(rpc);
		}
		let nodes = plans.iter().zip(rpcs).zip(starting);
		let nodes =
			nodes.map(|((plan, rpc), started)| Node::new(plan, rpc, started.command, started.log, started.child));
		Ok(Self { nodes: nodes.collect(), watchdog: watchdog.clone(), _ports: ports })
	}

	/// All nodes: the validators', the operator's, the ordinary one.
	pub fn nodes(&self) -> &[Node] {
		&self.nodes
	}

	/// The ordinary node.
	pub fn user(&self) -> &Node {
		self.nodes.last().expect("`try_start` always adds the ordinary node; qed")
	}

	/// The position of the operator's node.
	pub fn operator_index(&self) -> Option<usize> {
		self.nodes.iter().position(|node| node.role == OPERATOR)
	}

	/// The operator's peer ID.
	pub fn operator_peer_id(&self) -> Option<PeerId> {
		self.operator_index().and_then(|index| self.nodes.get(index)).map(|node| node.peer_id)
	}

	/// Ends the node at this position, starts it again with the same arguments, and waits until it answers.
	pub async fn restart(&mut self, index: usize) -> anyhow::Result<()> {
		self.nodes[index].restart(START_TIMEOUT, &self.watchdog).await
	}

	/// Fails if a node has ended.
	pub fn check_alive(&mut self) -> anyhow::Result<()> {
		self.nodes.iter_mut().try_for_each(Node::check_alive)
	}

	/// What has happened without our doing since the last call, and to which node.
	pub async fn changes(&mut self) -> anyhow::Result<Vec<(&Node, Change)>> {
		let mut changes = Vec::new();
		for node in &mut self.nodes {
			if let Some(change) = node.change().await? {
				changes.push((&*node, change));
			}
		}
		Ok(changes)
	}

	/// Each node's mixnet status, in their order.
	pub async fn statuses(&self) -> anyhow::Result<Vec<Status>> {
		futures::future::try_join_all(self.nodes.iter().map(|node| node.rpc.mixnet_status())).await
	}

	/// Ends all nodes that we started.
	pub async fn stop(self) {
		futures::future::join_all(self.nodes.into_iter().map(Node::stop)).await;
	}
}

/// A node that was started, and may not answer yet.
struct Starting {
	name: String,
	child: Child,
	log: PathBuf,
	command: CommandLine,
}

impl Starting {
	fn ended(&self, status: ExitStatus) -> anyhow::Error {
		ended_by_itself(&self.name, status, &self.log)
	}
}

const PORT_TAKEN: &str = "a port was taken by another program";

/// Did a node fail because another program, which knows nothing of our blocks, took one of its ports meanwhile?
fn is_port_conflict(error: &anyhow::Error) -> bool {
	let words = format!("{error:#}");
	words.contains(PORT_TAKEN) || words.contains("is in use by another program")
}

// Two ports per node must fit into a block: the validators', the operator's and the ordinary one's.
const _: () = assert!(2 * (MAX_VALIDATORS as u16 + 2) <= MAX_PORTS);
