//! The round-trip estimate: only one answer in 20,000 takes longer.

use crate::time::scale;
use core::time::Duration;

/// The authored queue at one end: at the source or at the destination.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct QueueEnd {
	/// Mean time between the ticks of its clock that may send a queued packet: at half rate, loop cover not counted.
	pub mean_period: Duration,
	/// Packets ahead of ours in the queue, plus ours.
	pub packets: usize,
}

impl QueueEnd {
	/// `mean_period` is the mean time between all ticks, at full rate.
	pub fn new(mean_period: Duration, packets: usize, loop_cover_proportion: f64) -> Self {
		Self { mean_period: scale(mean_period, 2.0 / (1.0 - loop_cover_proportion)), packets }
	}
}

/// The time that a request's last packet waits in the queue here, plus the time that its reply's last packet waits in the
/// queue at the far end.
///
/// The sum of n exponentially distributed times of mean s is gamma distributed; s (4.92582 + 3.87809 sqrt(n) + n) is
/// close to its 99.995th percentile. Here there are two such sums, of n times of mean s and of m times of the smaller
/// mean r s: as far as mean and spread go, those m count like r m and like r^3 m. (PROTOCOL.md, section 10; n and s
/// belong to the same queue, the slower one, whichever that is.)
pub(crate) fn queue_delay(here: QueueEnd, there: QueueEnd) -> Duration {
	let (slow, fast) = if here.mean_period > there.mean_period { (here, there) } else { (there, here) };
	let r = fast.mean_period.as_secs_f64() / slow.mean_period.as_secs_f64();
	let (n, m) = (slow.packets as f64, fast.packets as f64);
	scale(slow.mean_period, 4.92582 + 3.87809 * libm::sqrt(n + r * r * r * m) + n + r * m)
}

/// The longest route of a request's fragments, and the longest of its reply's packets.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct RouteMetrics {
	/// Most hops of a request packet.
	pub request_hops: usize,
	/// Largest sum of forwarding delays of a request packet, in multiples of the mean.
	pub request_delay: f64,
	/// Most hops of a SURB.
	pub reply_hops: usize,
	/// Largest sum of forwarding delays of a SURB, in multiples of the mean.
	pub reply_delay: f64,
}

impl RouteMetrics {
	/// Adds a request packet.
	pub fn add_request(&mut self, hops: usize, delay: f64) {
		self.request_hops = self.request_hops.max(hops);
		self.request_delay = self.request_delay.max(delay);
	}

	/// Adds a SURB.
	pub fn add_surb(&mut self, hops: usize, delay: f64) {
		self.reply_hops = self.reply_hops.max(hops);
		self.reply_delay = self.reply_delay.max(delay);
	}

	/// The time that a request and its reply spend outside of the two queues: in mixnodes and between them.
	pub fn travel_time(&self, mean_forwarding_delay: Duration, per_hop_network_delay: Duration) -> Duration {
		let forwarding = scale(mean_forwarding_delay, self.request_delay + self.reply_delay);
		let hops = u32::try_from(self.request_hops + self.reply_hops).unwrap_or(u32::MAX);
		forwarding.saturating_add(per_hop_network_delay.saturating_mul(hops))
	}
}
