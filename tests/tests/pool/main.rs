//! Registrations in the SDK's transaction pools: the one that takes forks into account, which is the default, and the one
//! with a single state. The pools are the SDK's own, over a chain of the example runtime, natively. What is not here: other
//! nodes, which would gossip what a pool takes.
//!
//! - `chain`: the chain.
//! - `service`: what the service does with a pool and a client: it submits extrinsics, and follows them.

mod chain;
mod service;

use chain::{Chain, Registering};
use mixnet_primitives::RegistrationError;
use mixnet_runtime::{tx_extension, Block, Hash, UncheckedExtrinsic};
use sc_transaction_pool::{BasicPool, ForkAwareTxPool};
use sc_transaction_pool_api::{
	error::Error, ChainEvent, InPoolTransaction, LocalTransactionPool, MaintainedTransactionPool, TransactionPool,
	TransactionSource,
};
use sp_runtime::{generic::Era, transaction_validity::InvalidTransaction};
use std::sync::Arc;

/// A node's pool, and the chain that it follows.
struct Node<P> {
	chain: Arc<Chain>,
	pool: Arc<P>,
}

/// The default pool.
fn fork_aware() -> Node<ForkAwareTxPool<Chain, Block>> {
	let chain = Chain::new();
	let (pool, tasks) = ForkAwareTxPool::new_test(chain.clone(), chain.best(), chain.best(), None);
	tasks.into_iter().for_each(|task| drop(tokio::spawn(task)));
	Node { chain, pool: Arc::new(pool) }
}

/// What `--pool-type single-state` gives.
fn single_state() -> Node<BasicPool<Chain, Block>> {
	let chain = Chain::new();
	let (pool, task) = BasicPool::new_test(chain.clone(), chain.best(), chain.best(), Default::default());
	tokio::spawn(task);
	Node { chain, pool: Arc::new(pool) }
}

impl<P: MaintainedTransactionPool<Block = Block, Hash = Hash, Error = Error>> Node<P> {
	/// Sends a transaction to the pool, as the network does.
	async fn send(&self, extrinsic: &UncheckedExtrinsic) -> Result<Hash, Error> {
		self.pool.submit_one(self.chain.best(), TransactionSource::External, extrinsic.clone()).await
	}

	/// Lets the pool see a block of these extrinsics, and the one before it finalised.
	async fn block(&self, extrinsics: Vec<UncheckedExtrinsic>) {
		let hash = self.chain.make_block(extrinsics);
		self.pool.maintain(ChainEvent::NewBestBlock { hash, tree_route: None }).await;
		self.pool.maintain(ChainEvent::Finalized { hash: self.chain.last(1), tree_route: Arc::new([]) }).await;
	}

	/// What the author of the next block would include.
	async fn ready(&self) -> Vec<Hash> {
		self.pool.ready_at(self.chain.best()).await.map(|transaction| *transaction.hash()).collect()
	}

	/// Asserts that the pool holds this one and does not take `other`, for want of priority.
	async fn assert_keeps(&self, kept: &UncheckedExtrinsic, other: &UncheckedExtrinsic) {
		let answer = self.send(other).await;
		assert!(matches!(answer, Err(Error::TooLowPriority { .. })), "{answer:?}");
		assert_eq!(self.ready().await, [self.pool.hash_of(kept)]);
	}
}

