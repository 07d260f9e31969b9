//! Where reserved peers are to be found, and where this node is.
//!
//! The addresses on chain were written by others. Each is parsed, and made to name the peer that it is for, so that
//! nobody can make us connect to somebody else. The addresses that we write there ourselves must be ones that the chain
//! takes.

use super::peer_id::to_network_peer_id;
use crate::log_target::LOG_TARGET;
use mixnet_node_core::ReservedPeer;
use mixnet_primitives::check_address;
use sc_network_types::{
	multiaddr::{Multiaddr, Protocol},
	PeerId,
};
use std::collections::HashSet;

/// Most addresses that are published: other nodes try them all. No chain should take fewer.
const MAX_PUBLISHED: usize = 8;

/// Size of the longest address that is published, in bytes. No chain should take shorter ones only.
const MAX_PUBLISHED_SIZE: usize = 128;

/// Those of our external addresses that are to be registered. One that the chain would refuse is left out, and logged:
/// the chain would refuse the whole registration.
pub fn published(external: Vec<Multiaddr>, own: &mixnet_primitives::PeerId) -> Vec<Vec<u8>> {
	let mut published = Vec::new();
	for address in external {
		let text = address.to_string().into_bytes();
		if text.len() > MAX_PUBLISHED_SIZE {
			log::info!(target: LOG_TARGET, "Not publishing the address {address}: it is longer than {MAX_PUBLISHED_SIZE} bytes");
		} else if let Err(reason) = check_address(&text, own) {
			log::info!(target: LOG_TARGET, "Not publishing the address {address}: the chain would refuse {reason}");
		} else if published.len() == MAX_PUBLISHED {
			log::info!(target: LOG_TARGET, "Not publishing the address {address}: {MAX_PUBLISHED} others are enough");
		} else {
			published.push(text);
		}
	}
	published
}

/// The addresses of reserved peers, each ending in the peer's ID. A peer that has no usable address gets one that is only
/// its ID: the network may know where the peer is.
pub fn reserved(peers: &[ReservedPeer]) -> HashSet<Multiaddr> {
	let mut addresses = HashSet::new();
	for peer in peers {
		let Some(peer_id) = to_network_peer_id(&peer.peer_id) else {
			log::debug!(target: LOG_TARGET, "Cannot connect to the mixnode {}: its peer ID is not an Ed25519 key", peer.peer_id);
			continue;
		};
		let before = addresses.len();
		addresses.extend(peer.external_addresses.iter().filter_map(|address| for_peer(address, &peer_id)));
		if addresses.len() == before {
			addresses.insert(Multiaddr::empty().with(Protocol::P2p(peer_id.into())));
		}
	}
	addresses
}

