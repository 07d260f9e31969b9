//! Pending requests and the reply cache, compared with models after any operations. The models are lists, searched from
//! the front.

use super::*;
use crate::{sphinx::MixnodeIndex, MessageId, RequestConfig, SessionIndex, Time};
use core::time::Duration;
use proptest::{prelude::*, test_runner::RngSeed};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::collections::BTreeSet;

fn at(seconds: u64) -> Time {
	Time::from_duration(Duration::from_secs(seconds))
}

/// The most message IDs that a request is known by: the present one and eight earlier ones.
const MAX_MESSAGE_IDS: usize = 9;
/// How long a request may be blocked, in seconds.
const MAX_WAIT: u64 = 5;

/// An operation on one of the requests taken so far, counted back from the last.
#[derive(Clone, Copy, Debug)]
enum Operation {
	Insert,
	/// The second begins after this time.
	InsertTwins {
		after: u64,
	},
	Remove {
		request: usize,
	},
	Sent {
		request: usize,
	},
	/// A copy is posted in this session; its answer takes this long.
	Posted {
		request: usize,
		session: SessionIndex,
		destination: u16,
		answer_after: u64,
	},
	Blocked {
		request: usize,
	},
	NextAttempt {
		request: usize,
	},
	NextDestination {
		request: usize,
	},
	/// This session takes no requests any more; the others do.
	Leave {
		session: SessionIndex,
	},
	/// Time passes, and timers end.
	Pass {
		time: u64,
	},
}

fn operation() -> impl Strategy<Value = Operation> {
	use Operation::*;
	let request = || 0usize..3;
	prop_oneof![
		2 => Just(Insert),
		1 => (0u64..4).prop_map(|after| InsertTwins { after }),
		1 => request().prop_map(|request| Remove { request }),
		1 => request().prop_map(|request| Sent { request }),
		14 => (request(), 0u32..2, 0u16..3, 0u64..6).prop_map(|(request, session, destination, answer_after)| {
			Posted { request, session, destination, answer_after }
		}),
		4 => request().prop_map(|request| Blocked { request }),
		3 => request().prop_map(|request| NextAttempt { request }),
		2 => request().prop_map(|request| NextDestination { request }),
		10 => (0u32..2).prop_map(|session| Leave { session }),
		4 => (0u64..4).prop_map(|time| Pass { time }),
	]
}

/// A request that is pending.
#[derive(Clone, Debug)]
struct Model {
	id: RequestId,
	data: Vec<u8>,
	/// Its message IDs; the last one is in use.
	message_ids: Vec<MessageId>,
	bound_to: Option<(SessionIndex, MixnodeIndex)>,
	sent: bool,
	/// Copies of an attempt.
	copies_of_attempt: u32,
	/// The twin, and the destinations that neither should have again.
	twin: Option<RequestId>,
	used: BTreeSet<(SessionIndex, MixnodeIndex)>,
	/// Copies still to be posted; 0 while it waits for an answer.
	copies: u32,
	/// The time until which it is blocked.
	blocked: Option<u64>,
	answer_by: u64,
	timer: Option<u64>,
	destinations_left: u32,
	attempts_left: u32,
}

impl Model {
	fn new(id: RequestId, data: Vec<u8>, copies: u32, config: &RequestConfig) -> Self {
		Self {
			id,
			data,
			message_ids: vec![MessageId([0; 16])],
			bound_to: None,
			sent: false,
			copies_of_attempt: copies,
			twin: None,
			used: BTreeSet::new(),
			copies,
			blocked: None,
			answer_by: 0,
			timer: None,
			destinations_left: config.destinations - 1,
			attempts_left: config.attempts - 1,
		}
	}

	fn post_again(&mut self) {
		self.copies = self.copies_of_attempt;
		self.blocked = None;
		self.timer = None;
	}

	fn leave_destination(&mut self) {
		// It gets a new message ID. Zero stands for it until `compare` fills it in.
		if self.bound_to.take().is_some() {
			self.message_ids.push(MessageId([0; 16]));
		}
		self.answer_by = 0;
		self.post_again();
	}

	fn wait_for_the_last(&mut self) {
		self.attempts_left = 0;
		self.copies = 0;
		self.blocked = None;
		self.timer = Some(self.answer_by);
	}

	fn next_destination(&mut self, config: &RequestConfig) -> bool {
		if self.destinations_left == 0 {
			return false;
		}
		self.destinations_left -= 1;
		self.attempts_left = config.attempts - 1;
		self.leave_destination();
		true
	}

