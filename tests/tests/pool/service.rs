//! What the service does with a pool and a client: it submits extrinsics of others, and follows its own.

use super::*;
use codec::Encode;
use futures::{FutureExt, StreamExt};
use mixnet_runtime::{BlockNumber, Header};
use mixnet_service::requests::{
	follow::{Follow, InOwnChain, Seen},
	submit_extrinsic::{Submit, ToPool},
};
use sc_client_api::{
	BlockBackend, BlockImportNotification, BlockchainEvents, FinalityNotification, FinalityNotifications,
	FinalizeSummary, ImportNotifications, StorageEventStream, StorageKey, UnpinWorkerMessage,
};
use sc_utils::mpsc::{tracing_unbounded, TracingUnboundedReceiver, TracingUnboundedSender};
use sp_blockchain::{BlockStatus, HashAndNumber, HeaderBackend, Info, TreeRoute};
use sp_consensus::BlockOrigin;
use sp_runtime::{generic::SignedBlock, Justifications};
use std::sync::{
	atomic::{AtomicUsize, Ordering},
	Mutex,
};

type Senders<T> = Mutex<Vec<TracingUnboundedSender<T>>>;

/// A client of the chain. It tells of its blocks when a test says so.
struct Client {
	chain: Arc<Chain>,
	imported: Senders<BlockImportNotification<Block>>,
	finalised: Senders<FinalityNotification<Block>>,
	/// How often a block was read.
	read: AtomicUsize,
	unpin: TracingUnboundedSender<UnpinWorkerMessage<Block>>,
	_unpinned: TracingUnboundedReceiver<UnpinWorkerMessage<Block>>,
}

impl Client {
	fn new(chain: Arc<Chain>) -> Arc<Self> {
		let (unpin, _unpinned) = tracing_unbounded("unpin", 1_000);
		let (imported, finalised) = Default::default();
		Arc::new(Self { chain, imported, finalised, read: AtomicUsize::new(0), unpin, _unpinned })
	}

	/// Tells of a block. If it is the best one, so are `enacted`, on the way to it.
	fn import(&self, hash: Hash, is_best: bool, enacted: &[Hash]) {
		let (header, unpin) = (self.chain.header(hash), self.unpin.clone());
		let named = |hash: &Hash| HashAndNumber { hash: *hash, number: self.chain.header(*hash).number };
		let parent = HashAndNumber { hash: header.parent_hash, number: header.number - 1 };
		let route = std::iter::once(parent).chain(enacted.iter().map(named)).collect();
		let route = (!enacted.is_empty()).then(|| Arc::new(TreeRoute::new(route, 0).expect("it has a pivot")));
		let origin = BlockOrigin::NetworkBroadcast;
		send(&self.imported, BlockImportNotification::new(hash, origin, header, is_best, route, unpin));
	}

	/// Tells that these blocks are finalised.
	fn finalise(&self, hashes: &[Hash]) {
		let header = self.chain.header(*hashes.last().expect("there is one"));
		let summary = FinalizeSummary { header, finalized: hashes.to_vec(), stale_blocks: vec![] };
		send(&self.finalised, FinalityNotification::from_summary(summary, self.unpin.clone()));
	}
}

fn send<T: Clone>(senders: &Senders<T>, item: T) {
	let senders = senders.lock().expect("no test panics while it holds this");
	senders.iter().for_each(|sender| drop(sender.unbounded_send(item.clone())));
}

fn subscribe<T>(senders: &Senders<T>) -> TracingUnboundedReceiver<T> {
	let (sender, receiver) = tracing_unbounded("blocks", 1_000);
	senders.lock().expect("no test panics while it holds this").push(sender);
	receiver
}

impl BlockchainEvents<Block> for Client {
	fn import_notification_stream(&self) -> ImportNotifications<Block> {
		subscribe(&self.imported)
	}

	fn every_import_notification_stream(&self) -> ImportNotifications<Block> {
		unreachable!("nothing is followed while the node catches up")
	}

	fn finality_notification_stream(&self) -> FinalityNotifications<Block> {
		subscribe(&self.finalised)
	}

	fn storage_changes_notification_stream(
		&self,
		_: Option<&[StorageKey]>,
		_: Option<&[(StorageKey, Option<Vec<StorageKey>>)]>,
	) -> sp_blockchain::Result<StorageEventStream<Hash>> {
		unreachable!("extrinsics are in blocks")
	}
}

const NOT_NEEDED: &str = "extrinsics are in bodies";

impl BlockBackend<Block> for Client {
	fn block_body(&self, hash: Hash) -> sp_blockchain::Result<Option<Vec<UncheckedExtrinsic>>> {
		self.read.fetch_add(1, Ordering::SeqCst);
		Ok(Some(self.chain.body(hash)))
	}

	fn block_indexed_body(&self, _: Hash) -> sp_blockchain::Result<Option<Vec<Vec<u8>>>> {
		unreachable!("{NOT_NEEDED}")
	}

	fn block_indexed_hashes(&self, _: Hash) -> sp_blockchain::Result<Option<Vec<Hash>>> {
		unreachable!("{NOT_NEEDED}")
	}

