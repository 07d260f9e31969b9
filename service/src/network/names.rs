//! Where names lead to.
//!
//! A name in a mixnode's address is its owner's, who can have it lead to any machine: to one in this node's own network, for
//! example, which nobody outside can connect to. So where private addresses are not dialled, the network is told no names. They are
//! looked up here, and the network gets the IP addresses that it may dial. It cannot be given another answer later.

use super::peer_control::PeerControl;
use crate::log_target::LOG_TARGET;
use futures::{future::BoxFuture, stream, FutureExt, StreamExt};
use mixnet_primitives::Host;
use sc_network_types::{
	multiaddr::{Multiaddr, Protocol},
	PeerId,
};
use std::{io, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
	net::lookup_host,
	time::{sleep, timeout},
};

/// How long a lookup may take.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);

/// Names that are looked up at a time.
const AT_A_TIME: usize = 8;

/// Most IP addresses of one name that are dialled. A mixnode is one machine: it has one address of each kind, perhaps on two lines.
const MAX_IPS: usize = 4;

/// How long to wait before names that were not found are looked up again: at first, and at most.
const RETRY: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(10 * 60)];

/// The host of an address, if that is a name.
pub fn name(address: &Multiaddr) -> Option<String> {
	match address.iter().next() {
		Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) => Some(name.into_owned()),
		_ => None,
	}
}

