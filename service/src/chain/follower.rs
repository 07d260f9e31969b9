//! Follows finality: tells the event loop the session, its phase, its mixnodes and its parameters.

use super::at_block::{AtBlock, Sessions};
use crate::log_target::LOG_TARGET;
use futures::StreamExt;
use mixnet_node_core::ChainSession;
use mixnet_primitives::{RelativeSession, SessionIndex, SessionStatus};
use mixnet_runtime_api::MixnetApi;
use sc_client_api::BlockchainEvents;
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_consensus::SyncOracle;
use sp_runtime::traits::Block as BlockT;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::mpsc;

/// The mixnet's state in a finalised block.
#[derive(Debug)]
pub struct Update {
	/// The current session and its phase.
	pub status: SessionStatus,
	/// The live sessions that were in no earlier update.
	pub sessions: Vec<ChainSession>,
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
	let mut known = BTreeSet::new();
	let mut failing = false;
	while let Some(notification) = finalised.next().await {
		if sync.is_major_syncing() {
			continue;
		}
		let hash = notification.hash;
		match read(&AtBlock { client: &*client, hash }, &mut known) {
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
						"Cannot read the mixnet's state at block {hash:?}: {error}. Trying again at every finalised block.",
					);
				}
				failing = true;
			},
		}
	}
}

/// Reads the mixnet's state at a block. Sessions in `known` are left out; those that were read are added to it.
fn read(block: &impl Sessions, known: &mut BTreeSet<SessionIndex>) -> Result<Update, ApiError> {
	let status = block.status()?;
	let is_new = |session: &RelativeSession| {
		let is_live = *session == RelativeSession::Current || status.phase.needs_previous();
		is_live && session.index(status.current_index).is_some_and(|index| !known.contains(&index))
	};
	let new: Vec<_> = RelativeSession::BOTH.into_iter().filter(is_new).collect();
	let parameters = if new.is_empty() { None } else { block.parameters()? };
	let mut sessions = Vec::new();
	for session in new {
		let Some(index) = session.index(status.current_index) else { continue };
		let mixnodes = block.mixnodes(session)?;
		let parameters = parameters.map(|all| *all.of(session));
		sessions.push(ChainSession::new(index, mixnodes).with_parameters(parameters));
	}
	known.extend(sessions.iter().map(|session| session.index));
	*known = known.split_off(&status.current_index.saturating_sub(1));
	Ok(Update { status, sessions })
}

#[cfg(test)]
mod tests {
	use super::*;
	use mixnet_primitives::{Mixnode, MixnodesError, Parameters, SessionParameters, SessionPhase};
	use std::cell::Cell;

	/// A chain that says what it is told to.
	struct Chain {
		status: SessionStatus,
		parameters: Option<SessionParameters>,
		/// Whether it fails to list the mixnodes of the current session.
		is_failing: Cell<bool>,
	}

	impl Sessions for Chain {
		fn status(&self) -> Result<SessionStatus, ApiError> {
			Ok(self.status)
		}

		fn parameters(&self) -> Result<Option<SessionParameters>, ApiError> {
			Ok(self.parameters)
		}

		fn mixnodes(&self, session: RelativeSession) -> Result<Result<Vec<Mixnode>, MixnodesError>, ApiError> {
			match session {
				RelativeSession::Current if self.is_failing.get() => Err(ApiError::Application("not now".into())),
				RelativeSession::Previous => Ok(Err(MixnodesError::InsufficientRegistrations { num: 1, min: 2 })),
				RelativeSession::Current => Ok(Ok(Vec::new())),
			}
		}
	}

	fn parameters(hops: u8) -> Parameters {
		Parameters { hops, ..Parameters::default() }
	}

	fn chain(current_index: SessionIndex, phase: SessionPhase) -> Chain {
		let of_sessions = SessionParameters { previous: parameters(2), current: parameters(3), next: parameters(4) };
		Chain {
			status: SessionStatus { current_index, phase },
			parameters: Some(of_sessions),
			is_failing: Cell::new(false),
		}
	}

	/// The sessions that an update tells of, with their parameters.
	fn told(block: &Chain, known: &mut BTreeSet<SessionIndex>) -> Vec<(SessionIndex, Option<Parameters>)> {
		let update = read(block, known).expect("the chain answers");
		assert_eq!(update.status, block.status);
		for session in &update.sessions {
			assert_eq!(session.mixnodes.is_ok(), session.index == update.status.current_index);
		}
		update.sessions.iter().map(|session| (session.index, session.parameters)).collect()
	}

	#[test]
	fn a_session_is_told_once_with_its_own_parameters() {
		let mut known = BTreeSet::new();
		let first = chain(7, SessionPhase::RequestsToCurrent);
		let both = [(6, Some(parameters(2))), (7, Some(parameters(3)))];
		assert_eq!(told(&first, &mut known), both);
		assert_eq!(told(&first, &mut known), []);
		assert_eq!(told(&chain(8, SessionPhase::CoverToCurrent), &mut known), [(8, Some(parameters(3)))]);
		// A previous session that is over is of no interest, and session 0 has no previous one.
		assert_eq!(told(&chain(20, SessionPhase::DisconnectFromPrev), &mut known), [(20, Some(parameters(3)))]);
		assert_eq!(told(&chain(0, SessionPhase::CoverToCurrent), &mut BTreeSet::new()), [(0, Some(parameters(3)))]);
	}

	#[test]
	fn a_chain_that_has_no_parameters_yet_tells_none() {
		let old = Chain { parameters: None, ..chain(7, SessionPhase::CoverToCurrent) };
		assert_eq!(told(&old, &mut BTreeSet::new()), [(6, None), (7, None)]);
	}

	#[test]
	fn a_session_that_could_not_be_read_is_asked_for_again() {
		let mut known = BTreeSet::new();
		let failing = chain(7, SessionPhase::CoverToCurrent);
		failing.is_failing.set(true);
		assert!(read(&failing, &mut known).is_err());
		failing.is_failing.set(false);
		assert_eq!(told(&failing, &mut known).len(), 2);
	}
}
