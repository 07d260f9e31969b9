//! A node of the crate `mixnet` 0.7.0 that takes the place of ours: mixnode 0, with the same keys.

use crate::{ours, HOPS};
use mixnet::core::{self as peer, Config, NetworkStatus, RelSessionIndex, SessionIndex, SessionPhase, SessionStatus};
use mixnet_node_core::Mixnode;

/// The peer's node.
pub type Node = peer::Mixnet<()>;

/// The peer's packets, which have the same bytes as ours.
pub type Packet = peer::Packet;

/// A node with one live session, which has forwarded nothing yet.
pub fn node() -> Node {
	let config = Config {
		session_0_kx_secret: Some(*ours::secret(0).expose_bytes()),
		forward_packet_queue_capacity: ours::CAPACITY,
		num_hops: HOPS,
		// As our node that sends drop cover only.
		loop_cover_proportion: 0.0,
		..Config::default()
	};
	let mut node = Node::new(config);
	start_session(&mut node, 0, SessionPhase::DisconnectFromPrev, ours::mixnodes());
	node
}

/// A node with two live sessions.
pub fn node_in_two_sessions() -> Node {
	let mut node = node();
	let mut mixnodes = ours::mixnodes();
	mixnodes[0].kx_public.0 = *node.next_kx_public();
	start_session(&mut node, 1, SessionPhase::CoverToCurrent, mixnodes);
	node
}

fn start_session(node: &mut Node, current_index: SessionIndex, phase: SessionPhase, mixnodes: Vec<Mixnode>) {
	node.set_session_status(SessionStatus { current_index, phase });
	let mixnode =
		|mixnode: &Mixnode| peer::Mixnode { kx_public: mixnode.kx_public.0, peer_id: mixnode.peer_id.0, extra: () };
	node.maybe_set_mixnodes(RelSessionIndex::Current, &mut || Ok(mixnodes.iter().map(mixnode).collect()));
}

/// The network's status for the node: it is connected to all peers.
pub struct Connected;

impl NetworkStatus for Connected {
	fn local_peer_id(&self) -> peer::PeerId {
		// Not by way of the list: its public keys would count as work of the peer's.
		ours::peer_id(0).0
	}

	fn is_connected(&self, _: &peer::PeerId) -> bool {
		true
	}
}

/// Builds a cover packet, over a route that the node draws.
pub fn build_cover(node: &mut Node) -> Box<Packet> {
	node.pop_next_authored_packet(&Connected).expect("its queue is empty, and cover can be built").packet
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_peer_forwards_our_packets_to_the_same_bytes() {
		use mixnet_node_core::sphinx::{finish_batch, open_batch, Backend, Scratch, Unwrapping};
		let packets = ours::packets_to_forward(20);
		let mut node = node();
		let mut in_two_sessions = node_in_two_sessions();
		for packet in &packets {
			for node in [&mut node, &mut in_two_sessions] {
				// The second time is a replay.
				assert!(
					node.handle_packet(packet.as_bytes()).is_none() && node.handle_packet(packet.as_bytes()).is_none()
				);
			}
		}
		for bad in ours::bad_packets(20) {
			assert!(node.handle_packet(bad.as_bytes()).is_none());
		}
		let mut batch: Vec<_> = packets.into_iter().map(Unwrapping::from).collect();
		let (backend, mut scratch) = (Backend::best(), Scratch::new());
		open_batch(backend, &mut scratch, &[&ours::secret(0)], &mut batch);
		finish_batch(backend, &mut scratch, &mut batch, |_| true);
		let mut expected: Vec<_> = batch.into_iter().map(|item| *item.into_forwarded().unwrap().as_bytes()).collect();
		expected.sort();
		for mut node in [node, in_two_sessions] {
			let mut forwarded: Vec<_> =
				std::iter::from_fn(|| node.pop_next_forward_packet()).map(|packet| *packet.packet).collect();
			forwarded.sort();
			assert_eq!(forwarded, expected);
		}
	}

	#[test]
	fn the_peer_builds_cover() {
		assert_ne!(build_cover(&mut node()), build_cover(&mut node()));
	}
}
