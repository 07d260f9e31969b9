//! Packets in batches have the effects that they would have one by one, whatever they are and in whatever order.

use super::victim::{
	carry, flipped, forge, fragment, index, local_hop, local_secret, noise, other_hop, reply, request, to_forward,
	whole, End, Victim, DELIVER_COVER_WITH_ID, DELIVER_REPLY, ENEMY, SESSION,
};
use mixnet_node_core::{
	sphinx::{build_cover, build_request, Backend, Scratch, Target, HEADER_SIZE, PAYLOAD_DATA_SIZE},
	AddressedPacket, Batch, DropReason, Packet, SessionPhase, Unwrapper,
};
use mixnet_simulation::rng;
use proptest::{prelude::*, test_runner::RngSeed};
use std::{collections::BTreeSet, thread, time::Duration};

/// Something that comes to the victim.
#[derive(Clone, Copy, Debug)]
enum Input {
	Forward {
		session: u32,
		seed: u64,
	},
	ForwardToNobody {
		session: u32,
		seed: u64,
	},
	Request {
		session: u32,
		seed: u64,
	},
	/// One of several fragments of a request.
	Fragment {
		session: u32,
		seed: u64,
		index: u16,
	},
	Cover {
		session: u32,
		seed: u64,
	},
	/// A packet that the victim made and that comes back: a loop, or a reply to its request.
	Own(usize),
	UnknownReply {
		seed: u64,
	},
	UnknownLoop {
		seed: u64,
	},
	BadAction {
		seed: u64,
	},
	BadPayload {
		seed: u64,
	},
	LowOrder,
	Noise {
		seed: u64,
	},
	/// The packet that came this many places before, or a copy of it with this bit flipped.
	Again {
		before: usize,
		bit: Option<usize>,
	},
}

fn input() -> impl Strategy<Value = Input> {
	let session = || (1u32..=2, 0u64..30);
	let seed = || 0u64..30;
	prop_oneof![
		6 => session().prop_map(|(session, seed)| Input::Forward { session, seed }),
		1 => session().prop_map(|(session, seed)| Input::ForwardToNobody { session, seed }),
		3 => session().prop_map(|(session, seed)| Input::Request { session, seed }),
		3 => (session(), 0u16..3).prop_map(|((session, seed), index)| Input::Fragment { session, seed, index }),
		1 => session().prop_map(|(session, seed)| Input::Cover { session, seed }),
		4 => (0usize..20).prop_map(Input::Own),
		1 => seed().prop_map(|seed| Input::UnknownReply { seed }),
		1 => seed().prop_map(|seed| Input::UnknownLoop { seed }),
		1 => seed().prop_map(|seed| Input::BadAction { seed }),
		1 => seed().prop_map(|seed| Input::BadPayload { seed }),
		1 => Just(Input::LowOrder),
		1 => seed().prop_map(|seed| Input::Noise { seed }),
		3 => (1usize..9, prop::option::of(0usize..2252 * 8))
			.prop_map(|(before, bit)| Input::Again { before, bit }),
	]
}

