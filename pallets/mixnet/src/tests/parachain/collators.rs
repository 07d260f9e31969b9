//! A small collator selection. What pallet-session and the mixnet see of it is as with pallet-collator-selection:
//!
//! - **Invulnerables** are always collators. **Candidates** have deposits; the [`DesiredCandidates`] largest join them.
//! - At every rotation the collators are named anew. pallet-session always gets a list, though it may be the same, and so
//!   always reports a change.
//! - A candidate that has authored no block for [`KICK_THRESHOLD`] blocks is kicked, unless too few would be left. A new
//!   one has twice that time.

use super::runtime::{AccountId, Balance, Session, System, PERIOD};
use crate::RegistrantWeights;
use frame_support::{parameter_types, traits::ValidatorRegistration};
use sp_staking::SessionIndex;
use std::{cmp::Reverse, collections::BTreeMap};

/// For how many blocks a candidate may author nothing: a session, as system parachains have it.
pub const KICK_THRESHOLD: u64 = PERIOD;

/// Nobody is kicked if fewer collators and candidates than these would be left.
const MIN_COLLATORS: usize = 2;

/// What an invulnerable weighs in elections. It has no deposit.
pub const INVULNERABLE_WEIGHT: u128 = 500;

parameter_types! {
	pub static Invulnerables: Vec<AccountId> = vec![0, 1, 2];
	/// How many candidates become collators.
	pub static DesiredCandidates: u32 = 4;
	static CandidateDeposits: BTreeMap<AccountId, Balance> = BTreeMap::new();
	static LastAuthored: BTreeMap<AccountId, u64> = BTreeMap::new();
}

/// The deposit of a candidate; `None` for others.
pub fn deposit(account: AccountId) -> Option<Balance> {
	CandidateDeposits::get().get(&account).copied()
}

/// Makes an account a candidate. It must have session keys.
pub fn stand(account: AccountId, deposit: Balance) {
	assert!(Session::is_registered(&account));
	LastAuthored::mutate(|last| last.insert(account, System::block_number() + KICK_THRESHOLD));
	CandidateDeposits::mutate(|deposits| deposits.insert(account, deposit));
}

/// Changes a candidate's deposit.
pub fn change_deposit(account: AccountId, deposit: Balance) {
	assert!(CandidateDeposits::mutate(|deposits| deposits.insert(account, deposit)).is_some());
}

/// Ends an account's candidacy, and returns its deposit.
pub fn leave(account: AccountId) {
	LastAuthored::mutate(|last| last.remove(&account));
	assert!(CandidateDeposits::mutate(|deposits| deposits.remove(&account)).is_some());
}

fn kick_idle_candidates() {
	let now = System::block_number();
	for account in CandidateDeposits::get().into_keys() {
		let eligible = Invulnerables::get().len() + CandidateDeposits::get().len();
		let last = LastAuthored::get().get(&account).copied().unwrap_or_default();
		if now.saturating_sub(last) >= KICK_THRESHOLD && eligible > MIN_COLLATORS {
			leave(account);
		}
	}
}

/// The session manager, and the one that hears of authors.
pub struct Collators;

impl pallet_session::SessionManager<AccountId> for Collators {
	fn new_session(_: SessionIndex) -> Option<Vec<AccountId>> {
		kick_idle_candidates();
		let mut candidates: Vec<_> = CandidateDeposits::get().into_iter().collect();
		candidates.sort_by_key(|(_, deposit)| Reverse(*deposit));
		let best = candidates.into_iter().take(DesiredCandidates::get() as usize);
		Some(Invulnerables::get().into_iter().chain(best.map(|(account, _)| account)).collect())
	}

	fn start_session(_: SessionIndex) {}

	fn end_session(_: SessionIndex) {}
}

impl pallet_authorship::EventHandler<AccountId, u64> for Collators {
	fn note_author(author: AccountId) {
		LastAuthored::mutate(|last| last.insert(author, System::block_number()));
	}
}

/// Collators weigh their deposits, and operators their bonds.
pub struct Deposits;

impl RegistrantWeights<AccountId, Balance> for Deposits {
	fn validator(account: &AccountId) -> u128 {
		deposit(*account).map_or(INVULNERABLE_WEIGHT, u128::from)
	}

	fn operator(bond: Balance) -> u128 {
		bond.into()
	}
}
