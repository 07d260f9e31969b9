//! Events: what the driver should know.

use crate::{
	bytes::{list, sum, POINTER},
	loops::Alarm,
	message::MessageId,
	request::{ReplyTo, RequestError, RequestId},
	sphinx::SURB_SIZE,
	PeerId, RestingReason, SessionIndex, SessionStatus,
};
use alloc::vec::Vec;
use core::time::Duration;

/// Something that the driver should know.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
	/// A new request of another node. Hand `reply_to` back with [`Mixnet::post_reply`](crate::Mixnet::post_reply) or
	/// [`Mixnet::abandon_request`](crate::Mixnet::abandon_request); until then repeats of the request are ignored.
	Request {
		/// Chosen by the source, which may be anyone.
		message_id: MessageId,
		/// The request's data.
		data: Vec<u8>,
		/// Lets the driver reply.
		reply_to: ReplyTo,
	},
	/// A request of ours was answered. The destination may lie: whether the answer is true is for the driver to check.
	RequestAnswered {
		/// As [`Mixnet::post_request`](crate::Mixnet::post_request) returned it.
		id: RequestId,
		/// The mixnode that was asked; none if its session is over.
		destination: Option<PeerId>,
		/// The reply's data.
		data: Vec<u8>,
		/// Time since the request was posted.
		round_trip: Duration,
	},
	/// A request of ours was given up.
	RequestFailed {
		/// As [`Mixnet::post_request`](crate::Mixnet::post_request) returned it.
		id: RequestId,
		/// Why it was given up.
		error: RequestError,
		/// Did any packet of it leave us? If so, the destination may have handled it; if not, nobody knows of it.
		sent: bool,
	},
	/// Ask [`Mixnet::reserved_peers`](crate::Mixnet::reserved_peers) again.
	ReservedPeersChanged,
	/// The session status changed.
	SessionChanged(SessionStatus),
	/// The mixnet rests in a live session.
	SessionResting {
		/// The session that it rests in.
		session: SessionIndex,
		/// Why it rests.
		reason: RestingReason,
	},
	/// Our loop cover or our connections show that packets get lost, or are blocked or held back.
	/// [`Mixnet::loop_report`](crate::Mixnet::loop_report) has more.
	LoopAlarm {
		/// The session that the loops belong to.
		session: SessionIndex,
		/// What they show.
		alarm: Alarm,
	},
}

impl Event {
	/// The most bytes of heap of this many queued requests, each with this many bytes of data and SURBs.
	///
	/// They are put together fragment by fragment, so they may take up to twice the size of the data. SURBs take less than
	/// the data that there could be in their place.
	pub(crate) fn max_bytes(requests: usize, max_data: usize) -> usize {
		const _: () = assert!(SURB_SIZE + 2 * POINTER < 2 * SURB_SIZE);
		let request = max_data.saturating_mul(2).saturating_add(4 * POINTER);
		sum([requests.saturating_mul(request), list(requests, size_of::<Self>())])
	}
}
