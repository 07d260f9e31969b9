//! Somebody who is no validator bonds, is elected by the lottery, and mixes.

use super::{super::transaction, Seen};
use crate::devnet::{network::Network, spec::Operator, watch::Sight};
use mixnet_primitives::{SessionIndex, Standing};
use mixnet_runtime::{configs::mixnet::VALIDATOR_WEIGHT, Balance, Hash, Runtime, UNIT};
use mixnet_service::status::Status;

/// What the operator bonds: so much more than a validator weighs that it wins a place in nearly every election. Of a
/// hundred thousand elections of six among it and six validators, it loses fewer than one.
pub const BOND: Balance = 200 * VALIDATOR_WEIGHT;

/// How far it has come.
enum State {
	/// It has not bonded yet.
	New,
	/// It waits for an election that it can stand in, and wins.
	Bonded,
	/// It is elected for this session, as things are.
	Elected(SessionIndex),
	/// It mixes in this session, which began when its counter of forwarded packets stood here.
	Mixing(SessionIndex, u64),
}

/// See the module.
pub struct OperatorMixes {
	genesis: Hash,
	state: State,
	seen: Seen,
}

impl OperatorMixes {
	/// On the chain that begins with the block `genesis`.
	pub fn new(genesis: Hash) -> Self {
		Self { genesis, state: State::New, seen: Seen::new("operator") }
	}

	/// What was seen.
	pub fn seen(&self) -> &Seen {
		&self.seen
	}

	/// Does what is due.
	pub async fn step(&mut self, network: &Network, sight: &Sight, statuses: &[Status]) -> anyhow::Result<()> {
		if self.seen.complete {
			return Ok(());
		}
		let current = sight.status.current_index;
		match self.state {
			State::New => {
				let rpc = &network.user().rpc;
				for extrinsic in bonding(self.genesis) {
					rpc.submit(&extrinsic).await?;
				}
				self.seen.note(format!("bonded {} coins in session {current}", BOND / UNIT));
				self.state = State::Bonded;
			},
			State::Bonded => self.look_for_election(sight),
			State::Elected(session) if session == current => {
				// Better ones may have come after we looked.
				let status = network.operator_index().and_then(|index| statuses.get(index));
				if let Some(status) = status.filter(|status| knows_its_place(status, session)) {
					self.seen.note(format!("is {} of session {session}", status.role.current));
					self.state = State::Mixing(session, status.counters.forwarded);
				} else if network.operator_peer_id().and_then(|peer_id| sight.elected_peer(&peer_id)) == Some(false) {
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

	fn look_for_election(&mut self, sight: &Sight) {
		let session = sight.status.current_index.saturating_add(1);
		let registrant = Operator::registrant();
		let Some(position) = sight.registrations.iter().position(|entry| entry.registrant == registrant) else {
			return;
		};
		if matches!(sight.registrations[position].standing, Standing::Elected(_)) {
			self.seen.note(format!(
				"elected for session {session}, ranked {} of {} so far",
				position + 1,
				sight.registrations.len(),
			));
			self.state = State::Elected(session);
		}
	}
}

/// Does the node know that it is a mixnode of this session, which is the current one?
fn knows_its_place(status: &Status, session: SessionIndex) -> bool {
	status.session.as_ref().is_some_and(|view| view.index == session) && status.role.current.starts_with("mixnode")
}

/// The transactions by which it becomes an operator.
fn bonding(genesis: Hash) -> [Vec<u8>; 2] {
	let account = Operator::account();
	let bond = pallet_mixnet::Call::<Runtime>::bond { amount: BOND };
	let set_key = pallet_mixnet::Call::<Runtime>::set_operator_key {
		key: Operator::registrant(),
		proof: Operator::prove_key(&genesis, &account),
	};
	[
		transaction::signed(bond.into(), &Operator::account_pair(), 0, genesis),
		transaction::signed(set_key.into(), &Operator::account_pair(), 1, genesis),
	]
}
