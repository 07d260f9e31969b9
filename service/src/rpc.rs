//! The RPC methods `mixnet_*`.

mod callers;
mod submission;
#[cfg(test)]
mod tests;

use crate::{
	handle::Handle,
	requests::{
		ask::NoAnswer,
		follow::{Follow, Seen},
		line::Caller,
		submit_extrinsic::{SubmitError, SubmitExtrinsic},
		validate::{Invalid, Takes, Validate},
	},
	status::Status,
	unwinding::{call_unwinding, unwinding},
};
use callers::{Call, Callers};
use jsonrpsee::{
	core::{async_trait, server::ConnectionId, RpcResult},
	proc_macros::rpc,
	types::ErrorObjectOwned,
	Extensions, PendingSubscriptionSink, SubscriptionMessage,
};
use mixnet_node_core::max_data;
use mixnet_primitives::parameters::MAX_MAX_FRAGMENTS_PER_MESSAGE;
use sc_rpc_api::{check_if_safe, DenyUnsafe};
use serde::{Deserialize, Serialize};
use sp_core::Bytes;
use std::{sync::Arc, time::Duration};
use submission::{Progress, Submission, GRACE, MAX_PLACES, PATIENCE};
use tokio::{
	sync::{mpsc, Semaphore},
	task::spawn_blocking,
};

/// What a node's user can ask of the mixnet.
#[rpc(server)]
pub trait MixnetRpc {
	/// Submits an extrinsic through the mixnet.
	///
	/// Takes what `author_submitExtrinsic` takes. Nothing is sent if this node's chain would not take it. Returns when the
	/// mixnode that submitted it has answered: the extrinsic is then in that node's transaction pool. Or when no mixnode says
	/// so, but this node has seen it in its own pool or in a block. An error says what is known and what to do.
	///
	/// Anybody may call this. So it tells nothing of what others send through this node, but by how long it takes.
	#[method(name = "mixnet_submitExtrinsic", with_extensions)]
	async fn submit_extrinsic(&self, extrinsic: Bytes) -> RpcResult<()>;

	/// Submits an extrinsic through the mixnet, and follows it in this node's own view of its chain.
	///
	/// Sends nothing else than [`Self::submit_extrinsic`] does, whatever is seen. Ends with the first update that is
	/// [last](SubmissionUpdate::is_last).
	#[subscription(
		name = "mixnet_submitAndWatch" => "mixnet_submissionUpdate",
		unsubscribe = "mixnet_unwatchSubmission",
		item = SubmissionUpdate,
		with_extensions
	)]
	async fn submit_and_watch(&self, extrinsic: Bytes);

	/// The state of this node's mixnet service.
	///
	/// Its counters show when this node's user sends something. So this is an unsafe method, which is not served to the
	/// outside (`--rpc-methods`).
	#[method(name = "mixnet_status", with_extensions)]
	async fn status(&self) -> RpcResult<Status>;
}

/// Error codes of the `mixnet_*` methods. A caller can tell from the code whether the extrinsic may have been submitted.
pub mod code {
	/// This node runs without the mixnet.
	pub const NO_MIXNET: i32 = 7001;
	/// The extrinsic is malformed or too large, or the chain does not take it; it was not sent.
	pub const BAD_EXTRINSIC: i32 = 7002;
	/// Not sent, for example because the mixnet rests in this session, or because too many requests of the caller are under
	/// way; try again later. Where waiting helps, the error's data says how long: see [`RetryAfter`](super::RetryAfter).
	pub const NOT_SENT: i32 = 7003;
	/// Sent, but no readable answer came: it may or may not have been submitted.
	pub const NOT_ANSWERED: i32 = 7004;
	/// The mixnodes that were asked refused it, and this node has not seen it since. If one says that it is outdated or banned
	/// and this node lags behind, it may have been submitted all the same.
	pub const REFUSED: i32 = 7005;
	/// The service has stopped, before or after it was sent: it may or may not have been submitted.
	pub const STOPPED: i32 = 7006;
}

/// The data of an error after which waiting helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryAfter {
	/// When to try again, in milliseconds from now. A fixed time: it must not tell what others send.
	pub retry_after_ms: u64,
}

/// What `mixnet_submitAndWatch` tells of an extrinsic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "event")]
pub enum SubmissionUpdate {
	/// A mixnode says that it has submitted it. Or none does, but this node has seen it.
	Submitted,
	/// It is in this node's transaction pool, where it came by gossip.
	InPool,
	/// It is in the block with this hash, which is on the way to the best one.
	InBlock {
		/// The block's hash.
		block: Bytes,
	},
	/// It is in the block with this hash, which is finalised.
	Finalized {
		/// The block's hash.
		block: Bytes,
	},
	/// It was submitted, but has come into no block for ten minutes.
	NotSeen,
	/// No mixnode says that it has submitted it, and this node has not seen it. Code and message are those of an error of
	/// `mixnet_submitExtrinsic`.
	Failed {
		/// The code.
		code: i32,
		/// The message.
		message: String,
	},
}

