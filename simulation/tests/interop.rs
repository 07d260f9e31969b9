//! Our nodes and nodes of the `mixnet` crate 0.7.0 in one mixnet session: requests with SURBs and several fragments,
//! replies, cover, phases and replays.

mod mixed;

use mixed::{
	is_ours, peer_id, reply_data, session_0_secret,
	theirs::{their_mixnodes, their_status, Connections, TARGET},
	trace::What,
	Network, LARGE, NUM_MIXNODES, NUM_NODES, SMALL,
};
use mixnet::core::{self as reference, Message, RelSessionIndex};
use mixnet_node_core::{
	sphinx::KxSecret, AddressedPacket, Config, DropReason, Event, HandlingDelay, Mixnet, Mixnode, Packet, Parameters,
	PeerId, RelativeSession, SessionIndex, SessionPhase, SessionStatus, Statistics, Time,
};
use mixnet_simulation::{log, ours, rng, Ours};
use std::{collections::BTreeSet, time::Duration};

/// Checks that no node, ours or theirs, refused a packet of either kind.
fn assert_understood(network: &Network, over: bool) {
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
	// When a session is over, packets of it may still be in flight.
	const UNKNOWN_KEY: &str = "Failed to peel packet; either bad MAC or unknown secret";
	// A message's second copy is refused with this.
	const REPEATED: &str = "Fragment insert failed: Already have this fragment";
	if !over {
		assert_eq!(network.dropped(DropReason::UnknownKey), 0, "{}", network.report());
	}
	let is_expected = |record: &str| record == REPEATED || over && record == UNKNOWN_KEY;
	let logged: Vec<_> = log::take().into_iter().filter(|record| !is_expected(record)).collect();
	assert_eq!(logged, [""; 0]);
}

/// For the requests answered in `session`: is the source ours, and is the destination?
fn ways(network: &Network, session: SessionIndex) -> BTreeSet<(bool, bool)> {
	let mut ways = BTreeSet::new();
	for from in 0..NUM_NODES {
		for answer in network.answers(from).into_values() {
			if u32::from(answer[1]) == session {
				ways.insert((is_ours(from), is_ours(usize::from(answer[0]))));
			}
		}
	}
	ways
}

/// Waits until each node has this many answers, and checks the answers.
fn wait_for_answers(network: &mut Network, num: usize, what: &str) {
	network.run_until(&format!("answers {what}"), |network| {
		network.world.nodes.iter().all(|node| node.answered.len() == num)
	});
	for from in 0..NUM_NODES {
		for (request, answer) in network.answers(from) {
			assert_eq!(usize::from(request[0]), from);
			assert_eq!(answer, reply_data(usize::from(answer[0]), u32::from(answer[1]), request), "{what}");
		}
	}
}

/// Requests per node that are posted just before a change of phase. The probability that no request goes from ours to
/// theirs (or back) is 3e-11: four mixnodes draw each destination from seven others, three of their own kind.
const CARRIED: usize = 7;

/// Requests per node that are posted at a time. With probability 3e-4 that is not enough. Then more are posted, up to
/// `MAX_POSTED`, where the probability is 1e-21.
const POSTED: usize = 2;
const MAX_POSTED: usize = 12;

/// From session 0 to session 1, phase by phase: all that the table (PROTOCOL.md, section 7) allows passes in both
/// sessions, from ours to theirs and back.
///
/// Replies name the session that they were sent in. Packets of session 0 are traced from their author to their last hop.
/// The test fails by chance with probability 1e-10. It fails, too, if the machine stands still for most of a minute.
#[test]
fn requests_and_replies_pass_both_ways_in_every_phase() {
	use What::{DropCover, LoopCover, Reply, Request};
	let mut network = Network::new();
	let mut number = 0;
	let mut post = |network: &mut Network, len| {
		for from in 0..NUM_NODES {
			network.post(from, number, len);
		}
		number += 1;
	};
	let mut all_ways = BTreeSet::new();
	let steps = [(0, SessionPhase::DisconnectFromPrev)].into_iter().chain(SessionPhase::ALL.map(|phase| (1, phase)));
	for (session, phase) in steps {
		let what = format!("in session {session}, phase {phase}");
		let is_over = (session, phase) == (1, SessionPhase::DisconnectFromPrev);
		let mut posted = 0;
		network.forget_answers();
		match (session, phase) {
			(0, _) => (),
			(_, SessionPhase::CoverToCurrent) => {
				network.register();
				network.set_status(session, phase);
			},
			(_, SessionPhase::RequestsToCurrent) => {
				// The previous session takes no new requests now. It has these, of which no packet was sent yet.
				for _ in 0..CARRIED {
					post(&mut network, SMALL);
				}
				posted += CARRIED;
				network.set_status(session, phase);
				wait_for_answers(&mut network, posted, &format!("of before {what}"));
				for kind in [Request, Reply] {
					assert!(network.trace().crossed_both_ways(kind), "{kind:?} {what}: {}", network.report());
				}
				assert!(ways(&network, 0).is_superset(&[(true, false), (false, true)].into()));
				all_ways.append(&mut ways(&network, 0));
			},
			_ => network.set_status(session, phase),
		}

		// New requests, in the session that the table names.
		let default = phase.default_session().index(session).expect("session 0 is in phase 3 only; qed");
		loop {
			for round in 0..POSTED {
				post(&mut network, if round == 0 { LARGE } else { SMALL });
			}
			posted += POSTED;
			wait_for_answers(&mut network, posted, &what);
			let ways = ways(&network, default);
			if ways.contains(&(true, false)) && ways.contains(&(false, true)) {
				all_ways.extend(ways);
				break;
			}
			assert!(posted < MAX_POSTED, "{what}: {ways:?}; {}", network.report());
		}
		if phase != SessionPhase::RequestsToCurrent {
			assert_eq!(ways(&network, 1 - default), [].into(), "{what}");
		}

		// The packets of session 0.
		if is_over {
			assert_eq!(network.trace().authored(), 0, "{what}");
		} else {
			network.run_until(&format!("cover {what}"), |network| {
				[DropCover, LoopCover].into_iter().all(|kind| network.trace().crossed_both_ways(kind))
			});
			let relative = RelativeSession::of(0, session).expect("session 0 is live; qed");
			for kind in [Request, Reply] {
				if phase.allows_requests(relative) {
					assert!(network.trace().crossed_both_ways(kind), "{kind:?} {what}: {}", network.report());
				} else {
					assert_eq!(network.trace().arrived(kind), 0, "{kind:?} {what}");
				}
			}
		}
		// The packets of session 1: we see all of them, and the cover that ours get. (Requests: see above.)
		if session == 1 {
			network.run_until(&format!("cover in session 1 {what}"), |network| {
				let drops: u64 = network.ours().map(|mixnet| mixnet.statistics().drop_cover_delivered).sum();
				let loops: u64 = network.ours().map(|mixnet| mixnet.statistics().loop_cover_returned).sum();
				network.trace().crossed_elsewhere()
					&& drops > network.trace().arrived_at_ours(DropCover)
					&& loops > network.trace().arrived_at_ours(LoopCover)
			});
		}
		assert_understood(&network, is_over);
	}
	assert_eq!(all_ways.len(), 4, "{all_ways:?}");
}

