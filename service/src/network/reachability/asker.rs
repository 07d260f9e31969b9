//! Asks mixnodes whether this node can be reached.

use super::{checker::is_dialled, encode_question, Answer, MAX_ADDRESSES, QUESTION_TIMEOUT};
use crate::{
	config::Reach,
	network::{
		addresses::{self, ToDial},
		names::{lead_to, BySystem, LookUp},
	},
};
use codec::DecodeAll;
use futures::{
	channel::oneshot,
	future::{join_all, BoxFuture},
	stream::{FuturesUnordered, StreamExt},
	FutureExt,
};
use mixnet_node_core::ReservedPeer;
use sc_network::{service::traits::NetworkService, IfDisconnected, ProtocolName};
use sc_network_types::multiaddr::{Multiaddr, Protocol};
use std::{
	net::{IpAddr, SocketAddr},
	sync::Arc,
	time::Duration,
};
use tokio::time::{timeout, timeout_at, Instant};

/// Mixnodes that are asked.
pub const ASKED: usize = 3;

/// How long it may take to look up names, this node's own or a mixnode's.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// What came of asking.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reachable {
	/// A mixnode has reached this node.
	Yes,
	/// So many mixnodes have answered that they could not.
	No(usize),
	/// None could tell, or none was asked.
	#[default]
	Unknown,
}

/// What a node knows about it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reachability {
	/// What came of asking last.
	pub reachable: Reachable,
	/// The addresses that mixnodes were asked about.
	pub addresses: Vec<String>,
}

/// A way to ask.
pub trait AskMixnode: Send + Sync {
	/// Asks a mixnode. Ends with its answer within [`QUESTION_TIMEOUT`]; `None` if there is none.
	fn ask(&self, mixnode: &ReservedPeer, question: Vec<u8>) -> BoxFuture<'static, Option<Vec<u8>>>;
}

/// Asks by the node's network, which connects to the mixnode if need be.
pub struct ByNetwork {
	/// The node's network.
	pub network: Arc<dyn NetworkService>,
	/// The name of the protocol.
	pub protocol: ProtocolName,
	/// At which hosts mixnodes are dialled.
	pub dialled: Reach,
}

impl AskMixnode for ByNetwork {
	fn ask(&self, mixnode: &ReservedPeer, question: Vec<u8>) -> BoxFuture<'static, Option<Vec<u8>>> {
		let to_dial = addresses::reserved(std::slice::from_ref(mixnode), self.dialled).pop();
		let (network, protocol) = (self.network.clone(), self.protocol.clone());
		let asked = async move {
			let ToDial { peer, addresses, names } = to_dial?;
			addresses.into_iter().for_each(|address| network.add_known_address(peer, address));
			let look_up = |address| async move { timeout(LOOKUP_TIMEOUT, lead_to(address, &BySystem)).await.ok()? };
			let found = join_all(names.iter().map(look_up)).await;
			found.into_iter().flatten().for_each(|address| network.add_known_address(peer, address));
			let (answer, answered) = oneshot::channel();
			network.start_request(peer, protocol, question, None, answer, IfDisconnected::TryConnect);
			Some(answered.await.ok()?.ok()?.0)
		};
		async move { timeout(QUESTION_TIMEOUT, asked).await.ok()? }.boxed()
	}
}

/// A host and a port at which this node says that it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
	/// An IP address.
	Ip(SocketAddr),
	/// A name.
	Name(String, u16),
}

impl Target {
	/// Where a multiaddr leads to, if it is one that anybody who dials within `reach` can be asked about: a host and a TCP port.
	/// Websockets are left out.
	pub fn of(address: &Multiaddr, reach: Reach) -> Option<Self> {
		let mut parts = address.iter();
		let host = parts.next()?;
		let Protocol::Tcp(port) = parts.next()? else { return None };
		if !matches!(parts.next(), None | Some(Protocol::P2p(_))) || parts.next().is_some() {
			return None;
		}
		let ip = match host {
			Protocol::Ip4(ip) => IpAddr::from(ip),
			Protocol::Ip6(ip) => IpAddr::from(ip).to_canonical(),
			Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => {
				return Some(Self::Name(name.into_owned(), port));
			},
			_ => return None,
		};
		Some(SocketAddr::new(ip, port)).filter(|address| is_dialled(address, reach)).map(Self::Ip)
	}
}

impl std::fmt::Display for Target {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Ip(address) => address.fmt(f),
			Self::Name(name, port) => write!(f, "{name}:{port}"),
		}
	}
}

/// The addresses to ask about. This node looks its names up itself: others must not look up what somebody tells them.
async fn resolve(targets: Vec<Target>, reach: Reach) -> Vec<SocketAddr> {
	let mut addresses: Vec<SocketAddr> = Vec::new();
	for target in targets {
		let found = match target {
			Target::Ip(address) => vec![address],
			Target::Name(name, port) => match timeout(LOOKUP_TIMEOUT, BySystem.look_up(name)).await {
				Ok(Ok(found)) => found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect(),
				_ => Vec::new(),
			},
		};
		for address in found {
			if addresses.len() < MAX_ADDRESSES && is_dialled(&address, reach) && !addresses.contains(&address) {
				addresses.push(address);
			}
		}
	}
	addresses
}

/// How long it takes at most to ask all.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Asks these mixnodes whether this node can be reached at one of the targets. One success is enough. Takes no longer than
/// `patience` ([`PATIENCE`], or less in tests).
pub async fn ask_all(
	asker: Arc<dyn AskMixnode>,
	mixnodes: Vec<ReservedPeer>,
	targets: Vec<Target>,
	reach: Reach,
	patience: Duration,
) -> Reachable {
	let until = Instant::now() + patience;
	let Ok(addresses) = timeout_at(until, resolve(targets, reach)).await else { return Reachable::Unknown };
	if addresses.is_empty() {
		return Reachable::Unknown;
	}
	let question = encode_question(&addresses);
	let mut answers: FuturesUnordered<_> =
		mixnodes.iter().take(ASKED).map(|mixnode| asker.ask(mixnode, question.clone())).collect();
	let mut failed = 0;
	while let Ok(Some(answer)) = timeout_at(until, answers.next()).await {
		match answer.and_then(|answer| Answer::decode_all(&mut &answer[..]).ok()) {
			Some(Answer::Reached) => return Reachable::Yes,
			Some(Answer::NotReached) => failed += 1,
			Some(Answer::NotTried) | None => (),
		}
	}
	match failed {
		0 => Reachable::Unknown,
		failed => Reachable::No(failed),
	}
}
