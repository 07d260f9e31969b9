//! Collators come and go, set other keys, and are kicked.

use super::{chain::*, collators::*, participants::*, runtime::*};
use crate::mock::Rng;
use mixnet_primitives::RegistrationError::NotARegistrant;
use sp_runtime::testing::UintAuthorityId;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn a_candidate_registers_when_it_is_queued_and_mixes_when_it_collates() {
	ext().execute_with(|| {
		next_block();
		stand(3, 700);
		assert_eq!(refusal(3), Some(NotARegistrant));
		rotate();
		assert!(!Session::validators().contains(&3));
		register_queued();
		rotate();
		assert!(Session::validators().contains(&3));
		assert_eq!(mixing(), [0, 1, 2, 3]);
	});
}

#[test]
fn a_candidate_that_leaves_mixes_for_as_long_as_it_collates() {
	ext().execute_with(|| {
		next_block();
		stand(3, 700);
		rotate();
		register_queued();
		leave(3);
		rotate();
		assert!(Session::validators().contains(&3));
		assert_eq!(mixing(), [0, 1, 2, 3]);
		assert_eq!(refusal(3), Some(NotARegistrant));
		register_queued();
		rotate();
		assert!(!Session::validators().contains(&3));
		assert_eq!(mixing(), [0, 1, 2]);
	});
}

#[test]
fn a_candidate_with_a_larger_deposit_takes_the_place_of_another() {
	DesiredCandidates::set(1);
	ext().execute_with(|| {
		next_block();
		stand(3, 700);
		rotate();
		stand(4, 701);
		register_queued();
		rotate();
		assert_eq!(mixing(), [0, 1, 2, 3]);
		assert_eq!((refusal(3), refusal(4)), (Some(NotARegistrant), None));
		register_queued();
		rotate();
		assert_eq!(mixing(), [0, 1, 2, 4]);
	});
}

#[test]
fn a_candidate_that_authors_nothing_is_kicked_and_leaves() {
	ext().execute_with(|| {
		next_block();
		stand(3, 700);
		stand(4, 300);
		// Neither is an invulnerable kicked, nor a candidate that authors blocks.
		Offline::set([2, 3].into());
		rotate();
		rotate();
		register_queued();
		assert!(mixing().is_empty());
		rotate();
		assert_eq!((deposit(3), deposit(4)), (None, Some(300)));
		// It is a collator for one more session.
		assert_eq!(mixing(), [0, 1, 2, 3, 4]);
		assert_eq!(refusal(3), Some(NotARegistrant));
		register_queued();
		rotate();
		assert_eq!(Session::validators(), [0, 1, 2, 4]);
		assert_eq!(mixing(), [0, 1, 2, 4]);
	});
}

#[test]
fn a_collator_with_other_keys_has_one_mixnode_in_each_session() {
	ext().execute_with(|| {
		next_block();
		register_queued();
		set_keys(1, 101);
		assert_eq!(refusal(101), Some(NotARegistrant));
		rotate();
		assert_eq!(mixing(), [0, 1, 2]);
		assert_eq!(refusal(1), Some(NotARegistrant));
		for key in [0, 101, 2] {
			register(key);
		}
		rotate();
		assert_eq!(mixing(), [0, 101, 2]);
		let authorities = pallet_aura::Authorities::<Runtime>::get();
		assert!(authorities.contains(&UintAuthorityId(101)) && !authorities.contains(&UintAuthorityId(1)));
		// And it authors blocks.
		for _ in 0..3 {
			next_block();
			assert!(Authorship::author().is_some());
		}
	});
}

/// What a random sequence of steps does to collators.
struct Members {
	rng: Rng,
	/// The owners of all keys that were ever set.
	owners: BTreeMap<u64, AccountId>,
	/// The accounts that were queued since the mixnet's session began.
	queued: BTreeSet<AccountId>,
}

impl Members {
	fn account(&mut self) -> AccountId {
		self.rng.below(WITH_KEYS)
	}

	fn step(&mut self) {
		let account = self.account();
		match self.rng.below(8) {
			0 if deposit(account).is_none() && !Invulnerables::get().contains(&account) => {
				stand(account, 100 + self.rng.below(1_000));
			},
			1 if deposit(account).is_some() => leave(account),
			2 if deposit(account).is_some() => change_deposit(account, 100 + self.rng.below(1_000)),
			3 => {
				let key = WITH_KEYS + self.rng.below(100);
				if *self.owners.entry(key).or_insert(account) == account {
					set_keys(account, key);
				}
			},
			4 => Offline::mutate(|offline| {
				// One invulnerable stays, so that there are blocks.
				if account > 0 && !offline.remove(&account) {
					offline.insert(account);
				}
			}),
			_ => {
				let keys: Vec<_> = self.owners.keys().copied().collect();
				let _ = try_register(keys[self.rng.below(keys.len() as u64) as usize]);
			},
		}
	}

	/// Runs to the next session of the mixnet, and checks its list. Returns how many mixnodes it has.
	fn run_session(&mut self) -> usize {
		self.queued = queued().into_iter().collect();
		let session_index = Mixnet::session_status().current_index;
		loop {
			for _ in 0..5 {
				self.step();
			}
			next_block();
			if Mixnet::session_status().current_index > session_index {
				break;
			}
			self.queued.extend(queued());
		}
		let mixing: Vec<_> = mixing().iter().map(|key| self.owners[key]).collect();
		let accounts: BTreeSet<_> = mixing.iter().copied().collect();
		assert_eq!(mixing.len(), accounts.len(), "an account has two mixnodes");
		assert!(accounts.is_subset(&self.queued), "somebody mixes who was never queued");
		mixing.len()
	}
}

#[test]
fn collators_that_come_and_go_at_random_have_one_mixnode_each() {
	for rotations in [1, 3] {
		SessionsPerMixnetSession::set(rotations);
		ext().execute_with(|| {
			let owners = (0..WITH_KEYS).map(|account| (account, account)).collect();
			let mut members = Members { rng: Rng(rotations.into()), owners, queued: BTreeSet::new() };
			next_block();
			let mixnodes: usize = (0..30).map(|_| members.run_session()).sum();
			assert!(mixnodes > 30, "only {mixnodes} mixnodes in all sessions");
		});
		Offline::take();
	}
}
