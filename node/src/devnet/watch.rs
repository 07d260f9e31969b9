//! The chain as we see it, through the ordinary node.

use super::rpc::Rpc;
use mixnet_primitives::SessionStatus;
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
	/// How many mixnodes are registered for the next session.
	pub registered: u32,
	/// The extrinsics of all blocks that were finalised since the last look.
	pub extrinsics: Vec<Vec<u8>>,
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
		Ok(Sight {
			best,
			finalised,
			finalised_hash,
			status: self.rpc.session_status(finalised_hash).await?,
			elected: self.rpc.current_mixnodes(finalised_hash).await?.ok().map(|mixnodes| mixnodes.len()),
			registered: self.rpc.registered(finalised_hash).await?,
			extrinsics,
		})
	}
}
