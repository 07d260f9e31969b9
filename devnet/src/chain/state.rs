//! The chain and its mixnet, as of the last finalised block.

use super::rpc::Rpc;
use mixnet_primitives::{Mixnode, PeerId, RegisteredMixnode, SessionParameters, SessionStatus};
use mixnet_runtime::{BlockNumber, Hash};

/// What the chain said when it was last read.
#[derive(Clone, Debug)]
pub struct ChainState {
	/// Height of the best block.
	pub best: BlockNumber,
	/// Height of the last finalised block. Everything below is as of this block, as it is for the nodes.
	pub finalised: BlockNumber,
	/// Its hash.
	pub finalised_hash: Hash,
	/// The mixnet's session and phase.
	pub status: SessionStatus,
	/// The session's mixnodes. `None` if the session is resting.
	pub mixnodes: Option<Vec<Mixnode>>,
	/// What is registered for the next session, in the order of ranks.
	pub registrations: Vec<RegisteredMixnode>,
	/// The mixnet parameters of the current session and the next one.
	pub parameters: SessionParameters,
	/// The extrinsics of all blocks that were finalised since the chain was read before.
	pub extrinsics: Vec<Vec<u8>>,
}

impl ChainState {
	/// Is this peer a mixnode of the current session? `None` if the session is resting.
	pub fn is_mixnode(&self, peer_id: &PeerId) -> Option<bool> {
		self.mixnodes.as_ref().map(|mixnodes| mixnodes.iter().any(|mixnode| mixnode.peer_id == *peer_id))
	}

	/// Height, session and phase, and who mixes: two lines for people.
	pub fn lines(&self) -> [String; 2] {
		let elected = match &self.mixnodes {
			Some(mixnodes) => format!("{} mixnodes elected", mixnodes.len()),
			None => "mixnet rests".into(),
		};
		[
			format!(
				"block {} ({} final) | session {}, phase {} ({})",
				self.best, self.finalised, self.status.current_index, self.status.phase as u8, self.status.phase,
			),
			format!("{elected}, {} registered for the next session", self.registrations.len()),
		]
	}
}

/// Reads the chain again and again, without missing a block.
pub struct ChainReader {
	rpc: Rpc,
	next: BlockNumber,
}

impl ChainReader {
	/// Reads through this node, from the first block on.
	pub fn new(rpc: Rpc) -> Self {
		Self { rpc, next: 1 }
	}

	/// Reads the present state.
	pub async fn read(&mut self) -> anyhow::Result<ChainState> {
		let best = self.rpc.best().await?;
		let (finalised_hash, finalised) = self.rpc.finalised().await?;
		let mut extrinsics = Vec::new();
		while self.next <= finalised {
			let hash = self.rpc.block_hash(self.next).await?;
			extrinsics.extend(self.rpc.extrinsics(hash).await?);
			self.next += 1;
		}
		let status = self.rpc.session_status(finalised_hash).await?;
		Ok(ChainState {
			best,
			finalised,
			finalised_hash,
			status,
			mixnodes: self.rpc.mixnodes(status.current_index, finalised_hash).await?.ok(),
			registrations: self.rpc.next_registrations(finalised_hash).await?,
			parameters: self.rpc.parameters(finalised_hash).await?,
			extrinsics,
		})
	}
}
