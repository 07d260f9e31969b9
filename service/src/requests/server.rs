//! Serves others' requests: bounds them, delays them, works at them off the event loop, and counts them.
//!
//! ```text
//! take --> waiting, at most `RequestLimits::waiting` --> a task, at most `RequestLimits::running` --> next
//!   |          by the end of their delay                                                         the answer
//!   +--> answered at once: malformed
//!   +--> abandoned: of an unknown type, or too many wait
//! ```
//!
//! Each request type has bounds and counters of its own: requests of one type cannot take the room of another's.

use super::serve::{Job, Serve};
use crate::{config::RequestLimits, log_target::LOG_TARGET, unwinding::unwinding};
use codec::Encode;
use futures::future::{pending, BoxFuture};
use mixnet_node_core::{
	request::{BadRequest, RemoteError, Reply},
	ReplyTo,
};
use std::collections::{BTreeMap, HashMap};
use tokio::{
	task::{Id, JoinSet},
	time::Instant,
};

/// Longest error text that is sent back, in bytes: an answer should fit one packet.
const MAX_ERROR_SIZE: usize = 512;

/// What became of others' requests of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServeCounters {
	/// Handled successfully.
	pub done: u64,
	/// Understood, but the work ended in an error, which was the answer.
	pub refused: u64,
	/// Not understood, which was the answer.
	pub malformed: u64,
	/// Dropped without an answer because too many waited: the asker tries another mixnode.
	pub queue_full: u64,
}

/// The state of one request type's service.
#[derive(Clone, Copy, Debug)]
pub struct ServeReport {
	/// The type's [name](Serve::name).
	pub name: &'static str,
	/// Requests that wait or are worked at.
	pub queued: usize,
	/// What became of those before.
	pub counters: ServeCounters,
}

/// What the event loop does about a request right away.
pub enum Taken {
	/// Nothing: [`Server::next`] will give the answer.
	Queued,
	/// Send this answer.
	Answer(ReplyTo, Vec<u8>),
	/// Forget the request: its sender should try elsewhere.
	Abandon(ReplyTo),
}

/// All request types that this node serves.
#[derive(Default)]
pub struct Server {
	/// By the first byte of their requests.
	types: BTreeMap<u8, Served>,
	running: JoinSet<Result<Vec<u8>, String>>,
	/// The type and the return address of each request that is worked at.
	origins: HashMap<Id, (u8, ReplyTo)>,
	unknown: u64,
}

/// One of the types.
struct Served {
	serve: Box<dyn Serve>,
	limits: RequestLimits,
	/// By the end of their delay, then by arrival.
	waiting: BTreeMap<(Instant, u64), Waiting>,
	arrivals: u64,
	running: usize,
	counters: ServeCounters,
}

/// A request whose delay is not over.
struct Waiting {
	reply_to: ReplyTo,
	work: BoxFuture<'static, Result<Vec<u8>, String>>,
}

impl Served {
	/// When the next request may start; `None` while the limit of running requests is reached, or none waits.
	fn next_due(&self) -> Option<Instant> {
		let (due, _) = *self.waiting.keys().next()?;
		(self.running < self.limits.running).then_some(due)
	}
}

impl Server {
	/// Serves this type too.
	///
	/// # Panics
	/// Another type has its index or its name, or its name is one that other counters go by: a mistake in the code.
	pub fn add(&mut self, serve: impl Serve + 'static, limits: RequestLimits) {
		let is_new = self
			.types
			.values()
			.all(|served| served.serve.index() != serve.index() && served.serve.name() != serve.name());
		assert!(is_new, "two request types have the index {} or the name {}", serve.index(), serve.name());
		assert!(!["peer", "inbound"].contains(&serve.name()), "queues of {} are counted already", serve.name());
		let served = Served {
			serve: Box::new(serve),
			limits,
			waiting: BTreeMap::new(),
			arrivals: 0,
			running: 0,
			counters: ServeCounters::default(),
		};
		self.types.insert(served.serve.index(), served);
	}

