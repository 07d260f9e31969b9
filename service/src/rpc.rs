//! The RPC methods `mixnet_*`.

use crate::{
	handle::Handle,
	requests::{
		ask::NoAnswer,
		submit_extrinsic::{SubmitError, SubmitExtrinsic},
	},
	status::Status,
};
use codec::{Decode, DecodeLimit};
use jsonrpsee::{
	core::{async_trait, RpcResult},
	proc_macros::rpc,
	types::ErrorObjectOwned,
	Extensions,
};
use sc_rpc_api::check_if_safe;
use serde::{Deserialize, Serialize};
use sp_core::Bytes;
use std::{marker::PhantomData, time::Duration};

/// What a node's user can ask of the mixnet.
#[rpc(server)]
pub trait MixnetRpc {
	/// Submits an extrinsic through the mixnet.
	///
	/// Takes what `author_submitExtrinsic` takes. Returns when the mixnode that submitted it has answered: the extrinsic is
	/// then in that node's transaction pool. An error says what is known and what to do.
	#[method(name = "mixnet_submitExtrinsic")]
	async fn submit_extrinsic(&self, extrinsic: Bytes) -> RpcResult<()>;

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
	/// The extrinsic is malformed or too large; it was not sent.
	pub const BAD_EXTRINSIC: i32 = 7002;
	/// Not sent, for example because the mixnet rests in this session, or because too much waits to be sent; try again
	/// later. If it is known when, the error's data says so: see [`RetryAfter`](super::RetryAfter).
	pub const NOT_SENT: i32 = 7003;
	/// Sent, but no readable answer came: it may or may not have been submitted.
	pub const NOT_ANSWERED: i32 = 7004;
	/// The mixnode at the end of the route refused it. If it says that it is outdated, banned or imported already, another
	/// mixnode may have submitted it before.
	pub const REFUSED: i32 = 7005;
	/// The service has stopped, before or after it was sent: it may or may not have been submitted.
	pub const STOPPED: i32 = 7006;
}

/// The data of an error after which waiting helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryAfter {
	/// When to try again, in milliseconds from now: about when there will be room.
	pub retry_after_ms: u64,
}

impl RetryAfter {
	fn new(time: Duration) -> Self {
		Self { retry_after_ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }
	}
}

/// How deep calls may be nested in an extrinsic. Runtimes of the SDK take no more either.
const MAX_EXTRINSIC_DEPTH: u32 = 256;

/// Serves [`MixnetRpcServer`]. `E` is the runtime's type of extrinsics, by which malformed ones are recognised; the node's
/// own type may be opaque.
pub struct MixnetRpc<E> {
	handle: Option<Handle>,
	extrinsic: PhantomData<fn() -> E>,
}

impl<E> MixnetRpc<E> {
	/// Serves the mixnet service behind `handle`. Without one, every method says how to switch the mixnet on.
	pub fn new(handle: Option<Handle>) -> Self {
		Self { handle, extrinsic: PhantomData }
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

fn submit_error(reason: SubmitError) -> ErrorObjectOwned {
	let (code, retry_after) = match &reason {
		SubmitError::TooLarge { .. } => (code::BAD_EXTRINSIC, None),
		SubmitError::NoAnswer(reason) => (no_answer_code(reason), reason.retry_after()),
		SubmitError::Refused(_) => (code::REFUSED, None),
		SubmitError::BadAnswer => (code::NOT_ANSWERED, None),
	};
	ErrorObjectOwned::owned(code, reason.to_string(), retry_after.map(RetryAfter::new))
}

fn no_answer_code(reason: &NoAnswer) -> i32 {
	match reason {
		NoAnswer::Stopped => code::STOPPED,
		NoAnswer::TooLarge { .. } => code::BAD_EXTRINSIC,
		NoAnswer::NotSent { .. } | NoAnswer::GivenUp(_) => code::NOT_SENT,
		NoAnswer::NotAnswered(_) => code::NOT_ANSWERED,
	}
}

#[async_trait]
impl<E: Decode + 'static> MixnetRpcServer for MixnetRpc<E> {
	async fn submit_extrinsic(&self, extrinsic: Bytes) -> RpcResult<()> {
		let handle = self.handle()?;
		// Checked here, where the sender can be told at once. Calls can be nested deeper than the stack allows.
		E::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &extrinsic[..]).map_err(|reason| {
			error(
				code::BAD_EXTRINSIC,
				format!(
					"not an extrinsic of this chain: {reason}; pass the same hex string that author_submitExtrinsic takes"
				),
			)
		})?;
		handle.ask(SubmitExtrinsic(extrinsic.0)).await.map_err(submit_error)
	}

	async fn status(&self, extensions: &Extensions) -> RpcResult<Status> {
		check_if_safe(extensions)?;
		let snapshot = self.handle()?.snapshot().await;
		snapshot.map(Status::from).ok_or_else(|| submit_error(NoAnswer::Stopped.into()))
	}
}
