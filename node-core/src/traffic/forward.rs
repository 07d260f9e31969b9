//! Packets of others that wait for their delay to pass.

use crate::{time::Time, AddressedPacket, SessionIndex};
use alloc::collections::BinaryHeap;
use core::cmp::{Ordering, Reverse};

/// A packet to be forwarded.
#[derive(Debug)]
pub(crate) struct ForwardPacket {
	/// When to send it.
	pub deadline: Time,
	/// The session that it belongs to, and ends with.
	pub session: SessionIndex,
	/// What to send to whom.
	pub packet: AddressedPacket,
}

/// Ordered by deadline, then by arrival.
#[derive(Debug)]
struct Entry {
	arrival: u64,
	packet: ForwardPacket,
}

impl Entry {
	fn key(&self) -> (Time, u64) {
		(self.packet.deadline, self.arrival)
	}
}

impl PartialEq for Entry {
	fn eq(&self, other: &Self) -> bool {
		self.key() == other.key()
	}
}

impl Eq for Entry {}

impl PartialOrd for Entry {
	fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
		Some(self.cmp(other))
	}
}

impl Ord for Entry {
	fn cmp(&self, other: &Self) -> Ordering {
		self.key().cmp(&other.key())
	}
}

/// The packets that wait to be forwarded, in all sessions, bounded. When it is full, the newest packet is the one that
/// is not taken.
#[derive(Debug)]
pub(crate) struct ForwardQueue {
	capacity: usize,
	arrivals: u64,
	heap: BinaryHeap<Reverse<Entry>>,
}

impl ForwardQueue {
	pub fn new(capacity: usize) -> Self {
		Self { capacity, arrivals: 0, heap: BinaryHeap::new() }
	}

	/// Takes no packet from now on while there are so many. Those that wait already do so on.
	pub fn set_capacity(&mut self, capacity: usize) {
		self.capacity = capacity;
	}

	pub fn len(&self) -> usize {
		self.heap.len()
	}

	pub fn is_full(&self) -> bool {
		self.heap.len() >= self.capacity
	}

	/// Takes `packet`, or returns `false` if the queue is full.
	pub fn push(&mut self, packet: ForwardPacket) -> bool {
		if self.is_full() {
			return false;
		}
		self.arrivals += 1;
		self.heap.push(Reverse(Entry { arrival: self.arrivals, packet }));
		true
	}

	pub fn next_deadline(&self) -> Option<Time> {
		self.heap.peek().map(|Reverse(entry)| entry.packet.deadline)
	}

	/// The packet with the earliest deadline, if that has come.
	pub fn pop_due(&mut self, now: Time) -> Option<AddressedPacket> {
		if self.next_deadline()? > now {
			return None;
		}
		self.heap.pop().map(|Reverse(entry)| entry.packet.packet)
	}

	/// Removes the packets of sessions that are over: those for which `is_live` is false. Returns how many there were.
	pub fn retain_sessions(&mut self, is_live: impl Fn(SessionIndex) -> bool) -> usize {
		let before = self.heap.len();
		self.heap.retain(|Reverse(entry)| is_live(entry.packet.session));
		before - self.heap.len()
	}
}
