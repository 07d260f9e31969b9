//! Between nodes: a notifications protocol whose every notification is one packet. (PROTOCOL.md, section 11)
//!
//! - [`protocol`]: its name and its configuration.
//! - [`peers`]: who is connected, and a short queue for each.
//! - [`addresses`]: where the peers that we want are to be found.

pub mod addresses;
pub mod peers;
pub mod protocol;

use mixnet_primitives::PeerId;

/// The mixnet's name of a network peer; `None` if its ID is not an Ed25519 key.
pub fn to_mixnet_peer_id(peer_id: &sc_network_types::PeerId) -> Option<PeerId> {
	peer_id.into_ed25519().map(PeerId)
}

/// The network's name of a mixnet peer; `None` if the ID is not an Ed25519 key.
pub fn to_network_peer_id(peer_id: &PeerId) -> Option<sc_network_types::PeerId> {
	sc_network_types::PeerId::from_ed25519(&peer_id.0)
}
