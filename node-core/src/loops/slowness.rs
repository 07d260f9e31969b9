//! Are loops slow that come back in time?
//!
//! A loop's deadline leaves time for a slow network on every link. Without this test, an attacker could spend all of it on one
//! link: hold back what goes to a mixnode for a second or two, so that the mixnode is nearly empty when the target comes, and
//! have every loop back in time.

use super::{
	evidence::{threshold, Evidence, ALTERNATIVES},
	ledger::DueLoop,
	report::LossEstimate,
};
use crate::time::Time;
use core::time::Duration;

/// A loop is weighed if it was sent so long after the one that was weighed before. Where many packets are slow for honest
/// reasons (a line whose queue is full, say), they are slow for seconds on end. Loops that are this far apart are hardly ever
/// slow for the same such reason.
pub(super) const SPACING: Duration = Duration::from_secs(20);

/// The slow loops of a session.
#[derive(Debug)]
pub(super) struct Slowness {
	/// Log likelihood ratios of a loop that is slow, and of one that is not.
	if_slow: [f64; ALTERNATIVES],
	if_not: [f64; ALTERNATIVES],
	/// When the loop was sent that was weighed last.
	weighed: Option<Time>,
	slow: u64,
	evidence: Evidence,
}

impl Slowness {
	pub fn new(if_slow: [f64; ALTERNATIVES], if_not: [f64; ALTERNATIVES]) -> Self {
		Self { if_slow, if_not, weighed: None, slow: 0, evidence: Evidence::default() }
	}

	/// Takes note that a loop came back in time, but slowly.
	pub fn count(&mut self) {
		self.slow += 1;
	}

	/// Weighs a loop, if it is far enough from the one before. Returns whether that raises an alarm.
	///
	/// Which loops are weighed does not depend on what became of them. A lost one says nothing here.
	pub fn weigh(&mut self, due: &DueLoop) -> bool {
		let sent_at = due.sent.sent_at;
		if self.weighed.is_some_and(|weighed| sent_at < weighed + SPACING) {
			return false;
		}
		self.weighed = Some(sent_at);
		let log_ratios = if due.slow { self.if_slow } else { self.if_not };
		due.returned && self.evidence.add(log_ratios, threshold(1))
	}

	/// How many loops were slow.
	pub fn slow(&self) -> u64 {
		self.slow
	}

	/// The share of slow loops among those that came back in time.
	pub fn estimate(&self, returned: u64) -> Option<LossEstimate> {
		LossEstimate::new(self.slow, returned)
	}

	pub fn alarmed(&self) -> bool {
		self.evidence.alarmed()
	}
}
