//! Request and reply packets that wait for a tick of their session's clock.

use crate::{request::RequestId, AddressedPacket};
use std::collections::VecDeque;

/// What an authored packet carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AuthoredKind {
	/// A fragment of a copy of this request.
	Request(RequestId),
	/// A fragment of a copy of a reply.
	Reply,
}

/// A packet of ours, ready to be sent.
#[derive(Debug)]
pub(crate) struct AuthoredPacket {
	pub kind: AuthoredKind,
	pub packet: AddressedPacket,
}

/// The packets that wait in one session: first in, first out, bounded.
#[derive(Debug)]
pub(crate) struct AuthoredQueue {
	capacity: usize,
	queue: VecDeque<AuthoredPacket>,
}

impl AuthoredQueue {
	pub fn new(capacity: usize) -> Self {
		Self { capacity, queue: VecDeque::new() }
	}

	pub fn capacity(&self) -> usize {
		self.capacity
	}

	pub fn len(&self) -> usize {
		self.queue.len()
	}

	pub fn has_room_for(&self, packets: usize) -> bool {
		packets <= self.capacity - self.queue.len()
	}

	/// Appends the packets of one copy of a message, all or none. Returns whether there was room for them.
	pub fn push_all(&mut self, packets: Vec<AuthoredPacket>) -> bool {
		let room = self.has_room_for(packets.len());
		if room {
			self.queue.extend(packets);
		}
		room
	}

	pub fn pop(&mut self) -> Option<AuthoredPacket> {
		self.queue.pop_front()
	}

	/// Removes what waits of a request that needs no more sending.
	pub fn remove_request(&mut self, id: RequestId) {
		self.queue.retain(|packet| packet.kind != AuthoredKind::Request(id));
	}

	/// Removes all. Returns how many there were.
	pub fn clear(&mut self) -> usize {
		let len = self.queue.len();
		self.queue.clear();
		len
	}
}