impl SubmissionUpdate {
	/// Whether no update follows.
	pub fn is_last(&self) -> bool {
		matches!(self, Self::Finalized { .. } | Self::NotSeen | Self::Failed { .. })
	}
}

impl From<Progress> for SubmissionUpdate {
	fn from(progress: Progress) -> Self {
		match progress {
			Progress::Submitted => Self::Submitted,
			Progress::Seen(Seen::InPool) => Self::InPool,
			Progress::Seen(Seen::InBlock(block)) => Self::InBlock { block },
			Progress::Seen(Seen::Finalized(block)) => Self::Finalized { block },
			Progress::NotSeen => Self::NotSeen,
			Progress::Failed(error) => {
				let error = submit_error(error);
				Self::Failed { code: error.code(), message: error.message().into() }
			},
		}
	}
}

impl RetryAfter {
	fn new(time: Duration) -> Self {
		Self { retry_after_ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }
	}
}

/// The most bytes that any chain's mixnet can carry; what the present session takes is mostly less. More is not even
/// validated.
fn max_size() -> usize {
	max_data(MAX_MAX_FRAGMENTS_PER_MESSAGE as usize, 0)
}

/// After how long a caller is to try again that has too many calls under way.
const TOO_MANY_CALLS: Duration = Duration::from_secs(10);

/// Most updates on an extrinsic that a caller may leave unread; it is not told of more.
const MAX_UPDATES: usize = 64;

/// Most extrinsics validated at a time. They take turns in the order in which they came.
const MAX_VALIDATIONS: usize = 2;

/// Serves [`MixnetRpcServer`].
#[derive(Clone)]
pub struct MixnetRpc {
	handle: Option<Handle>,
	validate: Arc<dyn Validate>,
	follow: Arc<dyn Follow>,
	callers: Callers,
	validations: Arc<Semaphore>,
	/// Places of submissions that go on without their callers.
	places: Arc<Semaphore>,
}

impl MixnetRpc {
	/// Serves the mixnet service behind `handle`. Without one, every method says how to switch the mixnet on. `validate`
	/// says what the chain takes ([`AtBestBlock`](crate::requests::validate::AtBestBlock)), and `follow` what becomes of it
	/// ([`InOwnChain`](crate::requests::follow::InOwnChain)).
	pub fn new(handle: Option<Handle>, validate: impl Validate, follow: impl Follow) -> Self {
		Self {
			handle,
			validate: Arc::new(validate),
			follow: Arc::new(follow),
			callers: Callers::default(),
			validations: Arc::new(Semaphore::new(MAX_VALIDATIONS)),
			places: Arc::new(Semaphore::new(MAX_PLACES)),
		}
	}

	/// Begins a call, which ends when the result is dropped.
	fn begin(&self, caller: Caller) -> RpcResult<Call> {
		self.callers.begin(caller).map_err(|limit| {
			ErrorObjectOwned::owned(
				code::NOT_SENT,
				format!(
					"not sent: {limit} calls of yours are under way, which is the most; wait for one of them to end"
				),
				Some(RetryAfter::new(TOO_MANY_CALLS)),
			)
		})
	}

	/// Is the chain going to take this? Asked before anything is sent, so that nobody's mixnet is filled with what no
	/// mixnode will submit.
	async fn check(&self, extrinsic: &Bytes) -> RpcResult<()> {
		let (size, max) = (extrinsic.len(), max_size());
		if size > max {
			return Err(submit_error(SubmitError::TooLarge { size, max }));
		}
		let permit = self.validations.clone().acquire_owned().await;
		let permit = permit.expect("the semaphore is never closed; qed");
		let (validate, extrinsic) = (self.validate.clone(), extrinsic.0.clone());
		// The permit goes along: a caller that hangs up does not make room for one thread more.
		let validated = spawn_blocking(move || {
			let validated = call_unwinding(|| validate.validate(&extrinsic));
			drop(permit);
			validated
		});
		match validated.await {
			Ok(validated) => validated.map(drop).map_err(invalid),
			Err(error) => Err(invalid(Invalid::CannotAsk(error.to_string()))),
		}
	}

	/// Submits an extrinsic. It goes on after the call for some minutes, so that answers can be judged, if there is a place for
	/// it.
	async fn submit(&self, caller: Caller, extrinsic: Bytes, watched: bool) -> RpcResult<mpsc::Receiver<Progress>> {
		let handle = self.handle()?;
		self.check(&extrinsic).await?;
		// From before it is sent, so that nothing is missed.
		let view = self.follow.follow(&extrinsic);
		let validate = self.validate.clone();
		let request = SubmitExtrinsic(extrinsic.0.clone());
		let outcomes = handle.send(caller, &request).await.map_err(|reason| submit_error(reason.into()))?;
		let (progress, receiver) = mpsc::channel(MAX_UPDATES);
		let submission = Submission {
			handle: handle.clone(),
			request,
			outcomes,
			view,
			progress,
			watched,
			would_be_taken: Box::new(move || matches!(validate.validate(&extrinsic), Ok(Takes::Now))),
			validations: self.validations.clone(),
			patience: PATIENCE,
			grace: GRACE,
			place: self.places.clone().try_acquire_owned().ok(),
		};
		tokio::spawn(unwinding(submission.run()));
		Ok(receiver)
	}

