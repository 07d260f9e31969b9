//! What must have happened in a [`World`](crate::World), kept beside it and compared with every event.
//!
//! Nothing here knows how the protocol works. It knows what users may rely on:
//!
//! - a request that comes to a destination was posted by somebody;
//! - it comes to a destination once, unless the destination gave it back or could not remember it;
//! - a request that was posted ends once: with an answer that some destination gave to a request that says the same, or
//!   with an error;
//! - a request that was cancelled does not end;
//! - a packet is acted on once by the node that it comes to, whatever copies of it come.

use mixnet_node_core::{MessageId, Packet, PostError, RequestId, Time};
use std::{
	collections::{hash_map::DefaultHasher, BTreeMap, BTreeSet},
	hash::{Hash, Hasher},
	time::Duration,
};

/// A request that was posted and has not ended.
#[derive(Clone, Debug)]
pub struct Posted {
	/// What it says.
	pub data: Vec<u8>,
	/// When it was posted.
	pub at: Time,
}

/// What is known of all requests that say the same.
#[derive(Default)]
struct Asked {
	/// The answers that destinations gave, as hashes.
	replies: BTreeSet<u64>,
}

/// The counters of the whole world.
#[derive(Default)]
pub struct Expected {
	/// Requests of each node that have not ended, as far as its events were polled.
	pending: BTreeMap<(usize, RequestId), Posted>,
	/// The last ID that each node gave.
	last_ids: BTreeMap<usize, RequestId>,
	/// What was ever asked, by what the request says.
	asked: BTreeMap<Vec<u8>, Asked>,
	/// Messages that came to each node, and that it neither gave back nor forgot.
	delivered: BTreeSet<(usize, MessageId)>,
	/// Headers of packets that each node acted on, as hashes.
	acted_on: BTreeSet<(usize, u64)>,
	/// Tells messages of attackers, which nobody posted, by their IDs.
	pub is_forged: Option<fn(&MessageId) -> bool>,
}

fn hash(bytes: &[u8]) -> u64 {
	let mut hasher = DefaultHasher::new();
	bytes.hash(&mut hasher);
	hasher.finish()
}

impl Expected {
	/// A request was posted, or refused.
	pub(crate) fn posted(&mut self, node: usize, now: Time, data: Vec<u8>, result: &Result<RequestId, PostError>) {
		let id = match result {
			Ok(id) => *id,
			Err(error) => {
				assert!(!error.to_string().is_empty());
				assert!(error.retry_at().is_none_or(|at| at >= now), "room in the past: {error:?}");
				return;
			},
		};
		assert!(self.last_ids.insert(node, id) < Some(id), "{id:?} was used before");
		self.asked.entry(data.clone()).or_default();
		self.pending.insert((node, id), Posted { data, at: now });
	}

	/// A request was cancelled.
	pub(crate) fn cancelled(&mut self, node: usize, id: RequestId, was_pending: bool, is_polled_out: bool) {
		let is_known = self.pending.contains_key(&(node, id));
		if was_pending {
			assert!(is_known, "{id:?} was pending, though it has ended");
			self.pending.remove(&(node, id));
		} else {
			assert!(!is_known || !is_polled_out, "{id:?} was lost without an event");
		}
	}

	/// A request came to a destination, which can remember others.
	pub(crate) fn came(&mut self, node: usize, message_id: MessageId, data: &[u8], remembers: bool) {
		let is_forged = self.is_forged.is_some_and(|is_forged| is_forged(&message_id));
		assert!(is_forged || self.asked.contains_key(data), "a request that nobody posted came to node {node}");
		let is_new = self.delivered.insert((node, message_id));
		assert!(is_new || !remembers, "node {node} was told twice of {message_id:?}");
	}

	/// A destination gave a request back: it may come again.
	pub(crate) fn given_back(&mut self, node: usize, message_id: &MessageId) {
		self.delivered.remove(&(node, *message_id));
	}

