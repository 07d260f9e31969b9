//! One extrinsic on its way through the mixnet, from the call to what is held against the mixnodes that were asked.
//!
//! Two mixnodes are asked, and neither is believed alone. The caller is told when one of them says that it has submitted
//! the extrinsic, or when both have ended otherwise. Meanwhile, and for some time after, this node looks whether the
//! extrinsic comes into its own pool and chain. Answers that prove wrong are counted against the mixnodes that gave them.
//!
//! Both may refuse an extrinsic that all is well with. If the answers to the first copies were lost, the next ones find it
//! in a block, and pools call it outdated or banned. So what this node has seen counts more than what they say.

#[cfg(test)]
mod tests;

use crate::{
	handle::{Handle, Outcomes},
	requests::{
		ask::{Ask, NoAnswer},
		asking::Outcome,
		follow::Seen,
		submit_extrinsic::{SubmitError, SubmitExtrinsic},
		wrong_answers::Wrong,
	},
	unwinding::call_unwinding,
};
use futures::{future::pending, stream::BoxStream, StreamExt};
use mixnet_node_core::PeerId;
use std::{sync::Arc, time::Duration};
use tokio::{
	sync::{mpsc, OwnedSemaphorePermit, Semaphore},
	task::spawn_blocking,
	time::{sleep_until, Instant},
};

/// How long an extrinsic may take to come into a block, once all mixnodes that were asked have ended.
pub const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// How long a refusal is kept from the caller, for this node to see what the mixnode has seen already. A few blocks.
pub const GRACE: Duration = Duration::from_secs(30);

/// What the caller is told.
#[derive(Debug)]
pub enum Progress {
	/// A mixnode says that it has submitted the extrinsic. Or none does, but this node has seen it.
	Submitted,
	/// No mixnode says so, none will, and this node has not seen it.
	Failed(SubmitError),
	/// This node has seen it.
	Seen(Seen),
	/// It was submitted, but this node has not seen it in a block in time.
	NotSeen,
}

/// An extrinsic on its way.
pub struct Submission {
	pub handle: Handle,
	pub request: SubmitExtrinsic,
	pub outcomes: Outcomes,
	pub view: BoxStream<'static, Seen>,
	/// Where progress goes; it has room for all. If nobody listens any more and nothing was told, the request is cancelled.
	pub progress: mpsc::Sender<Progress>,
	/// Whether the caller is told what is seen.
	pub watched: bool,
	/// Whether the chain would still take the extrinsic.
	pub would_be_taken: Box<dyn FnOnce() -> bool + Send>,
	/// A permit is held while the chain is asked.
	pub validations: Arc<Semaphore>,
	/// [`PATIENCE`], or less in tests.
	pub patience: Duration,
	/// [`GRACE`], or less in tests.
	pub grace: Duration,
	/// A place among those that go on without their callers. Without one, answers are not judged, and it ends when the caller
	/// needs it no longer.
	pub place: Option<OwnedSemaphorePermit>,
}

/// The most submissions that go on without their callers: as many as the mixnet may carry in [`PATIENCE`]. Each keeps its
/// extrinsic, and looks at every block.
pub const MAX_PLACES: usize = 500;

/// What the mixnodes have said.
#[derive(Default)]
struct Answers {
	/// Does any say that it has submitted it?
	submitted: bool,
	/// Those that say so.
	done: Vec<PeerId>,
	/// Those that refused it before it was seen in a block.
	refused: Vec<PeerId>,
	/// Has any answered?
	any: bool,
	/// Has the caller been told that the extrinsic was seen?
	told: bool,
	/// What the caller is told if none has submitted it.
	failed: Option<SubmitError>,
}

impl Answers {
	fn is_refused(&self) -> bool {
		matches!(self.failed, Some(SubmitError::Refused(_) | SubmitError::RefusedByOne(_)))
	}
}

