//! What the service asks of the network besides carrying packets.

use sc_network::{service::traits::NetworkService, ProtocolName, ReputationChange};
use sc_network_types::{multiaddr::Multiaddr, PeerId};
use std::{collections::HashSet, sync::Arc};

/// Says which peers to keep, and which misbehave.
pub trait PeerControl: Send + Sync {
	/// This node's own peer ID.
	fn local_peer_id(&self) -> PeerId;

	/// Stay connected to the peers at these addresses, and no longer to those of an earlier call.
	///
	/// # Errors
	/// The network's words if it does not take an address.
	fn set_reserved(&self, addresses: HashSet<Multiaddr>) -> Result<(), String>;

	/// Changes a peer's reputation.
	fn report(&self, peer: PeerId, change: ReputationChange);

	/// Closes the mixnet's connection with a peer. It may come back.
	fn disconnect(&self, peer: PeerId);
}

/// The node's network, restricted to the mixnet's protocol.
pub struct ProtocolPeers {
	/// The node's network.
	pub network: Arc<dyn NetworkService>,
	/// The name of the mixnet's protocol.
	pub protocol: ProtocolName,
}

impl PeerControl for ProtocolPeers {
	fn local_peer_id(&self) -> PeerId {
		self.network.local_peer_id()
	}

	fn set_reserved(&self, addresses: HashSet<Multiaddr>) -> Result<(), String> {
		self.network.set_reserved_peers(self.protocol.clone(), addresses)
	}

	fn report(&self, peer: PeerId, change: ReputationChange) {
		self.network.report_peer(peer, change)
	}

	fn disconnect(&self, peer: PeerId) {
		self.network.disconnect_peer(peer, self.protocol.clone())
	}
}
