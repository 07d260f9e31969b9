//! The seeds of elections: fresh or none, and only for registrants whose keys came before.

use crate::{mock::*, NextElection, Seed};
use std::collections::BTreeSet;

/// The lottery gives ranks from this one on to candidates that have not drawn.
const FIRST_UNDRAWN: u128 = (1 << 127) + 1;

fn ext_with_lottery() -> sp_io::TestExternalities {
	Policy::set(TestPolicy::WeightedLottery);
	ext()
}

/// Registers an account, and says whether it drew.
fn register_and_see_draw(account: u64) -> bool {
	register(account, account);
	let status = Mixnet::registration_status(registrant(account), mixnode(account).kx_public);
	status.registered.expect("it has just registered").rank < FIRST_UNDRAWN
}

fn seed() -> Option<Seed> {
	NextElection::<Runtime>::get().seed
}

/// The seeds of the elections of ten sessions, where the randomness was published this many blocks ago.
fn seeds_by(randomness_age: u64) -> Vec<[u8; 32]> {
	RandomnessAge::set(randomness_age);
	let seeds = ext().execute_with(|| {
		(1..10u64)
			.map(|session| {
				run_to_next_session();
				let drawn = seed().expect("the randomness is fresh");
				// The same throughout.
				run_to_block(session * 20 + 19);
				assert_eq!(seed(), Some(drawn));
				drawn.0
			})
			.collect()
	});
	RandomnessAge::set(0);
	seeds
}

/// How many of the seeds differ that two chains have, which differ in nothing but what their randomness answers.
fn seeds_that_differ() -> usize {
	// What the source answers is made from the block that it was published in.
	let (a, b) = (seeds_by(0), seeds_by(1));
	assert_eq!(seeds_by(0), a, "the same chain has the same seeds");
	a.into_iter().chain(b).collect::<BTreeSet<_>>().len()
}

#[test]
fn each_election_has_a_seed_of_its_own() {
	assert_eq!(seeds_that_differ(), 18);
}

/// The test before can fail: seeds of different sessions differ even so.
#[test]
fn randomness_that_stands_still_is_found_out() {
	RandomnessStandsStill::set(true);
	assert_eq!(seeds_that_differ(), 9);
}

#[test]
fn the_authorities_of_genesis_draw_in_the_first_election() {
	// This holds however old the randomness at genesis is: nobody could choose a key by it.
	for age in [0, 1, 1_000_000] {
		RandomnessAge::set(age);
		ext_with_lottery().execute_with(|| {
			assert!(seed().is_some());
			run_to_block(1);
			assert!(register_and_see_draw(0));
			assert!(register_and_see_draw(9));
		});
	}
}

/// A registrant that chose its key at the rotation before could know randomness of that time.
#[test]
fn randomness_from_before_the_last_rotation_is_not_drawn_from() {
	for (age, is_fresh) in [(0, true), (1, true), (19, true), (20, false), (21, false), (40, false)] {
		ext_with_lottery().execute_with(|| {
			run_to_next_session();
			RandomnessAge::set(age);
			run_to_next_session();
			assert_eq!(System::block_number(), 40);
			assert_eq!(seed().is_some(), is_fresh, "{age} blocks old");
			assert_eq!(register_and_see_draw(0), is_fresh);
			RandomnessAge::set(0);
		});
	}
}

#[test]
fn the_last_rotation_counts_in_longer_sessions_too() {
	SessionsPerMixnetSession::set(3);
	for (age, is_fresh) in [(19, true), (20, false)] {
		ext_with_lottery().execute_with(|| {
			run_to_next_session();
			assert_eq!(System::block_number(), 60);
			run_to_rotation();
			run_to_rotation();
			RandomnessAge::set(age);
			run_to_rotation();
			assert_eq!(Mixnet::session_status().current_index, 2);
			assert_eq!(seed().is_some(), is_fresh);
			RandomnessAge::set(0);
		});
	}
}

