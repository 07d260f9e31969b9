//! One event loop without a network, which a test tells what the chain says.

use super::*;

/// The event loop of a node.
pub struct Alone {
	pub handle: Handle,
	pub next_key: watch::Receiver<Option<NextKey>>,
	own: PeerId,
	updates: mpsc::Sender<Update>,
	running: tokio::task::JoinHandle<Ended>,
	/// Nothing comes from the network, but it is there.
	_network: inbound::InboundSender,
}

impl Drop for Alone {
	fn drop(&mut self) {
		self.running.abort();
	}
}

/// Starts an event loop.
pub async fn alone(config: Config, clock: Clock) -> Alone {
	let own = Keypair::generate().public();
	let (handle, commands) = Handle::new(1);
	let (updates, receiver) = mpsc::channel(1);
	let (sender, next_key) = watch::channel(None);
	let rng = ChaCha20Rng::seed_from_u64(0);
	let peers = Recorder::new(own.to_peer_id());
	let (network, inbound) = inbound::channel(Box::new(peers.clone()), 0);
	let mut event_loop = EventLoop::new(EventLoopParts {
		core: Mixnet::new(config.core.clone(), PeerId(own.to_bytes()), rng, None).expect("the config is valid; qed"),
		config,
		server: Server::default(),
		peer_control: Arc::new(peers),
		inbound,
		workers: Workers::start(NonZeroUsize::MIN).expect("there are threads; qed"),
		commands: Arc::new(tokio::sync::Mutex::new(commands)).lock_owned().await,
		gateways: Arc::new(tokio::sync::Mutex::default()).lock_owned().await,
		hung_up: handle.hung_up(),
		updates: receiver,
		next_key: sender,
		reachability: watch::channel(Default::default()).1,
		restarts: 0,
	});
	event_loop.clock = clock;
	let own = PeerId(own.to_bytes());
	Alone { handle, next_key, own, updates, running: tokio::spawn(event_loop.run()), _network: network }
}

impl Alone {
	/// The chain is in this session, the node being a mixnode if `kx_public` is its key.
	pub async fn tell(&self, current: u32, kx_public: KxPublic) {
		let others = (2..6).map(|seed| (KxSecret::from_bytes([seed; 32]).public(), PeerId([seed; 32])));
		let mixnodes = others.chain([(kx_public, self.own)]).map(|(kx_public, peer_id)| Mixnode {
			kx_public,
			peer_id,
			external_addresses: Vec::new(),
		});
		let update = Update {
			status: SessionStatus { current_index: current, phase: SessionPhase::DisconnectFromPrev },
			sessions: vec![ChainSession::new(current, Ok(mixnodes.collect()))
				.with_parameters(Some(Parameters { mixnode_mean_period_ms: 500, ..fast() }))],
		};
		self.updates.send(update).await.expect("it runs");
	}

	/// The node's state, as soon as it is so.
	pub async fn when(&self, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
		within(async {
			loop {
				let snapshot = self.handle.snapshot().await.expect("it runs");
				if is_so(&snapshot) {
					break snapshot;
				}
				tokio::time::sleep(Duration::from_millis(1)).await;
			}
		})
		.await
	}
}
