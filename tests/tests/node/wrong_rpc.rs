//! Wrong calls of `mixnet_submitExtrinsic` get an error that says what to do, and nothing hangs.

use codec::{DecodeLimit, Encode};
use jsonrpsee::{
	core::client::{ClientT, Error},
	http_client::{HttpClient, HttpClientBuilder},
	rpc_params,
};
use mixnet_runtime::UncheckedExtrinsic;
use mixnet_service::{requests::submit_extrinsic::MAX_EXTRINSIC_DEPTH, rpc::code, status::Status};
use mixnet_tests::{
	process::Process,
	remarks::{self, call},
	SHORT,
};
use std::time::Duration;

/// A node of a chain with one validator, whose mixnet rests.
fn start(arguments: &[&str]) -> (Process, HttpClient) {
	let own = ["--dev", "--tmp"];
	let (node, port) = Process::node_with_rpc(&[&own, arguments].concat());
	let client = HttpClientBuilder::default()
		.request_timeout(Duration::from_secs(10))
		.build(format!("http://127.0.0.1:{port}"))
		.expect("the address is well formed");
	(node, client)
}

/// What a `sudo` call has before the call that it makes: the index of the pallet, and that of its call.
const NESTING: [u8; 2] = [9, 0];

/// An extrinsic with `size` bytes of data in it, which nobody signed.
fn remark(size: usize) -> String {
	format!("0x{}", hex::encode(UncheckedExtrinsic::new_bare(call(size)).encode()))
}

/// An extrinsic that nobody signed, with this many calls around another.
fn nested(depth: u32) -> Vec<u8> {
	let calls = [NESTING.repeat(depth as usize), call(0).encode()].concat();
	// Version 5, and bare.
	[vec![0x05], calls].concat().encode()
}

/// Submits an extrinsic, which must fail. Returns the error's code and words.
async fn refused(client: &HttpClient, extrinsic: &str) -> (i32, String) {
	let answer: Result<(), Error> = client.request("mixnet_submitExtrinsic", rpc_params![extrinsic]).await;
	match answer {
		Err(Error::Call(error)) => (error.code(), error.message().into()),
		other => panic!("expected an error of the node, got {other:?}"),
	}
}

#[tokio::test]
async fn a_resting_mixnet_refuses_every_submission() {
	let (node, client) = start(&["--mixnet"]);

	// In session 0's first phase, requests would go to the session before it, and there is none. So we wait for the next.
	let mut knows = false;
	for _ in 0..SHORT.as_secs() {
		let status: Status = client.request("mixnet_status", rpc_params![]).await.expect("it serves the status");
		knows = status.role.current == "resting" && status.session.is_some_and(|session| session.phase > 0);
		if knows {
			break;
		}
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
	assert!(knows, "the node does not know that the mixnet rests:\n{}", node.printed());

	let mut signed = remarks::signed(&client, 10).await;
	let (code, words) = refused(&client, &format!("0x{}", hex::encode(&signed))).await;
	assert_eq!(code, code::NOT_SENT, "{words}");
	assert!(words.contains("rest"), "{words}");

	// The chain says what it does not take: a bit of the signature is wrong, or there is none.
	signed[40] ^= 1;
	let (code, words) = refused(&client, &format!("0x{}", hex::encode(&signed))).await;
	assert_eq!(code, code::BAD_EXTRINSIC, "{words}");
	assert!(words.contains("bad signature"), "{words}");
	let (code, words) = refused(&client, &remark(10)).await;
	assert_eq!(code, code::BAD_EXTRINSIC, "{words}");

	for malformed in ["0x", "0x1234", "1234", "no hex at all"] {
		let (code, words) = refused(&client, malformed).await;
		// The RPC library refuses what is not hexadecimal.
		assert!([code::BAD_EXTRINSIC, -32602].contains(&code), "{malformed}: {code} {words}");
		assert!(!words.is_empty());
	}
	let trailing = remark(10) + "00";
	assert_eq!(refused(&client, &trailing).await.0, code::BAD_EXTRINSIC);

	// Calls nested so deeply that whoever decodes them without a limit runs out of stack: here the runtime does.
	let (code, words) = refused(&client, &format!("0x{}", hex::encode(nested(10_000)))).await;
	assert_eq!(code, code::BAD_EXTRINSIC, "{words}");

	let (code, words) = refused(&client, &remark(200_000)).await;
	assert_eq!(code, code::BAD_EXTRINSIC, "{words}");
	assert!(words.contains("large"), "{words}");
}

/// A node whose type of extrinsics is the runtime's decodes them on a thread of the SDK's runtime, which has the stack
/// that `tokio` gives its threads.
#[test]
fn the_runtimes_own_extrinsics_nested_to_the_limit_fit_the_stack() {
	const TOKIO_STACK: usize = 2 << 20;
	let decode = |depth: u32| {
		let extrinsic = nested(depth);
		let thread = std::thread::Builder::new().stack_size(TOKIO_STACK);
		let limit = MAX_EXTRINSIC_DEPTH;
		let decode = move || UncheckedExtrinsic::decode_all_with_depth_limit(limit, &mut &extrinsic[..]).is_ok();
		thread.spawn(decode).expect("there are threads").join().expect("it does not panic")
	};
	assert!(decode(MAX_EXTRINSIC_DEPTH - 10), "the limit is not the reason why the others are refused");
	assert!(!decode(MAX_EXTRINSIC_DEPTH + 1));
	assert!(!decode(50_000));
}

#[tokio::test]
async fn a_node_without_a_mixnet_says_so() {
	let (_node, client) = start(&[]);
	let (code, words) = refused(&client, &remark(10)).await;
	assert_eq!(code, code::NO_MIXNET);
	assert!(words.contains("--mixnet"), "{words}");
}
