//! Event loops that send each other packets, without a chain or a network.

mod alone;
mod callers;
mod departures;
mod floods;
mod limits;
mod request_types;
mod session_0;
mod time;

use super::*;
use crate::{
	config::Reach,
	handle::Handle,
	network::{
		addresses, inbound,
		testing::{Notifications, Sinks},
	},
	requests::submit_extrinsic::{ServeSubmissions, Submit, SubmitError, SubmitExtrinsic},
	status::Status,
};
use codec::Encode;
use futures::future::BoxFuture;
use mixnet_node_core::{request::RemoteError, ChainSession, KxSecret, PACKET_SIZE};
use mixnet_primitives::{KxPublic, Mixnode, Parameters, PeerId, SessionPhase, SessionStatus};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sc_network::{
	service::traits::{Direction, NotificationEvent},
	ReputationChange,
};
use sc_network_types::{ed25519::Keypair, multiaddr::Multiaddr, PeerId as NetworkPeerId};
use std::{
	collections::HashSet,
	num::NonZeroUsize,
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc, Mutex,
	},
	time::Duration,
};

/// Records what was asked of the network.
#[derive(Clone)]
struct Recorder {
	own: NetworkPeerId,
	reserved: Arc<Mutex<HashSet<Multiaddr>>>,
	known: Arc<Mutex<Vec<(NetworkPeerId, Multiaddr)>>>,
	/// Peers that give no sign of life.
	frozen: Arc<Mutex<HashSet<PeerId>>>,
	reported: Arc<Mutex<Vec<NetworkPeerId>>>,
}

impl Recorder {
	fn new(own: NetworkPeerId) -> Self {
		Self {
			own,
			reserved: Default::default(),
			known: Default::default(),
			frozen: Default::default(),
			reported: Default::default(),
		}
	}
}

impl PeerControl for Recorder {
	fn local_peer_id(&self) -> NetworkPeerId {
		self.own
	}

	fn add_known_address(&self, peer: NetworkPeerId, address: Multiaddr) {
		self.known.lock().expect("no test panics while it holds this; qed").push((peer, address));
	}

	fn set_reserved(&self, peers: HashSet<Multiaddr>) -> Result<(), String> {
		*self.reserved.lock().expect("no test panics while it holds this; qed") = peers;
		Ok(())
	}

	fn report(&self, peer: NetworkPeerId, _: ReputationChange) {
		self.reported.lock().expect("no test panics while it holds this; qed").push(peer);
	}

	fn disconnect(&self, _: NetworkPeerId) {
		unreachable!("there are places enough")
	}

	fn ask_for_life(&self, peer: &PeerId) -> BoxFuture<'static, bool> {
		let lives = !self.frozen.lock().expect("no test panics while it holds this; qed").contains(peer);
		Box::pin(async move { lives })
	}
}

/// Takes extrinsics, which are texts here; refuses one of them. Where the network has handled none before, it throws away
/// another one although it says that it takes it, and refuses a third.
#[derive(Clone, Default)]
struct Pool {
	taken: Arc<Mutex<Vec<String>>>,
	/// How many extrinsics all nodes have been asked for.
	asked: Arc<AtomicUsize>,
}

impl Submit for Pool {
	type Extrinsic = String;

	fn submit(&self, extrinsic: String) -> BoxFuture<'static, Result<(), String>> {
		let is_first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
		let refused = extrinsic == "refuse me" || is_first && extrinsic == "first refuses me";
		let thrown_away = is_first && extrinsic == "first throws me away";
		if !refused && !thrown_away {
			self.taken.lock().expect("no test panics while it holds this; qed").push(extrinsic);
		}
		Box::pin(async move {
			if refused {
				Err("refused".into())
			} else {
				Ok(())
			}
		})
	}
}

struct Node {
	handle: Handle,
	updates: mpsc::Sender<Update>,
	next_key: watch::Receiver<Option<NextKey>>,
	network: Recorder,
	pool: Pool,
	ended: tokio::task::JoinHandle<Ended>,
}

impl Node {
	async fn submit(&self, extrinsic: Vec<u8>) -> Result<(), SubmitError> {
		self.handle.ask(SubmitExtrinsic(extrinsic)).await
	}

	fn taken(&self) -> Vec<String> {
		self.pool.taken.lock().expect("no test panics while it holds this; qed").clone()
	}

