//! The secret for session 0 is taken out of its file by the event loop.

use super::{alone::alone, *};
use crate::secret_file::{self, SecretFile};
use mixnet_node_core::Role;

const SECRET: [u8; 32] = [1; 32];

/// The role of a mixnode of session 0, whose secret is in `file`, in the session that is the current one.
async fn role(file: &std::path::Path, current: u32) -> Role {
	let mut config = Config::new(true);
	config.session_0_secret = SecretFile::check(file).expect("it is not used; qed");
	let node = alone(config, Clock::start()).await;
	node.handle.snapshot().await.expect("it runs");
	assert!(file.exists(), "it was taken before the chain had said anything");
	node.tell(current, KxSecret::from_bytes(SECRET).public()).await;
	node.when(|snapshot| snapshot.session_status.is_some()).await.current.role
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
