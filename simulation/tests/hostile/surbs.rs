//! SURBs that lead nowhere, in the requests of strangers.

use super::victim::{carry, noise, request, whole, End, Victim, LOCAL_INDEX, SESSION};
use mixnet_node_core::{sphinx::SURB_SIZE, DropReason, HandlingDelay, PeerId, ReplyError, ReplyTo, SessionPhase};
use mixnet_simulation::alone::others;
use std::time::Duration;

/// A SURB of noise that names this first mixnode, which need not exist.
fn surb(first: u16) -> [u8; SURB_SIZE] {
	let mut surb = noise(u64::from(first));
	surb[..2].copy_from_slice(&first.to_le_bytes());
	surb
}

/// Gives the victim a request with SURBs that name these first mixnodes. Returns what to reply to.
fn asked(victim: &mut Victim, seed: u64, firsts: &[u16]) -> ReplyTo {
	let surbs: Vec<_> = firsts.iter().map(|first| surb(*first)).collect();
	let (data, reply_to) = victim.takes_request(request(SESSION, seed, &whole([seed as u8; 16], 1, &surbs)));
	assert_eq!((data.len(), reply_to.surbs()), (10, firsts.len()));
	reply_to
}

/// The peers that the victim sends replies to within a minute. (Replies over SURBs of noise open nowhere, cover does.)
fn replies_sent(victim: &mut Victim) -> Vec<PeerId> {
	let sent = victim.run(Duration::from_secs(60));
	let nowhere = |(_, to, packet)| matches!(carry(SESSION, to, packet).1, End::Nowhere).then_some(to);
	sent.into_iter().filter_map(nowhere).collect()
}

#[test]
fn a_surb_that_names_no_mixnode_or_ourselves_is_refused() {
	let mut victim = Victim::new(1, SessionPhase::DisconnectFromPrev);
	let firsts = [LOCAL_INDEX, LOCAL_INDEX + 1, 100, 0xfeff, 0xff00, 0xff01, 0xff02, 0xff04, 0xff05, 0xffff];
	for (seed, first) in firsts.into_iter().enumerate() {
		let reply_to = asked(&mut victim, seed as u64, &[first]);
		let posted = victim.mixnet.post_reply(victim.now, reply_to, b"answer".to_vec());
		assert_eq!(posted, Err(ReplyError::BadSurb), "{first:#x}");
		assert_eq!(victim.dropped(DropReason::ReplyNotSent), seed as u64 + 1);
		assert_eq!(victim.mixnet.statistics().current_authored_queue_len, 0);
	}
	assert_eq!(replies_sent(&mut victim), []);
	assert_eq!(victim.mixnet.statistics().replies_authored, 0);
}

#[test]
fn a_reply_over_a_surb_of_noise_goes_to_its_first_mixnode_and_no_further() {
	let mut victim = Victim::new(2, SessionPhase::DisconnectFromPrev);
	let reply_to = asked(&mut victim, 2, &[4]);
	assert_eq!(victim.mixnet.post_reply(victim.now, reply_to, b"answer".to_vec()), Ok(()));
	assert_eq!(replies_sent(&mut victim), [others(SESSION)[4].peer_id]);
	assert_eq!(victim.mixnet.statistics().replies_authored, 1);
}

#[test]
fn a_surb_given_twice_is_used_twice_and_harms_only_its_maker() {
	let mut victim = Victim::new(3, SessionPhase::DisconnectFromPrev);
	let reply_to = asked(&mut victim, 3, &[4, 4]);
	assert_eq!(victim.mixnet.post_reply(victim.now, reply_to, b"answer".to_vec()), Ok(()));
	assert_eq!(replies_sent(&mut victim), [others(SESSION)[4].peer_id; 2]);
}

#[test]
fn no_part_of_a_copy_is_sent_if_one_of_its_surbs_is_bad() {
	// Two fragments, so one copy takes two SURBs.
	for firsts in [[4, 0xffff], [0xffff, 4], [0xffff, 0xffff]] {
		let mut victim = Victim::new(4, SessionPhase::DisconnectFromPrev);
		let reply_to = asked(&mut victim, 4, &firsts);
		let posted = victim.mixnet.post_reply(victim.now, reply_to, vec![1; 3000]);
		assert_eq!(posted, Err(ReplyError::BadSurb), "{firsts:?}");
		assert_eq!(victim.dropped(DropReason::ReplyNotSent), 1);
		assert_eq!(replies_sent(&mut victim), []);
	}
}

