//! A whole mixnet in one process: six mixnodes and one user, who asks one of them something and gets an answer, without
//! anybody seeing who asked whom.
//!
//! ```text
//! cargo run --release -p mixnet-node-core --example whole_mixnet
//! ```
//!
//! [`Mixnet`] does no I/O and reads no clock: this file is its network, its clock and its chain. Time is virtual, so
//! that half a minute passes in a moment, and every run is the same.

use mixnet_node_core::{
	ChainSession, Config, Event, HandlingDelay, Mixnet, Mixnode, Packet, PeerId, SessionPhase, SessionStatus, Time,
};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::{collections::BTreeMap, time::Duration};

const MIXNODES: usize = 6;
const USER: usize = MIXNODES; // The last node is the user, whom the chain does not list.
/// How long a packet takes from one node to the next.
pub const LATENCY: Duration = Duration::from_millis(40);

/// What an observer of all links saw, and what the user got.
#[derive(Default)]
pub struct Outcome {
	/// Packets that the user sent.
	pub from_user: u64,
	/// Packets that were sent to the user.
	pub to_user: u64,
	/// Packets that mixnodes sent one another.
	pub between_mixnodes: u64,
	/// The answer, and how long it took to come.
	pub answer: Option<(String, Duration)>,
}

fn peer_id(node: usize) -> PeerId {
	PeerId([node as u8; 32])
}

/// Lets the mixnet live for some time; in it, the user asks once.
pub fn run(time: Duration) -> Outcome {
	// Every node has a generator of its own, its only source of randomness. (A real one is seeded by the system.)
	let new = |node| Mixnet::new(Config::default(), peer_id(node), ChaChaRng::seed_from_u64(node as u64), None);
	let mut nodes: Vec<_> = (0..=USER).map(|node| new(node).expect("the default configuration is valid")).collect();
	let mut now = Time::ZERO;

	// 1. The chain is in session 6, and mixnodes register for session 7, each with a key for that session alone.
	let status = |current_index| SessionStatus { current_index, phase: SessionPhase::DisconnectFromPrev };
	nodes.iter_mut().for_each(|node| node.set_status(now, status(6)));
	let mut registered = Vec::new();
	for (index, node) in nodes[..MIXNODES].iter_mut().enumerate() {
		let (_session, kx_public) = node.next_kx_public();
		registered.push(Mixnode { kx_public, peer_id: peer_id(index), external_addresses: vec![] });
	}

	// 2. Session 7 begins: every node reads the same list of mixnodes, from which it draws the routes of its packets.
	for node in &mut nodes {
		node.set_status(now, status(7));
		node.set_session(now, ChainSession::new(7, Ok(registered.clone())));
	}

	// 3. Nodes say whom they want to be connected to: mixnodes each other, the user a few "gateways". A connection has
	//    two ends.
	for node in 0..nodes.len() {
		for peer in nodes[node].reserved_peers() {
			nodes[node].peer_connected(now, peer.peer_id);
			nodes[usize::from(peer.peer_id.0[0])].peer_connected(now, peer_id(node));
		}
	}

	// 4. The user asks. The request goes out in two copies, each in place of a cover packet that would have been sent at
	//    that time anyway, through six mixnodes each; with it go two SURBs, envelopes in which an answer finds its way
	//    back to the user without its sender knowing where that is.
	let delay = HandlingDelay::Fixed(Duration::ZERO);
	nodes[USER].post_request(now, b"What time is it?".to_vec(), 2, delay).expect("session 7 takes requests");
	println!("{} the user asks", clock(now));

	// 5. The driver: until the time is over, something happens (a packet arrives, or a timer ends), and then nodes are
	//    asked what they want to do about it. All links, with what is on its way: when it arrives, a number that keeps
	//    packets apart, from whom, to whom.
	let mut links: BTreeMap<(Time, u64), (usize, usize, Packet)> = BTreeMap::new();
	let (mut outcome, mut sent) = (Outcome::default(), 0);
	loop {
		for (index, node) in nodes.iter_mut().enumerate() {
			while let Some(packet) = node.poll_transmit() {
				let to = usize::from(packet.peer_id.0[0]);
				match (index, to) {
					(USER, _) => outcome.from_user += 1,
					(_, USER) => outcome.to_user += 1,
					_ => outcome.between_mixnodes += 1,
				}
				sent += 1;
				links.insert((now + LATENCY, sent), (index, to, packet.packet));
			}
			while let Some(event) = node.poll_event() {
				match event {
					// Someone asks us: we cannot know who.
					Event::Request { data, reply_to, .. } => {
						println!("{} mixnode {index} is asked: {}", clock(now), String::from_utf8_lossy(&data));
						let answer = format!("It is {}.", clock(now).trim()).into_bytes();
						node.post_reply(now, reply_to, answer).expect("session 7 takes replies");
					},
					Event::RequestAnswered { data, round_trip, .. } => {
						let answer = String::from_utf8_lossy(&data).into_owned();
						println!("{} the user is answered: {answer}", clock(now));
						outcome.answer = Some((answer, round_trip));
					},
					Event::RequestFailed { error, .. } => println!("{} no answer: {error}", clock(now)),
					_ => (), // Sessions and connections: here they do not change any more.
				}
			}
		}

		// What comes next?
		let timers = nodes.iter().enumerate().filter_map(|(node, mixnet)| Some((mixnet.poll_timeout()?, node)));
		let timer = timers.min();
		let arrival = links.keys().next().copied();
		let next = timer.map(|(at, _)| at).into_iter().chain(arrival.map(|(at, _)| at)).min();
		now = match next {
			Some(next) if next <= Time::ZERO + time => next,
			_ => break,
		};
		match (arrival, timer) {
			(Some(key), _) if key.0 == now => {
				let (from, to, packet) = links.remove(&key).expect("a key that was just found");
				nodes[to].handle_packet(now, peer_id(from), packet);
			},
			(_, Some((_, node))) => nodes[node].handle_timeout(now),
			_ => unreachable!("one of the two is next"),
		}
	}
	outcome
}

fn clock(now: Time) -> String {
	format!("{:7.3} s", now.since_epoch().as_secs_f64())
}

fn main() {
	let time = Duration::from_secs(30);
	let outcome = run(time);
	println!("\nIn {time:?} an observer of all links saw, each of 2,252 bytes that look random:");
	println!("  {:5} packets from the user: one a second on average, whether it asks or not", outcome.from_user);
	println!("  {:5} packets to the user, cover of its own that came back among them", outcome.to_user);
	println!("  {:5} packets between mixnodes", outcome.between_mixnodes);
	if let Some((_, round_trip)) = outcome.answer {
		println!("Among them were a request and its answer, which came after {:.1} s.", round_trip.as_secs_f64());
	}
}
