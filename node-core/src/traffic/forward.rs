//! Packets of others that wait for their delay to pass.

use super::{heap::Heap, slab::Slab, AddressedPacket};
use crate::{
	bytes::{list, sum},
	sphinx::PACKET_SIZE,
	time::Time,
	SessionIndex,
};
use core::time::Duration;

/// A packet to be forwarded.
#[derive(Debug)]
pub struct ForwardPacket {
	/// When to send it.
	pub deadline: Time,
	/// The session that it belongs to, and ends with.
	pub session: SessionIndex,
	/// What to send to whom.
	pub packet: AddressedPacket,
}

/// When a packet is due. Ordered by deadline, then by arrival.
///
/// A heap moves its entries about; so these are small, and the packets stay where they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Due {
	/// The deadline, in two parts that leave no gap.
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

/// A packet, while it waits.
#[derive(Debug)]
struct Waiting {
	session: SessionIndex,
	packet: AddressedPacket,
}

/// The packets that wait to be forwarded, in all sessions, bounded. When it is full, the newest packet is the one that
/// is not taken.
#[derive(Debug)]
pub struct ForwardQueue {
	capacity: usize,
	arrivals: u64,
	/// One for each packet.
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

	/// Takes no packet from now on while there are so many. Those that wait already do so on.
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

	/// The packet with the earliest deadline, if that has come.
	pub fn pop_due(&mut self, now: Time) -> Option<AddressedPacket> {
		if self.next_deadline()? > now {
			return None;
		}
		let due = self.order.pop()?;
		self.packets.remove(due.packet).map(|waiting| waiting.packet)
	}

	/// Removes the packets of sessions that are over: those for which `is_live` is false. Returns how many there were.
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
