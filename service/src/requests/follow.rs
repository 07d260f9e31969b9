//! What becomes of an extrinsic in this node's own view of its chain.
//!
//! It decides what callers are told, and what is counted against mixnodes. It has no influence on what is sent: otherwise
//! whoever controls what this node sees could find out which extrinsics it sends.

use codec::Encode;
use futures::{
	future::ready,
	stream::{select_all, BoxStream},
	StreamExt,
};
use sc_client_api::{BlockBackend, BlockchainEvents};
use sc_transaction_pool_api::TransactionPool;
use sp_core::Bytes;
use sp_runtime::traits::{Block as BlockT, Hash, HashingFor};
use std::{
	collections::{HashSet, VecDeque},
	sync::{Arc, Mutex, PoisonError},
};

/// Where an extrinsic was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
	/// In the transaction pool, where it came by gossip.
	InPool,
	/// In the block with this hash, which is, or leads to, the best one.
	InBlock(Bytes),
	/// In the block with this hash, which is finalised.
	Finalized(Bytes),
}

/// Looks for extrinsics.
pub trait Follow: Send + Sync + 'static {
	/// Says where the extrinsic is seen from now on. It may be seen in several blocks, until one is finalised.
	fn follow(&self, extrinsic: &[u8]) -> BoxStream<'static, Seen>;
}

/// Looks for extrinsics in this node's transaction pool and chain.
pub struct InOwnChain<B: BlockT, C, P> {
	client: Arc<C>,
	pool: Arc<P>,
	bodies: Arc<Bodies<B>>,
}

/// The hashes of the extrinsics of the latest blocks, which all who follow extrinsics share.
struct Bodies<B: BlockT>(Mutex<VecDeque<Body<B::Hash>>>);

/// A block, and the extrinsics in it.
type Body<H> = (H, Arc<HashSet<H>>);

/// More blocks than are best or finalised at a time.
const BLOCKS: usize = 32;

impl<B: BlockT> Bodies<B> {
	fn get(&self, client: &impl BlockBackend<B>, block: B::Hash) -> Arc<HashSet<B::Hash>> {
		// What is in it is right whatever panicked.
		let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
		if let Some((_, extrinsics)) = blocks.iter().find(|(hash, _)| *hash == block) {
			return extrinsics.clone();
		}
		let body = client.block_body(block).ok().flatten().unwrap_or_default();
		let hashes = body.iter().map(|extrinsic| HashingFor::<B>::hash(&extrinsic.encode()));
		let extrinsics = Arc::new(hashes.collect::<HashSet<_>>());
		blocks.truncate(BLOCKS - 1);
		blocks.push_front((block, extrinsics.clone()));
		extrinsics
	}
}

impl<B: BlockT, C, P> InOwnChain<B, C, P> {
	/// Looks there.
	pub fn new(client: Arc<C>, pool: Arc<P>) -> Self {
		Self { client, pool, bodies: Arc::new(Bodies(Mutex::default())) }
	}
}

impl<B, C, P> Follow for InOwnChain<B, C, P>
where
	B: BlockT,
	C: BlockBackend<B> + BlockchainEvents<B> + Send + Sync + 'static,
	P: TransactionPool<Block = B, Hash = B::Hash> + 'static,
{
	fn follow(&self, extrinsic: &[u8]) -> BoxStream<'static, Seen> {
		let hash = HashingFor::<B>::hash(extrinsic);
		let (client, bodies) = (self.client.clone(), self.bodies.clone());
		let block_with = move |blocks: Vec<B::Hash>| {
			let block = blocks.into_iter().find(|block| bodies.get(&*client, *block).contains(&hash))?;
			Some(Bytes(block.as_ref().to_vec()))
		};
		let pool = self.pool.import_notification_stream();
		let pool = pool.filter_map(move |ready_one| ready((ready_one == hash).then_some(Seen::InPool)));
		let find = block_with.clone();
		let best = self.client.import_notification_stream().filter(|import| ready(import.is_new_best));
		let best = best.filter_map(move |import| {
			let route = import.tree_route.as_deref().map_or(&[][..], |route| route.enacted());
			let blocks = route.iter().map(|block| block.hash).chain([import.hash]);
			ready(find(blocks.collect()).map(Seen::InBlock))
		});
		let finalized = self.client.finality_notification_stream().filter_map(move |finality| {
			let blocks = finality.tree_route.iter().copied().chain([finality.hash]);
			ready(block_with(blocks.collect()).map(Seen::Finalized))
		});
		select_all([pool.boxed(), best.boxed(), finalized.boxed()]).boxed()
	}
}
