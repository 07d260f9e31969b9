//! Registers this node as a mixnode of each next session.
//!
//! At every new best block it asks the chain what to do, for each key in the keystore that could be a registrant's: the
//! session keys of a validator, or the key of an operator. A node is one mixnode, so at most one of the keys registers it.
//! The registration is signed three times: by that key, in the keystore; by the secret of the key-exchange key, in the
//! core; and by the network's identity. So no secret leaves its place.
//!
//! - `choice`: chooses the registrant.
//! - `journal`: what the node's operator is told about registrations, each thing once.
//! - `published`: which addresses were registered, and whether they have changed since.
//! - `reachability`: asks others whether they can reach this node.
//! - `revisions`: chooses the revision, so that a node which was started again replaces what it had sent.

mod choice;
mod journal;
mod published;
mod reachability;
mod revisions;
#[cfg(test)]
mod tests;

use super::at_block::{AtBlock, Registrations, WithPool};
use crate::{config::Reach, handle::Handle, log_target::LOG_TARGET, network::addresses};
use codec::Encode;
use futures::StreamExt;
use journal::{Journal, Note};
use mixnet_primitives::{
	KxPublic, Mixnode, PeerId, Registrant, Registration, RegistrationAdvice, RegistrationError, RegistrationProofs,
	RegistrationStatus, SessionIndex, SubmitError,
};
use mixnet_runtime_api::MixnetApi;
use published::Published;
use reachability::AskingOthers;
pub use reachability::AskingParts;
use revisions::Revisions;
use sc_client_api::{BlockchainEvents, ImportNotifications};
use sc_network::{service::traits::NetworkSigner, NetworkStateInfo};
use sc_network_types::multiaddr::Multiaddr;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_consensus::SyncOracle;
use sp_core::{crypto::KeyTypeId, sr25519};
use sp_keystore::KeystorePtr;
use sp_runtime::{
	traits::{Block as BlockT, Header},
	Saturating,
};
use std::sync::Arc;
use tokio::{sync::watch, time::Instant};

/// The type of the keys by which mixnodes are registered: what pallet-mixnet's session keys have.
pub const KEY_TYPE: KeyTypeId = KeyTypeId(mixnet_primitives::KEY_TYPE);

/// Blocks to wait after a registration was sent, so that it can be included, before the next try.
const BLOCKS_BETWEEN_TRIES: u32 = 3;

/// The key to register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NextKey {
	/// The session that the key is for.
	pub session: SessionIndex,
	/// The public key.
	pub kx_public: KxPublic,
}

/// Why nothing was registered at a block although it was time to.
#[derive(Debug, thiserror::Error)]
enum StepError {
	#[error("the chain cannot be asked: {0}")]
	Api(#[from] ApiError),
	#[error("the key {0} cannot sign: {1}")]
	Registrant(Registrant, String),
	#[error("the session has begun, or the mixnet service has ended")]
	NoPossession,
	#[error("the network's identity cannot sign: {0}")]
	Peer(String),
	#[error("the transaction pool did not take it: it may have it already")]
	Pool,
}

/// What the registrar is made of.
pub struct RegistrarParts<H, N: ?Sized> {
	/// Hash of the chain's genesis block: all signatures are bound to it.
	pub genesis_hash: H,
	/// Has the registrants' keys.
	pub keystore: KeystorePtr,
	/// Knows this node's addresses, and signs with its identity.
	pub network: Arc<N>,
	/// This node's peer ID.
	pub peer_id: PeerId,
	/// Leads to the core, which proves possession of its keys.
	pub handle: Handle,
	/// The key to register, as the event loop publishes it.
	pub next_key: watch::Receiver<Option<NextKey>>,
}

/// Registers this node when it is time to.
pub struct Registrar<H, N: ?Sized> {
	parts: RegistrarParts<H, N>,
	journal: Journal,
	revisions: Revisions,
	published: Published,
	asking: AskingOthers,
	/// The addresses that this node knew of itself when none of them was usable.
	unusable: Option<Vec<Multiaddr>>,
}

impl<H: Encode + Sync, N: NetworkStateInfo + NetworkSigner + Send + Sync + ?Sized> Registrar<H, N> {
	/// A registrar that has not done anything yet.
	pub fn new(parts: RegistrarParts<H, N>, asking: AskingParts) -> Self {
		Self {
			journal: Journal::new(parts.peer_id),
			revisions: Revisions::default(),
			published: Published::default(),
			asking: AskingOthers::new(asking),
			unusable: None,
			parts,
		}
	}

