//! The other calls, and disabled validators.

use super::{
	operators::Operator,
	steps::{Step, Who, OPERATORS},
	world::World,
};
use crate::{mock::*, Call, Error, Event, ParameterName, RegistrantClass, RemovalReason};
use frame_support::traits::UnfilteredDispatchable;
use mixnet_primitives::{parameters::MIN_MIN_MIXNODES, Parameter, Parameters};
use sp_core::Pair;
use sp_runtime::{DispatchError, TokenError};

impl World {
	pub fn call(&mut self, step: Step) -> Vec<Event<Runtime>> {
		let (name, call, origin) = match &step {
			Step::Bond { account, amount } => ("bond", Call::bond { amount: *amount }, RuntimeOrigin::signed(*account)),
			Step::BondExtra { account, amount } => {
				("bond_extra", Call::bond_extra { amount: *amount }, RuntimeOrigin::signed(*account))
			},
			Step::SetOperatorKey { account, key, proof_for } => {
				let signature: sp_core::sr25519::Signature =
					authority_pair(*key).sign(&Mixnet::operator_key_payload(proof_for)).into();
				let call = Call::set_operator_key { key: registrant(*key), proof: signature.0 };
				("set_operator_key", call, RuntimeOrigin::signed(*account))
			},
			Step::Unbond { account } => ("unbond", Call::unbond {}, RuntimeOrigin::signed(*account)),
			Step::Withdraw { account } => ("withdraw", Call::withdraw {}, RuntimeOrigin::signed(*account)),
			Step::UnbondPart { account, amount } => {
				("unbond_part", Call::unbond_part { amount: *amount }, RuntimeOrigin::signed(*account))
			},
			Step::Rebond { account } => ("rebond", Call::rebond {}, RuntimeOrigin::signed(*account)),
			Step::Slash { by_admin, account, amount } => {
				("slash", Call::slash { account: *account, amount: *amount }, admin(*by_admin))
			},
			Step::SetParameters { by_admin, min_mixnodes } => {
				let parameters = Parameters { min_mixnodes: *min_mixnodes, ..parameters() };
				("set_parameters", Call::set_parameters { parameters }, admin(*by_admin))
			},
			Step::ForceRemove { by_admin, who } => {
				let account = self.account_or_key(*who);
				("force_remove", Call::force_remove { account }, admin(*by_admin))
			},
			Step::Prune { keys } => ("prune", Call::prune { keys: *keys }, RuntimeOrigin::signed(1)),
			_ => return Vec::new(),
		};
		let expected = self.expect(step);
		let result = dispatch(call, origin);
		check_invariants();
		assert_eq!(result, expected.as_ref().map(|_| ()).map_err(|error| *error), "{name}");
		match expected {
			Ok(events) => events,
			Err(error) => {
				let error = match error {
					DispatchError::Module(error) => error.message.unwrap_or_default().to_string(),
					DispatchError::Token(error) => format!("{error:?}"),
					error => format!("{error:?}"),
				};
				self.met(format!("{name}: {error}"));
				Vec::new()
			},
		}
	}

