//! Our nodes and nodes of the `mixnet` crate 0.7.0 in one mixnet session: requests with SURBs and several fragments,
//! replies, cover, phases and replays.

mod mixed;

use mixed::{
	is_ours, peer_id, reply_data, session_0_secret, their_mixnodes, their_status, Connections, Network, Options,
	AUTHORED_PERIOD, NUM_MIXNODES, NUM_NODES,
};
use mixnet::core::{self as reference, Message, RelSessionIndex};
use mixnet_node_core::{
	sphinx::KxSecret, Config, DropReason, Event, HandlingDelay, Mixnet, Mixnode, Packet, PeerId, SessionPhase,
	SessionStatus, Time,
};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::{collections::BTreeSet, time::Duration};

/// Nothing that the reference sends, and nothing that comes through it, is refused.
fn assert_understood(network: &Network) {
	for reason in [
		DropReason::Malformed,
		DropReason::Replayed,
		DropReason::NotMixnode,
		DropReason::BadNextHop,
		DropReason::BadPayload,
		DropReason::BadFragment,
		DropReason::UnknownLoopCover,
		DropReason::ForwardQueueFull,
	] {
		assert_eq!(network.dropped(reason), 0, "dropped as {}; {}", reason.name(), network.report());
	}
}

#[test]
fn requests_and_replies_pass_both_ways_in_every_phase() {
	let options = Options { our_period: AUTHORED_PERIOD, their_cover: true };
	let mut network = Network::new(options);
	let mut number = 0;
	// Session 0 alone; then sessions 0 and 1 together, phase by phase.
	let steps = [(0, SessionPhase::DisconnectFromPrev)].into_iter().chain(SessionPhase::ALL.map(|phase| (1, phase)));
	for (session, phase) in steps {
		if (session, phase) == (1, SessionPhase::CoverToCurrent) {
			let mixnodes = network.register();
			network.set_status(session, phase, Some(mixnodes));
		} else if session == 1 {
			network.set_status(session, phase, None);
		}
		for node in &mut network.nodes {
			node.handled.clear();
			node.answers.borrow_mut().clear();
		}
		const REQUESTS: usize = 3;
		for _ in 0..REQUESTS {
			for from in 0..NUM_NODES {
				network.post(from, number);
			}
			number += 1;
		}
		let what = format!("answers in session {session}, phase {phase}");
		network.run_until(Duration::from_secs(20), &what, |network| {
			network.nodes.iter().all(|node| node.answers.borrow().len() == REQUESTS)
		});
		for (from, node) in network.nodes.iter().enumerate() {
			for (request, answer) in node.answers.borrow().iter() {
				assert_eq!(usize::from(request[0]), from);
				assert_eq!(*answer, reply_data(request), "{what}");
			}
		}
		// All four ways. Each fails for want of luck with probability 2^-15.
		for from_ours in [true, false] {
			for to_ours in [true, false] {
				let any = network.nodes.iter().enumerate().any(|(to, node)| {
					is_ours(to) == to_ours && node.handled.iter().any(|from| is_ours(*from) == from_ours)
				});
				assert!(any, "{what}: none from ours ({from_ours}) to ours ({to_ours}); {}", network.report());
			}
		}
		// In phase 3 packets of the previous session may still have been on their way.
		assert_understood(&network);
	}
	assert!(network.ours().all(|mixnet| mixnet.statistics().loop_cover_authored > 0));
}

#[test]
fn their_cover_passes_and_arrives_at_ours() {
	// Ours author nothing, so all they see is the reference's.
	let options = Options { our_period: Duration::from_secs(24 * 3600), their_cover: true };
	let mut network = Network::new(options);
	network.run_until(Duration::from_secs(20), "drop cover at each of our mixnodes", |network| {
		network.ours().take(NUM_MIXNODES / 2).all(|mixnet| {
			let statistics = mixnet.statistics();
			statistics.drop_cover_delivered > 2 && statistics.packets_forwarded > 10
		})
	});
	assert_understood(&network);
	assert_eq!(network.dropped(DropReason::UnknownKey), 0);
	assert!(network.ours().all(|mixnet| mixnet.statistics().authored() == 0));
}

#[test]
fn our_loop_cover_comes_back_through_theirs() {
	let options = Options { our_period: AUTHORED_PERIOD, their_cover: false };
	let mut network = Network::new(options);
	network.run_until(Duration::from_secs(20), "loop cover back at each of our nodes", |network| {
		network.ours().all(|mixnet| mixnet.statistics().loop_cover_returned > 3)
	});
	// All that are not on their way.
	let authored: u64 = network.ours().map(|mixnet| mixnet.statistics().loop_cover_authored).sum();
	network.run_until(Duration::from_secs(20), "all loop cover back", |network| {
		network.ours().map(|mixnet| mixnet.statistics().loop_cover_returned).sum::<u64>() >= authored
	});
	assert_understood(&network);
}

/// Three mixnodes: one sends over another to the third, in two hops.
struct Three {
	mixnodes: Vec<Mixnode>,
}

impl Three {
	fn new() -> Self {
		let mixnode = |index| Mixnode {
			kx_public: KxSecret::from_bytes(session_0_secret(index)).public(),
			peer_id: peer_id(index),
			external_addresses: Vec::new(),
		};
		Self { mixnodes: (0..3).map(mixnode).collect() }
	}

