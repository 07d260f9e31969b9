//! Follows finality: tells the event loop the session, its phase, its mixnodes and its parameters.

#[cfg(test)]
mod tests;

use super::at_block::{AtBlock, Sessions};
use crate::log_target::LOG_TARGET;
use futures::StreamExt;
use mixnet_node_core::ChainSession;
use mixnet_primitives::{
	list_reader::{BadPage, ListReader, Progress},
	Mixnode, MixnodesError, RelativeSession, SessionIndex, SessionStatus,
};
use mixnet_runtime_api::MixnetApi;
use sc_client_api::BlockchainEvents;
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_consensus::SyncOracle;
use sp_runtime::traits::Block as BlockT;
use std::{collections::BTreeSet, fmt::Debug, sync::Arc};
use tokio::sync::mpsc;

/// The mixnet's state in a finalised block.
#[derive(Debug)]
pub struct Update {
	/// The current session and its phase.
	pub status: SessionStatus,
	/// The live sessions that were in no earlier update.
	pub sessions: Vec<ChainSession>,
}

/// Why the mixnet's state could not be read, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
	/// A call into the runtime failed.
	#[error(transparent)]
	Api(#[from] ApiError),
	/// The pages that the chain gave out are no list of mixnodes.
	#[error("the mixnodes of session {session}: {reason}")]
	List {
		/// The session.
		session: SessionIndex,
		/// What is wrong with them.
		reason: BadPage,
	},
}

/// Sends an [`Update`] for every block that is finalised from now on, until the client or the receiver is gone.
///
/// Sends nothing while the node catches up with the chain, and nothing for the block that was the last finalised one when
/// the node started. That block may be old, and the mixnodes of old sessions are of no use.
pub async fn follow<B, C, S>(client: Arc<C>, sync: Arc<S>, updates: mpsc::Sender<Update>)
where
	B: BlockT,
	C: BlockchainEvents<B> + ProvideRuntimeApi<B>,
	C::Api: MixnetApi<B> + ApiExt<B>,
	S: SyncOracle + ?Sized,
{
	let mut finalised = client.finality_notification_stream();
	let mut follower = Follower::default();
	while let Some(notification) = finalised.next().await {
		if sync.is_major_syncing() {
			continue;
		}
		let at = AtBlock { client: &*client, hash: notification.hash };
		if let Some(update) = follower.step(&at, &notification.hash) {
			if updates.send(update).await.is_err() {
				return;
			}
		}
	}
}

/// What was read and said so far.
#[derive(Default)]
struct Follower {
	/// The sessions that were read.
	known: BTreeSet<SessionIndex>,
	/// Could the state at the latest block not be read? It is said once, not at every block.
	failing: bool,
	/// Had the runtime no mixnet at the latest block?
	absent: bool,
}

impl Follower {
	/// What is new at a finalised block; `None` if there is no mixnet, or if it cannot be read.
	fn step(&mut self, block: &impl Sessions, hash: &impl Debug) -> Option<Update> {
		let (update, failure) = match block.has_mixnet() {
			Ok(true) => match read(block, &mut self.known) {
				Ok((update, failure)) => (Some(update), failure),
				Err(error) => (None, Some(error.into())),
			},
			Ok(false) => {
				if !self.absent {
					log::warn!(
						target: LOG_TARGET,
						"The chain's runtime at block {hash:?} has no mixnet (the runtime API `MixnetApi` of pallet-mixnet). \
						 Waiting until it has one. If it never will, start without --mixnet, or with another chain spec",
					);
				}
				self.absent = true;
				return None;
			},
			Err(error) => (None, Some(error.into())),
		};
		if update.is_some() && std::mem::take(&mut self.absent) {
			log::info!(target: LOG_TARGET, "The chain's runtime has a mixnet now");
		}
		if let (Some(error), false) = (&failure, self.failing) {
			log::warn!(
				target: LOG_TARGET,
				"Cannot read the mixnet's state at block {hash:?}: {error}. Trying again at every finalised block.",
			);
		}
		self.failing = failure.is_some();
		update
	}
}

/// Reads the mixnet's state at a block. Sessions in `known` are left out; those that were read are added to it.
///
/// A session that cannot be read does not keep the event loop from the rest. Without the status, phases would not
/// change, and keys would outlive their sessions. So it is left out, and asked for again at the next block.
fn read(block: &impl Sessions, known: &mut BTreeSet<SessionIndex>) -> Result<(Update, Option<ReadError>), ApiError> {
	let status = block.status()?;
	let mut sessions = Vec::new();
	let mut failure = None;
	for session in RelativeSession::BOTH {
		let is_live = session == RelativeSession::Current || status.phase.needs_previous();
		let Some(index) = session.index(status.current_index).filter(|_| is_live) else { continue };
		if known.contains(&index) {
			continue;
		}
		match read_session(block, session, index) {
			Ok(session) => {
				known.insert(index);
				sessions.push(session);
			},
			Err(error) => failure = Some(error),
		}
	}
	*known = known.split_off(&status.current_index.saturating_sub(1));
	Ok((Update { status, sessions }, failure))
}

/// Reads a session: its parameters, if the chain has any, and its mixnodes.
fn read_session(
	block: &impl Sessions,
	session: RelativeSession,
	index: SessionIndex,
) -> Result<ChainSession, ReadError> {
	let parameters = block.parameters()?.map(|all| *all.of(session));
	let mixnodes = if block.has_pages()? { read_by_page(block, index)? } else { block.all_mixnodes(session)? };
	Ok(ChainSession::new(index, mixnodes).with_parameters(parameters))
}

/// Reads a session's mixnodes, or why it has none, by page. The pages are of one list, since all are read at one block.
fn read_by_page(
	block: &impl Sessions,
	session: SessionIndex,
) -> Result<Result<Vec<Mixnode>, MixnodesError>, ReadError> {
	let mut reader = ListReader::default();
	loop {
		let (start, count) = reader.next_page();
		let page = block.mixnodes_page(session, start, count)?;
		match reader.take(page).map_err(|reason| ReadError::List { session, reason })? {
			Progress::Unfinished(rest) => reader = rest,
			Progress::Finished(list) => return Ok(list),
		}
	}
}
