//! What time it is in a [`World`](crate::World).
//!
//! Time is virtual: it stands still while nodes compute, and jumps to whatever happens next. So hours pass in seconds, and
//! a run depends on nothing but its seed. Nodes of other implementations may read the machine's clock themselves; in a world
//! with such nodes time is real, and runs differ.

use mixnet_node_core::Time;
use std::{
	thread::sleep,
	time::{Duration, Instant},
};

/// The longest that a real clock sleeps at a time: nodes that read the time themselves may change their minds.
const NAP: Duration = Duration::from_micros(300);

/// The clock of a world.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
	/// Shows this until it is moved.
	Virtual(Time),
	/// Shows the time since this moment.
	Real(Instant),
}

impl Clock {
	/// What it shows.
	pub fn now(&self) -> Time {
		match self {
			Self::Virtual(now) => *now,
			Self::Real(start) => Time::from_duration(start.elapsed()),
		}
	}

	/// Waits until `at`; a real clock not for longer than a moment. Returns whether it is `at` or later.
	pub fn wait_until(&mut self, at: Time) -> bool {
		match self {
			Self::Virtual(now) => *now = at.max(*now),
			Self::Real(_) => sleep((at - self.now()).min(NAP)),
		}
		at <= self.now()
	}
}
