//! Peer IDs: the network has its own type, the mixnet knows Ed25519 keys only.

use mixnet_primitives::PeerId;

/// The mixnet's form of a peer ID; `None` if it is not an Ed25519 key.
pub fn to_mixnet_peer_id(peer_id: &sc_network_types::PeerId) -> Option<PeerId> {
	peer_id.into_ed25519().map(PeerId)
}

/// The network's form of a peer ID; `None` if it is not an Ed25519 key.
pub fn to_network_peer_id(peer_id: &PeerId) -> Option<sc_network_types::PeerId> {
	sc_network_types::PeerId::from_ed25519(&peer_id.0)
}
