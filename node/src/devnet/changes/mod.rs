//! What changes while the network runs, as it may in any chain's life: who mixes, with which keys, and by which parameters.
//!
//! - [`operator`]: somebody who is no validator bonds, is elected, and mixes.
//! - [`parameters`]: governance sets parameters, and all nodes obey them from the next session on.
//! - [`restart`]: a validator restarts, which loses its keys, and registers again before the session begins.
//!
//! Each is a little machine that is stepped whenever we look at the chain, beside the transfers.

mod operator;
mod parameters;
mod restart;

pub use operator::BOND;

use super::{network::Network, watch::Sight};
use mixnet_primitives::Registrant;
use mixnet_service::status::Status;
use serde::Serialize;

/// What was seen of a change.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
	/// Which change.
	pub name: &'static str,
	/// Has all happened that shall?
	pub complete: bool,
	/// What was seen so far, in the order of time.
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
	/// Changes in a network with these nodes, by whose names the validators' session keys are told.
	pub fn new(genesis: mixnet_runtime::Hash, validators: &[(String, Registrant)]) -> Self {
		Self {
			operator: operator::OperatorMixes::new(genesis),
			parameters: parameters::ParametersChange::new(genesis),
			restart: restart::ValidatorRestarts::new(validators),
		}
	}

	/// Does what is due at this sight of the chain, where each node said `statuses` of itself.
	///
	/// # Errors
	/// Something happened that must not, or a node cannot be asked.
	pub async fn step(&mut self, network: &mut Network, sight: &Sight, statuses: &[Status]) -> anyhow::Result<()> {
		self.operator.step(network, sight, statuses).await?;
		self.parameters.step(network, sight, statuses).await?;
		self.restart.step(network, sight, statuses).await
	}

	/// Has everything happened that shall?
	pub fn is_complete(&self) -> bool {
		self.seen().iter().all(|seen| seen.complete)
	}

	/// The names of those that are not complete.
	pub fn missing(&self) -> String {
		let missing: Vec<_> = self.seen().into_iter().filter(|seen| !seen.complete).map(|seen| seen.name).collect();
		if missing.is_empty() {
			"nothing".into()
		} else {
			missing.join(", ")
		}
	}

	/// What was seen.
	pub fn seen(&self) -> [&Seen; 3] {
		[self.operator.seen(), self.parameters.seen(), self.restart.seen()]
	}
}
