//! The chain as we see it, through the ordinary node.

use super::rpc::Rpc;
use mixnet_primitives::{Mixnode, PeerId, RegisteredMixnode, SessionParameters, SessionStatus};
use mixnet_runtime::{BlockNumber, Hash};

/// What we saw when we last looked.
#[derive(Clone, Debug)]
pub struct Sight {
	/// Height of the best block.
	pub best: BlockNumber,
	/// Height of the last finalised block.
	pub finalised: BlockNumber,
	/// Its hash.
	pub finalised_hash: Hash,
	/// The mixnet's session and phase, as of the last finalised block: that is what the nodes act on.
	pub status: SessionStatus,
	/// How many mixnodes the session has; none while the mixnet rests.
	pub elected: Option<usize>,
	/// The session's mixnodes; none while the mixnet rests.
	pub mixnodes: Vec<Mixnode>,
	/// What is registered for the next session, in the order of ranks.
	pub registrations: Vec<RegisteredMixnode>,
	/// The parameters of the sessions.
	pub parameters: SessionParameters,
	/// The extrinsics of all blocks that were finalised since the last look.
	pub extrinsics: Vec<Vec<u8>>,
}

impl Sight {
	/// Is this peer a mixnode of the current session? `None` while the mixnet rests.
	pub fn elected_peer(&self, peer_id: &PeerId) -> Option<bool> {
		self.elected.map(|_| self.mixnodes.iter().any(|mixnode| mixnode.peer_id == *peer_id))
	}
}

/// Looks at the chain again and again, without missing a block.
pub struct Watch {
	rpc: Rpc,
	next: BlockNumber,
}

impl Watch {
	/// Looks through this node, from the first block on.
	pub fn new(rpc: Rpc) -> Self {
		Self { rpc, next: 1 }
	}

	/// Looks now.
	pub async fn look(&mut self) -> anyhow::Result<Sight> {
		let best = self.rpc.best().await?;
		let (finalised_hash, finalised) = self.rpc.finalised().await?;
		let mut extrinsics = Vec::new();
		while self.next <= finalised {
			let hash = self.rpc.block_hash(self.next).await?;
			extrinsics.extend(self.rpc.extrinsics(hash).await?);
			self.next += 1;
		}
		let mixnodes = self.rpc.current_mixnodes(finalised_hash).await?.ok();
		Ok(Sight {
			best,
			finalised,
			finalised_hash,
			status: self.rpc.session_status(finalised_hash).await?,
			elected: mixnodes.as_ref().map(Vec::len),
			mixnodes: mixnodes.unwrap_or_default(),
			registrations: self.rpc.next_registrations(finalised_hash).await?,
			parameters: self.rpc.parameters(finalised_hash).await?,
			extrinsics,
		})
	}
}
