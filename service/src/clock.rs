//! The core's clock. It runs on while the machine is suspended, where the system has a clock that does.
//!
//! The timers of the runtime stand still meanwhile, and so does the clock that they go by. If the core went by that one, too,
//! nobody would know of the suspension: packets would be sent hours late, and loops that others have returned in time
//! would seem to be lost.

use mixnet_node_core::Time;
use std::time::Duration;
use tokio::time::Instant;

/// The shortest suspension that counts as one. The clocks are not read at the very same moment.
const SHORTEST: Duration = Duration::from_secs(1);

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
	/// The one that runs on, since any moment.
	pub runs_on: Duration,
	/// The one that timers go by.
	pub of_timers: Instant,
}

impl Reading {
	fn now() -> Self {
		// In this order: what comes between can only make a suspension look shorter.
		let runs_on = running_on();
		Self { runs_on, of_timers: Instant::now() }
	}
}

/// The core's clock. Its epoch is when it was started.
pub struct Clock {
	read: Box<dyn Fn() -> Reading + Send>,
	start: Reading,
	/// For how long the machine has been suspended since the start, as far as that was told.
	told: Duration,
}

impl Clock {
	/// Starts a clock.
	pub fn start() -> Self {
		Self::reading(Reading::now)
	}

	/// Starts a clock that reads these.
	pub fn reading(read: impl Fn() -> Reading + Send + 'static) -> Self {
		Self { start: read(), read: Box::new(read), told: Duration::ZERO }
	}

	/// The time.
	pub fn now(&self) -> Time {
		self.time((self.read)())
	}

	fn time(&self, reading: Reading) -> Time {
		Time::from_duration(reading.runs_on.saturating_sub(self.start.runs_on))
	}

	/// The same time on the clock of timers, if the machine is not suspended until then; `None` if it is beyond that clock's
	/// range, which is as good as never.
	pub fn instant(&self, time: Time) -> Option<Instant> {
		let reading = (self.read)();
		reading.of_timers.checked_add(time - self.time(reading))
	}

	/// For how long the machine has been suspended since the last call; `None` if it was not.
	pub fn suspended(&mut self) -> Option<Duration> {
		let reading = (self.read)();
		let by_timers = reading.of_timers.duration_since(self.start.of_timers);
		let total = self.time(reading).since_epoch().saturating_sub(by_timers);
		let untold = total.saturating_sub(self.told);
		(untold >= SHORTEST).then(|| {
			self.told = total;
			untold
		})
	}
}

/// A clock that runs on while the machine is suspended.
#[cfg(target_os = "linux")]
fn running_on() -> Duration {
	let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
	let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
	Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// Elsewhere there is only the clock of timers.
#[cfg(not(target_os = "linux"))]
fn running_on() -> Duration {
	static BASE: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
	BASE.elapsed()
}

#[cfg(test)]
pub(crate) mod testing {
	use super::*;
	use std::sync::{
		atomic::{AtomicU64, Ordering},
		Arc,
	};

	/// The real clocks, on a machine that can be suspended.
	#[derive(Clone, Default)]
	pub struct Machine(Arc<AtomicU64>);

	impl Machine {
		/// Was suspended for so many seconds until now.
		pub fn suspend(&self, seconds: u64) {
			self.0.fetch_add(seconds, Ordering::Relaxed);
		}

		/// Its clock.
		pub fn clock(&self) -> Clock {
			let suspended = self.0.clone();
			Clock::reading(move || {
				let Reading { runs_on, of_timers } = Reading::now();
				Reading { runs_on: runs_on + Duration::from_secs(suspended.load(Ordering::Relaxed)), of_timers }
			})
		}
	}
}

#[cfg(test)]
mod tests {
	use super::{testing::Machine, *};

	#[test]
	fn the_clock_runs_on_in_a_suspension_and_tells_of_it_once() {
		let machine = Machine::default();
		let mut clock = machine.clock();
		assert_eq!(clock.suspended(), None);
		machine.suspend(3600);
		let hour = Duration::from_secs(3600);
		assert!(clock.now().since_epoch() >= hour && clock.now().since_epoch() < hour + SHORTEST);
		assert!(clock.suspended().is_some_and(|time| time > hour - SHORTEST && time < hour + SHORTEST));
		assert_eq!(clock.suspended(), None, "it was told");
		machine.suspend(5);
		assert!(clock.suspended().is_some());
	}

	/// A timer is set by the clock that it goes by.
	#[test]
	fn what_is_due_in_a_second_is_due_in_a_second_after_a_suspension_too() {
		let machine = Machine::default();
		let clock = machine.clock();
		machine.suspend(3600);
		let second = Duration::from_secs(1);
		let at = clock.instant(clock.now() + second).expect("it is not far away");
		let wait = at.duration_since(Instant::now());
		assert!(wait > second / 2 && wait <= second, "{wait:?}");
		// What became due in the suspension is due now.
		assert!(clock.instant(Time::ZERO + second).is_some_and(|at| at <= Instant::now()));
		assert_eq!(clock.instant(Time::from_duration(Duration::MAX)), None);
	}

	#[test]
	fn the_systems_clocks_agree_while_the_machine_runs() {
		let mut clock = Clock::start();
		std::thread::sleep(Duration::from_millis(20));
		assert!(clock.now().since_epoch() >= Duration::from_millis(20));
		assert_eq!(clock.suspended(), None);
	}
}
