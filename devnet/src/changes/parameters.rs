//! Governance sets parameters, and all nodes obey them from the next session on.

use super::Seen;
use crate::{
	chain::{state::ChainState, transactions},
	network::Network,
};
use anyhow::ensure;
use mixnet_primitives::{Parameters, SessionIndex};
use mixnet_runtime::{Hash, Runtime, RuntimeCall};
use mixnet_service::status::Status;
use sp_keyring::Sr25519Keyring;

/// How far the change has come.
enum State {
	/// Nothing was sent yet.
	New,
	/// The transaction was sent.
	Sent,
	/// The new parameters are set for this session.
	Set(SessionIndex),
}

/// The state machine of this change; see the module.
pub struct ParametersChange {
	genesis: Hash,
	state: State,
	/// The parameters before and after.
	change: Option<(Parameters, Parameters)>,
	seen: Seen,
}

impl ParametersChange {
	/// The change on the chain that begins with the block `genesis`.
	pub fn new(genesis: Hash) -> Self {
		Self { genesis, state: State::New, change: None, seen: Seen::new("parameters") }
	}

	/// What was seen of the change.
	pub fn seen(&self) -> &Seen {
		&self.seen
	}

	/// Does what is due, given the chain's state and each node's status.
	pub async fn step(&mut self, network: &Network, chain: &ChainState, statuses: &[Status]) -> anyhow::Result<()> {
		if self.seen.complete {
			return Ok(());
		}
		let current = chain.status.current_index;
		let now = chain.parameters;
		let (before, after) = *self.change.get_or_insert((now.current, faster(now.current)));
		match self.state {
			State::New => {
				network.user().rpc.submit(&set(after, self.genesis)).await?;
				self.state = State::Sent;
			},
			State::Sent if now.next == after => {
				let session = current.saturating_add(1);
				self.seen.note(format!(
					"mean forwarding delay set from {} to {} ms, in session {current}",
					before.mean_forwarding_delay_ms, after.mean_forwarding_delay_ms,
				));
				self.state = State::Set(session);
			},
			State::Sent => {},
			State::Set(session) if current < session => {
				ensure!(now.current == before, "the parameters of session {current} changed while it ran");
				check_nodes(statuses, current, &before)?;
			},
			State::Set(session) => {
				ensure!(now.current == after, "session {current} does not have the parameters that were set for it");
				check_nodes(statuses, current, &after)?;
				let obeying = statuses.iter().filter(|status| obeys(status, session, &after)).count();
				if obeying == statuses.len() {
					self.seen.note(format!("all {obeying} nodes obey it in session {current}"));
					self.seen.complete = true;
				}
			},
		}
		Ok(())
	}
}

/// Parameters that make packets faster.
fn faster(parameters: Parameters) -> Parameters {
	Parameters { mean_forwarding_delay_ms: parameters.mean_forwarding_delay_ms / 2, ..parameters }
}

/// Fails if a node has other parameters for the session than the chain.
fn check_nodes(statuses: &[Status], session: SessionIndex, parameters: &Parameters) -> anyhow::Result<()> {
	for status in statuses {
		let knows_session = status.session.as_ref().is_some_and(|view| view.index == session);
		let obeyed = status.parameters.current.as_ref();
		ensure!(
			!knows_session || obeyed.is_none_or(|obeyed| obeyed == parameters),
			"the node {} has other parameters for session {session} than the chain: {obeyed:?}",
			status.peer_id,
		);
	}
	Ok(())
}

/// Does a node know the session, and obey these parameters?
fn obeys(status: &Status, session: SessionIndex, parameters: &Parameters) -> bool {
	status.session.as_ref().is_some_and(|view| view.index >= session)
		&& status.parameters.current.as_ref() == Some(parameters)
}

/// The transaction by which Alice, who has the sudo key, sets the parameters.
fn set(parameters: Parameters, genesis: Hash) -> Vec<u8> {
	let set = RuntimeCall::from(pallet_mixnet::Call::<Runtime>::set_parameters { parameters });
	let call = pallet_sudo::Call::<Runtime>::sudo { call: Box::new(set) };
	transactions::signed(call.into(), &Sr25519Keyring::Alice.pair(), 0, genesis)
}
