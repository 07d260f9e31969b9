use super::*;
use crate::{
	sphinx::{MixnodeIndex, Surb},
	Config, MessageId, Parameters, Time,
};
use ::codec::{DecodeAll, Encode};
use core::time::Duration;
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

fn rng() -> ChaChaRng {
	ChaChaRng::seed_from_u64(1)
}

fn at(secs: u64) -> Time {
	Time::from_duration(Duration::from_secs(secs))
}

fn id(byte: u8) -> MessageId {
	MessageId([byte; 16])
}

fn destination(index: u16) -> MixnodeIndex {
	MixnodeIndex::new(index).unwrap()
}

#[test]
fn requests_and_replies_have_the_networks_encoding() {
	// An extrinsic of 3 bytes: 0x0c is the compact length 3.
	let request = Request::SubmitExtrinsic(vec![0x0c, 1, 2, 3]);
	assert_eq!(request.encode(), [1, 0x0c, 1, 2, 3]);
	assert_eq!(Request::decode(&[1, 0x0c, 1, 2, 3]), Ok(request));
	assert_eq!(Request::decode(&[]), Err(BadRequest::Empty));
	assert_eq!(Request::decode(&[0, 1]), Err(BadRequest::Unknown(0)));
	assert_eq!(Request::decode(&[1]), Ok(Request::SubmitExtrinsic(vec![])));

	let reply: Reply = Ok(());
	assert_eq!(reply.encode(), [0]);
	let reply: Reply = Err(RemoteError::Other("ab".into()));
	assert_eq!(reply.encode(), [1, 0, 8, b'a', b'b']);
	let reply: Reply = Err(RemoteError::Decode("ab".into()));
	assert_eq!(reply.encode(), [1, 1, 8, b'a', b'b']);
	assert_eq!(Reply::decode_all(&mut &reply.encode()[..]), Ok(reply));
	// A length of 2^30 - 1 without the bytes.
	assert!(Reply::decode_all(&mut &[1, 0, 0xfe, 0xff, 0xff, 0xff][..]).is_err());
}

#[test]
fn extrinsic_delays_are_drawn_from_the_message_id() {
	let delays: Vec<_> = (0..=255).map(|byte| extrinsic_delay(&id(byte))).collect();
	assert!(delays.iter().all(|delay| (0.0..=10.0).contains(delay)));
	let mean: f64 = delays.iter().sum::<f64>() / 256.0;
	assert!((mean - 1.0).abs() < 0.25, "{mean}");
	// BLAKE2b of another library (Python's): digest of 16 bytes, empty message, key [3; 16], person "submit-extrn-dly".
	let seed = [149, 8, 14, 237, 253, 129, 145, 17, 35, 177, 182, 163, 235, 168, 180, 43];
	assert_eq!(extrinsic_delay(&id(3)), crate::sphinx::exponential(&seed));
}

/// Worked by hand from PROTOCOL.md, section 10.
#[test]
fn the_retry_timer_follows_the_formula() {
	let close = |duration: Duration, seconds: f64| {
		assert!((duration.as_secs_f64() - seconds).abs() < 1e-6, "{duration:?} is not {seconds} s");
	};
	// A quarter loops, half rate: 100 ms becomes 0.1 / (0.5 * 0.75) = 0.26667 s; 1 s becomes 2.66667 s.
	let mixnode = |packets| QueueEnd::new(Duration::from_millis(100), packets, 0.25);
	let other = |packets| QueueEnd::new(Duration::from_secs(1), packets, 0.25);
	close(mixnode(0).mean_period, 0.266_666_667);
	// Equal periods, so r = 1: s (4.92582 + 3.87809 sqrt(n + m) + n + m) with n + m = 64.
	close(queue_delay(mixnode(14), mixnode(50)), 0.266_666_667 * (4.92582 + 3.87809 * 8.0 + 64.0));
	// Not a mixnode: s is ours, n our 4 packets, r = 0.1, m = 50; n + r^3 m = 4.05, n + r m = 9.
	close(queue_delay(other(4), mixnode(50)), 2.666_666_667 * (4.92582 + 3.87809 * 4.05f64.sqrt() + 9.0));
	// The other way round, n and m change places, as the periods do.
	close(queue_delay(mixnode(50), other(4)), 2.666_666_667 * (4.92582 + 3.87809 * 4.05f64.sqrt() + 9.0));
	close(queue_delay(mixnode(0), mixnode(0)), 0.266_666_667 * 4.92582);

	let mut metrics = RouteMetrics::default();
	metrics.add_request(6, 5.5);
	metrics.add_request(5, 7.5);
	metrics.add_surb(4, 2.0);
	metrics.add_surb(6, 1.0);
	// 7.5 + 2 forwarding delays, 6 + 6 hops.
	close(metrics.travel_time(Duration::from_secs(1), Duration::from_millis(300)), 9.5 + 12.0 * 0.3);
}

fn pending() -> PendingRequests {
	PendingRequests::new(Config::default().request)
}

