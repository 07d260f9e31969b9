//! Why a request of ours was given up.

use crate::{RestingReason, SessionIndex};

/// Why a request was given up.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
	/// All destinations were tried, and none answered. The request may have been handled all the same.
	#[error("no destination replied")]
	NoReply,
	/// The mixnet rests in the session that new requests go to.
	#[error("the mixnet rests in session {session}: {reason}")]
	Resting {
		/// The session that new requests go to.
		session: SessionIndex,
		/// Why it rests.
		reason: RestingReason,
	},
	/// The mixnodes of the session that requests go to did not become known in time.
	#[error("the mixnodes are not known")]
	NotReady,
	/// We are not a mixnode, and no gateway got connected in time.
	#[error("not connected to any gateway mixnode")]
	NoConnectedGateways,
	/// We are not a mixnode, and for long no gateway was connected but the request's destination, which must not get it from us.
	#[error("the only connected gateway mixnode is the destination, which must not see who asks")]
	OnlyGateway,
	/// The session has too few mixnodes to send a request through.
	#[error("too few mixnodes")]
	TooFewMixnodes,
	/// The request is too large for the session that it would have to go to now.
	#[error("the request takes {fragments} fragments, {max} can be sent")]
	TooLarge {
		/// How many fragments it takes.
		fragments: usize,
		/// How many can be sent.
		max: usize,
	},
}
