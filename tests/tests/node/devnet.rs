//! A whole run of the devnet, with few transfers and with another devnet beside it for a while, and experiments with the network that stays afterwards.

use jsonrpsee::{
	core::client::{ClientT, Subscription, SubscriptionClientT},
	rpc_params,
	ws_client::WsClientBuilder,
};
use mixnet_service::rpc::SubmissionUpdate;
use mixnet_tests::{
	eventually,
	process::{send, Process, Signal},
	remarks,
};
use serde_json::Value;
use std::{
	net::TcpStream,
	time::{Duration, Instant},
};

/// Several times what it takes on two cores that do nothing else.
const LIMIT: Duration = Duration::from_secs(900);
/// How long it may take to notice that a gateway is frozen. (docs/gateways.md)
const SILENCE: Duration = Duration::from_secs(120);
/// For ending eight nodes.
const END: Duration = Duration::from_secs(60);

#[test]
fn a_run_succeeds_and_the_network_that_stays_outlives_its_nodes() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let text = |path: &str| folder.path().join(path).to_str().expect("temporary folders have plain names").to_owned();
	let (data, json) = (text("data"), text("report.json"));
	let mut devnet = Process::devnet(["--transfers", "8", "--base-path", &data, "--json", &json, "--keep"]);
	devnet.wait_for("blocks until session 1", LIMIT);
	#[cfg(target_os = "linux")]
	crate::devnet_ends::one_comes_and_goes();
	devnet.wait_for("The network stays until Ctrl-C", LIMIT);
	// Shown when the test fails, and worth reading in CI's log: it says how long things took.
	println!("{}", devnet.printed());

	let report = std::fs::read_to_string(json).expect("the report was written");
	let report: Value = serde_json::from_str(&report).expect("the report is JSON");
	check_success(&report);
	let nodes = report["nodes"].as_array().expect("the nodes are a list");
	assert_eq!(nodes.len(), 8);
	for node in nodes {
		devnet.wait_for(rpc(node), END);
		assert!(TcpStream::connect(rpc(node)).is_ok(), "{} does not answer", rpc(node));
	}
	let user = nodes.iter().find(|node| node["role"] == "user").map(rpc).expect("there is an ordinary node");
	submit_and_watch(user);
	validators_know_that_they_can_be_reached(nodes);
	let frozen_at = freeze_most(&devnet);
	kill_freeze_and_start(&mut devnet, nodes);
	notice_silence(user, frozen_at);

	// Ctrl-C ends it, and all is well: the job was done.
	devnet.signal(Signal::INT);
	assert!(devnet.ended(END).success());
	for node in nodes {
		check_node(node);
		assert!(TcpStream::connect(rpc(node)).is_err(), "{} still answers", rpc(node));
	}
	#[cfg(target_os = "linux")]
	assert_eq!(mixnet_tests::process::processes_with(folder.path()), [0; 0]);
}

/// Submits an extrinsic by this node, which tells what becomes of it.
#[tokio::main]
async fn submit_and_watch(rpc: &str) {
	let client = WsClientBuilder::default().build(format!("ws://{rpc}")).await.expect("the node answers");
	let extrinsic = format!("0x{}", hex::encode(remarks::signed(&client, 10).await));
	let (subscribe, unsubscribe) = ("mixnet_submitAndWatch", "mixnet_unwatchSubmission");
	let updates = client.subscribe(subscribe, rpc_params![&extrinsic], unsubscribe).await;
	let mut updates: Subscription<SubmissionUpdate> = updates.expect("anybody may watch");
	let mut told = Vec::new();
	while !told.last().is_some_and(SubmissionUpdate::is_last) {
		let update = tokio::time::timeout(LIMIT, updates.next()).await.expect("the next one comes");
		told.push(update.expect("there is a last one").expect("it can be read"));
	}
	// A mixnode's answer may come later than that.
	let Some(SubmissionUpdate::Finalized { block }) = told.last() else { panic!("{told:?}") };
	assert!(told.contains(&SubmissionUpdate::InBlock { block: block.clone() }), "{told:?}");
	let block: Value = client.request("chain_getBlock", rpc_params![block]).await.expect("it is there");
	assert!(block["block"]["extrinsics"].as_array().is_some_and(|all| all.contains(&extrinsic.into())), "{block}");
}

/// They have asked each other. A node that only uses the mixnet asks nobody.
#[tokio::main]
async fn validators_know_that_they_can_be_reached(nodes: &[Value]) {
	for node in nodes {
		let client = WsClientBuilder::default().build(format!("ws://{}", rpc(node))).await.expect("the node answers");
		let status: Value = client.request("mixnet_status", rpc_params![]).await.expect("it may be asked from here");
		match node["role"].as_str() {
			Some("validator") => assert_eq!(status["reachability"]["reachable"], true, "{node}: {status}"),
			Some("user") => {
				assert_eq!(status["reachability"]["addresses"], Value::Array(Vec::new()), "{node}: {status}")
			},
			_ => (),
		}
	}
}

