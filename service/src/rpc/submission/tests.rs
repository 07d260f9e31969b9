use super::*;
use crate::{handle::Command, requests::line::Caller};
use codec::Encode;
use futures::stream;
use mixnet_node_core::request::{RemoteError, Reply};
use sp_core::Bytes;
use std::sync::Arc;
use tokio::sync::Semaphore;

const A: PeerId = PeerId([1; 32]);
const B: PeerId = PeerId([2; 32]);

/// A submission, seen from outside.
struct Outside {
	commands: mpsc::Receiver<Command>,
	/// Where outcomes go in; `None` once both have ended.
	outcomes: Option<mpsc::Sender<Outcome>>,
	view: mpsc::UnboundedSender<Seen>,
	progress: mpsc::Receiver<Progress>,
}

async fn start(valid: bool) -> Outside {
	start_at(valid, true, Some(place())).await
}

fn place() -> OwnedSemaphorePermit {
	Arc::new(Semaphore::new(1)).try_acquire_owned().expect("nobody else knows it")
}

async fn start_at(valid: bool, watched: bool, place: Option<OwnedSemaphorePermit>) -> Outside {
	let (grace, patience) = (Duration::from_millis(20), Duration::from_millis(50));
	start_in(valid, watched, place, grace, patience).await
}

/// One that waits long, so that a slow machine makes no difference.
async fn start_patient(watched: bool) -> Outside {
	let minute = Duration::from_secs(60);
	start_in(true, watched, Some(place()), minute, minute).await
}

async fn start_in(
	valid: bool,
	watched: bool,
	place: Option<OwnedSemaphorePermit>,
	grace: Duration,
	patience: Duration,
) -> Outside {
	let (handle, mut commands) = Handle::new(8);
	let request = SubmitExtrinsic(vec![4, 1]);
	let outcomes = handle.send(Caller::NODE, &request).await.expect("somebody listens");
	let Some(Command::Ask(asked)) = commands.recv().await else { panic!("it was not sent") };
	assert!(asked.twice, "one mixnode alone may lie");
	let (view, mut seen) = mpsc::unbounded_channel();
	let view_in = stream::poll_fn(move |context| seen.poll_recv(context)).boxed();
	let (progress, receiver) = mpsc::channel(16);
	let submission = Submission {
		handle,
		request,
		outcomes,
		view: view_in,
		progress,
		watched,
		would_be_taken: Box::new(move || valid),
		validations: Arc::new(Semaphore::new(2)),
		patience,
		grace,
		place,
	};
	tokio::spawn(submission.run());
	Outside { commands, outcomes: Some(asked.outcomes), view, progress: receiver }
}

impl Outside {
	async fn answer(&mut self, mixnode: PeerId, answer: Result<(), &str>) {
		let reply: Reply = answer.map_err(|error| RemoteError::Other(error.into()));
		let outcome = Outcome { destination: Some(mixnode), result: Ok(reply.encode()) };
		self.outcomes.as_ref().expect("not both have ended").send(outcome).await.expect("it goes on");
		// Let it be taken before anything else happens.
		tokio::time::sleep(Duration::from_millis(5)).await;
	}

	async fn next(&mut self) -> Progress {
		let next = tokio::time::timeout(Duration::from_secs(60), self.progress.recv()).await;
		next.expect("it comes at once").expect("there is more to tell")
	}

	/// What is counted against mixnodes until the submission ends, if nobody waits for it any more.
	async fn counted(mut self) -> Vec<(PeerId, Wrong)> {
		self.outcomes = None;
		drop(self.progress);
		let mut counted = Vec::new();
		while let Some(command) = self.commands.recv().await {
			let Command::CountWrong(mixnode, wrong) = command else { panic!("it sends nothing more") };
			counted.push((mixnode, wrong));
		}
		counted
	}
}

fn in_block() -> Seen {
	Seen::InBlock(Bytes(vec![7; 32]))
}

fn finalized() -> Seen {
	Seen::Finalized(Bytes(vec![7; 32]))
}

