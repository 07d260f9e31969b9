//! A chain that stands still, and a machine that was suspended.

use super::{alone::alone, *};
use crate::clock::testing::Machine;
use mixnet_node_core::{DropReason, PostError, RestingReason, Role};

/// Somebody's key.
fn unknown_key() -> KxPublic {
	KxSecret::from_bytes([9; 32]).public()
}

#[tokio::test]
async fn where_nothing_is_finalised_for_long_keys_are_given_up_until_the_next_session() {
	let mut config = Config::new(true);
	config.max_silence = Duration::from_secs(2);
	let mut node = alone(config, Clock::start()).await;
	node.tell(0, unknown_key()).await;
	let key = *within(node.next_key.wait_for(Option::is_some)).await.expect("it runs");
	let key = key.expect("waited for").kx_public;

	// As long as the chain goes on, even within one session and phase, nothing happens.
	for _ in 0..25 {
		node.tell(1, key).await;
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
	let mixing = node.handle.snapshot().await.expect("it runs");
	assert!(matches!(mixing.current.role, Role::Mixnode(_)), "{:?}", mixing.current.role);
	assert_eq!(mixing.reserved, 4);

	let resting = node.when(|snapshot| snapshot.current.role == Role::Resting).await;
	assert_eq!(resting.session_status.map(|status| status.current_index), Some(1));
	node.when(|snapshot| snapshot.reserved == 0).await;
	match within(node.handle.ask(SubmitExtrinsic(text("hello")))).await {
		Err(SubmitError::NoAnswer(NoAnswer::NotSent(error))) => {
			assert_eq!(error, PostError::Resting { session: 1, reason: RestingReason::Stalled });
		},
		other => panic!("{other:?}"),
	}
	// The chain goes on, first where it stood.
	node.tell(1, key).await;
	let key = node.next_key.borrow().expect("it was told").kx_public;
	node.tell(2, key).await;
	node.when(|snapshot| matches!(snapshot.current.role, Role::Mixnode(_))).await;
}

/// Too short for the core to find out by itself, and with a tick that was due meanwhile.
#[tokio::test]
async fn the_core_is_told_that_the_machine_was_suspended() {
	let machine = Machine::default();
	let mut node = alone(Config::new(true), machine.clock()).await;
	node.tell(0, unknown_key()).await;
	let key = *within(node.next_key.wait_for(Option::is_some)).await.expect("it runs");
	node.tell(1, key.expect("waited for").kx_public).await;
	node.when(|snapshot| matches!(snapshot.current.role, Role::Mixnode(_))).await;
	machine.suspend(4);
	let after = node.when(|snapshot| snapshot.core.dropped(DropReason::AuthoredTooLate) > 0).await;
	assert_eq!(after.core.dropped(DropReason::AuthoredTooLate), 1);
}

/// The clock runs on, so the chain has been silent for all of that time.
#[tokio::test]
async fn keys_do_not_outlive_their_session_in_a_machine_that_is_suspended() {
	let machine = Machine::default();
	let node = alone(Config::new(true), machine.clock()).await;
	node.tell(0, unknown_key()).await;
	node.when(|snapshot| snapshot.current.role == Role::NonMixnode).await;
	machine.suspend(4 * 3600);
	node.when(|snapshot| snapshot.current.role == Role::Resting).await;
}
