//! Fragments that wait for the rest of their message.

use super::{
	fragment::{FragmentError, FragmentView, MAX_DATA, MAX_SURBS_PER_FRAGMENT},
	id::MessageId,
};
use crate::{
	bytes::{sum, tree, AGE, POINTER},
	sphinx::{PayloadData, Surb},
};
use alloc::{
	boxed::Box,
	collections::{btree_map::Entry, BTreeMap},
	vec::Vec,
};
use core::{fmt, iter};

/// A message, complete.
pub struct AssembledMessage {
	/// The message ID.
	pub id: MessageId,
	/// The data of all fragments, in order.
	pub data: Vec<u8>,
	/// SURBs for the reply.
	pub surbs: Vec<Surb>,
}

// Neither SURBs nor the data of a private request belong in logs.
impl fmt::Debug for AssembledMessage {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		write!(f, "AssembledMessage({}, {} bytes, {} SURBs)", self.id, self.data.len(), self.surbs.len())
	}
}

/// Puts messages together from their fragments.
///
/// Fragments of a request are known by its message ID. Fragments of a reply are known by the request that it answers and
/// the reply's own ID, which the responder chose. Otherwise responders that collude could answer halves of one message to two
/// requests: it would be completed, and one of the requests would end, only if both are of one node.
///
/// There are two bounds: on the number of incomplete messages, and on the number of their fragments together. Beyond
/// either, the message that got no new fragment for the longest time is dropped. So memory is bounded by about
/// [`FRAGMENT_SIZE`](super::FRAGMENT_SIZE) bytes for each fragment allowed, whatever is received.
pub struct Assembler {
	/// Each message here lacks at least one fragment and has at least one.
	incomplete: BTreeMap<Key, Incomplete>,
	/// The same messages by [`Incomplete::used`], least recently used first.
	by_use: BTreeMap<u64, Key>,
	/// The next [`Incomplete::used`].
	uses: u64,
	/// Number of fragments of all messages in `incomplete`.
	fragments: usize,

	max_messages: usize,
	max_fragments: usize,

	evicted_messages: u64,
}

/// What an incomplete message is known by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
	/// The message ID of our request that it answers; `None` if it is a request itself.
	answers: Option<MessageId>,
	id: MessageId,
}

struct Incomplete {
	/// Number of fragments of the complete message.
	count: usize,
	/// The fragments received, by index.
	parts: BTreeMap<u16, Part>,
	/// When the last fragment was received, on a clock that counts fragments.
	used: u64,
}

/// The contents of a fragment, without the zeroes.
struct Part {
	data: Box<[u8]>,
	surbs: Vec<Surb>,
}

impl Assembler {
	/// The most bytes of heap that an assembler with these bounds takes.
	pub(crate) fn max_bytes(messages: usize, fragments: usize) -> usize {
		let messages = messages.min(fragments);
		// Data and SURBs share the space in a fragment. A SURB has a pointer to it besides.
		let fragment = MAX_DATA + MAX_SURBS_PER_FRAGMENT * POINTER;
		let part = size_of::<(u16, Part)>();
		let message = size_of::<(Key, Incomplete)>();
		sum([
			fragments.saturating_mul(fragment),
			// Each message has a tree of its parts, and so a first node.
			tree(fragments, part),
			messages.saturating_mul(tree(0, part)),
			tree(messages, message),
			tree(messages, AGE + size_of::<Key>()),
		])
	}

	/// Keeps at most `max_messages` incomplete messages with at most `max_fragments` fragments together.
	pub fn new(max_messages: usize, max_fragments: usize) -> Self {
		Self {
			incomplete: BTreeMap::new(),
			by_use: BTreeMap::new(),
			uses: 0,
			fragments: 0,
			max_messages,
			max_fragments,
			evicted_messages: 0,
		}
	}

	/// Takes a fragment of a request of at most `max_fragments_per_message`; gives the message if it was the last one
	/// missing.
	///
	/// A copy of a fragment that comes after its message is complete starts the message anew: whoever handles messages
	/// knows them by their IDs.
	///
	/// # Errors
	///
	/// See [`FragmentError`]. Nothing has changed then.
	pub fn insert(
		&mut self,
		fragment: &PayloadData,
		max_fragments_per_message: usize,
	) -> Result<Option<AssembledMessage>, FragmentError> {
		self.insert_under(None, fragment, max_fragments_per_message)
	}

