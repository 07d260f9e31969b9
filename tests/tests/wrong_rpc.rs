//! Wrong calls of `mixnet_submitExtrinsic` get an error that says what to do, and nothing hangs.

use codec::{DecodeLimit, Encode};
use jsonrpsee::{
	core::client::{ClientT, Error},
	http_client::{HttpClient, HttpClientBuilder},
	rpc_params,
};
use mixnet_runtime::{
	tx_extension, AccountId, Hash, RuntimeCall, Signature, SignedPayload, UncheckedExtrinsic, VERSION,
};
use mixnet_service::{requests::submit_extrinsic::MAX_EXTRINSIC_DEPTH, rpc::code, status::Status};
use mixnet_tests::{eventually, free_port, process::Process, SHORT};
use sp_core::{sr25519, Pair as _};
use sp_runtime::generic::Era;
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

/// An extrinsic with `size` bytes of data in it, which nobody signed.
fn remark(size: usize) -> String {
	format!("0x{}", hex::encode(UncheckedExtrinsic::new_bare(call(size)).encode()))
}

/// A call with `size` bytes of data in it.
fn call(size: usize) -> RuntimeCall {
	RuntimeCall::System(frame_system::Call::remark { remark: vec![7; size] })
}

/// The same, signed by Alice.
async fn signed_remark(client: &HttpClient, size: usize) -> Vec<u8> {
	let genesis: Hash = client.request("chain_getBlockHash", rpc_params![0]).await.expect("there is a genesis");
	let alice = sr25519::Pair::from_string("//Alice", None).expect("it is a derivation path; qed");
	let extension = tx_extension(Era::Immortal, 0, 0);
	let implicit = ((), (), VERSION.spec_version, VERSION.transaction_version, genesis, genesis, (), (), (), ());
	let payload = SignedPayload::from_raw(call(size), extension.clone(), implicit);
	let signature = payload.using_encoded(|payload| alice.sign(payload));
	let account = AccountId::from(alice.public());
	UncheckedExtrinsic::new_signed(call(size), account.into(), Signature::Sr25519(signature), extension).encode()
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

	let mut signed = signed_remark(&client, 10).await;
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
