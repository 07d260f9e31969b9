//! Fragments that disagree, and messages with equal IDs.
//!
//! A fragment does not name its source. So whoever knows a message's ID can spoil the message, or answer it in the
//! destination's place. But IDs are random, and only the two ends know them. The tests show what the ends can do, and
//! what strangers cannot.

use super::victim::{fragment, noise, reply, request, whole, Victim, SESSION};
use mixnet_node_core::{
	message::split,
	sphinx::{PayloadData, Surb, SURB_SIZE},
	DropReason, Event, HandlingDelay, MessageId, PostError, RequestId, SessionPhase,
};
use std::time::Duration;

const ID: [u8; 16] = [0x1d; 16];

fn victim(seed: u64) -> Victim {
	Victim::new(seed, SessionPhase::DisconnectFromPrev)
}

/// Packets that deliver these fragments of requests to the victim, each with its own ephemeral key.
struct Sender(u64);

impl Sender {
	fn send(&mut self, victim: &mut Victim, payload: &PayloadData) -> Option<DropReason> {
		self.0 += 1;
		victim.handle(request(SESSION, self.0, payload))
	}

	fn refused(&mut self, victim: &mut Victim, payload: &PayloadData, reason: DropReason, what: &str) {
		self.0 += 1;
		victim.refuses(request(SESSION, self.0, payload), reason, what);
	}
}

/// A message of two fragments, of 2,025 bytes and of 10.
fn two(id: [u8; 16], fill: u8) -> [PayloadData; 2] {
	[fragment(id, 1, 0, 2025, 0, fill), fragment(id, 1, 1, 10, 0, fill)]
}

/// The victim's next event, if it is a request.
fn poll_request(victim: &mut Victim) -> Option<Vec<u8>> {
	match victim.poll_event()? {
		Event::Request { data, .. } => Some(data),
		other => panic!("{other:?}"),
	}
}

#[test]
fn fragments_that_contradict_themselves_are_dropped() {
	let (mut victim, mut sender) = (victim(1), Sender(1000));
	for (what, bad) in [
		("index beyond the last", fragment(ID, 0, 1, 0, 0, 0)),
		("index beyond the last", fragment(ID, 23, 24, 10, 0, 0)),
		("highest index", fragment(ID, 1, 0xffff, 10, 0, 0)),
		("more fragments than allowed", fragment(ID, 25, 0, 10, 0, 0)),
		("the most fragments that a header can state", fragment(ID, 0xffff, 0xffff, 10, 0, 0)),
		("too much data", fragment(ID, 0, 0, 2026, 0, 0)),
		("the most data that a header can state", fragment(ID, 0, 0, 0xffff, 0, 0)),
		("too many SURBs", fragment(ID, 0, 0, 0, 10, 0)),
		("the most SURBs that a header can state", fragment(ID, 0, 0, 0, 255, 0)),
		("too much of both", fragment(ID, 0, 0, 28, 9, 0)),
		("too much of both", fragment(ID, 0, 0, 2025, 1, 0)),
		("all ones", [0xff; 2048]),
	] {
		sender.refused(&mut victim, &bad, DropReason::BadFragment, what);
	}
	// A fragment that just fits is taken.
	for (id, good) in
		[fragment([1; 16], 0, 0, 2025, 0, 1), fragment([2; 16], 0, 0, 27, 9, 1), fragment([3; 16], 0, 0, 0, 0, 1)]
			.iter()
			.enumerate()
	{
		assert_eq!(sender.send(&mut victim, good), None, "{id}");
		assert!(poll_request(&mut victim).is_some());
	}
	// 25 fragments are the most. The last of them waits for the others.
	assert_eq!(sender.send(&mut victim, &fragment(ID, 24, 24, 1, 0, 1)), None);
	assert!(victim.poll_event().is_none());
}

#[test]
fn fragments_that_contradict_others_are_dropped_and_the_first_ones_count() {
	let (mut victim, mut sender) = (victim(2), Sender(2000));
	let [first, last] = two(ID, 7);
	assert_eq!(sender.send(&mut victim, &first), None);
	for (what, bad) in [
		("of one fragment", whole(ID, 9, &[])),
		("of three fragments", fragment(ID, 2, 1, 10, 0, 9)),
		("of three fragments, its last", fragment(ID, 2, 2, 10, 0, 9)),
	] {
		sender.refused(&mut victim, &bad, DropReason::BadFragment, what);
	}
	sender.refused(&mut victim, &two(ID, 9)[0], DropReason::RepeatedFragment, "other content");
	assert_eq!(sender.send(&mut victim, &last), None);
	let data = poll_request(&mut victim).unwrap();
	assert_eq!(data, [7; 2035]);
}