/// Looks names up.
pub trait LookUp: Send + Sync {
	/// The IP addresses that a name leads to.
	fn look_up(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Looks names up as other programs on this machine do.
pub struct BySystem;

impl LookUp for BySystem {
	fn look_up(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
		async move {
			let found = timeout(LOOKUP_TIMEOUT, lookup_host((name, 0))).await??;
			Ok(found.map(|address| address.ip().to_canonical()).collect())
		}
		.boxed()
	}
}

/// The addresses that one with a name leads to, those that are in the Internet, with an IP address in place of the name. `None` if the
/// name could not be looked up; it may be worth another try.
///
/// TLS needs the name. So an address with `/wss` keeps it, if all that it leads to is in the Internet. By the time that it is
/// dialled it may lead elsewhere, but there only to who has a certificate for the name.
pub async fn lead_to(address: &Multiaddr, by: &dyn LookUp) -> Option<Vec<Multiaddr>> {
	let Some(name) = name(address) else { return Some(vec![address.clone()]) };
	let ips = match by.look_up(name).await {
		Ok(ips) => ips,
		Err(error) => {
			log::debug!(target: LOG_TARGET, "Cannot look up the host of {address}: {error}");
			return None;
		},
	};
	let is_wanted = |ip: &IpAddr| match address.iter().next() {
		Some(Protocol::Dns4(_)) => ip.is_ipv4(),
		Some(Protocol::Dns6(_)) => ip.is_ipv6(),
		_ => true,
	};
	let ips: Vec<_> = ips.into_iter().filter(is_wanted).collect();
	let is_allowed = |ip: &IpAddr| {
		let is_allowed = Host::Ip(*ip).is_reachable();
		if !is_allowed {
			log::debug!(target: LOG_TARGET, "Not dialling {address} at {ip}: not an address in the Internet");
		}
		is_allowed
	};
	if address.iter().any(|part| matches!(part, Protocol::Wss(_))) {
		let are_allowed = !ips.is_empty() && ips.iter().all(is_allowed);
		return Some(are_allowed.then(|| address.clone()).into_iter().collect());
	}
	let ips = ips.into_iter().filter(is_allowed).take(MAX_IPS);
	Some(ips.map(|ip| at_ip(ip, address)).collect())
}

/// The address with this IP address in place of its host.
fn at_ip(ip: IpAddr, address: &Multiaddr) -> Multiaddr {
	let host = match ip {
		IpAddr::V4(ip) => Protocol::Ip4(ip),
		IpAddr::V6(ip) => Protocol::Ip6(ip),
	};
	address.iter().skip(1).fold(Multiaddr::empty().with(host), Multiaddr::with)
}

/// Looks names up until all have been found, and tells the network where they lead to. Ends early if it is dropped.
pub async fn tell(network: Arc<dyn PeerControl>, by: Arc<dyn LookUp>, named: Vec<(PeerId, Multiaddr)>) {
	tell_with_pauses(network, by, named, RETRY).await
}

async fn tell_with_pauses(
	network: Arc<dyn PeerControl>,
	by: Arc<dyn LookUp>,
	mut named: Vec<(PeerId, Multiaddr)>,
	[mut pause, longest]: [Duration; 2],
) {
	loop {
		let (network, by) = (&*network, &*by);
		let look_up = |(peer, address): (PeerId, Multiaddr)| async move {
			match lead_to(&address, by).await {
				Some(found) => {
					found.into_iter().for_each(|address| network.add_known_address(peer, address));
					None
				},
				None => Some((peer, address)),
			}
		};
		let not_found = stream::iter(named).map(look_up).buffer_unordered(AT_A_TIME).filter_map(std::future::ready);
		named = not_found.collect().await;
		if named.is_empty() {
			return;
		}
		log::debug!(target: LOG_TARGET, "The hosts of {} addresses of mixnodes were not found; trying again", named.len());
		sleep(pause).await;
		pause = (pause * 2).min(longest);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::network::testing::KnownAddresses;
	use std::{collections::HashMap, sync::Mutex};

	/// Answers by a table. What is not in it is found at the third try, in the Internet.
	#[derive(Default)]
	struct Table {
		answers: HashMap<&'static str, Vec<&'static str>>,
		asked: Mutex<Vec<String>>,
	}

	impl LookUp for Table {
		fn look_up(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
			let mut asked = self.asked.lock().expect("no test panics while it holds this; qed");
			asked.push(name.clone());
			let times = asked.iter().filter(|other| **other == name).count();
			let answer = match self.answers.get(&*name) {
				Some(answer) => Ok(answer.iter().map(|ip| ip.parse().expect("an IP address")).collect()),
				None if times == 3 => Ok(vec![IpAddr::from([9, 9, 9, 9])]),
				None => Err(io::Error::other("no such name")),
			};
			async move { answer }.boxed()
		}
	}

	fn parse(address: &str) -> Multiaddr {
		address.parse().expect("it is a multiaddr")
	}

	#[tokio::test]
	async fn a_name_leads_to_what_is_in_the_internet_and_nowhere_else() {
		let table = Table {
			answers: HashMap::from([
				("public.example", vec!["1.2.3.4", "2606:4700::1"]),
				("private.example", vec!["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:192.168.0.1"]),
				("both.example", vec!["192.168.0.1", "1.2.3.4"]),
				("many.example", vec!["1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4", "1.2.3.5"]),
				("none.example", vec![]),
			]),
			..Table::default()
		};
		for (address, expected) in [
			("/dns/public.example/tcp/1", vec!["/ip4/1.2.3.4/tcp/1", "/ip6/2606:4700::1/tcp/1"]),
			("/dns4/public.example/tcp/1", vec!["/ip4/1.2.3.4/tcp/1"]),
			("/dns6/public.example/tcp/1/ws", vec!["/ip6/2606:4700::1/tcp/1/ws"]),
			("/dns/public.example/tcp/1/wss", vec!["/dns/public.example/tcp/1/wss"]),
			("/dns/private.example/tcp/1", vec![]),
			("/dns/private.example/tcp/1/wss", vec![]),
			("/dns/both.example/tcp/1", vec!["/ip4/1.2.3.4/tcp/1"]),
			("/dns/both.example/tcp/1/wss", vec![]),
			("/dns/none.example/tcp/1", vec![]),
			("/dns/none.example/tcp/1/wss", vec![]),
			(
				"/dns/many.example/tcp/1",
				vec!["/ip4/1.2.3.1/tcp/1", "/ip4/1.2.3.2/tcp/1", "/ip4/1.2.3.3/tcp/1", "/ip4/1.2.3.4/tcp/1"],
			),
			("/ip4/10.0.0.1/tcp/1", vec!["/ip4/10.0.0.1/tcp/1"]),
		] {
			let found = lead_to(&parse(address), &table).await.expect("it can be looked up");
			assert_eq!(found, expected.into_iter().map(parse).collect::<Vec<_>>(), "{address}");
		}
		assert_eq!(lead_to(&parse("/dns/unknown.example/tcp/1"), &table).await, None);
	}

	#[tokio::test]
	async fn a_name_that_is_not_found_is_looked_up_again_and_holds_up_no_other() {
		let table = Arc::new(Table { answers: HashMap::from([("good.example", vec!["1.2.3.4"])]), ..Table::default() });
		let network = Arc::new(KnownAddresses::default());
		let peers = [PeerId::random(), PeerId::random()];
		let named = vec![(peers[0], parse("/dns/late.example/tcp/1")), (peers[1], parse("/dns/good.example/tcp/2"))];
		let pauses = [Duration::from_millis(1), Duration::from_millis(2)];
		tell_with_pauses(network.clone(), table.clone(), named, pauses).await;
		let known = network.0.lock().expect("no test panics while it holds this; qed").clone();
		assert_eq!(known, [(peers[1], parse("/ip4/1.2.3.4/tcp/2")), (peers[0], parse("/ip4/9.9.9.9/tcp/1"))]);
		// The one that was found is not asked for again.
		assert_eq!(table.asked.lock().expect("as above; qed").len(), 4);
	}

	/// By the system, where every machine has a name for itself.
	#[tokio::test]
	async fn the_name_of_this_machine_itself_leads_nowhere() {
		let found = BySystem.look_up("localhost".into()).await.expect("it is always known");
		assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty(), "{found:?}");
		assert_eq!(lead_to(&parse("/dns/localhost/tcp/1"), &BySystem).await, Some(Vec::new()));
	}
}
