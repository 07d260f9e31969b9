//! Requests of ours, from being posted to being answered or given up.

use super::{Event, Mixnet};
use crate::{
	message::split,
	parameters::ParametersExt,
	request::{HandlingDelay, Pending, RequestError, RequestId, Stage},
	session::{Session, Slot},
	sphinx::exponential,
	statistics::DropReason,
	time::scale,
	MessageId, RelativeSession, RestingReason, SessionIndex, Time,
};
use alloc::vec::Vec;
use core::time::Duration;
use rand_core::{CryptoRng, RngCore};

/// Why a request was not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
	/// No session takes requests yet, or the mixnodes of the one that does are not known yet. Try again later.
	#[error("the mixnet is not ready: no session takes requests yet; try again in its next phase")]
	NotReady,
	/// The mixnet rests. Try again in the next session.
	#[error("the mixnet rests in session {session}: {reason}; try again in the next session")]
	Resting {
		/// The session that new requests go to.
		session: SessionIndex,
		/// Why it rests.
		reason: RestingReason,
	},
	/// As many requests are pending as may be, or as there is room for the keys of their SURBs. Try again when one is done, or at
	/// about `at`.
	#[error("there is no room for another request and its answers beside those of the {capacity} that are pending")]
	TooManyRequests {
		/// How many are.
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
		/// How many can be sent. [`max_data`](crate::max_data) says what fits.
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

/// Why no session takes requests now: see [`PostError`].
pub(super) enum NoSession {
	NotReady,
	Resting { session: SessionIndex, reason: RestingReason },
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

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// Takes a request. It is sent to a random mixnode and repeated until it is answered. [`Event::RequestAnswered`] or
	/// [`Event::RequestFailed`] tells the outcome.
	///
	/// Each copy has `surbs` SURBs. Give it as many as all copies of its reply take packets: 2 for [a submitted extrinsic].
	///
	/// # Errors
	///
	/// [`PostError`]; [`PostError::retry_at`] says when to try again. A request is taken if its first copy can be queued at
	/// once, or if it has to wait for something else than room. Requests that were taken are sent in their order: no later
	/// one comes first.
	///
	/// [a submitted extrinsic]: crate::request::Request::SubmitExtrinsic
	pub fn post_request(
		&mut self,
		now: Time,
		data: Vec<u8>,
		surbs: usize,
		delay: HandlingDelay,
	) -> Result<RequestId, PostError> {
		self.take_place(now, &data, surbs, 1)?;
		let id = self.pending.insert(&mut self.rng, self.now, data, surbs, delay);
		self.post_pending();
		Ok(id)
	}

	/// Takes a request that two mixnodes are to handle, because one alone may lie. It becomes two requests, each with events
	/// of its own and for other mixnodes than its twin, as far as there are enough.
	///
	/// The twins share the copies of an attempt. The first is sent at once, and the second after a time that is drawn here:
	/// exponential, with the mean time that a packet is delayed on its way. So neither what the first one's destination
	/// answers nor what this node sees of the chain has an influence on what is sent to the second one's.
	///
	/// # Errors
	///
	/// As [`Self::post_request`]. The twins are two requests pending.
	pub fn post_request_twice(
		&mut self,
		now: Time,
		data: Vec<u8>,
		surbs: usize,
		delay: HandlingDelay,
	) -> Result<[RequestId; 2], PostError> {
		let relative = self.take_place(now, &data, surbs, 2)?;
		let mean = self.sessions.session(relative).map_or(Duration::ZERO, |session| {
			session.parameters.mean_forwarding_delay().saturating_mul(u32::from(session.parameters.hops))
		});
		let mut seed = [0; 16];
		self.rng.fill_bytes(&mut seed);
		let second_at = self.now + scale(mean, exponential(&seed));
		let ids = self.pending.insert_twins(&mut self.rng, self.now, data, surbs, delay, second_at);
		self.post_pending();
		Ok(ids)
	}

	/// Checks that there is room for a copy of a new request, which becomes `requests` pending ones. Returns the session that
	/// it goes to.
	fn take_place(
		&mut self,
		now: Time,
		data: &[u8],
		surbs: usize,
		requests: usize,
	) -> Result<RelativeSession, PostError> {
		self.advance(now);
		// A request that is too large for any session is refused as such, even while no session takes requests.
		self.check_size(data, surbs, self.config.largest_parameters().max_fragments())?;
		let relative = self.request_session()?;
		let fragments = self.check_size(data, surbs, self.max_fragments(relative))?;
		if let Err(error) = self.check_room(relative, fragments, surbs, requests) {
			// Keep smaller requests out of that room meanwhile. The promise ends after twice the time.
			let now = self.now;
			if let (PostError::NoRoom { at, .. }, Some(session)) = (&error, self.sessions.session_mut(relative)) {
				session.authored.promise(now, fragments, *at + (*at - now).max(Duration::from_secs(1)));
			}
			return Err(error);
		}
		if let Some(session) = self.sessions.session_mut(relative) {
			session.authored.taken(self.now, fragments);
		}
		Ok(relative)
	}

	/// Could this request be taken, if there were room? Nothing is sent, and nothing changes.
	///
	/// # Errors
	///
	/// [`PostError`], but neither [`PostError::NoRoom`] nor [`PostError::TooManyRequests`].
	pub fn check_request(&self, data: &[u8], surbs: usize) -> Result<(), PostError> {
		self.check_size(data, surbs, self.config.largest_parameters().max_fragments())?;
		let relative = self.request_session()?;
		self.check_size(data, surbs, self.max_fragments(relative)).map(drop)
	}

	/// The number of fragments that a request takes.
	fn check_size(&self, data: &[u8], surbs: usize, max: usize) -> Result<usize, PostError> {
		// The message ID does not matter for the size.
		split(MessageId([0; 16]), data, surbs, max)
			.map(|plans| plans.len())
			.map_err(|error| PostError::TooLarge { fragments: error.needed, max: error.max })
	}

	/// Is there room for one request more, of this many fragments and SURBs, in this session? It becomes `requests` pending
	/// ones.
	fn check_room(
		&self,
		relative: RelativeSession,
		fragments: usize,
		surbs: usize,
		requests: usize,
	) -> Result<(), PostError> {
		let Some(session) = self.sessions.session(relative) else { return Ok(()) };
		// Requests that wait already are sent first, with all copies, if they are for this session.
		let waiting: usize = self
			.pending
			.waiting_for_room()
			.filter(|(session, ..)| session.is_none_or(|index| self.sessions.relative(index) == Some(relative)))
			.map(|(_, request, copies)| {
				let plans = split(request.message_id, &request.data, request.surbs, usize::MAX);
				plans.map_or(0, |plans| plans.len()) * copies as usize
			})
			.sum();
		let packets = session.authored.in_the_way_of_new_request(self.now, fragments, waiting);
		let at = self.now + self.time_to_send(session, packets);
		if !self.pending.has_room_for(requests, surbs, self.config.surb_keystore_capacity) {
			let at = self.pending.next_timer().unwrap_or(at).max(self.now + Duration::from_secs(1));
			return Err(PostError::TooManyRequests { capacity: self.pending.len(), at });
		}
		if packets > 0 {
			return Err(PostError::NoRoom { packets, at });
		}
		Ok(())
	}

	/// How long it takes on average until this many queued packets have left.
	fn time_to_send(&self, session: &Session, packets: usize) -> Duration {
		let factor = self.sessions.status().map_or(1, |status| status.phase.period_factor());
		let period = session.authoring().mean_period.saturating_mul(factor);
		let gateways = session.topology.connected_gateways(&self.connected);
		let ticks = session.authored.ticks_to_send(packets, &gateways, session.topology.len().saturating_sub(1));
		scale(period, ticks / (1.0 - session.parameters.loop_cover_proportion()))
	}

	/// Forgets a request. Returns whether it was pending. Packets that have left cannot be called back.
	pub fn cancel_request(&mut self, now: Time, id: RequestId) -> bool {
		self.advance(now);
		self.remove_pending(id).is_some()
	}

	/// The session that new requests go to: the default one, or, while that cannot take them, another that may.
	pub(super) fn request_session(&self) -> Result<RelativeSession, NoSession> {
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
				Some(Slot::Resting(reason)) if matches!(error, NoSession::NotReady) => {
					let session = relative.index(status.current_index).unwrap_or_default();
					error = NoSession::Resting { session, reason: reason.clone() };
				},
				Some(Slot::Empty | Slot::KeyOnly(_)) => wanted = true,
				_ => (),
			}
		}
		// A session whose mixnodes are still unknown may turn out to take requests.
		Err(if wanted { NoSession::NotReady } else { error })
	}

	/// Most fragments that a request in this session may have.
	pub(super) fn max_fragments(&self, relative: RelativeSession) -> usize {
		self.sessions
			.session(relative)
			.map_or(0, |session| session.parameters.max_fragments().min(session.authored.max_requests()))
	}

	/// Ends retry timers, and gives up requests that waited too long to be posted. What is to be sent again is built later:
	/// packets may be due now.
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
					} else if self.request_session().is_err() {
						// No tick leads to it. Nothing is built either, but it waits for a session from now on.
						self.copies_due = true;
					}
				},
			}
		}
	}

	/// A reply came over a SURB of the request message `message_id`.
	pub(super) fn handle_reply(&mut self, message_id: &MessageId, data: Vec<u8>) -> Result<(), DropReason> {
		let id = self.pending.by_message_id(message_id).ok_or(DropReason::LateReply)?;
		let request = self.remove_pending(id).ok_or(DropReason::LateReply)?;
		let destination = request.destination_of(message_id).and_then(|(session, destination)| {
			let relative = self.sessions.relative(session)?;
			self.sessions.session(relative)?.topology.mixnode_peer_id(destination)
		});
		let round_trip = self.now - request.taken_at;
		self.events.push_back(Event::RequestAnswered { id, destination, data, round_trip });
		Ok(())
	}

	pub(super) fn fail(&mut self, id: RequestId, error: RequestError) {
		if let Some(Pending { sent, .. }) = self.remove_pending(id) {
			self.events.push_back(Event::RequestFailed { id, error, sent });
		}
	}

	/// Removes a request, its packets that were not sent, the keys of its SURBs, and what came of its answers.
	fn remove_pending(&mut self, id: RequestId) -> Option<Pending> {
		let (request, message_ids) = self.pending.remove(id)?;
		for (_, session) in self.sessions.iter_mut() {
			session.authored.remove_request(id);
		}
		for message_id in &message_ids {
			self.forget_message(message_id);
		}
		Some(request)
	}

	/// Nobody waits for answers to this message ID any more. What is left of them goes at once: left-overs would fill the
	/// stores, and then a destination could push out what another one has answered, and find out that both answer one node.
	pub(super) fn forget_message(&mut self, message_id: &MessageId) {
		self.surb_keystore.remove_for(message_id);
		self.reply_assembler.remove_replies_to(message_id);
	}
}
