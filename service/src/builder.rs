//! From configuration to running tasks, in the order in which a node is put together.

use crate::{
	chain::{
		follower,
		registrar::{Registrar, RegistrarParts},
	},
	config::Config,
	event_loop::{EventLoop, EventLoopParts},
	handle::{Command, Handle},
	log_target::LOG_TARGET,
	network::{inbound, peer_control::ProtocolPeers, peer_id::to_mixnet_peer_id, protocol},
	requests::{
		server::Server,
		submit_extrinsic::{ServeSubmissions, ToPool},
	},
	workers::Workers,
};
use futures::{future::BoxFuture, FutureExt};
use mixnet_node_core::{ConfigError, Mixnet};
use mixnet_runtime_api::MixnetApi;
use rand_core::OsRng;
use sc_client_api::BlockchainEvents;
use sc_network::{
	peer_store::PeerStoreProvider,
	service::{traits::NetworkService, NotificationMetrics},
	NetworkBackend, NotificationService, ProtocolName,
};
use sc_transaction_pool_api::{LocalTransactionPool, OffchainTransactionPoolFactory, TransactionPool};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_consensus::SyncOracle;
use sp_core::traits::SpawnEssentialNamed;
use sp_keystore::KeystorePtr;
use sp_runtime::traits::Block as BlockT;
use std::{io, sync::Arc};
use tokio::sync::{mpsc, watch};

/// Commands that may wait for the event loop.
const COMMANDS: usize = 64;
/// Chain updates that may wait for the event loop.
const UPDATES: usize = 4;

