//! The three policies, as the pallet applies them.

use super::*;

/// A third session, in which operators with these bonds and the validators of genesis can register.
fn ext_with(policy: TestPolicy, operators: &[(u64, u64)]) -> sp_io::TestExternalities {
	let mut ext = ext_by_weight(3, 2);
	ext.execute_with(|| {
		Policy::set(policy);
		for (account, bonded) in operators {
			bond(*account, *bonded);
		}
		run_to_next_session();
		run_to_next_session();
	});
	ext
}

fn accounts() -> Vec<u64> {
	next_registrations().into_iter().map(|(account, _)| account).collect()
}

#[test]
fn all_authorities_come_first_and_each_class_in_order_of_registration() {
	ext_with(TestPolicy::AllAuthorities, &[(50, 1_000), (51, 5_000), (52, 100_000)]).execute_with(|| {
		for account in [51, 50, 52] {
			register(account, account);
		}
		assert_eq!(next_registrations(), [(51, Some(0)), (50, Some(1)), (52, Some(2))]);
		register(3, 3);
		register(9, 9);
		assert_eq!(next_registrations(), [(3, Some(2)), (9, Some(1)), (51, Some(0)), (50, None), (52, None)]);
		register(1, 1);
		register(2, 2);
		register(4, 4);
		// Validators also take the standbys' places. No operator is left.
		assert_eq!(next_registrations(), [(3, Some(2)), (9, Some(1)), (1, Some(0)), (2, None), (4, None)]);
		for (account, n) in [(5, 5), (52, 60)] {
			assert_refused(account, n, RegistrationError::RankTooLow);
		}
	});
}

#[test]
fn with_the_highest_weight_bonds_and_validators_are_compared() {
	ext_with(TestPolicy::HighestWeight, &[(50, 100), (51, 1_000), (52, 100_000)]).execute_with(|| {
		ValidatorWeights::set([(0, 1_001), (1, 999), (2, 500_000), (3, 99)].into_iter().collect());
		run_to_next_session();
		run_to_next_session();
		for account in [3, 50, 1, 51, 0, 52] {
			let _ = try_register(account, account);
			// In any order, the best so far are listed.
		}
		register(2, 2);
		assert_eq!(accounts(), [2, 52, 0, 51, 1]);
		let ranks: Vec<_> = Mixnet::next_registrations(0, 5).into_iter().map(|registered| registered.rank).collect();
		let expected =
			[rank(2), operator_rank(52, 100_000), rank(0), operator_rank(51, 1_000), rank(1)].map(|rank| rank.0);
		assert_eq!(ranks, expected);
	});
}

#[test]
fn the_lottery_ranks_by_draws_of_the_committed_weight() {
	let operators = [(50, 100), (51, 1_000), (52, 100_000)];
	ext_with(TestPolicy::WeightedLottery, &operators).execute_with(|| {
		// Too late to count.
		assert_eq!(Mixnet::bond_extra(RuntimeOrigin::signed(50), 500_000), Ok(()));
		NextElection::<Runtime>::mutate(|election| election.max_standbys = 30);
		let mut expected: Vec<_> = (0..10)
			.map(|account| (account, rank(account)))
			.chain(operators.map(|(account, bonded)| (account, operator_rank(account, bonded))))
			.collect();
		for (account, _) in &expected {
			register(*account, *account);
		}
		expected.sort_by_key(|(_, rank)| *rank);
		// Account 0 weighs nothing.
		assert_eq!(expected.last(), Some(&(0, Rank::LAST)));
		assert_eq!(accounts(), expected.iter().map(|(account, _)| *account).collect::<Vec<_>>());
	});
}

/// The new validators are queued by the rotation with which session 1 begins, and the seed for session 2 is drawn then.
#[test]
fn validators_that_committed_too_late_stand_behind_those_that_draw() {
	ext_by_weight(3, 30).execute_with(|| {
		Policy::set(TestPolicy::WeightedLottery);
		ValidatorWeights::set((10..15).map(|account| (account, u128::from(account) * 1_000_000)).collect());
		NextValidators::set(Some((5..15).collect()));
		run_to_next_session();
		let late: Vec<_> = (10..15).collect();
		for account in late.iter().copied().chain(5..10) {
			register(account, account);
		}
		// The heaviest come first: they do not draw, since they could have chosen their draws.
		let mut drawn: Vec<_> = (5..10).collect();
		drawn.sort_by_key(|account| rank(*account));
		assert_eq!(accounts(), [drawn, late.iter().rev().copied().collect()].concat());
		for (account, registered) in accounts().into_iter().zip(Mixnet::next_registrations(0, 30)) {
			let expected = if late.contains(&account) { rank_with_seed(account, None) } else { rank(account) };
			assert_eq!(registered.rank, expected.0);
		}

		// In the next election they draw like all others.
		run_to_next_session();
		for account in late.iter().copied().chain(5..10) {
			register(account, account);
		}
		let mut drawn: Vec<_> = (5..15).collect();
		drawn.sort_by_key(|account| rank(*account));
		assert_eq!(accounts(), drawn);
	});
}

#[test]
fn every_election_draws_anew() {
	ext_by_weight(3, 30).execute_with(|| {
		Policy::set(TestPolicy::WeightedLottery);
		ValidatorWeights::set(Default::default());
		let mut seen = std::collections::BTreeSet::new();
		for _ in 0..10 {
			for account in 0..10 {
				register(account, account);
			}
			assert!(seen.insert(accounts()), "the same order twice is a chance of 1 in 80,000");
			run_to_next_session();
		}
	});
}