/// The multiaddr in `address`, ending in the ID of `peer_id`; `None` if we would not dial it, or if it names another
/// peer.
///
/// An address has a host (an IP address or a name), a TCP port, perhaps a websocket, perhaps the peer itself, and nothing
/// else. If it had a peer ID in the middle, the network would connect to that peer.
fn for_peer(address: &[u8], peer_id: &PeerId) -> Option<Multiaddr> {
	let parsed = std::str::from_utf8(address).ok().and_then(|address| address.parse::<Multiaddr>().ok());
	let Some(address) = parsed else {
		log::debug!(target: LOG_TARGET, "The mixnode {peer_id} registered an address that is no multiaddr");
		return None;
	};
	let mut parts = address.iter().peekable();
	let host = match parts.next() {
		Some(Protocol::Ip4(ip)) => !ip.is_unspecified(),
		Some(Protocol::Ip6(ip)) => !ip.is_unspecified(),
		Some(Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)) => true,
		_ => false,
	};
	let port = matches!(parts.next(), Some(Protocol::Tcp(_)));
	if matches!(parts.peek(), Some(Protocol::Ws(_) | Protocol::Wss(_))) {
		parts.next();
	}
	let names_peer = match parts.next() {
		None => Some(false),
		Some(Protocol::P2p(_)) => (PeerId::try_from_multiaddr(&address) == Some(*peer_id)).then_some(true),
		Some(_) => None,
	};
	match names_peer {
		Some(names_peer) if host && port && parts.next().is_none() => {
			Some(if names_peer { address } else { address.with(Protocol::P2p((*peer_id).into())) })
		},
		_ => {
			log::debug!(target: LOG_TARGET, "The mixnode {peer_id} registered an address that this node does not dial: {address}");
			None
		},
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sc_network_types::ed25519::Keypair;

	fn peer(addresses: &[&str]) -> (PeerId, ReservedPeer) {
		let public = Keypair::generate().public();
		let external_addresses = addresses.iter().map(|address| address.as_bytes().to_vec()).collect();
		(public.to_peer_id(), ReservedPeer { peer_id: public.to_bytes().into(), external_addresses })
	}

	fn texts(addresses: HashSet<Multiaddr>) -> Vec<String> {
		let mut texts: Vec<_> = addresses.into_iter().map(|address| address.to_string()).collect();
		texts.sort();
		texts
	}

	#[test]
	fn addresses_end_in_the_id_of_the_peer_that_they_are_for() {
		let (id, peer) = peer(&["/ip4/127.0.0.1/tcp/1", "/dns/example/tcp/2"]);
		assert_eq!(
			texts(reserved(&[peer])),
			[format!("/dns/example/tcp/2/p2p/{id}"), format!("/ip4/127.0.0.1/tcp/1/p2p/{id}")]
		);
	}

	#[test]
	fn nobody_can_send_us_to_somebody_else() {
		let other = Keypair::generate().public().to_peer_id();
		for address in [
			format!("/ip4/127.0.0.1/tcp/1/p2p/{other}"),
			format!("/p2p/{other}/p2p-circuit"),
			format!("/ip4/127.0.0.1/tcp/1/p2p/{other}/p2p-circuit"),
			format!("/p2p/{other}/ip4/127.0.0.1/tcp/1"),
			format!("/ip4/127.0.0.1/tcp/1/ws/p2p/{other}"),
		] {
			let (id, mut peer) = peer(&[&address]);
			assert_eq!(texts(reserved(&[peer.clone()])), [format!("/p2p/{id}")], "{address}");
			// Nor with our own peer's ID behind it.
			peer.external_addresses = vec![format!("{address}/p2p/{id}").into_bytes()];
			assert_eq!(texts(reserved(&[peer])), [format!("/p2p/{id}")], "{address}");
		}
	}

	#[test]
	fn a_peer_whose_addresses_cannot_be_dialled_is_named_by_its_id() {
		for address in ["/memory/1", "/unix/x", "/ip4/1.2.3.4/udp/1/quic-v1", "/ip4/0.0.0.0/tcp/1", "/ip4/1.2.3.4"] {
			let (id, peer) = peer(&[address]);
			assert_eq!(texts(reserved(&[peer])), [format!("/p2p/{id}")], "{address}");
		}
		let (id, peer) = peer(&["/dns4/example/tcp/443/ws"]);
		assert_eq!(texts(reserved(&[peer])), [format!("/dns4/example/tcp/443/ws/p2p/{id}")]);
	}

	/// One odd address must not prevent a registration.
	#[test]
	fn only_addresses_that_the_chain_takes_are_published() {
		let keypair = Keypair::generate().public();
		let (id, own) = (keypair.to_peer_id(), keypair.to_bytes().into());
		let long = format!("/dns/{}.example/tcp/1", ["a"; 60].join("."));
		let other = Keypair::generate().public().to_peer_id();
		let good = [String::from("/ip4/1.2.3.4/tcp/30333"), format!("/dns/example/tcp/443/wss/p2p/{id}")];
		let all = [
			good[0].clone(),
			"/memory/1".into(),
			format!("/ip4/1.2.3.4/tcp/1/p2p/{other}"),
			format!("/ip4/1.2.3.4/tcp/1/p2p/{other}/p2p-circuit"),
			long,
			good[1].clone(),
		];
		let all = all.iter().map(|address| address.parse().expect("well formed; qed")).collect();
		assert_eq!(published(all, &own), good.map(String::into_bytes));

		let many = (1..=20).map(|port| format!("/ip4/1.2.3.4/tcp/{port}").parse().expect("well formed; qed")).collect();
		assert_eq!(published(many, &own).len(), MAX_PUBLISHED);
	}

	#[test]
	fn an_address_that_already_names_its_peer_is_kept() {
		let (id, mut peer) = peer(&[]);
		let address = format!("/ip4/127.0.0.1/tcp/1/p2p/{id}");
		peer.external_addresses = vec![address.clone().into_bytes()];
		assert_eq!(texts(reserved(&[peer])), [address]);
	}

	#[test]
	fn a_peer_whose_addresses_are_no_multiaddrs_is_named_by_its_id() {
		let (id, mut peer) = peer(&["", "nonsense"]);
		peer.external_addresses.push(vec![0xff; 40]);
		assert_eq!(texts(reserved(&[peer])), [format!("/p2p/{id}")]);
	}
}