/// The service before the network is built.
pub struct Prototype {
	config: Config,
	protocol_name: ProtocolName,
	ping_name: ProtocolName,
	notifications: Box<dyn NotificationService>,
	handle: Handle,
	commands: mpsc::Receiver<Command>,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
	/// The chain's runtime has no mixnet.
	#[error(
		"--mixnet: the chain's runtime at finalised block {0} does not have the runtime API `MixnetApi`. Use a chain \
		 spec whose runtime includes pallet-mixnet, or start without --mixnet (if a later runtime has it, until the node \
		 has caught up)"
	)]
	NoRuntimeApi(String),
	/// The call into the runtime failed.
	#[error("--mixnet: cannot ask the chain's runtime: {0}")]
	Api(#[from] sp_api::ApiError),
	/// This node's peer ID is not an Ed25519 key, which every peer ID in the mixnet is.
	#[error("--mixnet: this node's peer ID {0} is not an Ed25519 key; use an Ed25519 node key")]
	PeerId(sc_network_types::PeerId),
	/// The core does not take its configuration.
	#[error("--mixnet: {0}")]
	Config(#[from] ConfigError),
	/// The operating system did not start a thread.
	#[error("--mixnet: cannot start the threads that unwrap packets (--mixnet-threads says how many): {0}")]
	Threads(#[from] io::Error),
}

impl Prototype {
	/// The service's prototype, and the configurations of its two protocols, which the network is built with: that of packets,
	/// and that of questions whether a gateway lives.
	///
	/// # Errors
	/// The chain has no mixnet. That is found out here, since the SDK's network panics when it is stopped while it starts.
	pub fn new<B, N, C>(
		config: Config,
		client: &C,
		fork_id: Option<&str>,
		metrics: NotificationMetrics,
		peer_store: Arc<dyn PeerStoreProvider>,
	) -> Result<(Self, N::NotificationProtocolConfig, N::RequestResponseProtocolConfig), StartError>
	where
		B: BlockT,
		N: NetworkBackend<B, B::Hash>,
		C: ProvideRuntimeApi<B> + HeaderBackend<B>,
		C::Api: MixnetApi<B> + ApiExt<B>,
	{
		let info = client.info();
		if !client.runtime_api().has_api::<dyn MixnetApi<B>>(info.finalized_hash)? {
			return Err(StartError::NoRuntimeApi(info.finalized_number.to_string()));
		}
		let protocol_name = protocol::name(info.genesis_hash.as_ref(), fork_id);
		let (protocol_config, notifications) =
			protocol::configuration::<B, N>(protocol_name.clone(), &config, metrics, peer_store);
		let ping_name = protocol::ping_name(&protocol_name);
		let ping_config = protocol::ping_configuration::<B, N>(ping_name.clone());
		let (handle, commands) = Handle::new(COMMANDS);
		let prototype = Self { config, protocol_name, ping_name, notifications, handle, commands };
		Ok((prototype, protocol_config, ping_config))
	}

	/// Starts the service's tasks. They are essential: if one ends, the node ends with it.
	///
	/// # Errors
	/// [`StartError`] says what the operator can do.
	pub fn start<B, C, P, S>(
		self,
		client: Arc<C>,
		pool: Arc<P>,
		keystore: KeystorePtr,
		network: Arc<dyn NetworkService>,
		sync: Arc<S>,
		spawner: &impl SpawnEssentialNamed,
	) -> Result<Handle, StartError>
	where
		B: BlockT,
		C: BlockchainEvents<B> + ProvideRuntimeApi<B> + HeaderBackend<B> + Send + Sync + 'static,
		C::Api: MixnetApi<B> + ApiExt<B>,
		P: TransactionPool<Block = B> + LocalTransactionPool<Block = B> + 'static,
		S: SyncOracle + Send + Sync + 'static,
	{
		let Self { mut config, protocol_name, ping_name, notifications, handle, commands } = self;
		let local = network.local_peer_id();
		let peer_id = to_mixnet_peer_id(&local).ok_or(StartError::PeerId(local))?;
		let session_0_secret = config.session_0_secret.take();
		// Randomness comes from the operating system. A generator of our own could reveal destroyed session keys if its
		// state leaked.
		let core = Mixnet::new(config.core.clone(), peer_id, OsRng, session_0_secret)?;
		let workers = Workers::start(config.threads)?;
		log::info!(
			target: LOG_TARGET,
			"Unwrapping packets with {} threads; X25519 by {}",
			config.threads,
			core.backend(),
		);

		let (updates_sender, updates) = mpsc::channel(UPDATES);
		let (next_key_sender, next_key) = watch::channel(None);
		if config.register {
			let registrar = Registrar::new(RegistrarParts {
				genesis_hash: client.info().genesis_hash,
				keystore,
				network: network.clone(),
				peer_id,
				handle: handle.clone(),
				next_key,
			});
			let pool = OffchainTransactionPoolFactory::new(pool.clone());
			spawn_blocking(spawner, "mixnet-registrar", registrar.run(client.clone(), pool, sync.clone()).boxed());
		}
		spawn_blocking(spawner, "mixnet-follower", follower::follow(client.clone(), sync, updates_sender).boxed());

		let (inbound_sender, inbound) = inbound::channel();
		spawner.spawn_essential("mixnet-inbound", Some("mixnet"), inbound_sender.run(notifications).boxed());

		let mut server = Server::default();
		server.add(ServeSubmissions::new(ToPool { client, pool }), config.submissions);
		let event_loop = EventLoop::new(EventLoopParts {
			config,
			core,
			server,
			peer_control: Box::new(ProtocolPeers { network, protocol: protocol_name, ping: ping_name }),
			inbound,
			workers,
			commands,
			updates,
			next_key: next_key_sender,
		});
		spawner.spawn_essential(
			"mixnet",
			Some("mixnet"),
			async move {
				let reason = event_loop.run().await;
				log::error!(target: LOG_TARGET, "The mixnet service has ended: {reason}");
			}
			.boxed(),
		);
		Ok(handle)
	}
}

fn spawn_blocking(spawner: &impl SpawnEssentialNamed, name: &'static str, task: BoxFuture<'static, ()>) {
	spawner.spawn_essential_blocking(
		name,
		Some("mixnet"),
		async move {
			task.await;
			log::error!(target: LOG_TARGET, "The mixnet service has ended: its task {name} stopped");
		}
		.boxed(),
	);
}
