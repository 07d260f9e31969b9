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

	/// Are all those that were drawn of among these connected gateways? A mixnode has none, and needs none.
	pub fn are_all_in(&self, connected_gateways: &[MixnodeIndex]) -> bool {
		match self {
			Self::Any | Self::AllBut(_) => true,
			Self::Gateways(gateways) => gateways.iter().all(|gateway| connected_gateways.contains(gateway)),
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

/// The packets that wait in one session: requests and replies apart, each first in, first out, up to a capacity.
///
/// Whoever made the SURBs of a reply knows how long it took everywhere but here. So what a reply waits for must not depend
/// on what this node's own user does. Requests and replies share neither places nor ticks.
///
/// Requests wait outside until there is room for them, replies do not. For some time, a request that was refused finds the
/// room that it was told to come back for.
#[derive(Debug)]
pub struct AuthoredQueue {
	max_requests: usize,
	max_replies: usize,
	/// Room promised to a refused request, in packets, and until when the promise holds.
	promised: Option<(usize, Time)>,
	requests: VecDeque<AuthoredPacket>,
	replies: VecDeque<AuthoredPacket>,
}

/// The share of a mixnode's places and of its ticks for drop cover that is for replies. With the same share of both, a full
/// queue of replies takes as long on average as if all places and all ticks were theirs. That is what sources reckon with.
pub(crate) const REPLIES_SHARE: f64 = 0.5;

impl AuthoredQueue {
	/// The most bytes of heap that a queue of this capacity takes at a node with at most this many gateways.
	pub fn max_bytes(capacity: usize, gateways: usize) -> usize {
		// The first hops of a user's request. They are shared by the packets of a copy, of which there may be as few as one.
		let first_hops = match gateways {
			0 => 0,
			_ => sum([list(gateways, size_of::<MixnodeIndex>()), size_of::<Vec<MixnodeIndex>>(), 2 * POINTER]),
		};
		let packet = PACKET_SIZE.saturating_add(first_hops);
		let capacity = Self::at_least(capacity);
		// Two lists.
		let entries = [list(capacity, size_of::<AuthoredPacket>()), list(0, size_of::<AuthoredPacket>())];
		sum([capacity.saturating_mul(packet), sum(entries)])
	}

	/// An empty queue. `answers`: will there be replies, that is, are we a mixnode? Then there are at least two places.
	pub fn new(capacity: usize, answers: bool) -> Self {
		let max_replies = if answers { (Self::at_least(capacity) as f64 * REPLIES_SHARE) as usize } else { 0 };
		let max_requests = if answers { Self::at_least(capacity) - max_replies } else { capacity };
		Self { max_requests, max_replies, promised: None, requests: VecDeque::new(), replies: VecDeque::new() }
	}

	/// The places in the queue of a mixnode of this capacity: at least one for a request, and one for a reply.
	const fn at_least(capacity: usize) -> usize {
		if capacity < 2 {
			2
		} else {
			capacity
		}
	}

	/// The most packets of replies, and so the most of one reply.
	pub fn max_replies(&self) -> usize {
		self.max_replies
	}

	/// The most packets of requests, and so the most of one request.
	pub fn max_requests(&self) -> usize {
		self.max_requests
	}

	/// Number of packets.
	pub fn len(&self) -> usize {
		self.requests.len() + self.replies.len()
	}

	/// Number of packets of requests.
	pub fn requests_len(&self) -> usize {
		self.requests.len()
	}

	/// Is there room for a request of this many packets?
	pub fn has_room_for_request(&self, packets: usize) -> bool {
		self.in_the_way_of_request(packets) == 0
	}

	/// How many packets of requests must leave before there is room for a request of `packets` packets.
	pub fn in_the_way_of_request(&self, packets: usize) -> usize {
		(self.requests.len() + packets).saturating_sub(self.max_requests)
	}

	/// The same for a new request, while `waiting` packets of other requests wait for room. If a larger request was told to
	/// come back, its room is kept for it.
	pub fn in_the_way_of_new_request(&self, now: Time, packets: usize, waiting: usize) -> usize {
		let promised = self.promised(now);
		let kept = if packets < promised { promised } else { 0 };
		self.in_the_way_of_request(packets + waiting + kept)
	}

	/// The ticks for drop cover that it takes on average until `packets` packets of requests have left, those that wait first.
	/// Cover goes to these `gateways`, or to this many `others` if we are a mixnode.
	pub fn ticks_to_send(&self, packets: usize, gateways: &[MixnodeIndex], others: usize) -> f64 {
		let queued = packets.min(self.requests.len());
		let ticks = |packet: &AuthoredPacket| 1.0 / packet.first_hops.share(gateways, others);
		let own_ticks = (packets - queued) as f64 + self.requests.iter().take(queued).map(ticks).sum::<f64>();
		if self.max_replies == 0 {
			own_ticks
		} else {
			own_ticks / (1.0 - REPLIES_SHARE)
		}
	}

	fn promised(&self, now: Time) -> usize {
		self.promised.filter(|(_, until)| now < *until).map_or(0, |(packets, _)| packets)
	}

	/// Is there room for a reply of this many packets?
	pub fn has_room_for_reply(&self, packets: usize) -> bool {
		self.replies.len() + packets <= self.max_replies
	}

	/// Promises room to a refused request: until `until`, smaller requests are kept out of it. Of several promises the
	/// largest one counts.
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

	/// Appends the packets of one copy of a request, all or none, each with its first hop drawn of `first_hops`. Returns
	/// whether there was room for them.
	pub fn push_request(&mut self, id: RequestId, packets: Vec<AddressedPacket>, first_hops: &FirstHops) -> bool {
		let room = self.has_room_for_request(packets.len());
		if room {
			let kind = AuthoredKind::Request(id);
			let authored = |packet| AuthoredPacket { kind, packet, first_hops: first_hops.clone() };
			self.requests.extend(packets.into_iter().map(authored));
		}
		room
	}

	/// Appends the packets of one copy of a reply, all or none. Returns whether there was room for them.
	pub fn push_reply(&mut self, packets: Vec<AddressedPacket>) -> bool {
		let room = self.has_room_for_reply(packets.len());
		if room {
			let kind = AuthoredKind::Reply;
			let authored = |packet| AuthoredPacket { kind, packet, first_hops: FirstHops::Any };
			self.replies.extend(packets.into_iter().map(authored));
		}
		room
	}

	/// The packet of a request that has waited longest.
	pub fn first_request(&self) -> Option<&AuthoredPacket> {
		self.requests.front()
	}

	/// Takes the packet of a request that has waited longest.
	pub fn pop_request(&mut self) -> Option<AuthoredPacket> {
		self.requests.pop_front()
	}

	/// Takes the packet of a reply that has waited longest.
	pub fn pop_reply(&mut self) -> Option<AuthoredPacket> {
		self.replies.pop_front()
	}

	/// Removes the packets of a request that need not be sent any more.
	pub fn remove_request(&mut self, id: RequestId) {
		self.requests.retain(|packet| packet.kind != AuthoredKind::Request(id));
	}

	/// Removes all packets and promises. Returns how many packets there were.
	pub fn clear(&mut self) -> usize {
		let len = self.len();
		self.requests.clear();
		self.replies.clear();
		self.promised = None;
		len
	}
}
