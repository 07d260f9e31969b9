//! Are the peers connected that a session needs?
//!
//! A loop that cannot be sent says nothing of anybody, so losses behind a closed connection are no evidence. Without this
//! alarm, whoever closes connections instead of dropping packets would go unnoticed.

use crate::time::Time;
use core::time::Duration;

/// Measures how long fewer than half of a session's peers have been connected.
///
/// Time with too few counts up, and time with enough counts down again. So nobody can start the time anew by letting a
/// connection through now and then. Peers that restart, all at once even, are back before it is up.
#[derive(Debug)]
pub(super) struct Connections {
	/// The time with too few connections that raises an alarm.
	max: Duration,
	/// The peers that the session needs, and how many of them are connected.
	wanted: usize,
	connected: usize,
	/// The time with too few connections, less the time with enough. From zero to `max`.
	lacking: Duration,
	/// When `lacking` was computed. `None` if the time since then is not known to have passed for us.
	computed_at: Option<Time>,
	/// Was an alarm raised, and has `lacking` not dropped to zero since?
	alarmed: bool,
}

impl Connections {
	/// Nobody is connected at first, so nodes that start have `max` to find each other.
	pub fn new(max: Duration) -> Self {
		Self { max, wanted: 0, connected: 0, lacking: Duration::ZERO, computed_at: None, alarmed: false }
	}

	/// From now on, so many of the peers that are wanted are connected. Call [`advance`](Self::advance) before.
	pub fn set(&mut self, connected: usize, wanted: usize) {
		(self.connected, self.wanted) = (connected, wanted);
	}

	/// Time passes. Returns whether that raises an alarm.
	pub fn advance(&mut self, now: Time) -> bool {
		let passed = self.computed_at.map_or(Duration::ZERO, |computed_at| now - computed_at);
		self.computed_at = Some(now);
		let is_lacking = self.connected.saturating_mul(2) < self.wanted;
		self.lacking = match is_lacking {
			true => self.lacking.saturating_add(passed).min(self.max),
			false => self.lacking.saturating_sub(passed),
		};
		let is_alarm = is_lacking && !self.alarmed && self.lacking >= self.max;
		self.alarmed = is_alarm || (self.alarmed && !self.lacking.is_zero());
		is_alarm
	}

	/// The time since the last [`advance`](Self::advance) does not count: the machine slept.
	pub fn forget(&mut self) {
		self.computed_at = None;
	}

	pub fn alarmed(&self) -> bool {
		self.alarmed
	}

	pub fn connected(&self) -> usize {
		self.connected
	}

	pub fn wanted(&self) -> usize {
		self.wanted
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn at(seconds: u64) -> Time {
		Time::from_duration(Duration::from_secs(seconds))
	}

	/// With ten peers, of which `connected` are connected, at time 0.
	fn connections(connected: usize) -> Connections {
		let mut connections = Connections::new(Duration::from_secs(120));
		assert!(!connections.advance(at(0)));
		connections.set(connected, 10);
		connections
	}

	#[test]
	fn fewer_than_half_of_the_peers_for_two_minutes_are_an_alarm() {
		let mut enough = connections(5);
		assert!(!enough.advance(at(1000)));
		let mut few = connections(4);
		assert!(!few.advance(at(119)));
		assert!(few.advance(at(120)) && few.alarmed());
		assert!(!few.advance(at(500)), "told once");
		few.set(5, 10);
		assert!(!few.advance(at(619)) && few.alarmed());
		assert!(!few.advance(at(620)) && !few.alarmed(), "all clear");
		few.set(0, 10);
		assert!(few.advance(at(740)), "told again");
	}

	#[test]
	fn nobody_starts_the_time_anew_by_letting_a_connection_through_now_and_then() {
		let mut connections = connections(0);
		let mut alarms = 0;
		for minute in 1..=5 {
			alarms += u32::from(connections.advance(at(60 * minute - 10)));
			connections.set(10, 10);
			alarms += u32::from(connections.advance(at(60 * minute)));
			connections.set(0, 10);
		}
		assert_eq!(alarms, 1);
	}

	#[test]
	fn sleep_is_no_time_without_connections() {
		let mut connections = connections(0);
		assert!(!connections.advance(at(100)));
		connections.forget();
		assert!(!connections.advance(at(10_000)));
		assert!(!connections.advance(at(10_019)));
		assert!(connections.advance(at(10_020)));
	}

	#[test]
	fn a_session_that_needs_no_peers_raises_no_alarm() {
		let mut connections = Connections::new(Duration::ZERO);
		assert!(!connections.advance(at(0)) && !connections.advance(at(1000)));
	}
}
