//! The report on a session's loops, and the alarms.

use crate::{MixnodeIndex, PeerId, SessionIndex};
use alloc::vec::Vec;
use core::{fmt, time::Duration};

/// The loops of one session, as far as they are known now. See [`Mixnet::loop_report`](crate::Mixnet::loop_report).
///
/// `sent == returned + late + lost + out + unjudged`, always.
///
/// ```
/// # use mixnet_node_core::LoopReport;
/// /// What to tell an operator.
/// fn summary(report: &LoopReport) -> String {
///     let loss = report.loss.map_or("unknown".into(), |loss| loss.to_string());
///     let suspected = report.mixnodes.iter().filter(|mixnode| mixnode.score.suspected);
///     let named: Vec<_> = suspected.map(|mixnode| mixnode.peer_id.to_string()).collect();
///     format!("session {}: loss {loss}; suspected: {named:?}", report.session)
/// }
/// ```
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct LoopReport {
	/// The session that the loops belong to.
	pub session: SessionIndex,
	/// Loops sent.
	pub sent: u64,
	/// Loops that came back in time.
	pub returned: u64,
	/// Loops among them that took longer than the network usually takes. (docs/loops.md)
	pub slow: u64,
	/// Loops that came back after their deadline.
	pub late: u64,
	/// Loops that have not come back by their deadline, nor since.
	pub lost: u64,
	/// Loops in flight, and lost ones whose deadline has not passed.
	pub out: u64,
	/// Loops that were not waited for: the driver slept past their deadline, or more were out than can be remembered.
	pub unjudged: u64,
	/// The round-trip times of loops that came back, late ones included.
	pub round_trips: RoundTrips,
	/// The share of loops that are lost; `None` before the first one is judged.
	pub loss: Option<LossEstimate>,
	/// Is the loss above the configured bound, by the test? [`Alarm::Loss`] was raised then.
	pub loss_alarm: bool,
	/// Are more loops slow than the configured bound, by the test? [`Alarm::Slow`] was raised then.
	pub slow_alarm: bool,
	/// Have fewer than half of the peers that the session needs been connected for too long? [`Alarm::Disconnected`] was raised
	/// then.
	pub disconnected_alarm: bool,
	/// The mixnodes on the loops' routes, in the order of their indices.
	pub mixnodes: Vec<MixnodeScore>,
	/// The links on the loops' routes, in the order of their ends. In large sessions (over 127 mixnodes) only our own.
	pub links: Vec<LinkScore>,
}

/// How often a mixnode or a link was on lost routes, compared with chance.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Score {
	/// Loops judged whose route it was on.
	pub loops: u64,
	/// Loops among them that did not come back in time.
	pub lost: u64,
	/// The number of lost loops to expect if it had nothing to do with the losses.
	pub expected_lost: f64,
	/// Evidence that it causes losses, in decimal digits: 3 means that the observations are 1,000 times likelier if it does
	/// than if it does not. From 0 to about 12, where it is suspected.
	pub evidence: f64,
	/// Is it suspected? An alarm was raised then, and the evidence has not dropped to zero since.
	pub suspected: bool,
}

/// The score of a mixnode.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct MixnodeScore {
	/// Its index.
	pub mixnode: MixnodeIndex,
	/// Its peer ID.
	pub peer_id: PeerId,
	/// Its counts and the evidence against it.
	pub score: Score,
	/// If it is suspected, and nearly all losses were between it and three of its neighbours or fewer: these neighbours. They
	/// may be the culprits, who want to have the mixnode accused. (In sessions of seven mixnodes or fewer, three are nearly
	/// all of the neighbours that there are.)
	pub neighbours: Vec<MixnodeIndex>,
}

/// The score of a link, in one direction.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct LinkScore {
	/// Its start. `None` stands for ourselves.
	pub from: Option<MixnodeIndex>,
	/// Its end. `None` stands for ourselves.
	pub to: Option<MixnodeIndex>,
	/// Its counts and the evidence against it.
	pub score: Score,
}

/// An estimate of a rate of loss.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LossEstimate {
	/// Lost loops per loop judged.
	pub rate: f64,
	/// Lower end of the 95 % confidence interval (Wilson's score interval).
	pub low: f64,
	/// Upper end.
	pub high: f64,
}

