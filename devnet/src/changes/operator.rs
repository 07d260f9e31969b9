//! An operator, which does not validate, bonds, is elected by the lottery, and mixes.

use super::Seen;
use crate::{
	chain::{accounts::Operator, state::ChainState, transactions},
	network::Network,
};
use mixnet_primitives::{SessionIndex, Standing};
use mixnet_runtime::{Hash, Runtime, UNIT};
use mixnet_service::status::Status;

/// How far the change has come.
enum State {
	/// It has not bonded yet.
	New,
	/// It waits until it is elected.
	Bonded,
	/// It is elected for this session, unless a better candidate comes.
	Elected(SessionIndex),
	/// It mixes in this session. Its counter of forwarded packets showed this when we first saw it there.
	Mixing(SessionIndex, u64),
}

/// The state machine of this change; see the module.
pub struct OperatorMixes {
	genesis: Hash,
	state: State,
	seen: Seen,
}

impl OperatorMixes {
	/// The change on the chain that begins with the block `genesis`.
	pub fn new(genesis: Hash) -> Self {
		Self { genesis, state: State::New, seen: Seen::new("operator") }
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
		match self.state {
			State::New => {
				let rpc = &network.user().rpc;
				for extrinsic in bonding(self.genesis) {
					rpc.submit(&extrinsic).await?;
				}
				self.seen.note(format!("bonded {} coins in session {current}", Operator::BOND / UNIT));
				self.state = State::Bonded;
			},
			State::Bonded => self.look_for_election(chain),
			State::Elected(session) if session == current => {
				// A better candidate may have come after we looked.
				let status = network.operator_index().and_then(|index| statuses.get(index));
				if let Some(status) = status.filter(|status| knows_its_place(status, session)) {
					self.seen.note(format!("is {} of session {session}", status.role.current));
					self.state = State::Mixing(session, status.counters.forwarded);
				} else if network.operator_peer_id().and_then(|peer_id| chain.is_mixnode(&peer_id)) == Some(false) {
					self.seen.note(format!("was displaced before session {session} began"));
					self.state = State::Bonded;
				}
			},
			State::Elected(session) if session < current => self.state = State::Bonded,
			State::Elected(_) => {},
			State::Mixing(session, before) => {
				let forwarded = network.operator_index().and_then(|index| statuses.get(index));
				let forwarded = forwarded.map_or(0, |status| status.counters.forwarded.saturating_sub(before));
				if current == session && forwarded > 0 {
					self.seen.note(format!("forwards packets in session {session}"));
					self.seen.complete = true;
				} else if current > session {
					anyhow::bail!("the operator was a mixnode of session {session}, and forwarded nothing");
				}
			},
		}
		Ok(())
	}

	fn look_for_election(&mut self, chain: &ChainState) {
		let session = chain.status.current_index.saturating_add(1);
		let registrant = Operator::registrant();
		let Some(position) = chain.registrations.iter().position(|entry| entry.registrant == registrant) else {
			return;
		};
		if matches!(chain.registrations[position].standing, Standing::Elected(_)) {
			self.seen.note(format!(
				"elected for session {session}, ranked {} of {} so far",
				position + 1,
				chain.registrations.len(),
			));
			self.state = State::Elected(session);
		}
	}
}

/// Does the node know that it is a mixnode of this session, which is the current one?
fn knows_its_place(status: &Status, session: SessionIndex) -> bool {
	status.session.as_ref().is_some_and(|view| view.index == session) && status.role.current.starts_with("mixnode")
}

/// The transactions by which its account becomes an operator: a bond, and a key with its proof.
fn bonding(genesis: Hash) -> [Vec<u8>; 2] {
	let account = Operator::account();
	let bond = pallet_mixnet::Call::<Runtime>::bond { amount: Operator::BOND };
	let set_key = pallet_mixnet::Call::<Runtime>::set_operator_key {
		key: Operator::registrant(),
		proof: Operator::prove_key(&genesis, &account),
	};
	[
		transactions::signed(bond.into(), &Operator::account_pair(), 0, genesis),
		transactions::signed(set_key.into(), &Operator::account_pair(), 1, genesis),
	]
}
