//! Operators, with all that they added to their bonds and when.

use super::steps::OPERATORS;
use crate::mock::*;
use frame_support::traits::fungible::Inspect;
use mixnet_primitives::{RegistrationError, SessionIndex};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct Operator {
	/// The amounts that were added, each with its block.
	pub additions: Vec<(u64, u64)>,
	/// The account whose session key is the operator key.
	pub key: Option<u64>,
	pub releasable_in: Option<SessionIndex>,
}

impl Operator {
	pub fn bond(&self) -> u64 {
		self.additions.iter().map(|(amount, _)| amount).sum()
	}

	/// Takes up to `amount`, from the oldest additions first. Returns how much was taken.
	pub fn slash(&mut self, amount: u64) -> u64 {
		let mut left = amount;
		for (added, _) in &mut self.additions {
			let taken = left.min(*added);
			*added -= taken;
			left -= taken;
		}
		amount - left
	}
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
