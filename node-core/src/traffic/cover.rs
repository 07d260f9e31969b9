//! Drop cover that was built before its tick.

use super::AddressedPacket;
use crate::sphinx::PACKET_SIZE;
use alloc::vec::Vec;

/// Drop cover of one session, ready to be sent.
///
/// At a mixnode the route of cover depends on nothing that changes, so it does not matter when the packets are built.
/// Several are built in less time together. And at its tick, cover is sent as fast as a request, which was built before as
/// well.
#[derive(Default)]
pub(crate) struct CoverStock(Vec<AddressedPacket>);

impl CoverStock {
	/// Number of packets that are built at a time, and the most that are kept.
	pub const SIZE: usize = 8;

	/// The most bytes of heap that a stock takes.
	pub const fn max_bytes() -> usize {
		Self::SIZE * (PACKET_SIZE + size_of::<AddressedPacket>())
	}

	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}

	/// Replaces the packets that are left.
	pub fn fill(&mut self, packets: Vec<AddressedPacket>) {
		self.clear();
		self.0 = packets;
	}

	pub fn pop(&mut self) -> Option<AddressedPacket> {
		self.0.pop()
	}

	/// Zeroises the packets: nobody who reads our memory later may find out which ones were cover.
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
