//! Compares the check of addresses with the crate `multiaddr`, by which the SDK's networking parses them.

use super::*;
use core::net::{Ipv4Addr, Ipv6Addr};
use multiaddr::{Multiaddr, Protocol};
use proptest::{collection::vec, prelude::*, sample::select};

const PEER: PeerId = PeerId([7; 32]);

fn base58(peer_id: PeerId) -> String {
	String::from_utf8(peer_id.to_base58().to_vec()).expect("base58 is ASCII; qed")
}

/// Should [`check_address`] take `text`? Decided by what `multiaddr` parses it to, and by the module's table.
fn expected(text: &str) -> bool {
	let Ok(parsed) = text.parse::<Multiaddr>() else { return false };
	let mut parts = text.split('/').skip(1);
	let mut protocols = parsed.iter().enumerate().peekable();
	if protocols.peek().is_none() {
		return false;
	}
	while let Some((index, protocol)) = protocols.next() {
		if parts.next() != Some(protocol.tag()) {
			// An alias.
			return false;
		}
		let mut value = || parts.next().expect("`multiaddr` found a value; qed");
		let allowed = match &protocol {
			Protocol::Ip4(_) | Protocol::Ip6(_) => {
				value();
				index == 0
			},
			Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) | Protocol::Dnsaddr(name) => {
				index == 0 && value() == name && is_name(name)
			},
			Protocol::Sni(name) => index > 0 && value() == name && is_name(name),
			Protocol::Tcp(_) | Protocol::Udp(_) => {
				value();
				index > 0
			},
			Protocol::Quic
			| Protocol::QuicV1
			| Protocol::Tls
			| Protocol::Noise
			| Protocol::Http
			| Protocol::Https
			| Protocol::WebTransport
			| Protocol::WebRTCDirect => index > 0,
			Protocol::Ws(path) | Protocol::Wss(path) => index > 0 && path == "/",
			Protocol::Certhash(hash) => {
				let is_usual = format!("/certhash/{}", value()) == protocol.to_string();
				index > 0 && is_usual && hash.code() == 0x12 && hash.size() == 32
			},
			Protocol::P2p(id) => {
				index > 0 && value() == id.to_base58() && id.to_base58() == base58(PEER) && protocols.peek().is_none()
			},
			_ => false,
		};
		if !allowed {
			return false;
		}
	}
	true
}

fn check(text: &str) -> Result<(), BadAddress> {
	check_address(text.as_bytes(), &PEER).map(drop)
}

#[test]
fn a_peer_id_is_written_as_libp2p_writes_it() {
	for peer_id in [[0; 32], [1; 32], [0xff; 32]].map(PeerId) {
		let multihash = [&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20], &peer_id.0[..]].concat();
		assert_eq!(base58(peer_id), multiaddr::PeerId::from_bytes(&multihash).unwrap().to_base58());
		assert!(base58(peer_id).starts_with("12D3Koo"));
	}
}

#[test]
fn addresses_that_nodes_publish_are_taken() {
	let id = base58(PEER);
	let hash = "uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g";
	for address in [
		"/ip4/192.0.2.1/tcp/30333".into(),
		"/ip6/2001:db8::1/tcp/30333".into(),
		"/ip6/::ffff:192.0.2.1/tcp/30333".into(),
		"/dns/mix.example.org/tcp/30333".into(),
		"/dns4/mix.example.org/tcp/443/wss".into(),
		"/dns6/mix-1.example.org/tcp/443/tls/sni/example.org/ws".into(),
		"/dnsaddr/_mix.example.org".into(),
		"/ip4/192.0.2.1/tcp/30333/ws".into(),
		"/ip4/192.0.2.1/udp/30333/quic-v1".into(),
		format!("/ip4/192.0.2.1/tcp/30333/p2p/{id}"),
		format!("/dnsaddr/example.org/p2p/{id}"),
		format!("/ip4/192.0.2.1/udp/30333/webrtc-direct/certhash/{hash}/p2p/{id}"),
		format!("/ip4/192.0.2.1/udp/30333/quic-v1/webtransport/certhash/{hash}/certhash/{hash}/p2p/{id}"),
	] {
		assert_eq!(check(&address), Ok(()), "{address}");
		assert!(expected(&address), "{address}");
	}
}

