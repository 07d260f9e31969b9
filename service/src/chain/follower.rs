//! Follows finality: which session it is, in which phase, and who mixes.

use crate::LOG_TARGET;
use futures::StreamExt;
use mixnet_primitives::{Mixnode, MixnodesError, RelativeSession, SessionIndex, SessionStatus};
use mixnet_runtime_api::MixnetApi;
use sc_client_api::BlockchainEvents;
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_consensus::SyncOracle;
use sp_runtime::traits::Block as BlockT;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::mpsc;

/// A session's mixnodes, or why it has none.
pub type MixnodesOfSession = (SessionIndex, Result<Vec<Mixnode>, MixnodesError>);

/// What a finalised block said.
#[derive(Debug)]
pub struct Update {
	/// The session and its phase.
	pub status: SessionStatus,
	/// The mixnodes of the live sessions that no earlier update had.
	pub mixnodes: Vec<MixnodesOfSession>,
}

/// Sends an [`Update`] for every block that is finalised from now on, until the client or the receiver is gone.
///
/// Nothing is sent while the node catches up with the chain, nor for the block that was the last finalised one when it
/// started: it may be of long ago, and old sessions' mixnodes are of no use.
pub async fn follow<B, C, S>(client: Arc<C>, sync: Arc<S>, updates: mpsc::Sender<Update>)
where
	B: BlockT,
	C: BlockchainEvents<B> + ProvideRuntimeApi<B>,
	C::Api: MixnetApi<B>,
	S: SyncOracle + ?Sized,
{
	let mut finalised = client.finality_notification_stream();
	let mut known = BTreeSet::new();
	let mut failing = false;
	while let Some(notification) = finalised.next().await {
		if sync.is_major_syncing() {
			continue;
		}
		let hash = notification.hash;
		match read(&*client, hash, &mut known) {
			Ok(update) => {
				failing = false;
				if updates.send(update).await.is_err() {
					return;
				}
			},
			Err(error) => {
				// Once, not at every block.
				if !failing {
					log::warn!(
						target: LOG_TARGET,
						"Cannot read the mixnet's state at block {hash:?}: {error}. Trying again at every block.",
					);
				}
				failing = true;
			},
		}
	}
}

/// Reads the state at block `hash`. Mixnodes of sessions in `known` are left out, those read are added to it.
fn read<B, C>(client: &C, hash: B::Hash, known: &mut BTreeSet<SessionIndex>) -> Result<Update, ApiError>
where
	B: BlockT,
	C: ProvideRuntimeApi<B>,
	C::Api: MixnetApi<B>,
{
	let api = client.runtime_api();
	let status = api.session_status(hash)?;
	let mut mixnodes = Vec::new();
	for session in RelativeSession::BOTH {
		let Some(index) = session.index(status.current_index) else { continue };
		if known.contains(&index) || (session == RelativeSession::Previous && !status.phase.needs_previous()) {
			continue;
		}
		mixnodes.push((
			index,
			match session {
				RelativeSession::Previous => api.prev_mixnodes(hash)?,
				RelativeSession::Current => api.current_mixnodes(hash)?,
			},
		));
	}
	known.extend(mixnodes.iter().map(|(index, _)| *index));
	*known = known.split_off(&status.current_index.saturating_sub(1));
	Ok(Update { status, mixnodes })
}
