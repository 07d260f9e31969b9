//! The secret for session 0 is taken out of its file by the event loop.

use super::*;
use crate::secret_file::{self, SecretFile};
use mixnet_node_core::Role;

const SECRET: [u8; 32] = [1; 32];

/// Starts the event loop of a mixnode of session 0, whose secret is in `file`, and tells it that the current session is
/// `current`. Returns its role in that session.
async fn role(file: &std::path::Path, current: u32) -> Role {
	let own = Keypair::generate().public();
	let mut config = Config::new(true);
	config.session_0_secret = SecretFile::check(file).expect("it is not used; qed");
	let (handle, commands) = Handle::new(1);
	let (_inbound_sender, inbound) = inbound::channel();
	let (updates_sender, updates) = mpsc::channel(1);
	let event_loop = EventLoop::new(EventLoopParts {
		core: Mixnet::new(config.core.clone(), PeerId(own.to_bytes()), ChaCha20Rng::seed_from_u64(0), None)
			.expect("the config is valid; qed"),
		config,
		server: Server::default(),
		peer_control: Box::new(Recorder {
			own: own.to_peer_id(),
			reserved: Default::default(),
			reported: Default::default(),
		}),
		inbound,
		workers: Workers::start(NonZeroUsize::MIN).expect("there are threads; qed"),
		commands: Arc::new(tokio::sync::Mutex::new(commands)).lock_owned().await,
		updates,
		next_key: watch::channel(None).0,
		restarts: 0,
	});
	let running = tokio::spawn(event_loop.run());
	handle.snapshot().await.expect("it runs");
	assert!(file.exists(), "it was taken before the chain had said anything");

	let mixnode = |seed: u8, peer_id| Mixnode {
		kx_public: KxSecret::from_bytes([seed; 32]).public(),
		peer_id,
		external_addresses: Vec::new(),
	};
	let mut mixnodes: Vec<_> = (2..6).map(|seed| mixnode(seed, PeerId([seed; 32]))).collect();
	mixnodes.push(mixnode(SECRET[0], PeerId(own.to_bytes())));
	let update = Update {
		status: SessionStatus { current_index: current, phase: SessionPhase::DisconnectFromPrev },
		sessions: vec![ChainSession::new(current, Ok(mixnodes))],
	};
	updates_sender.send(update).await.expect("it runs");
	let role = within(async {
		loop {
			let snapshot = handle.snapshot().await.expect("it runs");
			if snapshot.session_status.is_some() {
				break snapshot.current.role;
			}
			tokio::task::yield_now().await;
		}
	})
	.await;
	running.abort();
	role
}

#[tokio::test]
async fn the_secret_for_session_0_is_taken_when_session_0_is_mixed_in() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made; qed");
	let file = folder.path().join("secret");
	secret_file::write(&file, &SECRET).expect("the file is new; qed");
	assert_eq!(role(&file, 1).await, Role::NonMixnode);
	assert!(file.exists(), "it was of no use in that session");
	assert!(matches!(role(&file, 0).await, Role::Mixnode(_)));
	assert!(!file.exists());
	assert_eq!(SecretFile::check(&file).expect("it is used; qed"), None);
}
