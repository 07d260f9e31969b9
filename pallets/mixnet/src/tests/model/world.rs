//! The pallet and its model, side by side.

use super::{
	election::Election,
	operators::Operators,
	sessions::Sessions,
	steps::{set_phases, Step, Who},
	Tally,
};
use crate::{mock::*, WeightInfo};
use frame_support::traits::Hooks;

pub struct World {
	pub sessions: Sessions,
	pub election: Election,
	pub operators: Operators,
	/// The total issuance at genesis.
	pub issued: u64,
	pub tally: Tally,
}

impl World {
	/// At genesis.
	pub fn new() -> Self {
		let (sessions, election) = Sessions::new();
		let issued = Balances::total_issuance();
		let mut world = Self { sessions, election, operators: Operators::new(), issued, tally: Tally::new() };
		// Proofs sign the hash of block 0, which is known from block 1 on.
		world.take(Step::Blocks(1));
		world
	}

	/// Counts an outcome.
	pub fn met(&mut self, outcome: impl Into<String>) {
		*self.tally.entry(outcome.into()).or_default() += 1;
	}

	/// The account that `who` names.
	pub fn key_of(&self, who: Who) -> u64 {
		match who {
			Who::Registrant(n) => {
				let operators = self.operators.by_account.values().filter_map(|operator| operator.key);
				let keys: Vec<_> = self.sessions.queued.keys().copied().chain(operators).collect();
				keys.get(n % keys.len().max(1)).copied().unwrap_or_default()
			},
			Who::Account(account) => account,
		}
	}

	/// The account that registers by a key: a validator's before an operator's.
	pub fn account_of(&self, key: u64) -> Option<u64> {
		let validator = self.sessions.queued.get(&key).map(|authority| authority.account);
		validator.or_else(|| self.operators.find(key).map(|(account, _)| account))
	}

	/// Takes a step, and compares the outcome.
	pub fn take(&mut self, step: Step) {
		match step {
			Step::Blocks(count) => {
				for _ in 0..count {
					next_block();
					let events = self.next_block();
					self.compare(events);
				}
				return;
			},
			Step::Validators(ref validators) => NextValidators::set(Some(validators.clone())),
			Step::Period(period) => Period::set(period),
			Step::RandomnessAge(age) => RandomnessAge::set(age),
			Step::OperatorsEnabled(enabled) => OperatorsEnabled::set(enabled),
			Step::MinBond(amount) => MinBond::set(amount),
			Step::Policy(policy) => Policy::set(policy),
			Step::Weigh { account, weight } => {
				ValidatorWeights::mutate(|weights| {
					weights.insert(account, weight);
				});
			},
			// pallet-session knows who may set which key, and when it is queued.
			Step::SetSessionKey { account, key } => {
				let outcome = set_session_key(account, key).map_or("set_keys: refused", |()| "set_keys: accepted");
				self.met(outcome);
			},
			Step::Enable { validator } => {
				Session::reenable_index(validator);
			},
			Step::Upgrade { mixnodes, standbys, revisions, rotations, unbonding, phases } => {
				// The guide says so: a runtime has places for as many mixnodes as its parameters ask for.
				MaxMixnodes::set(mixnodes.max(self.sessions.parameters.next.min_mixnodes));
				MaxStandbys::set(standbys);
				MaxRevisions::set(revisions);
				SessionsPerMixnetSession::set(rotations);
				UnbondingSessions::set(unbonding);
				set_phases(phases);
			},
			_ => {},
		}
		System::reset_events();
		let events = match step {
			Step::Register { who, kx, peer, faults } => self.register(self.key_of(who), kx, peer, faults),
			Step::Disable { validator } => self.disable(validator),
			Step::Idle { keys } => {
				let weight = <() as WeightInfo>::prune(keys);
				let taken = Mixnet::on_idle(System::block_number(), weight);
				check_invariants();
				assert!(taken.all_lte(weight));
				self.sessions.prune(keys);
				Vec::new()
			},
			step => self.call(step),
		};
		self.compare(events);
	}

	/// Prunes all that is over. Nothing else must be pruned.
	pub fn end(&mut self) {
		while !self.sessions.all_pruned() {
			self.take(Step::Idle { keys: 100 });
		}
	}
}
