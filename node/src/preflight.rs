//! What is checked before a node starts.
//!
//! Without these checks, the node would go on without what it was asked for (with another RPC port, or unreachable), or
//! fail with words that do not name what to change.

use sc_cli::RunCmd;
use sc_network::{multiaddr::Protocol, Multiaddr};
use std::{
	fs, io,
	net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
	path::Path,
};

/// The port for other nodes where the user names none.
const DEFAULT_PORT: u16 = 30333;

/// Can the node use the folder and the ports that it is told to use? The error says what to change.
pub fn check(run: &RunCmd) -> Result<(), String> {
	if let Some(path) = &run.shared_params.base_path {
		check_base_path(path)?;
	}
	if let Some(port) = run.rpc_params.rpc_port {
		let everywhere = run.rpc_params.rpc_external || run.rpc_params.unsafe_rpc_external;
		let ip = if everywhere { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
		check_port(SocketAddr::new(ip.into(), port), "--rpc-port")?;
	}
	match &run.network_params.listen_addr[..] {
		[] => {
			let port = run.network_params.port.unwrap_or(DEFAULT_PORT);
			check_port(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port), "--port")
		},
		addresses => {
			addresses.iter().filter_map(socket_address).try_for_each(|address| check_port(address, "--listen-addr"))
		},
	}
}

fn check_base_path(path: &Path) -> Result<(), String> {
	let usable = fs::create_dir_all(path).and_then(|()| tempfile::tempfile_in(path));
	usable.map(drop).map_err(|error| {
		format!("--base-path {} cannot be used: {error}; choose a folder that can be written to", path.display())
	})
}

/// Can we listen at this address? `argument` is what the user would change.
fn check_port(address: SocketAddr, argument: &str) -> Result<(), String> {
	match TcpListener::bind(address) {
		Ok(_) => Ok(()),
		Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(format!(
			"{address} is in use by another program; choose another port by {argument}, or 0 for any that is free"
		)),
		Err(error) => Err(format!("{address} cannot be listened on: {error}; choose another by {argument}")),
	}
}

/// The socket that a node with this address would listen on. `None` unless it is a TCP port of an IP address.
fn socket_address(address: &Multiaddr) -> Option<SocketAddr> {
	let mut protocols = address.iter();
	let ip: IpAddr = match protocols.next()? {
		Protocol::Ip4(ip) => ip.into(),
		Protocol::Ip6(ip) => ip.into(),
		_ => return None,
	};
	match protocols.next()? {
		Protocol::Tcp(port) => Some(SocketAddr::new(ip, port)),
		_ => None,
	}
}
