//! A node of a [`World`](crate::World): its core, and the counters that its driver keeps.
//!
//! [`Core`] is what the world asks of an implementation of the protocol. [`Mixnet`] is ours (see `ours.rs`, which alone
//! names the calls by which it learns from the chain); tests bring others.

use crate::counters::DriverCounters;
use mixnet_node_core::{
	AddressedPacket, Alarm, DropReason, HandlingDelay, KxPublic, MessageId, Mixnet, Mixnode, MixnodesError, Packet,
	Parameters, PeerId, PostError, ReplyError, ReplyTo, RequestError, RequestId, SessionIndex, SessionStatus, Time,
};
use rand_chacha::ChaChaRng;
use std::{
	collections::{BTreeMap, BTreeSet},
	fmt::Debug,
	time::Duration,
};

/// Something that a core tells its driver.
#[derive(Debug)]
pub enum Event<R> {
	/// A request of another node came.
	Request {
		/// Chosen by the source.
		message_id: MessageId,
		/// What it says.
		data: Vec<u8>,
		/// What it takes to reply.
		reply_to: R,
	},
	/// A request of its own was answered.
	Answered {
		/// As [`Core::post_request`] returned it.
		id: RequestId,
		/// What the answer says.
		data: Vec<u8>,
		/// How long it took, if the implementation says so.
		round_trip: Option<Duration>,
	},
	/// A request of its own was given up.
	Failed {
		/// As [`Core::post_request`] returned it.
		id: RequestId,
		/// The reason.
		error: RequestError,
		/// Did any packet of it leave the node?
		sent: bool,
	},
	/// It wants to be connected to other peers than before.
	ReservedPeersChanged,
	/// The session status changed.
	SessionChanged(SessionStatus),
	/// The mixnet rests in a session.
	Resting {
		/// The session that has no mixnodes.
		session: SessionIndex,
		/// Why, in words.
		reason: String,
	},
	/// Loop cover shows that packets get lost.
	LoopAlarm {
		/// The session whose packets get lost.
		session: SessionIndex,
		/// What is wrong.
		alarm: Alarm,
	},
}

/// An implementation of the protocol: one node's state, without clock or network.
pub trait Core {
	/// What it takes to reply to a request.
	type ReplyTo: Debug;

	/// The session that a request came in.
	fn session_of(reply_to: &Self::ReplyTo) -> SessionIndex;

	/// The chain is in this phase of this session.
	fn set_status(&mut self, now: Time, status: SessionStatus);
	/// The sessions that it wants to know the mixnodes of.
	fn wanted_sessions(&self) -> Vec<SessionIndex>;
	/// The chain has these mixnodes and parameters for a session that it wants to know of.
	fn set_session(
		&mut self,
		now: Time,
		session: SessionIndex,
		parameters: Option<Parameters>,
		mixnodes: Result<Vec<Mixnode>, MixnodesError>,
	);
	/// The chain has nothing more to say for now.
	fn told(&mut self) {}
	/// The sessions in which it takes part.
	fn sessions(&self) -> BTreeSet<SessionIndex>;
	/// Its key for the next session that it can register for.
	fn next_kx_public(&mut self) -> (SessionIndex, KxPublic);

	/// The peers that it wants to be connected to.
	fn reserved_peers(&self) -> BTreeSet<PeerId>;
	/// It is connected to this peer from now on, or no longer.
	fn set_connected(&mut self, now: Time, peer_id: PeerId, is_connected: bool);

	/// Posts a request.
	fn post_request(
		&mut self,
		now: Time,
		data: Vec<u8>,
		surbs: usize,
		delay: HandlingDelay,
	) -> Result<RequestId, PostError>;
	/// Gives up a request of its own. Returns whether it was pending.
	fn cancel_request(&mut self, now: Time, id: RequestId) -> bool;
	/// Replies to a request.
	fn post_reply(&mut self, now: Time, reply_to: Self::ReplyTo, data: Vec<u8>) -> Result<(), ReplyError>;
	/// Gives a request back, without a reply.
	fn abandon_request(&mut self, reply_to: Self::ReplyTo);

	/// A packet came. Returns why it was dropped, if it was.
	fn handle_packet(&mut self, now: Time, from: PeerId, packet: Packet) -> Option<DropReason>;
	/// Does what is due.
	fn handle_timeout(&mut self, now: Time);
	/// Builds one thing that its driver is to build. Returns whether there was one.
	fn build_one(&mut self, _now: Time) -> bool {
		false
	}
	/// When it wants to be called again.
	fn poll_timeout(&self) -> Option<Time>;
	/// The next packet to be sent.
	fn poll_transmit(&mut self) -> Option<AddressedPacket>;
	/// The next event.
	fn poll_event(&mut self) -> Option<Event<Self::ReplyTo>>;

	/// Is it ours? Then its statistics are checked.
	fn ours(&self) -> Option<&Ours> {
		None
	}
}

/// Our own implementation, as the world runs it.
pub type Ours = Mixnet<ChaChaRng>;

/// A node, and its driver's counters.
pub struct Node<C> {
	/// Its peer ID.
	pub peer_id: PeerId,
	/// Its core. Tests may look into it; what they do with it beside the world is not checked.
	pub mixnet: C,
	/// The peers that it is connected to.
	pub connected: BTreeSet<PeerId>,
	/// Requests answered, with the answers.
	pub answered: BTreeMap<RequestId, Vec<u8>>,
	/// Requests that failed, with the reasons.
	pub failed: BTreeMap<RequestId, String>,
	/// Requests of others that came, by data.
	pub received: BTreeMap<Vec<u8>, usize>,
	/// Requests that were posted.
	pub posted: BTreeSet<RequestId>,
	/// What the checks keep.
	pub(crate) counters: DriverCounters,
}

impl<C: Core> Node<C> {
	pub(crate) fn new(peer_id: PeerId, mixnet: C) -> Self {
		Self {
			peer_id,
			counters: DriverCounters::new(mixnet.ours().map(|ours| ours.config().parameters)),
			mixnet,
			connected: BTreeSet::new(),
			answered: BTreeMap::new(),
			failed: BTreeMap::new(),
			received: BTreeMap::new(),
			posted: BTreeSet::new(),
		}
	}

	/// Has this request been answered, or has it failed?
	pub fn has_ended(&self, id: &RequestId) -> bool {
		self.answered.contains_key(id) || self.failed.contains_key(id)
	}
}

/// A request of another node, left to the test.
pub struct Held<R = ReplyTo> {
	/// The node that it came to.
	pub node: usize,
	/// Its message ID.
	pub message_id: MessageId,
	/// What it says.
	pub data: Vec<u8>,
	/// What it takes to reply.
	pub reply_to: R,
}
