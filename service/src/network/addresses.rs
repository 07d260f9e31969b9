//! Where reserved peers are to be found, and where this node is.
//!
//! The addresses on chain were written by others. Each is parsed, and made to name the peer that it is for, so that
//! nobody can make us connect to somebody else. The hosts of one peer are counted once more, so that nobody can make us
//! dial a crowd of bystanders, whatever the chain let through. The addresses that we write there ourselves must be ones
//! that the chain takes.

use super::{names::name, peer_id::to_network_peer_id};
use crate::{config::Reach, log_target::LOG_TARGET};
use mixnet_node_core::ReservedPeer;
use mixnet_primitives::{check_address, Hosts};
use sc_network_types::{
	multiaddr::{Multiaddr, Protocol},
	PeerId,
};

/// Most addresses that are published: other nodes try them all. No chain should take fewer.
const MAX_PUBLISHED: usize = 8;

/// Size of the longest address that is published, in bytes. No chain should take shorter ones only.
const MAX_PUBLISHED_SIZE: usize = 128;

/// Those of our external addresses that are to be registered with a chain that takes hosts within `reach`. One that the
/// chain would refuse is left out, and logged: the chain would refuse the whole registration.
pub fn published(external: &[Multiaddr], own: &mixnet_primitives::PeerId, reach: Reach) -> Vec<Vec<u8>> {
	let texts: Vec<_> = external.iter().map(|address| address.to_string()).collect();
	let (mut published, mut hosts) = (Vec::new(), Hosts::default());
	for text in &texts {
		match may_publish(text, own, reach, published.len(), &mut hosts) {
			Ok(()) => published.push(text.clone().into_bytes()),
			Err(reason) => log::info!(target: LOG_TARGET, "Not publishing the address {text}: {reason}"),
		}
	}
	published
}

/// Is an address to be published, after `published` others of these hosts? If not, the error says why.
fn may_publish<'a>(
	text: &'a str,
	own: &mixnet_primitives::PeerId,
	reach: Reach,
	published: usize,
	hosts: &mut Hosts<'a>,
) -> Result<(), String> {
	if text.len() > MAX_PUBLISHED_SIZE {
		return Err(format!("it is longer than {MAX_PUBLISHED_SIZE} bytes"));
	}
	let host = check_address(text.as_bytes(), own).map_err(|reason| format!("the chain would refuse {reason}"))?;
	if reach == Reach::Internet && !host.is_reachable() {
		return Err("this chain takes only addresses that can be reached from the Internet".into());
	}
	if published == MAX_PUBLISHED {
		return Err(format!("{MAX_PUBLISHED} others are enough"));
	}
	match hosts.insert(host) {
		true => Ok(()),
		false => Err("the others have as many hosts as a mixnode may have".into()),
	}
}

/// Where a peer is to be dialled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToDial {
	/// The peer.
	pub peer: PeerId,
	/// Addresses to be dialled as they are.
	pub addresses: Vec<Multiaddr>,
	/// Addresses with names, of which it must be known first where they lead ([`names`](super::names)).
	pub names: Vec<Multiaddr>,
}

/// The reserved peers, and where to dial them within `reach`: of one peer's addresses, those of the first few hosts. A peer
/// without any is reserved all the same: the network may know where it is.
pub fn reserved(peers: &[ReservedPeer], reach: Reach) -> Vec<ToDial> {
	let to_dial = |peer: &ReservedPeer| {
		let Some(peer_id) = to_network_peer_id(&peer.peer_id) else {
			log::debug!(target: LOG_TARGET, "Cannot connect to the mixnode {}: its peer ID is not an Ed25519 key", peer.peer_id);
			return None;
		};
		let mut hosts = Hosts::default();
		let addresses = peer.external_addresses.iter().filter_map(|address| {
			let dialled = for_peer(address, &peer_id)?;
			let host = check_address(address, &peer.peer_id).ok()?;
			if reach == Reach::Internet && !host.is_reachable() {
				log::debug!(target: LOG_TARGET, "Not dialling the mixnode {peer_id} at {dialled}: not an address in the Internet");
				return None;
			}
			hosts.insert(host).then_some(dialled)
		});
		let (names, addresses) = addresses.partition(|address| reach == Reach::Internet && name(address).is_some());
		Some(ToDial { peer: peer_id, addresses, names })
	};
	peers.iter().filter_map(to_dial).collect()
}