impl LossEstimate {
	/// From `lost` of `judged` loops; `None` if none were judged.
	pub fn new(lost: u64, judged: u64) -> Option<Self> {
		/// The 97.5th percentile of the standard normal distribution.
		const Z: f64 = 1.959_963_984_540_054;
		if judged == 0 {
			return None;
		}
		let n = judged as f64;
		let rate = lost as f64 / n;
		let centre = (rate + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
		let half = Z / (1.0 + Z * Z / n) * libm::sqrt(rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n));
		// At the ends of the scale the interval ends where the scale does; rounding must not say otherwise.
		let low = if lost == 0 { 0.0 } else { (centre - half).max(0.0) };
		let high = if lost == judged { 1.0 } else { (centre + half).min(1.0) };
		Some(Self { rate, low, high })
	}
}

impl fmt::Display for LossEstimate {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		write!(f, "{:.1} % ({:.1} to {:.1} %)", self.rate * 100.0, self.low * 100.0, self.high * 100.0)
	}
}

/// A sign that packets get lost or are held back. Each alarm is raised once, and again if it comes back after all evidence was
/// gone.
///
/// While all is well, the probability of a false alarm is at most 10^-10 per loop and kind (`FALSE_ALARMS_PER_LOOP`).
/// [`Disconnected`](Self::Disconnected) is no estimate but a fact.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Alarm {
	/// More loops are overdue than [`LoopConfig::max_loss`](crate::LoopConfig::max_loss). The network or our connection to it
	/// is in a bad state, or we, or mixnodes on our routes, are under an (n-1) attack. In any case packets mix with fewer
	/// others than they should: better send nothing now that matters.
	Loss {
		/// Loops overdue in the session so far, those that came back late included. The losses that raised the alarm may be
		/// recent, and few compared with that.
		overdue: Option<LossEstimate>,
	},
	/// More loops than [`LoopConfig::max_loss`](crate::LoopConfig::max_loss) come back slowly, though in time. Only mixnodes raise
	/// it. Packets to or from this mixnode are held back to have it mix fewer at a time, or its line is full.
	Slow {
		/// Slow loops in the session so far, of those that came back in time.
		slow: Option<LossEstimate>,
	},
	/// Fewer than half of the peers that the session needs, all other mixnodes or a user's gateways, have been connected for
	/// [`LoopConfig::max_disconnected`](crate::LoopConfig::max_disconnected). Our connection is in a bad state, or somebody
	/// closes connections to keep packets from us. No loop can tell: those that cannot be sent say nothing.
	Disconnected {
		/// Peers connected now.
		connected: usize,
		/// Peers that the session needs.
		wanted: usize,
	},
	/// Packets get lost at a mixnode, on one of its links, or between it and the neighbours that are named.
	Mixnode(MixnodeScore),
	/// Packets get lost on a link, more than its two ends explain.
	Link(LinkScore),
}

impl fmt::Display for Alarm {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		match self {
			Self::Loss { overdue } => {
				f.write_str("too many loops are lost or late")?;
				if let Some(overdue) = overdue {
					write!(f, " (in the session so far {overdue})")?;
				}
				f.write_str(": packets may be blocked on purpose")
			},
			Self::Slow { slow } => {
				f.write_str("too many loops are slow")?;
				if let Some(slow) = slow {
					write!(f, " (in the session so far {slow})")?;
				}
				f.write_str(": packets may be held back on purpose")
			},
			Self::Disconnected { connected, wanted } => {
				write!(f, "connections are lost: {connected} of {wanted} peers are connected")
			},
			Self::Mixnode(suspected) => {
				write!(f, "packets get lost at {suspected}: {}", suspected.score)
			},
			Self::Link(suspected) => write!(f, "packets get lost on the {suspected}: {}", suspected.score),
		}
	}
}

impl fmt::Display for Score {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		write!(f, "{} loops lost by it, where chance explains {:.1}", self.lost, self.expected_lost)
	}
}

