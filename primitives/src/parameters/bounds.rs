//! The bounds on parameters, with their reasons, and the check that applies them.

use super::values::Parameters;
use crate::mixnode::MIXNODE_INDEX_LIMIT;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// The least `hops`. With one hop, the mixnode that delivers a request got it from its author: nobody is hidden.
pub const MIN_HOPS: u8 = 2;
/// The most `hops`: as many as a packet's header has room for (PROTOCOL.md, section 2).
pub const MAX_HOPS: u8 = 6;

/// The least `min_mixnodes`. If there is one mixnode only, everybody knows that it forwards and answers everything.
pub const MIN_MIN_MIXNODES: u32 = 2;
/// The most `min_mixnodes`: as many as a packet can address. The chain's own bound on mixnodes is likely to be lower.
pub const MAX_MIN_MIXNODES: u32 = MIXNODE_INDEX_LIMIT;

/// The least `mean_forwarding_delay_ms`. Timers of nodes are late by a millisecond or so. If delays were not much
/// longer, packets would leave in the order in which they came.
pub const MIN_MEAN_DELAY_MS: u32 = 10;
/// The most mean delay. At six hops, a request and its reply are delayed twelve times: by twelve minutes at this mean,
/// and by twice that now and then. Answers must come before the session ends, and before the user gives up.
pub const MAX_MEAN_DELAY_MS: u32 = 60_000;

/// The least mean period. It means 200 packets of 2,252 bytes each second, which is 3.6 Mbit/s. A mixnode carries as
/// much for every hop of a packet, up to 22 Mbit/s, and computes a key exchange for each packet.
pub const MIN_MEAN_PERIOD_MS: u32 = 5;
/// The most mean period. A node that sends a packet each minute, or each two minutes at half rate, learns nothing from
/// its loop cover within a session, and hides next to nothing for others.
pub const MAX_MEAN_PERIOD_MS: u32 = 60_000;

/// The least `loop_cover_permille`. By loop cover nodes notice that packets get lost or are blocked. Without it an
/// attack stays unseen.
pub const MIN_LOOP_COVER_PERMILLE: u16 = 10;
/// The most `loop_cover_permille`. Requests replace the packets that are not loop cover. If those are a tenth, requests
/// wait ten times as long, and so do the timers that repeat them.
pub const MAX_LOOP_COVER_PERMILLE: u16 = 900;

/// The least `forward_queue_capacity`. The number of packets that wait is random: a short queue overflows now and then,
/// whatever the mean.
pub const MIN_FORWARD_QUEUE_CAPACITY: u32 = 50;
/// The most `forward_queue_capacity`: 33 MB of a mixnode's memory for each of two sessions, at 3 kB for each of 11,000 packets.
pub const MAX_FORWARD_QUEUE_CAPACITY: u32 = 10_000;
/// The forward queue must have room for this many times the [mean](Parameters::mean_forward_queue) that mixnodes alone
/// cause: other nodes send as well, and traffic comes in bursts.
pub const FORWARD_QUEUE_HEADROOM: u32 = 2;

/// The most packets in an authored queue: 3 MB of a node's memory for each of two sessions.
pub const MAX_QUEUE_CAPACITY: u32 = 1_000;

/// The most `max_fragments_per_message`: 129,600 bytes. Nodes keep some hundreds of others' messages, to handle them
/// and to answer repeats: 150 MB if all are this long.
pub const MAX_MAX_FRAGMENTS_PER_MESSAGE: u32 = 64;

/// The most `reply_cooldown_ms`. A request is repeated when its answer is overdue, after a minute or two by default. If
/// repeats were ignored for longer, they would have no effect.
pub const MAX_REPLY_COOLDOWN_MS: u32 = 60_000;

/// The longest [`round_trip_ms`](Parameters::round_trip_ms): half an hour. A request is repeated six times before it is
/// given up, by timers of two or three times this. And it must be answered in the session that it was sent in.
pub const MAX_ROUND_TRIP_MS: u64 = 30 * 60 * 1000;

/// Names a field of [`Parameters`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[allow(missing_docs)]
pub enum Parameter {
	Hops,
	MinMixnodes,
	MeanForwardingDelay,
	MeanExtrinsicDelay,
	MixnodeMeanPeriod,
	NonMixnodeMeanPeriod,
	LoopCover,
	ForwardQueueCapacity,
	MixnodeQueueCapacity,
	NonMixnodeQueueCapacity,
	MaxFragmentsPerMessage,
	ReplyCooldown,
}

impl Parameter {
	/// The field's name.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Hops => "hops",
			Self::MinMixnodes => "min_mixnodes",
			Self::MeanForwardingDelay => "mean_forwarding_delay_ms",
			Self::MeanExtrinsicDelay => "mean_extrinsic_delay_ms",
			Self::MixnodeMeanPeriod => "mixnode_mean_period_ms",
			Self::NonMixnodeMeanPeriod => "non_mixnode_mean_period_ms",
			Self::LoopCover => "loop_cover_permille",
			Self::ForwardQueueCapacity => "forward_queue_capacity",
			Self::MixnodeQueueCapacity => "mixnode_queue_capacity",
			Self::NonMixnodeQueueCapacity => "non_mixnode_queue_capacity",
			Self::MaxFragmentsPerMessage => "max_fragments_per_message",
			Self::ReplyCooldown => "reply_cooldown_ms",
		}
	}
}

impl fmt::Display for Parameter {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str(self.name())
	}
}