#[test]
fn a_new_authority_draws_in_its_second_election() {
	ext_with_lottery().execute_with(|| {
		run_to_next_session();
		NextValidators::set(Some(vec![0, 20]));
		run_to_next_session();
		assert!(register_and_see_draw(0));
		assert!(!register_and_see_draw(20), "its key was chosen when the seed could be known");
		run_to_next_session();
		assert!(register_and_see_draw(0));
		assert!(register_and_see_draw(20));
	});
}

#[test]
fn an_authority_that_was_away_is_a_new_one() {
	ext_with_lottery().execute_with(|| {
		for (queued, draws) in [(vec![0, 1], true), (vec![1], false), (vec![0, 1], false), (vec![0, 1], true)] {
			NextValidators::set(Some(queued.clone()));
			run_to_next_session();
			assert!(register_and_see_draw(1));
			if queued.contains(&0) {
				assert_eq!(register_and_see_draw(0), draws);
			}
		}
	});
}

/// In a longer session it matters whether an authority was queued before the session's seed could be known.
#[test]
fn an_authority_that_is_queued_during_a_longer_session_draws_in_the_next() {
	SessionsPerMixnetSession::set(3);
	ext_with_lottery().execute_with(|| {
		run_to_next_session();
		run_to_rotation();
		NextValidators::set(Some(vec![0, 20]));
		run_to_rotation();
		assert!(!register_and_see_draw(20), "its key is younger than the seed");
		NextValidators::set(Some(vec![0, 20, 21]));
		run_to_rotation();
		assert_eq!(Mixnet::session_status().current_index, 2);
		assert!(register_and_see_draw(0));
		assert!(register_and_see_draw(20));
		assert!(!register_and_see_draw(21), "it was queued when the seed was drawn");
		run_to_next_session();
		assert!(register_and_see_draw(21));
	});
}

#[test]
fn who_has_not_drawn_stands_behind_those_who_have() {
	MaxMixnodes::set(4);
	MaxStandbys::set(1);
	ext_with_lottery().execute_with(|| {
		run_to_next_session();
		NextValidators::set(Some(vec![20, 21, 0, 1, 2, 3]));
		run_to_next_session();
		// It comes first, but is not served first.
		register(20, 20);
		register(21, 21);
		for account in 0..4 {
			register(account, account);
		}
		let order: Vec<_> = next_registrations().into_iter().map(|(account, _)| account).collect();
		assert_eq!(order[..4].iter().copied().collect::<BTreeSet<_>>(), (0..4).collect());
		// The earlier of the two is better: neither has a draw.
		assert_eq!(order[4..], [20]);
	});
}

/// There is one draw, however often a registrant registers, and with whatever mixnode.
#[test]
fn registering_again_does_not_draw_again() {
	ext_with_lottery().execute_with(|| {
		run_to_block(1);
		let rank = |account: u64| {
			let all = Mixnet::next_registrations(0, u32::MAX);
			all.into_iter().find(|other| other.registrant == registrant(account)).map(|found| found.rank)
		};
		register(0, 0);
		let first = rank(0);
		for n in 1..3 {
			next_block();
			register(0, n);
			assert_eq!(rank(0), first);
		}
	});
}

/// The pallet hands to the policy what the policy's documentation promises.
#[test]
fn candidates_are_ranked_as_the_policy_ranks_them() {
	use crate::{Candidate, ElectionPolicy, RegistrantClass, WeightedLottery};
	ValidatorWeights::set((0..VALIDATORS).map(|account| (account, 1 + u128::from(account * account))).collect());
	ext_with_lottery().execute_with(|| {
		run_to_next_session();
		let mut expected = Vec::new();
		for account in 0..VALIDATORS {
			register(account, account);
			let candidate = Candidate {
				account,
				session_index: 2,
				class: RegistrantClass::Validator,
				weight: 1 + u128::from(account * account),
				seed: seed(),
			};
			expected.push((WeightedLottery::rank(&candidate).0, registrant(account)));
		}
		expected.sort_unstable();
		let found: Vec<_> = Mixnet::next_registrations(0, u32::MAX)
			.into_iter()
			.map(|registered| (registered.rank, registered.registrant))
			.collect();
		assert_eq!(found, expected);
	});
}