impl fmt::Display for MixnodeScore {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		write!(f, "mixnode {} ({})", self.mixnode, self.peer_id)?;
		for (at, neighbour) in self.neighbours.iter().enumerate() {
			write!(f, "{} {neighbour}", if at == 0 { " or its neighbours" } else { "," })?;
		}
		Ok(())
	}
}

impl fmt::Display for LinkScore {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		let end = |f: &mut fmt::Formatter, end: Option<MixnodeIndex>| match end {
			Some(index) => write!(f, "mixnode {index}"),
			None => f.write_str("this node"),
		};
		f.write_str("link from ")?;
		end(f, self.from)?;
		f.write_str(" to ")?;
		end(f, self.to)
	}
}

/// A distribution of round-trip times.
///
/// Kept in buckets whose bounds grow by a factor of about 1.19 (the fourth root of 2), from 1 ms to 8 hours. In this range
/// any quantile is known to 19 %.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoundTrips {
	counts: [u64; Self::BUCKETS],
	count: u64,
	total: Duration,
	min: Duration,
	max: Duration,
}

impl RoundTrips {
	/// Buckets, the last of which has no upper bound.
	pub const BUCKETS: usize = 101;
	const PER_OCTAVE: f64 = 4.0;

	pub(super) const EMPTY: Self =
		Self { counts: [0; Self::BUCKETS], count: 0, total: Duration::ZERO, min: Duration::MAX, max: Duration::ZERO };

	pub(super) fn add(&mut self, round_trip: Duration) {
		let millis = round_trip.as_secs_f64() * 1e3;
		// The first bucket is for at most 1 ms. The cast saturates.
		let bucket = if millis <= 1.0 { 0 } else { libm::ceil(libm::log2(millis) * Self::PER_OCTAVE) as usize };
		self.counts[bucket.min(Self::BUCKETS - 1)] += 1;
		self.count += 1;
		self.total = self.total.saturating_add(round_trip);
		self.min = self.min.min(round_trip);
		self.max = self.max.max(round_trip);
	}

	/// Number of round trips.
	pub fn count(&self) -> u64 {
		self.count
	}

	/// The shortest. `None` if there was none.
	pub fn min(&self) -> Option<Duration> {
		(self.count > 0).then_some(self.min)
	}

	/// The longest. `None` if there was none.
	pub fn max(&self) -> Option<Duration> {
		(self.count > 0).then_some(self.max)
	}

	/// The mean. `None` if there was none.
	pub fn mean(&self) -> Option<Duration> {
		(self.count > 0).then(|| crate::time::scale(self.total, 1.0 / self.count as f64))
	}

	/// An upper bound, less than 19 % too high, of the time that this share of the round trips (0 to 1) took. `None` if there
	/// was none.
	pub fn quantile(&self, share: f64) -> Option<Duration> {
		let rank = libm::ceil(share.clamp(0.0, 1.0) * self.count as f64).max(1.0);
		let mut below = 0;
		let (bound, _) = self.buckets().find(|(_, count)| {
			below += count;
			below as f64 >= rank
		})?;
		Some(bound.min(self.max))
	}

	/// The buckets in order, each with its upper bound and the number of round trips in it.
	pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
		self.counts.iter().zip(0..Self::BUCKETS).map(|(count, bucket)| {
			let bound = match bucket {
				_ if bucket + 1 == Self::BUCKETS => Duration::MAX,
				_ => crate::time::scale(Duration::from_millis(1), libm::exp2(bucket as f64 / Self::PER_OCTAVE)),
			};
			(bound, *count)
		})
	}
}

