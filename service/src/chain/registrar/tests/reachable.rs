//! Whom a node asks whether others can reach it, when, and what its operator is told.

use super::*;
use crate::network::reachability::asker::{AskMixnode, Reachable};
use futures::{future::BoxFuture, FutureExt};
use mixnet_node_core::ReservedPeer;
use std::{collections::BTreeSet, time::Duration};

/// What those who are asked answer: each the same.
#[derive(Clone, Copy, Default)]
enum Others {
	/// Nothing, and without an end.
	#[default]
	Silent,
	/// These bytes.
	Answer(u8),
	/// Nothing: they do not know the protocol.
	Refuse,
}

const REACHED: Others = Others::Answer(0);
const NOT_REACHED: Others = Others::Answer(1);
const NOT_TRIED: Others = Others::Answer(2);

/// The mixnodes that were asked.
#[derive(Default)]
pub struct Asked {
	others: Mutex<Others>,
	asked: Mutex<Vec<(PeerId, Vec<u8>)>>,
}

impl Asked {
	/// Who was asked since the last call, and what.
	fn take(&self) -> Vec<(PeerId, Vec<u8>)> {
		std::mem::take(&mut self.asked.lock().expect("no test panics while it holds this; qed"))
	}

	fn answer(&self, others: Others) {
		*self.others.lock().expect("no test panics while it holds this; qed") = others;
	}
}

impl AskMixnode for Asked {
	fn ask(&self, mixnode: &ReservedPeer, question: Vec<u8>) -> BoxFuture<'static, Option<Vec<u8>>> {
		assert_eq!(mixnode.external_addresses.len(), 1, "it has to be dialled");
		self.asked.lock().expect("no test panics while it holds this; qed").push((mixnode.peer_id, question));
		let others = *self.others.lock().expect("no test panics while it holds this; qed");
		async move {
			match others {
				Others::Silent => std::future::pending().await,
				Others::Answer(answer) => Some(vec![answer]),
				Others::Refuse => None,
			}
		}
		.boxed()
	}
}

fn mixnode(id: u8) -> Mixnode {
	let external_addresses = vec![format!("/ip4/1.2.3.{id}/tcp/30333").into_bytes()];
	Mixnode { kx_public: KxPublic([id; 32]), peer_id: PeerId([id; 32]), external_addresses }
}

/// The chain where this node has to wait until it may register, and where it is one of the mixnodes.
fn waiting(node: &Node, mixnodes: u8) -> Chain {
	let mut chain = Chain::new([(node.keys[0], status(RegistrationAdvice::Wait, 0, None))]);
	chain.mixnodes = (1..=mixnodes).map(mixnode).collect();
	chain.mixnodes.push(Mixnode { peer_id: node.peer_id, ..mixnode(0) });
	chain
}

impl Node {
	/// What the operator is told once those who are asked have answered.
	async fn found(&mut self) -> Option<(Level, String)> {
		let found = tokio::time::timeout(Duration::from_secs(60), self.registrar.asking.found()).await;
		found.expect("somebody was asked").map(|note| (note.level, note.words))
	}

	/// Looks again, after `after` and at a block in which registrations are for the session `next`. Returns whether others are asked.
	fn asks_after(&mut self, after: Duration, next: SessionIndex) -> bool {
		let chain = waiting(self, 9);
		let external = self.registrar.parts.network.external_addresses();
		self.registrar.asking.look(&chain, next, &external, &self.peer_id, Instant::now() + after);
		self.registrar.asking.under_way().is_some()
	}

	fn reachable(&self) -> Reachable {
		self.reachability.borrow().reachable
	}
}