	fn next_attempt(&mut self, config: &RequestConfig) -> bool {
		if self.attempts_left == 0 {
			return self.next_destination(config);
		}
		self.attempts_left -= 1;
		self.post_again();
		true
	}
}

/// Fills in new message IDs, and compares all visible state. `forgotten`: message IDs that belong to no request any more.
fn compare(
	pending: &PendingRequests,
	models: &mut [Model],
	config: &RequestConfig,
	forgotten: &mut Vec<MessageId>,
) -> Result<(), TestCaseError> {
	let seen: BTreeSet<_> = models.iter().flat_map(|model| &model.message_ids).chain(&*forgotten).copied().collect();
	for model in models.iter_mut() {
		let request = pending.get(model.id).unwrap();
		let present = model.message_ids.last_mut().unwrap();
		if *present == MessageId([0; 16]) {
			prop_assert!(!seen.contains(&request.message_id), "a message ID is used once");
			*present = request.message_id;
		}
		// A message ID that was never sent cannot be answered, so it is not remembered.
		let remembered = if model.sent { MAX_MESSAGE_IDS } else { 1 };
		while model.message_ids.len() > remembered {
			forgotten.push(model.message_ids.remove(0));
		}
		prop_assert_eq!(&request.data, &model.data);
		prop_assert_eq!(Some(&request.message_id), model.message_ids.last());
		prop_assert_eq!(request.bound_to, model.bound_to);
		prop_assert_eq!(request.sent, model.sent);
		for session in 0..2 {
			for destination in (0..3).map(|index| MixnodeIndex::new(index).unwrap()) {
				let destination = (session, destination);
				prop_assert_eq!(request.avoids(destination), model.used.contains(&destination));
			}
		}
		match &request.stage {
			Stage::Waiting => prop_assert_eq!(model.copies, 0),
			Stage::Posting { copies, blocked } => {
				prop_assert_eq!(*copies, model.copies);
				prop_assert_eq!(blocked.as_ref().map(|(until, _)| *until), model.blocked.map(at));
			},
		}
		for message_id in &model.message_ids {
			prop_assert_eq!(pending.by_message_id(message_id), Some(model.id));
		}
	}
	for message_id in forgotten {
		prop_assert_eq!(pending.by_message_id(message_id), None);
	}
	prop_assert_eq!(pending.len(), models.len());
	// Each copy that may ever be posted has as many SURBs as were given.
	let times = (config.destinations * config.attempts) as usize;
	let surbs: usize = models
		.iter()
		.map(|model| pending.get(model.id).unwrap().surbs * times * model.copies_of_attempt as usize)
		.sum();
	// Twins share the copies of an attempt.
	for (requests, copies) in [(1, config.copies as usize), (2, 2 * config.copies.div_ceil(2) as usize)] {
		let more = 3 * times * copies;
		for (more_surbs, capacity) in
			[(0, surbs), (0, surbs.saturating_sub(1)), (3, surbs + more), (3, surbs + more - 1)]
		{
			let fits = models.is_empty() || surbs + more_surbs * times * copies <= capacity;
			let fits = fits && models.len() + requests <= config.capacity;
			prop_assert_eq!(pending.has_room_for(requests, more_surbs, capacity), fits);
		}
	}
	// The order is not compared here.
	let mut queued: Vec<_> = pending.post_queue().collect();
	queued.sort_unstable();
	let to_post = models.iter().filter(|model| model.copies > 0).map(|model| model.id);
	prop_assert_eq!(queued, to_post.collect::<Vec<_>>());
	prop_assert_eq!(pending.next_timer(), models.iter().filter_map(|model| model.timer).min().map(at));
	Ok(())
}

