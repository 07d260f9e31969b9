//! Registers this node as a mixnode of each next session.

use crate::LOG_TARGET;
use futures::StreamExt;
use mixnet_primitives::{KxPublic, Mixnode, PeerId, SessionIndex};
use mixnet_runtime_api::MixnetApi;
use sc_client_api::BlockchainEvents;
use sc_network::NetworkStateInfo;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_consensus::SyncOracle;
use sp_keystore::{KeystoreExt, KeystorePtr};
use sp_runtime::{
	traits::{Block as BlockT, Header},
	Saturating,
};
use std::sync::Arc;
use tokio::sync::watch;

/// After a registration was sent, blocks to give it to be included before the next try.
const BLOCKS_BETWEEN_TRIES: u32 = 3;
/// Most addresses that are published; other nodes try them all.
const MAX_ADDRESSES: usize = 8;

/// The key to register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NextKey {
	/// The current session; the key is for the one after it.
	pub current_session: SessionIndex,
	/// The public key.
	pub kx_public: KxPublic,
}

/// What the registrar works with.
pub struct Registrar<B: BlockT, C, N: ?Sized, S: ?Sized> {
	/// The client.
	pub client: Arc<C>,
	/// Where registrations go.
	pub pool: OffchainTransactionPoolFactory<B>,
	/// Where the session key is.
	pub keystore: KeystorePtr,
	/// Knows our addresses.
	pub network: Arc<N>,
	/// Knows whether we are still catching up.
	pub sync: Arc<S>,
	/// Our name.
	pub peer_id: PeerId,
	/// The key to register, as the core makes it known.
	pub next_key: watch::Receiver<Option<NextKey>>,
}

impl<B, C, N, S> Registrar<B, C, N, S>
where
	B: BlockT,
	C: BlockchainEvents<B> + ProvideRuntimeApi<B>,
	C::Api: MixnetApi<B>,
	N: NetworkStateInfo + ?Sized,
	S: SyncOracle + ?Sized,
{
	/// Tries at every new best block, until the client is gone.
	pub async fn run(self) {
		let mut imported = self.client.import_notification_stream();
		let mut not_before = 0u32.into();
		while let Some(notification) = imported.next().await {
			let number = *notification.header.number();
			if !notification.is_new_best || number < not_before || self.sync.is_major_syncing() {
				continue;
			}
			let Some(next_key) = *self.next_key.borrow() else { continue };
			match self.try_register(notification.hash, next_key) {
				Ok(true) => {
					log::debug!(
						target: LOG_TARGET,
						"Sent a registration for session {} at block {number}",
						next_key.current_session.saturating_add(1),
					);
					not_before = number.saturating_add(BLOCKS_BETWEEN_TRIES.into());
				},
				Ok(false) => (),
				Err(error) => log::debug!(target: LOG_TARGET, "Cannot register at block {number}: {error}"),
			}
		}
	}

	fn try_register(&self, at: B::Hash, next_key: NextKey) -> Result<bool, sp_api::ApiError> {
		let mut addresses: Vec<_> =
			self.network.external_addresses().into_iter().map(|address| address.to_string().into_bytes()).collect();
		if addresses.len() > MAX_ADDRESSES {
			log::debug!(target: LOG_TARGET, "Publishing {MAX_ADDRESSES} of {} external addresses", addresses.len());
			addresses.truncate(MAX_ADDRESSES);
		}
		let mixnode = Mixnode { kx_public: next_key.kx_public, peer_id: self.peer_id, external_addresses: addresses };

		let mut api = self.client.runtime_api();
		api.register_extension(KeystoreExt(self.keystore.clone()));
		api.register_extension(self.pool.offchain_transaction_pool(at));
		api.maybe_register(at, next_key.current_session, mixnode)
	}
}
