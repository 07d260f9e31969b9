//! This node's own requests, from its callers to the core and back.
//!
//! What a caller is told does not depend on what others ask: a request that finds no room waits for its turn in the
//! [`Line`] instead of being refused. How long it waits does depend on others. (docs/requests.md)

use super::{
	ask::NoAnswer,
	line::{Caller, Line},
};
use mixnet_node_core::{max_data, HandlingDelay, Mixnet, PostError, RequestId, Time};
use rand_core::{CryptoRng, RngCore};
use std::{collections::HashMap, time::Duration};
use tokio::sync::oneshot;

/// The shortest and the longest time until a request that found no room is tried again. The core says when there will be
/// room on average, and there may be some before.
const RETRY: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(1)];

/// The bytes of data that count as a packet, for fairness among callers.
const PACKET_DATA: usize = 2_000;

/// A request as a caller hands it in.
pub struct Asked {
	/// Who asks.
	pub caller: Caller,
	/// The request's bytes.
	pub data: Vec<u8>,
	/// The number of SURBs in each copy of it.
	pub surbs: usize,
	/// How long its destination takes until it answers.
	pub handling_delay: HandlingDelay,
	/// Where its answer's bytes go.
	pub answer: oneshot::Sender<Result<Vec<u8>, NoAnswer>>,
}

/// All requests of this node's callers that are neither answered nor given up.
pub struct Asking {
	/// The most requests in the line, of all callers of a class.
	max_waiting: usize,
	line: Line<Asked>,
	/// Where the answers to the requests go that the core has.
	taken: HashMap<RequestId, oneshot::Sender<Result<Vec<u8>, NoAnswer>>>,
	/// When to try again whether there is room.
	retry_at: Option<Time>,
}

impl Asking {
	/// Nothing yet. At most `max_waiting` requests will wait for their turn, of all callers of a class; each takes at most
	/// 130 kB.
	pub fn new(max_waiting: usize) -> Self {
		Self { max_waiting, line: Line::default(), taken: HashMap::new(), retry_at: None }
	}

	/// Takes a request. Its caller is told what is wrong with it, now or later.
	pub fn ask<R: RngCore + CryptoRng>(&mut self, core: &mut Mixnet<R>, now: Time, asked: Asked) {
		// A caller that is gone needs no answer; the same below.
		if asked.answer.is_closed() {
			return;
		}
		if let Err(error) = self.check(core, &asked) {
			let _ = asked.answer.send(Err(error));
			return;
		}
		let packets = 1 + asked.data.len() / PACKET_DATA;
		self.line.push(asked.caller, packets as u64, asked);
		self.post(core, now);
	}

	/// Is there anything that keeps the request from being sent, other than that it has to wait?
	fn check<R: RngCore + CryptoRng>(&self, core: &Mixnet<R>, asked: &Asked) -> Result<(), NoAnswer> {
		core.check_request(&asked.data, asked.surbs)
			.map_err(|error| not_taken(error, asked.data.len(), asked.surbs))?;
		let limit = self.max_waiting;
		if self.line.len_of_class(asked.caller) >= limit {
			return Err(NoAnswer::LineFull { limit });
		}
		Ok(())
	}

	/// Hands the core what it has room for.
	pub fn post<R: RngCore + CryptoRng>(&mut self, core: &mut Mixnet<R>, now: Time) {
		self.retry_at = None;
		while let Some(Asked { data, surbs, handling_delay, .. }) = self.line.first() {
			let posted = core.post_request(now, data.clone(), *surbs, *handling_delay);
			if let Some(at) = posted.as_ref().err().and_then(PostError::retry_at) {
				self.retry_at = Some(at.clamp(now + RETRY[0], now + RETRY[1]));
				return;
			}
			let Some(asked) = self.line.pop() else { return };
			match posted {
				Ok(id) => {
					self.taken.insert(id, asked.answer);
				},
				Err(error) => {
					let _ = asked.answer.send(Err(not_taken(error, asked.data.len(), asked.surbs)));
				},
			}
		}
	}

	/// When [`Self::post`] wants to be called.
	pub fn next_due(&self) -> Option<Time> {
		self.retry_at
	}

	/// Cancels the requests of callers that have hung up.
	pub fn cancel<R: RngCore + CryptoRng>(&mut self, core: &mut Mixnet<R>, now: Time) {
		self.line.remove_if(|asked| asked.answer.is_closed());
		let gone: Vec<_> = self.taken.iter().filter(|(_, answer)| answer.is_closed()).map(|(id, _)| *id).collect();
		for id in gone {
			self.taken.remove(&id);
			core.cancel_request(now, id);
		}
		self.post(core, now);
	}

	/// Tells a caller what became of its request.
	pub fn finish(&mut self, id: RequestId, result: Result<Vec<u8>, NoAnswer>) {
		if let Some(answer) = self.taken.remove(&id) {
			let _ = answer.send(result);
		}
	}

	/// How many requests wait for their turn.
	pub fn waiting(&self) -> usize {
		self.line.total()
	}
}

/// What a caller is told of a request that the core does not take.
fn not_taken(error: PostError, size: usize, surbs: usize) -> NoAnswer {
	match error {
		PostError::TooLarge { max, .. } => NoAnswer::TooLarge { size, max: max_data(max, surbs) },
		error => NoAnswer::NotSent(error),
	}
}
