//! Which hosts can be reached from the Internet.
//!
//! This is about what a host's address says, not about whether anybody listens there. Refused are addresses that mean
//! another host to everybody who dials them, or none: those that IANA's registries of special-purpose addresses (RFC
//! 6890) do not call globally reachable, and names that the public DNS does not resolve. The tables below have them,
//! with their sources.
//!
//! The registries call a few more addresses reachable, at which no mixnode can be: anycast services, and identifiers.
//! They are refused with the ranges that they are in, `192.0.0.0/24` and `2001::/23`.
//!
//! A name may resolve to any address, as its owner likes, so this does not keep nodes from dialling private addresses.
//! It keeps mixnodes from being registered where nobody finds them.

#[cfg(test)]
mod tests;

use core::net::{Ipv4Addr, Ipv6Addr};

/// Ranges of IPv4 addresses that cannot be reached: the first address, and the length of the prefix.
const UNREACHABLE_IP4: [(Ipv4Addr, u32); 15] = [
	// "This network": RFC 791, section 3.2. The unspecified address is in it.
	(Ipv4Addr::new(0, 0, 0, 0), 8),
	// Private networks: RFC 1918.
	(Ipv4Addr::new(10, 0, 0, 0), 8),
	// Shared by providers for their networks (CGNAT): RFC 6598.
	(Ipv4Addr::new(100, 64, 0, 0), 10),
	// Loopback: RFC 1122, section 3.2.1.3.
	(Ipv4Addr::new(127, 0, 0, 0), 8),
	// Link-local: RFC 3927.
	(Ipv4Addr::new(169, 254, 0, 0), 16),
	// Private networks: RFC 1918.
	(Ipv4Addr::new(172, 16, 0, 0), 12),
	// Protocol assignments of the IETF: RFC 6890, section 2.1.
	(Ipv4Addr::new(192, 0, 0, 0), 24),
	// Documentation (TEST-NET-1): RFC 5737.
	(Ipv4Addr::new(192, 0, 2, 0), 24),
	// Anycast of 6to4 relays, deprecated: RFC 7526.
	(Ipv4Addr::new(192, 88, 99, 0), 24),
	// Private networks: RFC 1918.
	(Ipv4Addr::new(192, 168, 0, 0), 16),
	// Benchmarking: RFC 2544.
	(Ipv4Addr::new(198, 18, 0, 0), 15),
	// Documentation (TEST-NET-2 and TEST-NET-3): RFC 5737.
	(Ipv4Addr::new(198, 51, 100, 0), 24),
	(Ipv4Addr::new(203, 0, 113, 0), 24),
	// Multicast: RFC 5771.
	(Ipv4Addr::new(224, 0, 0, 0), 4),
	// Reserved: RFC 1112, section 4. The limited broadcast address (RFC 919) is in it.
	(Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only addresses that IANA hands out to networks: global unicast (RFC 4291, section 2.4). Outside of it are the
/// unspecified address and loopback (RFC 4291), IPv4-compatible addresses (abandoned by RFC 4291, section 2.5.5.1),
/// translation within one network (RFC 8215), discard and dummy prefixes (RFC 6666, RFC 9780), segment identifiers (RFC
/// 9602), unique local addresses (RFC 4193), link-local ones (RFC 4291), site-local ones (abandoned by RFC 3879),
/// multicast (RFC 4291), and what is reserved.
const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Ranges within [`GLOBAL_UNICAST`] that cannot be reached: the first address, and the length of the prefix.
const UNREACHABLE_IP6: [(Ipv6Addr, u32); 3] = [
	// Protocol assignments of the IETF: RFC 2928. Teredo, benchmarking and ORCHID are in it.
	(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
	// Documentation: RFC 3849, RFC 9637.
	(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
	(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Names that the public DNS does not resolve, and neither those below them.
const UNREACHABLE_NAMES: [&str; 19] = [
	// For tests and documentation: RFC 2606, RFC 6761.
	"example",
	"example.com",
	"example.net",
	"example.org",
	"invalid",
	"localhost",
	"test",
	// For other protocols than DNS: RFC 6762, RFC 7686, RFC 9476.
	"local",
	"onion",
	"alt",
	// Infrastructure: RFC 3172. `home.arpa`, for networks at home (RFC 8375), is in it.
	"arpa",
	// For private networks: reserved by ICANN in 2024.
	"internal",
	// Used in private networks, and therefore delegated to nobody: ICANN's resolution of 2018 on name collisions, and
	// RFC 6762, appendix G.
	"corp",
	"home",
	"intranet",
	"lan",
	"localdomain",
	"mail",
	"private",
];

/// Can this address be reached from the Internet?
pub(super) fn is_reachable_ip4(ip: Ipv4Addr) -> bool {
	!UNREACHABLE_IP4.iter().any(|(first, length)| {
		let host_bits = 32 - length;
		ip.to_bits() >> host_bits == first.to_bits() >> host_bits
	})
}

/// Can this address be reached from the Internet? One that contains an IPv4 address leads there.
pub(super) fn is_reachable_ip6(ip: Ipv6Addr) -> bool {
	let is_in = |(first, length): &(Ipv6Addr, u32)| {
		let host_bits = 128 - length;
		ip.to_bits() >> host_bits == first.to_bits() >> host_bits
	};
	match embedded_ip4(ip) {
		Some(embedded) => is_reachable_ip4(embedded),
		None => is_in(&GLOBAL_UNICAST) && !UNREACHABLE_IP6.iter().any(is_in),
	}
}

/// The IPv4 address to which packets for an IPv6 address are sent in the end, if there is one: of IPv4-mapped addresses
/// (RFC 4291, section 2.5.5.2), of the well-known prefix of NAT64 (RFC 6052), and of 6to4 (RFC 3056).
fn embedded_ip4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
	match ip.segments() {
		[0, 0, 0, 0, 0, 0xffff, high, low]
		| [0x64, 0xff9b, 0, 0, 0, 0, high, low]
		| [0x2002, high, low, _, _, _, _, _] => Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))),
		_ => None,
	}
}

/// Can this name be resolved anywhere in the Internet?
///
/// A name of one label is looked up in the network of whoever asks. Top-level domains begin with a letter (RFC 1123,
/// section 2.1, and the applicants' guide of ICANN); what ends in a number is taken for an IPv4 address by many
/// resolvers, in one of several forms (`127.1`, `0x7f.1`).
pub(super) fn is_reachable_name(name: &str) -> bool {
	let Some((_, top)) = name.rsplit_once('.') else { return false };
	top.starts_with(|first: char| first.is_ascii_alphabetic())
		&& !UNREACHABLE_NAMES.iter().any(|domain| is_within(name.as_bytes(), domain.as_bytes()))
}

/// Is `name` the same as `domain`, or below it?
fn is_within(name: &[u8], domain: &[u8]) -> bool {
	let Some(start) = name.len().checked_sub(domain.len()) else { return false };
	let (before, end) = name.split_at(start);
	end.eq_ignore_ascii_case(domain) && before.last().is_none_or(|byte| *byte == b'.')
}