fn packets(inputs: &[Input], own: &[Packet]) -> Vec<Packet> {
	let mut packets: Vec<Packet> = Vec::new();
	// Packets made with the same randomness count as copies of each other.
	let seeded = |kind: u64, session: u32, seed: u64| (kind * 2 + u64::from(session)) * 1000 + seed;
	let some_public = |seed| {
		let mut public = noise::<32>(seed);
		public[31] &= 0x7f;
		public
	};
	for input in inputs {
		packets.push(match *input {
			Input::Forward { session, seed } => to_forward(session, seeded(0, session, seed)),
			Input::ForwardToNobody { session, seed } => {
				let mut nobody = other_hop(session, 3);
				nobody.target = Target::Mixnode(index(5000));
				build_cover(&mut rng(seeded(1, session, seed)), &[local_hop(session), nobody], None).unwrap().packet
			},
			Input::Request { session, seed } => {
				request(session, seeded(2, session, seed), &whole([seed as u8; 16], 1, &[[seed as u8; 222]]))
			},
			Input::Fragment { session, seed, index: at } => {
				let fragment = fragment([100 + (seed / 10) as u8; 16], 2, at, 700, 0, at as u8);
				request(session, seeded(3 + u64::from(at), session, seed), &fragment)
			},
			Input::Cover { session, seed } => {
				build_cover(&mut rng(seeded(6, session, seed)), &[local_hop(session)], None).unwrap().packet
			},
			Input::Own(i) => own[i % own.len()].clone(),
			Input::UnknownReply { seed } => {
				let action = [&DELIVER_REPLY[..], &noise::<16>(seed)].concat();
				forge(local_secret(SESSION), some_public(seed), &action)
			},
			Input::UnknownLoop { seed } => {
				let action = [&DELIVER_COVER_WITH_ID[..], &noise::<16>(seed)].concat();
				forge(local_secret(SESSION), some_public(seed + 50), &action)
			},
			Input::BadAction { seed } => forge(local_secret(SESSION), some_public(seed + 100), &[0xff; 2]),
			Input::BadPayload { seed } => {
				let packet = build_request(&mut rng(seeded(7, 1, seed)), &[local_hop(1)], &[1; PAYLOAD_DATA_SIZE]);
				flipped(&packet.unwrap().packet, 2000 * 8)
			},
			Input::LowOrder => forge(local_secret(SESSION), [0; 32], &[0; 2]),
			Input::Noise { seed } => noise(seed).into(),
			Input::Again { before, bit } => {
				let again = packets.len().checked_sub(before).map_or_else(|| noise(0).into(), |at| packets[at].clone());
				bit.map_or_else(|| again.clone(), |bit| flipped(&again, bit))
			},
		});
	}
	packets
}

/// The victim, with both sessions live and room for a few packets only; and packets of its own that come back.
fn victim() -> (Victim, Vec<Packet>) {
	let mut victim = Victim::with(5, SessionPhase::RequestsToCurrent, |config| {
		config.parameters.forward_queue_capacity = 15;
		config.parameters.loop_cover_permille = 500;
		config.max_queued_requests = 5;
	});
	let (_, copies) = victim.ask(2);
	let mut own: Vec<_> =
		copies.into_iter().flat_map(|copy| copy.surbs).map(|surb| reply(surb, &whole([9; 16], 3, &[]))).collect();
	for (_, to, packet) in victim.run(Duration::from_secs(10)) {
		for session in [1, SESSION] {
			if let (_, End::Victim(packet)) = carry(session, to, packet.clone()) {
				own.push(packet);
			}
		}
	}
	assert!(own.len() > 10);
	(victim, own)
}

/// All visible state of the victim, now and in the next minute.
fn outcome(victim: &mut Victim) -> (String, Vec<AddressedPacket>) {
	let events: Vec<_> = std::iter::from_fn(|| victim.mixnet.poll_event()).collect();
	let mut seen = format!("{:?} {events:?} {:?}", victim.mixnet.statistics(), victim.mixnet.poll_timeout());
	let sent = victim.run(Duration::from_secs(60));
	let sent = sent.into_iter().map(|(at, peer_id, packet)| {
		seen += &format!("{at:?}");
		AddressedPacket { peer_id, packet }
	});
	let sent = sent.collect();
	(seen, sent)
}