/// The peer, wherever it is.
pub fn bare(peer_id: &PeerId) -> Multiaddr {
	Multiaddr::empty().with(Protocol::P2p((*peer_id).into()))
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
		Some(Protocol::Ip6(ip)) => !ip.to_canonical().is_unspecified(),
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
	use sc_network::config::TransportConfig;
	use sc_network_types::ed25519::Keypair;

	fn peer(addresses: &[&str]) -> (PeerId, ReservedPeer) {
		let public = Keypair::generate().public();
		let external_addresses = addresses.iter().map(|address| address.as_bytes().to_vec()).collect();
		(public.to_peer_id(), ReservedPeer { peer_id: public.to_bytes().into(), external_addresses })
	}

	fn texts(peers: Vec<ToDial>) -> Vec<String> {
		let addresses = peers.into_iter().flat_map(|ToDial { addresses, .. }| addresses);
		let mut texts: Vec<_> = addresses.map(|address| address.to_string()).collect();
		texts.sort();
		texts
	}

	#[test]
	fn addresses_end_in_the_id_of_the_peer_that_they_are_for() {
		let (id, peer) = peer(&["/ip4/127.0.0.1/tcp/1", "/dns/example/tcp/2"]);
		assert_eq!(
			texts(reserved(&[peer], Reach::Any)),
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
			assert_eq!(texts(reserved(std::slice::from_ref(&peer), Reach::Any)), [""; 0], "{address}");
			// Nor with our own peer's ID behind it.
			peer.external_addresses = vec![format!("{address}/p2p/{id}").into_bytes()];
			assert_eq!(texts(reserved(&[peer], Reach::Any)), [""; 0], "{address}");
		}
	}

	#[test]
	fn addresses_that_cannot_be_dialled_are_left_out() {
		for address in [
			"/memory/1",
			"/unix/x",
			"/ip4/1.2.3.4/udp/1/quic-v1",
			"/ip4/0.0.0.0/tcp/1",
			"/ip6/::/tcp/1",
			"/ip6/::ffff:0.0.0.0/tcp/1",
			"/ip4/1.2.3.4",
		] {
			let (_, peer) = peer(&[address]);
			assert_eq!(texts(reserved(&[peer], Reach::Any)), [""; 0], "{address}");
		}
		let (id, peer) = peer(&["/dns4/example/tcp/443/ws"]);
		assert_eq!(texts(reserved(&[peer], Reach::Any)), [format!("/dns4/example/tcp/443/ws/p2p/{id}")]);
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
		assert_eq!(published(&parse(&all), &own, Reach::Any), good.map(String::into_bytes));

		let many: Vec<_> = (1..=20).map(|port| format!("/ip4/1.2.3.4/tcp/{port}")).collect();
		assert_eq!(published(&parse(&many), &own, Reach::Any).len(), MAX_PUBLISHED);
	}

	fn parse(addresses: &[String]) -> Vec<Multiaddr> {
		addresses.iter().map(|address| address.parse().expect("well formed; qed")).collect()
	}

	#[test]
	fn addresses_of_the_first_four_hosts_are_published() {
		let own = Keypair::generate().public().to_bytes().into();
		let good =
			["/ip4/1.2.3.1/tcp/1", "/ip4/1.2.3.2/tcp/1", "/dns/a.b/tcp/1", "/ip4/1.2.3.1/tcp/2", "/ip4/10.0.0.1/tcp/1"];
		let one_more = "/ip4/1.2.3.4/tcp/1";
		let all =
			[&good[..], &[one_more, "/dns4/A.b/tcp/2"]].concat().into_iter().map(String::from).collect::<Vec<_>>();
		let texts = |addresses: Vec<Vec<u8>>| {
			addresses.into_iter().map(|address| String::from_utf8(address).expect("ASCII; qed")).collect::<Vec<_>>()
		};
		let of_first_four = [&good[..], &["/dns4/A.b/tcp/2"]].concat();
		assert_eq!(texts(published(&parse(&all), &own, Reach::Any)), of_first_four);
		// A host that is left out leaves its place to the next.
		let within_reach = [&good[..4], &[one_more, "/dns4/A.b/tcp/2"]].concat();
		assert_eq!(texts(published(&parse(&all), &own, Reach::Internet)), within_reach);
	}

	/// The second line behind the chain: it may have let more through in an earlier version.
	#[test]
	fn at_most_four_hosts_are_dialled_for_one_peer() {
		let addresses: Vec<_> = (1..=9).map(|n| format!("/ip4/1.2.3.{}/tcp/{n}", n.min(6))).collect();
		let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
		// Hosts that are not dialled anyway do not count.
		let odd = ["/ip4/1.1.1.1/udp/1/quic-v1", "/dnsaddr/a.b", "/ip4/0.0.0.0/tcp/1", "/memory/1"];
		let (id, peer) = peer(&[&odd[..], &addresses, &["/ip4/1.2.3.1/tcp/10"]].concat());
		let (other_id, other) = self::peer(&["/ip4/1.2.3.9/tcp/1"]);
		let mut expected = [(1, 1), (2, 2), (3, 3), (4, 4), (1, 10)]
			.map(|(n, port)| format!("/ip4/1.2.3.{n}/tcp/{port}/p2p/{id}"))
			.to_vec();
		expected.push(format!("/ip4/1.2.3.9/tcp/1/p2p/{other_id}"));
		expected.sort();
		assert_eq!(texts(reserved(&[peer, other], Reach::Any)), expected);
	}

	#[test]
	fn an_address_that_already_names_its_peer_is_kept() {
		let (id, mut peer) = peer(&[]);
		let address = format!("/ip4/127.0.0.1/tcp/1/p2p/{id}");
		peer.external_addresses = vec![address.clone().into_bytes()];
		assert_eq!(texts(reserved(&[peer], Reach::Any)), [address]);
	}

	#[test]
	fn a_peer_without_good_addresses_is_reserved_all_the_same() {
		let (id, mut peer) = peer(&["", "nonsense"]);
		peer.external_addresses.push(vec![0xff; 40]);
		assert_eq!(reserved(&[peer], Reach::Any), [ToDial { peer: id, addresses: Vec::new(), names: Vec::new() }]);
		assert_eq!(bare(&id).to_string(), format!("/p2p/{id}"));
	}

	/// Whatever the chain let through: its genesis may allow private addresses, and so may a runtime of before.
	#[test]
	fn private_addresses_are_dialled_only_if_the_operator_allows_it() {
		let private = [
			"/ip4/10.0.0.1/tcp/1",
			"/ip4/127.0.0.1/tcp/1",
			"/ip4/169.254.169.254/tcp/80",
			"/ip4/192.168.1.1/tcp/1/ws",
			"/ip6/::1/tcp/1",
			"/ip6/fe80::1/tcp/1",
			"/ip6/fc00::1/tcp/1",
			"/ip6/::ffff:10.0.0.1/tcp/1",
			"/dns/localhost/tcp/1",
		];
		let public = "/ip4/1.2.3.4/tcp/1";
		for address in private {
			let (id, peer) = peer(&[address, public]);
			assert_eq!(
				texts(reserved(std::slice::from_ref(&peer), Reach::Internet)),
				[format!("{public}/p2p/{id}")],
				"{address}"
			);
			assert_eq!(texts(reserved(&[peer], Reach::Any)).len(), 2, "{address}");
		}
		// One that is not dialled does not count as one of the four hosts, and its peer is reserved.
		let (id, peer) = peer(&[&private[..], &[public]].concat());
		assert_eq!(texts(reserved(&[peer], Reach::Internet)), [format!("{public}/p2p/{id}")]);
		let (id, peer) = self::peer(&private);
		assert_eq!(reserved(&[peer], Reach::Internet), [ToDial { peer: id, addresses: Vec::new(), names: Vec::new() }]);

		// Where a name leads is not known yet.
		let (id, peer) = self::peer(&["/dns/a.mixes.net/tcp/1"]);
		let named = |id| format!("/dns/a.mixes.net/tcp/1/p2p/{id}").parse().expect("well formed; qed");
		let [within, any] = [Reach::Internet, Reach::Any].map(|reach| reserved(std::slice::from_ref(&peer), reach));
		assert_eq!(within, [ToDial { peer: id, addresses: Vec::new(), names: vec![named(id)] }]);
		assert_eq!(any, [ToDial { peer: id, addresses: vec![named(id)], names: Vec::new() }]);

		let transport = |allow_private_ip| TransportConfig::Normal { enable_mdns: false, allow_private_ip };
		assert_eq!([true, false].map(|allow| Reach::from(&transport(allow))), [Reach::Any, Reach::Internet]);
	}
}