	/// Takes a request that came at `now`.
	pub fn take(&mut self, now: Instant, data: &[u8], reply_to: ReplyTo) -> Taken {
		let (served, body) = match self.find(data) {
			Ok(found) => found,
			Err(error) => {
				log::debug!(target: LOG_TARGET, "Ignored somebody's request: {error}");
				self.unknown += 1;
				return Taken::Abandon(reply_to);
			},
		};
		if served.waiting.len() >= served.limits.waiting {
			served.counters.queue_full += 1;
			return Taken::Abandon(reply_to);
		}
		match served.serve.take(body, &reply_to) {
			Ok(Job { delay, work }) => {
				served.waiting.insert((now + delay, served.arrivals), Waiting { reply_to, work });
				served.arrivals += 1;
				Taken::Queued
			},
			Err(error) => {
				served.counters.malformed += 1;
				Taken::Answer(reply_to, Reply::Err(RemoteError::Decode(shorten(error))).encode())
			},
		}
	}

	/// The type of a request, and the rest of its bytes.
	fn find<'a>(&mut self, data: &'a [u8]) -> Result<(&mut Served, &'a [u8]), BadRequest> {
		let (index, body) = data.split_first().ok_or(BadRequest::Empty)?;
		let served = self.types.get_mut(index).ok_or(BadRequest::Unknown(*index))?;
		Ok((served, body))
	}

	/// When [`Self::start_due`] wants to be called. Changes with each call that takes `&mut self`.
	pub fn next_due(&self) -> Option<Instant> {
		self.types.values().filter_map(Served::next_due).min()
	}

	/// Starts to work at the requests whose delay is over.
	pub fn start_due(&mut self, now: Instant) {
		for (index, served) in &mut self.types {
			while served.next_due().is_some_and(|due| due <= now) {
				let Some((_, Waiting { reply_to, work })) = served.waiting.pop_first() else { break };
				served.running += 1;
				let task = self.running.spawn(unwinding(work));
				self.origins.insert(task.id(), (*index, reply_to));
			}
		}
	}

	/// The next answer; waits for ever while nothing is worked at. Nothing is lost if the future is dropped.
	pub async fn next(&mut self) -> (ReplyTo, Vec<u8>) {
		loop {
			let (id, result) = match self.running.join_next_with_id().await {
				Some(Ok((id, result))) => (id, result),
				Some(Err(error)) => (error.id(), Err("this node failed to handle the request".into())),
				None => pending().await,
			};
			let Some((index, reply_to)) = self.origins.remove(&id) else { continue };
			let Some(served) = self.types.get_mut(&index) else { continue };
			served.running -= 1;
			let answer = match result {
				Ok(answer) => {
					served.counters.done += 1;
					answer
				},
				Err(error) => {
					served.counters.refused += 1;
					log::debug!(target: LOG_TARGET, "Refused somebody's {}: {error}", served.serve.name());
					Reply::Err(RemoteError::Other(shorten(error))).encode()
				},
			};
			return (reply_to, answer);
		}
	}

	/// The state of each type's service.
	pub fn reports(&self) -> Vec<ServeReport> {
		let report = |served: &Served| ServeReport {
			name: served.serve.name(),
			queued: served.waiting.len() + served.running,
			counters: served.counters,
		};
		self.types.values().map(report).collect()
	}

	/// How many requests were of no type that this node serves.
	pub fn unknown(&self) -> u64 {
		self.unknown
	}
}

/// Cuts a text to at most [`MAX_ERROR_SIZE`] bytes.
fn shorten(mut text: String) -> String {
	if text.len() > MAX_ERROR_SIZE {
		let end = (0..=MAX_ERROR_SIZE).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
		text.truncate(end);
	}
	text
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn long_errors_are_cut_between_characters() {
		assert_eq!(shorten("short".into()), "short");
		let cut = shorten("é".repeat(MAX_ERROR_SIZE));
		assert_eq!(cut.len(), MAX_ERROR_SIZE);
		let cut = shorten(format!("x{}", "é".repeat(MAX_ERROR_SIZE)));
		assert_eq!(cut.len(), MAX_ERROR_SIZE - 1);
	}
}
