//! Where names lead to.
//!
//! A name in a mixnode's address is its owner's, who can have it lead to any machine: to one in this node's own network, for
//! example, which nobody outside can connect to. So where private addresses are not dialled, the network is told none of the names that
//! are on chain. They are looked up here, and the network gets IP addresses. Later answers are checked in the same way.
//!
//! What peers tell each other of addresses, the network keeps to itself: this does not bound that.

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

/// Names whose answers are waited for at a time. (The system may still be at work on others, whose time is over.)
const AT_A_TIME: usize = 32;

/// How long to wait before names are looked up again: at first if some were not found, and at most. Whoever moves is found again after
/// the latter.
const PAUSES: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(10 * 60)];

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

/// The address that one with a name leads to, with an IP address in place of the name. `None` if there is none in the Internet, or if the
/// name could not be looked up; it may be worth another try.
///
/// It is one at a time, the first that is in the Internet: a peer has few hosts, and one name must not make them many. (A name whose
/// answer changes adds one at each lookup. The network keeps 64 for a peer.) TLS needs the name, so an address with `/wss` leads
/// nowhere.
pub async fn lead_to(address: &Multiaddr, by: &dyn LookUp) -> Option<Multiaddr> {
	let Some(name) = name(address) else { return Some(address.clone()) };
	if address.iter().any(|part| matches!(part, Protocol::Wss(_))) {
		log::debug!(target: LOG_TARGET, "Not dialling {address}: a name with TLS may lead to a private address");
		return None;
	}
	let found = by.look_up(name).await;
	let ips =
		found.map_err(|error| log::debug!(target: LOG_TARGET, "Cannot look up the host of {address}: {error}")).ok()?;
	let is_wanted = |ip: &IpAddr| match address.iter().next() {
		Some(Protocol::Dns4(_)) => ip.is_ipv4(),
		Some(Protocol::Dns6(_)) => ip.is_ipv6(),
		_ => true,
	};
	let ip = ips.into_iter().filter(is_wanted).find(|ip| Host::Ip(*ip).is_reachable());
	if ip.is_none() {
		log::debug!(target: LOG_TARGET, "Not dialling {address}: it does not lead into the Internet");
	}
	Some(at_ip(ip?, address))
}

/// The address with this IP address in place of its host.
fn at_ip(ip: IpAddr, address: &Multiaddr) -> Multiaddr {
	let host = match ip {
		IpAddr::V4(ip) => Protocol::Ip4(ip),
		IpAddr::V6(ip) => Protocol::Ip6(ip),
	};
	address.iter().skip(1).fold(Multiaddr::empty().with(host), Multiaddr::with)
}

/// Looks names up again and again, and tells the network where they lead to. Ends when it is dropped.
pub async fn tell(network: Arc<dyn PeerControl>, by: Arc<dyn LookUp>, named: Vec<(PeerId, Multiaddr)>) {
	tell_with_pauses(network, by, named, PAUSES).await
}

