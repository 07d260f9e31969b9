//! The state, time, and polling.

use super::{being_finished::BeingFinished, unwrapper::Batch, Event};
use crate::{
	loops::NetworkDelay,
	message::{Assembler, SurbKeystore},
	request::{PendingRequests, ReplyCache},
	session::Sessions,
	sphinx::{Backend, Scratch},
	statistics::{DropReason, Statistics},
	topology::Gateways,
	traffic::{most_waiting, ForwardQueue},
	Config, ConfigError, KxSecret, PeerId, RelativeSession, SessionPhase, Time,
};
use alloc::collections::{BTreeSet, VecDeque};
use rand_core::{CryptoRng, RngCore};

/// One node of the mixnet. See the [crate's documentation](crate) for how to drive it.
///
/// Any call that takes `now` may make packets due and events pending: poll after each. The [crate's documentation](crate)
/// has a table.
///
/// This is one node alone, which wants to know who is in the session and whom to connect to. `examples/whole_mixnet.rs` is
/// a whole mixnet.
///
/// ```
/// use mixnet_node_core::{
///     ChainSession, Config, Event, KxSecret, Mixnet, Mixnode, RelativeSession, Role, SessionPhase, SessionStatus, Time,
/// };
/// # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
/// # let rng = ChaChaRng::from_seed([0; 32]);
/// # let now = Time::ZERO;
/// let mut mixnet = Mixnet::new(Config::default(), [9; 32].into(), rng, None)?;
/// mixnet.set_status(now, SessionStatus { current_index: 7, phase: SessionPhase::DisconnectFromPrev });
/// assert_eq!(mixnet.wanted_mixnodes(), [RelativeSession::Current]);
/// let mixnodes = (1..=8).map(|number| Mixnode {
///     kx_public: KxSecret::from_bytes([number; 32]).public(),
///     peer_id: [number; 32].into(),
///     external_addresses: vec![],
/// });
/// mixnet.set_session(now, ChainSession::new(7, Ok(mixnodes.collect())));
/// assert_eq!(mixnet.role(RelativeSession::Current), Role::NonMixnode);
/// let events: Vec<_> = std::iter::from_fn(|| mixnet.poll_event()).collect();
/// assert!(events.iter().any(|event| matches!(event, Event::ReservedPeersChanged)));
/// assert_eq!(mixnet.reserved_peers().len(), 3, "the gateways");
/// // From now on there is cover to be sent, at random times.
/// assert!(mixnet.poll_timeout().is_some());
/// # Ok::<(), mixnet_node_core::ConfigError>(())
/// ```
pub struct Mixnet<R> {
	pub(super) config: Config,
	pub(super) local_peer_id: PeerId,
	pub(super) rng: R,
	/// The latest time that the driver told us.
	pub(super) now: Time,
	/// From when on loops weigh: see `suspend`.
	pub(super) settled_at: Time,

	pub(super) sessions: Sessions,
	pub(super) connected: BTreeSet<PeerId>,
	/// Our gateways in the sessions in which we are a user.
	pub(super) gateways: Gateways,

	/// Multiplies points of the curve, here and in the [`Unwrapper`](super::Unwrapper)s that we hand out.
	pub(super) backend: Backend,
	/// Memory for packets that are unwrapped together. Empty between calls.
	pub(super) scratch: Scratch,
	pub(super) batch: Batch,
	/// Packets that workers have at this moment.
	pub(super) being_finished: BeingFinished,

	pub(super) forward_queue: ForwardQueue,
	pub(super) network_delay: NetworkDelay,

	/// Fragments of others' requests, of all sessions.
	pub(super) request_assembler: Assembler,
	/// Fragments of replies. It is a second one, so that only destinations that we asked can fill it, and nobody else can push
	/// out its contents. All that they can send to pending requests fits: see `PendingRequests::has_room_for`.
	pub(super) reply_assembler: Assembler,
	pub(super) surb_keystore: SurbKeystore,

	pub(super) pending: PendingRequests,
	pub(super) replies: ReplyCache,
	/// May copies of our requests be built, as soon as nothing is due?
	pub(super) copies_due: bool,
	/// Has the driver taken something to be built that has not come back?
	pub(super) is_building: bool,

	pub(super) events: VecDeque<Event>,
	/// The number of requests of others among `events`.
	pub(super) queued_requests: usize,
	/// Is [`Event::ReservedPeersChanged`] to be polled? It comes before `events`.
	pub(super) reserved_peers_changed: bool,

