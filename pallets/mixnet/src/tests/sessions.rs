//! Rotation, phases, and forecasts of both.

use crate::{mock::*, CurrentSession, Event, Roster, Rotation};
use mixnet_primitives::{MixnodesError, SessionForecast, SessionPhase, SessionStatus};

fn status(current_index: u32, phase: SessionPhase) -> SessionStatus {
	SessionStatus { current_index, phase }
}

#[test]
fn session_0_begins_at_genesis() {
	ext().execute_with(|| {
		assert_eq!(Mixnet::session_status(), status(0, SessionPhase::CoverToCurrent));
		assert_eq!(CurrentSession::<Runtime>::get().last_rotation, Rotation { count: 0, at: 0 });
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

/// Asserts that the forecast of each block comes true.
fn assert_forecasts_come_true(sessions: u64) {
	ext().execute_with(|| {
		let mut forecasts: Vec<(u64, SessionStatus, SessionForecast<u64>)> = Vec::new();
		let length = u64::from(SessionsPerMixnetSession::get()) * 20;
		// In block 0, `PeriodicSessions` estimates block 0 itself, so the test begins with block 1.
		for block in 1..=sessions * length {
			run_to_block(block);
			forecasts.push((block, Mixnet::session_status(), Mixnet::session_forecast()));
		}
		for (index, (block, status, forecast)) in forecasts.iter().enumerate() {
			let next_session = forecast.next_session.expect("sessions are periodic");
			let next_phase = forecast.next_phase.map_or(next_session, |(_, begins)| begins);
			for (later, then, _) in &forecasts[index..] {
				assert_eq!(then.current_index > status.current_index, *later >= next_session);
				assert_eq!(then != status, *later >= next_phase, "block {later}, as forecast in block {block}");
				if let Some((phase, _)) = forecast.next_phase.filter(|(_, begins)| begins == later) {
					assert_eq!(then.phase, phase);
				}
			}
		}
	});
}

#[test]
fn phases_and_sessions_come_when_they_were_forecast() {
	assert_forecasts_come_true(3);
}

#[test]
fn phases_and_longer_sessions_come_when_they_were_forecast() {
	SessionsPerMixnetSession::set(3);
	assert_forecasts_come_true(2);
}

#[test]
fn empty_phases_are_not_forecast() {
	NumRequestsToCurrentBlocks::set(0);
	assert_forecasts_come_true(1);
	ext().execute_with(|| {
		run_to_block(1);
		let expected = SessionForecast { next_phase: Some((SessionPhase::CoverToPrev, 3)), next_session: Some(20) };
		assert_eq!(Mixnet::session_forecast(), expected);
	});
	NumCoverToPrevBlocks::set(0);
	ext().execute_with(|| {
		run_to_block(1);
		let expected =
			SessionForecast { next_phase: Some((SessionPhase::DisconnectFromPrev, 3)), next_session: Some(20) };
		assert_eq!(Mixnet::session_forecast(), expected);
	});
}

#[test]
fn the_last_phase_has_no_next_one() {
	ext().execute_with(|| {
		run_to_block(11);
		let expected =
			SessionForecast { next_phase: Some((SessionPhase::DisconnectFromPrev, 12)), next_session: Some(20) };
		assert_eq!(Mixnet::session_forecast(), expected);
		for block in 12..20 {
			run_to_block(block);
			assert_eq!(Mixnet::session_forecast(), SessionForecast { next_phase: None, next_session: Some(20) });
		}
	});
}

#[test]
fn a_session_begins_with_each_of_pallet_sessions() {
	ext().execute_with(|| {
		for session_index in 1..5 {
			run_to_rotation();
			assert_eq!(System::block_number(), u64::from(session_index) * 20);
			assert_eq!(Mixnet::session_status(), status(session_index, SessionPhase::CoverToCurrent));
			let rotation = Rotation { count: session_index, at: System::block_number() };
			assert_eq!(CurrentSession::<Runtime>::get().last_rotation, rotation);
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
			// Only a new session of the mixnet starts the phases again.
			let phase = if rotation % 3 == 0 { SessionPhase::CoverToCurrent } else { SessionPhase::DisconnectFromPrev };
			assert_eq!(Mixnet::session_status().phase, phase);
			assert_eq!(events().len(), usize::from(rotation % 3 == 0));
		}
	});
}

#[test]
fn session_indices_are_the_mixnets_own() {
	ext().execute_with(|| {
		// The chain has run for long before it gets a mixnet.
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
		let prefix = sp_io::hashing::twox_128(b"Mixnet");
		let removed = sp_io::storage::clear_prefix(&prefix, None);
		assert!(matches!(removed, sp_io::KillStorageResult::AllRemoved(count) if count > 0));
		check_invariants();

		// Session 0 rests, and lasts until the next rotation.
		assert_eq!(Mixnet::session_status(), status(0, SessionPhase::DisconnectFromPrev));
		let resting = Err(MixnodesError::InsufficientRegistrations { num: 0, min: 3 });
		assert_eq!(Mixnet::current_mixnodes(), resting);
		assert_eq!(Mixnet::prev_mixnodes(), resting);
		assert_eq!(Mixnet::parameters(), Default::default());
		assert!(try_register(0, 0).is_err(), "nobody is known yet");
		run_to_rotation();
		assert_eq!(Mixnet::session_status(), status(1, SessionPhase::CoverToCurrent));
		for account in 0..3 {
			register(account, account);
		}
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok((0..3).map(mixnode).collect()));
	});
}

#[test]
fn the_mixnet_rests_without_enough_mixnodes() {
	MinMixnodes::set(3);
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		register(1, 1);
		run_to_next_session();
		assert_eq!(events(), [Event::SessionResting { session_index: 1, registered: 2, required: 3 }]);
		let resting = Err(MixnodesError::InsufficientRegistrations { num: 2, min: 3 });
		assert_eq!(Mixnet::current_mixnodes(), resting);

		for account in 0..3 {
			register(account, account);
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
fn standbys_do_not_count_as_mixnodes() {
	MaxMixnodes::set(2);
	ext().execute_with(|| {
		run_to_block(1);
		for account in 0..5 {
			register(account, account);
		}
		run_to_next_session();
		assert_eq!(CurrentSession::<Runtime>::get().current, Roster { registered: 2, required: 2 });
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(0), mixnode(1)]));
		// None of them is a candidate in the next election.
		assert_eq!(next_registrations(), []);
	});
}
