//! A mixnode on loopback that real peers flood: what honest peers lose by it.
//!
//! The node is a real one, but for the chain and the transaction pool: the SDK's network with litep2p and TCP, our queues and
//! limits, the threads, the event loop. It is one of thirty mixnodes. The others and all users are peers of the test, each with
//! a key and a connection of its own. Honest ones send what they send in such a network, as in `simulation/tests/fairness.rs`:
//! a fifth of what the node can forward, in real time. All packets are made before, with what will come out of the node for
//! each. So what honest peers lose is what never comes out.
//!
//! The same traffic goes through without a flood first. A machine with much else to do may hold up the node for so long that
//! packets of seconds come at once, and get lost by that. So what costs too much is run again, twice at most.

mod node;
mod packets;
mod peers;

use crate::status::Counters;
use litep2p::{crypto::ed25519::Keypair, types::multiaddr::Multiaddr};
use mixnet_node_core::{KxSecret, PACKET_SIZE};
use mixnet_primitives::Mixnode;
use node::{Network, Node};
use packets::{Mark, Source, ToForward};
use peers::{Came, Connection, Peer};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{sleep, sleep_until, timeout, Instant};

/// The mean delay of the default parameters, with which all this runs.
const MEAN_DELAY: Duration = SECOND;
const SECOND: Duration = Duration::from_secs(1);
const MIXNODES: usize = 30;
const USERS: usize = 30;
const ATTACKERS: usize = 20;
/// The rates of honest neighbours, in packets a second. A user sends one in a mean delay. A mixnode sends ten, which it and
/// four others forward, and four others forward what the users of each send.
const OF_USER: f64 = 1.0;
const OF_MIXNODE: f64 = (50.0 + 4.0 * USERS as f64 * OF_USER) / (MIXNODES - 1) as f64;
/// Honest peers send for so long before a flood begins. What they sent in the last mean delay counts, so that they have their
/// places.
const BEFORE: Duration = Duration::from_secs(2);
/// When each flood ends.
const UNTIL: Duration = Duration::from_secs(8);
/// Attackers draw until a packet waits so long: five times, on average.
const LONG: Duration = Duration::from_millis(1500);
/// Of honest packets, one in so many may get lost.
const ONE_IN: usize = 50;

/// The most that the node takes from a user in this time: its whole bucket, and what becomes due meanwhile.
/// (`network/limits.rs`)
fn most_of_user(time: Duration) -> usize {
	30 + 30 + (2.0 * time.as_secs_f64()).ceil() as usize
}

fn secret(index: usize) -> KxSecret {
	KxSecret::from_bytes([index as u8 + 1; 32])
}

/// A flood, or none.
#[derive(Clone, Copy)]
struct Flood {
	what: &'static str,
	attackers: usize,
	/// The attacker is the last of the mixnodes. Otherwise they are users.
	by_mixnode: bool,
	/// An attacker sends so many packets at the beginning of each second, as fast as its connection takes them.
	burst: usize,
	/// So many of them are different. The others come again: what was refused may be taken the next time.
	different: usize,
}

const FLOODS: [Flood; 4] = [
	Flood { what: "nobody floods", attackers: 0, by_mixnode: false, burst: 0, different: 0 },
	Flood { what: "one user, 10,000 at once", attackers: 1, by_mixnode: false, burst: 10_000, different: 150 },
	Flood { what: "one mixnode, 4,000 at once", attackers: 1, by_mixnode: true, burst: 4_000, different: 2_400 },
	Flood {
		what: "twenty users, 500 at once each",
		attackers: ATTACKERS,
		by_mixnode: false,
		burst: 500,
		different: 20,
	},
];

/// Why packets are refused, at the entry or since a neighbour had its share of the forward queue.
const REFUSED: [&str; 4] = ["inbound_too_fast", "inbound_share_used", "inbound_queue_full", "forward_share_used"];

/// The packets of a flood, and of the honest peers meanwhile.
struct Traffic {
	of: Flood,
	/// For each honest neighbour, when it sends what.
	honest: Vec<Vec<(Duration, ToForward)>>,
	/// For each attacker, what it sends again and again.
	flood: Vec<Vec<ToForward>>,
}

/// What is known after it.
struct Outcome {
	of: Flood,
	/// The marks of what should come out for the honest peers.
	honest: Vec<Mark>,
	/// The marks of what may come out for each attacker.
	flood: Vec<Vec<Mark>>,
	/// Packets that attackers sent.
	flood_sent: usize,
	took: Duration,
	/// What the node dropped meanwhile, by reason.
	dropped: BTreeMap<String, u64>,
}

/// When packets are sent as in a Poisson process of this rate.
fn times(rng: &mut ChaCha20Rng, rate: f64) -> Vec<Duration> {
	let mut at = Duration::ZERO;
	let mut times = Vec::new();
	loop {
		let uniform = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
		at += Duration::from_secs_f64(-(1.0 - uniform).ln() / rate);
		if at > UNTIL {
			return times;
		}
		times.push(at);
	}
}