impl Submission {
	/// Runs until it is known what to think of the answers, and the caller has been told all that it waits for.
	pub async fn run(mut self) {
		let mut answers = Answers::default();
		// What this node has seen of the extrinsic: anything, and a block with it.
		let (mut seen_at_all, mut in_block) = (false, false);
		// Until when to wait for the extrinsic; none while mixnodes are asked.
		let mut deadline = None;
		// When the caller is told that no mixnode has submitted it, unless it is seen before.
		let mut failure_at = None;
		loop {
			tokio::select! {
				// What was seen before an answer came excuses a refusal.
				biased;
				Some(seen) = self.view.next() => {
					let is_final = matches!(seen, Seen::Finalized(_));
					seen_at_all = true;
					if failure_at.take().is_some() {
						self.tell(Progress::Submitted);
					}
					in_block |= !matches!(seen, Seen::InPool);
					if self.watched {
						answers.told |= !self.progress.is_closed();
						self.tell(Progress::Seen(seen));
					}
					if is_final && deadline.is_some() {
						break;
					}
				},
				outcome = self.outcomes.next(), if deadline.is_none() => match outcome {
					Some(outcome) => self.take(&mut answers, outcome, in_block),
					None => {
						let now = Instant::now();
						deadline = Some(now + self.patience);
						if !answers.submitted && seen_at_all {
							self.tell(Progress::Submitted);
						} else if !answers.submitted {
							failure_at = Some(if answers.is_refused() { now + self.grace } else { now });
						}
					},
				},
				// Then it is as if the caller had not asked. Not if it was told that the extrinsic was seen: what is seen must have
				// no influence on what is sent, and callers that have seen enough hang up.
				() = self.progress.closed(), if !answers.any && !answers.told => return,
				() = sleep_until_maybe(failure_at) => {
					failure_at = None;
					let error = answers.failed.take().unwrap_or_else(|| NoAnswer::Stopped.into());
					self.tell(Progress::Failed(error));
					if !answers.any {
						return;
					}
				},
				() = sleep_until_maybe(deadline) => {
					if !in_block || self.progress.is_closed() {
						break;
					}
					// Somebody still waits for finality.
					deadline = Some(Instant::now() + self.patience);
				},
			}
			if (in_block || self.place.is_none()) && deadline.is_some() && self.progress.is_closed() {
				break;
			}
		}
		self.judge(answers, seen_at_all, in_block).await;
	}

	fn take(&self, answers: &mut Answers, Outcome { destination, result }: Outcome, in_block: bool) {
		answers.any |= result.is_ok();
		let error = match result.map_err(SubmitError::from).and_then(|answer| self.request.read(&answer)) {
			Ok(()) => {
				if !std::mem::replace(&mut answers.submitted, true) {
					self.tell(Progress::Submitted);
				}
				answers.done.extend(destination);
				return;
			},
			Err(error) => error,
		};
		if !in_block && matches!(error, SubmitError::Refused(_)) {
			answers.refused.extend(destination);
		}
		answers.failed = Some(match answers.failed.take() {
			Some(first) => SubmitExtrinsic::neither(first, error),
			None => error,
		});
	}

	/// A caller that is gone or does not listen is told nothing.
	fn tell(&self, progress: Progress) {
		let _ = self.progress.try_send(progress);
	}

	/// Counts the answers that proved wrong.
	async fn judge(self, answers: Answers, seen_at_all: bool, in_block: bool) {
		let (mixnodes, wrong) = if in_block {
			// If none says that it has submitted it, earlier copies were, and whoever refused this one saw that sooner than this node.
			(if answers.submitted { answers.refused } else { Vec::new() }, Wrong::RefusedValid)
		} else {
			self.tell(Progress::NotSeen);
			(answers.done, Wrong::SubmittedNothing)
		};
		// Somebody has submitted what came into this node's own pool.
		let is_doubtful = seen_at_all && !in_block;
		if mixnodes.is_empty() || self.place.is_none() || is_doubtful {
			return;
		}
		// If it is invalid and in no block, something else has made it so, and nobody knows what became of it. And if another
		// one has to come first, it waits for that where it was submitted.
		if wrong == Wrong::SubmittedNothing {
			let permit = self.validations.acquire_owned().await;
			let would_be_taken = spawn_blocking(move || {
				let would_be_taken = call_unwinding(self.would_be_taken);
				drop(permit);
				would_be_taken
			});
			if !would_be_taken.await.unwrap_or(false) {
				return;
			}
		}
		for mixnode in mixnodes {
			self.handle.count_wrong(mixnode, wrong).await;
		}
	}
}

async fn sleep_until_maybe(instant: Option<Instant>) {
	match instant {
		Some(instant) => sleep_until(instant).await,
		None => pending().await,
	}
}
