//! Better candidates displace worse ones until these are out. A candidate that is out may come back.

use super::*;

#[test]
fn a_better_candidate_displaces_the_worst_elected_and_it_the_worst_standby() {
	ext_by_weight(2, 1).execute_with(|| {
		assert_eq!(events_of(|| register(1, 1)), [registered(1, Standing::Elected(0), 0)]);
		assert_eq!(events_of(|| register(2, 2)), [registered(2, Standing::Elected(1), 0)]);
		let displaced = |account, by, stands_by| Event::MixnodeDisplaced { session_index: 1, account, by, stands_by };
		let dropped = |account| Event::StandbyDropped { session_index: 1, account };
		// There is a place for a standby.
		assert_eq!(events_of(|| register(4, 4)), [displaced(1, 4, true), registered(4, Standing::Elected(0), 0)]);
		assert_eq!(next_registrations(), [(4, Some(0)), (2, Some(1)), (1, None)]);
		// There is no place left: elected, standby, out.
		assert_eq!(
			events_of(|| register(5, 5)),
			[dropped(1), displaced(2, 5, true), registered(5, Standing::Elected(1), 0)]
		);
		assert_eq!(next_registrations(), [(5, Some(1)), (4, Some(0)), (2, None)]);
		// Between the elected and the standby.
		assert_eq!(events_of(|| register(3, 3)), [dropped(2), registered(3, Standing::Standby, 0)]);
		assert_eq!(next_registrations(), [(5, Some(1)), (4, Some(0)), (3, None)]);
		// Behind all.
		assert!(events_of(|| assert_refused(0, 0, RegistrationError::RankTooLow)).is_empty());

		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(4), mixnode(5)]));
	});
}

#[test]
fn without_standbys_who_is_displaced_is_out_at_once() {
	ext_by_weight(2, 0).execute_with(|| {
		register(1, 1);
		register(2, 2);
		assert_eq!(
			events_of(|| register(3, 3)),
			[
				Event::MixnodeDisplaced { session_index: 1, account: 1, by: 3, stands_by: false },
				Event::StandbyDropped { session_index: 1, account: 1 },
				registered(3, Standing::Elected(0), 0),
			]
		);
		assert_eq!(next_registrations(), [(3, Some(0)), (2, Some(1))]);
		assert_refused(1, 1, RegistrationError::RankTooLow);
	});
}

#[test]
fn the_only_place_is_the_best_ones() {
	for standbys in [0, 1, 3] {
		ext_by_weight(1, standbys).execute_with(|| {
			for account in [3, 7, 5, 1, 9, 8] {
				let _ = try_register(account, account);
			}
			let accounts: Vec<_> = next_registrations();
			let expected = [(9, Some(0)), (8, None), (7, None), (5, None)];
			assert_eq!(accounts, expected[..1 + standbys as usize]);
			// Two are needed.
			run_to_next_session();
			assert!(Mixnet::current_mixnodes().is_err());
			let session = crate::CurrentSession::<Runtime>::get();
			assert_eq!((session.current.registered, session.current.required), (1, 2));
		});
	}
}

/// Nobody draws, so that equal weights are equal ranks.
#[test]
fn of_equal_ranks_the_earlier_stays_and_one_more_is_enough_to_pass() {
	for standbys in [0, 1] {
		ext_by_weight(2, standbys).execute_with(|| {
			ValidatorWeights::set([(5, 101), (6, 99)].into_iter().chain((0..5).map(|n| (n, 100))).collect());
			run_to_next_session();
			RandomnessAge::set(100);
			run_to_next_session();
			assert_eq!(NextElection::<Runtime>::get().seed, None);

			for account in 0..2 + u64::from(standbys) {
				register(account, account);
			}
			let before = next_registrations();
			assert_refused(4, 4, RegistrationError::RankTooLow);
			assert_refused(6, 6, RegistrationError::RankTooLow);
			assert_eq!(next_registrations(), before);

			// Of two equal candidates, the later one gives way.
			register(5, 5);
			let mut expected = vec![(5, Some(1)), (0, Some(0))];
			if standbys == 1 {
				expected.push((1, None));
			}
			assert_eq!(next_registrations(), expected);
			assert_eq!(rank_with_seed(5, None).0, rank_with_seed(0, None).0 - (1 << 32), "by one unit of weight");
			assert_refused(4, 4, RegistrationError::RankTooLow);
		});
	}
}

