//! The sequential test.

/// The highest probability, per loop judged, that a test raises an alarm although all is well: loops are lost at a rate
/// below the configured bound, or a loss has nothing to do with the mixnode or the link accused. It holds for the loss rate,
/// for all mixnodes together, and for all links together. For mixnodes and links only lost loops count.
///
/// A mixnode at default rates judges 9,000 loops an hour. So it may expect one false alarm of each kind in a hundred years.
pub const FALSE_ALARMS_PER_LOOP: f64 = 1e-10;

/// The number of alternatives that a test weighs against chance.
pub(super) const ALTERNATIVES: usize = 3;

/// The evidence against chance: for each of a few alternatives, the largest log likelihood ratio over all starting points;
/// zero if nothing speaks against chance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
	/// For each alternative, a natural logarithm from zero to the alarm's threshold.
	sums: [f64; ALTERNATIVES],
	/// Was an alarm raised, and has the evidence not dropped to zero since?
	alarmed: bool,
}

impl Evidence {
	/// Adds an observation: the logarithms of its likelihood ratios, one for each alternative. Returns whether that raises an
	/// alarm: the threshold is reached for the first time since there was no evidence at all.
	///
	/// Evidence beyond the threshold is not kept. Otherwise a mixnode that was bad for long would stay suspected for long.
	pub fn add(&mut self, log_ratios: [f64; ALTERNATIVES], threshold: f64) -> bool {
		for (sum, log_ratio) in self.sums.iter_mut().zip(log_ratios) {
			*sum = (*sum + log_ratio).clamp(0.0, threshold);
		}
		let is_alarm = !self.alarmed && self.reaches(threshold);
		self.alarmed = is_alarm || (self.alarmed && self.most() > 0.0);
		is_alarm
	}

	/// The evidence for the likeliest alternative, as a natural logarithm.
	fn most(&self) -> f64 {
		self.sums.iter().copied().fold(0.0, f64::max)
	}

	/// Is there at least this much evidence, as a natural logarithm?
	pub fn reaches(&self, enough: f64) -> bool {
		self.most() >= enough
	}

	/// The evidence for the likeliest alternative in decimal digits: 3 means 1,000 times likelier than by chance.
	pub fn digits(&self) -> f64 {
		self.most() * core::f64::consts::LOG10_E
	}

	pub fn alarmed(&self) -> bool {
		self.alarmed
	}
}

/// The threshold that keeps to [`FALSE_ALARMS_PER_LOOP`] if this many mixnodes or links are tested at once.
///
/// From any one starting point, the likelihood ratio passes `e^threshold` with a probability of `e^-threshold` at most. Each
/// loop is a starting point for each alternative of each mixnode or link.
pub(super) fn threshold(things: usize) -> f64 {
	libm::log((ALTERNATIVES * things.max(1)) as f64 / FALSE_ALARMS_PER_LOOP)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn evidence_is_never_negative_and_never_beyond_the_threshold() {
		let mut evidence = Evidence::default();
		assert!(!evidence.add([-5.0, -1.0, -0.1], 10.0));
		assert_eq!(evidence.digits(), 0.0);
		assert!(!evidence.add([9.9, 1.0, 0.0], 10.0));
		assert!(evidence.add([100.0, 1.0, 0.0], 10.0));
		assert!(!evidence.add([100.0, 1.0, 0.0], 10.0), "told once");
		assert!(!evidence.add([-9.0, -1.0, 0.0], 10.0));
		assert!(evidence.alarmed() && (evidence.digits() - 2.0 / core::f64::consts::LN_10).abs() < 1e-9);
		assert!(!evidence.add([-9.0, -9.0, 0.0], 10.0));
		assert!(!evidence.alarmed(), "all clear");
		assert!(evidence.add([10.0, 0.0, 0.0], 10.0), "told again");
	}

	#[test]
	fn testing_more_mixnodes_needs_more_evidence() {
		assert!((threshold(1) - 24.1).abs() < 0.1);
		assert!((threshold(20) - 27.1).abs() < 0.1);
		assert_eq!(threshold(0), threshold(1));
	}
}
