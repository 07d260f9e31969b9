//! Whether a peer is to be found at an address.
//!
//! Nothing less than the proof of its peer ID will do: a connection alone may end at a router, or at somebody else's machine. The network
//! does not dial a peer that it is connected with already. So we dial as somebody else, by a litep2p of our own with a key that is
//! thrown away, and which knows no protocols. So the connection is closed as soon as it is there.

use crate::log_target::LOG_TARGET;
use litep2p::{
	config::ConfigBuilder,
	transport::{tcp::config::Config as TcpConfig, ConnectionLimitsConfig},
	types::multiaddr::{Multiaddr, Protocol},
	Litep2p, Litep2pEvent,
};
use sc_network_types::PeerId;
use std::net::{Ipv4Addr, SocketAddr};

/// Does this peer answer at one of these addresses? All are dialled at once. Takes as long as they do, so bound it.
pub async fn is_found(peer: PeerId, addresses: &[SocketAddr]) -> bool {
	let peer = litep2p::PeerId::from(peer);
	let tcp = TcpConfig {
		// Without one, each dialler would warn in the log that nobody can connect to it. Nobody is to: see the limit.
		listen_addresses: vec![multiaddr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))],
		reuse_port: false,
		nodelay: true,
		noise_read_ahead_frame_count: 1,
		noise_write_buffer_size: 1,
		..TcpConfig::default()
	};
	let limits = ConnectionLimitsConfig::default().max_incoming_connections(Some(0));
	let config = ConfigBuilder::new().with_tcp(tcp).with_connection_limits(limits).build();
	let mut dialler = match Litep2p::new(config) {
		Ok(dialler) => dialler,
		Err(error) => {
			log::debug!(target: LOG_TARGET, "Cannot dial a peer that wants to know whether it can be reached: {error}");
			return false;
		},
	};
	dialler
		.add_known_address(peer, addresses.iter().map(|address| multiaddr(*address).with(Protocol::P2p(peer.into()))));
	if dialler.dial(&peer).await.is_err() {
		return false;
	}
	loop {
		match dialler.next_event().await {
			Some(Litep2pEvent::ConnectionEstablished { peer: found, .. }) => return found == peer,
			Some(Litep2pEvent::DialFailure { .. } | Litep2pEvent::ListDialFailures { .. }) | None => return false,
			Some(Litep2pEvent::ConnectionClosed { .. }) => (),
		}
	}
}

fn multiaddr(address: SocketAddr) -> Multiaddr {
	Multiaddr::empty().with(address.ip().into()).with(Protocol::Tcp(address.port()))
}
