//! The state machine: one node's whole protocol state.
//!
//! It owns the rooms (sessions, traffic, requests, ..) and leads packets and requests through them; how each room works
//! is the room's own affair. A packet has one way, without turning back:
//!
//! ```text
//! handle_packet -> open under a session's key -> replay check -> finish -> forward queue -> poll_transmit
//!                                                           `-> assembler -> reply cache -> poll_event (a request)
//!                                                                       `--> pending requests -> poll_event (an answer)
//! post_request  -> pending requests -> authored queue of a session -> its clock ticks -> poll_transmit
//! post_reply    -> reply cache -----/
//! ```
//!
//! - `mod.rs`: the state, time, and polling.
//! - [`chain`]: what the chain says: sessions, mixnodes, keys.
//! - [`unwrapper`]: what of receiving needs keys alone, and can be done elsewhere.
//! - [`receive`]: packets in.
//! - [`send`]: packets out.
//! - [`requests`]: our own requests.
//! - [`posting`]: .. and how they get into the authored queue.
//! - [`replies`]: requests of others.

mod chain;
mod posting;
mod receive;
mod replies;
mod requests;
mod send;
mod unwrapper;

pub use chain::{ReservedPeer, Role};
pub use receive::MAX_BATCH;
pub use replies::ReplyError;
pub use requests::PostError;
pub use unwrapper::{ReceivedPacket, Unwrapper};

use crate::{
	loops::{Alarm, NetworkDelay},
	message::{Assembler, SurbKeystore},
	replay::ReplayTag,
	request::{PendingRequests, ReplyCache, ReplyTo, RequestError, RequestId},
	session::{DisabledReason, Sessions},
	sphinx::{Backend, BatchUnwrapper, Packet},
	statistics::{DropReason, Statistics},
	traffic::ForwardQueue,
	Config, ConfigError, KxSecret, MessageId, PeerId, RelativeSession, SessionIndex, SessionPhase, SessionStatus, Time,
};
use alloc::{
	collections::{BTreeSet, VecDeque},
	vec::Vec,
};
use core::time::Duration;
use rand_core::{CryptoRng, RngCore};

/// A packet, and the peer to send it to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressedPacket {
	/// To whom. Not necessarily connected.
	pub peer_id: PeerId,
	/// What.
	pub packet: Packet,
}

/// Something that the driver should know.
#[derive(Debug)]
pub enum Event {
	/// A request of another node, which is new. Hand `reply_to` back with [`Mixnet::post_reply`] or
	/// [`Mixnet::abandon_request`]; until then repeats of the request are ignored.
	Request {
		/// Chosen by the source, which may be anyone.
		message_id: MessageId,
		/// What it says.
		data: Vec<u8>,
		/// To reply.
		reply_to: ReplyTo,
	},
	/// A request of ours was answered. Whether the answer is true is another question.
	RequestAnswered {
		/// As [`Mixnet::post_request`] returned it.
		id: RequestId,
		/// What the answer says.
		data: Vec<u8>,
		/// Time since the request was posted.
		round_trip: Duration,
	},
	/// A request of ours was given up.
	RequestFailed {
		/// As [`Mixnet::post_request`] returned it.
		id: RequestId,
		/// Why.
		error: RequestError,
		/// Did any packet of it leave us? If so, it may have been handled all the same; if not, nobody knows of it.
		sent: bool,
	},
	/// Ask [`Mixnet::reserved_peers`] again.
	ReservedPeersChanged,
	/// The session status changed.
	SessionChanged(SessionStatus),
	/// The mixnet rests in a live session.
	SessionDisabled {
		/// In which.
		session: SessionIndex,
		/// Why.
		reason: DisabledReason,
	},
	/// Our loop cover shows that packets get lost, or are blocked. [`Mixnet::loop_report`] has more.
	LoopAlarm {
		/// In which session.
		session: SessionIndex,
		/// What is wrong.
		alarm: Alarm,
	},
}