	/// Counters. [`Self::statistics`] fills in lengths, and the counters that other types keep.
	pub(super) statistics: Statistics,
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// A node that knows nothing of the chain yet. `rng` is the only source of its randomness, keys included.
	///
	/// `session_0_secret` is its key for session 0, for which nobody can register in time: for tests and new chains.
	pub fn new(
		config: Config,
		local_peer_id: PeerId,
		rng: R,
		session_0_secret: Option<KxSecret>,
	) -> Result<Self, ConfigError> {
		config.validate()?;
		let backend = Backend::best();
		Ok(Self {
			local_peer_id,
			rng,
			now: Time::ZERO,
			settled_at: Time::ZERO,
			sessions: Sessions::new(backend, session_0_secret),
			connected: BTreeSet::new(),
			gateways: Gateways::new(config.gateways),
			backend,
			scratch: Scratch::new(),
			batch: Batch::default(),
			being_finished: BeingFinished::default(),
			forward_queue: ForwardQueue::new(most_waiting(config.parameters.forward_queue_capacity as usize)),
			network_delay: NetworkDelay::new(config.per_hop_network_delay),
			request_assembler: Assembler::new(config.max_incomplete_messages, config.max_incomplete_fragments),
			// Replies come over SURBs, so no more of their fragments can be on their way.
			reply_assembler: Assembler::new(config.surb_keystore_capacity, config.surb_keystore_capacity),
			surb_keystore: SurbKeystore::new(config.surb_keystore_capacity),
			pending: PendingRequests::new(config.request),
			replies: ReplyCache::new(config.reply.capacity),
			copies_due: false,
			is_building: false,
			events: VecDeque::new(),
			queued_requests: 0,
			reserved_peers_changed: false,
			statistics: Statistics::default(),
			config,
		})
	}

	/// The configuration of this node.
	pub fn config(&self) -> &Config {
		&self.config
	}

	/// The backend that multiplies points of the curve: the fastest that this machine runs.
	pub fn backend(&self) -> Backend {
		self.backend
	}

	/// Has another backend multiply than [`Backend::best`], from now on and for everything. The results are the same.
	///
	/// # Panics
	///
	/// Unless it [is available](Backend::is_available).
	#[cfg(any(test, feature = "unstable"))]
	pub fn set_backend(&mut self, backend: Backend) {
		assert!(backend.is_available(), "{backend} does not run on this machine");
		self.backend = backend;
	}

	/// Does what is due at `now`: makes packets due, ends retry timers. Calling early or twice does no harm.
	///
	/// If no packet is due, or one waits for cover, something is built that is sent later: eight packets of cover, or copies of
	/// our requests. That takes up to a few milliseconds. So first hand to the network what
	/// [`poll_transmit`](Self::poll_transmit) has given. Nothing is built here if the driver builds:
	/// [`poll_build`](Self::poll_build).
	pub fn handle_timeout(&mut self, now: Time) {
		self.advance(now);
		if self.gateways.next_deadline().is_some_and(|deadline| deadline <= self.now) {
			self.refresh_gateways();
		}
		self.handle_request_timers();
		self.build_ahead();
	}

	/// The next time at which [`handle_timeout`](Self::handle_timeout) wants to be called. `None` while nothing is to come.
	///
	/// May change after any call that takes `&mut self`. It does not lie in the future as long as there are due packets to be
	/// polled, or something to be built for later.
	#[must_use = "the time at which `handle_timeout` wants to be called"]
	///
	/// While packets wait for what the driver builds at this moment, no time is near that would help:
	/// [`accept_built`](Self::accept_built) will.
	pub fn poll_timeout(&self) -> Option<Time> {
		if self.waits_for_build() {
			return self.next_timer();
		}
		let builds = self.has_to_build().then_some(self.now);
		self.next_due_time().into_iter().chain(builds).min()
	}

	/// When something is due next: a packet, or a timer.
	pub(super) fn next_due_time(&self) -> Option<Time> {
		let ticks = self.sessions.iter().filter_map(|session| session.clock.next());
		ticks.chain(self.forward_queue.next_deadline()).chain(self.next_timer()).min()
	}

	fn next_timer(&self) -> Option<Time> {
		self.pending.next_timer().into_iter().chain(self.gateways.next_deadline()).min()
	}

	/// The next event. `None` if nothing has happened since the last one.
	#[must_use = "an event is told once"]
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
			gateways_replaced: self.gateways.replaced(),
			..self.statistics.clone()
		};
		let evicted = self.request_assembler.evicted_messages() + self.reply_assembler.evicted_messages();
		statistics.count_drops(DropReason::IncompleteMessage, evicted);
		statistics.count_drops(DropReason::SurbEvicted, self.surb_keystore.evicted());
		statistics
	}

	/// Time passes. It never runs backwards.
	pub(super) fn advance(&mut self, now: Time) {
		let has_slept = self.has_slept(now);
		self.now = self.now.max(now);
		if has_slept {
			self.give_up_what_is_due();
		}
		let phase = self.sessions.status().map(|status| status.phase);
		for (relative, session) in self.sessions.iter_mut() {
			session.shares.advance(self.now);
			if session.clock.skip_late(self.now, &mut self.rng) {
				self.statistics.count_drop(DropReason::AuthoredTooLate);
				// These ticks would have led to it.
				self.copies_due = true;
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
