//! Constants that an upgrade of the runtime changes in the middle of a session.

use crate::{mock::*, NextElection};
use codec::Encode;
use mixnet_primitives::SessionPhase;

/// More places would seat a newcomer ahead of better standbys.
#[test]
fn more_places_count_from_the_next_election_on() {
	Policy::set(TestPolicy::HighestWeight);
	ValidatorWeights::set((0..VALIDATORS).map(|account| (account, 100 - u128::from(account))).collect());
	MaxMixnodes::set(2);
	MaxStandbys::set(2);
	ext().execute_with(|| {
		run_to_next_session();
		for account in 1..5 {
			register(account, account);
		}
		MaxMixnodes::set(4);
		check_invariants();
		assert!(try_register(5, 5).is_err());
		register(0, 0);
		assert_eq!(next_registrations(), [(0, Some(1)), (1, Some(0)), (2, None), (3, None)]);
		run_to_next_session();
		for account in 1..6 {
			register(account, account);
		}
		assert_eq!(next_registrations().iter().filter(|(_, place)| place.is_some()).count(), 4);
	});
}

/// What was stored under larger bounds can still be read.
#[test]
fn fewer_places_count_from_the_next_election_on() {
	MaxMixnodes::set(10);
	MaxStandbys::set(2);
	ext().execute_with(|| {
		run_to_next_session();
		for account in 0..VALIDATORS {
			register(account, account);
		}
		MaxMixnodes::set(2);
		MaxStandbys::set(0);
		check_invariants();
		assert_eq!(next_registrations().len(), 10);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes().map(|list| list.len()), Ok(10));
		assert_eq!(NextElection::<Runtime>::get().max_elected, 2);
	});
}

/// Fewer authorities, and smaller mixnodes, than are stored.
#[test]
fn what_an_upgrade_makes_too_large_is_still_read() {
	ext().execute_with(|| {
		run_to_next_session();
		register(9, 9);
		register(1, 1);
		MaxAuthorities::set(2);
		check_invariants();
		register(8, 8);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes().map(|list| list.len()), Ok(3));
		// From now on two are queued.
		assert!(try_register(9, 9).is_err());
		check_invariants();
	});
}

#[test]
fn the_phase_of_a_session_never_steps_back() {
	let phases = |lengths: [u64; 3]| {
		NumCoverToCurrentBlocks::set(lengths[0]);
		NumRequestsToCurrentBlocks::set(lengths[1]);
		NumCoverToPrevBlocks::set(lengths[2]);
	};
	phases([3, 4, 5]);
	ext().execute_with(|| {
		let mut rng = Rng(3);
		let mut last = (0, 0);
		for _ in 0..300 {
			next_block();
			phases([rng.below(8), rng.below(8), rng.below(8)]);
			let status = Mixnet::session_status();
			let phase: u8 = status.phase.encode()[0];
			assert!((status.current_index, phase) >= last, "{status:?} after {last:?}");
			last = (status.current_index, phase);
		}
		assert!(last.0 > 10);
	});
}

/// A session that is under way ends when it would have ended.
#[test]
fn another_number_of_rotations_counts_from_the_next_session_on() {
	SessionsPerMixnetSession::set(3);
	ext().execute_with(|| {
		run_to_next_session();
		run_to_rotation();
		run_to_rotation();
		SessionsPerMixnetSession::set(1);
		check_invariants();
		assert_eq!(Mixnet::session_status().current_index, 1);
		run_to_rotation();
		assert_eq!(Mixnet::session_status().current_index, 2);
		SessionsPerMixnetSession::set(2);
		run_to_rotation();
		assert_eq!(Mixnet::session_status().current_index, 3);
		assert_eq!(Mixnet::session_status().phase, SessionPhase::CoverToCurrent);
		run_to_rotation();
		assert_eq!(Mixnet::session_status().current_index, 3);
	});
}