/// One node of the mixnet. See the [crate's documentation](crate) for how to drive it.
///
/// Whatever takes `now` may make packets due and events pending: poll after each such call.
///
/// Here is one alone that wants to know who is in the session, and whom to connect to; `examples/whole_mixnet.rs` is a
/// whole mixnet.
///
/// ```
/// use mixnet_node_core::{
///     Config, Event, KxSecret, Mixnet, Mixnode, RelativeSession, Role, SessionPhase, SessionStatus, Time,
/// };
/// # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
/// # let rng = ChaChaRng::from_seed([0; 32]);
/// # let now = Time::ZERO;
/// let mut mixnet = Mixnet::new(Config::default(), [9; 32].into(), rng, None)?;
/// mixnet.set_session_status(now, SessionStatus { current_index: 7, phase: SessionPhase::DisconnectFromPrev });
/// assert_eq!(mixnet.wanted_mixnodes(), [RelativeSession::Current]);
/// let mixnodes = (1..=8).map(|number| Mixnode {
///     kx_public: KxSecret::from_bytes([number; 32]).public(),
///     peer_id: [number; 32].into(),
///     external_addresses: vec![],
/// });
/// mixnet.set_mixnodes(now, 7, Ok(mixnodes.collect()));
/// assert_eq!(mixnet.role(RelativeSession::Current), Role::NonMixnode);
/// let events: Vec<_> = std::iter::from_fn(|| mixnet.poll_event()).collect();
/// assert!(events.iter().any(|event| matches!(event, Event::ReservedPeersChanged)));
/// assert_eq!(mixnet.reserved_peers().len(), 3, "the gateways");
/// // From now on there is cover to be sent, at random times.
/// assert!(mixnet.poll_timeout().is_some());
/// # Ok::<(), mixnet_node_core::ConfigError>(())
/// ```
pub struct Mixnet<R> {
	config: Config,
	local_peer_id: PeerId,
	rng: R,
	/// The latest time that we were told.
	now: Time,

	sessions: Sessions,
	connected: BTreeSet<PeerId>,

	/// Knows who multiplies points of the curve.
	scratch: BatchUnwrapper,
	/// Empty between calls: room for packets that are handled together, and for the tags of those that are finished.
	batch: Vec<ReceivedPacket>,
	batch_tags: Vec<Option<ReplayTag>>,

	forward_queue: ForwardQueue,
	network_delay: NetworkDelay,

	/// Of all sessions.
	request_assembler: Assembler,
	/// One of its own for replies: only whom we asked can fill it, and nobody else push out what is in it.
	reply_assembler: Assembler,
	surb_keystore: SurbKeystore,

	pending: PendingRequests,
	replies: ReplyCache,

	events: VecDeque<Event>,
	/// How many of `events` are requests of others.
	queued_requests: usize,
	/// Is [`Event::ReservedPeersChanged`] to be polled, before `events`?
	reserved_peers_changed: bool,

	/// Counters. Lengths, and the counters that rooms keep themselves, are filled in by [`Self::statistics`].
	statistics: Statistics,
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// A node that knows nothing of the chain yet. `rng` is the only source of its randomness, keys included.
	/// `session_0_secret`: its key for session 0, for which nobody can register in time; for tests and for new chains.
	pub fn new(
		config: Config,
		local_peer_id: PeerId,
		rng: R,
		session_0_secret: Option<KxSecret>,
	) -> Result<Self, ConfigError> {
		config.validate()?;
		Ok(Self {
			local_peer_id,
			rng,
			now: Time::ZERO,
			sessions: Sessions::new(session_0_secret),
			connected: BTreeSet::new(),
			scratch: BatchUnwrapper::default(),
			batch: Vec::new(),
			batch_tags: Vec::new(),
			forward_queue: ForwardQueue::new(config.parameters.forward_queue_capacity as usize),
			network_delay: NetworkDelay::new(config.per_hop_network_delay),
			request_assembler: Assembler::new(config.max_incomplete_messages, config.max_incomplete_fragments),
			// Replies come over SURBs; there are not more fragments of them on their way.
			reply_assembler: Assembler::new(config.surb_keystore_capacity, config.surb_keystore_capacity),
			surb_keystore: SurbKeystore::new(config.surb_keystore_capacity),
			pending: PendingRequests::new(config.request),
			replies: ReplyCache::new(config.reply.capacity),
			events: VecDeque::new(),
			queued_requests: 0,
			reserved_peers_changed: false,
			statistics: Statistics::default(),
			config,
		})
	}