#[tokio::test]
async fn three_mixnodes_of_the_current_session_are_asked_and_never_this_node() {
	let mut all = BTreeSet::new();
	for _ in 0..60 {
		let mut node = Node::new(1);
		let chain = waiting(&node, 5);
		node.asked.answer(REACHED);
		assert!(!node.step(&chain).await, "it is not its turn to register");
		node.found().await;
		let asked: BTreeSet<_> = node.asked.take().into_iter().map(|(peer, _)| peer).collect();
		assert_eq!(asked.len(), 3, "{asked:?}");
		assert!(!asked.contains(&node.peer_id));
		all.extend(asked);
	}
	assert_eq!(all, (1..=5).map(|id| PeerId([id; 32])).collect(), "anybody may be asked");
}

#[tokio::test]
async fn others_are_asked_about_what_others_will_dial_only() {
	let mut node = Node::new(1);
	node.find_addresses(&[
		"/ip4/10.0.0.1/tcp/30333",
		"/ip4/1.2.3.5/tcp/443/wss",
		"/ip6/2a00::1/tcp/30334",
		"/ip4/1.2.3.4/tcp/30333",
		"/memory/7",
		"/ip4/1.2.3.4/udp/1/quic-v1",
	]);
	node.asked.answer(REACHED);
	let chain = waiting(&node, 5);
	node.step(&chain).await;
	assert_eq!(node.found().await.expect("it is told").0, Level::Info);
	let (_, question) = node.asked.take().pop().expect("somebody is asked");
	let addresses = crate::network::reachability::decode_question(&question).expect("well formed");
	assert_eq!(addresses, ["1.2.3.4:30333", "[2a00::1]:30334"].map(|address| address.parse().expect("good; qed")));
	assert_eq!(node.reachability.borrow().addresses, ["1.2.3.4:30333", "[2a00::1]:30334"]);
}

/// It is advice, and registering neither waits for it nor depends on it.
#[tokio::test]
async fn a_node_registers_whatever_comes_of_asking() {
	for others in [Others::Silent, Others::Refuse, REACHED, NOT_REACHED, NOT_TRIED, Others::Answer(77)] {
		let mut node = Node::new(1);
		node.asked.answer(others);
		let mut chain = waiting(&node, 5);
		node.step(&chain).await;
		if !matches!(others, Others::Silent) {
			node.found().await;
		}
		chain.statuses.insert(node.keys[0], status(RegistrationAdvice::Register, 0, None));
		assert!(node.step(&chain).await);
		assert_eq!(chain.take_sent().len(), 1);
	}
	// Nor does it matter if nobody can be asked.
	let mut node = Node::new(1);
	let chain = Chain::new([(node.keys[0], status(RegistrationAdvice::Register, 0, None))]);
	assert!(node.step(&chain).await);
	node.found().await;
	assert_eq!(node.reachable(), Reachable::Unknown);
}

#[tokio::test]
async fn a_node_that_may_not_register_asks_nobody() {
	let mut node = Node::new(1);
	let mut chain = waiting(&node, 5);
	chain.statuses.insert(node.keys[0], missing(RegistrationError::BondTooSmall));
	node.step(&chain).await;
	node.find_addresses(&[]);
	let chain = waiting(&node, 5);
	node.step(&chain).await;
	node.find_addresses(&["/memory/7"]);
	node.step(&chain).await;
	assert_eq!(node.asked.take(), []);
}

#[tokio::test]
async fn an_operator_whose_node_cannot_be_reached_is_told_once_a_session() {
	let mut node = Node::new(1);
	node.asked.answer(NOT_REACHED);
	let second = Duration::from_secs(1);
	assert!(node.asks_after(Duration::ZERO, NEXT));
	node.asks_after(second, NEXT);
	let (level, words) = node.found().await.expect("it is told");
	assert_eq!(node.asked.take().len(), 3);
	assert_eq!(level, Level::Warn);
	for part in ["3 mixnodes", "1.2.3.4:30333", "Open the port", "--public-addr", "registers all the same"] {
		assert!(words.contains(part), "{words}");
	}
	assert_eq!(node.reachable(), Reachable::No(3));

	// Again after a while, so that an operator who has done something about it sees that. But it is not told again.
	assert!(!node.asks_after(second, NEXT));
	assert!(node.asks_after(reachability::PAUSE + second, NEXT));
	assert_eq!(node.found().await, None);
	node.asked.answer(REACHED);
	assert!(node.asks_after(3 * reachability::PAUSE, NEXT));
	let (level, words) = node.found().await.expect("it is told");
	assert!(level == Level::Info && words.contains("has reached this node"), "{words}");
	assert_eq!(node.reachable(), Reachable::Yes);
}

