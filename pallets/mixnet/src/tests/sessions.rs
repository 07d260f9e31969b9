//! Rotation, phases, and who may register.

use crate::{mock::*, types::Roster, CurrentSession, Event, NextAuthorities};
use mixnet_primitives::{MixnodesError, SessionPhase, SessionStatus};
use std::collections::BTreeSet;

fn status(current_index: u32, phase: SessionPhase) -> SessionStatus {
	SessionStatus { current_index, phase }
}

fn next_authorities() -> BTreeSet<crate::AuthorityId> {
	NextAuthorities::<Runtime>::get().into_iter().collect()
}

fn authorities(accounts: impl IntoIterator<Item = u64>) -> BTreeSet<crate::AuthorityId> {
	accounts.into_iter().map(authority).collect()
}

#[test]
fn session_0_begins_at_genesis() {
	ext().execute_with(|| {
		assert_eq!(Mixnet::session_status(), status(0, SessionPhase::CoverToCurrent));
		assert_eq!(next_authorities(), authorities(0..VALIDATORS));
	});
}

#[test]
fn phases_change_at_their_boundaries() {
	ext().execute_with(|| {
		for session_index in 0..3 {
			let start = u64::from(session_index) * 20;
			for (first, last, phase) in [
				(0, 2, SessionPhase::CoverToCurrent),
				(3, 6, SessionPhase::RequestsToCurrent),
				(7, 11, SessionPhase::CoverToPrev),
				(12, 19, SessionPhase::DisconnectFromPrev),
			] {
				for block in first..=last {
					run_to_block(start + block);
					assert_eq!(System::block_number(), start + block);
					assert_eq!(Mixnet::session_status(), status(session_index, phase), "block {block}");
				}
			}
		}
	});
}

#[test]
fn phases_may_be_empty() {
	NumCoverToCurrentBlocks::set(0);
	NumCoverToPrevBlocks::set(0);
	ext().execute_with(|| {
		assert_eq!(Mixnet::session_status().phase, SessionPhase::RequestsToCurrent);
		run_to_block(3);
		assert_eq!(Mixnet::session_status().phase, SessionPhase::RequestsToCurrent);
		run_to_block(4);
		assert_eq!(Mixnet::session_status().phase, SessionPhase::DisconnectFromPrev);
	});
}

#[test]
fn a_session_begins_with_each_of_pallet_sessions() {
	ext().execute_with(|| {
		for session_index in 1..5 {
			run_to_rotation();
			assert_eq!(System::block_number(), u64::from(session_index) * 20);
			assert_eq!(Mixnet::session_status(), status(session_index, SessionPhase::CoverToCurrent));
		}
	});
}

#[test]
fn a_session_begins_with_every_third_of_pallet_sessions() {
	SessionsPerMixnetSession::set(3);
	ext().execute_with(|| {
		for rotation in 1..=10 {
			run_to_rotation();
			assert_eq!(Session::current_index(), rotation);
			assert_eq!(Mixnet::session_status().current_index, rotation / 3);
			assert_eq!(CurrentSession::<Runtime>::get().rotations, rotation % 3);
			assert_eq!(CurrentSession::<Runtime>::get().started_at, u64::from(rotation / 3) * 60);
			// Only a session of the mixnet's own starts the phases again.
			let phase = if rotation % 3 == 0 { SessionPhase::CoverToCurrent } else { SessionPhase::DisconnectFromPrev };
			assert_eq!(Mixnet::session_status().phase, phase);
			assert_eq!(events().len(), usize::from(rotation % 3 == 0));
		}
	});
}

#[test]
fn session_indices_are_the_mixnets_own() {
	ext().execute_with(|| {
		// As if the chain had run for long before it got a mixnet.
		pallet_session::CurrentIndex::<Runtime>::put(1000);
		run_to_rotation();
		assert_eq!(Session::current_index(), 1001);
		assert_eq!(Mixnet::session_status().current_index, 1);
	});
}

