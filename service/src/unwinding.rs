//! Panics that unwind. By default, the panic hook of the SDK ends the process before anything unwinds.

use sp_panic_handler::AbortGuard;
use std::{
	future::{poll_fn, Future},
	task::Poll,
};

/// Polls a future such that a panic in it unwinds.
pub fn unwinding<F: Future>(future: F) -> impl Future<Output = F::Output> {
	let mut future = Some(Box::pin(future));
	poll_fn(move |context| {
		// For this thread, until the poll is over: the next one may be on another thread.
		let _unwinds = AbortGuard::force_unwind();
		let Some(running) = future.as_mut() else { return Poll::Pending };
		let poll = running.as_mut().poll(context);
		if poll.is_ready() {
			// Destructors may panic, too.
			future = None;
		}
		poll
	})
}

/// Calls a function such that a panic in it unwinds.
pub fn call_unwinding<T>(call: impl FnOnce() -> T) -> T {
	let _unwinds = AbortGuard::force_unwind();
	call()
}

#[cfg(test)]
pub mod testing {
	//! Tests under the panic hook of the SDK.

	/// Set in a process that is to have the hook.
	pub const HOOK: &str = "MIXNET_TEST_SDK_HOOK";

	/// Sets the hook, if this is a process that is to have it.
	pub fn use_the_sdks_hook_if_told() {
		if std::env::var_os(HOOK).is_some() {
			sp_panic_handler::set("nowhere", "test");
		}
	}
}

#[cfg(test)]
mod tests {
	use super::testing::{use_the_sdks_hook_if_told, HOOK};
	use std::process::Command;

	/// Runs a test in a process that has the hook. Returns whether it passed, and what was printed.
	fn passes(test: &str) -> (bool, String) {
		let own = std::env::current_exe().expect("the test's program has a path");
		let output = Command::new(own).args(["--exact", test, "--nocapture"]).env(HOOK, "").output();
		let output = output.expect("the test's program can be run");
		let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
		assert!(printed.contains("panicked") && printed.contains("nowhere"), "no panic under the hook:\n{printed}");
		(output.status.success(), printed)
	}

	/// What tests of panics do, but the node does nowhere: a thread that nothing protects.
	#[test]
	fn a_panic_that_nothing_catches() {
		use_the_sdks_hook_if_told();
		assert!(std::thread::spawn(|| panic!("on purpose")).join().is_err());
	}

	#[test]
	fn a_panic_in_the_mixnet_does_not_end_the_process() {
		let (survived, _) = passes("unwinding::tests::a_panic_that_nothing_catches");
		assert!(!survived, "the hook is not what it was: it ends no process");
		for test in [
			"workers::tests::a_thread_that_panics_says_so",
			"event_loop::tests::request_types::a_second_request_type_is_served_without_a_change_of_the_event_loop",
			"supervisor::tests::if_one_task_panics_all_are_ended_before_they_start_again",
			"supervisor::tests::after_a_panic_the_mixnet_starts_again_with_new_keys_and_the_same_peers",
			"supervisor::tests::a_run_that_cannot_be_started_is_tried_again",
			"rpc::tests::a_panic_in_a_call_or_after_it_ends_nothing_else",
		] {
			let (survived, printed) = passes(test);
			assert!(survived, "{test} ended the process:\n{printed}");
		}
	}
}
