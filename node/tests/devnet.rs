//! The main job, on a small scale: a network of validators, and transfers through its mixnet.

mod common;

use common::Node;
use serde_json::Value;
use std::{net::TcpStream, time::Duration};

/// Several times what it takes on two cores that do nothing else.
const LIMIT: Duration = Duration::from_secs(900);
/// For ending eight nodes.
const END: Duration = Duration::from_secs(60);

#[test]
fn transfers_go_through_the_mixnet_and_nothing_is_left_behind() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let text = |path: &str| folder.path().join(path).to_str().expect("temporary folders have plain names").to_owned();
	let (data, json) = (text("data"), text("report.json"));
	let mut devnet = Node::start(["devnet", "--transfers", "8", "--base-path", &data, "--json", &json, "--keep"]);
	devnet.wait_for("The network stays until Ctrl-C", LIMIT);
	// Shown when the test fails, and worth reading in CI's log: it says how long things took.
	println!("{}", devnet.printed());

	let report = std::fs::read_to_string(json).expect("the report was written");
	let report: Value = serde_json::from_str(&report).expect("the report is JSON");
	assert_eq!(report["success"], true);
	assert_eq!(report["failure"], Value::Null);
	assert_eq!(report["validators"], 6);
	assert_eq!(report["transfers"]["sent"], 8);
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

	let nodes = report["nodes"].as_array().expect("the nodes are a list");
	assert_eq!(nodes.len(), 8);
	let rpc = |node: &Value| {
		let url = node["rpc"].as_str().expect("the RPC's address is text");
		url.strip_prefix("ws://").expect("the RPC is a websocket's URL").to_string()
	};
	for node in nodes {
		devnet.wait_for(&rpc(node), END);
		assert!(TcpStream::connect(rpc(node)).is_ok(), "{} does not answer", rpc(node));
	}
	// Ctrl-C ends it, and all is well: the job was done.
	devnet.signal(rustix::process::Signal::INT);
	assert!(devnet.ended(END).success());

	// The mixnodes submitted the transfers, each at the end of a path, and the sender's own node none.
	let submitted = |node: &Value| node["counters"]["extrinsicsSubmitted"].as_u64().expect("it is counted");
	assert!(nodes.iter().map(submitted).sum::<u64>() >= 8);
	for node in nodes {
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
		assert!(TcpStream::connect(rpc(node)).is_err(), "{} still answers", rpc(node));
	}
	#[cfg(target_os = "linux")]
	assert_eq!(common::processes_with(folder.path()), [0; 0]);
}
