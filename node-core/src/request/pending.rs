//! Requests of ours, until they are answered or given up.
//!
//! This is bookkeeping only: what to send next, and when. The state machine does the sending.

use super::RequestError;
use crate::{
	bytes::{list, sum, tree},
	sphinx::MixnodeIndex,
	time::Time,
	MessageId, RequestConfig, SessionIndex,
};
use alloc::{
	collections::{BTreeMap, BTreeSet, VecDeque},
	vec::Vec,
};
use core::time::Duration;
use rand_core::{CryptoRng, RngCore};

/// Identifies a request of ours. Never used twice by one [`Mixnet`](crate::Mixnet).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);

/// The time that the destination takes to handle a request and post its reply: a conservative estimate for the retry timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum HandlingDelay {
	/// This long, whatever the request.
	Fixed(Duration),
	/// As long as the destination waits before it submits an extrinsic, which depends on the request's message ID.
	/// (See [`extrinsic_delay`](super::extrinsic_delay).)
	Extrinsic,
}

/// The stage of a request's present attempt.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Stage {
	/// Copies of it are still to be queued. It is in the post queue.
	Posting {
		/// Copies that are still to be queued: at least 1.
		copies: u32,
		/// Set if something else than room is missing: when the request is given up, and why.
		blocked: Option<(Time, RequestError)>,
	},
	/// It waits for an answer until the retry timer ends.
	Waiting,
}

/// A request that is neither answered nor given up.
#[derive(Debug)]
pub(crate) struct Pending {
	pub data: Vec<u8>,
	/// SURBs per copy.
	pub surbs: usize,
	/// Copies per attempt.
	copies: u32,
	pub delay: HandlingDelay,
	/// When the user posted it.
	pub taken_at: Time,
	pub stage: Stage,
	pub message_id: MessageId,
	/// The session and the destination that know `message_id`; `None` before its first copy is posted.
	pub bound_to: Option<(SessionIndex, MixnodeIndex)>,
	/// The request to another destination that has the same data.
	twin: Option<RequestId>,
	/// Destinations of this request and of its twin, in the session that one of them was last posted in. None if it has no
	/// twin.
	used: Vec<(SessionIndex, MixnodeIndex)>,
	/// Has one of its packets left us?
	pub sent: bool,
	/// When the retry timer ends, if all copies are posted by then.
	pub retry_at: Time,
	destinations_left: u32,
	attempts_left: u32,
	/// Message IDs that it had before, the latest last, and the destination that knows each. Late answers to them count as
	/// well.
	old_message_ids: VecDeque<(MessageId, (SessionIndex, MixnodeIndex))>,
}

impl Pending {
	/// The destination that knows this message ID of the request, and its session.
	pub fn destination_of(&self, message_id: &MessageId) -> Option<(SessionIndex, MixnodeIndex)> {
		if *message_id == self.message_id {
			return self.bound_to;
		}
		self.old_message_ids.iter().find(|(old, _)| old == message_id).map(|(_, destination)| *destination)
	}

	/// Is a copy of it to be queued, under this message ID?
	pub fn awaits_copy(&self, message_id: &MessageId) -> bool {
		self.message_id == *message_id && matches!(self.stage, Stage::Posting { .. })
	}

	/// Should the request have another destination than this one?
	pub fn avoids(&self, destination: (SessionIndex, MixnodeIndex)) -> bool {
		self.used.contains(&destination)
	}
}

/// Most old message IDs remembered per request. Unless sessions change often, the default policy needs fewer.
const MAX_OLD_MESSAGE_IDS: usize = 8;

/// Most destinations remembered of a request and its twin. The default policy needs six.
const MAX_USED: usize = 16;

/// All our pending requests.
#[derive(Debug)]
pub(crate) struct PendingRequests {
	config: RequestConfig,
	next_id: u64,
	requests: BTreeMap<RequestId, Pending>,
	by_message_id: BTreeMap<MessageId, RequestId>,
	/// Requests with copies to be queued, first in, first out.
	post_queue: VecDeque<RequestId>,
	/// Old message IDs that pending requests no longer remember. The keys of their SURBs are to be destroyed.
	forgotten: Vec<(RequestId, MessageId)>,
	/// The timers: at most one per request.
	timers: BTreeSet<(Time, RequestId)>,
}

