//! Operators, with all that they added to their bonds and when, and what they asked for and when it is due.

use super::steps::OPERATORS;
use crate::{mock::*, MAX_UNBONDING_PARTS};
use frame_support::traits::fungible::Inspect;
use mixnet_primitives::{RegistrationError, SessionIndex};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct Operator {
	/// The amounts that were added, each with its block.
	pub additions: Vec<(u64, u64)>,
	/// The account whose session key is the operator key.
	pub key: Option<u64>,
	/// When all of the bond is due, if it is being released.
	pub releasable_in: Option<SessionIndex>,
	/// The amounts that were taken out of the bond, each with the session in which it is due.
	pub releases: Vec<(u64, SessionIndex)>,
}

impl Operator {
	pub fn new(bond: u64, now: u64) -> Self {
		Self { additions: vec![(bond, now)], key: None, releasable_in: None, releases: Vec::new() }
	}

	pub fn bond(&self) -> u64 {
		self.additions.iter().map(|(amount, _)| amount).sum()
	}

	pub fn on_hold(&self) -> u64 {
		self.bond() + self.parts().iter().map(|(amount, _)| amount).sum::<u64>()
	}

	/// What is on hold and not being released.
	pub fn staying(&self) -> u64 {
		self.releasable_in.map_or(self.bond(), |_| 0)
	}

	pub fn releasing(&self) -> u64 {
		self.on_hold() - self.staying()
	}

	/// What was taken out of the bond, by the session in which it is due.
	pub fn parts(&self) -> Vec<(u64, SessionIndex)> {
		let mut sums = BTreeMap::new();
		for (amount, due) in self.releases.iter().filter(|(amount, _)| *amount > 0) {
			*sums.entry(*due).or_insert(0) += amount;
		}
		sums.into_iter().map(|(due, amount)| (amount, due)).collect()
	}

	/// When something is due that would be due in session `due`, and not before what was asked for earlier.
	pub fn due_after_others(&self, due: SessionIndex) -> SessionIndex {
		self.parts().iter().map(|(_, due)| *due).max().unwrap_or_default().max(due)
	}

	/// Takes an amount out of the bond, from the latest additions first, to be due in a session. `false` if there would
	/// be too many parts.
	pub fn release(&mut self, amount: u64, due: SessionIndex) -> bool {
		self.releases.push((amount, due));
		if self.parts().len() > MAX_UNBONDING_PARTS as usize {
			self.releases.pop();
			return false;
		}
		take_from(self.additions.iter_mut().rev(), amount);
		true
	}

	/// Takes back all that is being released. Returns how much it is.
	pub fn take_back(&mut self, now: u64) -> u64 {
		let amount = self.releasing();
		if self.releasable_in.take().is_some() {
			self.additions.clear();
		}
		self.releases.clear();
		self.additions.push((amount, now));
		amount
	}

	/// Takes up to `amount`, from the oldest additions first, then from the latest releases. Returns how much was taken.
	pub fn slash(&mut self, amount: u64) -> u64 {
		let from_bond = take_from(self.additions.iter_mut(), amount);
		from_bond + take_from(self.releases.iter_mut().rev(), amount - from_bond)
	}
}

/// Takes up to `amount`, from the first of these first. Returns how much was taken.
fn take_from<'a, When: 'a>(amounts: impl Iterator<Item = &'a mut (u64, When)>, amount: u64) -> u64 {
	let mut left = amount;
	for (one, _) in amounts {
		let taken = left.min(*one);
		*one -= taken;
		left -= taken;
	}
	amount - left
}

#[derive(Clone, Debug)]
pub struct Operators {
	pub by_account: BTreeMap<u64, Operator>,
	/// The balances of accounts that are not on hold.
	pub free: BTreeMap<u64, u64>,
	pub slashed: u64,
}

impl Operators {
	pub fn new() -> Self {
		let free = OPERATORS.into_iter().map(|account| (account, ENDOWMENT)).collect();
		Self { by_account: BTreeMap::new(), free, slashed: 0 }
	}

	/// The operator that registers by a key.
	pub fn find(&self, key: u64) -> Option<(u64, &Operator)> {
		self.by_account
			.iter()
			.find(|(_, operator)| operator.key == Some(key))
			.map(|(account, operator)| (*account, operator))
	}

	/// The bond that counts for the operator with this key, or why it may not stand.
	pub fn weighing(&self, key: u64, committed_before: u64) -> Result<u64, RegistrationError> {
		let (_, operator) = self.find(key).ok_or(RegistrationError::NotARegistrant)?;
		if !OperatorsEnabled::get() {
			return Err(RegistrationError::OperatorsNotEnabled);
		}
		if operator.releasable_in.is_some() || operator.bond() < MinBond::get() {
			return Err(RegistrationError::BondTooSmall);
		}
		match operator.additions.iter().filter(|(_, since)| *since < committed_before).map(|(amount, _)| amount).sum() {
			0 => Err(RegistrationError::OperatorTooRecent),
			bond => Ok(bond),
		}
	}

	/// Puts an amount on hold, if the account has it and keeps the minimum balance beside it.
	pub fn hold(&mut self, account: u64, amount: u64) -> bool {
		let free = self.free.get_mut(&account).expect("only these accounts are operators; qed");
		let is_there = amount <= *free - Balances::minimum_balance();
		if is_there {
			*free -= amount;
		}
		is_there
	}
}
