//! Counters of everything that happened. Nothing is dropped silently: every drop has a reason, and every reason a counter.

use core::time::Duration;

/// Defines [`DropReason`] with its list and its names, so that they cannot drift apart.
macro_rules! drop_reasons {
	($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
		/// Why a packet, a fragment, a message or a key was dropped.
		#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
		#[non_exhaustive]
		pub enum DropReason {
			$($(#[$doc])* $variant,)*
		}

		impl DropReason {
			/// All of them, in order: the index of each in this list is `reason as usize`.
			pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

			/// A name in snake case, for metrics.
			pub const fn name(self) -> &'static str {
				match self {
					$(Self::$variant => $name,)*
				}
			}
		}
	};
}

drop_reasons! {
	// Packets received
	/// No live session's key fits the packet's MAC: damaged, forged, or for a session that is over or not begun.
	UnknownKey = "unknown_key",
	/// The header is authentic but malformed.
	Malformed = "malformed",
	/// A packet with the same shared secret was acted on already. Rarely, a new packet is taken for another one: the chance is
	/// one in 1,000 when the filter is full, and much less before.
	Replayed = "replayed",
	/// The session's replay filter is full: it can no longer be told whether the packet is a replay.
	ReplayFilterFull = "replay_filter_full",
	/// Only a mixnode forwards or answers such a packet, and we are a user in that session.
	NotMixnode = "not_mixnode",
	/// To be forwarded to a mixnode that does not exist, or to ourselves.
	BadNextHop = "bad_next_hop",
	/// As many packets as the forward queue is for came within a mean forwarding delay; or, rarely, it is full.
	ForwardQueueFull = "forward_queue_full",
	/// The neighbour that a packet to be forwarded came from has sent its share, and there is nothing to lend it.
	ForwardShareUsed = "forward_share_used",
	/// The payload of a request or reply packet was changed on its way.
	BadPayload = "bad_payload",
	/// A reply to a SURB that we do not know: already used, forgotten, of a finished request, or never ours.
	UnknownSurb = "unknown_surb",
	/// A malformed fragment, or one that contradicts another of the same message.
	BadFragment = "bad_fragment",
	/// A fragment that we had already.
	RepeatedFragment = "repeated_fragment",
	/// A loop cover packet with an ID that we do not wait for: not ours, back already, or overdue for too long.
	UnknownLoopCover = "unknown_loop_cover",

	// Messages received
	/// An incomplete message, forgotten to make room for others.
	IncompleteMessage = "incomplete_message",
	/// A repeat of a request that is being handled.
	RequestInProgress = "request_in_progress",
	/// A repeat of a request that was just answered.
	RequestInCooldown = "request_in_cooldown",
	/// A request of another node that came while too many others waited to be polled.
	TooManyQueuedRequests = "too_many_queued_requests",
	/// A request of another node that came while as many others as can be remembered were handled.
	TooManyRequestsInProgress = "too_many_requests_in_progress",
	/// A reply to a request that is no longer pending.
	LateReply = "late_reply",

	// What we send
	/// A queued request or reply packet whose session takes no requests any more.
	AuthoredSessionClosed = "authored_session_closed",
	/// A packet to be forwarded whose session ended before it was due.
	ForwardSessionEnded = "forward_session_ended",
	/// A packet to be forwarded was due while nothing ran here: the machine was suspended, say. Sending it now, with all others,
	/// would be a burst.
	ForwardTooLate = "forward_too_late",
	/// An authored packet was due, but could not be built: no gateway is connected, or there are too few mixnodes.
	NoRoute = "no_route",
	/// A queued request packet whose gateway was disconnected meanwhile; cover was sent in its place.
	GatewayGone = "gateway_gone",
	/// Authored packets were due too long ago: the driver was suspended, say. Sending them now would be a burst.
	AuthoredTooLate = "authored_too_late",
	/// A copy of a reply for which the authored queue had no room.
	ReplyQueueFull = "reply_queue_full",
	/// A copy of a reply that could not be sent: its session is closed, it is too large, or its SURBs are bad.
	ReplyNotSent = "reply_not_sent",
	/// Keys of a SURB, destroyed to make room for others.
	SurbEvicted = "surb_evicted",
}

/// Number of [`DropReason`]s.
const NUM_DROP_REASONS: usize = DropReason::ALL.len();

/// Counters since the start, and lengths of queues now.
///
/// ```
/// use mixnet_node_core::{DropReason, Statistics};
///
/// let statistics = Statistics::default();
/// assert_eq!(statistics.dropped(DropReason::Replayed), 0);
/// // For metrics: a name for each.
/// for (reason, times) in statistics.drops() {
///     println!("mixnet_dropped{{reason=\"{}\"}} {times}", reason.name());
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Statistics {
	/// Packets handed to us.
	pub packets_received: u64,
	/// Packets that we took to forward.
	pub packets_accepted_to_forward: u64,
	/// Packets that we forwarded.
	pub packets_forwarded: u64,
	/// Request fragments delivered to us.
	pub requests_delivered: u64,
	/// Reply fragments delivered to us.
	pub replies_delivered: u64,
	/// Drop cover packets delivered to us.
	pub drop_cover_delivered: u64,
	/// Loop cover packets of ours that came back.
	pub loop_cover_returned: u64,
	/// Those of them that came back after their deadline.
	pub loop_cover_late: u64,
	/// Loop cover packets whose deadline passed before they came back, if they ever did.
	pub loop_cover_overdue: u64,
	/// Loop cover packets that we sent.
	pub loop_cover_authored: u64,
	/// Drop cover packets that we sent.
	pub drop_cover_authored: u64,
	/// Request packets that we sent.
	pub requests_authored: u64,
	/// Reply packets that we sent.
	pub replies_authored: u64,
	/// Ticks at which no cover was ready to be sent, and which waited until it was. More than a few: this machine is too slow for
	/// the rate of the session, or was busy.
	pub ticks_awaiting_cover: u64,
	/// The mean time that a hop takes, network and processing, as measured by the loop cover that came back lately. Zero before
	/// any came back.
	pub mean_hop_delay: Duration,
	/// Packets waiting to be forwarded.
	pub forward_queue_len: u64,
	/// Request and reply packets waiting in the previous session's authored queue.
	pub previous_authored_queue_len: u64,
	/// Request and reply packets waiting in the current session's authored queue.
	pub current_authored_queue_len: u64,
	/// Our requests that are neither answered nor failed.
	pub requests_pending: u64,
	/// Requests of others that wait for an answer or are remembered with it.
	pub replies_cached: u64,
	/// SURBs whose keys we keep.
	pub surbs_kept: u64,
	/// Gateways that were gone for too long, and whose places others took.
	pub gateways_replaced: u64,
	pub(crate) dropped: [u64; NUM_DROP_REASONS],
}

impl Default for Statistics {
	fn default() -> Self {
		Self {
			packets_received: 0,
			packets_accepted_to_forward: 0,
			packets_forwarded: 0,
			requests_delivered: 0,
			replies_delivered: 0,
			drop_cover_delivered: 0,
			loop_cover_returned: 0,
			loop_cover_late: 0,
			loop_cover_overdue: 0,
			loop_cover_authored: 0,
			drop_cover_authored: 0,
			requests_authored: 0,
			replies_authored: 0,
			ticks_awaiting_cover: 0,
			mean_hop_delay: Duration::ZERO,
			forward_queue_len: 0,
			previous_authored_queue_len: 0,
			current_authored_queue_len: 0,
			requests_pending: 0,
			replies_cached: 0,
			surbs_kept: 0,
			gateways_replaced: 0,
			dropped: [0; NUM_DROP_REASONS],
		}
	}
}

impl Statistics {
	/// How often something was dropped for `reason`.
	pub fn dropped(&self, reason: DropReason) -> u64 {
		self.dropped[reason as usize]
	}

	/// All drops with their reasons, those that never happened included.
	pub fn drops(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
		DropReason::ALL.iter().map(|reason| (*reason, self.dropped(*reason)))
	}

	/// All packets authored, whatever they carry.
	pub fn authored(&self) -> u64 {
		self.loop_cover_authored + self.drop_cover_authored + self.requests_authored + self.replies_authored
	}

	pub(crate) fn count_drop(&mut self, reason: DropReason) {
		self.count_drops(reason, 1);
	}

	pub(crate) fn count_drops(&mut self, reason: DropReason, times: u64) {
		self.dropped[reason as usize] += times;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn every_reason_has_a_counter_and_a_name_of_its_own() {
		let mut statistics = Statistics::default();
		for (index, reason) in DropReason::ALL.iter().enumerate() {
			assert_eq!(*reason as usize, index);
			statistics.count_drops(*reason, index as u64 + 1);
		}
		for (index, (reason, count)) in statistics.drops().enumerate() {
			assert_eq!(count, index as u64 + 1);
			assert_eq!(DropReason::ALL.iter().filter(|other| other.name() == reason.name()).count(), 1);
		}
	}
}
