//! More to send than there is time for, or much of it lost: packets are sent in order, who posts too much is told when to
//! try again, and requests come through.

use mixnet_node_core::{
	message::split,
	sphinx::{build_request, build_surb, Hop, SurbId, Target, PAYLOAD_DATA_SIZE},
	Config, DropReason, Event, HandlingDelay, MessageId, MixnodeIndex, Packet, PeerId, PostError, ReplyError,
	RequestId, SessionPhase, Time,
};
use mixnet_simulation::alone::{node_and_keys, secrets};
use mixnet_simulation::{answer, rng, soak, Answers, World};
use std::{collections::BTreeMap, time::Duration};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_full_queue_says_when_there_will_be_room() {
	let config = || {
		// Nobody answers, and nothing is sent again during the test: only the queue and its clock matter.
		let mut config = Config { per_hop_network_delay: 3600 * SECOND, ..Config::default() };
		config.request.capacity = 10_000;
		config.surb_keystore_capacity = 240_000;
		config.parameters.mixnode_mean_period_ms = 20_000;
		config
	};
	let mut world = World::in_session(1, 3, 1, config);
	world.answers = Answers::Never;
	let mut ratios = Vec::new();
	let mut refused: Option<(Time, Time)> = None;
	while ratios.len() < 60 {
		let now = world.now();
		match (world.try_post(3, vec![1; 5000], 2, HandlingDelay::Extrinsic), refused) {
			(Ok(_), None) => (),
			(Ok(_), Some((then, at))) => {
				ratios.push((now - then).as_secs_f64() / (at - then).as_secs_f64());
				refused = None;
			},
			(Err(error @ PostError::NoRoom { packets, .. }), None) => {
				let at = error.retry_at().unwrap();
				// A tick in 4/3 s. All mixnodes are gateways, so a packet may take the place of cover to two of three.
				assert!((1..=6).contains(&packets) && at > now && at < now + 13 * SECOND, "{error:?}");
				refused = Some((now, at));
			},
			(Err(PostError::NoRoom { .. }), Some(_)) => world.run(SECOND / 20),
			(Err(error), _) => panic!("{error}"),
		}
	}
	// Each value is the sum of a few exponentially distributed times, divided by its mean.
	let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
	assert!((0.75..1.25).contains(&mean), "room came after {mean} times what was said");
}

#[test]
fn a_later_request_does_not_overtake_an_earlier_one() {
	let mut world = World::in_session(2, 6, 1, Config::default);
	// Two copies of thirteen packets: one is queued, the other waits until there is room for all of it.
	let large = world.try_post(6, vec![1; 24_500], 2, HandlingDelay::Extrinsic).unwrap();
	assert_eq!(world.nodes[6].mixnet.statistics().current_authored_queue_len, 13);
	let small = world.try_post(6, vec![2; 100], 2, HandlingDelay::Extrinsic);
	let Err(PostError::NoRoom { packets, .. }) = small else { panic!("{small:?}") };
	// The second copy comes first, and then the small request.
	assert_eq!(packets, 13 + 13 + 1 - 25);
	let done = world.run_until(600 * SECOND, |world| world.nodes[6].answered.contains_key(&large));
	assert!(done);
}

#[test]
fn frequent_small_requests_do_not_keep_out_a_large_one() {
	let mut world = World::in_session(7, 6, 1, || {
		let mut config = Config::default();
		config.request.capacity = 1000;
		config
	});
	let start = world.now();
	let (mut small, mut large, mut again) = (0, None, start);
	let post_small =
		|world: &mut World| usize::from(world.try_post(6, vec![2; 100], 1, HandlingDelay::Extrinsic).is_ok());
	while post_small(&mut world) > 0 {
		small += 1;
	}
	while large.is_none() {
		let now = world.now();
		assert!(now < start + 120 * SECOND, "{small} small requests were taken, but not the large one");
		// The large one is tried again when it was told to, small ones all the time.
		if now >= again {
			match world.try_post(6, vec![1; 22 * 2000], 2, HandlingDelay::Extrinsic) {
				Ok(id) => large = Some(id),
				Err(error) => again = error.retry_at().unwrap(),
			}
		}
		small += post_small(&mut world);
		world.run(SECOND / 10);
	}
	assert!(world.now() - start > 10 * SECOND, "it had to wait");
	// Afterwards small ones are taken again.
	assert!(world.run_until(120 * SECOND, |world| world.nodes[6].answered.contains_key(&large.unwrap())));
	assert_eq!(post_small(&mut world), 1, "after {small}");
}

