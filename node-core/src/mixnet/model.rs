//! The whole state machine under any operations: four nodes, a chain that each may see differently, and a network that
//! loses, repeats and damages packets. After every operation the state of all nodes is checked: see `watched/invariants.rs`.

mod found;
mod watched;
mod world;

use super::*;
use crate::{Config, Parameters, RelativeSession, ReplyConfig, RequestConfig};
use core::time::Duration;
use proptest::{prelude::*, test_runner::RngSeed};
use world::World;

/// Nodes in the network.
const NODES: usize = 4;

/// What a node does with a request that it polls.
#[derive(Clone, Copy, Debug)]
enum Handling {
	Answer,
	Abandon,
	/// Holds it, and hands it back some time later.
	Hold,
}

/// What the network does with a packet.
#[derive(Clone, Copy, Debug)]
enum Fate {
	Arrives,
	/// It arrives, and may arrive again.
	IsCopied,
	IsLost,
	/// It arrives with this bit of this byte changed.
	IsDamaged(usize, u8),
}

/// A packet that none of the nodes sends.
#[derive(Clone, Copy, Debug)]
enum Forgery {
	/// A request without SURBs, straight to the node, whatever its role.
	Request,
	/// A packet to be forwarded to this mixnode index, whether or not it exists.
	ForwardToMixnode(u16),
	/// A packet to be forwarded to this peer, whether or not it is connected.
	ForwardToPeer(usize),
}

#[derive(Clone, Copy, Debug)]
enum Operation {
	Post {
		node: usize,
		size: usize,
		surbs: usize,
	},
	/// Cancels one of the node's requests, counted back from the last.
	Cancel {
		node: usize,
		request: u64,
	},
	/// Time passes until the node wants to be called. It is called and polled.
	Timeout {
		node: usize,
	},
	/// Time passes, but nobody is told.
	Pass {
		millis: u64,
	},
	/// The node is polled for this many packets.
	Transmit {
		node: usize,
		packets: usize,
	},
	/// Something happens to one of the packets in flight.
	Network {
		packet: usize,
		fate: Fate,
	},
	/// All packets in flight arrive.
	Arrive,
	Events {
		node: usize,
		handling: Handling,
	},
	/// A held request is handed back, or answered.
	HandBack {
		answered: bool,
	},
	/// Another node is connected or disconnected.
	Peer {
		node: usize,
		peer: usize,
		connected: bool,
	},
	/// Another node does not respond, connected or not.
	Silent {
		node: usize,
		peer: usize,
	},
	/// All reserved peers are connected.
	Connect {
		node: usize,
	},
	/// All peers are disconnected.
	Disconnect {
		node: usize,
	},
	/// An attacker makes a packet for the node's key.
	Forge {
		node: usize,
		forgery: Forgery,
	},
	/// The chain moves to its next phase, and all nodes learn of it. If a session begins, these nodes, by bits, are its
	/// mixnodes, and these are its parameters.
	Chain {
		members: u8,
		bad: bool,
		parameters: Option<Parameters>,
	},
	/// One node is told another status: this many sessions forward or back, in this phase.
	Status {
		node: usize,
		ahead: i64,
		phase: usize,
	},
	/// One node is told of one session, perhaps not for the first time.
	Session {
		node: usize,
		relative: RelativeSession,
	},
	/// One node is told parameters of a session that the chain does not have, good or bad, early or late.
	OtherParameters {
		node: usize,
		relative: RelativeSession,
		parameters: Parameters,
	},
	/// The driver takes what is to be built, if it has nothing. It builds, and brings it back some time later.
	TakeBuild {
		node: usize,
	},
	BringBuilt {
		node: usize,
	},
	NextKey {
		node: usize,
	},
	RestoreKey {
		node: usize,
		ahead: i64,
	},
	/// Chain, network and drivers work well for some time.
	Run {
		seconds: u64,
	},
}

/// Which nodes are a session's mixnodes, by bits: mostly enough for routes, with and without the last.
fn members() -> impl Strategy<Value = u8> {
	prop_oneof![4 => Just(0b0111), 2 => Just(0b1110), 2 => Just(0b1111), 1 => 0u8..16]
}

