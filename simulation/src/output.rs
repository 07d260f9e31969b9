//! What leaves the nodes of a [`World`](crate::World), and who sees it.

use crate::node::Event;
use mixnet_node_core::{AddressedPacket, Packet, PeerId, Time};

/// Something that leaves a node, or comes to it.
pub enum Output<'a, R> {
	/// It sends a packet.
	Packet(&'a AddressedPacket),
	/// It tells its driver something.
	Event(&'a Event<R>),
	/// When it wants to be called again, asked after everything else was polled.
	Timeout(Option<Time>),
	/// A packet is about to be given to it. Not in the digest: it left another node before.
	Arrival {
		/// The node that sent it.
		from: PeerId,
		/// The packet itself.
		packet: &'a Packet,
	},
}

/// Sees everything that leaves the nodes, and what comes to them: when, and which node it is.
pub type Observer<R> = Box<dyn FnMut(Time, usize, Output<R>)>;