#[test]
fn who_was_displaced_comes_back_when_there_is_room() {
	ext_by_weight(2, 1).execute_with(|| {
		for account in 1..5 {
			register(account, account);
		}
		assert_eq!(next_registrations(), [(4, Some(1)), (3, Some(0)), (2, None)]);
		// Its key and its peer ID are free.
		assert_refused(0, 1, RegistrationError::RankTooLow);
		assert_refused(1, 1, RegistrationError::RankTooLow);

		// The standby moves up, and its own place becomes free.
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 4), Ok(()));
		assert_eq!(next_registrations(), [(3, Some(0)), (2, Some(1))]);
		let mut late = registration(1, mixnode(11));
		assert_eq!(late.revision, 1);
		late.revision = 0;
		let proofs = prove(1, 11, &late);
		let refused = InvalidTransaction::Custom(RegistrationError::WrongRevision.code());
		assert_eq!(apply_registration(late, proofs), Err(refused.into()));
		assert_eq!(events_of(|| register(1, 11)), [registered(1, Standing::Standby, 1)]);
		assert_eq!(next_registrations(), [(3, Some(0)), (2, Some(1)), (1, None)]);

		// Its revisions go on: two are allowed, of which it has had one.
		assert_eq!(events_of(|| register(1, 12)), [registered(1, Standing::Standby, 2)]);
		assert_refused(1, 13, RegistrationError::TooManyRevisions);
	});
}

#[test]
fn replacing_a_mixnode_keeps_rank_and_place() {
	ext_by_weight(2, 1).execute_with(|| {
		for account in [5, 6, 4] {
			register(account, account);
		}
		let before = next_registrations();
		assert_eq!(before, [(6, Some(1)), (5, Some(0)), (4, None)]);
		// Even a weight that has changed makes no difference.
		ValidatorWeights::mutate(|weights| weights.extend([(4, 1000), (5, 0)]));
		let ranks: Vec<_> = Mixnet::next_registrations(0, 3).into_iter().map(|registered| registered.rank).collect();
		for account in [4, 5, 6] {
			register(account, 10 + account);
		}
		assert_eq!(next_registrations(), before);
		let after = Mixnet::next_registrations(0, 3);
		assert_eq!(after.iter().map(|registered| registered.rank).collect::<Vec<_>>(), ranks);
		assert!(after.iter().all(|registered| registered.revision == 1));
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(15), mixnode(16)]));
	});
}

/// Everybody tries to register, in any order. Some are removed, but no more than stand by.
#[test]
fn the_session_begins_with_exactly_the_best_in_the_order_of_their_places() {
	let mut rng = Rng(7);
	for _ in 0..10 {
		Policy::set(TestPolicy::WeightedLottery);
		MaxMixnodes::set(10);
		MaxStandbys::set(5);
		ext().execute_with(|| {
			ValidatorWeights::set((0..CANDIDATES).map(|account| (account, 1 + u128::from(rng.below(9)))).collect());
			NextValidators::set(Some((0..CANDIDATES).collect()));
			for _ in 0..3 {
				run_to_next_session();
			}

			let mut accounts: Vec<_> = (0..CANDIDATES).collect();
			let mut removed = Vec::new();
			while !accounts.is_empty() {
				let account = accounts.swap_remove(rng.below(accounts.len() as u64) as usize);
				if try_register(account, account).is_err() {
					assert!(next_registrations().len() >= 15, "{account} was refused, although there is room");
				}
				let registered = next_registrations();
				if removed.len() < 5 && rng.below(8) == 0 {
					let (account, _) = registered[rng.below(registered.len() as u64) as usize];
					assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), account), Ok(()));
					check_invariants();
					removed.push(account);
				}
			}

			let mut expected: Vec<_> = (0..CANDIDATES).filter(|account| !removed.contains(account)).collect();
			expected.sort_by_key(|account| rank(*account));
			let registered = next_registrations();
			let elected: Vec<_> =
				registered.iter().filter(|(_, place)| place.is_some()).map(|(account, _)| *account).collect();
			assert_eq!(elected, expected[..10]);
			let mut list = registered[..10].to_vec();
			list.sort_by_key(|(_, place)| *place);
			let list: Vec<_> = list.into_iter().map(|(account, _)| mixnode(account)).collect();

			// From now on the list does not change, whatever happens.
			MaxStandbys::set(30);
			run_to_next_session();
			assert_eq!(Mixnet::current_mixnodes().as_ref(), Ok(&list));
			for account in 0..20 {
				register(account, 100 + account);
				register(account, 200 + account);
			}
			for account in 0..CANDIDATES {
				assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), account), Ok(()));
				idle();
			}
			assert_eq!(Mixnet::current_mixnodes().as_ref(), Ok(&list));
			run_to_next_session();
			assert_eq!(Mixnet::prev_mixnodes().as_ref(), Ok(&list));
			idle();
			register(0, 300);
			assert_eq!(Mixnet::prev_mixnodes().as_ref(), Ok(&list));
		});
	}
}
