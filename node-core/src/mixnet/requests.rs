//! Our own requests.

use super::{
	send::{build_on_route, NoPacket},
	AddressedPacket, Event, Mixnet,
};
use crate::{
	message::{split, FragmentPlan},
	request::{queue_delay, HandlingDelay, Pending, QueueEnd, RequestError, RequestId, RouteMetrics, Stage},
	session::{DisabledReason, Session, Slot},
	sphinx::{build_request, build_surb, MixnodeIndex, Surb, SurbId, SurbKeys, PAYLOAD_DATA_SIZE},
	statistics::DropReason,
	time::scale,
	topology::{RouteError, RouteKind},
	Config, MessageId, RelativeSession, SessionIndex, Time,
};
use alloc::{collections::BTreeSet, vec::Vec};
use core::time::Duration;
use rand_core::{CryptoRng, RngCore};

/// Why a request was not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PostError {
	/// No session takes requests yet, or the one that does is not known yet. Try again later.
	#[error("the mixnet is not ready: no session takes requests yet; try again in its next phase")]
	NotReady,
	/// The mixnet rests. Try again in the next session.
	#[error("the mixnet rests in session {session}: {reason}; try again in the next session")]
	Resting {
		/// The session that new requests go to.
		session: SessionIndex,
		/// Why it rests.
		reason: DisabledReason,
	},
	/// As many requests are pending as may be. Try again when one is done, or at about `at`.
	#[error("{capacity} requests are pending already, which is the most")]
	TooManyRequests {
		/// How many may be.
		capacity: usize,
		/// When one of them may be done, if none is answered before.
		at: Time,
	},
	/// The authored queue is full, or other requests wait for room in it already. Try again at about `at`.
	#[error("no room for the request: {packets} other packets are to be sent before")]
	NoRoom {
		/// How many packets must leave before there is room.
		packets: usize,
		/// When that will be, on average.
		at: Time,
	},
	/// Too much data, or too many SURBs, for one message.
	#[error("the request is too large: it takes {fragments} packets, and {max} are the most")]
	TooLarge {
		/// How many fragments it takes.
		fragments: usize,
		/// How many can be sent.
		max: usize,
	},
}

impl PostError {
	/// When to try again, on the clock of [`Mixnet::post_request`]'s `now`; `None` where time alone does not help, or
	/// where nobody knows.
	pub fn retry_at(&self) -> Option<Time> {
		match self {
			Self::TooManyRequests { at, .. } | Self::NoRoom { at, .. } => Some(*at),
			Self::NotReady | Self::Resting { .. } | Self::TooLarge { .. } => None,
		}
	}
}

/// Why no session takes requests now.
enum NoSession {
	NotReady,
	Resting { session: SessionIndex, reason: DisabledReason },
}

impl From<NoSession> for PostError {
	fn from(error: NoSession) -> Self {
		match error {
			NoSession::NotReady => Self::NotReady,
			NoSession::Resting { session, reason } => Self::Resting { session, reason },
		}
	}
}

impl From<NoSession> for RequestError {
	fn from(error: NoSession) -> Self {
		match error {
			NoSession::NotReady => Self::NotReady,
			NoSession::Resting { session, reason } => Self::Resting { session, reason },
		}
	}
}

/// Why a copy of a request was not posted.
enum NotPosted {
	/// The authored queue has no room for a copy, of so many packets.
	NoRoom { relative: RelativeSession, packets: usize },
	/// Another request waits for room in the authored queue.
	InTurn,
	/// Something else is missing that may come.
	Blocked(RequestError),
	/// It will never be.
	Failed(RequestError),
	/// Not to this destination.
	BadDestination,
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// Takes a request, to be sent to a random mixnode and repeated until it is answered, in copies with `surbs` SURBs
	/// each: as many packets as all copies of its reply take, that is 2 for [a submitted extrinsic].
	/// What becomes of it is told by [`Event::RequestAnswered`] or [`Event::RequestFailed`].
	///
	/// # Errors
	///
	/// [`PostError`]; [`PostError::retry_at`] says when to try again. A request is taken only if its first copy can be
	/// queued at once, or if it would have to wait for something else than room: what was taken is sent in its turn,
	/// and nobody who asks later comes first.
	///
	/// [a submitted extrinsic]: crate::request::Request::SubmitExtrinsic
	pub fn post_request(
		&mut self,
		now: Time,
		data: Vec<u8>,
		surbs: usize,
		delay: HandlingDelay,
	) -> Result<RequestId, PostError> {
		self.advance(now);
		// What is too large for any session is to be told so even while none takes requests.
		self.check_size(&data, surbs, self.config.max_fragments_per_message)?;
		let relative = self.request_session()?;
		let fragments = self.check_size(&data, surbs, self.max_fragments(relative))?;
		if let Err(error) = self.check_room(relative, fragments) {
			// Replies are not to take the room meanwhile. Who does not come back in twice the time has lost it.
			let now = self.now;
			if let (PostError::NoRoom { at, .. }, Some(session)) = (&error, self.sessions.session_mut(relative)) {
				session.authored.promise(fragments, *at + (*at - now).max(Duration::from_secs(1)));
			}
			return Err(error);
		}
		let id = self.pending.insert(&mut self.rng, self.now, data, surbs, delay);
		self.post_pending();
		Ok(id)
	}