/// Why [`Parameters`] are refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum BadParameters {
	/// A field is out of its range. If the range depends on other fields, it is given for their present values.
	OutOfRange {
		/// The field.
		parameter: Parameter,
		/// The field's value.
		value: u32,
		/// The least value that would be taken.
		min: u32,
		/// The greatest value that would be taken.
		max: u32,
	},
	/// Requests would be answered too late: see [`MAX_ROUND_TRIP_MS`].
	RoundTripTooLong {
		/// The time until an answer, in milliseconds: see [`Parameters::round_trip_ms`].
		round_trip_ms: u64,
	},
}

impl fmt::Display for BadParameters {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		match self {
			Self::OutOfRange { parameter, value, min, max } if min <= max => {
				write!(f, "`{parameter}` is {value}: choose one of {min} to {max}")
			},
			// Only the forward queue can have an empty range.
			Self::OutOfRange { parameter, min, max, .. } => write!(
				f,
				"`{parameter}` would have to be {min}, more than {max}: choose a shorter mean forwarding delay, a longer \
				 mean period, or fewer hops"
			),
			Self::RoundTripTooLong { round_trip_ms } => write!(
				f,
				"an answer would take {} s through full queues, more than {}: choose shorter queues, shorter mean periods, \
				 less loop cover, or shorter delays",
				round_trip_ms / 1000,
				MAX_ROUND_TRIP_MS / 1000
			),
		}
	}
}

impl core::error::Error for BadParameters {}

impl Parameters {
	/// Can nodes live with these parameters? The error names the first field that they cannot live with.
	pub fn check(&self) -> Result<(), BadParameters> {
		use Parameter::*;
		// A packet should find another one to mix with: on average, mixnodes alone must keep one in each other's
		// queues.
		let hops_forwarding = u32::from(self.hops.saturating_sub(1)).max(1);
		let least_delay = self.mixnode_mean_period_ms.div_ceil(hops_forwarding).max(MIN_MEAN_DELAY_MS);
		let least_forward_queue =
			self.mean_forward_queue().saturating_mul(FORWARD_QUEUE_HEADROOM).max(MIN_FORWARD_QUEUE_CAPACITY);
		// A queue must have room for the longest message; that of a mixnode for one of each kind.
		let message = self.max_fragments_per_message;
		// The order matters: the bounds of later fields depend on earlier ones.
		for (parameter, value, min, max) in [
			(Hops, u32::from(self.hops), u32::from(MIN_HOPS), u32::from(MAX_HOPS)),
			(MinMixnodes, self.min_mixnodes, MIN_MIN_MIXNODES, MAX_MIN_MIXNODES),
			(MixnodeMeanPeriod, self.mixnode_mean_period_ms, MIN_MEAN_PERIOD_MS, MAX_MEAN_PERIOD_MS),
			(NonMixnodeMeanPeriod, self.non_mixnode_mean_period_ms, MIN_MEAN_PERIOD_MS, MAX_MEAN_PERIOD_MS),
			(MeanForwardingDelay, self.mean_forwarding_delay_ms, least_delay, MAX_MEAN_DELAY_MS),
			(MeanExtrinsicDelay, self.mean_extrinsic_delay_ms, 0, MAX_MEAN_DELAY_MS),
			(
				LoopCover,
				u32::from(self.loop_cover_permille),
				u32::from(MIN_LOOP_COVER_PERMILLE),
				u32::from(MAX_LOOP_COVER_PERMILLE),
			),
			(ForwardQueueCapacity, self.forward_queue_capacity, least_forward_queue, MAX_FORWARD_QUEUE_CAPACITY),
			(MaxFragmentsPerMessage, message, 1, MAX_MAX_FRAGMENTS_PER_MESSAGE),
			(MixnodeQueueCapacity, self.mixnode_queue_capacity, message.saturating_mul(2), MAX_QUEUE_CAPACITY),
			(NonMixnodeQueueCapacity, self.non_mixnode_queue_capacity, message, MAX_QUEUE_CAPACITY),
			(ReplyCooldown, self.reply_cooldown_ms, 0, MAX_REPLY_COOLDOWN_MS),
		] {
			if !(min..=max).contains(&value) {
				return Err(BadParameters::OutOfRange { parameter, value, min, max });
			}
		}
		let round_trip_ms = self.round_trip_ms();
		if round_trip_ms > MAX_ROUND_TRIP_MS {
			return Err(BadParameters::RoundTripTooLong { round_trip_ms });
		}
		Ok(())
	}

	/// How many packets wait in a mixnode to be forwarded, on average, if only mixnodes send. Each packet waits once
	/// for every hop but the last.
	pub fn mean_forward_queue(&self) -> u32 {
		let hops_forwarding = u64::from(self.hops.saturating_sub(1));
		let mean = (hops_forwarding * u64::from(self.mean_forwarding_delay_ms))
			.div_ceil(u64::from(self.mixnode_mean_period_ms.max(1)));
		u32::try_from(mean).unwrap_or(u32::MAX)
	}

	/// How long a node that is no mixnode waits for an answer, on average, in milliseconds, when its queue and the
	/// queue of the mixnode that answers are full. The network's delays are not counted.
	pub fn round_trip_ms(&self) -> u64 {
		// At half rate, as while two sessions are live. Loop cover takes its share of the ticks.
		let left = 1000 - u64::from(self.loop_cover_permille.min(999));
		let queue = |period: u32, capacity: u32| {
			(2 * u64::from(period)).saturating_mul(u64::from(capacity)).saturating_mul(1000) / left
		};
		let forwarding = 2 * u64::from(self.hops) * u64::from(self.mean_forwarding_delay_ms);
		queue(self.non_mixnode_mean_period_ms, self.non_mixnode_queue_capacity)
			.saturating_add(queue(self.mixnode_mean_period_ms, self.mixnode_queue_capacity))
			.saturating_add(forwarding)
			.saturating_add(u64::from(self.mean_extrinsic_delay_ms))
	}
}
