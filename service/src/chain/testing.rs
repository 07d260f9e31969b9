//! A chain whose blocks are imported and finalised when a test says so.

use sc_client_api::{
	BlockImportNotification, BlockchainEvents, FinalityNotification, FinalityNotifications, FinalizeSummary,
	ImportNotifications, StorageEventStream, StorageKey, UnpinWorkerMessage,
};
use sc_utils::mpsc::{tracing_unbounded, TracingUnboundedReceiver, TracingUnboundedSender};
use sp_api::{ApiExt, ApiRef, ProvideRuntimeApi};
use sp_consensus::{BlockOrigin, SyncOracle};
use sp_core::H256;
use sp_runtime::{
	generic,
	traits::{BlakeTwo256, Header as _},
	OpaqueExtrinsic,
};
use std::sync::{
	atomic::{AtomicBool, Ordering},
	Mutex,
};

pub type Block = generic::Block<Header, OpaqueExtrinsic>;
type Header = generic::Header<u32, BlakeTwo256>;

/// The hash of a block. Its number is the last byte.
pub fn hash(number: u8) -> H256 {
	H256::from_low_u64_be(number.into())
}

fn header(number: u8) -> Header {
	Header::new(number.into(), H256::zero(), H256::zero(), H256::zero(), Default::default())
}

type Senders<T> = Mutex<Vec<TracingUnboundedSender<T>>>;

/// A client that tells of blocks, and whose runtime is `A`.
pub struct Blocks<A> {
	api: A,
	imported: Senders<BlockImportNotification<Block>>,
	finalised: Senders<FinalityNotification<Block>>,
	unpin: TracingUnboundedSender<UnpinWorkerMessage<Block>>,
	_unpinned: TracingUnboundedReceiver<UnpinWorkerMessage<Block>>,
}

impl<A> Blocks<A> {
	pub fn new(api: A) -> Self {
		let (unpin, _unpinned) = tracing_unbounded("unpin", 1_000);
		Self { api, imported: Mutex::default(), finalised: Mutex::default(), unpin, _unpinned }
	}

	/// Tells of a new block.
	pub fn import(&self, number: u8, is_new_best: bool) {
		let (header, unpin) = (header(number), self.unpin.clone());
		let origin = BlockOrigin::NetworkBroadcast;
		send(&self.imported, BlockImportNotification::new(hash(number), origin, header, is_new_best, None, unpin));
	}

	/// Tells of a finalised block.
	pub fn finalise(&self, number: u8) {
		let summary = FinalizeSummary { header: header(number), finalized: vec![hash(number)], stale_blocks: vec![] };
		send(&self.finalised, FinalityNotification::from_summary(summary, self.unpin.clone()));
	}

	/// Waits until somebody listens.
	pub async fn listened(&self) {
		while self.senders() == 0 {
			tokio::task::yield_now().await;
		}
	}

	/// Waits until all that was told has been taken.
	pub async fn taken(&self) {
		while self.waiting() > 0 {
			tokio::task::yield_now().await;
		}
		// The task that took it was woken before this one, and goes on until it waits again.
		tokio::task::yield_now().await;
	}

	fn senders(&self) -> usize {
		let imported = self.imported.lock().expect("no test panics while it holds this; qed").len();
		imported + self.finalised.lock().expect("no test panics while it holds this; qed").len()
	}

	fn waiting(&self) -> usize {
		let imported = self.imported.lock().expect("no test panics while it holds this; qed");
		let finalised = self.finalised.lock().expect("no test panics while it holds this; qed");
		let imported = imported.iter().map(TracingUnboundedSender::len).max().unwrap_or_default();
		imported.max(finalised.iter().map(TracingUnboundedSender::len).max().unwrap_or_default())
	}

	/// No more blocks come, as if the client was gone.
	pub fn end(&self) {
		self.imported.lock().expect("no test panics while it holds this; qed").clear();
		self.finalised.lock().expect("no test panics while it holds this; qed").clear();
	}
}

fn send<T: Clone>(senders: &Senders<T>, item: T) {
	// Whoever listens no longer is not told.
	let senders = senders.lock().expect("no test panics while it holds this; qed");
	senders.iter().for_each(|sender| drop(sender.unbounded_send(item.clone())));
}

fn subscribe<T>(senders: &Senders<T>) -> TracingUnboundedReceiver<T> {
	let (sender, receiver) = tracing_unbounded("blocks", 1_000);
	senders.lock().expect("no test panics while it holds this; qed").push(sender);
	receiver
}

impl<A: ApiExt<Block> + Clone> ProvideRuntimeApi<Block> for Blocks<A> {
	type Api = A;

	fn runtime_api(&self) -> ApiRef<'_, A> {
		self.api.clone().into()
	}
}

impl<A> BlockchainEvents<Block> for Blocks<A> {
	fn import_notification_stream(&self) -> ImportNotifications<Block> {
		subscribe(&self.imported)
	}

	fn every_import_notification_stream(&self) -> ImportNotifications<Block> {
		unreachable!("nobody needs blocks of the time in which the node catches up")
	}

	fn finality_notification_stream(&self) -> FinalityNotifications<Block> {
		subscribe(&self.finalised)
	}

	fn storage_changes_notification_stream(
		&self,
		_: Option<&[StorageKey]>,
		_: Option<&[(StorageKey, Option<Vec<StorageKey>>)]>,
	) -> sp_blockchain::Result<StorageEventStream<H256>> {
		unreachable!("the runtime is asked, not its storage")
	}
}

/// Whether the node catches up with the chain.
#[derive(Default)]
pub struct Syncing(pub AtomicBool);

impl SyncOracle for Syncing {
	fn is_major_syncing(&self) -> bool {
		self.0.load(Ordering::SeqCst)
	}

	fn is_offline(&self) -> bool {
		false
	}
}
