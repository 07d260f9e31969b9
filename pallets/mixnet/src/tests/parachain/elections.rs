//! Sessions begin, collators register, and operators compete with them.

use super::{chain::*, collators::*, participants::*, runtime::*};
use crate::{
	election::MAX_WEIGHT,
	mock::{registrant, Policy, TestPolicy},
	Event,
};
use mixnet_primitives::{MixnodesError, RegistrationError};
use std::collections::BTreeSet;

#[test]
fn sessions_begin_with_the_collators_that_have_registered() {
	ext().execute_with(|| {
		next_block();
		for session_index in 1..6 {
			register_queued();
			rotate();
			assert_eq!(Mixnet::session_status().current_index, session_index);
			assert_eq!(mixing(), [0, 1, 2]);
			let started = Event::SessionStarted { session_index, mixnodes: 3 };
			assert!(System::events().iter().any(|record| record.event == RuntimeEvent::Mixnet(started.clone())));
		}
		// Nobody registers.
		rotate();
		assert_eq!(Mixnet::current_mixnodes(), Err(MixnodesError::InsufficientRegistrations { num: 0, min: 2 }));
	});
}

#[test]
fn longer_sessions_begin_with_every_third_rotation() {
	SessionsPerMixnetSession::set(3);
	ext().execute_with(|| {
		next_block();
		for session_index in 1..4 {
			register_queued();
			for _ in 0..3 {
				assert_eq!(Mixnet::session_status().current_index, session_index - 1);
				rotate();
			}
			assert_eq!(Mixnet::session_status().current_index, session_index);
			assert_eq!(mixing(), [0, 1, 2]);
		}
	});
}

/// Lets accounts 50 and 51 become operators, and waits until they may register.
fn with_operators(bonds: [Balance; 2]) {
	operate(50, bonds[0]);
	operate(51, bonds[1]);
	rotate();
	assert_eq!(refusal(50), Some(RegistrationError::OperatorTooRecent));
	rotate();
}

#[test]
fn operators_take_the_places_that_collators_leave_free() {
	MaxMixnodes::set(4);
	ext().execute_with(|| {
		next_block();
		with_operators([9_000, 100]);
		for key in [51, 50, 0, 1] {
			register(key);
		}
		assert_eq!(elected(), (vec![0, 1, 51, 50], vec![]));
		// Of the operators, the one that came last must give way, whatever its bond.
		register(2);
		assert_eq!(elected(), (vec![0, 1, 2, 51], vec![50]));
		rotate();
		assert_eq!(mixing().into_iter().collect::<BTreeSet<_>>(), [0, 1, 2, 51].into());
	});
}

fn by_highest_weight() {
	Policy::set(TestPolicy::HighestWeight);
	HasRelayRandomness::set(true);
}

#[test]
fn collators_and_operators_compete_by_deposits_and_bonds() {
	by_highest_weight();
	MaxMixnodes::set(3);
	ext().execute_with(|| {
		next_block();
		stand(3, 700);
		stand(4, 300);
		with_operators([600, 200]);
		assert_eq!(queued(), [0, 1, 2, 3, 4]);
		for key in [51, 4, 0, 1, 2, 50, 3] {
			register(key);
		}
		let (elected, standbys) = elected();
		assert_eq!(elected[..2], [3, 50]);
		// The invulnerables weigh the same: the relay chain's randomness decides.
		let drawn: BTreeSet<_> = elected[2..].iter().chain(&standbys).copied().collect();
		assert_eq!(drawn, [0, 1, 2].into());
		assert_eq!(refusal(4), Some(RegistrationError::RankTooLow));
		assert_eq!(refusal(51), Some(RegistrationError::RankTooLow));
		rotate();
		assert_eq!(mixing().into_iter().collect::<BTreeSet<_>>(), elected.into_iter().collect());
	});
}

/// The weight of a candidate for the next session.
fn weight_of(key: u64) -> u128 {
	let all = Mixnet::next_registrations(0, u32::MAX);
	let registered = all.into_iter().find(|found| found.registrant == registrant(key)).expect("it has registered");
	// `HighestWeight` documents the bits of its ranks.
	MAX_WEIGHT - (registered.rank >> 32)
}

#[test]
fn a_greater_deposit_counts_once_it_was_there_before_the_seed() {
	by_highest_weight();
	ext().execute_with(|| {
		next_block();
		stand(3, 700);
		rotate();
		rotate();
		change_deposit(3, 900);
		for expected in [700, 700, 900] {
			register(3);
			assert_eq!(weight_of(3), expected);
			rotate();
		}
	});
}

#[test]
fn a_smaller_deposit_counts_from_the_next_election_on() {
	by_highest_weight();
	ext().execute_with(|| {
		next_block();
		stand(3, 700);
		rotate();
		rotate();
		change_deposit(3, 600);
		for expected in [700, 600, 600] {
			register(3);
			assert_eq!(weight_of(3), expected);
			rotate();
		}
	});
}