#[test]
fn a_request_has_its_destinations_attempts_and_copies_and_no_more() {
	let mut rng = rng();
	let mut pending = pending();
	let request = pending.insert(&mut rng, at(0), vec![1], 2, HandlingDelay::Extrinsic);
	let mut now = 0;
	let mut message_ids = Vec::new();
	for destination_number in 0..3 {
		let message_id = pending.get(request).unwrap().message_id;
		assert!(!message_ids.contains(&message_id), "a new destination gets a new message ID");
		message_ids.push(message_id);
		for attempt in 0..2 {
			assert_eq!(pending.post_queue().collect::<Vec<_>>(), [request]);
			assert_eq!(pending.next_timer(), None);
			assert_eq!(pending.get(request).unwrap().message_id, message_id, "the same in all attempts");
			// The later deadline counts.
			assert!(pending.posted(request, (7, destination(destination_number)), at(now + 20)));
			assert!(!pending.posted(request, (7, destination(destination_number)), at(now + 10)));
			pending.note_sent(request);
			assert_eq!(pending.get(request).unwrap().stage, Stage::Waiting);
			assert_eq!(pending.post_queue().len(), 0);
			assert_eq!(pending.next_timer(), Some(at(now + 20)));
			assert_eq!(pending.pop_timer(at(now + 19)), None);
			now += 20;
			assert_eq!(pending.pop_timer(at(now)), Some(request));
			let is_last = destination_number == 2 && attempt == 1;
			assert_eq!(pending.next_attempt(request, &mut rng), !is_last);
		}
	}
	// An answer to any of its message IDs ends the request.
	for message_id in &message_ids {
		assert_eq!(pending.by_message_id(message_id), Some(request));
	}
	let (_, removed) = pending.remove(request).unwrap();
	assert_eq!(removed, message_ids);
	assert_eq!(pending.by_message_id(&message_ids[0]), None);
	assert!(pending.remove(request).is_none());
}

#[test]
fn requests_leave_a_session_that_takes_none_any_more() {
	let mut rng = rng();
	let mut pending = pending();
	let ids: Vec<_> = (0..3).map(|_| pending.insert(&mut rng, at(0), vec![], 0, HandlingDelay::Extrinsic)).collect();
	// One was sent and waits for an answer, one is half posted, one is not posted.
	pending.note_sent(ids[0]);
	pending.posted(ids[0], (1, destination(0)), at(10));
	pending.posted(ids[0], (1, destination(0)), at(10));
	pending.posted(ids[1], (1, destination(0)), at(10));
	let before: Vec<_> = ids.iter().map(|id| pending.get(*id).unwrap().message_id).collect();
	pending.leave_sessions(&mut rng, |session| session == 1);
	assert_eq!(pending.post_queue().len(), 2, "nothing to leave");
	pending.leave_sessions(&mut rng, |session| session == 2);
	assert_eq!(pending.post_queue().collect::<Vec<_>>(), [ids[2], ids[1], ids[0]]);
	assert_eq!(pending.next_timer(), None);
	for (id, before) in ids.iter().zip(&before) {
		let request = pending.get(*id).unwrap();
		assert_eq!(request.message_id == *before, *id == ids[2]);
		assert_eq!(request.bound_to, None);
		assert_eq!(request.stage, Stage::Posting { copies: 2, blocked: None });
		// A message ID that was never sent cannot be answered.
		assert_eq!(pending.by_message_id(before), (*id != ids[1]).then_some(*id));
	}
	assert_eq!(pending.take_forgotten(), [(ids[1], before[1])]);
	// The number of message IDs stays bounded, however often that happens.
	for session in 2..100 {
		pending.posted(ids[0], (session, destination(0)), at(10));
		pending.leave_sessions(&mut rng, |other| other != session);
	}
	// (Three destinations, a message ID each.)
	assert_eq!(pending.remove(ids[0]).unwrap().1.len(), 3);
}

#[test]
fn leaving_a_session_costs_a_destination_once_a_packet_was_sent() {
	let mut rng = rng();
	let mut pending = pending();
	let id = pending.insert(&mut rng, at(0), vec![], 0, HandlingDelay::Extrinsic);
	let post = |pending: &mut PendingRequests, session| {
		while pending.posted(id, (session, destination(0)), at(10)) {}
		pending.note_sent(id);
	};
	for session in 0..2 {
		post(&mut pending, session);
		pending.leave_sessions(&mut rng, |other| other != session);
		assert_eq!(pending.get(id).unwrap().bound_to, None);
	}
	// The timer of the last destination runs on, and ends the request.
	post(&mut pending, 2);
	pending.leave_sessions(&mut rng, |_| false);
	assert_eq!(pending.get(id).unwrap().stage, Stage::Waiting);
	assert_eq!(pending.pop_timer(at(10)), Some(id));
	assert!(!pending.next_attempt(id, &mut rng), "no session is left for its last attempt");
	assert!(!pending.next_destination(id, &mut rng));
}

