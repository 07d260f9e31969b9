//! Posting requests and replies.

use super::{super::super::reader::stretch, Network};
use core::time::Duration;
use mixnet_node_core::{HandlingDelay, RequestId};
use mixnet_simulation::Held;

impl Network {
	/// Posts a request of `len` bytes, which begin with a unique number.
	pub fn post_request(&mut self, node: usize, len: usize, surbs: usize, delay: HandlingDelay) {
		self.num_asked += 1;
		let mut data = stretch::<60_000>(&self.num_asked.to_le_bytes()).to_vec();
		data.truncate(len);
		if let Ok(id) = self.world.try_post(node, data.clone(), surbs, delay) {
			self.asked.insert((data, surbs));
			if delay == HandlingDelay::Fixed(Duration::MAX) {
				self.patient.insert((node, id));
			}
		}
	}

	/// One of the node's pending requests.
	pub fn some_pending(&self, node: usize, which: u8) -> Option<RequestId> {
		let pending: Vec<_> = self.world.expected.pending(node).map(|(id, _)| id).collect();
		pending.get(usize::from(which).checked_rem(pending.len())?).copied()
	}

	/// Takes one of the requests that this node holds.
	pub fn take_held(&mut self, node: usize, which: u8) -> Option<Held> {
		let held = &self.world.held;
		let indices: Vec<_> = (0..held.len()).filter(|index| held[*index].node == node).collect();
		let index = indices[usize::from(which).checked_rem(indices.len())?];
		// Checked requests come first.
		self.num_held -= usize::from(index < self.num_held);
		Some(self.world.held.remove(index))
	}

	/// Has a node reply to a request with `len` bytes.
	pub fn reply(&mut self, node: usize, held: Held, len: usize) {
		let reply = answer(&held.data, len);
		match self.world.reply(node, held, reply) {
			Ok(()) => self.outcome.replies += 1,
			Err(error) => assert!(!error.to_string().is_empty()),
		}
	}
}

/// A reply of `len` bytes to the request `asked`.
fn answer(asked: &[u8], len: usize) -> Vec<u8> {
	(0..len).map(|index| !index.checked_rem(asked.len()).map_or(0, |index| asked[index])).collect()
}