async fn a_successor_gets_in(node: Node<impl MaintainedTransactionPool<Block = Block, Hash = Hash, Error = Error>>) {
	let (before, after) = (Registering::new("//Alice", 1), Registering::new("//Alice", 2));
	let lost = node.chain.registration(&before, 0);
	node.send(&lost).await.expect("nothing is in its way");
	// The node was started again, with another key. Authors include nothing.
	for _ in 0..3 {
		node.block(vec![]).await;
		// This is what keeps it out.
		node.assert_keeps(&lost, &node.chain.registration(&after, 0)).await;
	}
	let successor = node.chain.registration(&after, 1);
	node.send(&successor).await.expect("a greater revision replaces a smaller one");
	for _ in 0..3 {
		// The default pool says that it has it already: it keeps it for other forks.
		let answer = node.send(&lost).await;
		assert!(matches!(answer, Err(Error::TooLowPriority { .. } | Error::AlreadyImported(_))), "{answer:?}");
		assert_eq!(node.ready().await, [node.pool.hash_of(&successor)]);
		node.block(vec![]).await;
	}
	node.block(vec![successor]).await;
	assert_eq!(node.ready().await, []);
	let registered = node.chain.status(&after).registered.expect("it was in that block");
	assert_eq!(registered.kx_public, after.mixnode().kx_public);
	let refused = node.send(&node.chain.registration(&before, 0)).await;
	let stale = InvalidTransaction::Custom(RegistrationError::WrongRevision.code());
	assert!(matches!(refused, Err(Error::InvalidTransaction(why)) if why == stale), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_key_replaces_its_registration_in_the_default_pool() {
	a_successor_gets_in(fork_aware()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_key_replaces_its_registration_in_the_simple_pool() {
	a_successor_gets_in(single_state()).await;
}

/// The same call, with another transaction extension, which nobody signs.
fn disguised(extrinsic: &UncheckedExtrinsic, era: Era, nonce: u32, tip: u128) -> UncheckedExtrinsic {
	UncheckedExtrinsic::new_transaction(extrinsic.function.clone(), tx_extension(era, nonce, tip))
}

/// Or everybody could have all pools verify signatures and send registrations on, for nothing, as often as there are
/// blocks.
async fn strangers_change_nothing(
	node: Node<impl MaintainedTransactionPool<Block = Block, Hash = Hash, Error = Error>>,
) {
	let one = Registering::new("//Alice", 1);
	let waiting = node.chain.registration(&one, 1);
	node.send(&waiting).await.expect("nothing is in its way");
	for block in 0..4 {
		for other in [
			disguised(&waiting, Era::Immortal, 7 + block, 0),
			disguised(&waiting, Era::Immortal, 0, 1_000 + u128::from(block)),
			disguised(&waiting, Era::mortal(64, u64::from(block + 1)), 0, 0),
			// Or what the registrant has sent before, or signed another time.
			node.chain.registration(&one, 1),
			node.chain.registration(&Registering::new("//Alice", 2), 0),
		] {
			node.assert_keeps(&waiting, &other).await;
		}
		node.block(vec![]).await;
	}
	// Others are not in its way, whatever their revisions.
	let bob = node.chain.registration(&Registering::new("//Bob", 3), 0);
	node.send(&bob).await.expect("nothing is in its way");
	assert_eq!(node.ready().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_pushes_a_registration_out_of_the_default_pool() {
	strangers_change_nothing(fork_aware()).await;
}

/// An author that had only the first one includes it. The block's tag must not take the second one with it.
async fn a_block_leaves_the_successor(
	node: Node<impl MaintainedTransactionPool<Block = Block, Hash = Hash, Error = Error>>,
) {
	let (before, after) = (Registering::new("//Alice", 1), Registering::new("//Alice", 2));
	let (lost, successor) = (node.chain.registration(&before, 0), node.chain.registration(&after, 1));
	node.send(&lost).await.expect("nothing is in its way");
	node.send(&successor).await.expect("a greater revision replaces a smaller one");
	node.block(vec![lost]).await;
	assert_eq!(node.ready().await, [node.pool.hash_of(&successor)]);
	node.block(vec![successor]).await;
	assert_eq!(node.ready().await, []);
	let registered = node.chain.status(&after).registered.expect("both were in blocks");
	assert_eq!((registered.kx_public, registered.revision), (after.mixnode().kx_public, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_in_a_block_leaves_its_successor_in_the_default_pool() {
	a_block_leaves_the_successor(fork_aware()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_in_a_block_leaves_its_successor_in_the_simple_pool() {
	a_block_leaves_the_successor(single_state()).await;
}

/// Why a node counts its revisions up blindly: the default pool says that it took what it did not take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_not_told_that_its_own_pool_keeps_another_registration() {
	let node = fork_aware();
	let (before, after) = (Registering::new("//Alice", 1), Registering::new("//Alice", 2));
	let lost = node.chain.registration(&before, 0);
	node.send(&lost).await.expect("nothing is in its way");
	let send = |revision| node.pool.submit_local(node.chain.best(), node.chain.registration(&after, revision));
	assert!(send(0).is_ok());
	assert_eq!(node.ready().await, [node.pool.hash_of(&lost)]);
	let successor = send(1).expect("a greater revision replaces a smaller one");
	assert_eq!(node.ready().await, [successor]);
}
