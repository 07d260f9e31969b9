//! What a node is started with: its name, its role, its folder, its ports and its network key.

use crate::{
	chain::accounts::{Operator, Validator},
	os::command_line::CommandLine,
};
use anyhow::Context;
use mixnet_primitives::PeerId;
use sp_core::{ed25519, Pair as _};
use std::{
	fs,
	path::{Path, PathBuf},
};

/// The role of the nodes that make blocks.
pub const VALIDATOR: &str = "validator";

/// The role and name of the node that validates nothing, and mixes by a bond.
pub const OPERATOR: &str = "operator";

/// The role and name of the ordinary node, through which the transfers are sent.
pub const USER: &str = "user";

/// How many of the first nodes every node knows from the start. Through them it finds the others.
pub const BOOT_NODES: usize = 3;

/// A node before it is started.
pub struct Plan {
	/// Its name in tables and files.
	pub name: String,
	/// [`VALIDATOR`], [`OPERATOR`] or [`USER`].
	pub role: &'static str,
	/// Where its RPC will listen, on the loopback interface.
	pub rpc_port: u16,
	folder: PathBuf,
	port: u16,
	node_key: ed25519::Pair,
}

impl Plan {
	/// Plans a node for each validator, then the operator's and the ordinary one. Each has a folder of its own within
	/// `folder`, with its keys in it. `ports` has two for each.
	pub fn all(folder: &Path, validators: &[Validator], ports: &[u16]) -> anyhow::Result<Vec<Self>> {
		let validating = validators.iter().map(|validator| (validator.name(), VALIDATOR));
		let nodes = validating.chain([OPERATOR, USER].map(|name| (name.into(), name)));
		let mut plans = Vec::new();
		for (index, ((name, role), ports)) in nodes.zip(ports.chunks_exact(2)).enumerate() {
			let node_key = ed25519::Pair::generate().0;
			let plan = Self { folder: folder.join(&name), name, role, port: ports[0], rpc_port: ports[1], node_key };
			fs::create_dir_all(&plan.folder).with_context(|| format!("{} cannot be made", plan.folder.display()))?;
			fs::write(plan.node_key_file(), hex::encode(plan.node_key.seed()))
				.with_context(|| format!("{} cannot be written", plan.node_key_file().display()))?;
			match validators.get(index) {
				Some(validator) => validator.insert_keys(&plan.keystore())?,
				None if role == OPERATOR => Operator::insert_key(&plan.keystore())?,
				None => {},
			}
			plans.push(plan);
		}
		Ok(plans)
	}

	/// The peer ID that belongs to its network key.
	pub fn peer_id(&self) -> PeerId {
		PeerId(self.node_key.public().0)
	}

	/// Its only address: nothing listens except on the loopback interface.
	fn address(&self) -> String {
		format!("/ip4/127.0.0.1/tcp/{}", self.port)
	}

	/// Its address with its peer ID, as other nodes are told.
	pub fn boot_node_address(&self) -> String {
		format!("{}/p2p/{}", self.address(), base58(&self.peer_id()))
	}

	fn node_key_file(&self) -> PathBuf {
		self.folder.join("node-key")
	}

	fn keystore(&self) -> PathBuf {
		self.folder.join("keystore")
	}

	/// What it is started with: the node's program, and the chain of the file `spec`.
	pub fn command(&self, program: &Path, spec: &Path, boot_nodes: &[String]) -> CommandLine {
		let valued = [
			("--chain", spec.display().to_string()),
			("--base-path", self.folder.display().to_string()),
			("--keystore-path", self.keystore().display().to_string()),
			("--name", self.name.clone()),
			("--node-key-file", self.node_key_file().display().to_string()),
			("--listen-addr", self.address()),
			("--public-addr", self.address()),
			("--rpc-port", self.rpc_port.to_string()),
			// Only we ask this node anything.
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
		arguments.extend_from_slice(boot_nodes);
		CommandLine { program: program.into(), arguments }
	}
}

/// A peer ID as text.
pub fn base58(peer_id: &PeerId) -> String {
	String::from_utf8_lossy(&peer_id.to_base58()).into_owned()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn every_node_gets_its_own_folder_ports_and_keys() {
		let folder = tempfile::tempdir().expect("a temporary folder can be made; qed");
		let validators = Validator::first(2);
		let plans = Plan::all(folder.path(), &validators, &[1, 2, 3, 4, 5, 6, 7, 8]).expect("the folder is ours; qed");
		let names: Vec<_> = plans.iter().map(|plan| (plan.name.as_str(), plan.role)).collect();
		assert_eq!(names, [("alice", VALIDATOR), ("bob", VALIDATOR), ("operator", OPERATOR), ("user", USER)]);
		// Three session keys; the operator's key; none.
		let keys = |name: &str| fs::read_dir(folder.path().join(name).join("keystore")).map_or(0, Iterator::count);
		assert_eq!(["alice", "bob", "operator", "user"].map(keys), [3, 3, 1, 0]);
		let words = plans[1].command(Path::new("/node"), Path::new("/spec"), &["/boot".into()]).to_string();
		for part in ["/node --chain /spec ", "/tcp/3 ", "--rpc-port 4 ", " --validator ", " --bootnodes /boot"] {
			assert!(words.contains(part), "{part} is not in {words}");
		}
	}
}
