//! The encodings of requests and replies, and of the chain's mixnodes: bytes to values and back.
//!
//! A value that was decoded must encode to the same bytes, so that no value has two encodings. A value that was encoded
//! must decode.

use super::reader::{stretch, Reader};
use codec::{Decode, DecodeAll, Encode};
use core::fmt::Debug;
use mixnet_node_core::{
	request::{extrinsic_delay, BadRequest, RemoteError, Reply, Request},
	MessageId, Mixnode, MixnodesError, SessionStatus,
};

/// Runs one input.
pub fn run(data: &[u8]) {
	let mut reader = Reader::new(data);
	match reader.below(6) {
		0 => request(reader.rest()),
		1 => any_bytes::<Reply>(reader.rest()),
		2 => any_bytes::<Result<Vec<Mixnode>, MixnodesError>>(reader.rest()),
		3 => any_bytes::<SessionStatus>(reader.rest()),
		4 => {
			let is_other = reader.bool();
			let text = String::from_utf8_lossy(reader.rest()).into_owned();
			there_and_back(&Reply::Err(if is_other { RemoteError::Other(text) } else { RemoteError::Decode(text) }));
			there_and_back(&Reply::Ok(()));
		},
		_ => {
			let delay = extrinsic_delay(&MessageId(stretch(reader.rest())));
			assert!((0.0..=10.0).contains(&delay));
		},
	}
}

fn request(data: &[u8]) {
	match Request::decode(data) {
		Ok(request) => assert_eq!(request.encode(), data),
		Err(BadRequest::Empty) => assert!(data.is_empty()),
		Err(BadRequest::Unknown(first)) => assert!(data[0] == first && first != Request::SUBMIT_EXTRINSIC),
	}
	let request = Request::SubmitExtrinsic(data.to_vec());
	assert_eq!(Request::decode(&request.encode()), Ok(request));
}

fn any_bytes<T: Encode + Decode + PartialEq + Debug>(data: &[u8]) {
	if let Ok(value) = T::decode_all(&mut &*data) {
		assert_eq!(value.encode(), data, "{value:?} can be written in two ways");
	}
	let mut rest = data;
	if let Ok(value) = T::decode(&mut rest) {
		there_and_back(&value);
	}
}

fn there_and_back<T: Encode + Decode + PartialEq + Debug>(value: &T) {
	assert_eq!(T::decode_all(&mut &value.encode()[..]).as_ref(), Ok(value));
}
