//! This node's own requests, from its callers to the core and back.
//!
//! What a caller is told does not depend on what others ask: a request that finds no room waits for its turn in the
//! [`Line`] instead of being refused. How long it waits does depend on others. (docs/requests.md)

use super::{
	ask::NoAnswer,
	line::{Caller, Line},
};
use mixnet_node_core::{max_data, HandlingDelay, Mixnet, PeerId, PostError, RequestId, Time};
use rand_core::{CryptoRng, RngCore};
use std::{collections::HashMap, time::Duration};
use tokio::sync::mpsc;

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
	/// Whether two mixnodes are to handle it.
	pub twice: bool,
	/// Where the outcomes go: one for each mixnode, or one if the request is not sent. It has room for two.
	pub outcomes: mpsc::Sender<Outcome>,
}

/// What came of asking a mixnode.
#[derive(Debug)]
pub struct Outcome {
	/// The mixnode, if it answered and its session still runs.
	pub destination: Option<PeerId>,
	/// The answer's bytes, or why there is none.
	pub result: Result<Vec<u8>, NoAnswer>,
}

impl Outcome {
	fn error(error: NoAnswer) -> Self {
		Self { destination: None, result: Err(error) }
	}
}

/// A request that the core has.
struct Taken {
	outcomes: mpsc::Sender<Outcome>,
	/// The same request to another mixnode.
	twin: Option<RequestId>,
	/// Whether the twin has an answer. Then the request goes on, whether or not somebody waits for it: an answer has no
	/// influence on what is sent.
	goes_on: bool,
}

/// All requests of this node's callers that are neither answered nor given up.
pub struct Asking {
	/// The most requests in the line, of all callers of a class.
	max_waiting: usize,
	line: Line<Asked>,
	/// The requests that the core has.
	taken: HashMap<RequestId, Taken>,
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
		if asked.outcomes.is_closed() {
			return;
		}
		if let Err(error) = self.check(core, &asked) {
			let _ = asked.outcomes.try_send(Outcome::error(error));
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
		while let Some(Asked { data, surbs, handling_delay, twice, .. }) = self.line.first() {
			let posted = if *twice {
				core.post_request_twice(now, data.clone(), *surbs, *handling_delay)
					.map(|[first, second]| (first, Some(second)))
			} else {
				core.post_request(now, data.clone(), *surbs, *handling_delay).map(|id| (id, None))
			};
			if let Some(at) = posted.as_ref().err().and_then(PostError::retry_at) {
				self.retry_at = Some(at.clamp(now + RETRY[0], now + RETRY[1]));
				return;
			}
			let Some(asked) = self.line.pop() else { return };
			match posted {
				Ok((id, twin)) => {
					let taken = |twin| Taken { outcomes: asked.outcomes.clone(), twin, goes_on: false };
					self.taken.insert(id, taken(twin));
					self.taken.extend(twin.map(|twin| (twin, taken(Some(id)))));
				},
				Err(error) => {
					let error = not_taken(error, asked.data.len(), asked.surbs);
					let _ = asked.outcomes.try_send(Outcome::error(error));
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
		self.line.remove_if(|asked| asked.outcomes.is_closed());
		let gone = self.taken.iter().filter(|(_, taken)| taken.outcomes.is_closed() && !taken.goes_on);
		let gone: Vec<_> = gone.map(|(id, _)| *id).collect();
		for id in gone {
			self.taken.remove(&id);
			core.cancel_request(now, id);
		}
		self.post(core, now);
	}

	/// Tells a caller what became of its request.
	pub fn finish(&mut self, id: RequestId, outcome: Outcome) {
		let Some(Taken { outcomes, twin, .. }) = self.taken.remove(&id) else { return };
		if let Some(twin) = twin.and_then(|twin| self.taken.get_mut(&twin)) {
			twin.goes_on |= outcome.result.is_ok();
		}
		// There is room: two for each request that was asked for, and each is finished once.
		let _ = outcomes.try_send(outcome);
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
