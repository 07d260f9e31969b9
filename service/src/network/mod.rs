//! Between nodes: a notifications protocol whose every notification is one packet. (PROTOCOL.md, section 11)
//!
//! - [`protocol`]: its name and its configuration.
//! - [`inbound`]: what comes from it.
//! - [`peers`]: who is connected, and a short queue for each.
//! - [`addresses`]: where the peers that we want are to be found.

pub mod addresses;
pub mod inbound;
pub mod peers;
pub mod protocol;
#[cfg(test)]
pub(crate) mod testing;

use mixnet_primitives::PeerId;
use sc_network::{service::traits::NetworkService, ProtocolName, ReputationChange};
use sc_network_types::multiaddr::Multiaddr;
use std::{collections::HashSet, sync::Arc};

/// What the service asks of the network, besides to carry packets.
pub trait Links: Send + Sync {
	/// Our own name.
	fn local_peer_id(&self) -> sc_network_types::PeerId;

	/// Stay connected to these, and to no others that we chose before.
	fn set_reserved(&self, addresses: HashSet<Multiaddr>) -> Result<(), String>;

	/// This peer did what it should not.
	fn report(&self, peer: sc_network_types::PeerId, change: ReputationChange);
}

/// The node's network, as far as the mixnet's protocol is concerned.
pub struct ProtocolLinks {
	/// The network.
	pub network: Arc<dyn NetworkService>,
	/// The protocol.
	pub protocol: ProtocolName,
}

impl Links for ProtocolLinks {
	fn local_peer_id(&self) -> sc_network_types::PeerId {
		self.network.local_peer_id()
	}

	fn set_reserved(&self, addresses: HashSet<Multiaddr>) -> Result<(), String> {
		self.network.set_reserved_peers(self.protocol.clone(), addresses)
	}

	fn report(&self, peer: sc_network_types::PeerId, change: ReputationChange) {
		self.network.report_peer(peer, change)
	}
}

/// The mixnet's name of a network peer; `None` if its ID is not an Ed25519 key.
pub fn to_mixnet_peer_id(peer_id: &sc_network_types::PeerId) -> Option<PeerId> {
	peer_id.into_ed25519().map(PeerId)
}

/// The network's name of a mixnet peer; `None` if the ID is not an Ed25519 key.
pub fn to_network_peer_id(peer_id: &PeerId) -> Option<sc_network_types::PeerId> {
	sc_network_types::PeerId::from_ed25519(&peer_id.0)
}