#[test]
fn two_sources_with_the_same_message_id_share_a_message() {
	// The two cannot be told from one source.
	let (mut victim, mut sender) = (victim(3), Sender(3000));
	assert_eq!(sender.send(&mut victim, &two(ID, 1)[0]), None);
	assert_eq!(sender.send(&mut victim, &two(ID, 2)[1]), None);
	assert_eq!(poll_request(&mut victim).unwrap(), [vec![1; 2025], vec![2; 10]].concat());
}

#[test]
fn a_request_with_the_message_id_of_another_is_taken_for_its_repeat() {
	let (mut victim, mut sender) = (victim(4), Sender(4000));
	let mut surb: [u8; SURB_SIZE] = noise(1);
	surb[..2].copy_from_slice(&[3, 0]);
	let (_, reply_to) = victim.takes_request(request(SESSION, 1, &whole(ID, 1, &[surb])));
	let other = whole(ID, 2, &[surb; 2]);
	assert_eq!(sender.send(&mut victim, &other), Some(DropReason::RequestInProgress));
	assert!(poll_request(&mut victim).is_none());
	victim.mixnet.post_reply(victim.now, reply_to, b"answer".to_vec()).unwrap();
	assert_eq!(sender.send(&mut victim, &other), Some(DropReason::RequestInCooldown));
	assert_eq!(victim.mixnet.statistics().current_authored_queue_len, 1);
	victim.run(Duration::from_secs(20));
	// The first request's answer goes over the second one's SURBs. There is no event.
	assert_eq!(sender.send(&mut victim, &other), None);
	assert!(poll_request(&mut victim).is_none());
	assert_eq!(victim.mixnet.statistics().current_authored_queue_len, 2);
	// Without SURBs there is no way to answer.
	victim.run(Duration::from_secs(20));
	assert_eq!(sender.send(&mut victim, &whole(ID, 2, &[])), None);
	assert_eq!(victim.dropped(DropReason::ReplyNotSent), 1);
}

#[test]
fn a_request_is_handed_out_once_whatever_others_send_meanwhile() {
	let mut victim = Victim::with(5, SessionPhase::DisconnectFromPrev, |config| config.reply.capacity = 2);
	let mut surb: [u8; SURB_SIZE] = noise(1);
	surb[..2].copy_from_slice(&[3, 0]);
	let (_, first) = victim.takes_request(request(SESSION, 1, &whole(ID, 1, &[surb])));
	// A flood: one request is handled at a time beside the first one.
	for seed in 2..50 {
		let (_, other) = victim.takes_request(request(SESSION, seed, &whole([seed as u8 + 150; 16], 1, &[])));
		let more = request(SESSION, 100 + seed, &whole([seed as u8 + 100; 16], 1, &[]));
		assert_eq!(victim.handle(more), Some(DropReason::TooManyRequestsInProgress), "no room to remember it");
		let repeat = request(SESSION, 200 + seed, &whole(ID, 1, &[surb]));
		assert_eq!(victim.handle(repeat), Some(DropReason::RequestInProgress));
		assert!(victim.poll_event().is_none());
		if seed % 2 == 0 {
			victim.mixnet.abandon_request(other);
		} else {
			// It came without SURBs. The reply is remembered all the same.
			assert!(victim.mixnet.post_reply(victim.now, other, b"other".to_vec()).is_err());
		}
	}
	assert_eq!(victim.mixnet.post_reply(victim.now, first, b"one".to_vec()), Ok(()));
	assert_eq!(victim.mixnet.statistics().replies_cached, 2);
}

