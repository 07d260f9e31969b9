//! A mixnode on a real network: all that the service consists of, but for the chain and the transaction pool.

use crate::{
	chain::follower::Update,
	config::{Config, Reach},
	event_loop::{EventLoop, EventLoopParts},
	handle::Handle,
	network::{inbound, peer_control::ProtocolPeers, peer_id::to_mixnet_peer_id, protocol},
	requests::server::Server,
	status::Status,
	workers::Workers,
};
use litep2p::types::multiaddr::{Multiaddr, Protocol};
use mixnet_node_core::{ChainSession, KxSecret, Mixnet, SessionPhase, SessionStatus};
use mixnet_primitives::{Mixnode, Parameters, PeerId};
use rand_core::OsRng;
use sc_network::{
	config::{FullNetworkConfiguration, NetworkConfiguration, Params, PeerStore, ProtocolId, Role, SetConfig},
	service::traits::NetworkService,
	Litep2pNetworkBackend, NetworkBackend, NotificationMetrics, NotificationService, ProtocolName,
};
use sp_core::H256;
use sp_runtime::{generic, traits::BlakeTwo256, OpaqueExtrinsic};
use std::{num::NonZeroUsize, sync::Arc};
use tokio::{
	runtime::Runtime,
	sync::{mpsc, watch},
};

type Block = generic::Block<generic::Header<u32, BlakeTwo256>, OpaqueExtrinsic>;

/// The network of a node that does not mix yet. It has threads of its own, as if it was in a process of its own.
pub struct Network {
	runtime: Runtime,
	config: Config,
	network: Arc<dyn NetworkService>,
	protocol: ProtocolName,
	ping: ProtocolName,
	notifications: Box<dyn NotificationService>,
	/// Nobody speaks it here, but the network cannot do without.
	block_announcements: Box<dyn NotificationService>,
}

/// A mixnode.
pub struct Node {
	handle: Handle,
	/// The way of the chain to the event loop, which ends when it is dropped.
	_updates: mpsc::Sender<Update>,
	_block_announcements: Box<dyn NotificationService>,
	/// Always there until it is dropped.
	runtime: Option<Runtime>,
}

impl Drop for Node {
	fn drop(&mut self) {
		// To wait for it is forbidden where the test runs.
		if let Some(runtime) = self.runtime.take() {
			runtime.shutdown_background();
		}
	}
}

impl Network {
	/// Starts a network on a free port.
	pub fn start() -> Self {
		let runtime = tokio::runtime::Builder::new_multi_thread()
			.worker_threads(2)
			.enable_all()
			.build()
			.expect("there are threads; qed");
		let _guard = runtime.enter();
		// As the builder does, and the node that it is built into.
		let config = Config { dialled: Reach::Any, ..Config::new(true) };
		let metrics = NotificationMetrics::new(None);
		let mut network_config = FullNetworkConfiguration::<Block, H256, Litep2pNetworkBackend>::new(
			&NetworkConfiguration::new_local(),
			None,
		);
		let (protocol, peer_store) = (protocol::name(&[0], None), network_config.peer_store_handle());
		let ping = protocol::ping_name(&protocol);
		let (protocol_config, notifications) = protocol::configuration::<Block, Litep2pNetworkBackend>(
			protocol.clone(),
			&config,
			metrics.clone(),
			peer_store.clone(),
		);
		network_config.add_notification_protocol(protocol_config);
		network_config
			.add_request_response_protocol(protocol::ping_configuration::<Block, Litep2pNetworkBackend>(ping.clone()));
		let (block_announce_config, block_announcements) =
			<Litep2pNetworkBackend as NetworkBackend<Block, H256>>::notification_config(
				"/00/block-announces/1".into(),
				Vec::new(),
				1024,
				None,
				SetConfig::default(),
				metrics.clone(),
				peer_store,
			);
		runtime.spawn(network_config.take_peer_store().run());
		let handle = runtime.handle().clone();
		let backend = Litep2pNetworkBackend::new(Params {
			role: Role::Authority,
			executor: Box::new(move |task| drop(handle.spawn(task))),
			network_config,
			protocol_id: ProtocolId::from("test"),
			genesis_hash: H256::zero(),
			fork_id: None,
			metrics_registry: None,
			block_announce_config,
			ipfs_config: None,
			notification_metrics: metrics,
		})
		.expect("there are free ports; qed");
		let network = NetworkBackend::<Block, H256>::network_service(&backend);
		runtime.spawn(NetworkBackend::<Block, H256>::run(backend));
		drop(_guard);
		Self { runtime, config, network, protocol, ping, notifications, block_announcements }
	}

	/// The node's peer ID.
	pub fn id(&self) -> PeerId {
		to_mixnet_peer_id(&self.network.local_peer_id()).expect("nodes have Ed25519 keys; qed")
	}

	/// The name of the mixnet's protocol.
	pub fn protocol(&self) -> &ProtocolName {
		&self.protocol
	}

	/// Where the node is, and who it is.
	pub fn address(&self) -> Multiaddr {
		let listens = self.network.listen_addresses();
		let address = Multiaddr::from(listens.first().expect("it listens; qed").clone());
		let id = litep2p::PeerId::from(self.network.local_peer_id());
		match address.iter().last() {
			Some(Protocol::P2p(_)) => address,
			_ => address.with(Protocol::P2p(id.into())),
		}
	}

	/// Begins to mix in session 0, which has these mixnodes. `secret` is the node's.
	pub async fn mix(self, secret: KxSecret, mixnodes: Vec<Mixnode>) -> Node {
		let peer_id = self.id();
		let Self { runtime, config, network, protocol, ping, notifications, block_announcements } = self;
		let peers = || ProtocolPeers { network: network.clone(), protocol: protocol.clone(), ping: ping.clone() };
		let (handle, commands) = Handle::new(8);
		let (inbound_sender, inbound) = inbound::channel(Box::new(peers()), config.inbound_peers);
		runtime.spawn(inbound_sender.run(notifications));
		let (updates_sender, updates) = mpsc::channel(1);
		let event_loop = EventLoop::new(EventLoopParts {
			core: Mixnet::new(config.core.clone(), peer_id, OsRng, Some(secret)).expect("the config is valid; qed"),
			config,
			server: Server::default(),
			peer_control: Arc::new(peers()),
			inbound,
			workers: Workers::start(NonZeroUsize::MIN).expect("there are threads; qed"),
			commands: Arc::new(tokio::sync::Mutex::new(commands)).lock_owned().await,
			gateways: Arc::new(tokio::sync::Mutex::default()).lock_owned().await,
			hung_up: handle.hung_up(),
			updates,
			next_key: watch::channel(None).0,
			reachability: watch::channel(Default::default()).1,
			restarts: 0,
		});
		runtime.spawn(event_loop.run());
		let update = Update {
			status: SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev },
			sessions: vec![ChainSession::new(0, Ok(mixnodes)).with_parameters(Some(Parameters::default()))],
		};
		updates_sender.send(update).await.expect("the event loop is not dropped; qed");
		let (_updates, _block_announcements) = (updates_sender, block_announcements);
		Node { handle, _updates, _block_announcements, runtime: Some(runtime) }
	}
}

impl Node {
	/// The status, which must come.
	pub async fn status(&self) -> Status {
		self.handle.snapshot().await.expect("the event loop runs").into()
	}
}
