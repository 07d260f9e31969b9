//! Others' requests are worked at by at most so many tasks at a time.

use super::*;
use crate::{
	config::RequestLimits,
	requests::{
		ask::Ask,
		serve::{Job, Serve},
		server::ServeReport,
	},
};
use futures::FutureExt;
use mixnet_node_core::HandlingDelay;
use tokio::sync::Semaphore;

const INDEX: u8 = 201;
const NAME: &str = "held";
const LIMITS: RequestLimits = RequestLimits { waiting: 4, running: 2 };

/// Asks for work that takes as long as the test wants.
struct AskHeld;

impl Ask for AskHeld {
	type Answer = ();
	type Error = NoAnswer;

	fn encode(&self) -> Vec<u8> {
		vec![INDEX]
	}

	fn surbs(&self) -> usize {
		2
	}

	fn handling_delay(&self) -> HandlingDelay {
		HandlingDelay::Fixed(Duration::ZERO)
	}

	fn read(&self, _: &[u8]) -> Result<(), NoAnswer> {
		Ok(())
	}
}

/// Works until it is let go.
#[derive(Clone)]
struct ServeHeld {
	go: Arc<Semaphore>,
	running: Arc<AtomicUsize>,
	most: Arc<AtomicUsize>,
}

impl Serve for ServeHeld {
	fn index(&self) -> u8 {
		INDEX
	}

	fn name(&self) -> &'static str {
		NAME
	}

	fn take(&self, _: &[u8], _: &ReplyTo) -> Result<Job, String> {
		let Self { go, running, most } = self.clone();
		let work = async move {
			most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
			let go = go.acquire().await;
			running.fetch_sub(1, Ordering::SeqCst);
			go.map(|_| vec![0]).map_err(|error| error.to_string())
		};
		Ok(Job { delay: Duration::ZERO, work: work.boxed() })
	}
}

async fn report(node: &Node) -> ServeReport {
	let served = node.handle.snapshot().await.expect("it runs").served;
	served.into_iter().find(|report| report.name == NAME).expect("it is served")
}

#[tokio::test]
async fn no_more_requests_of_a_type_are_worked_at_than_its_limit_says() {
	let all = Mutex::new(Vec::new());
	let (nodes, _network) = start_serving(3, |server| {
		let held = ServeHeld { go: Arc::new(Semaphore::new(0)), running: Arc::default(), most: Arc::default() };
		all.lock().expect("no test panics while it holds this; qed").push(held.clone());
		server.add(held, LIMITS);
	})
	.await;
	let all = all.into_inner().expect("no test panics while it holds this; qed");
	for _ in 0..24 {
		let handle = nodes[3].handle.clone();
		tokio::spawn(async move { handle.ask(AskHeld).await });
	}
	let bound = LIMITS.waiting + LIMITS.running;
	let full = within(async {
		loop {
			for (node, held) in nodes.iter().zip(&all) {
				if report(node).await.queued >= bound {
					return (node, held);
				}
			}
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
	})
	.await;
	let (node, held) = full;
	tokio::time::sleep(Duration::from_millis(200)).await;
	assert_eq!(held.running.load(Ordering::SeqCst), LIMITS.running);
	assert_eq!(report(node).await.queued, bound);

	// When some are done, those that wait have their turn.
	held.go.add_permits(Semaphore::MAX_PERMITS);
	within(async {
		while report(node).await.counters.done < bound as u64 {
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
	})
	.await;
	for held in &all {
		assert!(held.most.load(Ordering::SeqCst) <= LIMITS.running);
	}
}
