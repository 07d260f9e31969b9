//! The rule at the borders of each range, and beside one that is written in another way.

use super::*;
use crate::{address::Host, check_address, PeerId};
use core::net::IpAddr;
use proptest::{prelude::*, sample::select};

/// The host of an address, by the way that addresses of mixnodes take.
fn host(address: &str) -> Host<'_> {
	check_address(address.as_bytes(), &PeerId([7; 32])).unwrap_or_else(|error| panic!("{address}: {error}"))
}

fn is_reachable_ip(ip: &str) -> bool {
	let ip: IpAddr = ip.parse().unwrap_or_else(|error| panic!("{ip}: {error}"));
	let kind = if ip.is_ipv4() { "ip4" } else { "ip6" };
	host(&format!("/{kind}/{ip}/tcp/30333")).is_reachable()
}

fn is_reachable_dns(name: &str) -> bool {
	host(&format!("/dns/{name}/tcp/30333")).is_reachable()
}

/// A range of addresses: its first and its last one, and those before and after it where they can be reached.
type Range<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>);

fn check_borders(ranges: &[Range]) {
	for (first, last, before, after) in ranges {
		for refused in [first, last] {
			assert!(!is_reachable_ip(refused), "{refused}");
		}
		for taken in [before, after].into_iter().flatten() {
			assert!(is_reachable_ip(taken), "{taken}");
		}
	}
}

