//! The network: its nodes from start to stop.

use super::{
	child::Child,
	folder::SPEC_FILE,
	ports::{PortBlock, MAX_PORTS},
	rpc::Rpc,
	spec::{chain_spec, Validator},
	view::{Snapshot, View},
};
use anyhow::{bail, Context};
use mixnet_service::status::Status;
use sp_core::{ed25519, Pair as _};
use std::{
	fs,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};
use tokio::time::sleep;

/// How long all nodes together may take until they answer.
const START_TIMEOUT: Duration = Duration::from_secs(180);

/// How often a network is started with other ports when some were taken meanwhile.
const ATTEMPTS: u32 = 3;

/// The name of the node that validates nothing, through which the transfers are sent.
const USER: &str = "user";

/// A node that runs and answers.
pub struct Node {
	/// Its name in tables and files.
	pub name: String,
	/// `validator`, or `user` for the ordinary node.
	pub role: &'static str,
	/// Our connection to it.
	pub rpc: Rpc,
	child: Child,
}

impl Node {
	/// Where it writes what it does.
	pub fn log(&self) -> &Path {
		self.child.log()
	}
}

/// All nodes, the ordinary one last.
pub struct Network {
	nodes: Vec<Node>,
	_ports: PortBlock,
}

/// What a node is started with.
struct Plan {
	name: String,
	validator: bool,
	folder: PathBuf,
	port: u16,
	rpc_port: u16,
	node_key: ed25519::Pair,
}

impl Plan {
	fn peer_id(&self) -> anyhow::Result<String> {
		let peer_id = sc_network::PeerId::from_ed25519(&self.node_key.public().0);
		Ok(peer_id.context("a fresh network key is not one; this is a bug")?.to_base58())
	}

	/// The one address that it has: nothing listens but on loopback.
	fn address(&self) -> String {
		format!("/ip4/127.0.0.1/tcp/{}", self.port)
	}

	fn arguments(&self, spec: &Path, bootnodes: &[String]) -> anyhow::Result<Vec<String>> {
		let node_key_file = self.folder.join("node-key");
		fs::write(&node_key_file, hex::encode(self.node_key.seed()))
			.with_context(|| format!("{} cannot be written", node_key_file.display()))?;
		let valued = [
			("--chain", spec.display().to_string()),
			("--base-path", self.folder.display().to_string()),
			("--keystore-path", self.keystore().display().to_string()),
			("--name", self.name.clone()),
			("--node-key-file", node_key_file.display().to_string()),
			("--listen-addr", self.address()),
			("--public-addr", self.address()),
			("--rpc-port", self.rpc_port.to_string()),
			// Each node's are asked for by us alone.
			("--rpc-max-connections", "20".into()),
		];
		let mut arguments: Vec<String> = valued.into_iter().flat_map(|(name, value)| [name.into(), value]).collect();
		let flags =
			["--mixnet", "--allow-private-ip", "--no-mdns", "--no-prometheus", "--no-telemetry", "--disable-log-color"];
		arguments.extend(flags.map(String::from));
		if self.validator {
			arguments.push("--validator".into());
		}
		arguments.push("--bootnodes".into());
		arguments.extend_from_slice(bootnodes);
		Ok(arguments)
	}

	fn keystore(&self) -> PathBuf {
		self.folder.join("keystore")
	}
}

impl Network {
	/// Writes the chain spec into `folder` and starts all nodes; returns when every one of them answers.
	pub async fn start(
		folder: &Path,
		validators: &[Validator],
		transfers: u16,
		view: &mut View,
	) -> anyhow::Result<Self> {
		let spec = folder.join(SPEC_FILE);
		let json = serde_json::to_vec_pretty(&chain_spec(validators, transfers)?)?;
		fs::write(&spec, json).with_context(|| format!("{} cannot be written", spec.display()))?;

		let mut attempt = 1;
		loop {
			match Self::try_start(folder, &spec, validators, view, attempt).await {
				Err(error) if attempt < ATTEMPTS && is_port_conflict(&error) => attempt += 1,
				outcome => return outcome,
			}
		}
	}