/// Unwraps on another thread, and finishes the packets whose bits are set.
fn unwrap_elsewhere(unwrapper: Unwrapper, packets: Vec<Packet>, finished: u64) -> Batch {
	let unwrap = move || {
		let mut scratch = Scratch::new();
		let mut batch = unwrapper.open(&mut scratch, packets.into_iter().map(|packet| (ENEMY, packet)));
		let mut finished = (0..64).map(|i| finished >> i & 1 == 1).cycle();
		batch.set_wanted(|| finished.next().unwrap());
		unwrapper.finish(&mut scratch, &mut batch);
		batch
	};
	thread::spawn(unwrap).join().unwrap()
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 12,
		rng_seed: RngSeed::Fixed(11),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn a_batch_has_the_effects_that_its_packets_have_one_by_one(
		inputs in prop::collection::vec(input(), 1..140),
		sizes in prop::collection::vec(1usize..100, 1..4),
		finished in any::<u64>(),
	) {
		let (mut one_by_one, own) = victim();
		let packets = packets(&inputs, &own);
		let reasons: Vec<_> = packets.iter().map(|packet| one_by_one.handle(packet.clone())).collect();
		let expected = outcome(&mut one_by_one);
		for backend in Backend::available() {
			let (mut victim_of_batches, _) = victim();
			victim_of_batches.mixnet.set_backend(backend);
			let (mut victim_of_threads, _) = victim();
			victim_of_threads.mixnet.set_backend(backend);
			let mut rest = &packets[..];
			let mut accepted = Vec::new();
			for size in sizes.iter().cycle() {
				let (batch, others) = rest.split_at(rest.len().min(*size));
				rest = others;
				let now = victim_of_batches.now;
				victim_of_batches.mixnet.handle_packets(now, batch.iter().map(|packet| (ENEMY, packet.clone())));
				let unwrapper = victim_of_threads.mixnet.unwrapper();
				let batch = unwrap_elsewhere(unwrapper, batch.to_vec(), finished);
				victim_of_threads.mixnet.accept_each(now, batch, |from, reason| {
					assert_eq!(from, ENEMY);
					accepted.push(reason);
				});
				if rest.is_empty() {
					break;
				}
			}
			assert_eq!(accepted, reasons);
			assert!(outcome(&mut victim_of_batches) == expected, "{backend}: in batches");
			assert!(outcome(&mut victim_of_threads) == expected, "{backend}: unwrapped on another thread");
		}
	}
}

#[test]
fn the_inputs_of_the_batch_test_reach_every_outcome() {
	let (mut victim, own) = victim();
	let mut inputs = vec![Input::LowOrder, Input::BadAction { seed: 1 }, Input::UnknownReply { seed: 1 }];
	inputs.extend([Input::UnknownLoop { seed: 1 }, Input::BadPayload { seed: 1 }, Input::Noise { seed: 1 }]);
	inputs.extend((0..own.len()).map(Input::Own));
	inputs.extend((0..3).map(|index| Input::Fragment { session: 1, seed: 1, index }));
	inputs.push(Input::Again { before: 1, bit: None });
	inputs.push(Input::ForwardToNobody { session: 1, seed: 1 });
	inputs.extend((0..10).map(|seed| Input::Request { session: 1, seed }));
	inputs.extend((0..20).map(|seed| Input::Forward { session: SESSION, seed }));
	inputs.push(Input::Cover { session: 1, seed: 1 });
	let packets = packets(&inputs, &own);
	let reasons: BTreeSet<_> =
		packets.into_iter().map(|packet| victim.handle(packet).map(|reason| reason.name())).collect();
	for reason in [
		DropReason::Malformed,
		DropReason::UnknownSurb,
		DropReason::UnknownLoopCover,
		DropReason::BadPayload,
		DropReason::UnknownKey,
		DropReason::Replayed,
		DropReason::BadNextHop,
		DropReason::TooManyQueuedRequests,
		DropReason::ForwardShareUsed,
	] {
		assert!(reasons.contains(&Some(reason.name())), "{reason:?}");
	}
	let statistics = victim.mixnet.statistics();
	assert!(reasons.contains(&None) && statistics.loop_cover_returned > 5 && statistics.replies_delivered > 0);
	assert!(statistics.requests_delivered > 5 && statistics.drop_cover_delivered == 1);
}