impl Traffic {
	/// Makes the packets.
	fn new(source: &mut Source, of: Flood) -> Self {
		let mut rng = ChaCha20Rng::seed_from_u64(of.burst as u64);
		let mixnodes = MIXNODES - 1 - usize::from(of.by_mixnode);
		let rates = [OF_MIXNODE].into_iter().cycle().take(mixnodes).chain([OF_USER].into_iter().cycle().take(USERS));
		let honest = rates.map(|rate| times(&mut rng, rate).into_iter().map(|at| (at, source.draw().0)).collect());
		let honest = honest.collect();
		let flood = (0..of.attackers).map(|_| (0..of.different).map(|_| source.draw_long(LONG)).collect()).collect();
		Self { of, honest, flood }
	}

	/// Sends it all.
	async fn run(self, world: &World) -> Outcome {
		let before = world.node.status().await.counters.dropped_by_reason;
		let marks = |packets: &[ToForward]| packets.iter().map(|packet| packet.leaves_as).collect::<Vec<_>>();
		let watched = self.honest.iter().flatten().filter(|(at, _)| *at >= BEFORE);
		let honest = watched.map(|(_, packet)| packet.leaves_as).collect();
		let flood = self.flood.iter().map(|packets| marks(packets)).collect();
		let mixnodes = &world.mixnodes[..MIXNODES - 1 - usize::from(self.of.by_mixnode)];
		let attackers = if self.of.by_mixnode { &world.mixnodes[mixnodes.len()..] } else { &world.attackers };

		let start = Instant::now();
		let mut tasks = Vec::new();
		for (peer, packets) in mixnodes.iter().chain(&world.users).zip(self.honest) {
			let sink = peer.sink.clone();
			tasks.push(tokio::spawn(async move {
				for (at, packet) in packets {
					sleep_until(start + at).await;
					sink.send_async_notification(packet.packet).await.expect("an honest peer stays connected");
				}
				0
			}));
		}
		for (attacker, packets) in attackers.iter().zip(self.flood) {
			let (sink, burst) = (attacker.sink.clone(), self.of.burst);
			tasks.push(tokio::spawn(async move {
				let mut sent = 0;
				for packet in packets.iter().cycle() {
					if sent % burst == 0 {
						sleep_until(start + BEFORE + SECOND * (sent / burst) as u32).await;
					}
					if start.elapsed() >= UNTIL {
						break;
					}
					let taken = sink.send_async_notification(packet.packet.clone()).await;
					taken.expect("nobody is banned for its rate yet");
					sent += 1;
				}
				sent
			}));
		}
		let mut flood_sent = 0;
		for task in tasks {
			flood_sent += task.await.expect("no task panics");
		}
		let mut dropped = world.settled().await.dropped_by_reason;
		let took = start.elapsed();
		dropped.iter_mut().for_each(|(reason, times)| *times -= before.get(reason).unwrap_or(&0));
		dropped.retain(|_, times| *times > 0);
		Outcome { of: self.of, honest, flood, flood_sent, took, dropped }
	}
}

impl Outcome {
	/// How many packets were dropped for these reasons.
	fn dropped_for(&self, reasons: &[&str]) -> usize {
		reasons.iter().filter_map(|reason| self.dropped.get(*reason)).sum::<u64>() as usize
	}

	/// Prints what came out of the node, and checks what came in. Returns whether honest peers lost little.
	fn is_fair(&self, came: &Came) -> bool {
		let Self { of: Flood { what, attackers, by_mixnode, .. }, honest, flood, flood_sent, took, dropped } = self;
		let lost = honest.len() - came.count(honest);
		let forwarded: usize = flood.iter().map(|marks| came.count(marks)).sum();
		println!(
			"{what}: lost {:.2} % of {} honest packets; attackers sent {flood_sent}, of which {forwarded} were forwarded; \
			 dropped in all: {dropped:?}",
			100.0 * lost as f64 / honest.len() as f64,
			honest.len(),
		);
		assert!(honest.len() > 1000, "{what}");
		if *attackers > 0 {
			// What was taken comes again, and is a replay.
			let new = flood_sent - self.dropped_for(&["replayed"]);
			let refused = self.dropped_for(&REFUSED);
			assert!(2 * refused > new, "{what}: {refused} of {new} were refused");
		}
		if !by_mixnode {
			let taken = flood_sent - self.dropped_for(&["inbound_too_fast"]);
			assert!(taken <= attackers * most_of_user(*took), "{what}: {taken} in {took:?}");
		}
		lost * ONE_IN <= honest.len()
	}
}

/// The node, and all that are connected to it.
struct World {
	node: Node,
	address: Multiaddr,
	protocol: sc_network::ProtocolName,
	came: Came,
	/// All mixnodes. The first one is the node.
	list: Vec<Mixnode>,
	/// The other mixnodes.
	mixnodes: Vec<Connection>,
	users: Vec<Connection>,
	attackers: Vec<Connection>,
}

