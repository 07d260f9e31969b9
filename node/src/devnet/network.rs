//! The network: its nodes from start to stop.

use super::{
	child::Child,
	folder::SPEC_FILE,
	ports::{PortBlock, MAX_PORTS},
	rpc::Rpc,
	spec::{chain_spec, Operator, Validator},
	view::{Snapshot, View},
};
use anyhow::{bail, Context};
use mixnet_primitives::PeerId;
use mixnet_service::status::Status;
use sp_core::{ed25519, Pair as _};
use std::{
	fs,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};
use tokio::time::sleep;

/// The role of the nodes that make blocks.
pub const VALIDATOR: &str = "validator";

/// How long all nodes together may take until they answer.
const START_TIMEOUT: Duration = Duration::from_secs(180);

/// How often a network is started with other ports when some were taken meanwhile.
const ATTEMPTS: u32 = 3;

/// The name of the node that validates nothing, through which the transfers are sent.
const USER: &str = "user";

/// The name of the node that validates nothing, and mixes by a bond.
const OPERATOR: &str = "operator";

/// A node that runs and answers.
pub struct Node {
	/// Its name in tables and files.
	pub name: String,
	/// `validator`, `operator`, or `user` for the ordinary node.
	pub role: &'static str,
	/// Its peer ID.
	pub peer_id: PeerId,
	/// Our connection to it.
	pub rpc: Rpc,
	child: Child,
	rpc_port: u16,
	arguments: Vec<String>,
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
	role: &'static str,
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
		match self.role {
			VALIDATOR => arguments.push("--validator".into()),
			OPERATOR => arguments.push("--mixnet-operator".into()),
			_ => {},
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
		let validating = validators.iter().map(|validator| (validator.name(), VALIDATOR));
		let names: Vec<_> = validating.chain([OPERATOR, USER].map(|name| (name.into(), name))).collect();
		let ports = PortBlock::reserve(2 * names.len() as u16, std::process::id().wrapping_add(attempt))?;
		let mut plans = Vec::new();
		for (index, ((name, role), ports)) in names.iter().zip(ports.ports().chunks(2)).enumerate() {
			let plan = Plan {
				name: name.clone(),
				role,
				folder: folder.join(name),
				port: ports[0],
				rpc_port: ports[1],
				node_key: ed25519::Pair::generate().0,
			};
			fs::create_dir_all(&plan.folder).with_context(|| format!("{} cannot be made", plan.folder.display()))?;
			match validators.get(index) {
				Some(validator) => validator.insert_keys(&plan.keystore())?,
				None if *role == OPERATOR => Operator::insert_key(&plan.keystore())?,
				None => {},
			}
			plans.push(plan);
		}

		// Everybody knows the first few; through them they find the others.
		let bootnodes = plans
			.iter()
			.take(3)
			.map(|plan| Ok(format!("{}/p2p/{}", plan.address(), plan.peer_id()?)))
			.collect::<anyhow::Result<Vec<_>>>()?;
		let (mut children, mut all_arguments) = (Vec::new(), Vec::new());
		for plan in &plans {
			let log = folder.join(format!("{}.log", plan.name));
			let arguments = plan.arguments(spec, &bootnodes)?;
			children.push(Child::start(&plan.name, &arguments, log)?);
			all_arguments.push(arguments);
		}

		let mut nodes = Vec::new();
		let deadline = Instant::now() + START_TIMEOUT;
		for ((index, plan), arguments) in plans.iter().enumerate().zip(all_arguments) {
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
			nodes.push(Node {
				name: plan.name.clone(),
				role: plan.role,
				peer_id: PeerId(plan.node_key.public().0),
				rpc,
				child: children.remove(0),
				rpc_port: plan.rpc_port,
				arguments,
			});
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

	/// The operator's node, which is there if it has an index.
	pub fn operator_index(&self) -> Option<usize> {
		self.nodes.iter().position(|node| node.role == OPERATOR)
	}

	/// The operator's peer ID, if its node is there.
	pub fn operator_peer_id(&self) -> Option<PeerId> {
		self.operator_index().and_then(|index| self.nodes.get(index)).map(|node| node.peer_id)
	}

	/// Ends the node of this index, starts it again with the same arguments, and waits until it answers.
	pub async fn restart(&mut self, index: usize) -> anyhow::Result<()> {
		let Node { name, peer_id, role, child, rpc_port, arguments, .. } = self.nodes.remove(index);
		let log = child.log().to_owned();
		child.stop().await;
		let mut child = Child::start(&name, &arguments, log)?;
		let deadline = Instant::now() + START_TIMEOUT;
		let rpc = loop {
			child.check_alive()?;
			match Rpc::connect(rpc_port).await {
				Ok(rpc) => break rpc,
				Err(error) if Instant::now() > deadline => {
					return Err(error).context(format!("the node {name} does not answer after its restart"));
				},
				Err(_) => sleep(Duration::from_millis(200)).await,
			}
		};
		self.nodes.insert(index, Node { name, role, peer_id, rpc, child, rpc_port, arguments });
		Ok(())
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

// Two ports per node must fit into a block: the validators', the operator's and the ordinary one's.
const _: () = assert!(2 * (super::options::MAX_VALIDATORS as u16 + 2) <= MAX_PORTS);