	/// Begins a call and submits an extrinsic.
	async fn begin_submission(
		&self,
		extensions: &Extensions,
		extrinsic: Bytes,
		watched: bool,
	) -> RpcResult<(Call, mpsc::Receiver<Progress>)> {
		self.handle()?;
		let caller = caller(extensions);
		let call = self.begin(caller)?;
		Ok((call, self.submit(caller, extrinsic, watched).await?))
	}

	fn handle(&self) -> RpcResult<&Handle> {
		self.handle.as_ref().ok_or_else(|| {
			error(code::NO_MIXNET, "this node runs without the mixnet; start it with --mixnet, or ask another node")
		})
	}
}

fn error(code: i32, message: impl Into<String>) -> ErrorObjectOwned {
	ErrorObjectOwned::owned(code, message.into(), None::<()>)
}

fn invalid(reason: Invalid) -> ErrorObjectOwned {
	let code = match &reason {
		Invalid::Malformed(_) | Invalid::Refused(_) => code::BAD_EXTRINSIC,
		Invalid::CannotAsk(_) => code::NOT_SENT,
	};
	error(code, reason.to_string())
}

/// Who calls. In a node of the SDK, the RPC server says on which connection a call came, and whether it may be unsafe.
fn caller(extensions: &Extensions) -> Caller {
	let connection = extensions.get::<ConnectionId>().map_or(0, |id| id.0 as u64);
	match extensions.get::<DenyUnsafe>() {
		Some(DenyUnsafe::Yes) => Caller::Public(connection),
		Some(DenyUnsafe::No) | None => Caller::Own(connection),
	}
}

fn submit_error(reason: SubmitError) -> ErrorObjectOwned {
	let (code, retry_after) = match &reason {
		SubmitError::TooLarge { .. } => (code::BAD_EXTRINSIC, None),
		SubmitError::NoAnswer(reason) => (no_answer_code(reason), reason.retry_after()),
		SubmitError::Refused(_) => (code::REFUSED, None),
		SubmitError::BadAnswer | SubmitError::RefusedByOne(_) => (code::NOT_ANSWERED, None),
	};
	ErrorObjectOwned::owned(code, reason.to_string(), retry_after.map(RetryAfter::new))
}

fn no_answer_code(reason: &NoAnswer) -> i32 {
	match reason {
		NoAnswer::Stopped => code::STOPPED,
		NoAnswer::TooLarge { .. } => code::BAD_EXTRINSIC,
		NoAnswer::NotSent(_) | NoAnswer::LineFull { .. } | NoAnswer::GivenUp(_) => code::NOT_SENT,
		NoAnswer::NotAnswered(_) => code::NOT_ANSWERED,
	}
}

#[async_trait]
impl MixnetRpcServer for MixnetRpc {
	async fn submit_extrinsic(&self, extensions: &Extensions, extrinsic: Bytes) -> RpcResult<()> {
		let (_call, mut progress) = self.begin_submission(extensions, extrinsic, false).await?;
		loop {
			match progress.recv().await {
				Some(Progress::Submitted) => return Ok(()),
				Some(Progress::Failed(reason)) => return Err(submit_error(reason)),
				Some(Progress::Seen(_) | Progress::NotSeen) => (),
				None => return Err(submit_error(NoAnswer::Stopped.into())),
			}
		}
	}

	async fn submit_and_watch(&self, pending: PendingSubscriptionSink, extensions: &Extensions, extrinsic: Bytes) {
		let (_call, mut progress) = match self.begin_submission(extensions, extrinsic, true).await {
			Ok(begun) => begun,
			Err(error) => return pending.reject(error).await,
		};
		let Ok(sink) = pending.accept().await else { return };
		loop {
			let update = tokio::select! {
				() = sink.closed() => return,
				update = progress.recv() => update.map(SubmissionUpdate::from),
			};
			let Some(update) = update else { return };
			let Ok(message) = SubscriptionMessage::from_json(&update) else { return };
			if sink.send(message).await.is_err() || update.is_last() {
				return;
			}
		}
	}

	async fn status(&self, extensions: &Extensions) -> RpcResult<Status> {
		check_if_safe(extensions)?;
		let snapshot = self.handle()?.snapshot().await;
		snapshot.map(Status::from).ok_or_else(|| submit_error(NoAnswer::Stopped.into()))
	}
}
