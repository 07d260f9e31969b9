//! What all nodes of a session must agree on: how packets travel, how often they leave, and how much may wait.
//!
//! A chain decides it, for one session at a time. Nodes that sent at another rate, or took another number of hops, could
//! be told from the others by it, and nodes that expected other delays would repeat requests too early or too late.
//!
//! [`Parameters::check`] is what keeps a mistake, or a captured majority, from setting what nodes cannot live with. Each of
//! its bounds is a constant here, with its reason. docs/parameters.md is the same for those who govern a chain.

use crate::RelativeSession;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// The parameters of one session. The defaults are those of the Substrate Mix Network (PROTOCOL.md, sections 8 to 10).
///
/// All are integers, so that a runtime and its nodes read the same; times are in milliseconds.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub struct Parameters {
	/// Hops of a packet, the delivering one included. [`MIN_HOPS`] to [`MAX_HOPS`].
	pub hops: u8,
	/// Fewest mixnodes that a session runs with; with fewer, the mixnet rests. [`MIN_MIN_MIXNODES`] to
	/// [`MAX_MIN_MIXNODES`].
	pub min_mixnodes: u32,
	/// Mean time that a mixnode holds a packet before it forwards it. [`MIN_MEAN_DELAY_MS`] to [`MAX_MEAN_DELAY_MS`].
	pub mean_forwarding_delay_ms: u32,
	/// Mean time that a destination waits before it submits an extrinsic. 0 (at once) to [`MAX_MEAN_DELAY_MS`].
	pub mean_extrinsic_delay_ms: u32,
	/// Mean time between the packets that a mixnode authors, at full rate. [`MIN_MEAN_PERIOD_MS`] to
	/// [`MAX_MEAN_PERIOD_MS`].
	pub mixnode_mean_period_ms: u32,
	/// The same of all other nodes. [`MIN_MEAN_PERIOD_MS`] to [`MAX_MEAN_PERIOD_MS`].
	pub non_mixnode_mean_period_ms: u32,
	/// Share of authored packets that are loop cover, in thousandths. [`MIN_LOOP_COVER_PERMILLE`] to
	/// [`MAX_LOOP_COVER_PERMILLE`].
	pub loop_cover_permille: u16,
	/// Most packets that may wait in a mixnode to be forwarded. [`MIN_FORWARD_QUEUE_CAPACITY`] to
	/// [`MAX_FORWARD_QUEUE_CAPACITY`].
	pub forward_queue_capacity: u32,
	/// Most request and reply packets that may wait in a mixnode to be sent. A message at least, and at most
	/// [`MAX_QUEUE_CAPACITY`].
	pub mixnode_queue_capacity: u32,
	/// The same in all other nodes.
	pub non_mixnode_queue_capacity: u32,
	/// Most fragments of a message; each carries 2,025 bytes. 1 to [`MAX_MAX_FRAGMENTS_PER_MESSAGE`].
	pub max_fragments_per_message: u32,
	/// For how long after a reply was sent repeats of its request are ignored. At most [`MAX_REPLY_COOLDOWN_MS`].
	pub reply_cooldown_ms: u32,
}

/// Least `hops`. With one, whoever delivers a request has it from its author: nobody is hidden.
pub const MIN_HOPS: u8 = 2;
/// Most `hops`: as many as a packet's header has room for (PROTOCOL.md, section 1).
pub const MAX_HOPS: u8 = 6;

/// Least `min_mixnodes`. Of one mixnode, everybody knows that it forwards and answers everything.
pub const MIN_MIN_MIXNODES: u32 = 2;
/// Most `min_mixnodes`: as many as a packet can address (PROTOCOL.md, section 3). The chain's own bound on mixnodes is
/// likely to be lower.
pub const MAX_MIN_MIXNODES: u32 = 0xff00;

/// Least `mean_forwarding_delay_ms`. Timers of nodes are late by a millisecond or so: of shorter delays that would be a
/// good part, and packets would leave in the order in which they came.
pub const MIN_MEAN_DELAY_MS: u32 = 10;
/// Most mean delay. A request and its reply are delayed twelve times at six hops: by twelve minutes at this mean, and by
/// twice that now and then. Answers must come before sessions end, and users before they leave.
pub const MAX_MEAN_DELAY_MS: u32 = 60_000;