/// The attacker steadily blocks packets to a mixnode, or holds them back, but lets one in. This is the highest probability of
/// telling which packet that leaves is that one: the Loopix paper's `s mu / (s lambda_M + lambda_R)` (section 4.2).
///
/// The attacker cannot tell the mixnode's loops from other packets. So the same share `1 / s` of all packets passes, and the
/// mixnode misses a share `loss = 1 - 1 / s` of its loops. `mu` is one over `mean_forwarding_delay`. `lambda_M` are the
/// `loops` that the mixnode sends, and `lambda_R` the `others` that would come to it to be forwarded, both per second. With
/// the loss that raises an alarm, this is what the attacker can reach unnoticed in the long run. It says nothing of an
/// attacker who blocks everything for the few seconds that it takes to be noticed.
///
/// Packets that would have come in the time `hold` before the target are held back, and come after it. Meanwhile the
/// mixnode empties: `e^(-mu hold)` of the packets are left that it would mix with the target. Its own loops leave it as
/// before.
///
/// ```
/// # #[cfg(feature = "unstable")]
/// # fn main() {
/// # use mixnet_node_core::loops::linking_bound;
/// # use core::time::Duration;
/// // 20 mixnodes at default rates: each sends 2.5 loops and forwards 50 packets a second.
/// let unnoticed = linking_bound(0.1, Duration::ZERO, Duration::from_secs(1), 2.5, 50.0);
/// assert!(unnoticed < 0.022);
/// let held = linking_bound(0.0, Duration::from_millis(300), Duration::from_secs(1), 2.5, 50.0);
/// assert!(held < 0.026);
/// // An attacker who does not mind being noticed is still hindered by the mixnode's own loops.
/// assert_eq!(linking_bound(1.0, Duration::ZERO, Duration::from_secs(1), 2.5, 50.0), 0.4);
/// # }
/// # #[cfg(not(feature = "unstable"))]
/// # fn main() {}
/// ```
pub fn linking_bound(loss: f64, hold: Duration, mean_forwarding_delay: Duration, loops: f64, others: f64) -> f64 {
	let mean = mean_forwarding_delay.as_secs_f64();
	let left = if mean > 0.0 { libm::exp(-hold.as_secs_f64() / mean) } else { 0.0 };
	// Divided by s, so that an infinite s is no special case.
	let mixed_with = mean * (loops + (1.0 - loss.clamp(0.0, 1.0)) * left * others);
	if mixed_with > 1.0 {
		1.0 / mixed_with
	} else {
		1.0
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_interval_is_wilsons() {
		assert_eq!(LossEstimate::new(0, 0), None);
		// Published examples of the score interval: 0 of 20 and 1 of 10 (Brown, Cai and DasGupta, 2001, use the formula).
		let none = LossEstimate::new(0, 20).unwrap();
		assert!(none.rate == 0.0 && none.low == 0.0 && (none.high - 0.1611).abs() < 1e-4, "{none:?}");
		let all = LossEstimate::new(20, 20).unwrap();
		assert!(all.high == 1.0 && (all.low - 0.8389).abs() < 1e-4, "{all:?}");
		let one = LossEstimate::new(1, 10).unwrap();
		assert!((one.low - 0.0179).abs() < 1e-4 && (one.high - 0.4042).abs() < 1e-4, "{one:?}");
		assert_eq!(one.to_string(), "10.0 % (1.8 to 40.4 %)");
	}

	#[test]
	fn quantiles_are_upper_bounds_within_a_fifth() {
		let mut round_trips = RoundTrips::EMPTY;
		assert_eq!((round_trips.quantile(0.5), round_trips.mean(), round_trips.min()), (None, None, None));
		for millis in 1..=1000 {
			round_trips.add(Duration::from_millis(millis * 10));
		}
		for (share, exact) in [(0.01, 0.1), (0.5, 5.0), (0.9, 9.0), (1.0, 10.0)] {
			let quantile = round_trips.quantile(share).unwrap().as_secs_f64();
			assert!(quantile >= exact && quantile < exact * 1.2, "{share}: {quantile}");
		}
		assert_eq!(round_trips.count(), 1000);
		assert_eq!(round_trips.min(), Some(Duration::from_millis(10)));
		assert_eq!(round_trips.max(), Some(Duration::from_secs(10)));
		assert_eq!(round_trips.mean(), Some(Duration::from_millis(5005)));
		assert_eq!(round_trips.buckets().map(|(_, count)| count).sum::<u64>(), 1000);
	}

	#[test]
	fn no_round_trip_is_too_short_or_too_long_for_the_buckets() {
		let mut round_trips = RoundTrips::EMPTY;
		for extreme in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(100_000), Duration::MAX] {
			round_trips.add(extreme);
		}
		assert_eq!(round_trips.quantile(0.0), Some(Duration::from_millis(1)));
		assert_eq!(round_trips.quantile(f64::NAN.max(1.0)), Some(Duration::MAX));
	}

	#[test]
	fn the_bounds_of_buckets_double_every_four_from_a_millisecond_on() {
		let bounds: Vec<_> = RoundTrips::EMPTY.buckets().map(|(bound, _)| bound).collect();
		assert_eq!((bounds.len(), bounds[0], bounds[100]), (101, Duration::from_millis(1), Duration::MAX));
		for bucket in 0..96 {
			assert!(bounds[bucket + 4].abs_diff(2 * bounds[bucket]) < Duration::from_micros(1));
		}
		assert!(bounds[99] > Duration::from_secs(7 * 3600) && bounds.is_sorted());
	}

	#[test]
	fn an_alarm_says_what_happened_where_and_how_sure_that_is() {
		let index = |index| MixnodeIndex::new(index).unwrap();
		let estimate = LossEstimate::new(1, 10);
		let score = Score { loops: 100, lost: 30, expected_lost: 2.04, evidence: 12.0, suspected: true };
		let peer_id = PeerId([1; 32]);
		let mixnode = |neighbours| Alarm::Mixnode(MixnodeScore { mixnode: index(5), peer_id, score, neighbours });
		let link = |from, to| Alarm::Link(LinkScore { from, to, score });
		let by = "30 loops lost by it, where chance explains 2.0";
		for (alarm, says) in [
			(
				Alarm::Loss { overdue: estimate },
				"too many loops are lost or late (in the session so far 10.0 % (1.8 to 40.4 %)): packets may be blocked on purpose".into(),
			),
			(
				Alarm::Slow { slow: estimate },
				"too many loops are slow (in the session so far 10.0 % (1.8 to 40.4 %)): packets may be held back on purpose".into(),
			),
			(
				Alarm::Disconnected { connected: 1, wanted: 3 },
				"connections are lost: 1 of 3 peers are connected".into(),
			),
			(mixnode(vec![]), format!("packets get lost at mixnode 5 ({peer_id}): {by}")),
			(
				mixnode(vec![index(7), index(8)]),
				format!("packets get lost at mixnode 5 ({peer_id}) or its neighbours 7, 8: {by}"),
			),
			(link(Some(index(3)), None), format!("packets get lost on the link from mixnode 3 to this node: {by}")),
			(link(None, Some(index(4))), format!("packets get lost on the link from this node to mixnode 4: {by}")),
		] {
			let says: String = says;
			assert_eq!(alarm.to_string(), says);
		}
	}

	#[test]
	fn the_linking_bound_is_one_in_as_many_packets_as_mix() {
		let second = Duration::from_secs(1);
		let mixed_with = |loss, hold, mean, loops, others| 1.0 / linking_bound(loss, hold, mean, loops, others);
		let is_about = |a: f64, b: f64| (a - b).abs() < 1e-9 * b;
		assert!(is_about(mixed_with(0.0, Duration::ZERO, second, 2.5, 50.0), 2.5 + 50.0));
		assert!(is_about(mixed_with(0.1, Duration::ZERO, second, 2.5, 50.0), 2.5 + 0.9 * 50.0));
		assert!(is_about(mixed_with(0.1, Duration::ZERO, 2 * second, 2.5, 50.0), 2.0 * (2.5 + 0.9 * 50.0)));
		// Held back for one mean delay: one in e of the others' packets is left.
		let left = (-1.0f64).exp();
		assert!(is_about(mixed_with(0.0, 2 * second, 2 * second, 2.5, 50.0), 2.0 * (2.5 + left * 50.0)));
		// Whoever blocks all is hindered by the mixnode's own loops alone.
		assert!(is_about(mixed_with(1.0, Duration::ZERO, second, 2.5, 50.0), 2.5));
		assert!(is_about(mixed_with(7.0, Duration::ZERO, second, 2.5, 50.0), 2.5));
		// It is a probability.
		assert_eq!(linking_bound(1.0, Duration::ZERO, second, 0.5, 50.0), 1.0);
		assert_eq!(linking_bound(0.0, Duration::ZERO, Duration::ZERO, 2.5, 50.0), 1.0);
	}
}