#[test]
fn the_pallet_can_be_added_to_a_running_chain() {
	ext().execute_with(|| {
		run_to_block(15);
		CurrentSession::<Runtime>::kill();
		NextAuthorities::<Runtime>::kill();
		assert_eq!(Mixnet::session_status(), status(0, SessionPhase::DisconnectFromPrev));
		let resting = Err(MixnodesError::InsufficientRegistrations { num: 0, min: 2 });
		assert_eq!(Mixnet::current_mixnodes(), resting);
		assert_eq!(Mixnet::prev_mixnodes(), resting);
		run_to_rotation();
		assert_eq!(Mixnet::session_status(), status(1, SessionPhase::CoverToCurrent));
		assert_eq!(next_authorities(), authorities(0..VALIDATORS));
	});
}

/// pallet-session says `changed = false` in the very rotation that queues new validators: it means those whose session
/// begins. The new ones must be able to register at once, or they cannot mix in their first session.
#[test]
fn newly_queued_authorities_may_register_at_once() {
	ext().execute_with(|| {
		run_to_rotation();
		NextValidators::set(Some(vec![3, 4, 20, 21]));
		assert!(!pallet_session::QueuedChanged::<Runtime>::get());
		run_to_rotation();
		assert_eq!(Session::validators(), (0..VALIDATORS).collect::<Vec<_>>());
		assert_eq!(next_authorities(), authorities([3, 4, 20, 21]));
		register(20, mixnode(20));
		register(21, mixnode(21));

		run_to_rotation();
		assert_eq!(Session::validators(), vec![3, 4, 20, 21]);
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(20), mixnode(21)]));
	});
}

#[test]
fn authorities_are_followed_within_a_session_too() {
	SessionsPerMixnetSession::set(3);
	ext().execute_with(|| {
		register_at(1, 0);
		NextValidators::set(Some(vec![20, 21]));
		run_to_rotation();
		assert_eq!(Mixnet::session_status().current_index, 0);
		assert_eq!(next_authorities(), authorities([20, 21]));
		register(20, mixnode(20));
		// Whoever registered while it was one of them stays.
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(0), mixnode(20)]));
	});

	fn register_at(block: u64, account: u64) {
		run_to_block(block);
		register(account, mixnode(account));
	}
}

#[test]
fn too_many_authorities_are_cut_to_the_bound() {
	MaxAuthorities::set(4);
	ext().execute_with(|| {
		assert_eq!(next_authorities(), authorities(0..4));
		NextValidators::set(Some(vec![9, 7, 5, 3, 1]));
		run_to_rotation();
		assert_eq!(next_authorities(), authorities([9, 7, 5, 3]));
		check_invariants();
	});
}

#[test]
fn the_mixnet_rests_without_enough_mixnodes() {
	MinMixnodes::set(3);
	ext().execute_with(|| {
		run_to_block(1);
		register(0, mixnode(0));
		register(1, mixnode(1));
		run_to_next_session();
		assert_eq!(events(), [Event::SessionResting { session_index: 1, registered: 2, required: 3 }]);
		let resting = Err(MixnodesError::InsufficientRegistrations { num: 2, min: 3 });
		assert_eq!(Mixnet::current_mixnodes(), resting);

		for account in 0..3 {
			register(account, mixnode(account));
		}
		run_to_next_session();
		assert_eq!(events(), [Event::SessionStarted { session_index: 2, mixnodes: 3 }]);
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(0), mixnode(1), mixnode(2)]));
		assert_eq!(Mixnet::prev_mixnodes(), resting);

		run_to_next_session();
		assert_eq!(events(), [Event::SessionResting { session_index: 3, registered: 0, required: 3 }]);
		assert_eq!(Mixnet::prev_mixnodes(), Ok(vec![mixnode(0), mixnode(1), mixnode(2)]));
	});
}

#[test]
fn a_session_that_has_begun_is_not_put_to_rest() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, mixnode(0));
		register(1, mixnode(1));
		run_to_next_session();
		// A runtime upgrade asks for more.
		MinMixnodes::set(5);
		assert_eq!(Mixnet::current_mixnodes().map(|mixnodes| mixnodes.len()), Ok(2));
		run_to_next_session();
		assert_eq!(Mixnet::prev_mixnodes().map(|mixnodes| mixnodes.len()), Ok(2));
		assert_eq!(CurrentSession::<Runtime>::get().current, Roster { registered: 0, required: 5 });
	});
}
