//! Request and reply packets that wait for a tick of their session's clock.

use super::AddressedPacket;
use crate::{
	bytes::{list, sum, POINTER},
	request::RequestId,
	sphinx::{MixnodeIndex, PACKET_SIZE},
	time::Time,
};
use alloc::{collections::VecDeque, sync::Arc, vec::Vec};

/// The contents of an authored packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthoredKind {
	/// A fragment of a copy of this request.
	Request(RequestId),
	/// A fragment of a copy of a reply.
	Reply,
}

/// The mixnodes of which a packet's first hop was drawn, each as likely as the others.
///
/// No route begins at its own destination, so the fragments of a request never go there first; cover goes to all alike. A
/// mixnode that gets fewer packets of somebody than others do could tell that a request to it is on its way. So a request
/// takes the place only of cover that was to go to one of these mixnodes. Then the first hops of what we send have the same
/// distribution, whatever waits and wherever it goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FirstHops {
	/// All that cover goes to. And replies, whose first hop their SURB says.
	Any,
	/// All but the destination: requests of a mixnode.
	AllBut(MixnodeIndex),
	/// These gateways: requests of a user.
	Gateways(Arc<Vec<MixnodeIndex>>),
}

impl FirstHops {
	/// May a packet take the place of cover that was to go to this mixnode?
	pub fn contains(&self, first: MixnodeIndex) -> bool {
		match self {
			Self::Any => true,
			Self::AllBut(destination) => *destination != first,
			Self::Gateways(gateways) => gateways.contains(&first),
		}
	}

	/// The share of drop cover whose place it may take. Cover goes to these `gateways`, or to this many `others` if we are a
	/// mixnode.
	fn share(&self, gateways: &[MixnodeIndex], others: usize) -> f64 {
		let (of, all) = match self {
			Self::Any => (1, 1),
			Self::AllBut(_) => (others.saturating_sub(1), others),
			Self::Gateways(_) => (gateways.iter().filter(|gateway| self.contains(**gateway)).count(), gateways.len()),
		};
		// If it is none, the gateways are gone, and the packet leaves the queue at the next tick.
		if of == 0 {
			1.0
		} else {
			of as f64 / all as f64
		}
	}
}

/// A packet of ours, ready to be sent.
#[derive(Debug)]
pub struct AuthoredPacket {
	/// What it carries.
	pub kind: AuthoredKind,
	/// The packet.
	pub packet: AddressedPacket,
	/// The mixnodes of which its first hop was drawn.
	pub first_hops: FirstHops,
}

/// The packets that wait in one session: first in, first out, up to a capacity.
///
/// Requests wait outside until there is room for them, replies do not. Neither may keep the other out. So requests leave a
/// part of a mixnode's queue to replies. And replies leave the room that the next waiting request needs, and for some time
/// the room that a refused request was told to come back for.
#[derive(Debug)]
pub struct AuthoredQueue {
	capacity: usize,
	/// Most packets of requests in `queue`.
	max_requests: usize,
	/// Packets of requests in `queue`.
	requests: usize,
	/// Room that the first waiting request needs, in packets.
	reserved: usize,
	/// Room promised to a refused request, in packets, and until when the promise holds.
	promised: Option<(usize, Time)>,
	queue: VecDeque<AuthoredPacket>,
}

/// Of this many packets in a mixnode's queue, its own requests leave one to replies.
const REPLIES_ONE_IN: usize = 4;

impl AuthoredQueue {
	/// The most bytes of heap that a queue of this capacity takes at a node with at most this many gateways.
	pub fn max_bytes(capacity: usize, gateways: usize) -> usize {
		// The first hops of a user's request. They are shared by the packets of a copy, of which there may be as few as one.
		let first_hops = match gateways {
			0 => 0,
			_ => sum([list(gateways, size_of::<MixnodeIndex>()), size_of::<Vec<MixnodeIndex>>(), 2 * POINTER]),
		};
		let packet = PACKET_SIZE.saturating_add(first_hops);
		sum([capacity.saturating_mul(packet), list(capacity, size_of::<AuthoredPacket>())])
	}

	/// An empty queue. `answers`: will there be replies, that is, are we a mixnode?
	pub fn new(capacity: usize, answers: bool) -> Self {
		let max_requests = capacity - if answers { capacity / REPLIES_ONE_IN } else { 0 };
		Self { capacity, max_requests, requests: 0, reserved: 0, promised: None, queue: VecDeque::new() }
	}

	/// The most packets of replies, and so the most of one reply.
	pub fn capacity(&self) -> usize {
		self.capacity
	}

	/// The most packets of requests, and so the most of one request.
	pub fn max_requests(&self) -> usize {
		self.max_requests
	}

	/// Number of packets.
	pub fn len(&self) -> usize {
		self.queue.len()
	}

