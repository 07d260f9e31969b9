//! The host that an address leads to, and how many hosts a list of addresses leads to.

use super::reach;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How many distinct hosts the addresses of one mixnode may lead to.
///
/// A whole session dials the addresses of each of its mixnodes, and nobody proves that a host is its own. So somebody
/// could register hosts of others, and have all mixnodes dial them. This bounds how many at a time. It leaves room for
/// a name, an IPv4 and an IPv6 address, and one more while the mixnode moves.
pub const MAX_HOSTS: usize = 4;

/// Where an address leads. Two hosts are equal if they are the same IP address, or the same name in whatever case.
#[derive(Clone, Copy, Debug)]
pub enum Host<'a> {
	/// An IP address. An IPv4 address that was written as an IPv6 one (`::ffff:1.2.3.4`) is an IPv4 address here.
	Ip(IpAddr),
	/// A name, as it was written.
	Name(&'a str),
}

impl Host<'_> {
	/// The host of `ip4` with this value.
	pub(super) fn ip4(value: &str) -> Option<Host<'_>> {
		value.parse::<Ipv4Addr>().ok().map(|ip| Host::Ip(ip.into()))
	}

	/// The host of `ip6` with this value.
	pub(super) fn ip6(value: &str) -> Option<Host<'_>> {
		value.parse::<Ipv6Addr>().ok().map(|ip| Host::Ip(ip.to_canonical()))
	}

	/// The host of `dns` and its kin with this value.
	pub(super) fn name(value: &str) -> Option<Host<'_>> {
		super::is_name(value).then_some(Host::Name(value))
	}

	/// Can the host be reached from anywhere in the Internet, as far as its address tells? [`reach`] has the rules.
	pub fn is_reachable(&self) -> bool {
		match self {
			Self::Ip(IpAddr::V4(ip)) => reach::is_reachable_ip4(*ip),
			Self::Ip(IpAddr::V6(ip)) => reach::is_reachable_ip6(*ip),
			Self::Name(name) => reach::is_reachable_name(name),
		}
	}
}

impl PartialEq for Host<'_> {
	fn eq(&self, other: &Self) -> bool {
		match (self, other) {
			(Self::Ip(one), Self::Ip(other)) => one == other,
			(Self::Name(one), Self::Name(other)) => one.eq_ignore_ascii_case(other),
			(Self::Ip(_), Self::Name(_)) | (Self::Name(_), Self::Ip(_)) => false,
		}
	}
}

impl Eq for Host<'_> {}

/// The distinct hosts that a list of addresses leads to: at most [`MAX_HOSTS`].
#[derive(Clone, Copy, Default, Debug)]
pub struct Hosts<'a>([Option<Host<'a>>; MAX_HOSTS]);

impl<'a> Hosts<'a> {
	/// Adds a host, if it is not there already. Returns `false`, and adds nothing, if it would be one too many.
	#[must_use]
	pub fn insert(&mut self, host: Host<'a>) -> bool {
		match self.0.iter_mut().find(|known| known.is_none_or(|known| known == host)) {
			Some(place) => {
				place.get_or_insert(host);
				true
			},
			None => false,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{check_address, PeerId};
	use proptest::{collection::vec, prelude::*, sample::select};
	use std::collections::HashSet;

	fn host(address: &str) -> Host<'_> {
		check_address(address.as_bytes(), &PeerId([7; 32])).expect("a good address; qed")
	}

	#[test]
	fn a_host_is_the_same_however_it_is_written() {
		for (one, other) in [
			("/ip4/1.2.3.4", "/ip4/1.2.3.4/tcp/30333"),
			("/ip4/1.2.3.4", "/ip6/::ffff:1.2.3.4"),
			("/ip4/1.2.3.4", "/ip6/0:0:0:0:0:FFFF:102:304"),
			("/ip6/2a00::1", "/ip6/2A00:0::0001/udp/1/quic-v1"),
			("/dns/mix.example.org", "/dns/MIX.Example.ORG"),
			("/dns4/mix.example.org/tcp/1", "/dns6/mix.example.org/tcp/2"),
			("/dns/mix.example.org", "/dnsaddr/mix.example.org"),
		] {
			assert_eq!(host(one), host(other));
			assert_eq!(host(other), host(one));
		}
	}

	#[test]
	fn hosts_that_are_not_the_same_are_told_apart() {
		let hosts = [
			"/ip4/1.2.3.4",
			"/ip4/1.2.3.5",
			"/ip6/2a00::1",
			"/ip6/2a00::2",
			// These lead to 1.2.3.4, but by somebody else's relay.
			"/ip6/64:ff9b::1.2.3.4",
			"/ip6/2002:102:304::",
			"/dns/example.org",
			"/dns/a.example.org",
			"/dns/example.net",
			"/dns/1.2.3.4",
		];
		for (index, one) in hosts.iter().enumerate() {
			for (other_index, other) in hosts.iter().enumerate() {
				assert_eq!(host(one) == host(other), index == other_index, "{one}, {other}");
			}
		}
	}

	#[test]
	fn as_many_hosts_as_allowed_are_taken_and_no_more() {
		let mut hosts = Hosts::default();
		let names = ["/ip4/1.2.3.1", "/ip4/1.2.3.2", "/ip4/1.2.3.3", "/dns/a.org"];
		assert_eq!(names.len(), MAX_HOSTS);
		for _ in 0..2 {
			assert!(names.iter().all(|name| hosts.insert(host(name))));
		}
		for one_more in ["/ip4/1.2.3.4", "/dns/b.org"] {
			assert!(!hosts.insert(host(one_more)));
		}
		// Nor has the refusal changed which ones are known.
		assert!(hosts.insert(host("/dns4/A.org/tcp/1")));
		assert!(names.iter().all(|name| hosts.insert(host(name))));
	}

	/// Some hosts, a few of them several times in different forms, and what a set knows each by.
	fn written() -> impl Strategy<Value = (&'static str, &'static str)> {
		select(
			&[
				("/ip4/1.2.3.4", "1.2.3.4"),
				("/ip6/::ffff:1.2.3.4", "1.2.3.4"),
				("/ip4/1.2.3.5/tcp/1", "1.2.3.5"),
				("/ip6/2a00::1", "2a00::1"),
				("/ip6/2A00::0:1/tcp/7", "2a00::1"),
				("/dns/a.org", "a.org"),
				("/dns6/A.ORG/tcp/443/wss", "a.org"),
				("/dns/b.org", "b.org"),
				("/dns4/B.org", "b.org"),
				("/dns4/c.org", "c.org"),
			][..],
		)
	}

	proptest! {
		#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

		#[test]
		fn hosts_are_counted_as_a_set_counts_them(list in vec(written(), 0..20)) {
			let (mut hosts, mut set) = (Hosts::default(), HashSet::new());
			for (address, name) in list {
				let fits = set.contains(name) || set.len() < MAX_HOSTS;
				prop_assert_eq!(hosts.insert(host(address)), fits);
				if fits {
					set.insert(name);
				}
			}
		}
	}
}