	fn block(&self, _: Hash) -> sp_blockchain::Result<Option<SignedBlock<Block>>> {
		unreachable!("{NOT_NEEDED}")
	}

	fn block_status(&self, _: Hash) -> sp_blockchain::Result<sp_consensus::BlockStatus> {
		unreachable!("{NOT_NEEDED}")
	}

	fn justifications(&self, _: Hash) -> sp_blockchain::Result<Option<Justifications>> {
		unreachable!("{NOT_NEEDED}")
	}

	fn block_hash(&self, _: BlockNumber) -> sp_blockchain::Result<Option<Hash>> {
		unreachable!("{NOT_NEEDED}")
	}

	fn indexed_transaction(&self, _: Hash) -> sp_blockchain::Result<Option<Vec<u8>>> {
		unreachable!("{NOT_NEEDED}")
	}

	fn requires_full_sync(&self) -> bool {
		unreachable!("{NOT_NEEDED}")
	}
}

impl HeaderBackend<Block> for Client {
	fn header(&self, hash: Hash) -> sp_blockchain::Result<Option<Header>> {
		Ok(Some(self.chain.header(hash)))
	}

	fn info(&self) -> Info<Block> {
		let [best_hash, finalized_hash] = [0, 1].map(|before| self.chain.last(before));
		let [best_number, finalized_number] = [best_hash, finalized_hash].map(|hash| self.chain.header(hash).number);
		let (genesis_hash, finalized_state) = (self.chain.last(best_number as usize), None);
		Info {
			best_hash,
			best_number,
			genesis_hash,
			finalized_hash,
			finalized_number,
			finalized_state,
			number_leaves: 1,
			block_gap: None,
		}
	}

	fn status(&self, _: Hash) -> sp_blockchain::Result<BlockStatus> {
		Ok(BlockStatus::InChain)
	}

	fn number(&self, hash: Hash) -> sp_blockchain::Result<Option<BlockNumber>> {
		Ok(Some(self.chain.header(hash).number))
	}

	fn hash(&self, _: BlockNumber) -> sp_blockchain::Result<Option<Hash>> {
		unreachable!("blocks are named by their hashes")
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_destination_submits_is_judged_by_its_pool_at_its_best_block() {
	let node = fork_aware();
	let (chain, pool) = (node.chain.clone(), node.pool.clone());
	let to_pool = ToPool { client: Client::new(chain.clone()), pool: pool.clone() };
	let (before, after) = (Registering::new("//Alice", 1), Registering::new("//Alice", 2));
	let old = chain.registration(&before, 0);
	let successor = chain.registration(&after, 1);
	assert_eq!(to_pool.submit(successor.clone()).await, Ok(()));
	assert_eq!(node.ready().await, [pool.hash_of(&successor)]);
	assert_eq!(to_pool.submit(successor.clone()).await, Ok(()), "another copy of the request was faster");
	// The pool says why, if it does not take one.
	assert!(to_pool.submit(old.clone()).await.is_err_and(|why| why.contains("Too low priority")));
	// In the state after an earlier block, the old one would be valid.
	node.block(vec![successor]).await;
	let why = to_pool.submit(chain.registration(&before, 0)).await.expect_err("it is outdated at the best block");
	assert!(why.contains("Invalid"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extrinsic_is_followed_in_pool_and_chain_until_it_is_finalised() {
	let node = fork_aware();
	let chain = &node.chain;
	let client = Client::new(chain.clone());
	let view = InOwnChain::<Block, _, _>::new(client.clone(), node.pool.clone());
	let registration = |name, secret| chain.registration(&Registering::new(name, secret), 0);
	let (alice, bob) = (registration("//Alice", 1), registration("//Bob", 2));
	let mut seen = view.follow(&alice.encode());
	let mut others: Vec<_> = (0..9).map(|_| view.follow(&bob.encode())).collect();

	assert_eq!(seen.next().now_or_never(), None);
	node.send(&alice).await.expect("nothing is in its way");
	assert_eq!(seen.next().await, Some(Seen::InPool));

	// It is in the first of two blocks, which come together, as when another fork becomes the best one.
	let first = chain.make_block(vec![alice.clone()]);
	let second = chain.make_block(vec![]);
	let in_first = sp_core::Bytes(first.as_bytes().to_vec());
	client.import(first, false, &[]);
	assert_eq!(seen.next().now_or_never(), None, "the block is on another fork");
	client.import(second, true, &[first]);
	assert_eq!(seen.next().await, Some(Seen::InBlock(in_first.clone())));
	client.finalise(&[first, second]);
	assert_eq!(seen.next().await, Some(Seen::Finalized(in_first)));
	let third = chain.make_block(vec![bob]);
	client.import(third, true, &[]);
	client.finalise(&[third]);
	assert_eq!(seen.next().now_or_never(), None, "it is in no other block");

	// All look at blocks that were read once.
	let in_third = sp_core::Bytes(third.as_bytes().to_vec());
	for other in &mut others {
		let both = [other.next().await, other.next().await];
		for seen in [Seen::InBlock(in_third.clone()), Seen::Finalized(in_third.clone())] {
			assert!(both.contains(&Some(seen)), "{both:?}");
		}
	}
	assert_eq!(client.read.load(Ordering::SeqCst), 3);
}
