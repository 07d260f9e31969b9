//! Runs of the mixnet in which something panics.

use super::*;
use crate::{
	chain::{follower::Update, registrar::NextKey},
	config::Config,
	event_loop::{EventLoop, EventLoopParts},
	handle::Handle,
	network::{
		inbound,
		peer_control::PeerControl,
		peer_id::to_network_peer_id,
		testing::{Notifications, Sinks},
	},
	requests::server::Server,
	unwinding::testing::use_the_sdks_hook_if_told,
	workers::Workers,
};
use futures::future::BoxFuture;
use mixnet_node_core::{ChainSession, KxSecret, Mixnet};
use mixnet_primitives::{Mixnode, PeerId, SessionPhase, SessionStatus};
use rand_core::OsRng;
use sc_network::{service::traits::Direction, ReputationChange};
use sc_network_types::{ed25519::Keypair, multiaddr::Multiaddr, PeerId as NetworkPeerId};
use std::{
	collections::HashSet,
	num::NonZeroUsize,
	sync::atomic::{AtomicBool, AtomicUsize, Ordering},
	time::Duration,
};
use tokio::sync::watch;

/// Runs tasks on the runtime of the test.
#[derive(Clone)]
struct OnTokio;

impl SpawnNamed for OnTokio {
	fn spawn_blocking(&self, _: &'static str, _: Option<&'static str>, future: BoxFuture<'static, ()>) {
		tokio::spawn(future);
	}

	fn spawn(&self, _: &'static str, _: Option<&'static str>, future: BoxFuture<'static, ()>) {
		tokio::spawn(future);
	}
}

fn peer() -> NetworkPeerId {
	Keypair::generate().public().to_peer_id()
}

async fn within<T>(future: impl std::future::Future<Output = T>) -> T {
	tokio::time::timeout(Duration::from_secs(60), future).await.expect("it takes far less than a minute")
}

/// The rest of a node around the mixnet: a way to it, and a network in which `peers` can be reached.
struct Surroundings {
	own: NetworkPeerId,
	handle: Handle,
	network: mpsc::UnboundedSender<NotificationEvent>,
	sinks: Sinks,
}

impl Surroundings {
	fn new() -> (Self, Lasting) {
		let own = peer();
		let (handle, commands) = Handle::new(4);
		let (network, events) = mpsc::unbounded_channel();
		let sinks = Sinks::default();
		let notifications = Remembering::new(Box::new(Notifications::new(own, sinks.clone(), events)));
		let lasting = Lasting {
			commands: Arc::new(Mutex::new(commands)),
			notifications: Arc::new(Mutex::new(notifications)),
			gateways: Arc::default(),
		};
		(Self { own, handle, network, sinks }, lasting)
	}

	fn connect(&self, peer: NetworkPeerId) -> mpsc::UnboundedReceiver<NotificationEvent> {
		let (sink, received) = mpsc::unbounded_channel();
		self.sinks.lock().expect("no test panics while it holds this; qed").insert(peer, sink);
		let opened = NotificationEvent::NotificationStreamOpened {
			peer,
			direction: Direction::Inbound,
			handshake: Vec::new(),
			negotiated_fallback: None,
		};
		self.network.send(opened).expect("somebody listens to the network");
		received
	}

	fn disconnect(&self, peer: NetworkPeerId) {
		let closed = NotificationEvent::NotificationStreamClosed { peer };
		self.network.send(closed).expect("somebody listens to the network");
	}
}

/// Panics when it is told to, in the middle of the event loop.
#[derive(Clone)]
struct Trap {
	own: NetworkPeerId,
	is_set: Arc<AtomicBool>,
	/// The peers that were to be connected to, call by call.
	reserved: Arc<std::sync::Mutex<Vec<HashSet<Multiaddr>>>>,
}

impl PeerControl for Trap {
	fn local_peer_id(&self) -> NetworkPeerId {
		self.own
	}

	fn add_known_address(&self, _: NetworkPeerId, _: Multiaddr) {}

	fn set_reserved(&self, peers: HashSet<Multiaddr>) -> Result<(), String> {
		self.reserved.lock().expect("no test panics while it holds this; qed").push(peers);
		assert!(!self.is_set.swap(false, Ordering::Relaxed), "on purpose");
		Ok(())
	}

	fn report(&self, _: NetworkPeerId, _: ReputationChange) {}