	/// Does what is to be done at every new best block, until the client is gone; nothing while the node catches up.
	pub async fn run<B, C, S>(self, client: Arc<C>, pool: OffchainTransactionPoolFactory<B>, sync: Arc<S>)
	where
		B: BlockT,
		C: BlockchainEvents<B> + ProvideRuntimeApi<B> + Send + Sync,
		C::Api: MixnetApi<B>,
		S: SyncOracle + Send + Sync + ?Sized,
	{
		let imported = client.import_notification_stream();
		let at = |hash| WithPool { at: AtBlock { client: &*client, hash }, pool: &pool };
		self.run_at(imported, at, &*sync).await;
	}

	/// The same, for these blocks. `at` asks the chain at one of them.
	async fn run_at<B: BlockT, A: Registrations>(
		mut self,
		mut imported: ImportNotifications<B>,
		at: impl Fn(B::Hash) -> A,
		sync: &(impl SyncOracle + ?Sized),
	) {
		let mut not_before = 0u32.into();
		let mut failing = false;
		loop {
			let notification = tokio::select! {
				note = self.asking.found() => {
					note.iter().for_each(Note::log);
					continue;
				},
				notification = imported.next() => match notification {
					Some(notification) => notification,
					None => return,
				},
			};
			let number = *notification.header.number();
			if !notification.is_new_best || number < not_before || sync.is_major_syncing() {
				continue;
			}
			let block = at(notification.hash);
			match self.step(&block).await {
				Ok(tried) => {
					failing = false;
					if tried {
						not_before = number.saturating_add(BLOCKS_BETWEEN_TRIES.into());
					}
				},
				// Once, not at every block.
				Err(StepError::Api(error)) if !failing => {
					failing = true;
					log::warn!(
						target: LOG_TARGET,
						"Cannot ask the chain about registrations at block {number}: {error}. Trying again at every new block.",
					);
				},
				Err(error) => log::debug!(target: LOG_TARGET, "Did not register at block {number}: {error}"),
			}
		}
	}

	/// Does what is to be done at a block. Returns whether a registration was tried: the next try then has to wait.
	async fn step(&mut self, block: &impl Registrations) -> Result<bool, StepError> {
		let Some(next_key) = *self.parts.next_key.borrow() else { return Ok(false) };
		self.revisions.note_session(next_key.session);
		let mut statuses = Vec::new();
		for registrant in self.registrants() {
			let status = block.status(registrant, next_key.kx_public)?;
			if status.session_index != next_key.session {
				// A session has begun in the best chain. The core acts on finalised blocks, and has no key for the session
				// after that one yet.
				return Ok(false);
			}
			statuses.push((registrant, status));
		}
		self.journal.note(&statuses, &next_key.kx_public).iter().for_each(Note::log);
		if statuses.iter().any(|(_, status)| !matches!(status.advice, RegistrationAdvice::Missing(_))) {
			let external = self.parts.network.external_addresses();
			self.asking.look(block, next_key.session, &external, &self.parts.peer_id, Instant::now());
		}
		let was_registered = |registrant: &Registrant| self.journal.was_registered(next_key.session, registrant);
		let Some((registrant, least_revision)) = choice::choose(&statuses, &self.parts.peer_id, was_registered) else {
			return self.follow_addresses(block, next_key, &statuses).await;
		};
		self.register(block, next_key, registrant, least_revision).await
	}

	/// Replaces the registration of this node's key, if this node is to be found at other addresses now.
	async fn follow_addresses(
		&mut self,
		block: &impl Registrations,
		next_key: NextKey,
		statuses: &[(Registrant, RegistrationStatus)],
	) -> Result<bool, StepError> {
		let is_registered = |status: &RegistrationStatus| {
			let registered = status.registered.as_ref();
			let is_ours = registered.is_some_and(|registered| {
				(registered.peer_id, registered.kx_public) == (self.parts.peer_id, next_key.kx_public)
			});
			is_ours && status.advice == RegistrationAdvice::Registered
		};
		let Some((registrant, status)) = statuses.iter().find(|(_, status)| is_registered(status)) else {
			return Ok(false);
		};
		let external = self.parts.network.external_addresses();
		if !self.published.has_moved(next_key.session, *registrant, &external, &self.parts.peer_id) {
			return Ok(false);
		}
		log::info!(
			target: LOG_TARGET,
			"This node's addresses have changed: replacing its registration for session {}",
			next_key.session,
		);
		self.register(block, next_key, *registrant, status.revision).await
	}

