//! From configuration to running tasks, in the order in which a node is put together.

use crate::{
	chain::{
		follower,
		registrar::{AskingParts, Registrar, RegistrarParts},
	},
	config::Config,
	event_loop::{Ended, EventLoop, EventLoopParts},
	handle::{Command, Handle},
	log_target::LOG_TARGET,
	network::{
		inbound,
		peer_control::ProtocolPeers,
		peer_id::to_mixnet_peer_id,
		protocol,
		reachability::{
			asker::ByNetwork,
			checker::{self, Checker, Questions},
		},
	},
	requests::{
		server::Server,
		submit_extrinsic::{ServeSubmissions, ToPool},
	},
	supervisor::{supervise, Kind, Lasting, Remembering, Run, Tasks},
	workers::Workers,
};
use futures::FutureExt;
use mixnet_node_core::{ConfigError, Mixnet};
use mixnet_runtime_api::MixnetApi;
use rand_core::OsRng;
use sc_client_api::BlockchainEvents;
use sc_network::{
	config::FullNetworkConfiguration,
	service::{traits::NetworkService, NotificationMetrics},
	NetworkBackend, NotificationService, ProtocolName,
};
use sc_transaction_pool_api::{LocalTransactionPool, OffchainTransactionPoolFactory, TransactionPool};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_consensus::SyncOracle;
use sp_core::traits::{SpawnEssentialNamed, SpawnNamed};
use sp_keystore::KeystorePtr;
use sp_runtime::traits::Block as BlockT;
use std::{io, sync::Arc};
use tokio::sync::{mpsc, watch, Mutex};

/// Commands that may wait for the event loop.
const COMMANDS: usize = 64;
/// Chain updates that may wait for the event loop.
const UPDATES: usize = 4;

/// The service before the network is built.
pub struct Prototype {
	config: Config,
	protocol_name: ProtocolName,
	ping_name: ProtocolName,
	reachability_name: ProtocolName,
	/// Others' questions whether they can be reached, if this node may become a mixnode.
	questions: Option<Questions>,
	notifications: Box<dyn NotificationService>,
	handle: Handle,
	commands: mpsc::Receiver<Command>,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
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
	/// The service's prototype. Adds its protocols to the configuration that the network is built with: that of packets, and those of
	/// two questions, whether a gateway lives, and whether a mixnode can be reached.
	///
	/// A chain whose runtime has no mixnet may get one: then the service waits, and says so.
	///
	/// # Errors
	/// The chain's runtime cannot be asked.
	pub fn new<B, N, C>(
		config: Config,
		client: &C,
		fork_id: Option<&str>,
		metrics: NotificationMetrics,
		network: &mut FullNetworkConfiguration<B, B::Hash, N>,
	) -> Result<Self, StartError>
	where
		B: BlockT,
		N: NetworkBackend<B, B::Hash>,
		C: ProvideRuntimeApi<B> + HeaderBackend<B>,
		C::Api: MixnetApi<B> + ApiExt<B>,
	{
		let info = client.info();
		if !client.runtime_api().has_api::<dyn MixnetApi<B>>(info.finalized_hash)? {
			log::warn!(
				target: LOG_TARGET,
				"--mixnet: the chain's runtime at the finalised block {} has no mixnet (the runtime API `MixnetApi` of \
				 pallet-mixnet); waiting until it has one",
				info.finalized_number,
			);
		}
		let protocol_name = protocol::name(info.genesis_hash.as_ref(), fork_id);
		let (protocol_config, notifications) =
			protocol::configuration::<B, N>(protocol_name.clone(), &config, metrics, network.peer_store_handle());
		network.add_notification_protocol(protocol_config);
		let ping_name = protocol::ping_name(&protocol_name);
		network.add_request_response_protocol(protocol::ping_configuration::<B, N>(ping_name.clone()));
		let reachability_name = protocol::reachability_name(&protocol_name);
		let (reachability_config, questions) =
			checker::configuration::<B, N>(reachability_name.clone(), config.register);
		network.add_request_response_protocol(reachability_config);
		let (handle, commands) = Handle::new(COMMANDS);
		Ok(Self { config, protocol_name, ping_name, reachability_name, questions, notifications, handle, commands })
	}

