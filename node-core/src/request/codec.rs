//! The SCALE types of the requests that the Substrate Mix Network knows.

use ::codec::{Decode, Encode};
use alloc::{string::String, vec::Vec};

/// A request, as the data of a request message.
///
/// | byte 0 | variant | followed by |
/// |---|---|---|
/// | 1 | `SubmitExtrinsic` | the extrinsic, as `author_submitExtrinsic` takes it |
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
	/// Submit this extrinsic to the transaction pool, some time later (see [`extrinsic_delay`](super::extrinsic_delay)). The bytes begin with
	/// their own length prefix, as extrinsics do. The reply is a [`Reply`].
	SubmitExtrinsic(Vec<u8>),
}

/// Why a request message was not understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadRequest {
	/// It has no byte at all.
	#[error("empty request")]
	Empty,
	/// Its first byte names no request that we know.
	#[error("unknown request {0}")]
	Unknown(u8),
}

impl Request {
	/// First byte of [`Request::SubmitExtrinsic`].
	pub const SUBMIT_EXTRINSIC: u8 = 1;

	/// The message data.
	pub fn encode(&self) -> Vec<u8> {
		match self {
			Self::SubmitExtrinsic(extrinsic) => {
				let mut data = Vec::with_capacity(1 + extrinsic.len());
				data.push(Self::SUBMIT_EXTRINSIC);
				data.extend_from_slice(extrinsic);
				data
			},
		}
	}

	/// Reads message data. Allocates no more than its length; the extrinsic is not looked into.
	pub fn decode(data: &[u8]) -> Result<Self, BadRequest> {
		match data.split_first() {
			Some((&Self::SUBMIT_EXTRINSIC, extrinsic)) => Ok(Self::SubmitExtrinsic(extrinsic.to_vec())),
			Some((&unknown, _)) => Err(BadRequest::Unknown(unknown)),
			None => Err(BadRequest::Empty),
		}
	}
}

/// The data of a reply message to [`Request::SubmitExtrinsic`].
pub type Reply = Result<(), RemoteError>;

/// An error at the destination, in its own words. Do not trust them.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, thiserror::Error)]
pub enum RemoteError {
	/// Anything but the below.
	#[error("remote error: {0}")]
	#[codec(index = 0)]
	Other(String),
	/// The request was not understood.
	#[error("the destination could not decode the request: {0}")]
	#[codec(index = 1)]
	Decode(String),
}
