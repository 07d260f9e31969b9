//! What becomes of a node whose machine was suspended, or that did not run for another reason.
//!
//! While it did not run, packets became due, and loops came back to nobody. Sending what is due at once would be a burst,
//! and would show for how long the machine was suspended. Weighing the loops would accuse others of what we have done
//! ourselves.

use super::Mixnet;
use crate::{statistics::DropReason, Time};
use core::time::Duration;
use rand_core::{CryptoRng, RngCore};

/// The driver is taken not to have run if it comes this late. Under load it may be late, and catches up; so this is much
/// more than any load makes of it: an attacker who sends a lot must not have us stop weighing loops.
const LATE: Duration = Duration::from_secs(10);

/// Loops weigh again after this time. It takes that long to find out which connections have not survived: each is tried, and
/// peers are connected anew.
const SETTLING: Duration = Duration::from_secs(120);

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// Tells that nothing ran here for some time until `now`: the machine was suspended, say. Call this if you can tell, before
	/// any other call with this time. If you cannot, it is found out by timeouts that are much too late.
	///
	/// `now` should be from a clock that runs on meanwhile: then packets whose time has passed are dropped, and not sent in a
	/// burst. In any case, the loops that were out are not waited for, and those of the next two minutes do not weigh.
	pub fn handle_suspend(&mut self, now: Time) {
		self.now = self.now.max(now);
		self.give_up_what_is_due();
		self.advance(now);
	}

	/// Was something due so long before `now` that the driver cannot have run?
	pub(super) fn has_slept(&self, now: Time) -> bool {
		self.next_due_time().is_some_and(|due| now - due > LATE)
	}

	/// Gives up what should have been sent until now, and the loops that are out.
	pub(super) fn give_up_what_is_due(&mut self) {
		let mut late = 0;
		while self.forward_queue.pop_due(self.now).is_some() {
			late += 1;
		}
		self.statistics.count_drops(DropReason::ForwardTooLate, late);
		for (_, session) in self.sessions.iter_mut() {
			if session.clock.skip_due(self.now, &mut self.rng) {
				self.statistics.count_drop(DropReason::AuthoredTooLate);
			}
			session.loops.forget();
		}
		self.settled_at = self.now + SETTLING;
		self.gateways.forget(self.settled_at);
		self.refresh_gateways();
		// The ticks that were given up would have led to it.
		self.copies_due = true;
		log::info!(
			target: "mixnet",
			"This node did not run for some time: dropped {late} packets of others that were due, and waiting no more for the \
			 loops that were out",
		);
	}
}