#[tokio::test]
async fn the_caller_is_told_when_one_has_submitted_it_or_both_have_refused() {
	let mut submission = start(true).await;
	submission.answer(A, Err("outdated")).await;
	submission.answer(B, Ok(())).await;
	assert!(matches!(submission.next().await, Progress::Submitted));

	let mut submission = start(true).await;
	submission.answer(A, Err("outdated")).await;
	submission.answer(B, Err("banned")).await;
	submission.outcomes = None;
	assert!(matches!(submission.next().await, Progress::Failed(SubmitError::Refused(_))));

	// If one does not answer, nobody knows.
	let mut submission = start(true).await;
	submission.answer(A, Err("outdated")).await;
	let error = NoAnswer::NotAnswered(mixnet_node_core::RequestError::NoReply);
	let outcome = Outcome { destination: None, result: Err(error) };
	submission.outcomes.take().expect("as above; qed").send(outcome).await.expect("it goes on");
	assert!(matches!(submission.next().await, Progress::Failed(SubmitError::RefusedByOne(_))));
}

/// Their answers to copies before were lost: by the time that an answer gets through, it is in a block.
#[tokio::test]
async fn an_extrinsic_that_this_node_has_seen_was_submitted_whoever_refuses_it() {
	let sightings =
		[(false, Seen::InPool), (false, in_block()), (false, finalized()), (true, in_block()), (true, finalized())];
	for (watched, seen) in sightings {
		let is_final = seen == finalized();
		// Seen before the refusals, and shortly after.
		for is_seen_before in [true, false] {
			let mut submission = start_patient(watched).await;
			if is_seen_before {
				submission.view.send(seen.clone()).expect("it goes on");
			}
			submission.answer(A, Err("outdated")).await;
			submission.answer(B, Err("banned")).await;
			submission.outcomes = None;
			if !is_seen_before {
				tokio::time::sleep(Duration::from_millis(5)).await;
				submission.view.send(seen.clone()).expect("it goes on");
			}
			if watched && is_seen_before {
				assert!(matches!(submission.next().await, Progress::Seen(told) if told == seen));
			}
			assert!(matches!(submission.next().await, Progress::Submitted), "{watched} {seen:?} {is_seen_before}");
			if watched && !is_seen_before {
				assert!(matches!(submission.next().await, Progress::Seen(told) if told == seen));
			}
			if watched && !is_final {
				// And it is followed to its end.
				submission.view.send(finalized()).expect("it goes on");
				assert!(matches!(submission.next().await, Progress::Seen(told) if told == finalized()));
			}
		}
	}

	// Nor does it matter that none has answered at all.
	let mut submission = start_patient(false).await;
	submission.view.send(in_block()).expect("it goes on");
	let error = NoAnswer::NotAnswered(mixnet_node_core::RequestError::NoReply);
	let outcome = Outcome { destination: None, result: Err(error) };
	submission.outcomes.take().expect("as above; qed").send(outcome).await.expect("it goes on");
	assert!(matches!(submission.next().await, Progress::Submitted));
}

#[tokio::test]
async fn answers_that_prove_wrong_are_counted_against_their_mixnodes() {
	// One refused what came into a block.
	let mut submission = start(true).await;
	submission.answer(A, Ok(())).await;
	submission.answer(B, Err("bad signature")).await;
	submission.view.send(in_block()).expect("it goes on");
	assert_eq!(submission.counted().await, [(B, Wrong::RefusedValid)]);

	// All refused it, and it is in a block: earlier copies were submitted, and they have seen that block sooner than this node.
	let mut submission = start_patient(true).await;
	submission.answer(A, Err("outdated")).await;
	submission.answer(B, Err("banned")).await;
	submission.outcomes = None;
	submission.view.send(in_block()).expect("it goes on");
	assert_eq!(submission.counted().await, []);

	// One refused it when it was in a block already, as it should.
	let mut submission = start(true).await;
	submission.answer(A, Ok(())).await;
	submission.view.send(in_block()).expect("it goes on");
	submission.answer(B, Err("outdated")).await;
	assert_eq!(submission.counted().await, []);

	// It came into no block, although the chain would take it, or since the chain would not any more.
	for (valid, expected) in [(true, vec![(A, Wrong::SubmittedNothing), (B, Wrong::SubmittedNothing)]), (false, vec![])]
	{
		let mut submission = start(valid).await;
		submission.answer(A, Ok(())).await;
		submission.answer(B, Ok(())).await;
		assert_eq!(submission.counted().await, expected);
	}

	// It is in no block yet, but this node has it in its pool: somebody has submitted it.
	let mut submission = start(true).await;
	submission.answer(A, Ok(())).await;
	submission.answer(B, Ok(())).await;
	submission.view.send(Seen::InPool).expect("it goes on");
	assert_eq!(submission.counted().await, []);
}