	/// Makes a call in the model. Returns the events, or the error.
	fn expect(&mut self, step: Step) -> Result<Vec<Event<Runtime>>, DispatchError> {
		let now = self.sessions.now;
		let is_enabled = OperatorsEnabled::get();
		match step {
			Step::Bond { account, amount } => {
				ensure(is_enabled, Error::OperatorsNotEnabled)?;
				ensure(!self.operators.by_account.contains_key(&account), Error::AlreadyBonded)?;
				ensure(amount >= MinBond::get(), Error::BondTooSmall)?;
				self.hold(account, amount)?;
				self.operators.by_account.insert(account, Operator::new(amount, now));
				Ok(vec![Event::Bonded { account, amount, bond: amount }])
			},
			Step::BondExtra { account, amount } => {
				ensure(is_enabled, Error::OperatorsNotEnabled)?;
				ensure(amount > 0, Error::BondTooSmall)?;
				self.active(account)?;
				self.hold(account, amount)?;
				let operator = self.active(account)?;
				operator.additions.push((amount, now));
				Ok(vec![Event::Bonded { account, amount, bond: operator.bond() }])
			},
			Step::SetOperatorKey { account, key, proof_for } => {
				ensure(is_enabled, Error::OperatorsNotEnabled)?;
				self.active(account)?;
				ensure(key != IDENTITY, Error::BadOperatorKey)?;
				let is_taken = self.operators.find(key).is_some() || self.sessions.queued.contains_key(&key);
				ensure(!is_taken, Error::OperatorKeyTaken)?;
				ensure(proof_for == account, Error::BadOperatorKeyProof)?;
				let former = self.active(account)?.key.replace(key);
				let mut events = match former {
					Some(_) => self.remove_as_operator(account, RemovalReason::KeyReplaced),
					None => Vec::new(),
				};
				events.push(Event::OperatorKeySet { account, key: registrant(key) });
				Ok(events)
			},
			Step::Unbond { account } => {
				let due = self.sessions.index + UnbondingSessions::get();
				let operator = self.active(account)?;
				let (amount, releasable_in) = (operator.bond(), operator.due_after_others(due));
				operator.releasable_in = Some(releasable_in);
				let mut events = self.remove_as_operator(account, RemovalReason::BondTooSmall);
				events.push(Event::Unbonding { account, amount, bond: 0, releasable_in });
				Ok(events)
			},
			Step::UnbondPart { account, amount } => {
				let due = self.sessions.index + UnbondingSessions::get();
				ensure(amount > 0, Error::NothingToRelease)?;
				let operator = self.active(account)?;
				ensure(operator.bond() >= amount.saturating_add(MinBond::get()), Error::RestTooSmall)?;
				let releasable_in = operator.due_after_others(due);
				ensure(operator.release(amount, releasable_in), Error::TooManyUnbondingParts)?;
				let bond = operator.bond();
				let mut events = self.follow_bond(account);
				events.push(Event::Unbonding { account, amount, bond, releasable_in });
				Ok(events)
			},
			Step::Rebond { account } => {
				ensure(is_enabled, Error::OperatorsNotEnabled)?;
				let operator = self.unbonding(account)?;
				let amount = operator.take_back(now);
				Ok(vec![Event::Rebonded { account, amount, bond: operator.bond() }])
			},
			Step::Withdraw { account } => {
				let index = self.sessions.index;
				let operator = self.unbonding(account)?;
				let leaves = operator.releasable_in.is_some_and(|due| due <= index);
				let before = operator.on_hold();
				if leaves {
					operator.additions.clear();
				}
				operator.releases.retain(|(_, due)| *due > index);
				let amount = before - operator.on_hold();
				ensure(leaves || amount > 0, Error::StillUnbonding)?;
				let bond = (!leaves).then(|| operator.staying());
				if leaves {
					assert_eq!(operator.on_hold(), 0, "nothing is due later than the whole");
					self.operators.by_account.remove(&account);
				}
				self.met(if leaves { "withdraw: all" } else { "withdraw: a part" });
				*self.operators.free.entry(account).or_default() += amount;
				Ok(vec![Event::Withdrawn { account, amount, bond }])
			},
			Step::Slash { by_admin, account, amount } => {
				ensure_admin(by_admin)?;
				let operator = self.operators.by_account.get_mut(&account).ok_or(Error::<Runtime>::NotBonded)?;
				let in_bond = operator.bond();
				let amount = operator.slash(amount);
				let (bond, unbonding) = (operator.staying(), operator.releasing());
				self.operators.slashed += amount;
				if amount > in_bond {
					self.met("slash: of what was being released");
				}
				let mut events = if bond < MinBond::get() {
					self.remove_as_operator(account, RemovalReason::BondTooSmall)
				} else {
					self.follow_bond(account)
				};
				events.push(Event::Slashed { account, amount, bond, unbonding });
				Ok(events)
			},
			Step::SetParameters { by_admin, min_mixnodes } => {
				ensure_admin(by_admin)?;
				let is_allowed = (MIN_MIN_MIXNODES..=MaxMixnodes::get()).contains(&min_mixnodes);
				ensure(is_allowed, Error::BadParameters(ParameterName(Parameter::MinMixnodes)))?;
				let parameters = Parameters { min_mixnodes, ..parameters() };
				self.sessions.parameters.next = parameters;
				Ok(vec![Event::ParametersSet { session_index: self.election.session, parameters }])
			},
			Step::ForceRemove { by_admin, who } => {
				ensure_admin(by_admin)?;
				Ok(self.election.bar(self.account_or_key(who), RemovalReason::Forced))
			},
			Step::Prune { keys } => {
				let removed = self.sessions.prune(keys).ok_or(Error::<Runtime>::NothingToPrune)?;
				Ok(vec![Event::Pruned { keys: removed }])
			},
			_ => Ok(Vec::new()),
		}
	}

