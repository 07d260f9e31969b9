//! A second request type, served beside extrinsics, without a change of the event loop.

use super::*;
use crate::{
	config::RequestLimits,
	requests::{
		ask::Ask,
		serve::{Job, Serve},
		server::ServeCounters,
	},
};
use codec::DecodeAll;
use futures::FutureExt;
use mixnet_node_core::HandlingDelay;

const INDEX: u8 = 200;
const LIMITS: RequestLimits = RequestLimits { waiting: 4, running: 2 };

/// Asks for some bytes backwards.
struct Reverse(Vec<u8>);

#[derive(Debug, thiserror::Error)]
enum ReverseError {
	#[error(transparent)]
	NoAnswer(#[from] NoAnswer),
	#[error(transparent)]
	Refused(RemoteError),
	#[error("these are other bytes, or in another order")]
	Wrong,
}

fn reversed(bytes: &[u8]) -> Vec<u8> {
	bytes.iter().rev().copied().collect()
}

impl Ask for Reverse {
	type Answer = Vec<u8>;
	type Error = ReverseError;

	fn encode(&self) -> Vec<u8> {
		[&[INDEX], &self.0[..]].concat()
	}

	fn surbs(&self) -> usize {
		2
	}

	fn handling_delay(&self) -> HandlingDelay {
		HandlingDelay::Fixed(Duration::ZERO)
	}

	fn read(&self, answer: &[u8]) -> Result<Vec<u8>, ReverseError> {
		match Result::<Vec<u8>, RemoteError>::decode_all(&mut &*answer) {
			Ok(Ok(bytes)) if bytes == reversed(&self.0) => Ok(bytes),
			Ok(Err(error)) => Err(ReverseError::Refused(error)),
			_ => Err(ReverseError::Wrong),
		}
	}
}

/// Reverses bytes; but lies about some, refuses some, and panics at some.
struct ServeReverse;

impl Serve for ServeReverse {
	fn index(&self) -> u8 {
		INDEX
	}

	fn name(&self) -> &'static str {
		"reversal"
	}

	fn take(&self, body: &[u8], _: &ReplyTo) -> Result<Job, String> {
		let body = body.to_vec();
		if body.is_empty() {
			return Err("nothing to reverse".into());
		}
		let work = async move {
			match &body[..] {
				b"panic" => panic!("on purpose"),
				b"refuse" => Err("refused".into()),
				b"lie" => Ok(Ok::<_, RemoteError>(body).encode()),
				_ => Ok(Ok::<_, RemoteError>(reversed(&body)).encode()),
			}
		};
		Ok(Job { delay: Duration::from_millis(1), work: work.boxed() })
	}
}

#[tokio::test]
async fn a_second_request_type_is_served_without_a_change_of_the_event_loop() {
	crate::unwinding::testing::use_the_sdks_hook_if_told();
	let (nodes, _network) = start_serving(3, |server| server.add(ServeReverse, LIMITS)).await;
	let user = &nodes[3];
	let ask = |body: &[u8]| within(user.handle.ask(Reverse(body.to_vec())));
	assert_eq!(ask(b"abc").await.expect("it is answered"), b"cba");
	within(user.submit(text("hello"))).await.expect("extrinsics are served beside it");
	assert_eq!(within(submitted(&nodes, 2)).await.len(), 2);
	for (body, expected) in [
		(&b""[..], RemoteError::Decode("nothing to reverse".into())),
		(b"refuse", RemoteError::Other("refused".into())),
		(b"panic", RemoteError::Other("this node failed to handle the request".into())),
	] {
		match ask(body).await {
			Err(ReverseError::Refused(error)) => assert_eq!(error, expected),
			other => panic!("{other:?}"),
		}
	}
	assert!(matches!(ask(b"lie").await, Err(ReverseError::Wrong)), "an answer is believed once it is verified");

	let mut counters = Vec::new();
	for node in &nodes {
		counters.push(node.handle.snapshot().await.expect("it runs").served);
	}
	let sum = |name: &str, count: fn(&ServeCounters) -> u64| -> u64 {
		counters.iter().flatten().filter(|report| report.name == name).map(|report| count(&report.counters)).sum()
	};
	assert_eq!(sum("extrinsic", |counters| counters.done), 2);
	assert_eq!(sum("extrinsic", |counters| counters.malformed + counters.refused), 0);
	// A request that is repeated before its answer arrives is not served twice, unless it goes to another node.
	assert!(sum("reversal", |counters| counters.done) >= 2);
	assert!(sum("reversal", |counters| counters.refused) >= 2);
	assert!(sum("reversal", |counters| counters.malformed) >= 1);
	let queued: usize = counters.iter().flatten().map(|report| report.queued).sum();
	assert_eq!(queued, 0);
}

/// Asks until a node counts a drop for this reason. Nobody answers.
async fn ask_until_dropped(nodes: &[Node], request: Reverse, reason: &str) {
	let (user, mixnodes) = nodes.split_last().expect("there are nodes");
	let is_dropped = async {
		loop {
			for node in mixnodes {
				if node.status().await.counters.dropped_by_reason.contains_key(reason) {
					return;
				}
			}
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
	};
	within(async {
		tokio::select! {
			answer = user.handle.ask(request) => panic!("{answer:?}"),
			() = is_dropped => (),
		}
	})
	.await;
}

#[tokio::test]
async fn requests_of_unknown_types_are_counted_and_not_answered() {
	let (nodes, _network) = start(3).await;
	ask_until_dropped(&nodes, Reverse(b"abc".to_vec()), "unknown_request").await;
}

#[tokio::test]
async fn requests_that_find_no_room_are_counted_and_not_answered() {
	let no_room = RequestLimits { waiting: 0, running: 1 };
	let (nodes, _network) = start_serving(3, |server| server.add(ServeReverse, no_room)).await;
	ask_until_dropped(&nodes, Reverse(b"abc".to_vec()), "reversal_queue_full").await;
}