/// Starts the node, and connects everybody.
async fn start() -> World {
	let network = Network::start();
	let (id, address, protocol) = (network.id(), network.address(), network.protocol().clone());
	let listening: Vec<_> = (1..MIXNODES).map(|_| Peer::listening(&protocol)).collect();
	let mixnode = |index, peer_id, address: String| Mixnode {
		kx_public: secret(index).public(),
		peer_id,
		external_addresses: vec![address.into_bytes()],
	};
	let mut list = vec![mixnode(0, id, address.to_string())];
	list.extend(listening.iter().enumerate().map(|(index, peer)| mixnode(index + 1, peer.id(), peer.address())));

	let came = Came::default();
	let node = network.mix(secret(0), list.clone()).await;
	let connect = |peer: Peer| peer.connect(&address, came.clone());
	let all = |peers: Vec<_>| async move { futures::future::try_join_all(peers).await.expect("there are places") };
	let users = || (0..USERS).map(|_| Peer::dialling(&protocol, Keypair::generate(), &address));
	let mixnodes = all(listening.into_iter().map(connect).collect::<Vec<_>>()).await;
	let honest = all(users().map(connect).collect()).await;
	let attackers = all(users().take(ATTACKERS).map(connect).collect()).await;
	let world = World {
		node,
		address: address.clone(),
		protocol,
		came: came.clone(),
		list,
		mixnodes,
		users: honest,
		attackers,
	};
	let everybody = MIXNODES - 1 + USERS + ATTACKERS;
	let known = async {
		while world.node.status().await.peers.connected < everybody {
			sleep(Duration::from_millis(10)).await;
		}
	};
	super::within(known).await;
	world
}

impl World {
	/// Makes the packets, with two threads. Each round makes others.
	fn traffic(&self, floods: &[Flood], round: u64) -> Vec<Traffic> {
		let list = &self.list;
		let make = |floods: &[Flood], seed| {
			let mut source = Source::new(seed, list[0].peer_id, secret(0), list);
			floods.iter().map(|flood| Traffic::new(&mut source, *flood)).collect::<Vec<_>>()
		};
		let (one, other) = floods.split_at(floods.len() / 2);
		std::thread::scope(|scope| {
			let one = scope.spawn(|| make(one, 2 * round));
			let other = make(other, 2 * round + 1);
			one.join().expect("it does not panic").into_iter().chain(other).collect()
		})
	}

	/// The counters, once nothing comes to the node any more.
	async fn settled(&self) -> Counters {
		let mut before = None;
		loop {
			let counters = self.node.status().await.counters;
			let came = (counters.received, counters.dropped);
			if before == Some(came) {
				return counters;
			}
			before = Some(came);
			sleep(Duration::from_millis(300)).await;
		}
	}

	/// Sends what is no packet, as fast as it can, until it is banned. It does not get in again.
	async fn send_wrong_sizes(&self) {
		let keypair = Keypair::generate();
		let connect =
			|| Peer::dialling(&self.protocol, keypair.clone(), &self.address).connect(&self.address, self.came.clone());
		let fool = connect().await.expect("there are places");
		let flood = async {
			while !fool.is_closed() {
				let _ = fool.sink.send_async_notification(vec![0; PACKET_SIZE - 1]).await;
			}
		};
		super::within(flood).await;
		assert!(self.node.status().await.counters.dropped_by_reason["wrong_size"] >= 12);
		assert!(connect().await.is_err(), "a banned peer gets in again");
	}

	fn honest(&self) -> impl Iterator<Item = &Connection> {
		self.mixnodes.iter().chain(&self.users)
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_from_real_peers_cost_others_at_most_a_fiftieth() {
	let world = start().await;
	let mut floods = FLOODS.to_vec();
	for round in 0..3 {
		let mut outcomes = Vec::new();
		for traffic in world.traffic(&floods, round) {
			outcomes.push(traffic.run(&world).await);
		}
		assert!(world.honest().chain(&world.attackers).all(|peer| !peer.is_closed()));
		// Nobody waits for longer than ten means.
		let everything_came = async {
			while outcomes.iter().any(|outcome| world.came.count(&outcome.honest) < outcome.honest.len()) {
				sleep(Duration::from_millis(100)).await;
			}
		};
		let _ = timeout(12 * MEAN_DELAY, everything_came).await;
		outcomes.retain(|outcome| !outcome.is_fair(&world.came));
		floods = outcomes.iter().map(|outcome| outcome.of).collect();
		if floods.is_empty() {
			break;
		}
	}
	assert!(
		floods.is_empty(),
		"honest peers lose too much: {:?}",
		floods.iter().map(|flood| flood.what).collect::<Vec<_>>()
	);
	world.send_wrong_sizes().await;
	assert!(world.honest().all(|peer| !peer.is_closed()));
}
