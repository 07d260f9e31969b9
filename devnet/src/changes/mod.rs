//! What changes while the network runs, as it may on any chain: who mixes, with which keys, and by which parameters.
//!
//! - [`operator`]: an operator, which does not validate, bonds, is elected, and mixes.
//! - [`parameters`]: governance sets parameters, and all nodes obey them from the next session on.
//! - [`restart`]: a validator restarts, which loses its keys, and registers again before the session begins.
//!
//! Each is a small state machine. The job steps it whenever it has read the chain, while transfers are sent.

mod operator;
mod parameters;
mod restart;

use crate::{chain::state::ChainState, network::Network};
use mixnet_primitives::Registrant;
use mixnet_service::status::Status;
use serde::Serialize;

/// What was seen of a change.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
	/// Name of the change.
	pub name: &'static str,
	/// Has everything happened that belongs to the change?
	pub complete: bool,
	/// What was seen so far, in order.
	pub steps: Vec<String>,
}

impl Seen {
	fn new(name: &'static str) -> Self {
		Self { name, complete: false, steps: Vec::new() }
	}

	fn note(&mut self, step: String) {
		self.steps.push(step);
	}
}

/// All changes of a run.
pub struct Changes {
	operator: operator::OperatorMixes,
	parameters: parameters::ParametersChange,
	restart: restart::ValidatorRestarts,
}

impl Changes {
	/// Changes on the chain that begins with the block `genesis`. `validators` has the name and session key of each.
	pub fn new(genesis: mixnet_runtime::Hash, validators: &[(String, Registrant)]) -> Self {
		Self {
			operator: operator::OperatorMixes::new(genesis),
			parameters: parameters::ParametersChange::new(genesis),
			restart: restart::ValidatorRestarts::new(validators),
		}
	}

	/// Does what is due, given the chain's state and each node's status.
	///
	/// # Errors
	/// Something happened that must not, or a node cannot be asked.
	pub async fn step(&mut self, network: &mut Network, chain: &ChainState, statuses: &[Status]) -> anyhow::Result<()> {
		self.operator.step(network, chain, statuses).await?;
		self.parameters.step(network, chain, statuses).await?;
		self.restart.step(network, chain, statuses).await
	}

	/// Are all changes complete?
	pub fn is_complete(&self) -> bool {
		self.seen().iter().all(|seen| seen.complete)
	}

	/// The names of the changes that are not complete.
	pub fn missing(&self) -> String {
		let missing: Vec<_> = self.seen().into_iter().filter(|seen| !seen.complete).map(|seen| seen.name).collect();
		if missing.is_empty() {
			"nothing".into()
		} else {
			missing.join(", ")
		}
	}

	/// What was seen of each change.
	pub fn seen(&self) -> [&Seen; 3] {
		[self.operator.seen(), self.parameters.seen(), self.restart.seen()]
	}
}
