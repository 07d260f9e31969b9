//! A packet and where it goes.

use crate::{sphinx::Packet, PeerId};

/// A packet, and the peer to send it to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressedPacket {
	/// The peer to send it to. It may not be connected.
	pub peer_id: PeerId,
	/// The packet.
	pub packet: Packet,
}