async fn tell_with_pauses(
	network: Arc<dyn PeerControl>,
	by: Arc<dyn LookUp>,
	named: Vec<(PeerId, Multiaddr)>,
	[mut pause, longest]: [Duration; 2],
) {
	// The last answers.
	let mut told = vec![None; named.len()];
	loop {
		let by = &*by;
		let look_up = |(index, (_, address)): (usize, &(PeerId, Multiaddr))| {
			let address = address.clone();
			async move { (index, lead_to(&address, by).await) }
		};
		let mut answers = stream::iter(named.iter().enumerate().map(look_up)).buffer_unordered(AT_A_TIME);
		while let Some((index, answer)) = answers.next().await {
			if let (Some(address), Some((peer, _))) = (&answer, named.get(index)) {
				if told[index] != answer {
					network.add_known_address(*peer, address.clone());
				}
			}
			told[index] = answer.or_else(|| told[index].take());
		}
		drop(answers);
		let are_all_found = told.iter().all(Option::is_some);
		sleep(if are_all_found { longest } else { pause }).await;
		pause = (pause * 2).min(longest);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::network::testing::KnownAddresses;
	use std::{collections::HashMap, sync::Mutex};

	/// Answers by a table. What is not in it is found at the third try, in the Internet. One name leads elsewhere each time.
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
				None if name == "moving.example" => Ok(vec![IpAddr::from([9, 9, 9, times as u8])]),
				None if times >= 3 => Ok(vec![IpAddr::from([9, 9, 9, 9])]),
				None => Err(io::Error::other("no such name")),
			};
			async move { answer }.boxed()
		}
	}

	async fn until(condition: impl Fn() -> bool) {
		let waiting = async {
			while !condition() {
				sleep(Duration::from_millis(1)).await;
			}
		};
		timeout(Duration::from_secs(60), waiting).await.expect("it comes to that");
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
				("none.example", vec![]),
			]),
			..Table::default()
		};
		for (address, expected) in [
			("/dns/public.example/tcp/1", Some("/ip4/1.2.3.4/tcp/1")),
			("/dns4/public.example/tcp/1", Some("/ip4/1.2.3.4/tcp/1")),
			("/dns6/public.example/tcp/1/ws", Some("/ip6/2606:4700::1/tcp/1/ws")),
			("/dns/private.example/tcp/1", None),
			("/dns/both.example/tcp/1", Some("/ip4/1.2.3.4/tcp/1")),
			("/dns/none.example/tcp/1", None),
			("/dns/unknown.example/tcp/1", None),
			// Whatever it leads to now, it may lead elsewhere when it is dialled.
			("/dns/public.example/tcp/1/wss", None),
			("/ip4/10.0.0.1/tcp/1", Some("/ip4/10.0.0.1/tcp/1")),
		] {
			assert_eq!(lead_to(&parse(address), &table).await, expected.map(parse), "{address}");
		}
	}

	#[tokio::test]
	async fn a_name_that_is_not_found_is_looked_up_again_and_holds_up_no_other() {
		let table = Arc::new(Table { answers: HashMap::from([("good.example", vec!["1.2.3.4"])]), ..Table::default() });
		let network = Arc::new(KnownAddresses::default());
		let peers = [PeerId::random(), PeerId::random()];
		let named = vec![(peers[0], parse("/dns/late.example/tcp/1")), (peers[1], parse("/dns/good.example/tcp/2"))];
		let pauses = [Duration::from_millis(1), Duration::from_millis(2)];
		let telling = tokio::spawn(tell_with_pauses(network.clone(), table.clone(), named, pauses));
		// It goes on: a name may lead elsewhere some day.
		until(|| table.asked.lock().expect("no test panics while it holds this; qed").len() >= 12).await;
		telling.abort();
		// What has not changed is told once.
		let known = network.0.lock().expect("as above; qed").clone();
		assert_eq!(known, [(peers[1], parse("/ip4/1.2.3.4/tcp/2")), (peers[0], parse("/ip4/9.9.9.9/tcp/1"))]);
	}

	#[tokio::test]
	async fn a_name_that_leads_elsewhere_is_told_again() {
		let table = Arc::new(Table::default());
		let network = Arc::new(KnownAddresses::default());
		let named = vec![(PeerId::random(), parse("/dns/moving.example/tcp/1"))];
		let pauses = [Duration::from_millis(1); 2];
		let telling = tokio::spawn(tell_with_pauses(network.clone(), table, named, pauses));
		until(|| network.texts().len() >= 2).await;
		telling.abort();
		assert_eq!(network.texts()[..2], ["/ip4/9.9.9.1/tcp/1", "/ip4/9.9.9.2/tcp/1"]);
	}

	/// By the system, where every machine has a name for itself.
	#[tokio::test]
	async fn the_name_of_this_machine_itself_leads_nowhere() {
		let found = BySystem.look_up("localhost".into()).await.expect("it is always known");
		assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty(), "{found:?}");
		assert_eq!(lead_to(&parse("/dns/localhost/tcp/1"), &BySystem).await, None);
	}
}
