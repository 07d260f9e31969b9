//! Wrong calls of `mixnet_submitExtrinsic` get an error that says what to do, and nothing hangs.

use codec::Encode;
use jsonrpsee::{
	core::client::{ClientT, Error},
	http_client::{HttpClient, HttpClientBuilder},
	rpc_params,
};
use mixnet_runtime::{RuntimeCall, UncheckedExtrinsic};
use mixnet_service::{rpc::code, status::Status};
use mixnet_tests::{eventually, free_port, process::Process, SHORT};
use std::time::Duration;

/// A node of a chain with one validator, whose mixnet rests.
fn start(arguments: &[&str]) -> (Process, HttpClient) {
	let port = free_port().to_string();
	let own = ["--dev", "--tmp", "--port", "0", "--no-prometheus", "--no-telemetry", "--rpc-port", &port];
	let mut node = Process::node(own.iter().chain(arguments));
	let client = HttpClientBuilder::default()
		.request_timeout(Duration::from_secs(10))
		.build(format!("http://127.0.0.1:{port}"))
		.expect("the address is well formed");
	let answers = eventually(SHORT, || {
		assert!(node.has_ended().is_none(), "the node ended:\n{}", node.printed());
		std::net::TcpStream::connect(("127.0.0.1", port.parse().expect("it is a number"))).is_ok()
	});
	assert!(answers, "no RPC:\n{}", node.printed());
	(node, client)
}

/// What a `sudo` call has before the call that it makes: the index of the pallet, and that of its call.
const NESTING: [u8; 2] = [9, 0];

/// An extrinsic with `size` bytes of data in it.
fn remark(size: usize) -> String {
	let call = RuntimeCall::System(frame_system::Call::remark { remark: vec![7; size] });
	format!("0x{}", hex::encode(UncheckedExtrinsic::new_bare(call).encode()))
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

	let (code, words) = refused(&client, &remark(10)).await;
	assert_eq!(code, code::NOT_SENT, "{words}");
	assert!(words.contains("rest"), "{words}");

	for malformed in ["0x", "0x1234", "1234", "no hex at all"] {
		let (code, words) = refused(&client, malformed).await;
		// The RPC library refuses what is not hexadecimal.
		assert!([code::BAD_EXTRINSIC, -32602].contains(&code), "{malformed}: {code} {words}");
		assert!(!words.is_empty());
	}
	let trailing = remark(10) + "00";
	assert_eq!(refused(&client, &trailing).await.0, code::BAD_EXTRINSIC);

	// Calls nested so deeply that whoever decodes them without a limit runs out of stack.
	let mut call = RuntimeCall::System(frame_system::Call::remark { remark: vec![] }).encode();
	for _ in 0..10_000 {
		call.splice(0..0, NESTING);
	}
	let nested = [vec![0x05], call].concat();
	let nested = format!("0x{}", hex::encode(nested.encode()));
	let (code, words) = refused(&client, &nested).await;
	assert_eq!(code, code::BAD_EXTRINSIC, "{words}");

	let (code, words) = refused(&client, &remark(200_000)).await;
	assert_eq!(code, code::BAD_EXTRINSIC, "{words}");
	assert!(words.contains("large"), "{words}");
}

#[tokio::test]
async fn a_node_without_a_mixnet_says_so() {
	let (_node, client) = start(&[]);
	let (code, words) = refused(&client, &remark(10)).await;
	assert_eq!(code, code::NO_MIXNET);
	assert!(words.contains("--mixnet"), "{words}");
}
