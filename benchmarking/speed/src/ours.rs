//! Our node, and packets for it.

use crate::{rng, HOPS, MIXNODES};
use mixnet_node_core::{
	sphinx::{build_request, Backend, BatchBuilder, Hop, Target, PACKET_SIZE, PAYLOAD_DATA_SIZE},
	ChainSession, Config, KxSecret, Mixnet, Mixnode, MixnodeIndex, Packet, PeerId, RelativeSession, Role, SessionPhase,
	SessionStatus, Time,
};
use rand_chacha::{rand_core::RngCore, ChaChaRng};

/// Our node. It is mixnode 0 in each session.
pub type Node = Mixnet<ChaChaRng>;

/// The peer that packets come from: mixnode 1. A stranger may have fewer packets forwarded.
pub const SENDER: PeerId = PeerId([2; 32]);

/// How many packets a node takes to forward in a mean delay, from all peers.
pub const CAPACITY: usize = 10_000;

/// The secret key of a mixnode in session 0.
pub fn secret(index: usize) -> KxSecret {
	KxSecret::from_bytes([index as u8 + 1; 32])
}

/// The peer ID of a mixnode in session 0.
pub fn peer_id(index: usize) -> PeerId {
	PeerId([index as u8 + 1; 32])
}

/// The mixnodes of session 0.
pub fn mixnodes() -> Vec<Mixnode> {
	let mixnode =
		|index| Mixnode { kx_public: secret(index).public(), peer_id: peer_id(index), external_addresses: Vec::new() };
	(0..MIXNODES).map(mixnode).collect()
}

/// A node with one live session, which has forwarded nothing yet.
pub fn node(backend: Backend) -> Node {
	let mut config = Config::default();
	config.parameters.forward_queue_capacity = CAPACITY as u32;
	start(config, backend)
}

fn start(config: Config, backend: Backend) -> Node {
	let mut node = Node::new(config, peer_id(0), rng(0), Some(secret(0))).expect("a valid configuration; qed");
	node.set_backend(backend);
	node.set_status(Time::ZERO, SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev });
	node.set_session(Time::ZERO, ChainSession::new(0, Ok(mixnodes())));
	assert!(matches!(node.role(RelativeSession::Current), Role::Mixnode(_)));
	node
}

/// A node with two live sessions.
pub fn node_in_two_sessions(backend: Backend) -> Node {
	let mut node = node(backend);
	let (session, kx_public) = node.next_kx_public();
	let mut mixnodes = mixnodes();
	mixnodes[0].kx_public = kx_public;
	node.set_status(Time::ZERO, SessionStatus { current_index: session, phase: SessionPhase::CoverToCurrent });
	node.set_session(Time::ZERO, ChainSession::new(session, Ok(mixnodes)));
	assert!(RelativeSession::BOTH.iter().all(|session| matches!(node.role(*session), Role::Mixnode(_))));
	node
}

/// A route over mixnodes 0, 1 and so on.
pub fn route(hops: usize) -> Vec<Hop> {
	let hop = |index| {
		let target = Target::Mixnode(MixnodeIndex::new(index as u16).expect("far below the highest index; qed"));
		Hop { target, kx_public: secret(index).public() }
	};
	(0..hops).map(hop).collect()
}

/// Builds `packets` packets that mixnode 0 forwards to mixnode 1.
pub fn packets_to_forward(packets: usize) -> Vec<Packet> {
	let (mut rng, route) = (rng(1), route(HOPS));
	let packet = |_| {
		let built = build_request(&mut rng, &route, &[42; PAYLOAD_DATA_SIZE]);
		built.expect("a route of as many hops as there may be; qed").packet
	};
	(0..packets).map(packet).collect()
}

/// Makes `packets` packets that no key fits. Their own keys are points of the curve, as a clever attacker's would be.
pub fn bad_packets(packets: usize) -> Vec<Packet> {
	let mut rng = rng(2);
	let packet = |_| {
		let mut packet = [0; PACKET_SIZE];
		rng.fill_bytes(&mut packet);
		packet[..32].copy_from_slice(&KxSecret::random(&mut rng).public().0);
		Packet::from(packet)
	};
	(0..packets).map(packet).collect()
}

/// Copies packets, as if they came from a peer.
pub fn received(packets: &[Packet]) -> Vec<(PeerId, Packet)> {
	packets.iter().map(|packet| (SENDER, packet.clone())).collect()
}

/// Gives a batch to the node; a single packet is given alone.
pub fn handle(node: &mut Node, mut packets: Vec<(PeerId, Packet)>) {
	match packets.pop() {
		Some((from, packet)) if packets.is_empty() => {
			node.handle_packet(Time::ZERO, from, packet);
		},
		last => node.handle_packets(Time::ZERO, packets.into_iter().chain(last)),
	}
}

/// A node that sends drop cover only. It sends no loops, which would have to come back.
pub fn node_with_drop_cover(backend: Backend) -> Node {
	let mut config = Config::default();
	config.parameters.loop_cover_permille = 0;
	let mut node = start(config, backend);
	build(&mut node, Time::ZERO);
	node
}

/// Has the node build its cover ahead, as a driver does while nothing is due.
fn build(node: &mut Node, now: Time) {
	while node.poll_timeout().is_some_and(|at| at <= now) {
		node.handle_timeout(now);
	}
}

/// Advances the node's time to its next tick, and returns the packet that it sends then.
///
/// Polls until the node has nothing more to send, as a driver does; the node builds more cover ahead then.
pub fn send_cover(node: &mut Node) -> Packet {
	let tick = node.poll_timeout().expect("the clock of a live session ticks");
	node.handle_timeout(tick);
	let packet = node.poll_transmit().expect("at each tick there is a packet").packet;
	assert!(node.poll_transmit().is_none());
	build(node, tick);
	packet
}

/// Builds `packets` cover packets in one batch.
pub fn build_cover(backend: Backend, rng: &mut ChaChaRng, route: &[Hop], packets: usize) -> Vec<Packet> {
	let mut batch = BatchBuilder::default();
	for _ in 0..packets {
		batch.add_cover(rng, route, None).expect("a route of as many hops as there may be; qed");
	}
	batch.build(backend).covers.into_iter().map(|built| built.packet).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use mixnet_node_core::DropReason;
	use std::collections::BTreeSet;

	#[test]
	fn each_work_ends_as_its_name_says() {
		for backend in Backend::available() {
			for size in [1, 32] {
				let packets = packets_to_forward(size);
				let mut node = node(backend);
				handle(&mut node, received(&packets));
				assert_eq!(node.statistics().packets_accepted_to_forward, size as u64);
				handle(&mut node, received(&packets));
				assert_eq!(node.statistics().dropped(DropReason::Replayed), size as u64);

				let mut node = node_in_two_sessions(backend);
				handle(&mut node, received(&packets));
				assert_eq!(node.statistics().packets_accepted_to_forward, size as u64, "the key of the session before");
				handle(&mut node, received(&bad_packets(size)));
				assert_eq!(node.statistics().dropped(DropReason::UnknownKey), size as u64);
			}
			let mut node = node_with_drop_cover(backend);
			let sent: BTreeSet<_> = (0..100).map(|_| *send_cover(&mut node).as_bytes()).collect();
			assert_eq!((sent.len(), node.statistics().drop_cover_authored), (100, 100));
		}
	}
}
