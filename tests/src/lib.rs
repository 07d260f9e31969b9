//! Helpers of the tests in `tests/`: running the programs of this workspace.
//!
//! Everything has a limit: a test must fail rather than hang. Helpers panic when something is not as a test needs it.

pub mod process;
pub mod programs;
pub mod remarks;

use std::{
	net::{Ipv4Addr, TcpListener},
	thread::sleep,
	time::{Duration, Instant},
};

/// The longest that a program may take when it has nothing to do but to refuse.
pub const SHORT: Duration = Duration::from_secs(60);

/// Waits until `condition` holds. Returns whether it did within `limit`.
pub fn eventually(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
	let deadline = Instant::now() + limit;
	loop {
		if condition() {
			return true;
		}
		if Instant::now() > deadline {
			return false;
		}
		sleep(Duration::from_millis(100));
	}
}

/// A port on which the listener listens.
pub fn used_port() -> (TcpListener, u16) {
	let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are free ports");
	let port = listener.local_addr().expect("it is bound").port();
	(listener, port)
}
