//! Packets of others that wait for their delay to pass.

use super::{heap::Heap, slab::Slab, AddressedPacket};
use crate::{
	bytes::{list, sum},
	sphinx::PACKET_SIZE,
	time::Time,
	SessionIndex,
};
use core::time::Duration;

/// A packet to be forwarded, with its session and its deadline.
#[derive(Debug)]
pub struct ForwardPacket {
	/// When to send it.
	pub deadline: Time,
	/// The session that it belongs to. When that is over, the packet is dropped.
	pub session: SessionIndex,
	/// The packet, and the peer to send it to.
	pub packet: AddressedPacket,
}

/// When a packet is due. Ordered by deadline, then by arrival.
///
/// A heap moves its entries about. So entries are small, and packets stay in the slab.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Due {
	/// The deadline in two parts, which leave no padding.
	seconds: u64,
	nanoseconds: u32,
	arrival: u64,
	/// The packet's number in the slab.
	packet: u32,
}

impl Due {
	fn new(deadline: Time, arrival: u64, packet: u32) -> Self {
		let deadline = deadline.since_epoch();
		Self { seconds: deadline.as_secs(), nanoseconds: deadline.subsec_nanos(), arrival, packet }
	}

	fn deadline(&self) -> Time {
		Time::from_duration(Duration::new(self.seconds, self.nanoseconds))
	}
}

/// A packet that waits.
#[derive(Debug)]
struct Waiting {
	session: SessionIndex,
	packet: AddressedPacket,
}

/// The packets that wait to be forwarded, in all sessions, up to a capacity. A full queue refuses new packets.
#[derive(Debug)]
pub struct ForwardQueue {
	capacity: usize,
	arrivals: u64,
	/// An entry for each packet.
	order: Heap<Due>,
	packets: Slab<Waiting>,
}

impl ForwardQueue {
	/// The most bytes of heap that a queue of this capacity takes.
	pub fn max_bytes(capacity: usize) -> usize {
		let entry = size_of::<Due>() + Slab::<Waiting>::ENTRY_SIZE;
		sum([capacity.saturating_mul(PACKET_SIZE), list(capacity, entry)])
	}

	/// An empty queue for at most `capacity` packets.
	pub fn new(capacity: usize) -> Self {
		Self { capacity, arrivals: 0, order: Heap::new(), packets: Slab::new() }
	}

	/// Sets the capacity from now on. Packets that wait already stay, even if they are more.
	pub fn set_capacity(&mut self, capacity: usize) {
		self.capacity = capacity;
	}

	/// Number of packets.
	pub fn len(&self) -> usize {
		self.order.len()
	}

	/// Does it take no more packets?
	pub fn is_full(&self) -> bool {
		self.len() >= self.capacity
	}

	/// Takes `packet`, or returns `false` if the queue is full.
	pub fn push(&mut self, packet: ForwardPacket) -> bool {
		if self.is_full() {
			return false;
		}
		let ForwardPacket { deadline, session, packet } = packet;
		let Some(packet) = self.packets.insert(Waiting { session, packet }) else { return false };
		self.arrivals += 1;
		self.order.push(Due::new(deadline, self.arrivals, packet));
		true
	}

	/// When the next packet is due. `None` if there are no packets.
	pub fn next_deadline(&self) -> Option<Time> {
		self.order.peek().map(Due::deadline)
	}

	/// Removes the packet with the earliest deadline, if that has come.
	pub fn pop_due(&mut self, now: Time) -> Option<AddressedPacket> {
		if self.next_deadline()? > now {
			return None;
		}
		let due = self.order.pop()?;
		self.packets.remove(due.packet).map(|waiting| waiting.packet)
	}

	/// Removes the packets of sessions for which `is_live` is false. Returns how many there were.
	pub fn retain_sessions(&mut self, is_live: impl Fn(SessionIndex) -> bool) -> usize {
		let before = self.len();
		self.order.retain(|due| {
			let is_live = self.packets.get(due.packet).is_some_and(|waiting| is_live(waiting.session));
			if !is_live {
				self.packets.remove(due.packet);
			}
			is_live
		});
		before - self.len()
	}
}
