//! At which blocks the registrar asks the chain.

use super::*;
use crate::chain::testing::{hash, Blocks, Syncing};
use sp_core::H256;
use std::{sync::atomic::Ordering, time::Duration};

/// A chain that notes at which blocks it is asked.
struct Asked {
	chain: Chain,
	/// Whether the runtime can be asked.
	fails: Mutex<bool>,
	blocks: Mutex<Vec<u8>>,
}

struct At<'a>(&'a Asked, u8);

impl Registrations for At<'_> {
	fn status(&self, registrant: Registrant, kx_public: KxPublic) -> Result<RegistrationStatus, ApiError> {
		self.0.blocks.lock().expect("no test panics while it holds this; qed").push(self.1);
		if *self.0.fails.lock().expect("no test panics while it holds this; qed") {
			return Err(ApiError::StateBackendIsNotTrie);
		}
		self.0.chain.status(registrant, kx_public)
	}

	fn submit(
		&self,
		registration: Registration,
		proofs: RegistrationProofs,
	) -> Result<Result<(), SubmitError>, ApiError> {
		self.0.chain.submit(registration, proofs)
	}

	fn mixnodes_page(&self, session: SessionIndex, start: Place, count: u32) -> Result<Option<MixnodesPage>, ApiError> {
		self.0.chain.mixnodes_page(session, start, count)
	}
}

/// A registrar that runs, on a chain that advises this.
struct Running {
	client: Arc<Blocks<()>>,
	sync: Arc<Syncing>,
	asked: Arc<Asked>,
	running: tokio::task::JoinHandle<()>,
	_next_key: watch::Sender<Option<NextKey>>,
}

impl Running {
	async fn start(advice: RegistrationAdvice) -> Self {
		let Node { registrar, keys, next_key, .. } = Node::new(1);
		let chain = Chain { is_private: true, ..Chain::new([(keys[0], status(advice, 0, None))]) };
		let asked = Arc::new(Asked { chain, fails: Mutex::default(), blocks: Mutex::default() });
		let (client, sync) = (Arc::new(Blocks::new(())), Arc::new(Syncing::default()));
		let running = tokio::spawn({
			let (client, sync, asked) = (client.clone(), sync.clone(), asked.clone());
			async move {
				let at = |block: H256| At(&asked, block.0[31]);
				registrar.run_at(client.import_notification_stream(), at, &*sync).await;
			}
		});
		client.listened().await;
		Self { client, sync, asked, running, _next_key: next_key }
	}

	/// These blocks are imported, one after the other, as the new best ones. Returns those at which the chain was asked.
	async fn import(&self, numbers: std::ops::Range<u8>) -> Vec<u8> {
		for number in numbers {
			assert_eq!(hash(number).0[31], number);
			self.client.import(number, true);
		}
		self.asked().await
	}

	/// The blocks at which the chain was asked since the last call.
	async fn asked(&self) -> Vec<u8> {
		self.client.taken().await;
		// Signing has to ask the core, in another task.
		tokio::time::sleep(Duration::from_millis(50)).await;
		std::mem::take(&mut self.asked.blocks.lock().expect("no test panics while it holds this; qed"))
	}

	fn sent(&self) -> usize {
		self.asked.chain.take_sent().len()
	}
}

#[tokio::test]
async fn the_chain_is_asked_at_each_best_block_once_the_node_has_caught_up() {
	let registrar = Running::start(RegistrationAdvice::Wait).await;
	assert_eq!(registrar.import(1..4).await, [1, 2, 3]);
	registrar.client.import(4, false);
	assert_eq!(registrar.asked().await, [0; 0], "a block of another fork");
	registrar.sync.0.store(true, Ordering::SeqCst);
	assert_eq!(registrar.import(5..7).await, [0; 0], "while the node catches up, it would register for old sessions");
	registrar.sync.0.store(false, Ordering::SeqCst);
	assert_eq!(registrar.import(7..8).await, [7]);
	assert_eq!(registrar.sent(), 0);

	registrar.client.end();
	tokio::time::timeout(Duration::from_secs(60), registrar.running).await.expect("it ends").expect("no panic");
}

#[tokio::test]
async fn after_a_registration_some_blocks_have_time_to_include_it() {
	let registrar = Running::start(RegistrationAdvice::Register).await;
	let wait = BLOCKS_BETWEEN_TRIES as u8;
	assert_eq!(registrar.import(1..1 + wait).await, [1]);
	assert_eq!(registrar.sent(), 1);
	assert_eq!(registrar.import(1 + wait..2 + wait).await, [1 + wait], "none has included it");
	assert_eq!(registrar.sent(), 1);
}

#[tokio::test]
async fn a_runtime_that_cannot_be_asked_is_asked_again_at_the_next_block() {
	let registrar = Running::start(RegistrationAdvice::Register).await;
	*registrar.asked.fails.lock().expect("no test panics while it holds this; qed") = true;
	assert_eq!(registrar.import(1..4).await, [1, 2, 3]);
	*registrar.asked.fails.lock().expect("no test panics while it holds this; qed") = false;
	assert_eq!(registrar.import(4..5).await, [4]);
	assert_eq!(registrar.sent(), 1);
}
