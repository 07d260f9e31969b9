//! The tasks of one run: they end together, and a panic in one of them is a reason to end like others.

use crate::{event_loop::Ended, unwinding::unwinding};
use futures::{
	future::{AbortHandle, Abortable},
	FutureExt,
};
use sp_core::traits::SpawnNamed;
use std::{
	any::Any,
	future::{pending, Future},
	panic::AssertUnwindSafe,
};
use tokio::sync::mpsc;

/// On which threads a task runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
	/// Those of all tasks: it never takes long.
	Async,
	/// One of its own: it calls the runtime.
	Blocking,
}

/// The tasks of one run. All end if this is dropped.
pub struct Tasks {
	spawner: Box<dyn SpawnNamed>,
	aborts: Vec<AbortHandle>,
	/// Each task has a copy, and drops it when everything else that it had is dropped.
	ends: Option<mpsc::UnboundedSender<Ended>>,
	ended: mpsc::UnboundedReceiver<Ended>,
}

impl Tasks {
	/// No tasks yet.
	pub fn new(spawner: Box<dyn SpawnNamed>) -> Self {
		let (ends, ended) = mpsc::unbounded_channel();
		Self { spawner, aborts: Vec::new(), ends: Some(ends), ended }
	}

	/// Starts a task.
	pub fn spawn(&mut self, name: &'static str, kind: Kind, task: impl Future<Output = Ended> + Send + 'static) {
		// Only `stop` takes it, after which there is no run any more.
		let Some(ends) = self.ends.clone() else { return };
		let (abort, registration) = AbortHandle::new_pair();
		self.aborts.push(abort);
		let task = caught(name, Abortable::new(task, registration));
		let task = async move {
			let ended = match task.await {
				Ok(Ok(ended)) | Err(ended) => ended,
				// It was told to end.
				Ok(Err(_)) => return,
			};
			// An error means that nobody waits for it any more.
			let _ = ends.send(ended);
		};
		match kind {
			Kind::Async => self.spawner.spawn(name, Some("mixnet"), task.boxed()),
			Kind::Blocking => self.spawner.spawn_blocking(name, Some("mixnet"), task.boxed()),
		}
	}

	/// Waits until one of the tasks ends, and ends the others. Returns the reason, when all have ended.
	///
	/// If a task panics, others may end first, because it was at the other end of their channels. The panic is the reason.
	pub async fn ended(mut self) -> Ended {
		let Some(first) = self.ended.recv().await else { return pending().await };
		match self.stop().await {
			Some(failure) if !first.is_failure() => failure,
			_ => first,
		}
	}

	/// Ends all tasks, and waits until they have ended. Returns the first failure of one that had ended by itself.
	pub async fn stop(mut self) -> Option<Ended> {
		self.abort();
		self.ends = None;
		let mut failure = None;
		while let Some(ended) = self.ended.recv().await {
			failure = failure.or(Some(ended).filter(Ended::is_failure));
		}
		failure
	}

	fn abort(&self) {
		self.aborts.iter().for_each(AbortHandle::abort);
	}
}

impl Drop for Tasks {
	fn drop(&mut self) {
		self.abort();
	}
}

/// The future's output, or that it has panicked.
pub async fn caught<F: Future>(task: &'static str, future: F) -> Result<F::Output, Ended> {
	// What a panic may have left half done is dropped with the future.
	let result = AssertUnwindSafe(unwinding(future)).catch_unwind().await;
	result.map_err(|payload| Ended::Panic { task, words: words(&*payload) })
}

/// What a panic said.
fn words(payload: &(dyn Any + Send)) -> String {
	let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
	text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".into())
}