	/// The configuration that we were made with.
	pub fn config(&self) -> &Config {
		&self.config
	}

	/// Has another backend multiply than [`Backend::best`]. For measurements: all give the same.
	///
	/// # Panics
	///
	/// Unless it [is available](Backend::is_available).
	pub fn set_backend(&mut self, backend: Backend) {
		assert!(backend.is_available(), "{backend} does not run on this machine");
		self.scratch = BatchUnwrapper::new(backend);
	}

	/// Does what is due at `now`: makes packets due, ends retry timers. Calling early or twice does no harm.
	pub fn handle_timeout(&mut self, now: Time) {
		self.advance(now);
		self.handle_request_timers();
	}

	/// When [`handle_timeout`](Self::handle_timeout) wants to be called next; `None` while nothing is to come.
	///
	/// May change after any call that takes `&mut self`. In the past as long as due packets were not polled.
	pub fn poll_timeout(&self) -> Option<Time> {
		let ticks = self.sessions.iter().filter_map(|session| session.clock.next());
		ticks.chain(self.forward_queue.next_deadline()).chain(self.pending.next_timer()).min()
	}

	/// The next event; `None` if nothing happened since.
	pub fn poll_event(&mut self) -> Option<Event> {
		if core::mem::take(&mut self.reserved_peers_changed) {
			return Some(Event::ReservedPeersChanged);
		}
		let event = self.events.pop_front()?;
		if matches!(event, Event::Request { .. }) {
			self.queued_requests -= 1;
		}
		Some(event)
	}

	/// Counters since the start, and lengths of queues now.
	pub fn statistics(&self) -> Statistics {
		let authored_len =
			|relative| self.sessions.session(relative).map_or(0, |session| session.authored.len() as u64);
		let mut statistics = Statistics {
			mean_hop_delay: self.network_delay.measured().unwrap_or_default(),
			forward_queue_len: self.forward_queue.len() as u64,
			previous_authored_queue_len: authored_len(RelativeSession::Previous),
			current_authored_queue_len: authored_len(RelativeSession::Current),
			requests_pending: self.pending.len() as u64,
			replies_cached: self.replies.len() as u64,
			surbs_kept: self.surb_keystore.len() as u64,
			..self.statistics.clone()
		};
		let evicted = self.request_assembler.evicted_messages() + self.reply_assembler.evicted_messages();
		statistics.count_drops(DropReason::IncompleteMessage, evicted);
		statistics.count_drops(DropReason::SurbEvicted, self.surb_keystore.evicted());
		statistics
	}

	/// Time passes. It never runs backwards.
	fn advance(&mut self, now: Time) {
		self.now = self.now.max(now);
		let phase = self.sessions.status().map(|status| status.phase);
		for (relative, session) in self.sessions.iter_mut() {
			if session.clock.skip_late(self.now, &mut self.rng) {
				self.statistics.count_drop(DropReason::AuthoredTooLate);
				session.loops.forget();
			}
			let weigh = (relative, phase) != (RelativeSession::Previous, Some(SessionPhase::CoverToPrev));
			let index = session.index;
			let events = &mut self.events;
			let alarm = |alarm| {
				log::warn!(target: "mixnet", "In session {index}, {alarm}");
				events.push_back(Event::LoopAlarm { session: index, alarm });
			};
			let hops = usize::from(session.parameters.hops);
			let overdue = session.loops.judge(self.now, &mut self.rng, &session.topology, hops, weigh, alarm);
			self.statistics.loop_cover_overdue += overdue;
		}
	}
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