	/// The number of fragments that a request takes.
	fn check_size(&self, data: &[u8], surbs: usize, max: usize) -> Result<usize, PostError> {
		// The message ID does not matter for the size.
		split(MessageId([0; 16]), data, surbs, max)
			.map(|plans| plans.len())
			.map_err(|error| PostError::TooLarge { fragments: error.needed, max: error.max })
	}

	/// Is there room for one request more, of so many fragments, in this session?
	fn check_room(&self, relative: RelativeSession, fragments: usize) -> Result<(), PostError> {
		let Some(session) = self.sessions.session(relative) else { return Ok(()) };
		// What waits already is sent first: all its copies, if it is for this session.
		let waiting: usize = self
			.pending
			.waiting_for_room()
			.filter(|(session, ..)| session.is_none_or(|index| self.sessions.relative(index) == Some(relative)))
			.map(|(_, request, copies)| {
				let plans = split(request.message_id, &request.data, request.surbs, usize::MAX);
				plans.map_or(0, |plans| plans.len()) * copies as usize
			})
			.sum();
		let packets = session.authored.in_the_way_of_request(waiting + fragments);
		let at = self.now + self.time_to_send(session, packets);
		if !self.pending.has_room() {
			let at = self.pending.next_timer().unwrap_or(at).max(self.now);
			return Err(PostError::TooManyRequests { capacity: self.config.request.capacity, at });
		}
		if packets > 0 {
			return Err(PostError::NoRoom { packets, at });
		}
		Ok(())
	}

	/// How long it takes on average until so many queued packets have left.
	fn time_to_send(&self, session: &Session, packets: usize) -> Duration {
		let factor = self.sessions.status().map_or(1, |status| status.phase.period_factor());
		let period = session.authored_config.mean_period.saturating_mul(factor);
		scale(period, packets as f64 / (1.0 - self.config.loop_cover_proportion))
	}

	/// Forgets a request. Returns whether it was pending. What was sent of it is not called back.
	pub fn cancel_request(&mut self, now: Time, id: RequestId) -> bool {
		self.advance(now);
		let was_pending = self.remove_pending(id).is_some();
		self.post_pending();
		was_pending
	}

	/// The session that new requests go to: the default one, or, while that cannot take them, another that may.
	fn request_session(&self) -> Result<RelativeSession, NoSession> {
		let Some(status) = self.sessions.status() else { return Err(NoSession::NotReady) };
		let default = status.phase.default_session();
		let other = match default {
			RelativeSession::Previous => RelativeSession::Current,
			RelativeSession::Current => RelativeSession::Previous,
		};
		let candidates = [default, other].into_iter().filter(|relative| status.phase.allows_requests(*relative));
		let mut error = NoSession::NotReady;
		let mut wanted = false;
		for relative in candidates {
			match self.sessions.slot(relative) {
				Some(Slot::Full(_)) => return Ok(relative),
				Some(Slot::Disabled(reason)) if matches!(error, NoSession::NotReady) => {
					let session = relative.index(status.current_index).unwrap_or_default();
					error = NoSession::Resting { session, reason: reason.clone() };
				},
				Some(Slot::Empty | Slot::KeyOnly(_)) => wanted = true,
				_ => (),
			}
		}
		// One may turn out to take them when its mixnodes become known.
		Err(if wanted { NoSession::NotReady } else { error })
	}

	/// Most fragments that a message sent in this session may have.
	fn max_fragments(&self, relative: RelativeSession) -> usize {
		let most = self.sessions.session(relative).map_or(usize::MAX, |session| session.authored.max_requests());
		self.config.max_fragments_per_message.min(most)
	}

	/// Posts what can be posted of the requests that wait to be: a copy of each in turn, so that a large one does not hold
	/// up the others with all of its copies. A request that finds no room in its session holds up those behind it in the
	/// same session, and has room kept for it, lest small ones or replies starve it.
	pub(super) fn post_pending(&mut self) {
		let mut full = BTreeSet::new();
		for (_, session) in self.sessions.iter_mut() {
			session.authored.reserve(0);
		}
		// Each round posts at least one copy, or ends a request, or is the last.
		let mut progress = true;
		while progress && full.len() < RelativeSession::BOTH.len() {
			progress = false;
			let waiting: Vec<_> = self.pending.post_queue().collect();
			for id in waiting {
				progress |= self.post_one(id, &mut full);
			}
		}
	}

