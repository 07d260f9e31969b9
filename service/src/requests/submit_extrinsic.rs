//! Submits an extrinsic through the mixnet. (PROTOCOL.md, section 10)
//!
//! The destination waits before it submits an extrinsic, each for a delay of its own. The delay hides which request an
//! extrinsic came with from somebody who watches both the mixnet and the gossip.

use super::{
	ask::{Ask, NoAnswer},
	serve::{Job, Serve},
};
use codec::{Decode, DecodeAll, DecodeLimit, Encode};
use futures::{future::BoxFuture, FutureExt};
use mixnet_node_core::{
	request::{RemoteError, Reply, Request},
	HandlingDelay, ReplyTo,
};
use sc_transaction_pool_api::{
	error::{Error as PoolError, IntoPoolError},
	TransactionPool, TransactionSource,
};
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;
use std::sync::Arc;

/// The [name](Serve::name) of this type.
pub const NAME: &str = "extrinsic";

/// How deep calls may be nested in an extrinsic. Runtimes of the SDK take no more either.
pub const MAX_EXTRINSIC_DEPTH: u32 = 256;

/// A request to submit this extrinsic, which holds the bytes that `author_submitExtrinsic` takes.
pub struct SubmitExtrinsic(pub Vec<u8>);

impl Ask for SubmitExtrinsic {
	type Answer = ();
	type Error = SubmitError;

	fn encode(&self) -> Vec<u8> {
		Request::SubmitExtrinsic(self.0.clone()).encode()
	}

	/// A mixnode that says that it has submitted the extrinsic may have thrown it away, and one that lags refuses what others
	/// would take.
	fn twice(&self) -> bool {
		true
	}

	fn neither(first: SubmitError, second: SubmitError) -> SubmitError {
		use SubmitError::{NoAnswer as No, Refused, RefusedByOne};
		match (first, second) {
			(Refused(error), Refused(_)) => Refused(error),
			// A mixnode that was sent nothing has submitted nothing.
			(error, No(NoAnswer::GivenUp(_))) | (No(NoAnswer::GivenUp(_)), error) => error,
			(Refused(error), _) | (_, Refused(error)) => RefusedByOne(error),
			(error, _) => error,
		}
	}

	/// The answer fits one packet, and a second copy of it makes up for a lost one.
	fn surbs(&self) -> usize {
		2
	}

	fn handling_delay(&self) -> HandlingDelay {
		HandlingDelay::Extrinsic
	}

	fn read(&self, answer: &[u8]) -> Result<(), SubmitError> {
		match Reply::decode_all(&mut &*answer) {
			Ok(Ok(())) => Ok(()),
			Ok(Err(error)) => Err(SubmitError::Refused(error)),
			Err(_) => Err(SubmitError::BadAnswer),
		}
	}
}

/// Why an extrinsic was not submitted, or is not known to have been.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
	/// The extrinsic is too large to be sent through the mixnet in this session.
	#[error(
		"the extrinsic is too large for the mixnet: it has {size} bytes, and {max} are the most; submit a smaller one"
	)]
	TooLarge {
		/// Its size, in bytes.
		size: usize,
		/// The largest that can be sent, in bytes.
		max: usize,
	},
	/// The request was not sent, or not answered, for another reason than its size.
	#[error("{0}{advice}", advice = look_on_chain(.0))]
	NoAnswer(NoAnswer),
	/// Both mixnodes that were asked refused it, one with this reason.
	#[error(
		"the mixnodes refused it: {0} (outdated or banned may mean that an earlier copy was submitted: look on chain)"
	)]
	Refused(RemoteError),
	/// The answer cannot be read.
	#[error("the mixnode's answer cannot be read; the extrinsic may have been submitted all the same")]
	BadAnswer,
	/// One of the mixnodes refused it, and the other has not answered.
	#[error(
		"a mixnode refused it ({0}), and another did not answer; it may have been submitted all the same: look for it on \
		 chain before sending it again"
	)]
	RefusedByOne(RemoteError),
}

