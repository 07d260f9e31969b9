//! The RPC methods `mixnet_*`.

use crate::{status::Status, Handle, SubmitError};
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
	/// Takes what `author_submitExtrinsic` takes. Returns when the mixnode that submitted it has answered: then it is in
	/// that node's transaction pool. An error says what is known and what to do.
	#[method(name = "mixnet_submitExtrinsic")]
	async fn submit_extrinsic(&self, extrinsic: Bytes) -> RpcResult<()>;

	/// The state of this node's mixnet service.
	///
	/// Shows when this node's user sends something: an unsafe method, which is not served to the outside
	/// (`--rpc-methods`).
	#[method(name = "mixnet_status", with_extensions)]
	async fn status(&self) -> RpcResult<Status>;
}

/// Error codes of the `mixnet_*` methods. A caller can tell from the code whether the extrinsic may have been submitted.
pub mod code {
	/// This node runs without the mixnet.
	pub const DISABLED: i32 = 7001;
	/// The extrinsic is malformed or too large; it was not sent.
	pub const BAD_EXTRINSIC: i32 = 7002;
	/// Not sent, for example because the mixnet rests in this session, or because too much waits to be sent; try again
	/// later. If it is known when, the error's data says so: see [`RetryAfter`](super::RetryAfter).
	pub const NOT_SENT: i32 = 7003;
	/// Sent, but no readable answer came: it may or may not have been submitted.
	pub const NOT_ANSWERED: i32 = 7004;
	/// The mixnode at the end of the path refused it. If it says that it is outdated, banned or imported already, another
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

/// How deep an extrinsic's calls may be nested; runtimes of the SDK take no more either.
const MAX_EXTRINSIC_DEPTH: u32 = 256;

/// Serves [`MixnetRpcServer`]. `E` is the runtime's type of extrinsics (the node's own may be opaque), by which malformed
/// ones are recognised.
pub struct MixnetRpc<E> {
	handle: Option<Handle>,
	extrinsic: PhantomData<fn() -> E>,
}

impl<E> MixnetRpc<E> {
	/// Serves what `handle` leads to; without one, every method explains how to switch the mixnet on.
	pub fn new(handle: Option<Handle>) -> Self {
		Self { handle, extrinsic: PhantomData }
	}

	fn handle(&self) -> RpcResult<&Handle> {
		self.handle.as_ref().ok_or_else(|| {
			error(code::DISABLED, "this node runs without the mixnet; start it with --mixnet, or ask another node")
		})
	}
}

fn error(code: i32, message: impl Into<String>) -> ErrorObjectOwned {
	ErrorObjectOwned::owned(code, message.into(), None::<()>)
}

fn submit_error(reason: SubmitError) -> ErrorObjectOwned {
	let code = match &reason {
		SubmitError::Stopped => code::STOPPED,
		SubmitError::TooLarge { .. } => code::BAD_EXTRINSIC,
		SubmitError::NotSent { .. } | SubmitError::GivenUp(_) => code::NOT_SENT,
		SubmitError::NotAnswered(_) | SubmitError::BadAnswer => code::NOT_ANSWERED,
		SubmitError::Refused(_) => code::REFUSED,
	};
	let data = match &reason {
		SubmitError::NotSent { retry_after: Some(time), .. } => Some(RetryAfter::new(*time)),
		_ => None,
	};
	ErrorObjectOwned::owned(code, reason.to_string(), data)
}

#[async_trait]
impl<E: Decode + 'static> MixnetRpcServer for MixnetRpc<E> {
	async fn submit_extrinsic(&self, extrinsic: Bytes) -> RpcResult<()> {
		let handle = self.handle()?;
		// Checked here, where the sender can be told; nothing malformed is worth a walk through the mixnet. Calls can
		// be nested deeper than the stack is.
		E::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &extrinsic[..]).map_err(|reason| {
			error(
				code::BAD_EXTRINSIC,
				format!(
					"not an extrinsic of this chain: {reason}; pass the same hex string that author_submitExtrinsic takes"
				),
			)
		})?;
		handle.submit_extrinsic(extrinsic.0).await.map_err(submit_error)
	}

	async fn status(&self, extensions: &Extensions) -> RpcResult<Status> {
		check_if_safe(extensions)?;
		self.handle()?.status().await.ok_or_else(|| submit_error(SubmitError::Stopped))
	}
}