	/// A destination replied to a request.
	pub(crate) fn replied(&mut self, asked: &[u8], reply: &[u8]) {
		// Forged requests were never asked.
		if let Some(known) = self.asked.get_mut(asked) {
			known.replies.insert(hash(reply));
		}
	}

	/// A request was answered.
	pub(crate) fn answered(&mut self, node: usize, now: Time, id: RequestId, data: &[u8], time: Option<Duration>) {
		let posted = self.ended(node, id);
		let known = &self.asked[&posted.data];
		assert!(known.replies.contains(&hash(data)), "nobody gave this answer to {id:?} of node {node}");
		assert!(time.is_none_or(|time| time <= now - posted.at), "the answer to {id:?} came before it was asked");
	}

	/// A request has ended.
	pub(crate) fn ended(&mut self, node: usize, id: RequestId) -> Posted {
		self.pending.remove(&(node, id)).unwrap_or_else(|| panic!("{id:?} of node {node} ended twice, or never was"))
	}

	/// A node acted on a packet.
	pub(crate) fn acted_on(&mut self, node: usize, packet: &Packet) {
		let mut header = [0; 188];
		header.copy_from_slice(&packet.as_bytes()[..188]);
		header[31] &= 0x7f; // The top bit of the key makes no other packet.
		assert!(self.acted_on.insert((node, hash(&header))), "node {node} acted on a packet twice");
	}

	/// The requests of a node that have not ended.
	pub fn pending(&self, node: usize) -> impl Iterator<Item = (RequestId, &Posted)> {
		let all = (node, RequestId(0))..=(node, RequestId(u64::MAX));
		self.pending.range(all).map(|((_, id), posted)| (*id, posted))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::panic::{catch_unwind, AssertUnwindSafe};

	const ID: RequestId = RequestId(1);
	const MESSAGE: MessageId = MessageId([1; 16]);
	const NOW: Time = Time::ZERO;

	/// Node 0 has asked something, which came to node 1.
	fn asked() -> Expected {
		let mut expected = Expected::default();
		expected.posted(0, NOW, b"question".to_vec(), &Ok(ID));
		expected.came(1, MESSAGE, b"question", true);
		expected
	}

	#[test]
	fn what_may_happen_is_taken() {
		let mut expected = asked();
		// It is given back, and comes again.
		expected.given_back(1, &MESSAGE);
		expected.came(1, MESSAGE, b"question", true);
		expected.replied(b"question", b"answer");
		assert_eq!(expected.pending(0).map(|(id, _)| id).collect::<Vec<_>>(), [ID]);
		expected.answered(0, NOW, ID, b"answer", Some(Duration::ZERO));
		assert_eq!(expected.pending(0).count(), 0);
	}

	#[test]
	fn what_must_not_happen_is_noticed() {
		type Wrong = fn(&mut Expected);
		let wrongs: [(&str, Wrong); 9] = [
			("a request that nobody posted", |it| it.came(1, MessageId([2; 16]), b"another", true)),
			("a request that comes twice", |it| it.came(1, MESSAGE, b"question", true)),
			("an answer that nobody gave", |it| it.answered(0, NOW, ID, b"answer", None)),
			("an answer to nobody", |it| it.answered(2, NOW, ID, b"answer", None)),
			("an answer before the question", |it| {
				it.replied(b"question", b"answer");
				it.answered(0, NOW, ID, b"answer", Some(Duration::from_secs(1)));
			}),
			("a request that ends twice", |it| {
				it.ended(0, ID);
				it.ended(0, ID);
			}),
			("a request that ends after it was cancelled", |it| {
				it.cancelled(0, ID, true, true);
				it.ended(0, ID);
			}),
			("an ID that was used before", |it| it.posted(0, NOW, Vec::new(), &Ok(ID))),
			("a packet that is acted on twice", |it| {
				let packet = Packet::from([1; 2252]);
				it.acted_on(1, &packet);
				it.acted_on(1, &packet);
			}),
		];
		for (what, wrong) in wrongs {
			let mut expected = asked();
			assert!(catch_unwind(AssertUnwindSafe(|| wrong(&mut expected))).is_err(), "{what} is not noticed");
		}
	}
}
