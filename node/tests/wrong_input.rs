//! Wrong input on the command line gets a message that says what to do, and nothing hangs.

mod common;

use common::{assert_refused, used_port};

#[test]
fn values_that_do_not_exist() {
	assert_refused(&["--chain", "no-such-chain"], &["no-such-chain", "export-chain-spec"]);
	assert_refused(&["--no-such-flag"], &["--no-such-flag", "--help"]);
	assert_refused(&["--mixnet", "--mixnet-gateways", "0"], &["--mixnet-gateways"]);
	assert_refused(&["--mixnet-gateways", "3"], &["--mixnet"]);
	assert_refused(&["--mixnet-operator"], &["--mixnet"]);
	assert_refused(&["devnet", "--validators", "many"], &["--validators", "many"]);
	assert_refused(&["devnet", "--validators", "33"], &["--validators", "32"]);
	assert_refused(&["devnet", "--transfers", "0"], &["--transfers", "1"]);
}

#[test]
fn too_few_validators_for_a_mixnet() {
	assert_refused(&["devnet", "--validators", "2"], &["too few", "--validators 4"]);
}

#[test]
fn a_base_path_that_is_a_file() {
	let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
	let path = file.path().to_str().expect("temporary files have plain names");
	assert_refused(&["--chain", "dev", "--base-path", path], &[path]);
	assert_refused(&["devnet", "--base-path", path], &[path, "choose"]);
}

#[test]
fn a_base_path_with_an_earlier_network() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	std::fs::write(folder.path().join("chain-spec.json"), "{}").expect("it can be written to");
	let path = folder.path().to_str().expect("temporary folders have plain names");
	assert_refused(&["devnet", "--base-path", path], &[path, "earlier", "choose another folder"]);
}

#[test]
fn a_report_that_cannot_be_written() {
	let folder = tempfile::tempdir().expect("a temporary folder can be made");
	let path = folder.path().join("no").join("such").join("folder").join("report.json");
	let path = path.to_str().expect("temporary folders have plain names");
	assert_refused(&["devnet", "--json", path], &[path, "choose another file"]);
}

#[test]
fn a_chain_spec_that_is_none() {
	let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
	std::fs::write(file.path(), "{ \"name\": ").expect("it can be written to");
	let path = file.path().to_str().expect("temporary files have plain names");
	assert_refused(&["--chain", path], &[path, "export-chain-spec"]);
}

#[test]
fn an_rpc_port_that_is_taken() {
	let (_listener, port) = used_port();
	assert_refused(
		&["--dev", "--tmp", "--port", "0", "--rpc-port", &port.to_string()],
		&[&port.to_string(), "--rpc-port"],
	);
}

#[test]
fn a_network_port_that_is_taken() {
	let (_listener, port) = used_port();
	let address = format!("/ip4/127.0.0.1/tcp/{port}");
	assert_refused(
		&["--dev", "--tmp", "--rpc-port", "0", "--listen-addr", &address],
		&[&port.to_string(), "--listen-addr"],
	);
	let port = port.to_string();
	assert_refused(&["--dev", "--tmp", "--rpc-port", "0", "--port", &port], &[&port, "choose another port by --port"]);
}

#[test]
fn a_mixnet_secret_that_is_none() {
	let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
	let path = file.path().to_str().expect("temporary files have plain names");
	assert_refused(
		&["--dev", "--tmp", "--mixnet", "--mixnet-session-0-secret-file", path],
		&[path, "generate-mixnet-key"],
	);
}