	fn disconnect(&self, _: NetworkPeerId) {}

	fn ask_for_life(&self, _: &PeerId) -> BoxFuture<'static, bool> {
		Box::pin(async { true })
	}
}

/// Starts an event loop that learns of session 0, in which it is a user.
fn start_event_loop(run: Run, tasks: &mut Tasks, trap: Trap) -> watch::Receiver<Option<NextKey>> {
	let own_id = PeerId([9; 32]);
	let config = Config::new(false);
	let (inbound_sender, inbound) = inbound::channel(Box::new(trap.clone()), 0);
	tasks.spawn("mixnet-inbound", Kind::Async, async {
		inbound_sender.run(run.notifications).await;
		Ended::Network
	});
	let (updates_sender, updates) = mpsc::channel(1);
	tasks.spawn("mixnet-follower", Kind::Blocking, async move {
		let mixnode = |seed: u8| Mixnode {
			kx_public: KxSecret::from_bytes([seed; 32]).public(),
			peer_id: PeerId([seed; 32]),
			external_addresses: Vec::new(),
		};
		// Not all 32 bytes are an Ed25519 key.
		let is_key = |seed: &u8| to_network_peer_id(&PeerId([*seed; 32])).is_some();
		let seeds = (10..=255).filter(is_key);
		let update = Update {
			status: SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev },
			sessions: vec![ChainSession::new(0, Ok(seeds.map(mixnode).collect()))],
		};
		updates_sender.send(update).await.expect("the event loop takes the first one");
		std::future::pending().await
	});
	let (next_key, keys) = watch::channel(None);
	let event_loop = EventLoop::new(EventLoopParts {
		core: Mixnet::new(config.core.clone(), own_id, OsRng, None).expect("the config is valid; qed"),
		config,
		server: Server::default(),
		peer_control: Arc::new(trap),
		inbound,
		workers: Workers::start(NonZeroUsize::MIN).expect("there are threads"),
		commands: run.commands,
		gateways: run.gateways,
		hung_up: Arc::default(),
		updates,
		next_key,
		reachability: watch::channel(Default::default()).1,
		restarts: run.restarts,
	});
	tasks.spawn("mixnet", Kind::Async, event_loop.run());
	keys
}

#[tokio::test]
async fn after_a_panic_the_mixnet_starts_again_with_new_keys_and_the_same_peers() {
	use_the_sdks_hook_if_told();
	let (around, lasting) = Surroundings::new();
	let [stays, leaves, comes] = [(); 3].map(|()| peer());
	let _received = [stays, leaves].map(|peer| around.connect(peer));
	let is_set = Arc::new(AtomicBool::new(true));
	let reserved = Arc::new(std::sync::Mutex::new(Vec::new()));
	let (runs_sender, mut runs) = mpsc::unbounded_channel();
	let (own, trap, told) = (around.own, is_set.clone(), reserved.clone());
	let start = move |run: Run, tasks: &mut Tasks| {
		let keys = start_event_loop(run, tasks, Trap { own, is_set: trap.clone(), reserved: told.clone() });
		runs_sender.send(keys).expect("the test takes all");
		Ok(())
	};
	let supervised = tokio::spawn(supervise(lasting, Box::new(OnTokio), false, start));

	// It fails in its first run, at once. Between the runs, nobody waits for an answer.
	let first = within(runs.recv()).await.expect("it is started");
	within(async {
		while is_set.load(Ordering::Relaxed) {
			tokio::task::yield_now().await;
		}
	})
	.await;
	assert!(within(around.handle.snapshot()).await.is_none(), "there is no event loop to answer");
	let _came = around.connect(comes);
	around.disconnect(leaves);
	assert!(runs.try_recv().is_err(), "it has been started again without a pause");

	let mut second = within(runs.recv()).await.expect("it is started again");
	within(second.wait_for(Option::is_some)).await.expect("the event loop runs");
	within(async {
		loop {
			let snapshot = around.handle.snapshot().await.expect("the event loop runs");
			assert_eq!(snapshot.restarts, 1);
			// Those that were there before, and whoever came between the runs.
			if snapshot.connected == 2 && snapshot.reserved > 0 {
				break;
			}
			tokio::task::yield_now().await;
		}
	})
	.await;
	let key = |keys: &watch::Receiver<Option<NextKey>>| keys.borrow().map(|key| key.kx_public);
	assert!(key(&first).is_some() && key(&first) != key(&second), "{:?}", key(&first));
	// Nobody has it draw other gateways by making it panic.
	let reserved = reserved.lock().expect("no test panics while it holds this; qed").clone();
	assert!(reserved.len() >= 2 && reserved[0].len() == 3, "{reserved:?}");
	assert!(reserved.iter().all(|peers| *peers == reserved[0]), "{reserved:?}");
	assert!(!supervised.is_finished());
	drop(around.network);
	within(supervised).await.expect("the network's end is no panic");
}