#[test]
fn a_request_with_the_message_id_of_ours_is_a_request() {
	// The destination of our request knows its ID.
	let (mut victim, mut sender) = (victim(6), Sender(6000));
	let (id, mut copies) = victim.ask(2);
	let copy = copies.remove(0);
	assert_eq!(sender.send(&mut victim, &whole(copy.id.0, 8, &[])), None);
	assert_eq!(poll_request(&mut victim).unwrap(), [8; 10]);
	let statistics = victim.mixnet.statistics();
	assert_eq!((statistics.requests_pending, statistics.surbs_kept), (1, 4));
	// An answer over one of our SURBs counts, whatever its message ID.
	let surb = copy.surbs.into_iter().next().unwrap();
	assert_eq!(victim.handle(reply(surb, &whole(copy.id.0, 9, &[]))), None);
	assert_eq!(victim.poll_answer(), Some((id, vec![9; 10])));
	assert_eq!(victim.mixnet.statistics().surbs_kept, 0);
}

#[test]
fn a_request_from_the_destination_is_no_answer() {
	let (mut victim, mut sender) = (victim(7), Sender(7000));
	let (id, copies) = victim.ask(2);
	let mut surbs = copies.into_iter().flat_map(|copy| copy.surbs);
	let [first, last] = two(ID, 5);
	assert_eq!(victim.handle(reply(surbs.next().unwrap(), &first)), None);
	// The rest of the answer, but not over a SURB: it belongs to a request, if to anything.
	assert_eq!(sender.send(&mut victim, &last), None);
	let _ = poll_request(&mut victim);
	assert_eq!(victim.mixnet.statistics().requests_pending, 1);
	// The rest over a SURB. What came before is sent again, in case it went into a request.
	let _ = victim.handle(reply(surbs.next().unwrap(), &first));
	assert_eq!(victim.handle(reply(surbs.next().unwrap(), &last)), None);
	assert_eq!(victim.poll_answer(), Some((id, vec![5; 2035])));
}

/// A request of ours, and the SURBs that its destination got.
fn asked(victim: &mut Victim, surbs: usize) -> (RequestId, Vec<Surb>) {
	let (id, copies) = victim.ask(surbs);
	(id, copies.into_iter().flat_map(|copy| copy.surbs).collect())
}

#[test]
fn halves_of_an_answer_to_two_requests_answer_neither() {
	// Two destinations that collude: if they could complete a message together, they would see one of the requests end, and
	// know that both are of one node.
	let mut victim = victim(11);
	let (one, mut surbs_of_one) = asked(&mut victim, 2);
	let (other, mut surbs_of_other) = asked(&mut victim, 2);
	let [first, last] = two(ID, 5);
	assert_eq!(victim.handle(reply(surbs_of_one.remove(0), &first)), None);
	assert_eq!(victim.handle(reply(surbs_of_other.remove(0), &last)), None);
	assert!(victim.poll_event().is_none());
	// Nor does the one's answer hinder the other's, however it is split, or repeated.
	assert_eq!(victim.handle(reply(surbs_of_other.remove(0), &first)), None);
	assert_eq!(victim.poll_answer(), Some((other, vec![5; 2035])));
	assert_eq!(victim.handle(reply(surbs_of_one.remove(0), &last)), None);
	assert_eq!(victim.poll_answer(), Some((one, vec![5; 2035])));
}

#[test]
fn what_came_of_an_answer_goes_with_its_request() {
	// Otherwise destinations that leave their answers unfinished could push out what others have answered.
	let mut victim = Victim::with(12, SessionPhase::DisconnectFromPrev, |config| config.surb_keystore_capacity = 24);
	for number in 0..30 {
		let (id, mut surbs) = asked(&mut victim, 2);
		let [first, _] = two([number; 16], 5);
		assert_eq!(victim.handle(reply(surbs.remove(0), &first)), None);
		assert_eq!(victim.handle(reply(surbs.remove(0), &two([99; 16], 5)[0])), None);
		assert!(victim.mixnet.cancel_request(victim.now, id));
	}
	assert_eq!(victim.dropped(DropReason::IncompleteMessage), 0);
}

