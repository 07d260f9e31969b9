//! Requests of other nodes, while they are handled and for some time after, with our replies to them.

use crate::{
	bytes::{sum, tree, AGE},
	parameters::ParametersExt,
	sphinx::Surb,
	time::Time,
	MessageId, Parameters, SessionIndex,
};
use alloc::{collections::BTreeMap, vec::Vec};
use core::{fmt, time::Duration};

/// Lets the driver reply to one request: hand it back with the reply, or without one.
pub struct ReplyTo {
	pub(crate) session: SessionIndex,
	/// The session's generation: see `Sessions::generation`.
	pub(crate) generation: u64,
	/// The session's parameters.
	pub(crate) parameters: Parameters,
	pub(crate) message_id: MessageId,
	pub(crate) surbs: Vec<Surb>,
}

impl ReplyTo {
	/// The message ID of the request.
	pub fn message_id(&self) -> MessageId {
		self.message_id
	}

	/// The session that the request came in, and the reply goes out in.
	pub fn session(&self) -> SessionIndex {
		self.session
	}

	/// The time to wait before the extrinsic is submitted, if the request is to submit one. (PROTOCOL.md, section 10)
	pub fn extrinsic_delay(&self) -> Duration {
		self.parameters.extrinsic_delay(&self.message_id)
	}

	/// The number of packets that can be sent in reply, all copies together.
	pub fn surbs(&self) -> usize {
		self.surbs.len()
	}
}

impl fmt::Debug for ReplyTo {
	/// Without the SURBs, which are secret.
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.debug_struct("ReplyTo")
			.field("session", &self.session)
			.field("message_id", &self.message_id)
			.field("surbs", &self.surbs.len())
			.finish()
	}
}

/// A reply that can be sent again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CachedReply {
	/// Message ID of the reply, the same in all copies.
	pub message_id: MessageId,
	/// Its data.
	pub data: Vec<u8>,
}

/// What to do with a request that came in.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Seen {
	/// It is new: handle it.
	New,
	/// It is new, and as many others as can be remembered are being handled: ignore it.
	NoRoom,
	/// It is being handled: ignore it.
	InProgress,
	/// It was just replied to: ignore it.
	InCooldown,
	/// It was replied to some time ago, apparently in vain: send this reply again.
	Answered(CachedReply),
}

#[derive(Debug)]
enum State {
	/// Being handled. The request came in this session.
	InProgress(SessionIndex),
	Answered {
		reply: CachedReply,
		/// When a copy of the reply was last sent. `None` if none could be sent.
		sent_at: Option<Time>,
	},
}

#[derive(Debug)]
struct Entry {
	state: State,
	/// When it was last used: a key of `ReplyCache::by_use`, if it is answered.
	used: u64,
}

/// Requests by message ID. Their number is bounded. The least recently used one of those that are answered is forgotten first.
///
/// A request in progress is not forgotten: its repeat would be handled as well. If all are in progress, a new one is refused.
/// Those of a session that is over can be answered no more, and are forgotten then.
#[derive(Debug)]
pub(crate) struct ReplyCache {
	capacity: usize,
	entries: BTreeMap<MessageId, Entry>,
	/// Those that are answered, the least recently used first.
	by_use: BTreeMap<u64, MessageId>,
	uses: u64,
}

impl ReplyCache {
	/// The most bytes of heap that this many replies take, each with this many bytes of data.
	pub fn max_bytes(capacity: usize, max_data: usize) -> usize {
		sum([
			capacity.saturating_mul(max_data),
			tree(capacity, size_of::<(MessageId, Entry)>()),
			tree(capacity, AGE + MessageId::SIZE),
		])
	}

	pub fn new(capacity: usize) -> Self {
		Self { capacity, entries: BTreeMap::new(), by_use: BTreeMap::new(), uses: 0 }
	}

	pub fn len(&self) -> usize {
		self.entries.len()
	}

	/// A request came in `session`, which has this cooldown. If it is new, it is in progress from now on.
	pub fn see(&mut self, now: Time, message_id: MessageId, session: SessionIndex, cooldown: Duration) -> Seen {
		let seen = match self.entries.get(&message_id).map(|entry| &entry.state) {
			None => {
				let has_room = self.put(message_id, State::InProgress(session));
				return if has_room { Seen::New } else { Seen::NoRoom };
			},
			Some(State::InProgress(_)) => return Seen::InProgress,
			Some(State::Answered { sent_at: Some(sent_at), .. }) if now - *sent_at < cooldown => Seen::InCooldown,
			Some(State::Answered { reply, .. }) => Seen::Answered(reply.clone()),
		};
		self.touch(&message_id);
		seen
	}

	/// The request was handled, with this reply. Returns `false`, and keeps the first one, if it had a reply already.
	///
	/// The reply is not remembered if the request was forgotten, since its session is over, and there is no room.
	pub fn answer(&mut self, message_id: MessageId, reply: CachedReply) -> bool {
		match self.entries.get(&message_id) {
			Some(Entry { state: State::Answered { .. }, .. }) => false,
			_ => {
				self.remove(&message_id);
				self.put(message_id, State::Answered { reply, sent_at: None });
				true
			},
		}
	}

	/// Forgets the requests in progress of sessions for which `is_live` is false.
	pub fn retain_sessions(&mut self, is_live: impl Fn(SessionIndex) -> bool) {
		self.entries.retain(|_, entry| match entry.state {
			State::InProgress(session) => is_live(session),
			State::Answered { .. } => true,
		});
	}

	/// A copy of the reply was sent.
	pub fn sent(&mut self, now: Time, message_id: &MessageId) {
		if let Some(Entry { state: State::Answered { sent_at, .. }, .. }) = self.entries.get_mut(message_id) {
			*sent_at = Some(now);
		}
	}

	/// The request will not be replied to. If it comes again, it counts as new.
	pub fn abandon(&mut self, message_id: &MessageId) {
		if matches!(self.entries.get(message_id), Some(Entry { state: State::InProgress(_), .. })) {
			self.remove(message_id);
		}
	}

	/// Enters a request that is not there. Returns `false` if all others are in progress, and there is no room.
	fn put(&mut self, message_id: MessageId, state: State) -> bool {
		if self.entries.len() >= self.capacity {
			let Some((_, oldest)) = self.by_use.pop_first() else { return false };
			self.entries.remove(&oldest);
		}
		self.uses += 1;
		if matches!(state, State::Answered { .. }) {
			self.by_use.insert(self.uses, message_id);
		}
		self.entries.insert(message_id, Entry { state, used: self.uses });
		true
	}

	/// An answered request was used.
	fn touch(&mut self, message_id: &MessageId) {
		if let Some(entry) = self.entries.get_mut(message_id) {
			self.by_use.remove(&entry.used);
			self.uses += 1;
			entry.used = self.uses;
			self.by_use.insert(self.uses, *message_id);
		}
	}

	fn remove(&mut self, message_id: &MessageId) {
		if let Some(entry) = self.entries.remove(message_id) {
			self.by_use.remove(&entry.used);
		}
	}
}
