//! Validators, nominators and offenders do whatever they like at any time. What the mixnet counts is compared with what
//! pallet-session and pallet-staking say.

use super::{chain::*, runtime::*, validators::*};
use crate::mock::Rng;
use pallet_staking::{RewardDestination, ValidatorPrefs};
use std::collections::{BTreeMap, BTreeSet};

/// Stashes that may stand: those of genesis, and others.
const CANDIDATES: u64 = 12;
/// The session keys that they have and exchange.
const KEYS: u64 = 24;

/// The queued validators' exposures as of each rotation so far.
struct History {
	exposures: Vec<BTreeMap<AccountId, u128>>,
	/// The rotation with which the election under way began.
	began: usize,
}

impl History {
	fn new() -> Self {
		Self { exposures: vec![exposures_of_the_queued()], began: 0 }
	}

	fn rotate(&mut self) {
		let session = Mixnet::session_status().current_index;
		rotate();
		self.exposures.push(exposures_of_the_queued());
		if Mixnet::session_status().current_index != session {
			self.began = self.exposures.len() - 1;
		}
	}

	/// What the election under way counts of a queued validator, and whether it draws. The seed may be known in part since
	/// the rotation before the election began. From then on, a stake counts if it does not grow, and a validator
	/// draws if it stays.
	fn counted(&self, stash: AccountId) -> (u128, bool) {
		let since_commitment = &self.exposures[self.began.saturating_sub(1)..];
		let without_gap = since_commitment.iter().rev().map_while(|exposures| exposures.get(&stash));
		let draws = without_gap.clone().count() == since_commitment.len();
		(*without_gap.min().expect("it is queued"), draws)
	}

	fn check(&self) {
		let mut standing = BTreeSet::new();
		for Listed { key, weight, draws } in listed() {
			let stash = queued_with(key).expect("only queued keys stand");
			assert!(standing.insert(stash), "stash {stash} stands twice");
			assert_eq!((weight, draws), self.counted(stash), "stash {stash}");
		}
		for stash in disabled() {
			assert!(!standing.contains(&stash), "stash {stash} is disabled, and stands");
		}
	}
}

/// Does something at random. Returns what it was, if it had an effect.
fn step(rng: &mut Rng, history: &mut History) -> Option<&'static str> {
	let stash = 1 + rng.below(CANDIDATES);
	let origin = RuntimeOrigin::signed(stash);
	let amount = Balance::from(rng.below(6_000));
	let done = |result: bool, what| result.then_some(what);
	match rng.below(40) {
		0..4 => {
			history.rotate();
			Some("rotated")
		},
		4..22 => {
			// Mostly keys that are queued.
			let queued: Vec<_> = (1..=KEYS).filter(|key| queued_with(*key).is_some()).collect();
			let key = if rng.below(8) == 0 || queued.is_empty() {
				1 + rng.below(KEYS)
			} else {
				queued[rng.below(queued.len() as u64) as usize]
			};
			done(try_register(key) == Ok(Ok(())), "registered")
		},
		22..28 => done(try_set_keys(stash, 1 + rng.below(KEYS)).is_ok(), "set keys"),
		28 => done(Session::purge_keys(origin).is_ok(), "purged keys"),
		29..31 => done(Staking::bond_extra(origin, amount).is_ok(), "bonded more"),
		31..33 => done(Staking::unbond(origin, amount).is_ok(), "unbonded"),
		33 => done(Staking::bond(origin, 9_000 + amount, RewardDestination::Staked).is_ok(), "bonded"),
		34..36 => done(Staking::validate(origin, ValidatorPrefs::default()).is_ok(), "validated"),
		36 => done(Staking::chill(origin).is_ok(), "chilled"),
		37 => done(Staking::nominate(RuntimeOrigin::signed(NOMINATOR), vec![stash]).is_ok(), "nominated"),
		_ => {
			let before = disabled();
			let validators = Session::validators();
			offend(validators[rng.below(validators.len() as u64) as usize], 1 + rng.below(20) as u32);
			let after = disabled();
			match before.iter().all(|stash| after.contains(stash)) {
				true => done(after.len() > before.len(), "disabled"),
				false => Some("enabled again"),
			}
		},
	}
}

#[test]
fn whatever_happens_each_account_stands_once_with_the_stake_that_it_had_in_time() {
	let mut done = BTreeMap::<_, u32>::new();
	for seed in 0..24 {
		let mut rng = Rng(seed);
		SessionsPerEra::set(1 + rng.below(4) as u32);
		SessionsPerMixnetSession::set(1 + rng.below(3) as u32);
		ext().execute_with(|| {
			next_block();
			let mut history = History::new();
			for _ in 0..150 {
				if let Some(what) = step(&mut rng, &mut history) {
					*done.entry(what).or_default() += 1;
				}
				check_invariants();
				history.check();
			}
		});
	}
	// All of it took place, and often.
	assert_eq!(done.len(), 12, "{done:?}");
	assert!(done.values().all(|count| *count >= 10), "{done:?}");
}