	async fn try_start(
		folder: &Path,
		spec: &Path,
		validators: &[Validator],
		view: &mut View,
		attempt: u32,
	) -> anyhow::Result<Self> {
		let names: Vec<_> = validators.iter().map(Validator::name).chain([USER.into()]).collect();
		let ports = PortBlock::reserve(2 * names.len() as u16, std::process::id().wrapping_add(attempt))?;
		let mut plans = Vec::new();
		for ((name, ports), validator) in
			names.iter().zip(ports.ports().chunks(2)).zip(validators.iter().map(Some).chain([None]))
		{
			let plan = Plan {
				name: name.clone(),
				validator: validator.is_some(),
				folder: folder.join(name),
				port: ports[0],
				rpc_port: ports[1],
				node_key: ed25519::Pair::generate().0,
			};
			fs::create_dir_all(&plan.folder).with_context(|| format!("{} cannot be made", plan.folder.display()))?;
			if let Some(validator) = validator {
				validator.insert_keys(&plan.keystore())?;
			}
			plans.push(plan);
		}

		// Everybody knows the first few; through them they find the others.
		let bootnodes = plans
			.iter()
			.take(3)
			.map(|plan| Ok(format!("{}/p2p/{}", plan.address(), plan.peer_id()?)))
			.collect::<anyhow::Result<Vec<_>>>()?;
		let mut children = Vec::new();
		for plan in &plans {
			let log = folder.join(format!("{}.log", plan.name));
			children.push(Child::start(&plan.name, &plan.arguments(spec, &bootnodes)?, log)?);
		}

		let mut nodes = Vec::new();
		let deadline = Instant::now() + START_TIMEOUT;
		for (index, plan) in plans.iter().enumerate() {
			let awaited = Some(("nodes started", index as u64, plans.len() as u64));
			view.show(Snapshot { awaited, ..Snapshot::default() });
			let rpc = loop {
				for child in &mut children {
					child.check_alive()?;
				}
				if let Ok(rpc) = Rpc::connect(plan.rpc_port).await {
					break rpc;
				}
				if Instant::now() > deadline {
					bail!(
						"the node {} does not answer after {} s. The end of {}:\n{}",
						plan.name,
						START_TIMEOUT.as_secs(),
						children[0].log().display(),
						children[0].log_tail(),
					);
				}
				sleep(Duration::from_millis(200)).await;
			};
			if rpc.peer_id().await? != plan.peer_id()? {
				bail!("{PORT_TAKEN}: {} answers, but is not the node {}", rpc.url(), plan.name);
			}
			let role = if plan.validator { "validator" } else { USER };
			nodes.push(Node { name: plan.name.clone(), role, rpc, child: children.remove(0) });
		}
		Ok(Self { nodes, _ports: ports })
	}

	/// All nodes, the ordinary one last.
	pub fn nodes(&self) -> &[Node] {
		&self.nodes
	}

	/// The ordinary node.
	pub fn user(&self) -> &Node {
		self.nodes.last().expect("`try_start` always adds the ordinary node; qed")
	}

	/// Fails if a node has ended.
	pub fn check_alive(&mut self) -> anyhow::Result<()> {
		self.nodes.iter_mut().try_for_each(|node| node.child.check_alive())
	}

	/// Each node's mixnet status, in their order.
	pub async fn statuses(&self) -> anyhow::Result<Vec<Status>> {
		futures::future::try_join_all(self.nodes.iter().map(|node| node.rpc.mixnet_status())).await
	}

	/// Ends all nodes.
	pub async fn stop(self) {
		futures::future::join_all(self.nodes.into_iter().map(|node| node.child.stop())).await;
	}
}

const PORT_TAKEN: &str = "a port was taken by another program";

/// Did a node fail because somebody else, who knows nothing of our blocks, took one of its ports meanwhile?
fn is_port_conflict(error: &anyhow::Error) -> bool {
	let words = format!("{error:#}");
	words.contains(PORT_TAKEN) || words.contains("is in use by another program")
}

// Two ports per node must fit into a block.
const _: () = assert!(2 * (super::options::MAX_VALIDATORS as u16 + 1) <= MAX_PORTS);
