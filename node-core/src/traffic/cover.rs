//! Drop cover that was built before its tick.

use super::AddressedPacket;
use crate::sphinx::PACKET_SIZE;
use alloc::vec::Vec;

/// Drop cover of one session, ready to be sent.
///
/// Where the route of cover depends on nothing that changes, that is, at a mixnode, it makes no difference to the packets
/// when they are built. Together they are built in less time; and at its tick cover is sent as soon as a request is, which
/// was built before as well.
#[derive(Default)]
pub(crate) struct CoverStock(Vec<AddressedPacket>);

impl CoverStock {
	/// How many are built at a time, and at most there.
	pub const SIZE: usize = 8;

	/// The most bytes of heap that a stock takes.
	pub const fn max_bytes() -> usize {
		Self::SIZE * (PACKET_SIZE + size_of::<AddressedPacket>())
	}

	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}

	/// Replaces what is left.
	pub fn fill(&mut self, packets: Vec<AddressedPacket>) {
		self.clear();
		self.0 = packets;
	}

	pub fn pop(&mut self) -> Option<AddressedPacket> {
		self.0.pop()
	}

	/// Whoever reads our memory later shall not find out which packets would have been cover.
	fn clear(&mut self) {
		for packet in &mut self.0 {
			packet.packet.zeroize();
		}
		self.0.clear();
	}
}

impl Drop for CoverStock {
	fn drop(&mut self) {
		self.clear();
	}
}