/// Least mean period: 200 packets each second, of 2,252 bytes. That is 3.6 Mbit/s up; a mixnode carries as many for every
/// hop of a packet, up to 22 Mbit/s, and computes a key exchange for each of them.
pub const MIN_MEAN_PERIOD_MS: u32 = 5;
/// Most mean period. A node that sends a packet a minute, two at half rate, learns nothing from its loop cover within a
/// session, and hides next to nothing of others.
pub const MAX_MEAN_PERIOD_MS: u32 = 60_000;

/// Least `loop_cover_permille`. Loop cover is how nodes notice that packets get lost or are blocked: without it an attack
/// stays unseen.
pub const MIN_LOOP_COVER_PERMILLE: u16 = 10;
/// Most `loop_cover_permille`. Requests take the place of what is not loop cover: with a tenth left, they wait ten times
/// as long, and so do the timers that repeat them.
pub const MAX_LOOP_COVER_PERMILLE: u16 = 900;

/// Least `forward_queue_capacity`. What waits is random: a queue that is short overflows now and then, whatever its mean.
pub const MIN_FORWARD_QUEUE_CAPACITY: u32 = 50;
/// Most `forward_queue_capacity`: 30 MB of a mixnode's memory, at 3 kB a packet.
pub const MAX_FORWARD_QUEUE_CAPACITY: u32 = 10_000;
/// The forward queue must hold this many times what mixnodes alone fill it with on average: other nodes send as well, and
/// traffic comes in bursts. See [`Parameters::mean_forward_queue`].
pub const FORWARD_QUEUE_HEADROOM: u32 = 2;

/// Most packets in an authored queue: 3 MB of a node's memory for each of two sessions.
pub const MAX_QUEUE_CAPACITY: u32 = 1_000;

/// Most `max_fragments_per_message`: 129,600 bytes. Nodes keep some hundreds of messages of others whole, to be handled
/// and to be answered again: 150 MB of these.
pub const MAX_MAX_FRAGMENTS_PER_MESSAGE: u32 = 64;

/// Most `reply_cooldown_ms`. A request is repeated when its answer is overdue, after a minute or two by default: if repeats
/// were ignored for longer, they would be in vain.
pub const MAX_REPLY_COOLDOWN_MS: u32 = 60_000;

/// Longest [`round_trip_ms`](Parameters::round_trip_ms): half an hour. A request is repeated six times before it is given
/// up, by timers of two or three times this; and it must be answered in the session that it was sent in.
pub const MAX_ROUND_TRIP_MS: u64 = 30 * 60 * 1000;

impl Default for Parameters {
	fn default() -> Self {
		Self {
			hops: MAX_HOPS,
			min_mixnodes: 3,
			mean_forwarding_delay_ms: 1_000,
			mean_extrinsic_delay_ms: 1_000,
			mixnode_mean_period_ms: 100,
			non_mixnode_mean_period_ms: 1_000,
			loop_cover_permille: 250,
			forward_queue_capacity: 300,
			mixnode_queue_capacity: 50,
			non_mixnode_queue_capacity: 25,
			max_fragments_per_message: 25,
			reply_cooldown_ms: 10_000,
		}
	}
}

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
	/// A field is out of its range. Where that depends on other fields, it is given as these are.
	OutOfRange {
		/// Which field.
		parameter: Parameter,
		/// Its value.
		value: u32,
		/// The least value.
		min: u32,
		/// The greatest value.
		max: u32,
	},
	/// Requests are answered too late: see [`MAX_ROUND_TRIP_MS`].
	RoundTripTooLong {
		/// How long it takes.
		round_trip_ms: u64,
	},
}