	fn ours(&self, index: usize) -> Mixnet<ChaChaRng> {
		let mut config = Config { hops: 2, mean_forwarding_delay: Duration::ZERO, ..Config::default() };
		config.loop_cover_proportion = 0.0;
		let secret = KxSecret::from_bytes(session_0_secret(index));
		let rng = ChaChaRng::seed_from_u64(index as u64);
		let mut mixnet = Mixnet::new(config, peer_id(index), rng, Some(secret)).unwrap();
		let status = SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev };
		mixnet.set_session_status(Time::ZERO, status);
		mixnet.set_mixnodes(Time::ZERO, 0, Ok(self.mixnodes.clone()));
		mixnet
	}

	fn theirs(&self, index: usize) -> reference::Mixnet<()> {
		let mut mixnet = reference::Mixnet::new(reference::Config {
			session_0_kx_secret: Some(session_0_secret(index)),
			num_hops: 2,
			mean_forwarding_delay: Duration::ZERO,
			loop_cover_proportion: 0.0,
			..Default::default()
		});
		let phase = SessionPhase::DisconnectFromPrev;
		mixnet.set_session_status(their_status(SessionStatus { current_index: 0, phase }));
		mixnet.maybe_set_mixnodes(RelSessionIndex::Current, &mut || Ok(their_mixnodes(&self.mixnodes)));
		mixnet
	}
}

#[test]
fn replays_of_our_packets_are_refused_by_theirs() {
	let three = Three::new();
	let mut source = three.ours(0);
	source.post_request(Time::ZERO, vec![7; 9], 1, HandlingDelay::Extrinsic).unwrap();
	source.handle_timeout(source.poll_timeout().unwrap());
	let packet = source.poll_transmit().expect("a tick is due, and a request waits");

	let mut forwarder = three.theirs(usize::from(packet.peer_id.0[0]) - 1);
	for _ in 0..2 {
		assert!(forwarder.handle_packet(packet.packet.as_bytes()).is_none());
	}
	let forwarded = forwarder.pop_next_forward_packet().expect("forwarded once");
	assert!(forwarder.pop_next_forward_packet().is_none(), "forwarded twice");

	let mut destination = three.theirs(usize::from(forwarded.peer_id[0]) - 1);
	let Some(Message::Request(message)) = destination.handle_packet(&forwarded.packet) else {
		panic!("not delivered");
	};
	assert_eq!(message.data, [7; 9]);
	assert_eq!(message.surbs.len(), 1);
	assert!(destination.handle_packet(&forwarded.packet).is_none(), "delivered twice");
}

#[test]
fn replays_of_their_packets_are_refused_by_ours() {
	let three = Three::new();
	let mut source = three.theirs(0);
	let connected = BTreeSet::new();
	let ns = Connections { local: peer_id(0), connected: &connected };
	source.post_request(0, &mut None, &[1; 16], [7; 9].as_slice().into(), 1, &ns).unwrap();
	let packet = source.pop_next_authored_packet(&ns).expect("a request waits");
	let first: Packet = (*packet.packet).into();

	let mut forwarder = three.ours(usize::from(packet.peer_id[0]) - 1);
	assert_eq!(forwarder.handle_packet(Time::ZERO, peer_id(0), first.clone()), None);
	assert_eq!(forwarder.handle_packet(Time::ZERO, peer_id(0), first), Some(DropReason::Replayed));
	let forwarded = forwarder.poll_transmit().expect("forwarded once");
	assert!(forwarder.poll_transmit().is_none(), "forwarded twice");
	assert_eq!(forwarder.statistics().dropped(DropReason::Replayed), 1);

	let mut destination = three.ours(usize::from(forwarded.peer_id.0[0]) - 1);
	while destination.poll_event().is_some() {}
	let from = forwarder_id(&packet);
	assert_eq!(destination.handle_packet(Time::ZERO, from, forwarded.packet.clone()), None);
	assert_eq!(destination.handle_packet(Time::ZERO, from, forwarded.packet), Some(DropReason::Replayed));
	let Some(Event::Request { message_id, data, reply_to }) = destination.poll_event() else {
		panic!("not delivered");
	};
	assert_eq!((message_id.0, data, reply_to.surbs()), ([1; 16], vec![7; 9], 1));
	assert!(destination.poll_event().is_none(), "delivered twice");

	// The reply passes; a replay of it does not.
	destination.post_reply(Time::ZERO, reply_to, vec![8; 5]).unwrap();
	destination.handle_timeout(destination.poll_timeout().unwrap());
	let reply = destination.poll_transmit().expect("a tick is due, and a reply waits");
	let mut middle = three.ours(usize::from(reply.peer_id.0[0]) - 1);
	assert_eq!(middle.handle_packet(Time::ZERO, from, reply.packet), None);
	let reply = middle.poll_transmit().expect("forwarded once");
	assert_eq!(reply.peer_id, peer_id(0));
	let Some(Message::Reply(message)) = source.handle_packet(reply.packet.as_bytes()) else {
		panic!("not delivered");
	};
	assert_eq!((message.request_id, message.data), ([1; 16], vec![8; 5]));
	assert!(source.handle_packet(reply.packet.as_bytes()).is_none());
}

fn forwarder_id(packet: &reference::AddressedPacket) -> PeerId {
	PeerId(packet.peer_id)
}
