//! Wrong input on the command line gets a message that says what to do, and nothing hangs.

use mixnet_tests::{
	process::{assert_devnet_refuses, assert_node_refuses},
	used_port,
};
use std::net::{Ipv6Addr, TcpListener};

#[test]
fn values_that_do_not_exist_are_refused() {
	assert_node_refuses(&["--chain", "no-such-chain"], &["no-such-chain", "export-chain-spec"]);
	assert_node_refuses(&["--no-such-flag"], &["--no-such-flag", "--help"]);
	assert_node_refuses(&["--mixnet", "--mixnet-gateways", "0"], &["--mixnet-gateways"]);
	assert_node_refuses(&["--mixnet-gateways", "3"], &["--mixnet"]);
	assert_node_refuses(&["--mixnet-operator"], &["--mixnet"]);
	assert_devnet_refuses(&["--validators", "many"], &["--validators", "many"]);
	assert_devnet_refuses(&["--validators", "33"], &["--validators", "32"]);
	assert_devnet_refuses(&["--transfers", "0"], &["--transfers", "1"]);
}

#[test]
fn too_few_validators_for_a_mixnet_are_refused() {
	assert_devnet_refuses(&["--validators", "2"], &["too few", "--validators 4"]);
}

#[test]
fn a_node_that_is_not_there_is_refused() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let path = folder.path().join("no-node");
	let path = path.to_str().expect("temporary folders have plain names");
	assert_devnet_refuses(&["--node", path], &[path, "make build"]);
}

#[test]
fn a_node_that_is_older_than_its_sources_is_refused() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let path = |name: &str| folder.path().join(name).to_str().expect("temporary folders have plain names").to_owned();
	let (node, source) = (path("mixnet-node"), path("main.rs"));
	std::fs::write(&node, "").expect("it can be written to");
	std::fs::write(path("mixnet-node.d"), format!("{node}: {source}\n")).expect("it can be written to");
	let later = std::time::SystemTime::now() + std::time::Duration::from_secs(10);
	let changed = std::fs::File::create(&source).and_then(|file| file.set_modified(later));
	changed.expect("it can be written to");
	assert_devnet_refuses(&["--node", &node], &[&node, "is older than", &source, "make build"]);
}

#[test]
fn a_base_path_that_is_a_file_is_refused() {
	let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
	let path = file.path().to_str().expect("temporary files have plain names");
	assert_node_refuses(&["--chain", "dev", "--base-path", path], &[path]);
	assert_devnet_refuses(&["--base-path", path], &[path, "choose"]);
}

#[test]
fn a_base_path_with_an_earlier_network_is_refused() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	std::fs::write(folder.path().join("chain-spec.json"), "{}").expect("it can be written to");
	let path = folder.path().to_str().expect("temporary folders have plain names");
	assert_devnet_refuses(&["--base-path", path], &[path, "earlier", "choose another folder"]);
}

#[test]
fn a_report_that_cannot_be_written_is_refused() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let path = folder.path().join("no").join("such").join("folder").join("report.json");
	let path = path.to_str().expect("temporary folders have plain names");
	assert_devnet_refuses(&["--json", path], &[path, "choose another file"]);
}

#[test]
fn a_chain_spec_that_is_none_is_refused() {
	let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
	std::fs::write(file.path(), "{ \"name\": ").expect("it can be written to");
	let path = file.path().to_str().expect("temporary files have plain names");
	assert_node_refuses(&["--chain", path], &[path, "export-chain-spec"]);
}

#[test]
fn an_rpc_port_that_is_taken_is_refused() {
	let (_listener, port) = used_port();
	assert_node_refuses(
		&["--dev", "--tmp", "--port", "0", "--rpc-port", &port.to_string()],
		&[&port.to_string(), "--rpc-port"],
	);
}

#[test]
fn a_network_port_that_is_taken_is_refused() {
	let (_listener, port) = used_port();
	let address = format!("/ip4/127.0.0.1/tcp/{port}");
	assert_node_refuses(
		&["--dev", "--tmp", "--rpc-port", "0", "--listen-addr", &address],
		&[&port.to_string(), "--listen-addr"],
	);
	let port = port.to_string();
	assert_node_refuses(
		&["--dev", "--tmp", "--rpc-port", "0", "--port", &port],
		&[&port, "choose another port by --port"],
	);
}

#[test]
fn only_tcp_ports_of_ip_addresses_are_tried_before_the_start() {
	let ([_first, _second], [skipped, tried]) = {
		let (first, second) = (used_port(), used_port());
		([first.0, second.0], [first.1, second.1])
	};
	let addresses = [
		format!("/dns/localhost/tcp/{skipped}"),
		format!("/ip4/127.0.0.1/udp/{skipped}/quic-v1"),
		format!("/ip4/127.0.0.1/tcp/{tried}/ws"),
	];
	let own = ["--dev", "--tmp", "--rpc-port", "0"];
	let listening: Vec<_> = addresses.iter().flat_map(|address| ["--listen-addr", address.as_str()]).collect();
	let printed = assert_node_refuses(&[&own[..], &listening].concat(), &[&tried.to_string(), "--listen-addr"]);
	assert!(!printed.contains(&skipped.to_string()), "{printed}");

	// Where there is no IPv6, the port cannot be had either.
	let listener =
		TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).and_then(|listener| Ok((listener.local_addr()?, listener)));
	let port = listener.as_ref().map_or(7, |(address, _)| address.port());
	let address = format!("/ip6/::1/tcp/{port}");
	let words = [format!("[::1]:{port}"), "--listen-addr".into()];
	assert_node_refuses(&[&own[..], &["--listen-addr", &address]].concat(), &words.each_ref().map(String::as_str));
}

#[test]
fn a_mixnet_secret_that_is_none_is_refused() {
	let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
	let path = file.path().to_str().expect("temporary files have plain names");
	assert_node_refuses(
		&["--dev", "--tmp", "--mixnet", "--mixnet-session-0-secret-file", path],
		&[path, "generate-mixnet-key"],
	);
}