#[test]
fn a_header_is_finished_once_whatever_payloads_come_with_it() {
	let mut victim = Victim::new(1, SessionPhase::DisconnectFromPrev);
	let unwrapper = victim.mixnet.unwrapper();
	let mut scratch = Scratch::new();
	let genuine = [request(SESSION, 1, &whole([1; 16], 7, &[])), to_forward(SESSION, 2)];
	// Three batches are under way at once. In each there are three copies of both headers, all with other payloads.
	let mut payloads = (0..).map(|bit| HEADER_SIZE * 8 + bit);
	let copies: Vec<_> = (0..9).flat_map(|_| [&genuine[0], &genuine[1]].map(Clone::clone)).collect();
	let copies: Vec<_> = copies.iter().zip(&mut payloads).map(|(packet, bit)| (ENEMY, flipped(packet, bit))).collect();
	let mut batches: Vec<_> = copies.chunks(6).map(|batch| unwrapper.open(&mut scratch, batch.to_vec())).collect();
	batches.iter_mut().for_each(|batch| victim.mixnet.judge_batch(batch));
	let wanted: Vec<_> = batches.iter().map(|batch| batch.wanted().filter(|wanted| *wanted).count()).collect();
	assert_eq!(wanted, [2, 0, 0]);
	let mut reasons = Vec::new();
	for mut batch in batches {
		unwrapper.finish(&mut scratch, &mut batch);
		victim.mixnet.accept_each(victim.now, batch, |_, reason| reasons.push(reason));
	}
	let expected = [Some(DropReason::BadPayload), None].into_iter().chain([Some(DropReason::Replayed); 16]);
	assert_eq!(reasons, expected.collect::<Vec<_>>());
	// Nor later, and the genuine ones come too late.
	for packet in [flipped(&genuine[0], payloads.next().unwrap()), flipped(&genuine[1], payloads.next().unwrap())]
		.into_iter()
		.chain(genuine)
	{
		let mut batch = unwrapper.open(&mut scratch, [(ENEMY, packet.clone())]);
		victim.mixnet.judge_batch(&mut batch);
		assert!(!batch.has_wanted());
		victim.mixnet.accept(victim.now, batch);
		victim.refuses(packet, DropReason::Replayed, "once more");
	}
}

#[test]
fn packets_unwrapped_under_a_key_that_is_gone_are_not_accepted() {
	let mut victim = Victim::new(1, SessionPhase::RequestsToCurrent);
	let packets = || vec![to_forward(1, 1), to_forward(SESSION, 2)];
	let unwrapper = victim.mixnet.unwrapper();
	let batch = unwrap_elsewhere(unwrapper.clone(), packets(), u64::MAX);
	victim.set_status(SESSION, SessionPhase::DisconnectFromPrev);
	let now = victim.now;
	let accept = |victim: &mut Victim, batch: Batch| {
		let mut reasons = Vec::new();
		victim.mixnet.accept_each(now, batch, |_, reason| reasons.push(reason));
		reasons
	};
	assert_eq!(accept(&mut victim, batch), [Some(DropReason::UnknownKey), None]);
	// An old unwrapper keeps no key alive.
	let batch = unwrap_elsewhere(unwrapper, packets(), u64::MAX);
	assert!(batch.opened().eq([false, true]));
	assert_eq!(accept(&mut victim, batch), [Some(DropReason::UnknownKey), Some(DropReason::Replayed)]);
}

#[test]
fn packets_unwrapped_before_the_chain_started_over_are_not_accepted() {
	let mut victim = Victim::new(1, SessionPhase::DisconnectFromPrev);
	let batch = unwrap_elsewhere(victim.mixnet.unwrapper(), vec![to_forward(SESSION, 2)], u64::MAX);
	victim.set_status(0, SessionPhase::DisconnectFromPrev);
	victim.set_status(SESSION, SessionPhase::DisconnectFromPrev);
	let mut reasons = Vec::new();
	victim.mixnet.accept_each(victim.now, batch, |_, reason| reasons.push(reason));
	assert_eq!(reasons, [Some(DropReason::UnknownKey)]);
}
