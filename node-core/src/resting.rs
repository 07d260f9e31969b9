//! Why the mixnet rests in a session.

use mixnet_primitives::MixnodesError;

/// Why the mixnet rests in a live session: we neither send nor forward anything in it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestingReason {
	/// The chain has no mixnodes for it.
	#[error("{0}")]
	Mixnodes(MixnodesError),
	/// The chain has more mixnodes for it than packets can name.
	#[error("{num} mixnodes, packets can name {max}")]
	TooManyMixnodes {
		/// How many the chain has.
		num: usize,
		/// How many packets can name.
		max: usize,
	},
	/// The chain has told nothing for so long that its keys were destroyed, although nobody knows whether it is over.
	#[error("the chain has finalised no block for too long")]
	Stalled,
	/// We are not among its mixnodes, and our configuration wants no part in such sessions.
	#[error("not a mixnode, and configured to take part as a mixnode only")]
	NotMixnode,
}
