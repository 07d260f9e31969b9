//! Operators, with lists of what they added to their bonds when.

use super::steps::OPERATORS;
use crate::mock::*;
use frame_support::traits::fungible::Inspect;
use mixnet_primitives::{RegistrationError, SessionIndex};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct Operator {
	/// What was added, and in which block.
	pub parts: Vec<(u64, u64)>,
	/// The account whose key it is, and the block in which it was set.
	pub key: Option<(u64, u64)>,
	pub releasable_in: Option<SessionIndex>,
}

impl Operator {
	pub fn bond(&self) -> u64 {
		self.parts.iter().map(|(amount, _)| amount).sum()
	}

	/// Takes as much as there is, the oldest parts first. Returns how much.
	pub fn slash(&mut self, amount: u64) -> u64 {
		let mut left = amount;
		for (part, _) in &mut self.parts {
			let taken = left.min(*part);
			*part -= taken;
			left -= taken;
		}
		amount - left
	}
}

#[derive(Clone, Debug)]
pub struct Operators {
	pub by_account: BTreeMap<u64, Operator>,
	/// What accounts have that is not on hold.
	pub free: BTreeMap<u64, u64>,
	pub slashed: u64,
}

impl Operators {
	pub fn new() -> Self {
		let free = OPERATORS.into_iter().map(|account| (account, ENDOWMENT)).collect();
		Self { by_account: BTreeMap::new(), free, slashed: 0 }
	}

	/// Who registers by a key.
	pub fn find(&self, key: u64) -> Option<&Operator> {
		self.by_account.values().find(|operator| operator.key.is_some_and(|(of, _)| of == key))
	}

	/// The bond that counts of who registers by this key, if it may.
	pub fn weighing(&self, key: u64, committed_before: u64) -> Result<u64, RegistrationError> {
		let operator = self.find(key).ok_or(RegistrationError::NotARegistrant)?;
		if !OperatorsEnabled::get() {
			return Err(RegistrationError::OperatorsNotEnabled);
		}
		if operator.releasable_in.is_some() || operator.bond() < MinBond::get() {
			return Err(RegistrationError::BondTooSmall);
		}
		if operator.key.is_some_and(|(_, since)| since >= committed_before) {
			return Err(RegistrationError::OperatorTooRecent);
		}
		Ok(operator.parts.iter().filter(|(_, since)| *since < committed_before).map(|(amount, _)| amount).sum())
	}

	/// Puts something on hold, if it is there; the account must keep something beside it.
	pub fn hold(&mut self, account: u64, amount: u64) -> bool {
		let free = self.free.get_mut(&account).expect("only these accounts are operators; qed");
		let is_there = amount <= *free - Balances::minimum_balance();
		if is_there {
			*free -= amount;
		}
		is_there
	}
}