#[test]
fn each_reason_to_refuse_has_its_error() {
	use BadAddress::*;
	let id = base58(PEER);
	let other = base58(PeerId([8; 32]));
	let sha_512 = multibase_base64url([&[0x13, 0x40][..], &[1; 64]].concat());
	let too_short = multibase_base64url([&[0x12, 0x1f][..], &[1; 31]].concat());
	let label = "a".repeat(64);
	let name = ["a".repeat(63).as_str(); 4].join(".");
	for (address, error) in [
		("".into(), Empty),
		("ip4/192.0.2.1".into(), NoSlash),
		(" /ip4/192.0.2.1".into(), NoSlash),
		("/".into(), NoHost),
		("//ip4/192.0.2.1".into(), NoHost),
		("/tcp/1".into(), NoHost),
		("/memory/1".into(), NoHost),
		("/unix/tmp".into(), NoHost),
		("/ip6zone/eth0/ip6/fe80::1".into(), NoHost),
		("/IP4/192.0.2.1".into(), NoHost),
		(format!("/p2p/{id}"), NoHost),
		("/ip4".into(), BadHost),
		("/ip4/".into(), BadHost),
		("/ip4/192.0.2".into(), BadHost),
		("/ip4/192.0.2.256".into(), BadHost),
		("/ip4/192.0.2.01".into(), BadHost),
		("/ip4/ 192.0.2.1".into(), BadHost),
		("/ip4/::1".into(), BadHost),
		("/ip6/192.0.2.1".into(), BadHost),
		("/ip6/fe80::1%eth0".into(), BadHost),
		("/ip6/[::1]".into(), BadHost),
		("/dns".into(), BadHost),
		("/dns//tcp/1".into(), BadHost),
		("/dns/example..org".into(), BadHost),
		("/dns/example.org.".into(), BadHost),
		("/dns/-example.org".into(), BadHost),
		("/dns/example-.org".into(), BadHost),
		("/dns/exam ple.org".into(), BadHost),
		("/dns/example.org\n".into(), BadHost),
		("/dns/ex\u{e4}mple.org".into(), BadHost),
		(format!("/dns/{label}.org"), BadHost),
		(format!("/dns/{name}"), BadHost),
		("/ip4/192.0.2.1/tcp/1/ip4/192.0.2.2".into(), SecondHost),
		("/dns/example.org/dnsaddr/example.org".into(), SecondHost),
		("/ip4/192.0.2.1/tcp/1/".into(), UnknownProtocol),
		("/ip4/192.0.2.1//tcp/1".into(), UnknownProtocol),
		("/ip4/192.0.2.1/tcp/1/x-parity-ws/%2F".into(), UnknownProtocol),
		("/ip4/192.0.2.1/sctp/1".into(), UnknownProtocol),
		(format!("/ip4/192.0.2.1/tcp/1/ipfs/{id}"), UnknownProtocol),
		("/ip4/192.0.2.1/tcp".into(), BadPort),
		("/ip4/192.0.2.1/tcp/".into(), BadPort),
		("/ip4/192.0.2.1/tcp/65536".into(), BadPort),
		("/ip4/192.0.2.1/udp/-1".into(), BadPort),
		("/ip4/192.0.2.1/tcp/ssh".into(), BadPort),
		("/ip4/192.0.2.1/tcp/443/tls/sni".into(), BadServerName),
		("/ip4/192.0.2.1/tcp/443/tls/sni/a b".into(), BadServerName),
		("/ip4/192.0.2.1/udp/1/webrtc-direct/certhash".into(), BadCertHash),
		("/ip4/192.0.2.1/udp/1/webrtc-direct/certhash/uEiA".into(), BadCertHash),
		(format!("/ip4/192.0.2.1/udp/1/webrtc-direct/certhash/{sha_512}"), BadCertHash),
		(format!("/ip4/192.0.2.1/udp/1/webrtc-direct/certhash/{too_short}"), BadCertHash),
		("/ip4/192.0.2.1/tcp/1/p2p".into(), OtherPeer),
		("/ip4/192.0.2.1/tcp/1/p2p/".into(), OtherPeer),
		(format!("/ip4/192.0.2.1/tcp/1/p2p/1{id}"), OtherPeer),
		(format!("/ip4/192.0.2.1/tcp/1/p2p/{other}"), OtherPeer),
		(format!("/ip4/192.0.2.1/tcp/1/p2p/{other}/p2p-circuit/p2p/{id}"), OtherPeer),
		(format!("/ip4/192.0.2.1/tcp/1/p2p/{id}/p2p-circuit"), PeerNotLast),
		(format!("/ip4/192.0.2.1/tcp/1/p2p/{id}/p2p/{id}"), PeerNotLast),
		(format!("/ip4/192.0.2.1/tcp/1/p2p/{id}/"), PeerNotLast),
	] {
		assert_eq!(check(&address), Err(error), "{address:?}");
		assert!(!expected(&address), "{address:?}");
	}
	assert_eq!(check_address(b"/dns/\xff", &PEER).map(drop), Err(NotUtf8));
}

fn multibase_base64url(multihash: Vec<u8>) -> String {
	let hash = Protocol::Certhash(multiaddr::multihash::Multihash::from_bytes(&multihash).expect("a multihash; qed"));
	hash.to_string().replace("/certhash/", "")
}

/// A name as in the table. Malformed ones come from [`mutated`].
fn name() -> impl Strategy<Value = String> {
	"[a-z0-9_]([a-zA-Z0-9_-]{0,20}[a-z0-9_])?([.][a-z0-9]{1,10}){0,3}"
}