fn operation() -> impl Strategy<Value = Operation> {
	use Operation::*;
	let node = || 0..NODES;
	let size = prop_oneof![6 => 8usize..100, 2 => 1500usize..4500, 1 => 6000usize..9000];
	let fate = prop_oneof![
		4 => Just(Fate::Arrives),
		3 => Just(Fate::IsCopied),
		1 => Just(Fate::IsLost),
		// Any byte, or the bit that X25519 ignores.
		1 => (0usize..2252, 0u8..8).prop_map(|(byte, bit)| Fate::IsDamaged(byte, bit)),
		1 => Just(Fate::IsDamaged(31, 7)),
	];
	let handling = prop_oneof![4 => Just(Handling::Answer), 1 => Just(Handling::Abandon), 2 => Just(Handling::Hold)];
	let forgery = prop_oneof![
		4 => Just(Forgery::Request),
		2 => (0u16..6).prop_map(Forgery::ForwardToMixnode),
		1 => node().prop_map(Forgery::ForwardToPeer),
	];
	let relative = || prop_oneof![Just(RelativeSession::Previous), Just(RelativeSession::Current)];
	prop_oneof![
		12 => (node(), size, 0usize..4).prop_map(|(node, size, surbs)| Post { node, size, surbs }),
		2 => (node(), 0u64..4).prop_map(|(node, request)| Cancel { node, request }),
		6 => node().prop_map(|node| Timeout { node }),
		2 => prop_oneof![0u64..3000, 0u64..200_000].prop_map(|millis| Pass { millis }),
		2 => (node(), 0usize..3).prop_map(|(node, packets)| Transmit { node, packets }),
		6 => (any::<usize>(), fate).prop_map(|(packet, fate)| Network { packet, fate }),
		3 => Just(Arrive),
		4 => (node(), handling).prop_map(|(node, handling)| Events { node, handling }),
		2 => any::<bool>().prop_map(|answered| HandBack { answered }),
		4 => (node(), node(), any::<bool>()).prop_map(|(node, peer, connected)| Peer { node, peer, connected }),
		3 => (node(), node()).prop_map(|(node, peer)| Silent { node, peer }),
		3 => node().prop_map(|node| Connect { node }),
		2 => node().prop_map(|node| Disconnect { node }),
		5 => (node(), forgery).prop_map(|(node, forgery)| Forge { node, forgery }),
		4 => (members(), prop::bool::weighted(0.1), prop::option::of(parameters()))
			.prop_map(|(members, bad, parameters)| Chain { members, bad, parameters }),
		2 => (node(), -2i64..4, 0usize..4).prop_map(|(node, ahead, phase)| Status { node, ahead, phase }),
		2 => (node(), relative()).prop_map(|(node, relative)| Session { node, relative }),
		2 => (node(), relative(), parameters())
			.prop_map(|(node, relative, parameters)| OtherParameters { node, relative, parameters }),
		3 => node().prop_map(|node| TakeBuild { node }),
		2 => node().prop_map(|node| BringBuilt { node }),
		1 => node().prop_map(|node| NextKey { node }),
		1 => (node(), -2i64..3).prop_map(|(node, ahead)| RestoreKey { node, ahead }),
		3 => (1u64..20).prop_map(|seconds| Run { seconds }),
	]
}