#[test]
fn large_and_small_requests_all_come_through() {
	let mut world = World::in_session(3, 6, 1, Config::default);
	let mut posted = Vec::new();
	for round in 0..12u8 {
		let size = if round % 4 == 0 { 20_000 } else { 50 };
		let data = vec![round; size];
		let start = world.now();
		let id = world.post(6, data.clone(), 2);
		// A request waits for what is queued before it, and no longer.
		let waited = world.now() - start;
		assert!(waited < 150 * SECOND, "{waited:?}");
		posted.push((id, data));
	}
	let done = |world: &World| posted.iter().all(|(id, _)| world.nodes[6].answered.contains_key(id));
	assert!(world.run_until(1200 * SECOND, done), "{:?}", world.nodes[6].failed);
	for (id, data) in &posted {
		assert_eq!(world.nodes[6].answered[id], answer(data));
	}
}

const PEER: PeerId = PeerId([0xee; 32]);

fn mixnode_hop(index: u16, kx_public: mixnet_node_core::KxPublic) -> Hop {
	Hop { target: Target::Mixnode(MixnodeIndex::new(index).unwrap()), kx_public }
}

/// A request of one fragment to the mixnode with index 9 of session 2, and SURBs to reply over.
fn request(seed: u64, kx_public: mixnet_node_core::KxPublic, surbs: usize) -> Packet {
	let mut rng = rng(seed);
	let first = mixnode_hop(0, secrets(2)[0].public());
	let us = Hop { target: Target::Peer(PEER), kx_public: secrets(2)[1].public() };
	let surbs: Vec<_> = (0..surbs)
		.map(|_| {
			let id = SurbId::random(&mut rng);
			build_surb(&mut rng, MixnodeIndex::new(0).unwrap(), &[first, us], id).unwrap().0
		})
		.collect();
	let plan = split(MessageId::random(&mut rng), b"request", surbs.len(), 1).unwrap().remove(0);
	let mut payload = [0; PAYLOAD_DATA_SIZE];
	plan.write(&mut payload, b"request", &surbs).unwrap();
	build_request(&mut rng, &[mixnode_hop(9, kx_public)], &payload).unwrap().packet
}

#[test]
fn neither_requests_nor_replies_starve_each_other() {
	let (mut mixnet, mut now, keys) = node_and_keys(4, true, SessionPhase::DisconnectFromPrev);
	let mut seed = 1000;
	// We get more requests than we can answer, and post more than we can send: 20 fragments at a time.
	let (mut posted, mut refused, mut replied, mut not_replied) = (0, 0, 0, 0);
	let end = now + 60 * SECOND;
	while now < end {
		seed += 1;
		assert_eq!(mixnet.handle_packet(now, PEER, request(seed, keys[2], 2)), None);
		match mixnet.post_request(now, vec![0; 20 * 2000], 2, HandlingDelay::Extrinsic) {
			Ok(_) => posted += 1,
			Err(PostError::NoRoom { .. }) => refused += 1,
			Err(error) => panic!("{error}"),
		}
		while let Some(event) = mixnet.poll_event() {
			if let Event::Request { reply_to, .. } = event {
				match mixnet.post_reply(now, reply_to, vec![1]) {
					Ok(()) => replied += 1,
					Err(ReplyError::QueueFull) => not_replied += 1,
					Err(error) => panic!("{error}"),
				}
			}
		}
		now = mixnet.poll_timeout().unwrap().max(now);
		mixnet.handle_timeout(now);
		while mixnet.poll_transmit().is_some() {}
		let statistics = mixnet.statistics();
		assert!(statistics.current_authored_queue_len <= 50);
	}
	let statistics = mixnet.statistics();
	let (requests, replies) = (statistics.requests_authored, statistics.replies_authored);
	// About 450 packets leave in a minute. Neither kind gets all of them or hardly any.
	assert!((350..550).contains(&(requests + replies)), "{requests} + {replies}");
	assert!(requests > 150 && replies > 100, "{requests} packets of requests, {replies} of replies");
	assert!(
		posted > 2 && refused > 100 && replied > 40 && not_replied > 40,
		"{posted} {refused} {replied} {not_replied}"
	);
	assert!(statistics.dropped(DropReason::ReplyQueueFull) > 0, "and what was not sent is counted");
}

