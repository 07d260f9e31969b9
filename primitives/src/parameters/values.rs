//! The parameters of a session.

use crate::session::RelativeSession;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// The parameters of one session. The defaults are those of the Substrate Mix Network (PROTOCOL.md, sections 8 to 10).
///
/// All are integers, so that a runtime and its nodes read the same. Times are in milliseconds.
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
	/// Hops of a packet, including the one that delivers it. [`MIN_HOPS`](super::MIN_HOPS) to
	/// [`MAX_HOPS`](super::MAX_HOPS).
	pub hops: u8,
	/// The least number of mixnodes that a session runs with. With fewer, the mixnet rests.
	/// [`MIN_MIN_MIXNODES`](super::MIN_MIN_MIXNODES) to [`MAX_MIN_MIXNODES`](super::MAX_MIN_MIXNODES).
	pub min_mixnodes: u32,
	/// Mean time that a mixnode holds a packet before it forwards it. [`MIN_MEAN_DELAY_MS`](super::MIN_MEAN_DELAY_MS)
	/// to [`MAX_MEAN_DELAY_MS`](super::MAX_MEAN_DELAY_MS).
	pub mean_forwarding_delay_ms: u32,
	/// Mean time that a destination waits before it submits an extrinsic. 0 (at once) to
	/// [`MAX_MEAN_DELAY_MS`](super::MAX_MEAN_DELAY_MS).
	pub mean_extrinsic_delay_ms: u32,
	/// Mean time between the packets that a mixnode authors, at full rate.
	/// [`MIN_MEAN_PERIOD_MS`](super::MIN_MEAN_PERIOD_MS) to [`MAX_MEAN_PERIOD_MS`](super::MAX_MEAN_PERIOD_MS).
	pub mixnode_mean_period_ms: u32,
	/// Mean time between the packets that any other node authors, at full rate.
	/// [`MIN_MEAN_PERIOD_MS`](super::MIN_MEAN_PERIOD_MS) to [`MAX_MEAN_PERIOD_MS`](super::MAX_MEAN_PERIOD_MS).
	pub non_mixnode_mean_period_ms: u32,
	/// Share of authored packets that are loop cover, in thousandths.
	/// [`MIN_LOOP_COVER_PERMILLE`](super::MIN_LOOP_COVER_PERMILLE) to
	/// [`MAX_LOOP_COVER_PERMILLE`](super::MAX_LOOP_COVER_PERMILLE).
	pub loop_cover_permille: u16,
	/// The most packets that a mixnode takes to be forwarded within a mean forwarding delay. So many wait if their delays are
	/// the mean; if they are longer, more do.
	/// [`MIN_FORWARD_QUEUE_CAPACITY`](super::MIN_FORWARD_QUEUE_CAPACITY) to
	/// [`MAX_FORWARD_QUEUE_CAPACITY`](super::MAX_FORWARD_QUEUE_CAPACITY).
	pub forward_queue_capacity: u32,
	/// The most request and reply packets that may wait in a mixnode to be sent, half of each. At least two of the longest
	/// messages, and at most [`MAX_QUEUE_CAPACITY`](super::MAX_QUEUE_CAPACITY).
	pub mixnode_queue_capacity: u32,
	/// The most request packets that may wait in any other node to be sent. At least the longest message's, and at most
	/// [`MAX_QUEUE_CAPACITY`](super::MAX_QUEUE_CAPACITY).
	pub non_mixnode_queue_capacity: u32,
	/// The most fragments of a message. Each carries 2,025 bytes. 1 to
	/// [`MAX_MAX_FRAGMENTS_PER_MESSAGE`](super::MAX_MAX_FRAGMENTS_PER_MESSAGE).
	pub max_fragments_per_message: u32,
	/// How long repeats of a request are ignored after its reply was sent. At most
	/// [`MAX_REPLY_COOLDOWN_MS`](super::MAX_REPLY_COOLDOWN_MS).
	pub reply_cooldown_ms: u32,
}

impl Default for Parameters {
	fn default() -> Self {
		Self {
			hops: 6,
			min_mixnodes: 3,
			mean_forwarding_delay_ms: 1_000,
			mean_extrinsic_delay_ms: 1_000,
			mixnode_mean_period_ms: 100,
			non_mixnode_mean_period_ms: 1_000,
			loop_cover_permille: 250,
			forward_queue_capacity: 1_000,
			mixnode_queue_capacity: 50,
			non_mixnode_queue_capacity: 25,
			max_fragments_per_message: 25,
			reply_cooldown_ms: 10_000,
		}
	}
}

/// The parameters of the previous, the current and the next session, as of some block.
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
	/// Those of the session before the current one. They mean nothing in session 0.
	pub previous: Parameters,
	/// Those of the current session.
	pub current: Parameters,
	/// Those of the next session as of now. They may change until it begins.
	pub next: Parameters,
}

impl SessionParameters {
	/// The parameters of one of the two sessions that can be live.
	pub const fn of(&self, session: RelativeSession) -> &Parameters {
		match session {
			RelativeSession::Previous => &self.previous,
			RelativeSession::Current => &self.current,
		}
	}
}
