//! Which keys and parts of bonds count in which election.

use super::*;
use crate::{Candidate, ElectionPolicy, RegistrantClass};

/// Elections begin in blocks 20, 40, 60 and so on. Each counts what was there 20 blocks before.
#[test]
fn an_operator_stands_once_a_whole_session_has_passed_since_it_bonded() {
	for (set_at, first_election_at) in [(1, 40), (19, 40), (20, 60), (21, 60), (39, 60), (40, 80)] {
		ext().execute_with(|| {
			run_to_block(set_at);
			assert_refused(OPERATOR, 1, RegistrationError::NotARegistrant);
			bond(OPERATOR, 1_000);
			while System::block_number() < first_election_at {
				assert_refused(OPERATOR, 1, RegistrationError::OperatorTooRecent);
				next_block();
			}
			register(OPERATOR, 1);
		});
	}
}

/// If three of pallet-session's sessions make one of the mixnet's, the last rotation but one counts.
#[test]
fn a_whole_session_is_one_of_pallet_session() {
	for (set_at, first_election_at) in [(1, 60), (39, 60), (40, 120), (99, 120), (100, 180)] {
		SessionsPerMixnetSession::set(3);
		ext().execute_with(|| {
			run_to_block(set_at);
			bond(OPERATOR, 1_000);
			while System::block_number() < first_election_at {
				assert_eq!(weighing(OPERATOR), Err(RegistrationError::OperatorTooRecent));
				next_block();
			}
			register(OPERATOR, 1);
		});
	}
}

#[test]
fn additions_count_from_the_first_election_whose_seed_nobody_can_know() {
	for (added_at, weighs_at) in [(40, 80), (41, 80), (59, 80), (60, 100), (79, 100)] {
		ext_with_operator(1_000).execute_with(|| {
			run_to_block(added_at);
			assert_eq!(Mixnet::bond_extra(signed(OPERATOR), 500), Ok(()));
			while System::block_number() < weighs_at {
				assert_eq!(weighing(OPERATOR), Ok(1_000));
				next_block();
			}
			assert_eq!(weighing(OPERATOR), Ok(1_500));
		});
	}
}

/// The bond grows by 1, 10, 100 and so on. Each part counts from its own election on.
#[test]
fn who_adds_in_every_session_is_not_put_off() {
	ext().execute_with(|| {
		run_to_block(1);
		MinBond::set(1);
		bond(OPERATOR, 1);
		let mut parts = vec![(1, 1)];
		for (amount, at) in [(10, 21), (100, 41), (1_000, 42), (10_000, 60), (100_000, 85)] {
			run_to_block(at);
			assert_eq!(Mixnet::bond_extra(signed(OPERATOR), amount), Ok(()));
			check_invariants();
			parts.push((amount, at));
			let rest = Mixnet::operator(&OPERATOR).map(|operator| operator.bond);
			assert_eq!(rest, Some(parts.iter().map(|(amount, _)| amount).sum()));
			if at < 40 {
				assert_eq!(weighing(OPERATOR), Err(RegistrationError::OperatorTooRecent));
				continue;
			}
			// Those added before the last rotation but one.
			let committed_before = at / 20 * 20 - 20;
			let expected: u64 = parts.iter().filter(|(_, at)| *at < committed_before).map(|(amount, _)| amount).sum();
			assert_eq!(weighing(OPERATOR), Ok(expected), "block {at}");
		}
		run_to_block(120);
		assert_eq!(weighing(OPERATOR), Ok(111_111));
	});
}

/// Any sequence of additions, slashes and releases agrees with a list of what was added when, in sessions of one to three
/// of pallet-session's. Slashes take the oldest additions first, releases the latest. What is taken back is an addition.
#[test]
fn bonds_weigh_as_lists_of_their_parts_would() {
	let mut rng = Rng(5);
	for round in 0..200 {
		SessionsPerMixnetSession::set(1 + round % 3);
		MinBond::set(10);
		Period::set(5);
		ext().execute_with(|| {
			run_to_block(1 + rng.below(12));
			bond(OPERATOR, 1_000);
			let mut parts = vec![(1_000, System::block_number())];
			let mut released = 0;
			for _ in 0..80 {
				match rng.below(6) {
					0 => {
						let amount = 1 + rng.below(1_000);
						assert_eq!(Mixnet::bond_extra(signed(OPERATOR), amount), Ok(()));
						parts.push((amount, System::block_number()));
					},
					4 => {
						let mut amount = rng.below(1_500);
						if Mixnet::unbond_part(signed(OPERATOR), amount).is_ok() {
							released += amount;
							for (part, _) in parts.iter_mut().rev() {
								let taken = amount.min(*part);
								*part -= taken;
								amount -= taken;
							}
						}
					},
					5 if Mixnet::rebond(signed(OPERATOR)).is_ok() => {
						parts.push((released, System::block_number()));
						released = 0;
					},
					1 if rng.below(4) == 0 => {
						let mut amount = rng.below(1_500);
						assert_eq!(Mixnet::slash(RuntimeOrigin::root(), OPERATOR, amount), Ok(()));
						for (part, _) in &mut parts {
							let taken = amount.min(*part);
							*part -= taken;
							amount -= taken;
						}
						released -= amount.min(released);
					},
					_ => run_to_block(System::block_number() + 1 + rng.below(3)),
				}
				check_invariants();
				let committed_before = NextElection::<Runtime>::get().committed_before;
				let bond: u64 = parts.iter().map(|(amount, _)| amount).sum();
				let weighs: u64 = parts.iter().filter(|(_, at)| *at < committed_before).map(|(amount, _)| amount).sum();
				let expected = if bond < 10 {
					Err(RegistrationError::BondTooSmall)
				} else if weighs == 0 {
					Err(RegistrationError::OperatorTooRecent)
				} else {
					Ok(weighs)
				};
				assert_eq!(weighing(OPERATOR), expected);
			}
		});
	}
}

#[test]
fn the_rank_is_that_of_the_part_that_weighs() {
	Policy::set(TestPolicy::HighestWeight);
	ext_with_operator(1_000).execute_with(|| {
		assert_eq!(Mixnet::bond_extra(signed(OPERATOR), 500_000), Ok(()));
		let rank = |weight| {
			Policy::rank(&Candidate {
				account: OPERATOR,
				session_index: Mixnet::session_status().current_index + 1,
				class: RegistrantClass::Operator,
				weight,
				seed: NextElection::<Runtime>::get().seed,
			})
		};
		register(OPERATOR, 1);
		assert_eq!(Mixnet::next_registrations(0, 1)[0].rank, rank(1_000).0);
		run_to_next_session();
		register(OPERATOR, 1);
		assert_eq!(Mixnet::next_registrations(0, 1)[0].rank, rank(1_000).0);
		run_to_next_session();
		register(OPERATOR, 1);
		assert_eq!(Mixnet::next_registrations(0, 1)[0].rank, rank(501_000).0);
	});
}

#[test]
fn with_a_bond_below_the_least_one_nobody_stands() {
	ext_with_operator(1_000).execute_with(|| {
		// The least bond can be raised by an upgrade of the runtime.
		MinBond::set(1_001);
		assert_refused(OPERATOR, 1, RegistrationError::BondTooSmall);
		// A late addition makes up for that, though it does not count in this election yet.
		assert_eq!(Mixnet::bond_extra(signed(OPERATOR), 1), Ok(()));
		assert_eq!(weighing(OPERATOR), Ok(1_000));
		register(OPERATOR, 1);
	});
}