	/// Starts the service. `spawner` runs its tasks. If one of them panics, all are started anew; the one that does that is
	/// `essential`: it ends the node if the network stops, or, if so configured, with the first panic.
	///
	/// # Errors
	/// [`StartError`] says what the operator can do.
	#[allow(clippy::too_many_arguments)]
	pub fn start<B, C, P, S>(
		self,
		client: Arc<C>,
		pool: Arc<P>,
		keystore: KeystorePtr,
		network: Arc<dyn NetworkService>,
		sync: Arc<S>,
		spawner: impl SpawnNamed + 'static,
		essential: &impl SpawnEssentialNamed,
	) -> Result<Handle, StartError>
	where
		B: BlockT,
		C: BlockchainEvents<B> + ProvideRuntimeApi<B> + HeaderBackend<B> + Send + Sync + 'static,
		C::Api: MixnetApi<B> + ApiExt<B>,
		P: TransactionPool<Block = B> + LocalTransactionPool<Block = B> + 'static,
		S: SyncOracle + Send + Sync + 'static,
	{
		let Self { config, protocol_name, ping_name, reachability_name, questions, notifications, handle, commands } =
			self;
		let local = network.local_peer_id();
		let peer_id = to_mixnet_peer_id(&local).ok_or(StartError::PeerId(local))?;
		config.core.validate()?;
		let mut first_workers = Some(Workers::start(config.threads)?);

		let is_essential = config.essential;
		let lasting = Lasting {
			commands: Arc::new(Mutex::new(commands)),
			notifications: Arc::new(Mutex::new(Remembering::new(notifications))),
			gateways: Arc::default(),
		};
		let handle_for_registrar = handle.clone();
		// All that a run consists of is made here, and nothing of it outlives the run.
		let start = move |run: Run, tasks: &mut Tasks| -> Result<(), Ended> {
			let not_started = |error: StartError| Ended::NotStarted(error.to_string());
			// Randomness comes from the operating system. A generator of our own could reveal destroyed session keys if its
			// state leaked.
			let core =
				Mixnet::new(config.core.clone(), peer_id, OsRng, None).map_err(|error| not_started(error.into()))?;
			let workers = match first_workers.take() {
				Some(workers) => workers,
				None => Workers::start(config.threads).map_err(|error| not_started(error.into()))?,
			};
			log::info!(
				target: LOG_TARGET,
				"Unwrapping packets with {} threads; X25519 by {}",
				config.threads,
				core.backend(),
			);

			let (updates_sender, updates) = mpsc::channel(UPDATES);
			let (next_key_sender, next_key) = watch::channel(None);
			let (told, reachability) = watch::channel(Default::default());
			if config.register {
				let parts = RegistrarParts {
					genesis_hash: client.info().genesis_hash,
					keystore: keystore.clone(),
					network: network.clone(),
					peer_id,
					handle: handle_for_registrar.clone(),
					next_key,
				};
				let asker = ByNetwork {
					network: network.clone(),
					protocol: reachability_name.clone(),
					dialled: config.dialled,
				};
				let asking = AskingParts { asker: Arc::new(asker), dialled: config.dialled, told };
				let registrar = Registrar::new(parts, asking);
				let pool = OffchainTransactionPoolFactory::new(pool.clone());
				let registers = registrar.run(client.clone(), pool, sync.clone());
				tasks.spawn("mixnet-registrar", Kind::Blocking, registers.map(|()| Ended::Chain));
			}
			let follows = follower::follow(client.clone(), sync.clone(), updates_sender);
			tasks.spawn("mixnet-follower", Kind::Blocking, follows.map(|()| Ended::Chain));

			if let Some(questions) = &questions {
				let checker = Checker::new(questions.clone(), config.dialled);
				tasks.spawn("mixnet-reachability", Kind::Async, checker.run().map(|()| Ended::Network));
			}

			let peer_control =
				|| ProtocolPeers { network: network.clone(), protocol: protocol_name.clone(), ping: ping_name.clone() };
			let (inbound_sender, inbound) = inbound::channel(Box::new(peer_control()), config.inbound_peers);
			tasks.spawn("mixnet-inbound", Kind::Async, inbound_sender.run(run.notifications).map(|()| Ended::Network));

			let mut server = Server::default();
			server
				.add(ServeSubmissions::new(ToPool { client: client.clone(), pool: pool.clone() }), config.submissions);
			let event_loop = EventLoop::new(EventLoopParts {
				config: config.clone(),
				core,
				server,
				peer_control: Arc::new(peer_control()),
				inbound,
				workers,
				commands: run.commands,
				gateways: run.gateways,
				hung_up: handle_for_registrar.hung_up(),
				updates,
				next_key: next_key_sender,
				reachability,
				restarts: run.restarts,
			});
			tasks.spawn("mixnet", Kind::Async, event_loop.run());
			Ok(())
		};
		let supervised = supervise(lasting, Box::new(spawner), is_essential, start);
		essential.spawn_essential("mixnet-supervisor", Some("mixnet"), supervised.boxed());
		Ok(handle)
	}
}