#[tokio::test]
async fn others_are_asked_again_if_addresses_change_and_a_few_times_only() {
	let mut node = Node::new(1);
	node.asked.answer(REACHED);
	let asks = |node: &mut Node, addresses: &[&str]| {
		node.find_addresses(addresses);
		node.asks_after(Duration::from_secs(1), NEXT)
	};
	const ONE: &str = "/ip4/1.2.3.4/tcp/1";
	assert!(asks(&mut node, &[ONE, "/ip4/1.2.3.4/tcp/2"]));
	node.found().await;
	assert!(!asks(&mut node, &["/ip4/1.2.3.4/tcp/2", ONE]), "in another order");
	for port in 3..6 {
		assert!(asks(&mut node, &[&format!("/ip4/1.2.3.4/tcp/{port}")]));
		node.found().await;
	}
	assert!(!asks(&mut node, &[ONE]), "others can tell a node wrong addresses without end");
}

/// Sessions may be short, and those who are asked try a host seldom.
#[tokio::test]
async fn a_node_that_was_reached_does_not_ask_in_each_short_session() {
	let mut node = Node::new(1);
	node.asked.answer(REACHED);
	let hour = Duration::from_secs(3600);
	assert!(node.asks_after(Duration::ZERO, NEXT));
	node.found().await;
	assert!(!node.asks_after(hour / 2, NEXT + 1));
	node.asked.answer(NOT_TRIED);
	assert!(node.asks_after(hour * 2, NEXT + 1));
	node.found().await;
	assert_eq!(node.reachable(), Reachable::Unknown);
	assert!(node.asks_after(hour * 2, NEXT + 2), "what nobody knows is asked in each");
}

#[tokio::test]
async fn the_registrar_goes_on_while_others_are_asked_and_tells_what_they_say() {
	let node = Node::new(1);
	node.asked.answer(NOT_REACHED);
	let mut reachability = node.reachability.clone();
	let (client, sync) =
		(Arc::new(crate::chain::testing::Blocks::new(())), Arc::new(crate::chain::testing::Syncing::default()));
	let chain = Arc::new(waiting(&node, 5));
	let running = tokio::spawn({
		let (client, sync, chain) = (client.clone(), sync.clone(), chain.clone());
		let Node { registrar, next_key, .. } = node;
		async move {
			let imported = client.import_notification_stream();
			registrar.run_at(imported, |_: sp_core::H256| Shared(chain.clone()), &*sync).await;
			drop(next_key);
		}
	});
	client.listened().await;
	client.import(1, true);
	let told = tokio::time::timeout(Duration::from_secs(60), reachability.changed()).await;
	told.expect("it is told within a minute").expect("the registrar runs");
	assert_eq!(reachability.borrow().reachable, Reachable::No(3));
	client.end();
	tokio::time::timeout(Duration::from_secs(60), running).await.expect("it ends").expect("no panic");
}

/// The same chain at each block.
struct Shared(Arc<Chain>);

impl Registrations for Shared {
	fn status(&self, registrant: Registrant, kx_public: KxPublic) -> Result<RegistrationStatus, ApiError> {
		self.0.status(registrant, kx_public)
	}

	fn submit(
		&self,
		registration: Registration,
		proofs: RegistrationProofs,
	) -> Result<Result<(), SubmitError>, ApiError> {
		self.0.submit(registration, proofs)
	}

	fn mixnodes_page(&self, session: SessionIndex, start: Place, count: u32) -> Result<Option<MixnodesPage>, ApiError> {
		self.0.mixnodes_page(session, start, count)
	}
}