#[tokio::test]
async fn what_is_seen_has_no_influence_on_what_is_sent() {
	let mut submission = start(true).await;
	for seen in [Seen::InPool, in_block(), finalized()] {
		submission.view.send(seen.clone()).expect("it goes on");
		assert!(matches!(submission.next().await, Progress::Seen(told) if told == seen));
	}
	tokio::time::sleep(Duration::from_millis(100)).await;
	assert!(!submission.outcomes.as_ref().expect("as above; qed").is_closed(), "it was cancelled");
	// Nor has an answer, if the caller is gone by then.
	submission.answer(A, Ok(())).await;
	let outcomes = submission.outcomes.clone().expect("as above; qed");
	drop(submission.progress);
	tokio::time::sleep(Duration::from_millis(100)).await;
	assert!(!outcomes.is_closed(), "it was cancelled");
}

/// Otherwise whoever can hide it from this node would find out what a wallet does that hangs up when it has seen it.
#[tokio::test]
async fn a_caller_that_hangs_up_when_it_has_seen_enough_cancels_nothing() {
	let mut submission = start(true).await;
	submission.view.send(in_block()).expect("it goes on");
	assert!(matches!(submission.next().await, Progress::Seen(_)));
	let outcomes = submission.outcomes.clone().expect("as above; qed");
	drop(submission.progress);
	tokio::time::sleep(Duration::from_millis(100)).await;
	assert!(!outcomes.is_closed(), "it was cancelled");
}

#[tokio::test]
async fn a_caller_that_is_gone_before_any_answer_has_not_asked() {
	for (watched, seen) in [(true, false), (false, false), (false, true)] {
		let submission = start_at(true, watched, Some(place())).await;
		if seen {
			// It was not told of it.
			submission.view.send(in_block()).expect("it goes on");
			tokio::time::sleep(Duration::from_millis(5)).await;
		}
		drop(submission.progress);
		let outcomes = submission.outcomes.expect("as above; qed");
		tokio::time::timeout(Duration::from_secs(60), outcomes.closed()).await.expect("it is cancelled at once");
	}
}

/// It has no place to wait in.
#[tokio::test]
async fn without_a_place_a_submission_ends_with_its_caller_and_nothing_is_counted() {
	let mut submission = start_at(true, true, None).await;
	submission.answer(A, Ok(())).await;
	submission.answer(B, Err("bad signature")).await;
	assert!(matches!(submission.next().await, Progress::Submitted));
	// What was asked for is done all the same.
	let Outside { outcomes, progress, view, .. } = submission;
	let outcomes = outcomes.expect("as above; qed");
	drop(progress);
	tokio::time::sleep(Duration::from_millis(100)).await;
	assert!(!outcomes.is_closed(), "it was cancelled");
	drop(outcomes);
	tokio::time::timeout(Duration::from_secs(60), view.closed()).await.expect("it has ended");

	let mut submission = start_at(true, true, None).await;
	submission.answer(A, Ok(())).await;
	submission.answer(B, Err("bad signature")).await;
	submission.view.send(in_block()).expect("it goes on");
	assert_eq!(submission.counted().await, []);
}
