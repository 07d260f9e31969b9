//! Requests and replies: what they say, how they are repeated, how they are remembered. (PROTOCOL.md, section 10)
//!
//! Packets get lost, and mixnodes cannot be trusted to answer. So a request is sent in copies. It is repeated if no answer
//! comes in the time that an answer takes at most, and sent to another destination if repeating does not help. The other
//! side therefore sees the same request several times. It handles it once, remembers its reply, and sends that again.
//!
//! - `codec`: the SCALE types of the requests that the Substrate Mix Network knows.
//! - `round_trip`: the estimate that the retry timer uses.
//! - `pending`: requests of ours, until they are answered or given up. `error`: why they were given up.
//! - `reply_cache`: other nodes' requests, while they are handled and for some time after.

mod codec;
mod error;
mod pending;
mod reply_cache;
mod round_trip;

pub use self::codec::{BadRequest, RemoteError, Reply, Request};
pub use crate::parameters::extrinsic_delay;
pub use error::RequestError;
pub use pending::{HandlingDelay, RequestId};
pub(crate) use pending::{Pending, PendingRequests, Stage};
pub use reply_cache::ReplyTo;
pub(crate) use reply_cache::{CachedReply, ReplyCache, Seen};
pub(crate) use round_trip::{queue_delay, QueueEnd, RouteMetrics};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