impl PendingRequests {
	/// The most bytes of heap that this many requests take, each with this many bytes of data.
	pub fn max_bytes(capacity: usize, max_data: usize) -> usize {
		/// Those that it had before, and the present one.
		const MESSAGE_IDS: usize = MAX_OLD_MESSAGE_IDS + 1;
		let message_ids = list(MESSAGE_IDS, MessageId::SIZE + size_of::<(SessionIndex, MixnodeIndex)>());
		let used = list(MAX_USED, size_of::<(SessionIndex, MixnodeIndex)>());
		sum([
			capacity.saturating_mul(max_data.saturating_add(message_ids).saturating_add(used)),
			tree(capacity, size_of::<RequestId>() + size_of::<Pending>()),
			tree(capacity.saturating_mul(MESSAGE_IDS), MessageId::SIZE + size_of::<RequestId>()),
			list(capacity, size_of::<RequestId>()),
			tree(capacity, size_of::<(Time, RequestId)>()),
		])
	}

	pub fn new(config: RequestConfig) -> Self {
		Self {
			config,
			next_id: 0,
			requests: BTreeMap::new(),
			by_message_id: BTreeMap::new(),
			post_queue: VecDeque::new(),
			forgotten: Vec::new(),
			timers: BTreeSet::new(),
		}
	}

	pub fn len(&self) -> usize {
		self.requests.len()
	}

	/// Is there room for one request more, which becomes `requests` pending ones that [share its copies](Self::copies_of_each),
	/// with `surbs` SURBs in each copy, where the keys of `surb_capacity` SURBs are kept?
	///
	/// Whatever becomes of the pending requests, the keys of all their SURBs and all fragments that come over them fit. So no
	/// request costs another one its answer: who answers both would find out that they are of one node. Only a request that is
	/// pending alone may have more, and then loses its own oldest ones, or its twin's: whoever answers both knows that already.
	pub fn has_room_for(&self, requests: usize, surbs: usize, surb_capacity: usize) -> bool {
		let RequestConfig { capacity, destinations, attempts, .. } = self.config;
		let times = (destinations as usize).saturating_mul(attempts as usize);
		let of_new = surbs.saturating_mul(self.copies_of_each(requests) as usize).saturating_mul(requests);
		let per_attempt = self
			.requests
			.values()
			.fold(of_new, |sum, request| sum.saturating_add(request.surbs.saturating_mul(request.copies as usize)));
		let surbs_fit = self.requests.is_empty() || per_attempt.saturating_mul(times) <= surb_capacity;
		surbs_fit && self.requests.len().saturating_add(requests) <= capacity
	}

	/// The copies in an attempt of each of the `requests` pending ones that a request becomes.
	fn copies_of_each(&self, requests: usize) -> u32 {
		self.config.copies.div_ceil(u32::try_from(requests).unwrap_or(u32::MAX))
	}

	/// Takes a request, whose copies are then to be queued.
	pub fn insert<R: RngCore + CryptoRng>(
		&mut self,
		rng: &mut R,
		now: Time,
		data: Vec<u8>,
		surbs: usize,
		delay: HandlingDelay,
	) -> RequestId {
		let id = self.add(rng, now, data, surbs, delay, self.config.copies);
		self.post_queue.push_back(id);
		id
	}

	/// Takes a request twice, each for destinations of its own. They share the copies of an attempt. Those of the first are
	/// then to be queued; the second begins at `second_at`.
	pub fn insert_twins<R: RngCore + CryptoRng>(
		&mut self,
		rng: &mut R,
		now: Time,
		data: Vec<u8>,
		surbs: usize,
		delay: HandlingDelay,
		second_at: Time,
	) -> [RequestId; 2] {
		let copies = self.copies_of_each(2);
		let first = self.add(rng, now, data.clone(), surbs, delay, copies);
		self.post_queue.push_back(first);
		let second = self.add(rng, now, data, surbs, delay, copies);
		for (id, twin) in [(first, second), (second, first)] {
			if let Some(request) = self.requests.get_mut(&id) {
				request.twin = Some(twin);
			}
		}
		if let Some(request) = self.requests.get_mut(&second) {
			// The end of an attempt in which nothing was sent.
			request.attempts_left += 1;
			request.stage = Stage::Waiting;
			request.retry_at = second_at;
		}
		self.set_timer(second, Some(second_at));
		[first, second]
	}

	/// Adds a request whose copies are to be queued, but not to the post queue.
	fn add<R: RngCore + CryptoRng>(
		&mut self,
		rng: &mut R,
		now: Time,
		data: Vec<u8>,
		surbs: usize,
		delay: HandlingDelay,
		copies: u32,
	) -> RequestId {
		let id = RequestId(self.next_id);
		self.next_id += 1;
		let message_id = MessageId::random(rng);
		let request = Pending {
			data,
			surbs,
			copies,
			delay,
			taken_at: now,
			stage: Stage::Posting { copies, blocked: None },
			message_id,
			bound_to: None,
			twin: None,
			used: Vec::new(),
			sent: false,
			retry_at: Time::ZERO,
			destinations_left: self.config.destinations - 1,
			attempts_left: self.config.attempts - 1,
			old_message_ids: VecDeque::new(),
		};
		self.requests.insert(id, request);
		self.by_message_id.insert(message_id, id);
		id
	}