fn host_part() -> impl Strategy<Value = String> {
	prop_oneof![
		any::<Ipv4Addr>().prop_map(|ip| format!("/ip4/{ip}")),
		any::<Ipv6Addr>().prop_map(|ip| format!("/ip6/{ip}")),
		(select(&["dns", "dns4", "dns6", "dnsaddr"][..]), name()).prop_map(|(kind, name)| format!("/{kind}/{name}")),
	]
}

fn middle_part() -> impl Strategy<Value = String> {
	let bare =
		["quic", "quic-v1", "ws", "wss", "tls", "noise", "http", "https", "webtransport", "webrtc-direct"].as_slice();
	prop_oneof![
		(select(&["tcp", "udp"][..]), any::<u16>()).prop_map(|(kind, port)| format!("/{kind}/{port}")),
		select(bare).prop_map(|protocol| format!("/{protocol}")),
		name().prop_map(|name| format!("/sni/{name}")),
		any::<[u8; 32]>()
			.prop_map(|digest| { format!("/certhash/{}", multibase_base64url([&[0x12, 0x20][..], &digest].concat())) }),
	]
}

fn valid() -> impl Strategy<Value = String> {
	(host_part(), vec(middle_part(), 0..6), any::<bool>()).prop_map(|(host, middle, with_peer)| {
		let peer = with_peer.then(|| format!("/p2p/{}", base58(PEER)));
		[host, middle.concat(), peer.unwrap_or_default()].concat()
	})
}

/// A word between two slashes, which may or may not belong there.
fn word() -> impl Strategy<Value = String> {
	const PROTOCOLS: &[&str] = &[
		"ip4",
		"ip6",
		"dns",
		"dns4",
		"dns6",
		"dnsaddr",
		"tcp",
		"udp",
		"quic",
		"quic-v1",
		"ws",
		"wss",
		"tls",
		"noise",
		"http",
		"https",
		"webtransport",
		"webrtc-direct",
		"sni",
		"certhash",
		"p2p",
		"ipfs",
		"p2p-circuit",
		"memory",
		"unix",
		"ip6zone",
		"ipcidr",
		"x-parity-ws",
		"x-parity-wss",
		"sctp",
		"webrtc",
		"onion3",
		"",
	];
	const VALUES: &[&str] = &[
		"192.0.2.1",
		"1.2.3",
		"0192.0.2.1",
		"::",
		"::1.2.3.4",
		"fe80::1%1",
		"0",
		"+1",
		"00080",
		"65535",
		"65536",
		"-1",
		"example.org",
		"-",
		"a_b",
		"a.",
		"%2F",
		"uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g",
		"uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8h",
		"zQmbWTwYGcmdyK9CYfNBcfs9nhZs17a6FQ4Y8oea278xx41",
	];
	prop_oneof![
		4 => select(PROTOCOLS).prop_map(String::from),
		4 => select(VALUES).prop_map(String::from),
		1 => Just(base58(PEER)),
		1 => Just(base58(PeerId([8; 32]))),
	]
}

/// An address with some of its parts replaced, removed, doubled, or with a changed byte.
fn mutated() -> impl Strategy<Value = String> {
	(valid(), vec((any::<prop::sample::Index>(), word(), any::<char>(), 0..5u8), 1..3)).prop_map(
		|(address, changes)| {
			let mut parts: Vec<String> = address.split('/').map(String::from).collect();
			for (at, word, letter, kind) in changes {
				let index = at.index(parts.len());
				match kind {
					0 => parts[index] = word,
					1 => parts.insert(index, word),
					2 => parts.insert(index, parts[index].clone()),
					3 if parts.len() > 1 => drop(parts.remove(index)),
					_ => parts[index].push(letter),
				}
			}
			parts.join("/")
		},
	)
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn every_address_of_the_table_is_taken_and_parses(address in valid()) {
		prop_assert_eq!(check(&address), Ok(()));
		prop_assert!(expected(&address));
	}

	#[test]
	fn damaged_addresses_are_taken_if_they_parse_and_fit_the_table(address in mutated()) {
		prop_assert_eq!(check(&address).is_ok(), expected(&address), "{:?}", check(&address));
	}

	#[test]
	fn rows_of_words_are_taken_if_they_parse_and_fit_the_table(words in vec(word(), 0..8)) {
		let address = words.iter().fold(String::new(), |address, word| address + "/" + word);
		prop_assert_eq!(check(&address).is_ok(), expected(&address), "{:?}", check(&address));
	}

	#[test]
	fn every_address_that_is_taken_parses(bytes: Vec<u8>, host in host_part(), tail in "[/a-z0-9.:-]{0,40}") {
		let address = host + &tail;
		for bytes in [&bytes[..], address.as_bytes()] {
			if check_address(bytes, &PEER).is_ok() {
				prop_assert!(bytes.is_ascii() && core::str::from_utf8(bytes).unwrap().parse::<Multiaddr>().is_ok());
			}
		}
	}
}