	/// The status, which must come.
	async fn status(&self) -> Status {
		self.handle.snapshot().await.expect("the event loop runs").into()
	}
}

/// Waits until this many extrinsics were submitted, each by another node. Returns them.
async fn submitted(nodes: &[Node], number: usize) -> Vec<String> {
	loop {
		let everywhere: Vec<_> = nodes.iter().map(Node::taken).collect();
		assert!(everywhere.iter().all(|taken| taken.len() <= 1), "one node has submitted it twice");
		let taken = everywhere.concat();
		if taken.len() >= number {
			return taken;
		}
		tokio::time::sleep(Duration::from_millis(10)).await;
	}
}

/// Parameters with short delays.
fn fast() -> Parameters {
	Parameters {
		mean_forwarding_delay_ms: 10,
		mean_extrinsic_delay_ms: 5,
		mixnode_mean_period_ms: 20,
		non_mixnode_mean_period_ms: 20,
		..Parameters::default()
	}
}

/// Starts `mixnodes` mixnodes of session 0 and one user, all connected, with short delays.
async fn start(mixnodes: usize) -> (Vec<Node>, Sinks) {
	start_serving(mixnodes, |_| ()).await
}

/// The same; `add_types` tells the nodes which request types they serve besides extrinsics.
async fn start_serving(mixnodes: usize, add_types: impl Fn(&mut Server)) -> (Vec<Node>, Sinks) {
	let nodes = Sinks::default();
	let mut keys = Vec::new();
	for seed in 0..=mixnodes as u8 {
		let public = Keypair::generate().public();
		keys.push((PeerId(public.to_bytes()), KxSecret::from_bytes([seed + 1; 32])));
	}
	let list: Vec<_> = keys[..mixnodes]
		.iter()
		.map(|(peer_id, secret)| Mixnode {
			kx_public: secret.public(),
			peer_id: *peer_id,
			external_addresses: vec![b"/ip4/127.0.0.1/tcp/1".to_vec()],
		})
		.collect();
	let names: Vec<_> = keys.iter().map(|(id, _)| to_network_peer_id(id).expect("an Ed25519 key; qed")).collect();
	let mut inputs = Vec::new();
	for name in &names {
		let (sender, receiver) = mpsc::unbounded_channel();
		nodes.lock().expect("no test panics while it holds this; qed").insert(*name, sender);
		inputs.push(receiver);
	}
	let mut started = Vec::new();
	let asked = Arc::<AtomicUsize>::default();
	for (index, ((peer_id, secret), events)) in keys.into_iter().zip(inputs).enumerate() {
		let config = Config { dialled: Reach::Any, ..Config::new(true) };
		let rng = ChaCha20Rng::seed_from_u64(index as u64);
		let core = Mixnet::new(config.core.clone(), peer_id, rng, Some(secret)).expect("the config is valid; qed");
		let own = names[index];
		let network = Recorder::new(own);
		let pool = Pool { asked: asked.clone(), ..Pool::default() };
		let (handle, commands) = Handle::new(8);
		let (inbound_sender, inbound) = inbound::channel(Box::new(network.clone()), 150);
		let notifications = Notifications::new(own, nodes.clone(), events);
		tokio::spawn(inbound_sender.run(Box::new(notifications)));
		let (updates_sender, updates) = mpsc::channel(1);
		let (next_key, next_key_receiver) = watch::channel(None);
		let mut server = Server::default();
		server.add(ServeSubmissions::new(pool.clone()), config.submissions);
		add_types(&mut server);
		let mut event_loop = EventLoop::new(EventLoopParts {
			config,
			core,
			server,
			peer_control: Arc::new(network.clone()),
			inbound,
			workers: Workers::start(NonZeroUsize::MIN).expect("there are threads; qed"),
			commands: Arc::new(tokio::sync::Mutex::new(commands)).lock_owned().await,
			gateways: Arc::new(tokio::sync::Mutex::default()).lock_owned().await,
			hung_up: handle.hung_up(),
			updates,
			next_key,
			reachability: watch::channel(Default::default()).1,
			restarts: 0,
		});
		event_loop.watch = Watch::new(Duration::from_millis(20));
		let update = Update {
			status: SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev },
			sessions: vec![ChainSession::new(0, Ok(list.clone())).with_parameters(Some(fast()))],
		};
		updates_sender.send(update).await.expect("the event loop is not dropped; qed");
		for peer in names.iter().filter(|peer| **peer != own) {
			nodes.lock().expect("no test panics while it holds this; qed")[&own]
				.send(opened(*peer))
				.expect("it is alive; qed");
		}
		started.push(Node {
			handle,
			updates: updates_sender,
			next_key: next_key_receiver,
			network,
			pool,
			ended: tokio::spawn(event_loop.run()),
		});
	}
	// An event loop handles its inputs in any order: a command may well be first.
	for node in &started {
		let is_ready = async {
			loop {
				let status = node.status().await;
				if status.session.is_some() && status.peers.connected + 1 == names.len() {
					break;
				}
				tokio::task::yield_now().await;
			}
		};
		within(is_ready).await;
	}
	(started, nodes)
}