fn run_pending(config: RequestConfig, operations: Vec<Operation>) -> Result<(), TestCaseError> {
	let mut rng = ChaChaRng::seed_from_u64(0);
	let mut pending = PendingRequests::new(config);
	// By ID.
	let mut models: Vec<Model> = Vec::new();
	let mut forgotten = Vec::new();
	let mut now = 10;
	let mut taken = 0;
	for operation in operations {
		// The request that an operation is about. It may be pending, removed, or never posted.
		let named = |request: usize| RequestId((taken as u64).wrapping_sub(request as u64 + 1));
		let position = |models: &[Model], request: usize| models.iter().position(|model| model.id == named(request));
		match operation {
			Operation::Insert if models.len() >= config.capacity => (),
			Operation::Insert => {
				let data = vec![taken as u8];
				let id = pending.insert(&mut rng, at(now), data.clone(), taken, HandlingDelay::Extrinsic);
				prop_assert!(models.iter().all(|model| model.id < id), "an ID is used once");
				taken += 1;
				prop_assert_eq!(pending.get(id).unwrap().taken_at, at(now));
				prop_assert_eq!(pending.get(id).unwrap().surbs, taken - 1);
				models.push(Model::new(id, data, config.copies, &config));
			},
			Operation::InsertTwins { .. } if models.len() + 2 > config.capacity => (),
			Operation::InsertTwins { after } => {
				let data = vec![taken as u8];
				let delay = HandlingDelay::Extrinsic;
				let [first, second] =
					pending.insert_twins(&mut rng, at(now), data.clone(), taken, delay, at(now + after));
				prop_assert!(models.iter().all(|model| model.id < first) && first < second, "an ID is used once");
				taken += 2;
				for (id, twin) in [(first, second), (second, first)] {
					let mut model = Model::new(id, data.clone(), config.copies.div_ceil(2), &config);
					model.twin = Some(twin);
					models.push(model);
				}
				if let Some(second) = models.last_mut() {
					second.copies = 0;
					second.attempts_left += 1;
					second.answer_by = now + after;
					second.timer = Some(second.answer_by);
				}
			},
			Operation::Remove { request } => {
				let removed = pending.remove(named(request)).map(|(_, message_ids)| message_ids);
				let expected = position(&models, request).map(|at| models.remove(at).message_ids);
				forgotten.extend(expected.iter().flatten());
				prop_assert_eq!(removed, expected);
			},
			Operation::Sent { request } => {
				pending.note_sent(named(request));
				if let Some(at) = position(&models, request) {
					models[at].sent = true;
				}
			},
			Operation::Posted { request, session, destination, answer_after } => {
				let bound_to = (session, MixnodeIndex::new(destination).unwrap());
				let Some(model) = position(&models, request).map(|at| &mut models[at]) else {
					prop_assert!(!pending.posted(named(request), bound_to, at(now)));
					continue;
				};
				// A request is posted only while it has copies to post, and only in the session it is bound to.
				if model.copies == 0 {
					continue;
				}
				let bound_to = *model.bound_to.get_or_insert(bound_to);
				model.answer_by = model.answer_by.max(now + answer_after);
				model.copies -= 1;
				model.blocked = None;
				model.timer = (model.copies == 0).then_some(model.answer_by);
				prop_assert_eq!(pending.posted(model.id, bound_to, at(now + answer_after)), model.copies > 0);
				let (id, twin) = (model.id, model.twin);
				for model in
					models.iter_mut().filter(|model| twin.is_some() && (model.id == id || Some(model.id) == twin))
				{
					model.used.retain(|(session, _)| *session == bound_to.0);
					model.used.insert(bound_to);
				}
			},
			Operation::Blocked { request } => {
				pending.blocked(named(request), at(now), RequestError::NotReady);
				if let Some(model) = position(&models, request).map(|at| &mut models[at]).filter(|it| it.copies > 0) {
					model.timer = Some(*model.blocked.get_or_insert(now + MAX_WAIT));
				}
			},
			Operation::NextAttempt { request } => {
				let expected = position(&models, request).is_some_and(|at| models[at].next_attempt(&config));
				prop_assert_eq!(pending.next_attempt(named(request), &mut rng), expected);
			},
			Operation::NextDestination { request } => {
				let expected = position(&models, request).is_some_and(|at| models[at].next_destination(&config));
				prop_assert_eq!(pending.next_destination(named(request), &mut rng), expected);
			},
			Operation::Leave { session } => {
				pending.leave_sessions(&mut rng, |other| other != session);
				for model in models.iter_mut().filter(|model| model.bound_to.is_some_and(|(bound, _)| bound == session))
				{
					if !model.sent {
						model.leave_destination();
					} else if !model.next_destination(&config) {
						model.wait_for_the_last();
					}
				}
			},
			Operation::Pass { time } => {
				now += time;
				let mut ended: Vec<_> = models
					.iter()
					.filter_map(|model| Some((model.timer?, model.id)))
					.filter(|(timer, _)| *timer <= now)
					.collect();
				ended.sort_unstable();
				for (_, id) in ended {
					prop_assert_eq!(pending.pop_timer(at(now)), Some(id));
				}
				prop_assert_eq!(pending.pop_timer(at(now)), None);
				for model in models.iter_mut().filter(|model| model.timer.is_some_and(|timer| timer <= now)) {
					model.timer = None;
				}
			},
		}
		compare(&pending, &mut models, &config, &mut forgotten)?;
	}
	Ok(())
}