/// Kills Bob, freezes Charlie, and starts Bob again as the devnet says.
fn kill_freeze_and_start(devnet: &mut Process, nodes: &[Value]) {
	let printed = devnet.printed();
	let (bob, bob_command) = how_to_stop_and_start(&printed, "bob");
	let (charlie, _) = how_to_stop_and_start(&printed, "charlie");

	send(bob, Signal::KILL);
	devnet.wait_for("The node bob ended (signal: 9", END);
	let after_end = devnet.printed().split_off(printed.len());
	assert!(after_end.contains("bob.log") && after_end.contains(&bob_command), "{after_end}");

	send(charlie, Signal::STOP);
	let mut by_hand = Process::shell(&bob_command);
	devnet.wait_for("The node bob runs again", END);
	let bob_rpc = nodes.iter().find(|node| node["name"] == "bob").map(rpc).expect("Bob is in the report");
	assert!(TcpStream::connect(bob_rpc).is_ok(), "{bob_rpc} does not answer");
	assert!(by_hand.has_ended().is_none());

	// A node that somebody else has started, and ends, is seen too.
	let before = devnet.printed().len();
	by_hand.signal(Signal::INT);
	by_hand.ended(END);
	assert!(eventually(END, || devnet.printed()[before..].contains("The node bob ended")), "{}", devnet.printed());

	// Charlie is left frozen, for the devnet to end.
	assert!(!devnet.printed().contains("The node charlie"), "{}", devnet.printed());
	assert!(devnet.has_ended().is_none());
}

/// Freezes all validators but Bob and Charlie. Their connections stay. Returns when that was.
fn freeze_most(devnet: &Process) -> Instant {
	let printed = devnet.printed();
	for name in ["alice", "dave", "eve", "ferdie"] {
		send(how_to_stop_and_start(&printed, name).0, Signal::STOP);
	}
	Instant::now()
}

/// When all six validators are killed or frozen, at least one of the user's three gateways is frozen. The user notices that it does
/// not respond.
#[tokio::main]
async fn notice_silence(user: &str, frozen_at: Instant) {
	let client = WsClientBuilder::default().build(format!("ws://{user}")).await.expect("the node answers");
	loop {
		let status: Value = client.request("mixnet_status", rpc_params![]).await.expect("it may be asked from here");
		if status["peers"]["silent"].as_u64().expect("it is counted") > 0 {
			break;
		}
		assert!(frozen_at.elapsed() < SILENCE, "{status}");
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
	println!("Silence was noticed after {:?}", frozen_at.elapsed());
}

/// The process ID of a node, and the command that starts it, as the devnet prints them.
fn how_to_stop_and_start(printed: &str, name: &str) -> (u32, String) {
	let mut lines = printed.lines().skip_while(|line| !(line.starts_with(name) && line.contains(" process ")));
	let first = lines.next().unwrap_or_else(|| panic!("no process of {name} in:\n{printed}"));
	let id = first.split_once(" process ").and_then(|(_, rest)| rest.split_once(','));
	let id = id.and_then(|(id, _)| id.parse().ok()).unwrap_or_else(|| panic!("no process ID in: {first}"));
	(id, lines.next().expect("a command follows").trim().to_owned())
}

/// Where a node's RPC listens.
fn rpc(node: &Value) -> &str {
	let url = node["rpc"].as_str().expect("the RPC's address is text");
	url.strip_prefix("ws://").expect("the RPC is a websocket's URL")
}

/// Does the report say that everything was seen?
fn check_success(report: &Value) {
	assert_eq!(report["success"], true);
	assert_eq!(report["failure"], Value::Null);
	assert_eq!(report["validators"], 6);
	assert_eq!(report["transfers"]["sent"], 8);
	assert_eq!(report["transfers"]["answered"], 8);
	assert_eq!(report["transfers"]["finalised"], 8);
	assert!(report["rotations"].as_u64() >= Some(2));
	assert!(report["rotationsInFlight"].as_u64() >= Some(1));
	assert_eq!(report["phasesInFlight"], serde_json::json!([0, 1, 2, 3]));
	for latency in ["answerLatencyMs", "finalisationLatencyMs"] {
		let [min, median, max] = ["min", "median", "max"].map(|field| report[latency][field].as_u64());
		assert!(min.is_some() && min <= median && median <= max, "{latency}: {}", report[latency]);
	}

	let changes = report["changes"].as_array().expect("the changes are a list");
	let names: Vec<_> = changes.iter().map(|change| change["name"].as_str().expect("a name is text")).collect();
	assert_eq!(names, ["operator", "parameters", "restart"]);
	for change in changes {
		assert_eq!(change["complete"], true, "{change}");
		assert!(change["steps"].as_array().is_some_and(|steps| steps.len() >= 2), "{change}");
	}

	// The mixnodes submitted the transfers, each at the end of a route.
	let nodes = report["nodes"].as_array().expect("the nodes are a list");
	assert!(nodes.iter().map(submitted).sum::<u64>() >= 8);
}

/// How many transfers a node has submitted for others.
fn submitted(node: &Value) -> u64 {
	let since_start = node["counters"]["extrinsicsSubmitted"].as_u64().expect("it is counted");
	since_start + node["submittedBeforeRestart"].as_u64().expect("it is counted too")
}

/// Did a node do what its role asks for, and keep a log?
fn check_node(node: &Value) {
	let forwarded = node["counters"]["forwarded"].as_u64();
	match node["role"].as_str() {
		Some("validator" | "operator") => assert!(forwarded > Some(0), "{node}"),
		role => {
			assert_eq!(role, Some("user"));
			assert_eq!(forwarded, Some(0));
			assert_eq!(submitted(node), 0);
			assert!(node["counters"]["requestsSent"].as_u64() >= Some(8));
		},
	}
	let log = node["log"].as_str().expect("the log's path is text");
	assert!(std::fs::metadata(log).is_ok_and(|log| log.len() > 0), "{log} is empty");
}
