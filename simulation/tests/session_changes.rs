//! Requests in flight survive every change of session: they are answered, or fail with the right error.
//!
//! - [`cell`]: one change, from one phase to another, and what must hold afterwards.
//! - here: all pairs of phases, for every way in which nodes learn of a change.
//! - [`late_replies`]: replies over SURBs from before a change, or after the request's end.

#[path = "session_changes/cell.rs"]
mod cell;
#[path = "session_changes/late_replies.rs"]
mod late_replies;

use cell::{run, Change, Outcome, Way, SESSION};
use mixnet_node_core::{SessionPhase, SessionStatus};

/// The changes from every phase of the session to every later one.
fn within_a_session() -> impl Iterator<Item = (SessionPhase, SessionStatus)> {
	to_session(SESSION).filter(|(from, to)| *from < to.phase)
}

/// The changes from every phase of the session to every phase of another.
fn to_session(current_index: u32) -> impl Iterator<Item = (SessionPhase, SessionStatus)> {
	SessionPhase::ALL.into_iter().flat_map(move |from| {
		SessionPhase::ALL.into_iter().map(move |phase| (from, SessionStatus { current_index, phase }))
	})
}

/// Runs these changes. Returns how many requests were answered and failed.
fn run_all(way: Way, changes: impl Iterator<Item = (SessionPhase, SessionStatus)>) -> Outcome {
	let mut all = Outcome::default();
	for (from, to) in changes {
		all += run(Change { way, from, to });
	}
	println!("{way:?}: {all:?}");
	all
}

#[test]
fn requests_survive_a_change_that_all_nodes_follow_at_once() {
	let changes = within_a_session().chain(to_session(SESSION + 1)).chain(to_session(SESSION + 2));
	let outcome = run_all(Way::AtOnce, changes);
	assert!(outcome.answered > 0 && outcome.failed > 0);
}

#[test]
fn requests_survive_a_change_that_nodes_learn_of_at_different_times() {
	let changes = within_a_session().chain(to_session(SESSION + 1)).chain(to_session(SESSION + 2));
	let outcome = run_all(Way::Skewed, changes);
	assert!(outcome.answered > 0 && outcome.failed > 0);
}

#[test]
fn requests_survive_a_change_while_packets_take_seconds() {
	let changes = within_a_session().chain(to_session(SESSION + 1)).chain(to_session(SESSION + 2));
	let outcome = run_all(Way::Late, changes);
	assert!(outcome.answered > 0 && outcome.failed > 0);
}

#[test]
fn requests_survive_sessions_whose_mixnodes_are_unknown_for_a_while() {
	let changes = to_session(SESSION + 1).chain(to_session(SESSION + 2));
	let outcome = run_all(Way::Unknown, changes);
	assert!(outcome.answered > 0 && outcome.failed > 0);
}

#[test]
fn requests_survive_a_resting_session_or_fail_with_its_reason() {
	let changes = to_session(SESSION + 1).chain(to_session(SESSION + 2));
	let outcome = run_all(Way::Resting, changes);
	assert!(outcome.answered > 0 && outcome.failed > 0);
}

#[test]
fn requests_of_nodes_that_skip_a_session_are_answered_in_the_one_after() {
	let outcome = run_all(Way::SkippedBySome, to_session(SESSION + 2));
	assert_eq!(outcome.failed, 0);
}