#[derive(Clone, Copy, Debug)]
enum CacheOperation {
	See {
		request: u8,
	},
	Answer {
		request: u8,
	},
	Sent {
		request: u8,
	},
	Abandon {
		request: u8,
	},
	/// The session that all requests are of.
	SessionEnds,
	Pass {
		time: u64,
	},
}

fn cache_operation() -> impl Strategy<Value = CacheOperation> {
	use CacheOperation::*;
	prop_oneof![
		4 => (0u8..6).prop_map(|request| See { request }),
		2 => (0u8..6).prop_map(|request| Answer { request }),
		2 => (0u8..6).prop_map(|request| Sent { request }),
		1 => (0u8..6).prop_map(|request| Abandon { request }),
		1 => Just(SessionEnds),
		2 => (0u64..8).prop_map(|time| Pass { time }),
	]
}

/// A remembered request of another node.
#[derive(Clone, Debug)]
struct Remembered {
	request: u8,
	reply: Option<CachedReply>,
	sent_at: Option<u64>,
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 600,
		rng_seed: RngSeed::Fixed(4),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn pending_requests_do_what_a_list_of_requests_would(
		capacity in 1usize..5,
		destinations in 1u32..4,
		attempts in 1u32..3,
		copies in 1u32..4,
		operations in prop::collection::vec(operation(), 0..200),
	) {
		let max_wait = Duration::from_secs(MAX_WAIT);
		run_pending(RequestConfig { capacity, destinations, attempts, copies, max_wait }, operations)?;
	}

	#[test]
	fn the_reply_cache_does_what_a_list_of_requests_would(
		capacity in 1usize..6,
		operations in prop::collection::vec(cache_operation(), 0..120),
	) {
		const COOLDOWN: u64 = 10;
		let cooldown = Duration::from_secs(COOLDOWN);
		let mut cache = ReplyCache::new(capacity);
		// Least recently used first.
		let mut model: Vec<Remembered> = Vec::new();
		let no_room = |model: &[Remembered]| model.len() >= capacity && model.iter().all(|entry| entry.reply.is_none());
		let mut now = 10;
		for (number, operation) in (0u8..).zip(operations) {
			let id = |request: u8| MessageId([request; 16]);
			match operation {
				CacheOperation::See { request } => {
					let old = model.iter().position(|entry| entry.request == request).map(|at| model.remove(at));
					let expected = match &old {
						None if no_room(&model) => Seen::NoRoom,
						None => Seen::New,
						Some(Remembered { reply: None, .. }) => Seen::InProgress,
						Some(Remembered { sent_at: Some(sent_at), .. }) if now < sent_at + COOLDOWN => Seen::InCooldown,
						Some(Remembered { reply: Some(reply), .. }) => Seen::Answered(reply.clone()),
					};
					if expected != Seen::NoRoom {
						model.push(old.unwrap_or(Remembered { request, reply: None, sent_at: None }));
					}
					prop_assert_eq!(cache.see(at(now), id(request), 7, cooldown), expected);
				},
				CacheOperation::Answer { request } => {
					let reply = CachedReply { message_id: id(number), data: vec![number] };
					let stands = model.iter().any(|entry| entry.request == request && entry.reply.is_some());
					prop_assert_eq!(cache.answer(id(request), reply.clone()), !stands);
					if !stands {
						model.retain(|entry| entry.request != request);
					}
					if !stands && !no_room(&model) {
						model.push(Remembered { request, reply: Some(reply), sent_at: None });
					}
				},
				CacheOperation::Sent { request } => {
					cache.sent(at(now), &id(request));
					for entry in model.iter_mut().filter(|entry| entry.request == request && entry.reply.is_some()) {
						entry.sent_at = Some(now);
					}
				},
				CacheOperation::Abandon { request } => {
					cache.abandon(&id(request));
					model.retain(|entry| entry.request != request || entry.reply.is_some());
				},
				CacheOperation::SessionEnds => {
					cache.retain_sessions(|session| session != 7);
					model.retain(|entry| entry.reply.is_some());
				},
				CacheOperation::Pass { time } => now += time,
			}
			if model.len() > capacity {
				let oldest = model.iter().position(|entry| entry.reply.is_some());
				model.remove(oldest.unwrap());
			}
			prop_assert_eq!(cache.len(), model.len());
		}
	}
}