impl From<NoAnswer> for SubmitError {
	fn from(reason: NoAnswer) -> Self {
		match reason {
			// The request is one byte more than the extrinsic.
			NoAnswer::TooLarge { size, max } => {
				Self::TooLarge { size: size.saturating_sub(1), max: max.saturating_sub(1) }
			},
			other => Self::NoAnswer(other),
		}
	}
}

/// What to do where the extrinsic may have been submitted although no answer came.
fn look_on_chain(reason: &NoAnswer) -> &'static str {
	match reason {
		NoAnswer::Stopped => "; if it was sent before, it may have been submitted: look for it on chain",
		NoAnswer::NotAnswered(_) => {
			"; it may have been submitted all the same: look for it on chain before sending it again"
		},
		NoAnswer::TooLarge { .. } | NoAnswer::NotSent(_) | NoAnswer::LineFull { .. } | NoAnswer::GivenUp(_) => "",
	}
}

/// Reads an extrinsic of the node's own type. If that is the runtime's type and not opaque, decoding goes down into calls,
/// which can be nested deeper than the stack allows.
fn decode<E: Decode>(body: &[u8]) -> Result<E, String> {
	E::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &*body)
		.map_err(|error| format!("not an extrinsic of this chain: {error}"))
}

/// Where extrinsics go when their time has come.
pub trait Submit: Send + Sync + 'static {
	/// An extrinsic of the chain.
	type Extrinsic: Decode + Send;

	/// Submits an extrinsic; the error says why it was refused.
	fn submit(&self, extrinsic: Self::Extrinsic) -> BoxFuture<'static, Result<(), String>>;
}

/// Submits others' extrinsics.
pub struct ServeSubmissions<S>(Arc<S>);

impl<S: Submit> ServeSubmissions<S> {
	/// Submits them there.
	pub fn new(submit: S) -> Self {
		Self(Arc::new(submit))
	}
}

impl<S: Submit> Serve for ServeSubmissions<S> {
	fn index(&self) -> u8 {
		Request::SUBMIT_EXTRINSIC
	}

	fn name(&self) -> &'static str {
		NAME
	}

	fn take(&self, body: &[u8], reply_to: &ReplyTo) -> Result<Job, String> {
		let extrinsic = decode(body)?;
		let submit = self.0.clone();
		let work = async move { submit.submit(extrinsic).await.map(|()| Reply::Ok(()).encode()) };
		Ok(Job { delay: reply_to.extrinsic_delay(), work: work.boxed() })
	}
}

/// Submits to the transaction pool, as of the best block.
pub struct ToPool<C, P> {
	/// Knows the best block.
	pub client: Arc<C>,
	/// The transaction pool.
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

/// An extrinsic that the pool knows already is where its sender wants it: another copy of the request was faster.
fn known_is_good<E: IntoPoolError>(error: E) -> Result<(), String> {
	match error.into_pool_error() {
		Ok(PoolError::AlreadyImported(_)) => Ok(()),
		Ok(error) => Err(error.to_string()),
		Err(error) => Err(error.to_string()),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// A call as runtimes have them: some contain another.
	#[derive(Decode)]
	enum Call {
		Remark,
		Sudo(#[allow(dead_code)] Box<Call>),
	}

	/// That many calls, each but the last in another.
	fn nested(depth: usize) -> Vec<u8> {
		let mut calls = vec![1; depth];
		calls.push(0);
		calls
	}

	#[test]
	fn calls_nested_deeper_than_the_limit_are_malformed() {
		assert!(matches!(decode(&nested(0)), Ok(Call::Remark)));
		assert!(decode::<Call>(&nested(MAX_EXTRINSIC_DEPTH as usize)).is_ok());
		for depth in [MAX_EXTRINSIC_DEPTH as usize + 1, 50_000] {
			assert!(decode::<Call>(&nested(depth)).is_err(), "{depth}");
		}
	}

	#[test]
	fn an_extrinsic_that_the_pool_knows_counts_as_submitted() {
		assert_eq!(known_is_good(PoolError::AlreadyImported(Box::new(()))), Ok(()));
		assert!(known_is_good(PoolError::TemporarilyBanned).is_err());
	}
}
