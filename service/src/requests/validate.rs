//! Asks the chain whether it would take an extrinsic, before anything is sent.
//!
//! Extrinsics are bytes here. What they mean is up to the runtime at the best block, in wasm: it may have been upgraded
//! since this node was built, and a stack that overflows in it harms nobody else.

#[cfg(test)]
mod tests;

use codec::{Compact, Decode, DecodeAll, Encode};
use sp_api::{ApiError, CallApiAt, CallApiAtParams, CallContext};
use sp_blockchain::HeaderBackend;
use sp_runtime::{
	traits::Block as BlockT,
	transaction_validity::{TransactionSource, TransactionValidity},
};
use std::{cell::RefCell, marker::PhantomData, sync::Arc};

/// Why an extrinsic is not sent.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
	/// It is no extrinsic.
	#[error("not an extrinsic of this chain: {0}; pass the same hex string that author_submitExtrinsic takes")]
	Malformed(String),
	/// The runtime does not take it, for this reason.
	#[error("the chain does not take it: {0} (outdated may mean that it was submitted before: look on chain)")]
	Refused(&'static str),
	/// The runtime cannot be asked, so nobody knows. Try again when this node has caught up with the chain.
	#[error("this node cannot ask its chain whether it takes the extrinsic: {0}; try again later")]
	CannotAsk(String),
}

/// When the chain takes an extrinsic that is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
	/// Now.
	Now,
	/// After others, such as one with the nonce before it.
	Later,
}

/// Says whether the chain would take an extrinsic.
pub trait Validate: Send + Sync + 'static {
	/// Asks for these bytes, which are what `author_submitExtrinsic` takes. Blocks for some milliseconds.
	///
	/// # Errors
	/// [`Invalid`].
	fn validate(&self, extrinsic: &[u8]) -> Result<Takes, Invalid>;
}

/// Asks the runtime in the state after the best block.
pub struct AtBestBlock<B, C> {
	client: Arc<C>,
	block: PhantomData<fn() -> B>,
}

impl<B, C> AtBestBlock<B, C> {
	/// Asks by this client.
	pub fn new(client: Arc<C>) -> Self {
		Self { client, block: PhantomData }
	}
}

impl<B, C> Validate for AtBestBlock<B, C>
where
	B: BlockT,
	C: CallApiAt<B> + HeaderBackend<B> + Send + Sync + 'static,
{
	fn validate(&self, extrinsic: &[u8]) -> Result<Takes, Invalid> {
		check_length(extrinsic)?;
		let at = self.client.info().best_hash;
		let mut extensions = Default::default();
		self.client.initialize_extensions(at, &mut extensions).map_err(why)?;
		// The arguments of version 3 of the API, which all runtimes have had since 2021. The extrinsic is in it as it is.
		let mut arguments = TransactionSource::External.encode();
		arguments.extend_from_slice(extrinsic);
		at.encode_to(&mut arguments);
		let answer = self.client.call_api_at(CallApiAtParams {
			at,
			function: "TaggedTransactionQueue_validate_transaction",
			arguments,
			overlayed_changes: &RefCell::default(),
			call_context: CallContext::Offchain,
			recorder: &None,
			extensions: &RefCell::new(extensions),
		});
		let validity = TransactionValidity::decode_all(&mut &answer.map_err(why)?[..])
			.map_err(|error| Invalid::CannotAsk(error.to_string()))?;
		match validity {
			Ok(valid) if valid.requires.is_empty() => Ok(Takes::Now),
			Ok(_) => Ok(Takes::Later),
			Err(error) => Err(Invalid::Refused(error.into())),
		}
	}
}

/// An extrinsic begins with the number of bytes that follow.
fn check_length(extrinsic: &[u8]) -> Result<(), Invalid> {
	let mut rest = extrinsic;
	match Compact::<u32>::decode(&mut rest) {
		Ok(Compact(length)) if length as usize == rest.len() => Ok(()),
		Ok(Compact(length)) => {
			Err(Invalid::Malformed(format!("it says that it has {length} bytes, and it has {}", rest.len())))
		},
		Err(error) => Err(Invalid::Malformed(error.to_string())),
	}
}

/// A runtime that cannot read its arguments panics, and its execution fails. All else is this node's fault.
fn why(error: ApiError) -> Invalid {
	match &error {
		ApiError::Application(inner) if matches!(inner.downcast_ref(), Some(sp_blockchain::Error::Execution(_))) => {
			Invalid::Malformed("the runtime cannot read it".into())
		},
		_ => Invalid::CannotAsk(error.to_string()),
	}
}
