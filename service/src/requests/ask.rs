//! The asker's side of a request type.

use mixnet_node_core::{HandlingDelay, PostError, RequestError};
use std::time::Duration;

/// A request that this node can send.
///
/// [`Handle::ask`](crate::handle::Handle::ask) sends it, and waits for the answer or for the reason why there is none.
pub trait Ask {
	/// What the caller gets from an answer.
	type Answer;

	/// Why the caller gets no answer, or does not believe the one that came.
	type Error: From<NoAnswer>;

	/// The request's bytes. The first one names the type. (PROTOCOL.md, section 10)
	fn encode(&self) -> Vec<u8>;

	/// The number of SURBs in each copy of the request. The destination can send as many packets in answer; what the
	/// answer does not need makes up for lost packets.
	fn surbs(&self) -> usize;

	/// How long the destination takes until it answers. The retry timer waits for that.
	fn handling_delay(&self) -> HandlingDelay;

	/// Should two mixnodes handle the request, because no answer can be verified? Then one that lies decides nothing: the
	/// other one is asked all the same.
	fn twice(&self) -> bool {
		false
	}

	/// What the caller is told if two mixnodes were asked, and neither gave an answer that is believed.
	fn neither(first: Self::Error, second: Self::Error) -> Self::Error {
		let _ = first;
		second
	}

	/// Reads and verifies an answer. It comes from a node that may lie.
	///
	/// Called in the caller's task and not in the event loop: it may take time.
	///
	/// # Errors
	/// The answer is a refusal, or cannot be read, or is not true.
	fn read(&self, answer: &[u8]) -> Result<Self::Answer, Self::Error>;
}

/// Why a request has no answer, whatever its type.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
	/// The service has ended, or has failed and is to start again, before or after the request was sent.
	#[error("the mixnet service has stopped; if it starts again by itself, this node's log says when")]
	Stopped,
	/// The request is too large to be sent through the mixnet in this session.
	#[error("the request is too large for the mixnet: it has {size} bytes, and {max} are the most")]
	TooLarge {
		/// Its size, in bytes.
		size: usize,
		/// The largest that can be sent, in bytes.
		max: usize,
	},
	/// The core did not take the request, and nothing of it was sent.
	#[error("not sent: {0}")]
	NotSent(PostError),
	/// As many requests wait as may, of all callers. Nothing of this one was sent.
	#[error("not sent: {limit} requests wait to be sent, which is the most; try again later")]
	LineFull {
		/// How many may wait.
		limit: usize,
	},
	/// The core took the request, but gave it up before it could send a packet of it.
	#[error("not sent: {0}; try again later")]
	GivenUp(RequestError),
	/// The request was sent, but no answer came. A destination may have handled it all the same.
	#[error("sent, but not answered: {0}")]
	NotAnswered(RequestError),
}

impl NoAnswer {
	/// After how long to try again, where waiting helps.
	///
	/// Always the same: a caller must not learn from it how much others have to send.
	pub fn retry_after(&self) -> Option<Duration> {
		matches!(self, Self::LineFull { .. }).then_some(Duration::from_secs(60))
	}
}