/// Parameters of the chain: mostly good ones with the smallest values, sometimes any.
fn parameters() -> impl Strategy<Value = Parameters> {
	let good = (2u8..5, 0u32..2, 10u16..600, 1u32..5, 0u32..3, 0u32..3).prop_map(
		|(hops, delay, loop_cover_permille, fragments, more, cooldown)| Parameters {
			hops,
			min_mixnodes: 2,
			mean_forwarding_delay_ms: 500 + 500 * delay,
			mean_extrinsic_delay_ms: 1000 * delay,
			mixnode_mean_period_ms: 500,
			non_mixnode_mean_period_ms: 1000,
			loop_cover_permille,
			forward_queue_capacity: 50 + more,
			mixnode_queue_capacity: 2 * fragments + more,
			non_mixnode_queue_capacity: fragments + more,
			max_fragments_per_message: fragments,
			reply_cooldown_ms: 3000 * cooldown,
		},
	);
	let any = prop::array::uniform12(prop_oneof![2 => 0u32..100, 1 => any::<u32>()]).prop_map(|values| Parameters {
		hops: values[0] as u8,
		min_mixnodes: values[1],
		mean_forwarding_delay_ms: values[2],
		mean_extrinsic_delay_ms: values[3],
		mixnode_mean_period_ms: values[4],
		non_mixnode_mean_period_ms: values[5],
		loop_cover_permille: values[6] as u16,
		forward_queue_capacity: values[7],
		mixnode_queue_capacity: values[8],
		non_mixnode_queue_capacity: values[9],
		max_fragments_per_message: values[10],
		reply_cooldown_ms: values[11],
	});
	prop_oneof![4 => good, 1 => any]
}

/// A configuration with small bounds, so that all are reached.
fn config() -> impl Strategy<Value = Config> {
	let traffic = (1u32..7, 1u32..7, prop::bool::weighted(0.9), 1usize..4, 1u8..4, 1u32..6);
	// With a few SURBs, requests wait for each other. With many, several are pending.
	let surbs = prop_oneof![1usize..6, 40usize..80];
	let receiving =
		(surbs, 1usize..4, 1usize..5, prop_oneof![1 => Just(65 * 8 * 2), 4 => Just(1usize << 16)], 1usize..4);
	let requests = (1usize..5, 1u32..4, 1u32..3, 1u32..4, 1usize..4, 1u32..3);
	let others = (any::<bool>(), any::<bool>(), any::<bool>());
	(traffic, receiving, requests, others).prop_map(|(traffic, receiving, requests, (delays, loops, driver_builds))| {
		let (mixnode_queue_capacity, non_mixnode_queue_capacity, non_mixnode, gateways, hops, forward_queue_capacity) =
			traffic;
		let (
			surb_keystore_capacity,
			max_incomplete_messages,
			max_incomplete_fragments,
			replay_filter_bytes,
			max_queued,
		) = receiving;
		let (capacity, destinations, attempts, copies, replies, reply_copies) = requests;
		let max_wait = Duration::from_secs(10);
		Config {
			parameters: Parameters {
				hops,
				min_mixnodes: 1,
				mean_forwarding_delay_ms: u32::from(delays) * 1000,
				mean_extrinsic_delay_ms: 1000,
				mixnode_mean_period_ms: 1000,
				non_mixnode_mean_period_ms: 1000,
				loop_cover_permille: if loops { 300 } else { 0 },
				forward_queue_capacity,
				mixnode_queue_capacity,
				non_mixnode_queue_capacity,
				max_fragments_per_message: 3,
				reply_cooldown_ms: 5000,
			},
			non_mixnode,
			gateways,
			loops: Config::default().loops,
			per_hop_network_delay: Duration::from_millis(100),
			surb_keystore_capacity,
			max_incomplete_messages,
			max_incomplete_fragments,
			replay_filter_bytes,
			max_queued_requests: max_queued,
			driver_builds,
			request: RequestConfig { capacity, destinations, attempts, copies, max_wait },
			reply: ReplyConfig { capacity: replies, copies: reply_copies },
		}
	})
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 60,
		rng_seed: RngSeed::Fixed(7),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn all_parts_of_the_state_agree_whatever_happens(
		config in config(),
		sessions in prop::array::uniform2(members()),
		phase in 0usize..4,
		operations in prop::collection::vec(operation(), 0..100),
	) {
		World::new(&config, sessions, phase, false).run(operations);
	}

	#[test]
	fn all_parts_of_the_state_agree_even_if_the_chain_steps_back(
		config in config(),
		sessions in prop::array::uniform2(members()),
		phase in 0usize..4,
		operations in prop::collection::vec(operation(), 0..100),
	) {
		World::new(&config, sessions, phase, true).run(operations);
	}
}