	/// Posts a copy of a request, if it can be. Returns whether anything changed. `full`: sessions in which a request waits
	/// for room.
	fn post_one(&mut self, id: RequestId, full: &mut BTreeSet<RelativeSession>) -> bool {
		match self.post_copy_somewhere(id, full) {
			Ok(()) => true,
			Err(NotPosted::NoRoom { relative, packets }) => {
				full.insert(relative);
				if let Some(session) = self.sessions.session_mut(relative) {
					session.authored.reserve(packets);
				}
				false
			},
			Err(NotPosted::InTurn) => false,
			Err(NotPosted::Blocked(error)) => {
				self.pending.blocked(id, self.now, error);
				false
			},
			Err(NotPosted::Failed(error)) => {
				self.fail(id, error);
				true
			},
			// Comes to an end, as there is a limit to destinations.
			Err(NotPosted::BadDestination) => {
				if !self.pending.next_destination(id, &mut self.rng) {
					self.fail(id, RequestError::NoReply);
				}
				true
			},
		}
	}

	/// Posts a copy of a request in the session that it belongs in.
	fn post_copy_somewhere(&mut self, id: RequestId, full: &BTreeSet<RelativeSession>) -> Result<(), NotPosted> {
		let Some(request) = self.pending.get(id) else { return Err(NotPosted::InTurn) };
		let relative = match request.bound_to {
			Some((session, _)) => self
				.sessions
				.relative(session)
				.filter(|relative| self.sessions.allows_requests(*relative))
				.ok_or(NotPosted::BadDestination)?,
			None => self.request_session().map_err(|error| match error {
				NoSession::NotReady => NotPosted::Blocked(RequestError::NotReady),
				resting => NotPosted::Failed(resting.into()),
			})?,
		};
		if full.contains(&relative) {
			return Err(NotPosted::InTurn);
		}
		self.post_copy(id, relative)
	}

	/// Posts one copy of a request in this session.
	fn post_copy(&mut self, id: RequestId, relative: RelativeSession) -> Result<(), NotPosted> {
		let max = self.max_fragments(relative);
		let Some(request) = self.pending.get(id) else { return Err(NotPosted::InTurn) };
		let Some(session) = self.sessions.session_mut(relative) else { return Err(NotPosted::BadDestination) };

		let plans = split(request.message_id, &request.data, request.surbs, max)
			.map_err(|error| NotPosted::Failed(RequestError::TooLarge { fragments: error.needed, max: error.max }))?;
		if session.authored.in_the_way_of_request(plans.len()) > 0 {
			return Err(NotPosted::NoRoom { relative, packets: plans.len() });
		}
		let connected_gateways = session.topology.connected_gateways(&self.connected);
		let destination = match request.bound_to {
			Some((_, destination)) => destination,
			None => session
				.topology
				.draw_destination(&mut self.rng, &connected_gateways)
				.map_err(|error| not_posted(NoPacket::Route(error)))?,
		};
		let mut copy = Copy {
			session,
			connected_gateways: &connected_gateways,
			hops: self.config.hops,
			destination,
			packets: Vec::with_capacity(plans.len()),
			surb_keys: Vec::with_capacity(request.surbs),
			metrics: RouteMetrics::default(),
		};
		for plan in &plans {
			copy.add_fragment(&mut self.rng, plan, &request.data).map_err(not_posted)?;
		}
		let Copy { packets, surb_keys, metrics, .. } = copy;

		let message_id = request.message_id;
		let delay = handling_delay(&self.config, request.delay, &message_id);
		session.authored.push_request(id, packets);
		for (surb_id, keys) in surb_keys {
			self.surb_keystore.insert(message_id, surb_id, keys);
		}
		let round_trip = round_trip(&self.config, session, &metrics, self.network_delay.per_hop());
		let answer_by = self.now + round_trip.saturating_add(delay);
		self.pending.posted(id, (session.index, destination), answer_by);
		Ok(())
	}

	/// Ends retry timers, and gives up what waited too long to be posted.
	pub(super) fn handle_request_timers(&mut self) {
		while let Some(id) = self.pending.pop_timer(self.now) {
			let Some(request) = self.pending.get(id) else { continue };
			match &request.stage {
				Stage::Posting { blocked: Some((_, error)), .. } => {
					let error = error.clone();
					self.fail(id, error);
				},
				Stage::Posting { blocked: None, .. } => (),
				Stage::Waiting => {
					if !self.pending.next_attempt(id, &mut self.rng) {
						self.fail(id, RequestError::NoReply);
					}
				},
			}
		}
		self.post_pending();
	}