	/// Is there room for a request of this many packets?
	pub fn has_room_for_request(&self, packets: usize) -> bool {
		self.queue.len() + packets <= self.capacity && self.requests + packets <= self.max_requests
	}

	/// How many packets must leave before there is room for a request of `packets` packets. Reads the queue up to there.
	pub fn in_the_way_of_request(&self, packets: usize) -> usize {
		let of_all = (self.queue.len() + packets).saturating_sub(self.capacity);
		let of_requests = (self.requests + packets).saturating_sub(self.max_requests);
		// Packets of requests and of replies wait in one queue: find the last request packet that must leave.
		let requests = self.queue.iter().zip(1..).filter(|(packet, _)| packet.kind != AuthoredKind::Reply);
		let last = of_requests
			.checked_sub(1)
			.map_or(0, |before| requests.map(|(_, at)| at).nth(before).unwrap_or(of_requests));
		of_all.max(last)
	}

	/// The same for a new request, while `waiting` packets of other requests wait for room. If a larger request was told to
	/// come back, its room is kept for it.
	pub fn in_the_way_of_new_request(&self, now: Time, packets: usize, waiting: usize) -> usize {
		let promised = self.promised(now);
		let kept = if packets < promised { promised } else { 0 };
		self.in_the_way_of_request(packets + waiting + kept)
	}

	/// The ticks for drop cover that it takes on average until `packets` packets have left, those that wait first. Cover goes
	/// to these `gateways`, or to this many `others` if we are a mixnode.
	pub fn ticks_to_send(&self, packets: usize, gateways: &[MixnodeIndex], others: usize) -> f64 {
		let queued = packets.min(self.queue.len());
		let ticks = |packet: &AuthoredPacket| 1.0 / packet.first_hops.share(gateways, others);
		(packets - queued) as f64 + self.queue.iter().take(queued).map(ticks).sum::<f64>()
	}

	fn promised(&self, now: Time) -> usize {
		self.promised.filter(|(_, until)| now < *until).map_or(0, |(packets, _)| packets)
	}

	/// Is there room for a reply of this many packets, beside the room for requests that wait or were refused?
	pub fn has_room_for_reply(&self, now: Time, packets: usize) -> bool {
		self.queue.len() + packets + self.reserved.max(self.promised(now)) <= self.capacity
	}

	/// Promises room to a refused request: until `until`, replies and smaller requests are kept out of it. Of several
	/// promises the largest one counts.
	pub fn promise(&mut self, now: Time, packets: usize, until: Time) {
		if packets >= self.promised(now) {
			self.promised = Some((packets, until));
		}
	}

	/// A new request of this many packets was taken. If it may be the one that was told to come back, the promise ends.
	pub fn taken(&mut self, now: Time, packets: usize) {
		if packets >= self.promised(now) {
			self.promised = None;
		}
	}

	/// Keeps replies out of the room that the first waiting request needs.
	pub fn reserve(&mut self, packets: usize) {
		self.reserved = packets;
	}

	/// Appends the packets of one copy of a request, all or none, each with its first hop drawn of `first_hops`. Returns
	/// whether there was room for them.
	pub fn push_request(&mut self, id: RequestId, packets: Vec<AddressedPacket>, first_hops: &FirstHops) -> bool {
		let room = self.has_room_for_request(packets.len());
		if room {
			self.requests += packets.len();
			let kind = AuthoredKind::Request(id);
			let authored = |packet| AuthoredPacket { kind, packet, first_hops: first_hops.clone() };
			self.queue.extend(packets.into_iter().map(authored));
		}
		room
	}

	/// Appends the packets of one copy of a reply, all or none. Returns whether there was room for them.
	pub fn push_reply(&mut self, now: Time, packets: Vec<AddressedPacket>) -> bool {
		let room = self.has_room_for_reply(now, packets.len());
		if room {
			let kind = AuthoredKind::Reply;
			let authored = |packet| AuthoredPacket { kind, packet, first_hops: FirstHops::Any };
			self.queue.extend(packets.into_iter().map(authored));
		}
		room
	}

	/// The packet that has waited longest.
	pub fn front(&self) -> Option<&AuthoredPacket> {
		self.queue.front()
	}

	/// Takes the packet that has waited longest.
	pub fn pop(&mut self) -> Option<AuthoredPacket> {
		let packet = self.queue.pop_front()?;
		if packet.kind != AuthoredKind::Reply {
			self.requests -= 1;
		}
		Some(packet)
	}

	/// Removes the packets of a request that need not be sent any more.
	pub fn remove_request(&mut self, id: RequestId) {
		let before = self.queue.len();
		self.queue.retain(|packet| packet.kind != AuthoredKind::Request(id));
		self.requests -= before - self.queue.len();
	}

	/// Removes all packets and promises. Returns how many packets there were.
	pub fn clear(&mut self) -> usize {
		let len = self.queue.len();
		self.queue.clear();
		self.requests = 0;
		self.reserved = 0;
		self.promised = None;
		len
	}
}
