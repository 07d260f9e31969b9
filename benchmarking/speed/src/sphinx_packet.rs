//! `sphinx-packet` 0.8.0, with five hops and 2 KB of payload; and our packet format at the same work.

use crate::{ours, rng};
use mixnet_node_core::{
	sphinx::{
		complete_requests, finish_batch, open_batch, Backend, BatchBuilder, Hop, Scratch, Unwrapping, PAYLOAD_DATA_SIZE,
	},
	KxSecret, Packet,
};
use rand_chacha::ChaChaRng;
use sphinx_packet::{
	header::delays::Delay,
	route::{Destination, DestinationAddressBytes, Node, NodeAddressBytes},
	SphinxPacket, SphinxPacketBuilder,
};
use x25519_dalek::{PublicKey, StaticSecret};

/// How many hops a packet has: the most that `sphinx-packet` allows.
pub const HOPS: usize = 5;

const MESSAGE: [u8; PAYLOAD_DATA_SIZE] = [42; PAYLOAD_DATA_SIZE];

/// A route in the types of `sphinx-packet`, with the keys of [`ours::route`].
pub struct Theirs {
	secret: StaticSecret,
	route: Vec<Node>,
	destination: Destination,
	delays: Vec<Delay>,
}

impl Theirs {
	/// Makes the route.
	pub fn new() -> Self {
		let secret = |index| StaticSecret::from(*ours::secret(index).expose_bytes());
		let node = |index| Node::new(NodeAddressBytes::from_bytes([index as u8; 32]), PublicKey::from(&secret(index)));
		Self {
			secret: secret(0),
			route: (0..HOPS).map(node).collect(),
			destination: Destination::new(DestinationAddressBytes::from_bytes([7; 32]), [7; 16]),
			delays: vec![Delay::new_from_millis(1000); HOPS],
		}
	}

	/// Builds a packet for the route.
	pub fn build(&self) -> SphinxPacket {
		// The payload must have room for what is added to the message.
		SphinxPacketBuilder::new()
			.with_payload_size(PAYLOAD_DATA_SIZE + sphinx_packet::payload::PAYLOAD_OVERHEAD_SIZE)
			.build_packet(MESSAGE, &self.route, &self.destination, &self.delays)
			.expect("the message fits")
	}

	/// Unwraps a packet at the first hop.
	pub fn unwrap(&self, packet: SphinxPacket) -> SphinxPacket {
		match packet.process(&self.secret).expect("it was made for this key").data {
			sphinx_packet::ProcessedPacketData::ForwardHop { next_hop_packet, .. } => next_hop_packet,
			sphinx_packet::ProcessedPacketData::FinalHop { .. } => panic!("four hops follow"),
		}
	}
}

impl Default for Theirs {
	fn default() -> Self {
		Self::new()
	}
}

/// Builds `packets` of our packets in one batch, for a route of [`HOPS`] hops. The route is made before: its public keys take as
/// long as a fifth of a packet.
pub fn build_ours(backend: Backend, rng: &mut ChaChaRng, route: &[Hop], packets: usize) -> Vec<Packet> {
	let mut batch = BatchBuilder::default();
	for _ in 0..packets {
		batch.add_request(rng, route).expect("a route of fewer hops than there may be; qed");
	}
	let requests = batch.build(backend).requests;
	let built = complete_requests(requests.into_iter().zip(std::iter::repeat(&MESSAGE)));
	built.into_iter().map(|built| built.packet).collect()
}

/// Unwraps our packets in one batch, at the first hop, without a node.
pub fn unwrap_ours(backend: Backend, scratch: &mut Scratch, secret: &KxSecret, packets: Vec<Packet>) -> Vec<Packet> {
	let mut batch: Vec<_> = packets.into_iter().map(Unwrapping::from).collect();
	open_batch(backend, scratch, &[secret], &mut batch);
	finish_batch(backend, scratch, &mut batch, |_| true);
	batch.into_iter().filter_map(Unwrapping::into_forwarded).collect()
}

/// Builds `packets` of our packets with the fastest backend.
pub fn our_packets(packets: usize) -> Vec<Packet> {
	build_ours(Backend::best(), &mut rng(3), &ours::route(HOPS), packets)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn both_unwrap_all_packets_of_2_kb() {
		let theirs = Theirs::new();
		let packet = theirs.build();
		assert!(packet.payload.len() >= PAYLOAD_DATA_SIZE);
		let (before, len) = (packet.shared_secret(), packet.len());
		let next = theirs.unwrap(packet);
		assert!(next.shared_secret() != before && next.len() == len);

		let backend = Backend::best();
		assert_eq!(unwrap_ours(backend, &mut Scratch::new(), &ours::secret(0), our_packets(20)).len(), 20);
	}
}