/// What the network tells a node that this peer connects to.
fn opened(peer: NetworkPeerId) -> NotificationEvent {
	NotificationEvent::NotificationStreamOpened {
		peer,
		direction: Direction::Outbound,
		handshake: Vec::new(),
		negotiated_fallback: None,
	}
}

fn text(words: &str) -> Vec<u8> {
	words.to_string().encode()
}

async fn within<T>(future: impl std::future::Future<Output = T>) -> T {
	tokio::time::timeout(Duration::from_secs(60), future).await.expect("it takes far less than a minute")
}

#[tokio::test]
async fn extrinsics_go_through_and_answers_come_back() {
	let (nodes, _network) = start(6).await;
	let user = &nodes[6];
	within(user.submit(text("hello"))).await.expect("nothing is lost here");
	// Two mixnodes submit it, one of them some time later.
	assert_eq!(within(submitted(&nodes, 2)).await, ["hello", "hello"]);
	assert!(user.taken().is_empty(), "the sender is the last to submit it itself");

	// What the pool says comes back, and so does what is wrong with the request.
	match within(user.submit(text("refuse me"))).await {
		Err(SubmitError::Refused(RemoteError::Other(words))) => assert_eq!(words, "refused"),
		other => panic!("{other:?}"),
	}
	match within(user.submit(vec![0xff; 40])).await {
		Err(SubmitError::Refused(RemoteError::Decode(_))) => (),
		other => panic!("{other:?}"),
	}
	let most = match within(user.submit(vec![0; 60_000])).await {
		Err(SubmitError::TooLarge { size: 60_000, max }) => max,
		other => panic!("{other:?}"),
	};
	match within(user.submit(vec![0; most + 1])).await {
		Err(SubmitError::TooLarge { size, max }) => assert_eq!((size, max), (most + 1, most)),
		other => panic!("{other:?}"),
	}
	let largest = text(&"x".repeat(most - 4));
	assert_eq!(largest.len(), most, "four bytes of length");
	within(user.submit(largest)).await.expect("the largest one goes through");

	let status = within(user.status()).await;
	assert_eq!(status.role.current, "user");
	assert_eq!((status.parameters.previous, status.parameters.current), (None, Some(fast())));
	assert_eq!(status.session.expect("it was told").phase_name, "DisconnectFromPrev");
	assert_eq!(status.peers.connected, 6);
	assert_eq!(status.peers.reserved, 3);
	// Addresses are told one by one, and only bare IDs are reserved.
	let known = user.network.known.lock().expect("no test panics while it holds this; qed").clone();
	let bare: HashSet<_> = known.iter().map(|(peer, _)| addresses::bare(peer)).collect();
	assert_eq!(known[0].1.to_string(), format!("/ip4/127.0.0.1/tcp/1/p2p/{}", known[0].0));
	assert_eq!(*user.network.reserved.lock().expect("no test panics while it holds this; qed"), bare);
	assert_eq!(bare.len(), 3);
	assert!(status.counters.requests_sent >= 3 && status.counters.replies_delivered >= 3);
	let mixnode = within(nodes[0].status()).await;
	assert_eq!(mixnode.role.current, "mixnode 0");
	assert_eq!(mixnode.peers.reserved, 5);
	assert!(mixnode.counters.forwarded > 0);
}

