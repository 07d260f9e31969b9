//! Follows finality: which session it is, in which phase, who mixes, and by which parameters.

use crate::LOG_TARGET;
use futures::StreamExt;
use mixnet_primitives::{
	Mixnode, MixnodesError, Parameters, RelativeSession, SessionIndex, SessionParameters, SessionStatus,
};
use mixnet_runtime_api::MixnetApi;
use sc_client_api::BlockchainEvents;
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_consensus::SyncOracle;
use sp_runtime::traits::Block as BlockT;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::mpsc;

/// What does not change any more in a session that has begun.
#[derive(Debug)]
pub struct LiveSession {
	/// Which session.
	pub index: SessionIndex,
	/// Its parameters; `None` if the chain has none, so that the nodes' defaults count.
	pub parameters: Option<Parameters>,
	/// Its mixnodes, or why it has none.
	pub mixnodes: Result<Vec<Mixnode>, MixnodesError>,
}

/// What a finalised block said.
#[derive(Debug)]
pub struct Update {
	/// The session and its phase.
	pub status: SessionStatus,
	/// The live sessions that no earlier update had.
	pub sessions: Vec<LiveSession>,
}

/// The version of [`MixnetApi`] from which on a chain has parameters.
const PARAMETERS_SINCE: u32 = 2;

/// Sends an [`Update`] for every block that is finalised from now on, until the client or the receiver is gone.
///
/// Nothing is sent while the node catches up with the chain, nor for the block that was the last finalised one when it
/// started: it may be of long ago, and old sessions' mixnodes are of no use.
pub async fn follow<B, C, S>(client: Arc<C>, sync: Arc<S>, updates: mpsc::Sender<Update>)
where
	B: BlockT,
	C: BlockchainEvents<B> + ProvideRuntimeApi<B>,
	C::Api: MixnetApi<B> + ApiExt<B>,
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

/// Reads the state at block `hash`. Sessions in `known` are left out, those read are added to it.
fn read<B, C>(client: &C, hash: B::Hash, known: &mut BTreeSet<SessionIndex>) -> Result<Update, ApiError>
where
	B: BlockT,
	C: ProvideRuntimeApi<B>,
	C::Api: MixnetApi<B> + ApiExt<B>,
{
	let api = client.runtime_api();
	let status = api.session_status(hash)?;
	let is_new = |session: &RelativeSession| {
		let is_live = *session == RelativeSession::Current || status.phase.needs_previous();
		is_live && session.index(status.current_index).is_some_and(|index| !known.contains(&index))
	};
	let new: Vec<_> = RelativeSession::BOTH.into_iter().filter(is_new).collect();
	let parameters = if new.is_empty() { None } else { parameters(client, hash)? };
	let mut sessions = Vec::new();
	for session in new {
		let Some(index) = session.index(status.current_index) else { continue };
		let mixnodes = match session {
			RelativeSession::Previous => api.prev_mixnodes(hash)?,
			RelativeSession::Current => api.current_mixnodes(hash)?,
		};
		sessions.push(LiveSession { index, parameters: parameters.map(|all| *all.of(session)), mixnodes });
	}
	known.extend(sessions.iter().map(|session| session.index));
	*known = known.split_off(&status.current_index.saturating_sub(1));
	Ok(Update { status, sessions })
}

/// The sessions' parameters at block `hash`; `None` if its runtime is of before there were any.
fn parameters<B, C>(client: &C, hash: B::Hash) -> Result<Option<SessionParameters>, ApiError>
where
	B: BlockT,
	C: ProvideRuntimeApi<B>,
	C::Api: MixnetApi<B> + ApiExt<B>,
{
	let api = client.runtime_api();
	match api.api_version::<dyn MixnetApi<B>>(hash)? {
		Some(PARAMETERS_SINCE..) => api.parameters(hash).map(Some),
		_ => Ok(None),
	}
}