	fn active(&mut self, account: u64) -> Result<&mut Operator, DispatchError> {
		let operator = self.operators.by_account.get_mut(&account).ok_or(Error::<Runtime>::NotBonded)?;
		ensure(operator.releasable_in.is_none(), Error::AlreadyUnbonding)?;
		Ok(operator)
	}

	/// The operator with this account, which has something that is being released.
	fn unbonding(&mut self, account: u64) -> Result<&mut Operator, DispatchError> {
		let operator = self.operators.by_account.get_mut(&account).ok_or(Error::<Runtime>::NotBonded)?;
		ensure(operator.releasable_in.is_some() || !operator.parts().is_empty(), Error::NotUnbonding)?;
		Ok(operator)
	}

	fn hold(&mut self, account: u64, amount: u64) -> Result<(), DispatchError> {
		if self.operators.hold(account, amount) {
			Ok(())
		} else {
			Err(TokenError::FundsUnavailable.into())
		}
	}

	fn stands_as_operator(&self, account: u64) -> bool {
		self.election.listed(account).is_some_and(|candidate| candidate.class == RegistrantClass::Operator)
	}

	fn remove_as_operator(&mut self, account: u64, reason: RemovalReason) -> Vec<Event<Runtime>> {
		if self.stands_as_operator(account) {
			self.election.remove(account, reason)
		} else {
			Vec::new()
		}
	}

	/// Ranks an operator again, whose bond has become smaller, if it stands as one.
	fn follow_bond(&mut self, account: u64) -> Vec<Event<Runtime>> {
		if !self.stands_as_operator(account) {
			return Vec::new();
		}
		let committed_before = self.election.committed_before;
		let operator = &self.operators.by_account[&account];
		match operator.additions.iter().filter(|(_, since)| *since < committed_before).map(|(amount, _)| amount).sum() {
			0 => self.election.remove(account, RemovalReason::BondTooSmall),
			bond => {
				let rank = self.operator_rank(account, bond);
				self.election.rank_again(account, rank)
			},
		}
	}

	/// The account that registers by the key that `who` names, or the account of that number.
	fn account_or_key(&self, who: Who) -> u64 {
		let key = self.key_of(who);
		self.account_of(key).unwrap_or(key)
	}

	pub fn disable(&mut self, validator: u32) -> Vec<Event<Runtime>> {
		let disabled = Session::validators().get(validator as usize).copied();
		let is_new = !Session::disabled_validators().contains(&validator);
		assert_eq!(Session::disable_index(validator), disabled.is_some());
		check_invariants();
		match disabled {
			// A validator whose key anybody could sign for is not known.
			Some(account) if is_new && self.sessions.active.values().any(|one| one.account == account) => {
				self.election.bar(account, RemovalReason::Disabled)
			},
			_ => Vec::new(),
		}
	}
}

fn admin(by_admin: bool) -> RuntimeOrigin {
	if by_admin {
		RuntimeOrigin::root()
	} else {
		RuntimeOrigin::signed(OPERATORS[0])
	}
}

fn ensure_admin(by_admin: bool) -> Result<(), DispatchError> {
	if by_admin {
		Ok(())
	} else {
		Err(DispatchError::BadOrigin)
	}
}

fn ensure(holds: bool, error: Error<Runtime>) -> Result<(), DispatchError> {
	if holds {
		Ok(())
	} else {
		Err(error.into())
	}
}

/// Dispatches a call as in a block: if it fails, it leaves nothing behind.
pub fn dispatch(call: Call<Runtime>, origin: RuntimeOrigin) -> Result<(), DispatchError> {
	let result = RuntimeCall::Mixnet(call).dispatch_bypass_filter(origin);
	result.map(|_| ()).map_err(|error| error.error)
}