	/// As [`insert`](Self::insert), but a fragment of a reply to `request`, whose SURB it came over.
	///
	/// # Errors
	///
	/// See [`FragmentError`]. Nothing has changed then.
	pub fn insert_reply(
		&mut self,
		request: MessageId,
		fragment: &PayloadData,
		max_fragments_per_message: usize,
	) -> Result<Option<AssembledMessage>, FragmentError> {
		self.insert_under(Some(request), fragment, max_fragments_per_message)
	}

	fn insert_under(
		&mut self,
		answers: Option<MessageId>,
		fragment: &PayloadData,
		max_fragments_per_message: usize,
	) -> Result<Option<AssembledMessage>, FragmentError> {
		let fragment = FragmentView::read(fragment)?;
		let key = Key { answers, id: fragment.message_id };
		if fragment.count > max_fragments_per_message {
			return Err(FragmentError::TooManyFragments(fragment.count));
		}
		let part = || Part { data: fragment.data.into(), surbs: fragment.surbs().collect() };
		match self.incomplete.entry(key) {
			// Most messages are of one fragment, and never wait.
			Entry::Vacant(_) if fragment.count == 1 => {
				return Ok(Some(AssembledMessage::new(fragment.message_id, iter::once(part()))));
			},
			Entry::Vacant(entry) => {
				let parts = BTreeMap::from([(fragment.index, part())]);
				entry.insert(Incomplete { count: fragment.count, parts, used: self.uses });
			},
			Entry::Occupied(mut entry) => {
				let message = entry.get_mut();
				if fragment.count != message.count {
					return Err(FragmentError::CountMismatch { got: fragment.count, first: message.count });
				}
				match message.parts.entry(fragment.index) {
					Entry::Vacant(place) => place.insert(part()),
					Entry::Occupied(_) => return Err(FragmentError::Duplicate),
				};
				self.by_use.remove(&message.used);
				message.used = self.uses;
				if message.parts.len() == message.count {
					let message = entry.remove();
					self.fragments -= message.count - 1;
					return Ok(Some(AssembledMessage::new(fragment.message_id, message.parts.into_values())));
				}
			},
		}
		self.by_use.insert(self.uses, key);
		self.uses += 1;
		self.fragments += 1;
		self.evict();
		Ok(None)
	}

	/// Destroys what came of replies to `request`, which was answered or given up. Returns how many fragments there were.
	pub fn remove_replies_to(&mut self, request: &MessageId) -> usize {
		let of_request = |id| Key { answers: Some(*request), id };
		let range = of_request(MessageId([0; MessageId::SIZE]))..=of_request(MessageId([0xff; MessageId::SIZE]));
		let keys: Vec<_> = self.incomplete.range(range).map(|(key, _)| *key).collect();
		let before = self.fragments;
		for message in keys.iter().filter_map(|key| self.incomplete.remove(key)) {
			self.by_use.remove(&message.used);
			self.fragments -= message.parts.len();
		}
		before - self.fragments
	}

	/// The requests to which an incomplete reply is kept.
	#[cfg(test)]
	pub fn answered(&self) -> impl Iterator<Item = MessageId> + '_ {
		self.incomplete.keys().filter_map(|key| key.answers)
	}

	/// Number of incomplete messages kept.
	pub fn messages(&self) -> usize {
		self.incomplete.len()
	}

	/// Number of fragments kept.
	pub fn fragments(&self) -> usize {
		self.fragments
	}

	/// Number of incomplete messages that were dropped to make room for newer ones.
	pub fn evicted_messages(&self) -> u64 {
		self.evicted_messages
	}

	fn evict(&mut self) {
		while self.incomplete.len() > self.max_messages || self.fragments > self.max_fragments {
			let Some((_, oldest)) = self.by_use.pop_first() else { break };
			if let Some(message) = self.incomplete.remove(&oldest) {
				self.fragments -= message.parts.len();
				self.evicted_messages += 1;
			}
		}
	}
}

impl AssembledMessage {
	fn new(id: MessageId, parts: impl Iterator<Item = Part>) -> Self {
		let mut message = Self { id, data: Vec::new(), surbs: Vec::new() };
		for part in parts {
			message.data.extend_from_slice(&part.data);
			message.surbs.extend(part.surbs);
		}
		message
	}
}