#[tokio::test]
async fn a_notification_that_is_no_packet_is_an_offence_and_counted() {
	let (nodes, network) = start(2).await;
	let offender = nodes[1].network.own;
	for size in [0, PACKET_SIZE - 1, PACKET_SIZE + 1] {
		let event = NotificationEvent::NotificationReceived { peer: offender, notification: vec![0; size] };
		network.lock().expect("no test panics while it holds this; qed")[&nodes[0].network.own]
			.send(event)
			.expect("it is alive; qed");
	}
	within(async {
		loop {
			let status = nodes[0].status().await;
			if status.counters.dropped_by_reason.get("wrong_size") == Some(&3) {
				break;
			}
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
	})
	.await;
	assert_eq!(*nodes[0].network.reported.lock().expect("no test panics while it holds this; qed"), [offender; 3]);
}

#[tokio::test]
async fn the_registrar_learns_the_key_for_the_next_session() {
	let (mut nodes, _network) = start(1).await;
	let node = &mut nodes[0];
	within(node.next_key.wait_for(Option::is_some)).await.expect("the event loop runs");
	let first = node.next_key.borrow().expect("waited for");
	assert_eq!(first.session, 1);
	let update = Update {
		status: SessionStatus { current_index: 1, phase: SessionPhase::CoverToCurrent },
		sessions: Vec::new(),
	};
	node.updates.send(update).await.expect("the event loop runs");
	within(node.next_key.wait_for(|key| key.is_some_and(|key| key.session == 2))).await.expect("the event loop runs");
	let second = node.next_key.borrow().expect("waited for").kx_public;
	assert_ne!(second, first.kx_public);

	// Whoever registers it needs the core's proof that it holds the secret.
	let prove = |session, kx_public| node.handle.prove_possession(session, kx_public, b"message".to_vec());
	let proof = within(prove(2, second)).await.expect("it is the next session's key");
	let public = second.to_ed25519().expect("it is a key").into();
	assert!(<sp_core::ed25519::Pair as sp_core::Pair>::verify(&proof.0.into(), b"message", &public));
	assert_eq!(within(prove(1, first.kx_public)).await, None, "its session has begun");
}

/// The builder runs the event loop in an essential task, so its end is the node's.
#[tokio::test]
async fn without_network_or_chain_the_service_ends_and_says_why() {
	let (mut nodes, network) = start(2).await;
	network.lock().expect("no test panics while it holds this; qed").remove(&nodes[0].network.own);
	// The other nodes' queues hold the last senders to it.
	let rest = nodes.split_off(1);
	for node in rest {
		drop(node.updates);
		assert!(matches!(within(node.ended).await.expect("it does not panic"), Ended::Chain));
	}
	let node = nodes.remove(0);
	assert!(matches!(within(node.ended).await.expect("it does not panic"), Ended::Network));
	assert!(matches!(
		node.handle.ask(SubmitExtrinsic(text("hello"))).await,
		Err(SubmitError::NoAnswer(NoAnswer::Stopped))
	));
	assert!(node.handle.snapshot().await.is_none());
}

#[tokio::test]
async fn a_node_whose_handle_was_dropped_mixes_all_the_same() {
	let (mut nodes, network) = start(2).await;
	// Only the two mixnodes are left, so whatever comes to one of them comes from the other.
	let user = nodes.pop().expect("the user is the last of them; qed");
	user.ended.abort();
	network.lock().expect("no test panics while it holds this; qed").remove(&user.network.own);
	let node = nodes.remove(0);
	drop(node.handle);
	// By then, what was under way has come.
	tokio::time::sleep(Duration::from_millis(500)).await;
	let before = within(nodes[0].status()).await.counters.received;
	tokio::time::sleep(Duration::from_millis(500)).await;
	assert!(within(nodes[0].status()).await.counters.received > before);
	assert!(!node.ended.is_finished());
}

/// The core then sends nothing to it and replaces it, as its own tests show.
#[tokio::test]
async fn a_gateway_that_is_frozen_is_noticed_and_so_is_its_return() {
	let (nodes, _network) = start(3).await;
	let user = &nodes[3];
	let frozen = to_mixnet_peer_id(&nodes[1].network.own).expect("an Ed25519 key; qed");
	let until_silent = |silent| async move {
		while user.status().await.peers.silent != silent {
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
	};
	tokio::time::sleep(Duration::from_millis(200)).await;
	assert_eq!(user.status().await.peers.silent, 0);
	user.network.frozen.lock().expect("no test panics while it holds this; qed").insert(frozen);
	within(until_silent(1)).await;
	assert_eq!(user.status().await.peers.connected, 3);
	user.network.frozen.lock().expect("no test panics while it holds this; qed").clear();
	within(until_silent(0)).await;
	// Mixnodes ask nobody.
	assert_eq!(nodes[0].status().await.peers.silent, 0);
}