#[test]
fn retry_timers_adapt_to_a_slow_network() {
	// Request packets sent per request, in a network ten times slower than configured.
	let packets_per_request = |loop_cover_permille| {
		let config = || {
			let mut config = Config::default();
			config.parameters.loop_cover_permille = loop_cover_permille;
			// The retry timer includes the queues. They are short here, so that the network's delay shows.
			config.parameters.mixnode_queue_capacity = 5;
			config.parameters.mixnode_mean_period_ms = 300;
			config.parameters.non_mixnode_mean_period_ms = 100;
			config.request.destinations = 20;
			config
		};
		let mut world = World::in_session(5, 6, 1, config);
		world.faults().latency = Duration::from_millis(2900);
		world.run(60 * SECOND);
		let ids: Vec<_> = (0..5).map(|number| world.post(6, vec![number; 100], 2)).collect();
		let answered = |world: &World| ids.iter().all(|id| world.nodes[6].answered.contains_key(id));
		assert!(world.run_until(1000 * SECOND, answered));
		world.nodes[6].mixnet.statistics().requests_authored as f64 / 5.0
	};
	let (without, with) = (packets_per_request(0), packets_per_request(250));
	println!("packets per request: {without} without loops, {with} with them");
	assert!(without > 3.0, "without loops the timers know nothing and fire too soon: {without}");
	// With loops, two copies and hardly any more.
	assert!(with <= 2.2, "with loops they wait long enough: {with}");
}

/// Half of the requests of the tests below, so that both cores have one.
fn requests_come_through_where_one_route_in_five_loses_them(seed: u64) {
	const MIXNODES: usize = 7;
	const USERS: usize = 150;
	let requests = 150 * soak();
	let mut world = World::in_session(seed, MIXNODES, USERS, Config::default);
	// Six links, from a user over five mixnodes to a sixth, and as many back.
	world.faults().loss = 1.0 - 0.8f64.powf(1.0 / 6.0);
	world.faults().jitter = Duration::from_millis(50);
	world.run(5 * SECOND);

	// Each user posts its next request when the last one has ended.
	let mut waiting: BTreeMap<usize, (RequestId, Time)> = BTreeMap::new();
	let (mut left, mut failed, mut latencies) = (requests, 0, Vec::new());
	while left > 0 || !waiting.is_empty() {
		for user in MIXNODES..MIXNODES + USERS {
			if left > 0 && !waiting.contains_key(&user) {
				left -= 1;
				waiting.insert(user, (world.post(user, vec![9; 300], 2), world.now()));
			}
		}
		world.run(SECOND / 5);
		waiting.retain(|user, (id, posted_at)| {
			let node = &world.nodes[*user];
			let answered = node.answered.contains_key(id);
			if answered {
				latencies.push((world.now() - *posted_at).as_secs_f64());
			}
			failed += usize::from(node.failed.contains_key(id));
			!answered && !node.failed.contains_key(id)
		});
	}
	latencies.sort_by(f64::total_cmp);
	let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
	println!(
		"{} of {requests} requests answered: after {:.1} s (median), {:.1} s (90 %), {:.1} s (99 %), {:.1} s at most",
		latencies.len(),
		at(0.5),
		at(0.9),
		at(0.99),
		at(1.0),
	);
	assert_eq!(latencies.len() + failed, requests);
	assert!(failed as f64 <= requests as f64 * 0.001, "{failed} of {requests} requests failed");
}

#[test]
fn one_route_in_five_loses_packets_and_requests_come_through() {
	requests_come_through_where_one_route_in_five_loses_them(6);
}

#[test]
fn one_route_in_five_loses_packets_and_other_requests_come_through() {
	requests_come_through_where_one_route_in_five_loses_them(7);
}
