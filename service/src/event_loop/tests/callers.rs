//! Callers that share the mixnet.

use super::*;
use crate::requests::line::Caller;

const A: Caller = Caller::Public(1);
const B: Caller = Caller::Public(2);

/// An extrinsic that takes as many packets as one may.
fn large() -> Vec<u8> {
	text(&"x".repeat(50_000))
}

/// Stops all mixnodes: nobody answers.
fn silence(nodes: &[Node], network: &Sinks) {
	for node in &nodes[..nodes.len() - 1] {
		node.ended.abort();
		network.lock().expect("no test panics while it holds this; qed").remove(&node.network.own);
	}
}

#[tokio::test]
async fn a_caller_that_hangs_up_is_cancelled_at_once() {
	let (nodes, network) = start(3).await;
	silence(&nodes, &network);
	let user = &nodes[3];
	let queues = || async { user.status().await.queues };
	// One of them is being sent, and the others wait for their turn.
	let calls: Vec<_> = (0..4)
		.map(|_| {
			let handle = user.handle.clone();
			tokio::spawn(async move { handle.ask_for(A, SubmitExtrinsic(large())).await })
		})
		.collect();
	within(async {
		while queues().await.requests_waiting < 3 {
			tokio::task::yield_now().await;
		}
	})
	.await;
	for call in calls {
		call.abort();
	}
	within(async {
		let mut queues = user.status().await.queues;
		while queues.requests + queues.requests_waiting > 0 {
			tokio::task::yield_now().await;
			queues = user.status().await.queues;
		}
		assert_eq!(queues.authored_current, 0, "its packets are still sent");
	})
	.await;
}

#[tokio::test]
async fn a_request_that_finds_no_room_waits_and_is_not_refused() {
	let (nodes, _network) = start(6).await;
	let user = &nodes[6];
	let calls = (0..3).map(|_| user.handle.ask_for(A, SubmitExtrinsic(large())));
	for answer in within(futures::future::join_all(calls)).await {
		answer.expect("its turn comes");
	}
}

#[tokio::test]
async fn a_small_request_does_not_wait_for_another_callers_large_ones() {
	let (nodes, _network) = start(6).await;
	let user = &nodes[6];
	let done = AtomicUsize::new(0);
	let large = async {
		let calls = (0..6).map(|_| async {
			user.handle.ask_for(A, SubmitExtrinsic(large())).await.expect("its turn comes");
			done.fetch_add(1, Ordering::SeqCst);
		});
		futures::future::join_all(calls).await;
	};
	let small = async {
		while user.status().await.queues.requests_waiting < 5 {
			tokio::task::yield_now().await;
		}
		user.handle.ask_for(B, SubmitExtrinsic(text("hello"))).await.expect("nothing is lost here");
		done.load(Ordering::SeqCst)
	};
	let before = within(async {
		tokio::select! {
			_ = large => panic!("the small request was last"),
			before = small => before,
		}
	})
	.await;
	assert!(before <= 2, "{before} large requests of another caller were first");
}

#[tokio::test]
async fn what_one_mixnode_throws_away_the_other_submits() {
	let (nodes, _network) = start(6).await;
	let words = "first throws me away";
	// The first mixnode says that all is well, and the caller waits no longer.
	within(nodes[6].submit(text(words))).await.expect("nothing is lost here");
	assert_eq!(within(submitted(&nodes, 1)).await, [words]);
}

#[tokio::test]
async fn one_mixnode_that_refuses_decides_nothing() {
	let (nodes, _network) = start(6).await;
	let words = "first refuses me";
	within(nodes[6].submit(text(words))).await.expect("the other one takes it");
	assert_eq!(within(submitted(&nodes, 1)).await, [words]);
}