	/// A reply came over a SURB of the request message `message_id`.
	pub(super) fn handle_reply(&mut self, message_id: &MessageId, data: Vec<u8>) -> Result<(), DropReason> {
		let id = self.pending.by_message_id(message_id).ok_or(DropReason::LateReply)?;
		let Pending { taken_at, .. } = self.remove_pending(id).ok_or(DropReason::LateReply)?;
		self.events.push_back(Event::RequestAnswered { id, data, round_trip: self.now - taken_at });
		self.post_pending();
		Ok(())
	}

	fn fail(&mut self, id: RequestId, error: RequestError) {
		if let Some(Pending { sent, .. }) = self.remove_pending(id) {
			self.events.push_back(Event::RequestFailed { id, error, sent });
		}
	}

	/// Removes a request, its packets that were not sent and the keys of its SURBs.
	fn remove_pending(&mut self, id: RequestId) -> Option<Pending> {
		let (request, message_ids) = self.pending.remove(id)?;
		for (_, session) in self.sessions.iter_mut() {
			session.authored.remove_request(id);
		}
		for message_id in &message_ids {
			self.surb_keystore.remove_for(message_id);
		}
		Some(request)
	}
}

/// A copy of a request, while it is built.
struct Copy<'a> {
	session: &'a Session,
	connected_gateways: &'a [MixnodeIndex],
	hops: usize,
	destination: MixnodeIndex,
	packets: Vec<AddressedPacket>,
	surb_keys: Vec<(SurbId, SurbKeys)>,
	metrics: RouteMetrics,
}

impl Copy<'_> {
	/// Builds a fragment's SURBs and its packet, each with a route of its own.
	fn add_fragment<R: RngCore + CryptoRng>(
		&mut self,
		rng: &mut R,
		plan: &FragmentPlan,
		data: &[u8],
	) -> Result<(), NoPacket> {
		let surbs = (0..plan.surbs()).map(|_| self.add_surb(rng)).collect::<Result<Vec<_>, _>>()?;
		let mut payload = [0; PAYLOAD_DATA_SIZE];
		plan.write(&mut payload, data, &surbs)
			.expect("planned for this data, and as many SURBs were made as the plan says; qed");
		let kind = RouteKind::To(self.destination);
		let (route, built) =
			build_on_route(rng, &self.session.topology, self.connected_gateways, kind, self.hops, |rng, route| {
				build_request(rng, &route.hops, &payload)
			})?;
		self.metrics.add_request(route.hops.len(), built.delay);
		self.packets.push(AddressedPacket { peer_id: route.first_peer_id, packet: built.packet });
		Ok(())
	}

	fn add_surb<R: RngCore + CryptoRng>(&mut self, rng: &mut R) -> Result<Surb, NoPacket> {
		let id = SurbId::random(rng);
		let kind = RouteKind::From(self.destination);
		let (route, (surb, keys, delay)) =
			build_on_route(rng, &self.session.topology, self.connected_gateways, kind, self.hops, |rng, route| {
				build_surb(rng, route.first, &route.hops, id)
			})?;
		self.metrics.add_surb(route.hops.len(), delay);
		self.surb_keys.push((id, keys));
		Ok(surb)
	}
}

fn not_posted(error: NoPacket) -> NotPosted {
	match error {
		NoPacket::Route(RouteError::NoConnectedGateways) => NotPosted::Blocked(RequestError::NoConnectedGateways),
		NoPacket::Route(RouteError::TooFewMixnodes) => NotPosted::Failed(RequestError::TooFewMixnodes),
		NoPacket::Build => NotPosted::BadDestination,
	}
}

fn handling_delay(config: &Config, delay: HandlingDelay, message_id: &MessageId) -> Duration {
	match delay {
		HandlingDelay::Fixed(delay) => delay,
		HandlingDelay::Extrinsic => config.extrinsic_delay(message_id),
	}
}

/// How long it takes, but for handling, until the last packet of the reply to what is queued in `session` now has come.
/// (PROTOCOL.md, section 10)
///
/// `per_hop`: what a hop takes, network and processing: as measured, if that is more than configured.
fn round_trip(config: &Config, session: &Session, metrics: &RouteMetrics, per_hop: Duration) -> Duration {
	let loops = config.loop_cover_proportion;
	let here = QueueEnd::new(session.authored_config.mean_period, session.authored.len(), loops);
	let there = QueueEnd::new(config.mixnode.mean_period, config.mixnode.queue_capacity, loops);
	metrics.travel_time(config.mean_forwarding_delay, per_hop).saturating_add(queue_delay(here, there))
}