	/// The keys by which this node may register, in ascending order.
	fn registrants(&self) -> Vec<Registrant> {
		let mut keys: Vec<_> =
			self.parts.keystore.sr25519_public_keys(KEY_TYPE).into_iter().map(|key| Registrant(key.0)).collect();
		keys.sort_unstable();
		keys
	}

	/// Registers this node, and tells the operator if the chain refuses it. Returns whether that was tried: without any
	/// address, it waits until one becomes known.
	///
	/// Whether the chain takes addresses of private networks, only the chain knows. So all are sent first. If it refuses
	/// them, only those that can be reached from the Internet are, if there are any.
	async fn register(
		&mut self,
		block: &impl Registrations,
		next_key: NextKey,
		registrant: Registrant,
		least_revision: u8,
	) -> Result<bool, StepError> {
		let session_index = next_key.session;
		let revision = self.revisions.next(session_index, registrant, least_revision);
		let external = self.parts.network.external_addresses();
		let published = |reach| addresses::published(&external, &self.parts.peer_id, reach);
		// Looked at once, since the log has a line for each that cannot be used.
		let mut addresses = if self.unusable.as_ref() == Some(&external) { Vec::new() } else { published(Reach::Any) };
		if addresses.is_empty() {
			if let Some(note) = self.journal.note_no_address(session_index, registrant) {
				note.log();
			}
			self.unusable = Some(external);
			return Ok(false);
		}
		let mut reach = Reach::Any;
		let send = |external_addresses| {
			let mixnode = Mixnode { kx_public: next_key.kx_public, peer_id: self.parts.peer_id, external_addresses };
			self.send(block, Registration { session_index, registrant, revision, mixnode })
		};
		let mut answer = send(addresses.clone()).await?;
		if answer == Err(SubmitError::Refused(RegistrationError::UnreachableAddress)) {
			let reachable = published(Reach::Internet);
			if !reachable.is_empty() {
				(addresses, reach) = (reachable, Reach::Internet);
				answer = send(addresses.clone()).await?;
			}
		}
		self.revisions.note_tried(session_index, registrant, least_revision, revision);
		match answer {
			Ok(()) => {
				self.published.note(session_index, registrant, addresses, reach);
				log::debug!(
					target: LOG_TARGET,
					"Sent revision {revision} of the registration for session {session_index} by the key {registrant}",
				);
				Ok(true)
			},
			// We have counted too far.
			Err(SubmitError::Refused(RegistrationError::TooManyRevisions)) if self.revisions.begin_anew() => Ok(true),
			Err(SubmitError::Refused(error)) => {
				if let Some(note) = self.journal.note_refusal(session_index, registrant, error) {
					note.log();
				}
				Ok(true)
			},
			Err(SubmitError::Pool) => Err(StepError::Pool),
		}
	}

	/// Signs a registration and sends it. Returns the chain's answer.
	async fn send(
		&self,
		block: &impl Registrations,
		registration: Registration,
	) -> Result<Result<(), SubmitError>, StepError> {
		let proofs = self.prove(&registration).await?;
		Ok(block.submit(registration, proofs)?)
	}

	/// Signs a registration three times.
	async fn prove(&self, registration: &Registration) -> Result<RegistrationProofs, StepError> {
		let Registration { registrant, session_index, mixnode, .. } = registration;
		let payload = registration.signing_payload(&self.parts.genesis_hash);
		let signed = self.parts.keystore.sr25519_sign(KEY_TYPE, &sr25519::Public::from(registrant.0), &payload);
		let signature = signed
			.map_err(|error| StepError::Registrant(*registrant, error.to_string()))?
			.ok_or_else(|| StepError::Registrant(*registrant, "it is not in the keystore any more".into()))?;
		let possession = self.parts.handle.prove_possession(*session_index, mixnode.kx_public, payload.clone()).await;
		let peer = self.parts.network.sign_with_local_identity(payload);
		let peer = peer.map_err(|error| StepError::Peer(error.to_string()))?.bytes;
		Ok(RegistrationProofs {
			registrant: signature.0,
			possession: possession.ok_or(StepError::NoPossession)?.into(),
			peer: peer.try_into().map_err(|peer: Vec<u8>| {
				StepError::Peer(format!("a signature of {} bytes is not Ed25519's", peer.len()))
			})?,
		})
	}
}