impl fmt::Display for BadParameters {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		match self {
			Self::OutOfRange { parameter, value, min, max } if min <= max => {
				write!(f, "`{parameter}` is {value}: choose one of {min} to {max}")
			},
			// Of the forward queue alone.
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
	/// Are these parameters that nodes can live with? The first field that is not is named.
	pub fn check(&self) -> Result<(), BadParameters> {
		use Parameter::*;
		// A packet should find another one to mix with: mixnodes alone put one in each other's queue on average.
		let hops_forwarding = u32::from(self.hops.saturating_sub(1)).max(1);
		let least_delay = self.mixnode_mean_period_ms.div_ceil(hops_forwarding).max(MIN_MEAN_DELAY_MS);
		let least_forward_queue =
			self.mean_forward_queue().saturating_mul(FORWARD_QUEUE_HEADROOM).max(MIN_FORWARD_QUEUE_CAPACITY);
		// A message that may be sent must find room.
		let message = self.max_fragments_per_message;
		// In this order: the bounds of later ones depend on earlier ones.
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
			(MixnodeQueueCapacity, self.mixnode_queue_capacity, message, MAX_QUEUE_CAPACITY),
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

	/// How many packets wait in a mixnode to be forwarded, on average, where only mixnodes send: each packet of each of
	/// them waits once for every hop but the last.
	pub fn mean_forward_queue(&self) -> u32 {
		let hops_forwarding = u64::from(self.hops.saturating_sub(1));
		let mean = (hops_forwarding * u64::from(self.mean_forwarding_delay_ms))
			.div_ceil(u64::from(self.mixnode_mean_period_ms.max(1)));
		u32::try_from(mean).unwrap_or(u32::MAX)
	}

	/// How long a node that is no mixnode waits for an answer, on average, when its queue and that of the mixnode which
	/// answers are full; without the network's delays.
	pub fn round_trip_ms(&self) -> u64 {
		// At half rate, as while two sessions are live, and without the ticks that loop cover takes.
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

/// The parameters of the sessions that nodes have to do with, as of some block.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub struct SessionParameters {
	/// Of the session before the current one; of no meaning in session 0.
	pub previous: Parameters,
	/// Of the current session.
	pub current: Parameters,
	/// Of the next session, as things stand: they may change until it begins.
	pub next: Parameters,
}

impl SessionParameters {
	/// Those of one of the two sessions that can be live.
	pub const fn of(&self, session: RelativeSession) -> &Parameters {
		match session {
			RelativeSession::Previous => &self.previous,
			RelativeSession::Current => &self.current,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn changed(change: impl FnOnce(&mut Parameters)) -> Result<(), BadParameters> {
		let mut parameters = Parameters::default();
		change(&mut parameters);
		parameters.check()
	}

	#[test]
	fn the_defaults_are_good() {
		assert_eq!(Parameters::default().check(), Ok(()));
	}

	/// Each field, at both its bounds and one beyond, the others as they are by default or so that they do not matter.
	#[test]
	fn every_field_is_held_to_its_bounds_and_named() {
		use Parameter::*;
		type Set = fn(&mut Parameters, u32);
		let fields: [(Parameter, Set, u32, u32); 12] = [
			(Hops, |p, v| p.hops = v as u8, 2, 6),
			(MinMixnodes, |p, v| p.min_mixnodes = v, 2, 0xff00),
			(
				MeanForwardingDelay,
				|p, v| {
					(p.mixnode_mean_period_ms, p.forward_queue_capacity, p.mean_forwarding_delay_ms) =
						(50 + v / 100, 10_000, v)
				},
				10,
				60_000,
			),
			(MeanExtrinsicDelay, |p, v| p.mean_extrinsic_delay_ms = v, 0, 60_000),
			(
				MixnodeMeanPeriod,
				|p, v| {
					(p.forward_queue_capacity, p.mixnode_queue_capacity, p.max_fragments_per_message) = (10_000, 1, 1);
					(p.mean_forwarding_delay_ms, p.mixnode_mean_period_ms) = (12_000.min(v * 60), v);
				},
				5,
				60_000,
			),
			(
				NonMixnodeMeanPeriod,
				|p, v| {
					(p.non_mixnode_queue_capacity, p.max_fragments_per_message) = (1, 1);
					p.non_mixnode_mean_period_ms = v;
				},
				5,
				60_000,
			),
			(LoopCover, |p, v| p.loop_cover_permille = v as u16, 10, 900),
			(
				ForwardQueueCapacity,
				|p, v| (p.mean_forwarding_delay_ms, p.forward_queue_capacity) = (500, v),
				50,
				10_000,
			),
			(MixnodeQueueCapacity, |p, v| p.mixnode_queue_capacity = v, 25, 1_000),
			(
				NonMixnodeQueueCapacity,
				|p, v| (p.non_mixnode_mean_period_ms, p.non_mixnode_queue_capacity) = (100, v),
				25,
				1_000,
			),
			(
				MaxFragmentsPerMessage,
				|p, v| {
					(p.mixnode_queue_capacity, p.non_mixnode_queue_capacity) = (100, 100);
					p.max_fragments_per_message = v;
				},
				1,
				64,
			),
			(ReplyCooldown, |p, v| p.reply_cooldown_ms = v, 0, 60_000),
		];
		for (parameter, set, min, max) in fields {
			for value in [min, max] {
				assert_eq!(changed(|parameters| set(parameters, value)), Ok(()), "{parameter}: {value}");
			}
			for value in [min.checked_sub(1), Some(max + 1)].into_iter().flatten() {
				// At 60 s each there is the round trip, too: the field must be named before it.
				let error = changed(|parameters| set(parameters, value)).expect_err("out of range; qed");
				let BadParameters::OutOfRange { parameter: named, value: told, .. } = error else {
					panic!("{parameter}: {value}: {error}");
				};
				assert_eq!((named, told), (parameter, value), "{error}");
				assert!(error.to_string().contains(parameter.name()), "{error}");
			}
		}
	}

	#[test]
	fn queues_must_hold_what_is_sent_on_average_and_the_longest_message() {
		assert_eq!(Parameters::default().mean_forward_queue(), 50);
		let error = changed(|parameters| parameters.mean_forwarding_delay_ms = 3_001).unwrap_err();
		let expected =
			BadParameters::OutOfRange { parameter: Parameter::ForwardQueueCapacity, value: 300, min: 302, max: 10_000 };
		assert_eq!(error, expected);
		// No queue would do.
		let error = changed(|parameters| {
			(parameters.mean_forwarding_delay_ms, parameters.mixnode_mean_period_ms) = (60_000, 5);
			parameters.forward_queue_capacity = 10_000;
		});
		assert!(error.unwrap_err().to_string().contains("choose a shorter mean forwarding delay"), "{error:?}");
		assert!(changed(|parameters| parameters.mixnode_queue_capacity = 24).is_err());
		assert!(changed(|parameters| parameters.non_mixnode_queue_capacity = 24).is_err());
	}

	#[test]
	fn a_packet_must_find_another_to_mix_with() {
		let error = changed(|parameters| parameters.mean_forwarding_delay_ms = 19).unwrap_err();
		let expected =
			BadParameters::OutOfRange { parameter: Parameter::MeanForwardingDelay, value: 19, min: 20, max: 60_000 };
		assert_eq!(error, expected);
	}

	#[test]
	fn answers_must_come_within_the_longest_round_trip() {
		// 25 packets x 2 s / 0.75, 50 x 0.2 s / 0.75, 12 delays of 1 s, and 1 s.
		assert_eq!(Parameters::default().round_trip_ms(), 66_666 + 13_333 + 12_000 + 1_000);
		let error = changed(|parameters| parameters.non_mixnode_mean_period_ms = 60_000).unwrap_err();
		assert!(matches!(error, BadParameters::RoundTripTooLong { .. }), "{error}");
		assert!(error.to_string().contains("choose shorter queues"), "{error}");
	}

	#[test]
	fn nonsense_is_refused_without_overflow() {
		for value in [0, u32::MAX] {
			let parameters = Parameters {
				hops: value as u8,
				min_mixnodes: value,
				mean_forwarding_delay_ms: value,
				mean_extrinsic_delay_ms: value,
				mixnode_mean_period_ms: value,
				non_mixnode_mean_period_ms: value,
				loop_cover_permille: value as u16,
				forward_queue_capacity: value,
				mixnode_queue_capacity: value,
				non_mixnode_queue_capacity: value,
				max_fragments_per_message: value,
				reply_cooldown_ms: value,
			};
			assert!(parameters.check().is_err());
			parameters.round_trip_ms();
			parameters.mean_forward_queue();
		}
	}

	#[test]
	fn they_encode_as_their_fields_in_order() {
		let parameters = Parameters::default();
		assert_eq!(parameters.encode().len(), Parameters::max_encoded_len());
		assert_eq!(parameters.encode()[..9], [6, 3, 0, 0, 0, 0xe8, 3, 0, 0]);
		let all = SessionParameters { next: Parameters { hops: 3, ..parameters }, ..Default::default() };
		assert_eq!(SessionParameters::decode(&mut &all.encode()[..]), Ok(all));
		assert_eq!(all.of(RelativeSession::Previous), &parameters);
	}
}
