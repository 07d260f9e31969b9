//! Requests: posted, cancelled, replied to, given back.

use super::{super::super::reader::stretch, answer, Posted, World};
use core::time::Duration;
use mixnet_node_core::{HandlingDelay, PostError, ReplyTo, RequestId};

impl World {
	/// Posts a request of `len` bytes, which begin with a number of its own.
	pub fn post_request(&mut self, node: usize, len: usize, surbs: usize, delay: HandlingDelay) {
		self.num_asked += 1;
		let mut data = stretch::<60_000>(&self.num_asked.to_le_bytes()).to_vec();
		data.truncate(len);
		let now = self.now;
		let is_patient = delay == HandlingDelay::Fixed(Duration::MAX);
		let driver = &mut self.nodes[node];
		driver.is_polled_out = false;
		let pending = driver.mixnet.statistics().requests_pending;
		match driver.mixnet.post_request(now, data.clone(), surbs, delay) {
			Ok(id) => {
				assert!(driver.last_id < Some(id), "a request ID comes twice");
				driver.last_id = Some(id);
				driver.posted.insert(id, Posted { data: data.clone(), at: now, is_patient });
				self.asked.insert((data, surbs));
			},
			Err(PostError::TooManyRequests { capacity, at }) => {
				assert_eq!(capacity, driver.config.request.capacity);
				assert_eq!(pending, capacity as u64);
				assert!(at >= now);
			},
			Err(PostError::NoRoom { packets, at }) => assert!(packets > 0 && at >= now),
			Err(PostError::TooLarge { fragments, max }) => assert!(fragments > max),
			Err(error) => assert!(!error.to_string().is_empty()),
		}
	}

	/// A request that has not ended.
	pub fn some_pending(&self, node: usize, which: u8) -> Option<RequestId> {
		let posted = &self.nodes[node].posted;
		posted.keys().nth(usize::from(which).checked_rem(posted.len())?).copied()
	}

	/// Cancels a request.
	pub fn cancel_request(&mut self, node: usize, id: RequestId) {
		let driver = &mut self.nodes[node];
		let was_pending = driver.mixnet.cancel_request(self.now, id);
		let is_known = driver.posted.contains_key(&id);
		if was_pending {
			assert!(is_known, "a request was pending that has ended");
			driver.posted.remove(&id);
		} else {
			assert!(!is_known || !driver.is_polled_out, "a request was lost without an event");
		}
		driver.is_polled_out = false;
	}

	/// Takes a request of somebody else's.
	pub fn take_held(&mut self, node: usize, which: u8) -> Option<(ReplyTo, Vec<u8>)> {
		let held = &mut self.nodes[node].held;
		let index = usize::from(which).checked_rem(held.len())?;
		held.remove(index)
	}

	/// Replies to a request.
	pub fn reply(&mut self, node: usize, reply_to: ReplyTo, asked: &[u8], len: usize) {
		let driver = &mut self.nodes[node];
		driver.is_polled_out = false;
		match driver.mixnet.post_reply(self.now, reply_to, answer(asked, len)) {
			Ok(()) => self.outcome.replies += 1,
			Err(error) => assert!(!error.to_string().is_empty()),
		}
	}

	/// Gives a request back.
	pub fn abandon(&mut self, node: usize, reply_to: ReplyTo) {
		self.nodes[node].mixnet.abandon_request(reply_to);
	}
}