#[test]
fn a_blocked_request_is_given_up_after_a_while_however_often_it_is_tried() {
	let mut rng = rng();
	let mut pending = pending();
	let request = pending.insert(&mut rng, at(0), vec![], 0, HandlingDelay::Extrinsic);
	pending.blocked(request, at(0), RequestError::NotReady);
	pending.blocked(request, at(50), RequestError::NoConnectedGateways);
	assert_eq!(pending.next_timer(), Some(at(60)));
	let stage = Stage::Posting { copies: 2, blocked: Some((at(60), RequestError::NoConnectedGateways)) };
	assert_eq!(pending.get(request).unwrap().stage, stage);
	// Once posted, it is not blocked any more.
	pending.posted(request, (1, destination(0)), at(100));
	assert_eq!(pending.next_timer(), None);
}

const COOLDOWN: Duration = Duration::from_secs(10);

fn cache(capacity: usize) -> ReplyCache {
	ReplyCache::new(capacity)
}

/// A request comes in session 7.
fn see(cache: &mut ReplyCache, now: u64, request: u8) -> Seen {
	cache.see(at(now), id(request), 7, COOLDOWN)
}

fn reply(byte: u8) -> CachedReply {
	CachedReply { message_id: id(byte), data: vec![byte] }
}

#[test]
fn repeats_are_ignored_in_progress_and_in_cooldown_and_answered_afterwards() {
	let mut cache = cache(10);
	assert_eq!(see(&mut cache, 0, 1), Seen::New);
	assert_eq!(see(&mut cache, 1000, 1), Seen::InProgress);
	assert!(cache.answer(id(1), reply(9)));
	// No copy could be sent yet: no cooldown.
	assert_eq!(see(&mut cache, 1000, 1), Seen::Answered(reply(9)));
	cache.sent(at(1000), &id(1));
	assert_eq!(see(&mut cache, 1009, 1), Seen::InCooldown);
	assert_eq!(see(&mut cache, 1010, 1), Seen::Answered(reply(9)));
	cache.sent(at(1010), &id(1));
	assert_eq!(see(&mut cache, 1019, 1), Seen::InCooldown);
	// The first reply stands.
	assert!(!cache.answer(id(1), reply(8)));
	cache.abandon(&id(1));
	assert_eq!(see(&mut cache, 2000, 1), Seen::Answered(reply(9)));
}

#[test]
fn an_abandoned_request_is_new_when_it_comes_again() {
	let mut cache = cache(10);
	assert_eq!(see(&mut cache, 0, 1), Seen::New);
	cache.abandon(&id(1));
	assert_eq!(cache.len(), 0);
	assert_eq!(see(&mut cache, 0, 1), Seen::New);
}

#[test]
fn the_least_recently_seen_answered_request_is_forgotten_first() {
	let mut cache = cache(3);
	for number in 1..=3 {
		assert_eq!(see(&mut cache, 0, number), Seen::New);
		assert!(cache.answer(id(number), reply(number)));
	}
	assert_eq!(see(&mut cache, 0, 1), Seen::Answered(reply(1)));
	assert_eq!(see(&mut cache, 0, 4), Seen::New);
	assert_eq!(cache.len(), 3);
	assert_eq!(see(&mut cache, 0, 1), Seen::Answered(reply(1)));
	assert_eq!(see(&mut cache, 0, 3), Seen::Answered(reply(3)));
	assert_eq!(see(&mut cache, 0, 2), Seen::New, "forgotten");
}

#[test]
fn a_request_in_progress_is_never_forgotten_while_it_can_be_answered() {
	let mut cache = cache(2);
	assert_eq!(see(&mut cache, 0, 1), Seen::New);
	assert_eq!(see(&mut cache, 0, 2), Seen::New);
	for number in 3..10 {
		assert_eq!(see(&mut cache, 0, number), Seen::NoRoom);
	}
	assert_eq!(see(&mut cache, 1000, 1), Seen::InProgress);
	// An answered one makes room, the other stays.
	assert!(cache.answer(id(2), reply(5)));
	assert_eq!(see(&mut cache, 1000, 3), Seen::New);
	assert_eq!(see(&mut cache, 1000, 1), Seen::InProgress);
	assert_eq!(see(&mut cache, 1000, 2), Seen::NoRoom);
	// Their session ends: nobody can be answered any more. A driver that never hands a request back fills no cache for ever.
	cache.retain_sessions(|session| session != 8);
	assert_eq!(cache.len(), 2);
	cache.retain_sessions(|session| session != 7);
	assert_eq!(cache.len(), 0);
	// A reply comes all the same.
	assert!(cache.answer(id(1), reply(6)));
	assert_eq!(see(&mut cache, 1000, 1), Seen::Answered(reply(6)));
	assert_eq!((see(&mut cache, 1000, 2), see(&mut cache, 1000, 3)), (Seen::New, Seen::New));
	assert!(cache.answer(id(4), reply(4)), "without room");
	assert_eq!(cache.len(), 2);
}

#[test]
fn a_reply_to_shows_no_surbs() {
	let surbs = vec![Surb::from([0xab; 222])];
	let reply_to = ReplyTo { session: 3, generation: 0, parameters: Parameters::default(), message_id: id(1), surbs };
	let shown = format!("{reply_to:?}");
	assert!(shown.contains("surbs: 1"), "{shown}");
	assert!(!shown.contains("ab, ab") && !shown.contains("171"), "{shown}");
}
