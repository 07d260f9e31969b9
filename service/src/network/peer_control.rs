//! What the service asks of the network besides carrying packets.

use super::peer_id::to_network_peer_id;
use futures::{channel::oneshot, future::BoxFuture, FutureExt};
use sc_network::{
	service::traits::NetworkService, IfDisconnected, OutboundFailure, ProtocolName, ReputationChange, RequestFailure,
};
use sc_network_types::{multiaddr::Multiaddr, PeerId};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::time::{timeout, Instant};

/// How long the network may take for a question.
pub(super) const QUESTION_TIMEOUT: Duration = Duration::from_secs(20);

/// A refusal that comes later is the network's own: it gives up opening a stream to a frozen peer after five seconds, and says
/// that the peer refused.
const PROMPT: Duration = Duration::from_secs(4);

/// Says which peers to keep, and which misbehave.
pub trait PeerControl: Send + Sync {
	/// This node's own peer ID.
	fn local_peer_id(&self) -> PeerId;

	/// The peer may be found at this address.
	fn add_known_address(&self, peer: PeerId, address: Multiaddr);

	/// Stay connected to these peers (`/p2p/..`), and no longer to those of an earlier call.
	///
	/// # Errors
	/// The network's words if it does not take them.
	fn set_reserved(&self, peers: HashSet<Multiaddr>) -> Result<(), String>;

	/// Changes a peer's reputation.
	fn report(&self, peer: PeerId, change: ReputationChange);

	/// Closes the mixnet's connection with a peer. It may come back.
	fn disconnect(&self, peer: PeerId);

	/// Asks a connected peer for a sign of life. Ends with whether there was one, after twenty seconds at most.
	fn ask_for_life(&self, peer: &mixnet_primitives::PeerId) -> BoxFuture<'static, bool>;
}

/// The node's network, restricted to the mixnet's protocols.
pub struct ProtocolPeers {
	/// The node's network.
	pub network: Arc<dyn NetworkService>,
	/// The name of the mixnet's protocol.
	pub protocol: ProtocolName,
	/// The name of the protocol whose requests are refused by every node that lives.
	pub ping: ProtocolName,
}

impl PeerControl for ProtocolPeers {
	fn local_peer_id(&self) -> PeerId {
		self.network.local_peer_id()
	}

	fn add_known_address(&self, peer: PeerId, address: Multiaddr) {
		self.network.add_known_address(peer, address)
	}

	fn set_reserved(&self, peers: HashSet<Multiaddr>) -> Result<(), String> {
		self.network.set_reserved_peers(self.protocol.clone(), peers)
	}

	fn report(&self, peer: PeerId, change: ReputationChange) {
		self.network.report_peer(peer, change)
	}

	fn disconnect(&self, peer: PeerId) {
		self.network.disconnect_peer(peer, self.protocol.clone())
	}

	fn ask_for_life(&self, peer: &mixnet_primitives::PeerId) -> BoxFuture<'static, bool> {
		let (answer, answered) = oneshot::channel();
		if let Some(peer) = to_network_peer_id(peer) {
			let question = vec![0];
			self.network.start_request(peer, self.ping.clone(), question, None, answer, IfDisconnected::ImmediateError);
		}
		let asked = Instant::now();
		async move {
			let outcome = timeout(QUESTION_TIMEOUT, answered).await;
			let response = outcome.ok().and_then(|answered| answered.ok()).map(|answer| answer.map(|_| ()));
			is_sign_of_life(response, asked.elapsed())
		}
		.boxed()
	}
}

/// Does it show that a peer lives how a question ended, after so long? `None`: the network said nothing.
fn is_sign_of_life(response: Option<Result<(), RequestFailure>>, after: Duration) -> bool {
	match response {
		Some(Ok(())) => true,
		Some(Err(RequestFailure::Refused | RequestFailure::Network(OutboundFailure::UnsupportedProtocols))) => {
			after < PROMPT
		},
		_ => false,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn an_answer_or_a_prompt_refusal_is_a_sign_of_life() {
		let (soon, late) = (Duration::from_millis(300), Duration::from_secs(5));
		let refused = || Some(Err(RequestFailure::Refused));
		assert!(is_sign_of_life(Some(Ok(())), late));
		assert!(is_sign_of_life(refused(), soon));
		let unsupported = RequestFailure::Network(OutboundFailure::UnsupportedProtocols);
		assert!(is_sign_of_life(Some(Err(unsupported)), soon), "a node of another kind");
		assert!(!is_sign_of_life(refused(), late), "the network gave up");
		assert!(!is_sign_of_life(Some(Err(RequestFailure::NotConnected)), soon));
		assert!(!is_sign_of_life(Some(Err(RequestFailure::Network(OutboundFailure::Timeout))), late));
		assert!(!is_sign_of_life(None, soon));
	}
}
