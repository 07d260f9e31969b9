//! The destination's side of a request type.

use futures::future::BoxFuture;
use mixnet_node_core::ReplyTo;
use std::time::Duration;

/// A type of request that this node serves.
///
/// The [`Server`](super::server::Server) calls it, and sees to what all types have in common: how many requests may wait
/// and be worked at, the tasks that work, the encoding of errors, the counters.
pub trait Serve: Send {
	/// The first byte of requests of this type. (PROTOCOL.md, section 10)
	fn index(&self) -> u8;

	/// What one of these requests is about, in snake case: its name in logs and counters.
	fn name(&self) -> &'static str;

	/// Reads a request (`body` has no first byte any more) and says what is to be done about it.
	///
	/// Called in the event loop: it must be quick, and start nothing. Anybody can send anything: it must not panic, nor
	/// allocate much more than the size of `body`.
	///
	/// # Errors
	/// `body` is malformed; the asker is told so, in these words.
	fn take(&self, body: &[u8], reply_to: &ReplyTo) -> Result<Job, String>;
}

/// What is to be done about a request.
pub struct Job {
	/// Delay before the work starts.
	pub delay: Duration,
	/// The work, in a task of its own once the delay is over. If it panics, the asker is told that this node has failed.
	/// What blocks, or computes for long, belongs on a thread for such work.
	///
	/// Gives the answer as it is sent, or the words in which the asker is told why there is none.
	pub work: BoxFuture<'static, Result<Vec<u8>, String>>,
}