#[test]
fn a_bad_surb_costs_the_copy_that_needs_it() {
	for (firsts, posted, copies) in [([0xffff, 4], Ok(()), 1), ([4, 0xffff], Err(ReplyError::BadSurb), 0)] {
		let mut victim = Victim::new(5, SessionPhase::DisconnectFromPrev);
		let reply_to = asked(&mut victim, 5, &firsts);
		assert_eq!(victim.mixnet.post_reply(victim.now, reply_to, b"answer".to_vec()), posted, "{firsts:?}");
		assert_eq!(victim.dropped(DropReason::ReplyNotSent), 1);
		assert_eq!(replies_sent(&mut victim).len(), copies);
	}
}

#[test]
fn a_request_without_surbs_is_delivered_and_cannot_be_answered() {
	let mut victim = Victim::new(6, SessionPhase::DisconnectFromPrev);
	let reply_to = asked(&mut victim, 6, &[]);
	let posted = victim.mixnet.post_reply(victim.now, reply_to, b"answer".to_vec());
	assert_eq!(posted, Err(ReplyError::TooFewSurbs { needed: 1, given: 0 }));
	assert_eq!(victim.dropped(DropReason::ReplyNotSent), 1);
	let reply_to = asked(&mut victim, 7, &[1, 2]);
	let posted = victim.mixnet.post_reply(victim.now, reply_to, vec![1; 3 * 2025]);
	assert_eq!(posted, Err(ReplyError::TooFewSurbs { needed: 3, given: 2 }));
	assert_eq!(victim.dropped(DropReason::ReplyNotSent), 2);
	assert_eq!(replies_sent(&mut victim), []);
}

#[test]
fn a_reply_that_is_too_large_is_not_remembered() {
	let mut victim = Victim::new(8, SessionPhase::DisconnectFromPrev);
	let reply_to = asked(&mut victim, 8, &[1, 2]);
	let posted = victim.mixnet.post_reply(victim.now, reply_to, vec![1; 26 * 2025]);
	assert_eq!(posted, Err(ReplyError::TooLarge { fragments: 26, max: 25 }));
	assert_eq!(victim.mixnet.statistics().replies_cached, 0);
}

/// Strangers keep asking, and the victim's driver keeps answering. Is the victim's own request of this many bytes sent
/// all the same?
fn is_sent_among_answers(size: usize) -> bool {
	let mut victim =
		Victim::with(9, SessionPhase::DisconnectFromPrev, |config| config.parameters.mixnode_queue_capacity = 10);
	let surbs = [surb(1), surb(2)];
	let mut posted = false;
	// A hundred packets a second, for ten seconds.
	for seed in 0..1000_u64 {
		let id = [seed.to_le_bytes(); 2].concat().try_into().unwrap();
		let (_, reply_to) = victim.takes_request(request(SESSION, seed, &whole(id, 1, &surbs)));
		// The driver answers, since it cannot know who asks.
		let _ = victim.mixnet.post_reply(victim.now, reply_to, b"answer".to_vec());
		if seed >= 20 && !posted {
			// At first there may be no room.
			posted = victim.mixnet.post_request(victim.now, vec![1; size], 2, HandlingDelay::Extrinsic).is_ok();
		}
		victim.run(Duration::from_millis(10));
	}
	assert!(victim.dropped(DropReason::ReplyQueueFull) > 500);
	victim.mixnet.statistics().requests_authored > 0
}

#[test]
fn a_request_of_one_fragment_is_sent_whatever_strangers_ask() {
	assert!(is_sent_among_answers(100));
}

#[test]
fn a_request_of_five_fragments_is_sent_whatever_strangers_ask() {
	// It takes all the places for requests, of which answers have none.
	assert!(is_sent_among_answers(9000));
}
