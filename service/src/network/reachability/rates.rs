//! How often others may ask: each peer, about each host, and all together.
//!
//! Peer IDs cost nothing, so what protects a host is the bound for that host. It counts whether we are connected with the host or not:
//! otherwise its end would tell who is.

use sc_network_types::PeerId;
use std::{
	collections::HashMap,
	hash::Hash,
	net::{IpAddr, Ipv6Addr, SocketAddr},
	time::Duration,
};
use tokio::time::Instant;

/// All peers together.
const ALL: Rate = Rate { burst: 32, every: Duration::from_secs(5) };
/// One peer. A node asks again if its addresses change.
const PEER: Rate = Rate { burst: 3, every: Duration::from_secs(300) };
/// One host. A node may have several addresses there, and several nodes may be behind it.
const HOST: Rate = Rate { burst: 8, every: Duration::from_secs(300) };

/// Most peers that are remembered. What is asked by others is bounded by the rate of all.
const MAX_PEERS: usize = 1000;
/// Most hosts that are remembered: all that can be asked about while a bucket fills, with four addresses at a time.
const MAX_HOSTS: usize = 4 * (32 + 8 * 300 / 5);

/// So many at once, and one more each time that this time has passed.
#[derive(Clone, Copy, Debug)]
struct Rate {
	burst: u32,
	every: Duration,
}

/// What became of a wish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Taken {
	Yes,
	TooOften,
	/// There is no room to remember this one.
	Full,
}

/// A token bucket for each key. Full ones are forgotten.
#[derive(Debug)]
struct Buckets<K> {
	rate: Rate,
	capacity: usize,
	/// When each bucket is full again.
	full_at: HashMap<K, Instant>,
}

impl<K: Eq + Hash> Buckets<K> {
	fn new(rate: Rate, capacity: usize) -> Self {
		Self { rate, capacity, full_at: HashMap::new() }
	}

	/// Takes a token out of a key's bucket.
	fn take(&mut self, key: K, now: Instant) -> Taken {
		if self.full_at.len() >= self.capacity && !self.full_at.contains_key(&key) {
			self.full_at.retain(|_, full_at| *full_at > now);
			if self.full_at.len() >= self.capacity {
				return Taken::Full;
			}
		}
		let full_at = self.full_at.entry(key).or_insert(now);
		let after = (*full_at).max(now) + self.rate.every;
		if after > now + self.rate.every * self.rate.burst {
			return Taken::TooOften;
		}
		*full_at = after;
		Taken::Yes
	}
}

/// What has been asked lately.
pub struct Rates {
	all: Buckets<()>,
	peers: Buckets<PeerId>,
	hosts: Buckets<IpAddr>,
}

impl Default for Rates {
	fn default() -> Self {
		Self { all: Buckets::new(ALL, 1), peers: Buckets::new(PEER, MAX_PEERS), hosts: Buckets::new(HOST, MAX_HOSTS) }
	}
}

impl Rates {
	/// May this peer ask about these addresses now? If so, it counts.
	///
	/// One peer does not use up what all have, and only what all have is remembered of hosts.
	pub fn take(&mut self, peer: PeerId, addresses: &[SocketAddr], now: Instant) -> bool {
		self.peers.take(peer, now) != Taken::TooOften
			&& self.all.take((), now) == Taken::Yes
			&& addresses.iter().all(|address| self.hosts.take(host(address.ip()), now) == Taken::Yes)
	}
}

/// What counts as one host: an IPv4 address, or a network of IPv6, in which one machine may have all addresses.
fn host(ip: IpAddr) -> IpAddr {
	match ip {
		IpAddr::V4(_) => ip,
		IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sc_network_types::ed25519::Keypair;

	fn peer() -> PeerId {
		Keypair::generate().public().to_peer_id()
	}

	fn at(host: u32) -> Vec<SocketAddr> {
		vec![SocketAddr::new(IpAddr::from(host.to_be_bytes()), 30333)]
	}

	#[test]
	fn a_peer_may_ask_a_few_times_at_once_and_then_seldom() {
		let (mut rates, peer, start) = (Rates::default(), peer(), Instant::now());
		let asked = |rates: &mut Rates, seconds| {
			(1..=9).filter(|host| rates.take(peer, &at(*host), start + Duration::from_secs(seconds))).count()
		};
		assert_eq!(asked(&mut rates, 0), 3);
		assert_eq!(asked(&mut rates, 299), 0);
		assert_eq!(asked(&mut rates, 300), 1);
		assert_eq!(asked(&mut rates, 10_000), 3, "no more than at first");
	}

	#[test]
	fn a_host_is_tried_seldom_whoever_asks_and_at_whatever_port() {
		let (mut rates, now) = (Rates::default(), Instant::now());
		let tried = |rates: &mut Rates, now| {
			let mut try_port = |port| rates.take(peer(), &[SocketAddr::new(IpAddr::from([1, 2, 3, 4]), port)], now);
			(0..20).filter(|port| try_port(*port)).count()
		};
		assert_eq!(tried(&mut rates, now), 8);
		assert_eq!(tried(&mut rates, now + Duration::from_secs(300)), 1);
		assert!(rates.take(peer(), &at(7), now + Duration::from_secs(300)), "another host");
		// A question about many ports of one host counts for each.
		let mut rates = Rates::default();
		let four: Vec<_> = (1..=4).map(|port| SocketAddr::new(IpAddr::from([1, 2, 3, 4]), port)).collect();
		assert_eq!([(); 3].map(|()| rates.take(peer(), &four, now)), [true, true, false]);
		// And whoever has a network has one host.
		let mut rates = Rates::default();
		let in_network = |low| SocketAddr::new(Ipv6Addr::new(0x2a00, 0, 0, 1, 0, 0, 0, low).into(), 1);
		assert_eq!((0..20).filter(|low| rates.take(peer(), &[in_network(*low)], now)).count(), 8);
		assert!(rates.take(peer(), &[SocketAddr::new(Ipv6Addr::new(0x2a00, 0, 0, 2, 0, 0, 0, 1).into(), 1)], now));
	}

	#[test]
	fn all_peers_together_may_ask_so_much_and_one_does_not_use_it_up() {
		let (mut rates, now) = (Rates::default(), Instant::now());
		let greedy = peer();
		assert_eq!((0..100).filter(|host| rates.take(greedy, &at(*host), now)).count(), 3);
		assert_eq!((100..200).filter(|host| rates.take(peer(), &at(*host), now)).count(), 29);
		assert!(rates.take(peer(), &at(200), now + Duration::from_secs(5)));
	}

	/// Peer IDs cost nothing.
	#[test]
	fn what_is_remembered_is_bounded_whoever_asks() {
		let (mut rates, start) = (Rates::default(), Instant::now());
		let peers: Vec<_> = (0..2 * MAX_PEERS).map(|_| peer()).collect();
		let mut host = 0;
		for second in 0..5000 {
			let now = start + Duration::from_secs(second);
			for peer in peers.iter().cycle().skip(second as usize * 7).take(3) {
				let four: Vec<_> = (0..4).flat_map(|more| at(host + more)).collect();
				host += 4;
				rates.take(*peer, &four, now);
			}
			assert!(rates.peers.full_at.len() <= MAX_PEERS && rates.hosts.full_at.len() <= MAX_HOSTS);
		}
		// Nobody has filled it up such that others cannot be remembered.
		let now = start + Duration::from_secs(5010);
		assert!(rates.take(self::peer(), &at(u32::MAX), now));
		assert!(rates.hosts.full_at.contains_key(&at(u32::MAX)[0].ip()));
	}
}
