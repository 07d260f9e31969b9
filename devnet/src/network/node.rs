//! A node of the network, and whether it runs.

use super::plan::{base58, Plan};
use crate::{
	chain::rpc::Rpc,
	os::{
		child::{ended_by_itself, Child},
		command_line::CommandLine,
		watchdog::Watchdog,
	},
};
use anyhow::{bail, Context};
use mixnet_primitives::PeerId;
use std::{
	io,
	net::{Ipv4Addr, TcpStream},
	path::{Path, PathBuf},
	process::ExitStatus,
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};

/// How long a node whose RPC is there may take to say who it is. It may be frozen.
const INTRODUCTION: Duration = Duration::from_secs(2);

/// A node of the network: how to reach it, to start it, and who runs it.
pub struct Node {
	/// Its name in tables and files.
	pub name: String,
	/// Its role: `validator`, `operator`, or `user` for the ordinary node.
	pub role: &'static str,
	/// Its peer ID.
	pub peer_id: PeerId,
	/// Our connection to it.
	pub rpc: Rpc,
	rpc_port: u16,
	/// What starts it.
	command: CommandLine,
	log: PathBuf,
	process: Process,
	/// Extrinsics that it submitted for others before it was restarted: its counters do not know of them any more.
	submitted_before_restart: u64,
}

/// Who runs the node.
enum Process {
	/// A child process of the devnet.
	Ours(Child),
	/// Nobody: it has ended.
	Ended,
	/// Somebody else, who started it again after it had ended.
	ByHand,
}

/// What happened to a node without our doing.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
	/// It has ended; with its exit status if it was our child.
	Ended(Option<ExitStatus>),
	/// Somebody has started it again.
	StartedByHand,
}

impl Node {
	/// A node that was started according to plan, and answers.
	pub fn new(plan: &Plan, rpc: Rpc, command: CommandLine, log: PathBuf, child: Child) -> Self {
		Self {
			name: plan.name.clone(),
			role: plan.role,
			peer_id: plan.peer_id(),
			rpc,
			rpc_port: plan.rpc_port,
			command,
			log,
			process: Process::Ours(child),
			submitted_before_restart: 0,
		}
	}

	/// Extrinsics that it submitted for others before it was restarted.
	pub fn submitted_before_restart(&self) -> u64 {
		self.submitted_before_restart
	}

	/// The file that it writes its log to, as long as we run it.
	pub fn log(&self) -> &Path {
		&self.log
	}

	/// What starts it again after it has ended.
	pub fn command(&self) -> &CommandLine {
		&self.command
	}

	/// Its process ID, if it is our child.
	pub fn process_id(&self) -> Option<u32> {
		match &self.process {
			Process::Ours(child) => Some(child.id()),
			_ => None,
		}
	}

	/// Did somebody else start it, and does it still run?
	pub fn runs_by_hand(&self) -> bool {
		matches!(self.process, Process::ByHand)
	}

	/// Fails if the node has ended, with the end of its log.
	pub fn check_alive(&mut self) -> anyhow::Result<()> {
		match &mut self.process {
			Process::Ours(child) => match child.ended()? {
				Some(status) => Err(ended_by_itself(&self.name, status, &self.log)),
				None => Ok(()),
			},
			Process::Ended => bail!("the node {} has ended", self.name),
			Process::ByHand => Ok(()),
		}
	}

	/// What has happened to the node since the last call. A frozen node has not ended.
	pub async fn change(&mut self) -> anyhow::Result<Option<Change>> {
		match &mut self.process {
			Process::Ours(child) => {
				let Some(status) = child.ended()? else { return Ok(None) };
				self.process = Process::Ended;
				Ok(Some(Change::Ended(Some(status))))
			},
			Process::Ended => {
				// Whoever is there may be another program, or may not listen yet.
				let Ok(Ok(rpc)) = timeout(INTRODUCTION, self.connect()).await else { return Ok(None) };
				self.rpc = rpc;
				self.process = Process::ByHand;
				Ok(Some(Change::StartedByHand))
			},
			Process::ByHand if self.rpc.is_connected() || is_listening(self.rpc_port) => Ok(None),
			Process::ByHand => {
				self.process = Process::Ended;
				Ok(Some(Change::Ended(None)))
			},
		}
	}

	/// Connects to the node's RPC, unless it is another node's.
	async fn connect(&self) -> anyhow::Result<Rpc> {
		let rpc = Rpc::connect(self.rpc_port).await?;
		if rpc.peer_id().await? != base58(&self.peer_id) {
			bail!("{} answers, but is not the node {}", rpc.url(), self.name);
		}
		Ok(rpc)
	}

	/// Ends the node, starts it again with the same arguments, and waits until it answers.
	pub async fn restart(&mut self, limit: Duration, watchdog: &Arc<Watchdog>) -> anyhow::Result<()> {
		self.submitted_before_restart += self.rpc.mixnet_status().await?.counters.extrinsics_submitted;
		if let Process::Ours(child) = std::mem::replace(&mut self.process, Process::Ended) {
			child.stop().await;
		}
		self.process = Process::Ours(Child::start(&self.command, &self.log, watchdog)?);
		let deadline = Instant::now() + limit;
		loop {
			self.check_alive()?;
			match self.connect().await {
				Ok(rpc) => {
					self.rpc = rpc;
					return Ok(());
				},
				Err(error) if Instant::now() > deadline => {
					return Err(error).context(format!("the node {} does not answer after its restart", self.name));
				},
				Err(_) => sleep(Duration::from_millis(200)).await,
			}
		}
	}

	/// Ends the node, unless somebody else has started it.
	pub async fn stop(self) {
		if let Process::Ours(child) = self.process {
			child.stop().await;
		}
	}
}

/// Does anybody listen on this port of the loopback interface? The operating system takes connections for a frozen process
/// too.
fn is_listening(port: u16) -> bool {
	match TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), INTRODUCTION) {
		Ok(_) => true,
		// Of a frozen process, the system takes only so many connections.
		Err(error) => error.kind() != io::ErrorKind::ConnectionRefused,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::net::TcpListener;

	#[test]
	fn a_port_is_listened_on_as_long_as_its_owner_lives() {
		let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are free ports; qed");
		let port = listener.local_addr().expect("it is bound; qed").port();
		// Nobody accepts, as with a frozen process.
		assert!((0..5).all(|_| is_listening(port)));
		drop(listener);
		assert!(!is_listening(port));
	}
}
