//! The node, put together: BABE makes blocks, GRANDPA finalises them, and the mixnet mixes.

use crate::{
	components::{self, Inherents, JUSTIFICATION_PERIOD},
	rpc,
};
use mixnet_runtime::{opaque::Block, Hash};
use mixnet_service::MixnetArgs;
use sc_client_api::BlockBackend;
use sc_consensus_babe::SlotProportion;
use sc_consensus_grandpa::SharedVoterState;
use sc_network::{
	config::{FullNetworkConfiguration, NetworkBackendType},
	NetworkBackend,
};
use sc_service::{error::Error as ServiceError, Configuration, TaskManager, WarpSyncConfig};
use sc_telemetry::Telemetry;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use std::time::Duration;

/// The only network backend that this node is built with. A second one would double the time to build it.
type Network = sc_network::Litep2pNetworkBackend;

/// Builds and starts a node.
///
/// Fails on `--network-backend libp2p`, which it is not built with.
pub fn new_full(config: Configuration, mixnet_args: MixnetArgs) -> Result<TaskManager, ServiceError> {
	if !matches!(config.network.network_backend, NetworkBackendType::Litep2p) {
		return Err(ServiceError::Other(
			"this node speaks litep2p only; leave out --network-backend, or say --network-backend litep2p".into(),
		));
	}
	let sc_service::PartialComponents {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: (block_import, babe_link, grandpa_link, mut telemetry),
	} = components::new(&config)?;

	let metrics = <Network as NetworkBackend<Block, Hash>>::register_notification_metrics(config.prometheus_registry());
	let mut net_config =
		FullNetworkConfiguration::<Block, Hash, Network>::new(&config.network, config.prometheus_registry().cloned());
	let genesis_hash = client.block_hash(0)?.expect("the genesis block is always there; qed");

	let grandpa_protocol_name = sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
	let (grandpa_protocol_config, grandpa_notification_service) =
		sc_consensus_grandpa::grandpa_peers_set_config::<Block, Network>(
			grandpa_protocol_name.clone(),
			metrics.clone(),
			net_config.peer_store_handle(),
		);
	net_config.add_notification_protocol(grandpa_protocol_config);

	// The mixnet, in three steps, which service/README.md shows.
	// guide: mixnet prototype
	// A prototype before the network is built: its protocol must be known by then.
	let mixnet = mixnet_args
		.config(config.role.is_authority())
		.map_err(|error| ServiceError::Other(error.to_string()))?
		.map(|mut mixnet_config| {
			// Private addresses are dialled if the network's flags allow it.
			mixnet_config.dialled = (&config.network.transport).into();
			mixnet_service::Prototype::new(
				mixnet_config,
				&*client,
				config.chain_spec.fork_id(),
				metrics.clone(),
				&mut net_config,
			)
		})
		.transpose()
		.map_err(|error| ServiceError::Other(error.to_string()))?;
	// guide: end

	let (network, system_rpc_tx, tx_handler_controller, sync_service, _bitswap) =
		sc_service::build_network(sc_service::BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: transaction_pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: None::<WarpSyncConfig<Block>>,
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;

	// guide: mixnet tasks
	// If one of its tasks panics, all are started anew, and the node goes on.
	let mixnet_handle = mixnet
		.map(|prototype| {
			prototype.start(
				client.clone(),
				transaction_pool.clone(),
				keystore_container.keystore(),
				network.clone(),
				sync_service.clone(),
				task_manager.spawn_handle(),
				&task_manager.spawn_essential_handle(),
			)
		})
		.transpose()
		.map_err(|error| ServiceError::Other(error.to_string()))?;
	// guide: end

	let role = config.role;
	let force_authoring = config.force_authoring;
	let name = config.network.node_name.clone();
	let prometheus_registry = config.prometheus_registry().cloned();

	// The handle goes to the RPC.
	let rpc_builder = {
		let client = client.clone();
		let pool = transaction_pool.clone();
		Box::new(move |_| rpc::create(client.clone(), pool.clone(), mixnet_handle.clone()).map_err(Into::into))
	};
	sc_service::spawn_tasks(sc_service::SpawnTasksParams {
		config,
		client: client.clone(),
		backend,
		task_manager: &mut task_manager,
		keystore: keystore_container.keystore(),
		transaction_pool: transaction_pool.clone(),
		rpc_builder,
		network: network.clone(),
		system_rpc_tx,
		tx_handler_controller,
		sync_service: sync_service.clone(),
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	if role.is_authority() {
		let proposer = sc_basic_authorship::ProposerFactory::new(
			task_manager.spawn_handle(),
			client.clone(),
			transaction_pool.clone(),
			prometheus_registry.as_ref(),
			telemetry.as_ref().map(Telemetry::handle),
		);
		let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
			keystore: keystore_container.keystore(),
			client: client.clone(),
			select_chain,
			env: proposer,
			block_import,
			sync_oracle: sync_service.clone(),
			justification_sync_link: sync_service.clone(),
			create_inherent_data_providers: Inherents,
			force_authoring,
			backoff_authoring_blocks: Some(sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging::default()),
			babe_link,
			block_proposal_slot_portion: SlotProportion::new(2f32 / 3f32),
			max_block_proposal_slot_portion: None,
			telemetry: telemetry.as_ref().map(Telemetry::handle),
		})?;
		task_manager.spawn_essential_handle().spawn_blocking("babe-proposer", Some("block-authoring"), babe);
	}

	let grandpa = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
		config: sc_consensus_grandpa::Config {
			gossip_duration: Duration::from_millis(333),
			justification_generation_period: JUSTIFICATION_PERIOD,
			name: Some(name),
			observer_enabled: false,
			keystore: role.is_authority().then(|| keystore_container.keystore()),
			local_role: role,
			telemetry: telemetry.as_ref().map(Telemetry::handle),
			protocol_name: grandpa_protocol_name,
		},
		link: grandpa_link,
		network,
		sync: sync_service,
		notification_service: grandpa_notification_service,
		voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
		prometheus_registry,
		shared_voter_state: SharedVoterState::empty(),
		telemetry: telemetry.as_ref().map(Telemetry::handle),
		offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(transaction_pool),
	})?;
	task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, grandpa);

	Ok(task_manager)
}