	pub fn get(&self, id: RequestId) -> Option<&Pending> {
		self.requests.get(&id)
	}

	/// The request that has, or had, this message ID.
	pub fn by_message_id(&self, message_id: &MessageId) -> Option<RequestId> {
		self.by_message_id.get(message_id).copied()
	}

	/// Removes a request. Returns it with all its message IDs.
	pub fn remove(&mut self, id: RequestId) -> Option<(Pending, Vec<MessageId>)> {
		let request = self.requests.remove(&id)?;
		self.post_queue.retain(|queued| *queued != id);
		self.timers.retain(|(_, timed)| *timed != id);
		let mut message_ids: Vec<_> = request.old_message_ids.iter().map(|(message_id, _)| *message_id).collect();
		message_ids.push(request.message_id);
		for message_id in &message_ids {
			self.by_message_id.remove(message_id);
		}
		Some((request, message_ids))
	}

	/// Takes the message IDs that were forgotten since the last call, each with its request.
	pub fn take_forgotten(&mut self) -> Vec<(RequestId, MessageId)> {
		core::mem::take(&mut self.forgotten)
	}

	/// Requests with copies to be queued, in order.
	pub fn post_queue(&self) -> impl ExactSizeIterator<Item = RequestId> + '_ {
		self.post_queue.iter().copied()
	}

	/// A packet of the request has left us.
	pub fn note_sent(&mut self, id: RequestId) {
		if let Some(request) = self.requests.get_mut(&id) {
			request.sent = true;
		}
	}

	/// Requests that wait for nothing but room. For each, the session that it is bound to and the number of copies that are
	/// still to be queued.
	pub fn waiting_for_room(&self) -> impl Iterator<Item = (Option<SessionIndex>, &Pending, u32)> {
		self.post_queue.iter().filter_map(|id| self.requests.get(id)).filter_map(|request| match request.stage {
			Stage::Posting { copies, blocked: None } => {
				Some((request.bound_to.map(|(session, _)| session), request, copies))
			},
			_ => None,
		})
	}

	/// A copy of the request was queued, for `bound_to`. If it is answered at all, it is by `answer_by`. Returns whether
	/// there are more copies to queue: other requests have their turn first.
	pub fn posted(&mut self, id: RequestId, bound_to: (SessionIndex, MixnodeIndex), answer_by: Time) -> bool {
		let Some(request) = self.requests.get_mut(&id) else { return false };
		request.bound_to = Some(bound_to);
		let twin = request.twin;
		request.retry_at = request.retry_at.max(answer_by);
		let retry_at = request.retry_at;
		let copies_left = match &mut request.stage {
			Stage::Posting { copies, blocked } => {
				*blocked = None;
				*copies -= 1;
				*copies
			},
			Stage::Waiting => 0,
		};
		self.post_queue.retain(|queued| *queued != id);
		if copies_left == 0 {
			request.stage = Stage::Waiting;
			self.set_timer(id, Some(retry_at));
		} else {
			self.post_queue.push_back(id);
			self.set_timer(id, None);
		}
		if let Some(twin) = twin {
			for id in [id, twin] {
				self.note_used(id, bound_to);
			}
		}
		copies_left > 0
	}

	/// This destination is not to get the request again, and its twin neither.
	fn note_used(&mut self, id: RequestId, destination: (SessionIndex, MixnodeIndex)) {
		let Some(request) = self.requests.get_mut(&id) else { return };
		request.used.retain(|(session, _)| *session == destination.0);
		if !request.used.contains(&destination) {
			if request.used.len() == MAX_USED {
				request.used.remove(0);
			}
			request.used.push(destination);
		}
	}

	/// The request cannot be queued now, because something else than room is missing. It is given up after a while.
	pub fn blocked(&mut self, id: RequestId, now: Time, error: RequestError) {
		let Some(Pending { stage: Stage::Posting { blocked, .. }, .. }) = self.requests.get_mut(&id) else { return };
		let until = blocked.take().map_or(now + self.config.max_wait, |(until, _)| until);
		*blocked = Some((until, error));
		self.set_timer(id, Some(until));
	}

	/// Nothing is missing any more to queue a copy of the request.
	pub fn unblocked(&mut self, id: RequestId) {
		if let Some(Pending { stage: Stage::Posting { blocked, .. }, .. }) = self.requests.get_mut(&id) {
			if blocked.take().is_some() {
				self.set_timer(id, None);
			}
		}
	}

	/// Starts the request's next attempt, with another destination if this one's attempts are used up. Returns `false` if
	/// those of all destinations are.
	pub fn next_attempt<R: RngCore + CryptoRng>(&mut self, id: RequestId, rng: &mut R) -> bool {
		match self.requests.get_mut(&id) {
			Some(request) if request.attempts_left > 0 => {
				request.attempts_left -= 1;
				self.post_again(id);
				true
			},
			_ => self.next_destination(id, rng),
		}
	}

	/// Starts anew with another destination. Returns `false` if all are used up.
	pub fn next_destination<R: RngCore + CryptoRng>(&mut self, id: RequestId, rng: &mut R) -> bool {
		match self.requests.get_mut(&id) {
			Some(request) if request.destinations_left > 0 => {
				request.destinations_left -= 1;
				request.attempts_left = self.config.attempts - 1;
				self.rebind(id, rng);
				true
			},
			_ => false,
		}
	}

	/// Requests in a session that takes no requests any more start anew in another.
	///
	/// A request of which a packet was sent loses a destination. Otherwise a request that nobody answers would never end if
	/// sessions are shorter than its retry timer. Requests without a destination left wait for their timer.
	pub fn leave_sessions<R: RngCore + CryptoRng>(
		&mut self,
		rng: &mut R,
		takes_requests: impl Fn(SessionIndex) -> bool,
	) {
		let leaving: Vec<_> = self
			.requests
			.iter()
			.filter(|(_, request)| request.bound_to.is_some_and(|(session, _)| !takes_requests(session)))
			.map(|(id, request)| (*id, request.sent))
			.collect();
		for (id, sent) in leaving {
			if !sent {
				self.rebind(id, rng);
			} else if !self.next_destination(id, rng) {
				self.wait_for_the_last(id);
			}
		}
	}

	/// Queues no more of the request, which waits for an answer to the packets that were sent.
	fn wait_for_the_last(&mut self, id: RequestId) {
		let Some(request) = self.requests.get_mut(&id) else { return };
		request.attempts_left = 0;
		request.stage = Stage::Waiting;
		let retry_at = request.retry_at;
		self.post_queue.retain(|queued| *queued != id);
		self.set_timer(id, Some(retry_at));
	}

	/// Gives the request a new message ID, and a destination to be drawn. A message ID is for one destination alone: if two
	/// destinations compare theirs, they must not find the same. And in a new session, old SURBs must not be used.
	///
	/// Answers to old message IDs count as well. The exceptions are IDs that nobody can know, because no packet of the
	/// request was sent, and the oldest of very many.
	fn rebind<R: RngCore + CryptoRng>(&mut self, id: RequestId, rng: &mut R) {
		let Some(request) = self.requests.get_mut(&id) else { return };
		if let Some(destination) = request.bound_to.take() {
			let old = core::mem::replace(&mut request.message_id, MessageId::random(rng));
			request.old_message_ids.push_back((old, destination));
			let remembered = if request.sent { MAX_OLD_MESSAGE_IDS } else { 0 };
			while request.old_message_ids.len() > remembered {
				if let Some((oldest, _)) = request.old_message_ids.pop_front() {
					self.by_message_id.remove(&oldest);
					self.forgotten.push((id, oldest));
				}
			}
			self.by_message_id.insert(request.message_id, id);
		}
		request.retry_at = Time::ZERO;
		self.post_again(id);
	}

	fn post_again(&mut self, id: RequestId) {
		let Some(request) = self.requests.get_mut(&id) else { return };
		if request.stage == Stage::Waiting {
			self.post_queue.push_back(id);
		}
		request.stage = Stage::Posting { copies: request.copies, blocked: None };
		self.set_timer(id, None);
	}

	fn set_timer(&mut self, id: RequestId, at: Option<Time>) {
		self.timers.retain(|(_, timed)| *timed != id);
		self.timers.extend(at.map(|at| (at, id)));
	}

	/// When the next timer ends.
	pub fn next_timer(&self) -> Option<Time> {
		self.timers.first().map(|(at, _)| *at)
	}

	/// Takes a timer that has ended.
	pub fn pop_timer(&mut self, now: Time) -> Option<RequestId> {
		let (at, id) = *self.timers.first()?;
		if at > now {
			return None;
		}
		self.timers.pop_first();
		Some(id)
	}
}