#[test]
fn no_request_costs_another_one_its_surbs() {
	let mut victim = victim(13);
	let delay = HandlingDelay::Fixed(Duration::from_secs(1));
	let post = |victim: &mut Victim, surbs| victim.mixnet.post_request(victim.now, b"question".to_vec(), surbs, delay);
	// Nobody answers, so all copies are sent to all destinations.
	let mut posted = 0;
	while posted < 20 {
		posted += usize::from(post(&mut victim, 2).is_ok());
		victim.run(Duration::from_secs(1));
	}
	let pending = victim.mixnet.statistics().requests_pending;
	assert_eq!(pending, 20);
	victim.run(Duration::from_secs(75));
	assert!(victim.mixnet.statistics().surbs_kept > 200, "{}", victim.mixnet.statistics().surbs_kept);
	assert_eq!(victim.dropped(DropReason::SurbEvicted), 0);
	victim.run(Duration::from_secs(1000));
	assert_eq!(victim.mixnet.statistics().requests_pending, 0);

	// A request with so many SURBs that no other one's would fit is taken alone.
	while victim.poll_event().is_some() {}
	let large = post(&mut victim, 25).unwrap();
	for surbs in [25, 20] {
		assert!(matches!(post(&mut victim, surbs), Err(PostError::TooManyRequests { capacity: 1, .. })));
	}
	assert!(post(&mut victim, 15).is_ok());
	assert!(victim.mixnet.cancel_request(victim.now, large));
	assert!(post(&mut victim, 25).is_ok());
}

#[test]
fn a_bad_answer_spends_its_surb_and_leaves_the_request_pending() {
	let mut victim = victim(8);
	let (id, copies) = victim.ask(5);
	let mut surbs = copies.into_iter().flat_map(|copy| copy.surbs);
	for bad in [
		fragment(ID, 0, 1, 0, 0, 0),
		fragment(ID, 25, 0, 0, 0, 0),
		fragment(ID, 0, 0, 2026, 0, 0),
		fragment(ID, 0, 0, 0, 255, 0),
	] {
		assert_eq!(victim.handle(reply(surbs.next().unwrap(), &bad)), Some(DropReason::BadFragment));
		assert!(victim.poll_event().is_none());
	}
	let statistics = victim.mixnet.statistics();
	assert_eq!((statistics.requests_pending, statistics.surbs_kept), (1, 6));
	// SURBs in an answer are useless and harmless.
	assert_eq!(victim.handle(reply(surbs.next().unwrap(), &whole(ID, 4, &[[1; SURB_SIZE]; 9]))), None);
	assert_eq!(victim.poll_answer(), Some((id, vec![4; 10])));
	let late = reply(surbs.next().unwrap(), &whole([9; 16], 4, &[]));
	victim.refuses(late, DropReason::UnknownSurb, "a second answer");
}

#[test]
fn an_answer_of_one_fragment_comes_through_whatever_strangers_send() {
	let mut victim = Victim::with(9, SessionPhase::DisconnectFromPrev, |config| config.max_incomplete_messages = 3);
	let mut sender = Sender(9000);
	let (id, mut copies) = victim.ask(1);
	for number in 0..50 {
		assert_eq!(sender.send(&mut victim, &two([number; 16], 0)[0]), None);
	}
	assert_eq!(victim.dropped(DropReason::IncompleteMessage), 47);
	let surb = copies.remove(0).surbs.remove(0);
	assert_eq!(victim.handle(reply(surb, &whole(ID, 4, &[]))), None);
	assert_eq!(victim.poll_answer(), Some((id, vec![4; 10])));
}

/// The victim gets an answer in two fragments. Between them, strangers begin this many messages that they do not
/// complete. Does the answer come through?
fn is_answered_among(strangers: usize) -> bool {
	let mut victim = Victim::with(10, SessionPhase::DisconnectFromPrev, |config| config.max_incomplete_messages = 20);
	let mut sender = Sender(10_000);
	let (_, copies) = victim.ask(1);
	let mut surbs = copies.into_iter().flat_map(|copy| copy.surbs);
	let plans = split(MessageId(ID), &[4; 3000], 0, 2).unwrap();
	let mut replies = plans.into_iter().map(|plan| {
		let mut payload = [0; 2048];
		plan.write(&mut payload, &[4; 3000], &[]).unwrap();
		reply(surbs.next().unwrap(), &payload)
	});
	assert_eq!(victim.handle(replies.next().unwrap()), None);
	for number in 0..strangers {
		assert_eq!(sender.send(&mut victim, &two([number as u8; 16], 0)[0]), None);
	}
	assert_eq!(victim.handle(replies.next().unwrap()), None);
	victim.poll_answer().is_some()
}

#[test]
fn an_answer_of_two_fragments_comes_through_while_there_is_room() {
	assert!(is_answered_among(19));
}

#[test]
fn an_answer_of_two_fragments_comes_through_whatever_strangers_send() {
	assert!(is_answered_among(20));
}
