//! Submits extrinsics for others, each after a delay of its own. (PROTOCOL.md, section 10)
//!
//! The delay hides which request an extrinsic came with from somebody who watches both the mixnet and the gossip.

use crate::LOG_TARGET;
use codec::{Decode, DecodeAll};
use futures::{
	future::BoxFuture,
	stream::{FuturesUnordered, StreamExt},
	FutureExt,
};
use mixnet_node_core::{request::RemoteError, ReplyTo};
use sc_transaction_pool_api::{
	error::{Error as PoolError, IntoPoolError},
	TransactionPool, TransactionSource,
};
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;
use std::{collections::BTreeMap, sync::Arc};
use tokio::time::Instant;

/// Longest error text that is sent back, in bytes: an answer should fit one packet.
const MAX_ERROR_SIZE: usize = 512;

/// Counters of what became of others' extrinsics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubmissionCounters {
	/// Taken by the transaction pool.
	pub submitted: u64,
	/// Refused by the transaction pool.
	pub refused: u64,
	/// Not extrinsics of this chain.
	pub malformed: u64,
	/// Dropped without an answer because too many waited: the sender tries another mixnode.
	pub dropped: u64,
}

/// What to do about a request right away.
pub enum Taken {
	/// Nothing: it waits for its delay, and [`Submissions::next`] tells its result.
	Queued,
	/// Answer it with this error.
	Answer(ReplyTo, RemoteError),
	/// Forget it: its sender should try elsewhere.
	Abandon(ReplyTo),
}

/// Where extrinsics go when their time has come.
pub trait Submit: Send + 'static {
	/// What is submitted.
	type Extrinsic: Decode + Send;

	/// Submits an extrinsic; the error says why it was refused.
	fn submit(&self, extrinsic: Self::Extrinsic) -> BoxFuture<'static, Result<(), String>>;
}

/// Submits to the transaction pool, as of the best block.
pub struct ToPool<C, P> {
	/// Knows the best block.
	pub client: Arc<C>,
	/// The pool.
	pub pool: Arc<P>,
}

impl<B, C, P> Submit for ToPool<C, P>
where
	B: BlockT,
	C: HeaderBackend<B> + 'static,
	P: TransactionPool<Block = B> + 'static,
{
	type Extrinsic = B::Extrinsic;

	fn submit(&self, extrinsic: B::Extrinsic) -> BoxFuture<'static, Result<(), String>> {
		let pool = self.pool.clone();
		let best = self.client.info().best_hash;
		async move {
			let result = pool.submit_one(best, TransactionSource::External, extrinsic).await;
			result.map(drop).or_else(known_is_good)
		}
		.boxed()
	}
}

/// The extrinsics that wait for their delay, and those being submitted.
pub struct Submissions<S: Submit> {
	submit: S,
	capacity: usize,
	max_running: usize,
	/// By time and arrival.
	waiting: BTreeMap<(Instant, u64), (S::Extrinsic, ReplyTo)>,
	arrivals: u64,
	running: FuturesUnordered<BoxFuture<'static, (Result<(), String>, ReplyTo)>>,
	counters: SubmissionCounters,
}

impl<S: Submit> Submissions<S> {
	/// None yet; at most `capacity` may wait and `max_running` be in submission.
	pub fn new(submit: S, capacity: usize, max_running: usize) -> Self {
		Self {
			submit,
			capacity,
			max_running,
			waiting: BTreeMap::new(),
			arrivals: 0,
			running: FuturesUnordered::new(),
			counters: SubmissionCounters::default(),
		}
	}

	/// Takes an extrinsic to be submitted at `due`.
	pub fn take(&mut self, due: Instant, extrinsic: &[u8], reply_to: ReplyTo) -> Taken {
		if self.waiting.len() >= self.capacity {
			self.counters.dropped += 1;
			return Taken::Abandon(reply_to);
		}
		match S::Extrinsic::decode_all(&mut &*extrinsic) {
			Ok(extrinsic) => {
				self.arrivals += 1;
				self.waiting.insert((due, self.arrivals), (extrinsic, reply_to));
				Taken::Queued
			},
			Err(error) => {
				self.counters.malformed += 1;
				Taken::Answer(
					reply_to,
					RemoteError::Decode(shorten(format!("not an extrinsic of this chain: {error}"))),
				)
			},
		}
	}

	/// When [`Self::submit_due`] wants to be called.
	pub fn next_due(&self) -> Option<Instant> {
		// While as many are running as may, the next one waits for one of them to end.
		(self.running.len() < self.max_running).then(|| self.waiting.keys().next().map(|(due, _)| *due)).flatten()
	}

	/// Submits the extrinsics whose time has come.
	pub fn submit_due(&mut self, now: Instant) {
		while self.next_due().is_some_and(|due| due <= now) {
			let Some((_, (extrinsic, reply_to))) = self.waiting.pop_first() else { return };
			let submission = self.submit.submit(extrinsic);
			self.running.push(async move { (submission.await, reply_to) }.boxed());
		}
	}

	/// The next result of a submission; waits for ever while there is none.
	pub async fn next(&mut self) -> (ReplyTo, Result<(), RemoteError>) {
		match self.running.next().await {
			Some((Ok(()), reply_to)) => {
				self.counters.submitted += 1;
				(reply_to, Ok(()))
			},
			Some((Err(error), reply_to)) => {
				self.counters.refused += 1;
				log::debug!(target: LOG_TARGET, "The transaction pool refused an extrinsic of somebody: {error}");
				(reply_to, Err(RemoteError::Other(shorten(error))))
			},
			None => futures::future::pending().await,
		}
	}

	/// How many wait or are in submission.
	pub fn len(&self) -> usize {
		self.waiting.len() + self.running.len()
	}

	/// Is there nothing to do?
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}

	/// What became of those before.
	pub fn counters(&self) -> SubmissionCounters {
		self.counters
	}
}

/// An extrinsic that the pool knows already is where its sender wants it: another copy of the request was faster.
fn known_is_good<E: IntoPoolError>(error: E) -> Result<(), String> {
	match error.into_pool_error() {
		Ok(PoolError::AlreadyImported(_)) => Ok(()),
		Ok(error) => Err(error.to_string()),
		Err(error) => Err(error.to_string()),
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
	fn an_extrinsic_that_the_pool_has_is_submitted() {
		assert_eq!(known_is_good(PoolError::AlreadyImported(Box::new(()))), Ok(()));
		assert!(known_is_good(PoolError::TemporarilyBanned).is_err());
	}

	#[test]
	fn long_errors_are_cut_between_characters() {
		assert_eq!(shorten("short".into()), "short");
		let cut = shorten("é".repeat(MAX_ERROR_SIZE));
		assert_eq!(cut.len(), MAX_ERROR_SIZE);
		let cut = shorten(format!("x{}", "é".repeat(MAX_ERROR_SIZE)));
		assert_eq!(cut.len(), MAX_ERROR_SIZE - 1);
	}
}