/// Counts how many of its kind there are.
struct Counted(Arc<AtomicUsize>);

impl Counted {
	fn new(all: &Arc<AtomicUsize>) -> Self {
		all.fetch_add(1, Ordering::Relaxed);
		Self(all.clone())
	}
}

impl Drop for Counted {
	fn drop(&mut self) {
		self.0.fetch_sub(1, Ordering::Relaxed);
	}
}

/// Starts three tasks, of which one waits for another's panic, as the event loop does. Nothing of an earlier run is left.
fn start_three(all: &Arc<AtomicUsize>, run: Run, tasks: &mut Tasks, panics: bool) {
	assert_eq!(all.load(Ordering::Relaxed), 0, "something of an earlier run is left");
	let (sender, mut receiver) = mpsc::channel::<()>(1);
	let [first, second, third] = [(); 3].map(|()| Counted::new(all));
	tasks.spawn("waits", Kind::Async, async move {
		let _counted = (first, run);
		receiver.recv().await;
		Ended::Chain
	});
	tasks.spawn("idles", Kind::Blocking, async move {
		let _counted = second;
		std::future::pending().await
	});
	tasks.spawn("panics", Kind::Blocking, async move {
		let _held = (third, sender);
		tokio::task::yield_now().await;
		assert!(!panics, "on purpose");
		std::future::pending().await
	});
}

/// The task at the other end of its channel ends, too, and perhaps earlier. That is no reason for the node to end.
#[tokio::test]
async fn if_one_task_panics_all_are_ended_before_they_start_again() {
	use_the_sdks_hook_if_told();
	let (around, lasting) = Surroundings::new();
	let all = Arc::new(AtomicUsize::new(0));
	let (runs_sender, mut runs) = mpsc::unbounded_channel();
	let counted = all.clone();
	let start = move |run: Run, tasks: &mut Tasks| {
		let restarts = run.restarts;
		start_three(&counted, run, tasks, restarts < 2);
		runs_sender.send(restarts).expect("the test takes all");
		Ok(())
	};
	let supervised = tokio::spawn(supervise(lasting, Box::new(OnTokio), false, start));
	for restarts in 0..3 {
		assert_eq!(within(runs.recv()).await, Some(restarts));
	}
	tokio::time::sleep(Duration::from_millis(50)).await;
	assert!(!supervised.is_finished());
	assert_eq!(all.load(Ordering::Relaxed), 3);
	// Where a node stops, the tasks of the run end with their supervisor.
	supervised.abort();
	within(async {
		while all.load(Ordering::Relaxed) > 0 {
			tokio::task::yield_now().await;
		}
	})
	.await;
	drop(around);
}

#[tokio::test]
async fn a_run_that_cannot_be_started_is_tried_again() {
	use_the_sdks_hook_if_told();
	let (_around, lasting) = Surroundings::new();
	let tries = Arc::new(AtomicUsize::new(0));
	let counted = tries.clone();
	let start = move |_: Run, _: &mut Tasks| match counted.fetch_add(1, Ordering::Relaxed) {
		0 => Err(Ended::NotStarted("no threads".into())),
		1 => panic!("on purpose"),
		_ => Err(Ended::Chain),
	};
	within(supervise(lasting, Box::new(OnTokio), false, start)).await;
	assert_eq!(tries.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn an_essential_mixnet_ends_with_its_first_panic() {
	let (_around, lasting) = Surroundings::new();
	let all = Arc::new(AtomicUsize::new(0));
	let counted = all.clone();
	let start = move |run: Run, tasks: &mut Tasks| {
		assert_eq!(run.restarts, 0);
		start_three(&counted, run, tasks, true);
		Ok(())
	};
	within(supervise(lasting, Box::new(OnTokio), true, start)).await;
	assert_eq!(all.load(Ordering::Relaxed), 0);
}
