//! The protocols' names and configurations. (PROTOCOL.md, section 11)

use super::{peer_control::QUESTION_TIMEOUT, places::SPARE};
use crate::config::Config;
use mixnet_node_core::PACKET_SIZE;
use sc_network::{
	config::{NonReservedPeerMode, SetConfig},
	peer_store::PeerStoreProvider,
	service::NotificationMetrics,
	NetworkBackend, NotificationService, ProtocolName,
};
use sp_runtime::traits::Block as BlockT;
use std::sync::Arc;

/// `/{genesis hash}/mixnet/1`, or `/{genesis hash}/{fork id}/mixnet/1`, the hash in hex without prefix.
pub fn name(genesis_hash: &[u8], fork_id: Option<&str>) -> ProtocolName {
	let genesis_hash = hex::encode(genesis_hash);
	match fork_id {
		Some(fork_id) => format!("/{genesis_hash}/{fork_id}/mixnet/1"),
		None => format!("/{genesis_hash}/mixnet/1"),
	}
	.into()
}

/// `/{genesis hash}/mixnet/1/ping`, from the name of the mixnet's protocol: the protocol of questions that ask a gateway for
/// a sign of life.
pub fn ping_name(name: &ProtocolName) -> ProtocolName {
	format!("{name}/ping").into()
}

/// `/{genesis hash}/mixnet/1/reachability/1`, from the name of the mixnet's protocol: the protocol of questions whether a node
/// can be reached.
pub fn reachability_name(name: &ProtocolName) -> ProtocolName {
	format!("{name}/reachability/1").into()
}

/// The configuration of the protocol of signs of life. Nobody serves it, so the network refuses every request of it at once: that is the sign.
pub fn ping_configuration<B: BlockT, N: NetworkBackend<B, B::Hash>>(
	name: ProtocolName,
) -> N::RequestResponseProtocolConfig {
	N::request_response_config(name, Vec::new(), 1, 1, QUESTION_TIMEOUT, None)
}

/// The protocol's configuration, which the network is built with, and the service's end of the protocol.
pub fn configuration<B: BlockT, N: NetworkBackend<B, B::Hash>>(
	name: ProtocolName,
	config: &Config,
	metrics: NotificationMetrics,
	peer_store: Arc<dyn PeerStoreProvider>,
) -> (N::NotificationProtocolConfig, Box<dyn NotificationService>) {
	let set_config = SetConfig {
		// Whoever takes one of the spare places makes another peer leave.
		in_peers: match config.inbound_peers {
			0 => 0,
			places => places.saturating_add(SPARE),
		},
		// The only nodes that we connect to are mixnodes, as reserved peers.
		out_peers: 0,
		reserved_nodes: Vec::new(),
		non_reserved_mode: if config.inbound_peers == 0 {
			NonReservedPeerMode::Deny
		} else {
			NonReservedPeerMode::Accept
		},
	};
	N::notification_config(name, Vec::new(), PACKET_SIZE as u64, None, set_config, metrics, peer_store)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_protocol_has_the_name_that_is_specified() {
		assert_eq!(&*name(&[0xab, 0x01], None), "/ab01/mixnet/1");
		assert_eq!(&*name(&[0xab, 0x01], Some("fork")), "/ab01/fork/mixnet/1");
		assert_eq!(&*ping_name(&name(&[0xab, 0x01], None)), "/ab01/mixnet/1/ping");
		assert_eq!(&*reachability_name(&name(&[0xab, 0x01], None)), "/ab01/mixnet/1/reachability/1");
	}
}