#[test]
fn the_borders_of_ipv4_ranges_are_those_of_the_registry() {
	check_borders(&[
		("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
		("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
		("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
		("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
		("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
		("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
		("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
		("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
		("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
		("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
		("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
		("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
		("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
		("224.0.0.0", "239.255.255.255", Some("223.255.255.255"), None),
		("240.0.0.0", "255.255.255.255", None, None),
	]);
}

#[test]
fn the_borders_of_ipv6_ranges_are_those_of_the_registry() {
	check_borders(&[
		// All that is before global unicast.
		("::", "::1", None, None),
		("::2", "::fffe:ffff:ffff", None, None),
		("::1:0:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
		("64:ff9b::1:0:0", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", None, None),
		("100::", "100::1:ffff:ffff:ffff:ffff", None, None),
		("100:0:0:2::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, Some("2000::")),
		// Within it.
		(
			"2001::",
			"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
			Some("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
			Some("2001:200::"),
		),
		(
			"2001:db8::",
			"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
			Some("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"),
			Some("2001:db9::"),
		),
		(
			"3fff::",
			"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
			Some("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
			Some("3fff:1000::"),
		),
		// All that is behind it.
		("4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), None),
		("5f00::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
		("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
		("fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
		("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
		("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
		("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
	]);
}

#[test]
fn an_ipv6_address_with_an_ipv4_address_in_it_leads_where_that_one_leads() {
	// Mapped, NAT64's well-known prefix, and 6to4.
	let containing = |ip4: &str| {
		let [a, b, c, d] = ip4.parse::<Ipv4Addr>().expect("an address; qed").octets();
		[
			format!("::ffff:{ip4}"),
			format!("64:ff9b::{ip4}"),
			format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1"),
			format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}:ffff:ffff:ffff:ffff:ffff"),
		]
	};
	for (ip4, reachable) in [
		("1.2.3.4", true),
		("9.255.255.255", true),
		("11.0.0.0", true),
		("0.0.0.0", false),
		("10.0.0.0", false),
		("10.255.255.255", false),
		("127.0.0.1", false),
		("169.254.169.254", false),
		("192.168.0.1", false),
		("224.0.0.1", false),
		("255.255.255.255", false),
	] {
		assert_eq!(is_reachable_ip(ip4), reachable, "{ip4}");
		for ip6 in containing(ip4) {
			assert_eq!(is_reachable_ip(&ip6), reachable, "{ip6}");
			// Also if nobody has looked for the address in it before.
			assert_eq!(is_reachable_ip6(ip6.parse().expect("an address; qed")), reachable, "{ip6}");
		}
		// No network carries these, whatever is in them: IPv4-compatible, and within one network only.
		for ip6 in [format!("::{ip4}"), format!("64:ff9b:1::{ip4}")] {
			assert!(!is_reachable_ip(&ip6), "{ip6}");
		}
	}
}

#[test]
fn what_is_special_and_reachable_in_the_registry_is_taken() {
	// AS112 and AMT, of either family.
	for ip in ["192.31.196.1", "192.52.193.1", "192.175.48.1", "2620:4f:8000::1"] {
		assert!(is_reachable_ip(ip), "{ip}");
	}
	// Except these, at which no mixnode can be: anycast services, and identifiers.
	for ip in ["192.0.0.9", "192.0.0.10", "2001:1::1", "2001:3::1", "2001:4:112::1", "2001:20::1", "2001:30::1"] {
		assert!(!is_reachable_ip(ip), "{ip}");
	}
}

#[test]
fn names_that_nobody_outside_resolves_are_refused() {
	for name in [
		// One label.
		"localhost",
		"mixnode",
		"a",
		"com",
		// Reserved, and below what is reserved, in either case.
		"a.localhost",
		"printer.local",
		"PRINTER.LOCAL",
		"a.b.internal",
		"a.test",
		"a.invalid",
		"a.example",
		"example.com",
		"www.example.com",
		"Example.Net",
		"mix.example.org",
		"router.home.arpa",
		"1.0.0.127.in-addr.arpa",
		"abc.onion",
		"a.alt",
		"a.corp",
		"a.home",
		"a.intranet",
		"a.lan",
		"localhost.localdomain",
		"a.mail",
		"a.private",
		// These are taken for IPv4 addresses, in one of the forms in which they are written.
		"127.0.0.1",
		"8.8.8.8",
		"127.1",
		"0x7f.1",
		"1.0x7f000001",
		"mixnode.1",
		"mixnode.1a",
		"mixnode._tcp",
	] {
		assert!(!is_reachable_dns(name), "{name}");
	}
}

#[test]
fn names_that_resemble_those_are_taken() {
	for name in [
		"a.b",
		"mix.mixnet.org",
		"MIX.MIXNET.ORG",
		"1.mixnet.org",
		"_mix.mixnet.org",
		"notexample.com",
		"www.an-example.com",
		"example.com.mixnet.org",
		"example.edu",
		"localhost.mixnet.org",
		"local.org",
		"a.mylocal",
		"a.tests",
		"a.contest",
		"test.de",
		"10.0.0.1.nip.io",
		"a.xn--p1ai",
	] {
		assert!(is_reachable_dns(name), "{name}");
	}
}

/// Is this one of the addresses that the ranges are for? Written with what the standard library has, and octets.
fn expected_ip4(ip: Ipv4Addr) -> bool {
	let has_name = ip.is_unspecified()
		|| ip.is_private()
		|| ip.is_loopback()
		|| ip.is_link_local()
		|| ip.is_documentation()
		|| ip.is_broadcast()
		|| ip.is_multicast();
	let is_other = match ip.octets() {
		[0, ..] | [240..=255, ..] => true,
		[100, second, ..] => (64..128).contains(&second),
		[192, 0, 0, _] | [192, 88, 99, _] => true,
		[198, 18 | 19, ..] => true,
		_ => false,
	};
	!has_name && !is_other
}

/// The same for IPv6, by the names of what is refused.
fn expected_ip6(ip: Ipv6Addr) -> bool {
	let octets = ip.octets();
	let inner =
		|from: usize| expected_ip4(Ipv4Addr::new(octets[from], octets[from + 1], octets[from + 2], octets[from + 3]));
	if let Some(mapped) = ip.to_ipv4_mapped() {
		return expected_ip4(mapped);
	}
	if octets.starts_with(&[0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]) {
		return inner(12);
	}
	if octets.starts_with(&[0x20, 0x02]) {
		return inner(2);
	}
	let has_name = ip.is_unspecified()
		|| ip.is_loopback()
		|| ip.is_multicast()
		|| ip.is_unique_local()
		|| ip.is_unicast_link_local();
	let is_other = match octets {
		[0x20, 0x01, 0 | 1, ..] | [0x20, 0x01, 0x0d, 0xb8, ..] => true,
		[0x3f, 0xff, third, ..] => third < 0x10,
		[first, ..] => !(0x20..0x40).contains(&first),
	};
	!has_name && !is_other
}

/// Does this name end in a label that is taken for a top-level domain, and in none that is not?
fn expected_name(name: &str) -> bool {
	let labels: Vec<String> = name.split('.').map(str::to_lowercase).collect();
	match &labels[..] {
		[] | [_] => false,
		[.., second, top] => match top.as_str() {
			"alt" | "arpa" | "corp" | "example" | "home" | "internal" | "intranet" | "invalid" | "lan" | "local"
			| "localdomain" | "localhost" | "mail" | "onion" | "private" | "test" => false,
			"com" | "net" | "org" => second != "example",
			other => other.as_bytes()[0].is_ascii_lowercase(),
		},
	}
}

/// An address in or near one of the ranges, or anywhere.
fn ip4() -> impl Strategy<Value = Ipv4Addr> {
	let near = (select(&UNREACHABLE_IP4[..]), any::<u32>(), -2..=2i32).prop_map(|((first, length), bits, off)| {
		let host_bits = u32::MAX >> length;
		let in_range = [first.to_bits() | bits & host_bits, first.to_bits(), first.to_bits() | host_bits];
		Ipv4Addr::from_bits(in_range[bits as usize % 3].wrapping_add_signed(off))
	});
	prop_oneof![near, any::<Ipv4Addr>()]
}

fn ip6() -> impl Strategy<Value = Ipv6Addr> {
	let range = prop_oneof![select(&UNREACHABLE_IP6[..]), Just(GLOBAL_UNICAST)];
	let near = (range, any::<u128>(), -2..=2i8).prop_map(|((first, length), bits, off)| {
		let host_bits = u128::MAX >> length;
		let in_range = [first.to_bits() | bits & host_bits, first.to_bits(), first.to_bits() | host_bits];
		Ipv6Addr::from_bits(in_range[(bits % 3) as usize].wrapping_add_signed(off.into()))
	});
	let with_ip4 = (ip4(), 0..6u8, any::<u64>()).prop_map(|(ip4, kind, bits)| {
		let low = u128::from(ip4.to_bits());
		Ipv6Addr::from_bits(match kind {
			0 => low,
			1 => 0xffff << 32 | low,
			2 => 0x64_ff9b << 96 | low,
			3 => 0x64_ff9b_0001 << 80 | low,
			4 => 0x2002 << 112 | low << 80 | u128::from(bits),
			_ => u128::from(bits) << 64 | low,
		})
	});
	// Few bits, at either end.
	let short = (any::<u16>(), any::<u16>()).prop_map(|(high, low)| Ipv6Addr::new(high, 0, 0, 0, 0, 0, 0, low));
	prop_oneof![near, with_ip4, short, any::<Ipv6Addr>()]
}

fn name() -> impl Strategy<Value = String> {
	let top = prop_oneof![
		select(&UNREACHABLE_NAMES[..]).prop_map(String::from),
		select(&["com", "org", "net", "Example.com", "LOCAL", "xn--p1ai", "1", "0x1", "_a"][..]).prop_map(String::from),
		"[a-zA-Z0-9]{1,4}",
	];
	("([a-z0-9]{1,3}[.]){0,2}", "[a-z]{0,2}", top).prop_map(|(labels, more, top)| labels + &more + &top)
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(5_000),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn ipv4_addresses_are_refused_for_what_they_are(ip in ip4()) {
		prop_assert_eq!(is_reachable_ip(&ip.to_string()), expected_ip4(ip));
	}

	#[test]
	fn ipv6_addresses_are_refused_for_what_they_are(ip in ip6()) {
		prop_assert_eq!(is_reachable_ip(&ip.to_string()), expected_ip6(ip));
	}

	#[test]
	fn names_are_refused_for_their_last_labels(name in name()) {
		prop_assert_eq!(is_reachable_dns(&name), expected_name(&name));
	}
}