#[test]
fn cover_passes_both_ways_and_loops_come_back() {
	let mut network = Network::new();
	network.run_until("cover everywhere", |network| {
		let crossed = |what| [true, false].into_iter().all(|by_ours| network.trace().crossed(what, by_ours) > 20);
		let statistics = || network.ours().map(|mixnet| mixnet.statistics());
		crossed(What::DropCover)
			&& crossed(What::LoopCover)
			&& statistics().all(|statistics| statistics.loop_cover_returned > 3)
			&& statistics()
				.take(NUM_MIXNODES / 2)
				.all(|statistics| statistics.drop_cover_delivered > 3 && statistics.packets_forwarded > 10)
	});
	// Not one packet is lost.
	network.begin_era();
	network.run_until("all packets at their ends", |network| network.trace().under_way_from_before() == 0);
	assert_understood(&network, false);

	// The counters of ours agree with the trace.
	let count = |of: fn(&Statistics) -> u64| network.ours().map(|mixnet| of(&mixnet.statistics())).sum::<u64>();
	assert_eq!(count(|statistics| statistics.drop_cover_delivered), network.trace().arrived_at_ours(What::DropCover));
	assert_eq!(count(|statistics| statistics.loop_cover_returned), network.trace().arrived_at_ours(What::LoopCover));
	assert_eq!(count(|statistics| statistics.requests_delivered + statistics.replies_delivered), 0);
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

	fn ours(&self, index: usize) -> Ours {
		let parameters =
			Parameters { hops: 2, mean_forwarding_delay_ms: 0, loop_cover_permille: 0, ..Parameters::default() };
		let config = Config { parameters, ..Config::default() };
		let secret = KxSecret::from_bytes(session_0_secret(index));
		let mut mixnet = Mixnet::new(config, peer_id(index), rng(index as u64), Some(secret)).unwrap();
		ours::set_status(&mut mixnet, Time::ZERO, 0, SessionPhase::DisconnectFromPrev);
		ours::set_session(&mut mixnet, Time::ZERO, 0, None, Ok(self.mixnodes.clone()));
		mixnet
	}

	fn theirs(&self, index: usize) -> reference::Mixnet<()> {
		let mut mixnet = reference::Mixnet::new(reference::Config {
			session_0_kx_secret: Some(session_0_secret(index)),
			num_hops: 2,
			mean_forwarding_delay: Duration::ZERO,
			loop_cover_proportion: 0.0,
			log_target: TARGET,
			..Default::default()
		});
		let phase = SessionPhase::DisconnectFromPrev;
		mixnet.set_session_status(their_status(SessionStatus { current_index: 0, phase }));
		mixnet.maybe_set_mixnodes(RelSessionIndex::Current, &mut || Ok(their_mixnodes(&self.mixnodes)));
		mixnet
	}
}

/// The next packet that this counter counts. Cover may come before it.
fn next_of(mixnet: &mut Ours, counter: fn(&Statistics) -> u64) -> AddressedPacket {
	loop {
		let before = counter(&mixnet.statistics());
		if let Some(packet) = mixnet.poll_transmit().filter(|_| counter(&mixnet.statistics()) > before) {
			return packet;
		}
		mixnet.handle_timeout(mixnet.poll_timeout().unwrap());
	}
}

#[test]
fn replays_of_our_packets_are_refused_by_theirs() {
	let three = Three::new();
	let mut source = three.ours(0);
	source.post_request(Time::ZERO, vec![7; 9], 1, HandlingDelay::Extrinsic).unwrap();
	let packet = next_of(&mut source, |statistics| statistics.requests_authored);

	log::keep(TARGET);
	let mut forwarder = three.theirs(usize::from(packet.peer_id.0[0]) - 1);
	assert!(forwarder.handle_packet(packet.packet.as_bytes()).is_none());
	assert_eq!(log::take(), [""; 0]);
	assert!(forwarder.handle_packet(packet.packet.as_bytes()).is_none());
	assert_eq!(log::take(), ["Failed to peel packet: Packet found in replay filter"]);
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

	// The reply is taken; a replay of it is not.
	destination.post_reply(Time::ZERO, reply_to, vec![8; 5]).unwrap();
	let reply = next_of(&mut destination, |statistics| statistics.replies_authored);
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
