//! A small network of whole nodes, and anything that a driver, a chain or an attacker may do to it.
//!
//! The input is a configuration, how the network begins, and a sequence of steps:
//!
//! - time passes, little or much, for all nodes or for one;
//! - packets are delivered, lost, repeated, damaged, delivered to another node, or made by an attacker;
//! - requests are posted and cancelled; replies are posted, perhaps at the wrong node, or not at all;
//! - peers are connected and disconnected;
//! - sessions follow one another, are skipped or step back;
//! - the chain publishes mixnodes and parameters, none, too many or invalid ones;
//! - drivers do not poll.
//!
//! After every step the world checks all that can be seen of its nodes from outside.
//!
//! - `mod.rs`: the steps.
//! - [`network`]: the world, and what an input can do in it.
//! - [`config`]: configurations and parameters with small bounds.
//!
//! The first byte chooses two things more. If bit 128 is set, the whole input is run twice, and must give the same outputs.
//! If bit 64 is set, only time passes after the last step, until every request has ended.

pub mod config;
pub mod network;

use super::{
	forge::{forge, ForgedHop},
	keys::mixnode_index,
	reader::{stretch, Reader},
};
use core::time::Duration;
use mixnet_node_core::{
	sphinx::{build_request, Hop, PayloadData, Target, MAX_HOPS},
	HandlingDelay, KxPublic, KxSecret, Mixnode, MixnodesError, Packet, PeerId, PostError, RelativeSession, RequestId,
	SessionIndex, SessionPhase, SessionStatus, Time,
};
use network::{Network, Outcome, NODES};

/// The most steps per input.
const MAX_STEPS: usize = 120;

/// Runs one input.
pub fn run(data: &[u8]) {
	let outcome = lead(data);
	if data.first().is_some_and(|first| first & 128 != 0) {
		assert_eq!(lead(data), outcome, "the same inputs gave other outputs");
	}
}

/// Runs a network with an input. Returns the outcome.
pub fn lead(data: &[u8]) -> Outcome {
	let mut reader = Reader::new(data);
	let is_to_end = reader.byte() & 64 != 0;
	let mut network = Network::new(config::read(&mut reader));
	begin(&mut network, &mut reader);
	for _ in 0..MAX_STEPS {
		if reader.is_empty() {
			break;
		}
		step(&mut network, &mut reader);
		network.after_step();
	}
	if is_to_end {
		network.wait_for_requests();
		network.after_step();
	}
	network.outcome()
}

/// Begins two sessions with mixnodes that the input names, in any phase; or none yet.
fn begin(network: &mut Network, reader: &mut Reader) {
	let how = reader.byte();
	let masks = [!reader.byte(), !reader.byte()];
	if how & 1 == 1 {
		return;
	}
	for (index, mask) in masks.into_iter().enumerate() {
		let index = index as SessionIndex;
		tell_status(network, None, SessionStatus { current_index: index, phase: SessionPhase::DisconnectFromPrev });
		register(network, mask);
	}
	let phase = SessionPhase::ALL[usize::from(how >> 1) % 4];
	tell_status(network, None, SessionStatus { current_index: 2, phase });
	for node in 0..NODES {
		for peer in 0..NODES {
			network.connect(node, peer, true);
		}
	}
	network.after_step();
}

fn step(network: &mut Network, reader: &mut Reader) {
	match reader.below(21) {
		0..=2 => network.run(4 * (1 + reader.below(8))),
		3 => pass_time(network, reader),
		4 => deliver(network, reader),
		5 => replay(network, reader),
		6 => attack_with_bytes(network, reader),
		7 => attack_with_actions(network, reader),
		8 | 9 => attack_with_fragment(network, reader),
		10 | 11 => post_request(network, reader),
		12 => cancel_request(network, reader),
		13 | 14 => reply(network, reader),
		15 => {
			let (node, peer, is_connected) = (reader.below(NODES), reader.below(NODES), reader.bool());
			network.connect(node, peer, is_connected);
		},
		16 => change_status(network, reader),
		17 => tell_odd_mixnodes(network, reader),
		18 => poll(network, reader),
		19 => keys(network, reader),
		_ => set_parameters(network, reader),
	}
}

/// All nodes, or one of them.
fn some_nodes(reader: &mut Reader) -> Vec<usize> {
	match reader.below(2 * NODES) {
		node if node < NODES => vec![node],
		_ => (0..NODES).collect(),
	}
}

fn pass_time(network: &mut Network, reader: &mut Reader) {
	const SECOND: Duration = Duration::from_secs(1);
	let time = reader.one_of(&[
		Duration::from_millis(50),
		Duration::from_millis(1),
		Duration::from_nanos(1),
		Duration::from_millis(300),
		SECOND,
		SECOND * 5,
		SECOND * 11,
		SECOND * 61,
		SECOND * 3600,
		SECOND * 86_400,
		SECOND * 1_000_000_000,
	]);
	let nodes = some_nodes(reader);
	if reader.below(8) == 7 {
		// The clock steps back. For the nodes it stands still.
		let earlier = Time::from_duration(network.now().since_epoch().saturating_sub(time));
		for node in nodes {
			network.world.handle_timeout(node, earlier);
		}
		return;
	}
	network.pass(time);
	for node in nodes {
		network.world.handle_timeout(node, network.now());
	}
}

/// A packet in flight is lost, or arrives out of order, perhaps damaged or at another node.
fn deliver(network: &mut Network, reader: &mut Reader) {
	let Some(mut sent) = network.take_from_link(reader.byte()) else { return };
	match reader.below(4) {
		0 => return,
		1 => sent.to = network.peer_id(reader.below(NODES)),
		2 => {
			let mut bytes = *sent.packet.as_bytes();
			bytes[usize::from(reader.u16()) % bytes.len()] ^= reader.byte();
			sent.packet = bytes.into();
		},
		_ => (),
	}
	network.deliver(sent);
}

/// A packet that was delivered before arrives again.
fn replay(network: &mut Network, reader: &mut Reader) {
	let Some(mut sent) = network.seen(reader.byte()) else { return };
	let change = reader.byte();
	let mut bytes = *sent.packet.as_bytes();
	// An attacker can change this much of a packet so that it still opens.
	bytes[31] ^= change & 0x80;
	bytes[1000] ^= change & 1;
	sent.packet = bytes.into();
	network.deliver(sent);
}

fn attack_with_bytes(network: &mut Network, reader: &mut Reader) {
	let node = reader.below(NODES);
	let len = reader.below(256);
	let packet = Packet::from(stretch(reader.slice(len)));
	network.attack(node, packet);
}

/// The mixnodes of one of the last three sessions that the chain published.
fn published(network: &Network, reader: &mut Reader) -> Option<Vec<Mixnode>> {
	let back = reader.below(3);
	network
		.world
		.chain
		.mixnodes
		.values()
		.rev()
		.filter_map(|list| list.as_ref().ok())
		.filter(|list| !list.is_empty())
		.nth(back)
		.cloned()
}

fn attack_with_actions(network: &mut Network, reader: &mut Reader) {
	let Some(mixnodes) = published(network, reader) else { return };
	let ephemeral = stretch(&[reader.byte()]);
	let mut first = None;
	let mut hops = Vec::new();
	for _ in 0..1 + reader.below(4) {
		let mixnode = &mixnodes[reader.below(mixnodes.len().min(256))];
		first.get_or_insert(mixnode.peer_id);
		let code = match reader.bool() {
			true => 0xff00 | u16::from(reader.byte() & 7),
			false => u16::from(reader.byte()),
		};
		let mut action = code.to_le_bytes().to_vec();
		match code {
			0xff00 => action.extend(network.peer_id(reader.below(NODES)).0),
			0xff02 | 0xff04 => action.extend([reader.byte(); 16]),
			_ => (),
		}
		hops.push(ForgedHop { kx_public: mixnode.kx_public, action });
	}
	let packet = forge(ephemeral, &hops, &[], &stretch::<64>(&[]));
	if let Some(node) = first.and_then(|peer_id| network.world.node_of(&peer_id)) {
		network.attack(node, packet);
	}
}

/// A valid packet that delivers a fragment with any header.
fn attack_with_fragment(network: &mut Network, reader: &mut Reader) {
	let Some(mixnodes) = published(network, reader) else { return };
	let seed = reader.byte();
	let mut fragment: PayloadData = stretch(&[seed]);
	// No node draws these message IDs, so the messages can be told from those of honest nodes.
	fragment[..16].fill(seed & 7);
	let (last, index) = (reader.byte(), reader.byte());
	fragment[16..18].copy_from_slice(&u16::from(last & 3).to_le_bytes());
	fragment[18..20].copy_from_slice(&u16::from(index & 3).to_le_bytes());
	let size = match reader.bool() {
		true => reader.u16(),
		false => u16::from(reader.byte()),
	};
	fragment[20..22].copy_from_slice(&size.to_le_bytes());
	fragment[22] = reader.below(12) as u8;
	for surb in 1..=usize::from(fragment[22]).min(9) {
		// Most of them name a mixnode that exists.
		let at = fragment.len() - 222 * surb;
		fragment[at..at + 2].copy_from_slice(&[seed & 7, 0]);
	}

	let hops: Vec<_> = (0..1 + reader.below(MAX_HOPS))
		.map(|_| {
			let index = reader.below(mixnodes.len().min(256));
			Hop { target: Target::Mixnode(mixnode_index(index as u16)), kx_public: mixnodes[index].kx_public }
		})
		.collect();
	let Target::Mixnode(first) = hops[0].target else { return };
	let first = mixnodes[usize::from(first.get())].peer_id;
	let Ok(built) = build_request(&mut network.rng, &hops, &fragment) else { return };
	if let Some(node) = network.world.node_of(&first) {
		network.attack(node, built.packet);
	}
}

fn post_request(network: &mut Network, reader: &mut Reader) {
	let node = reader.below(NODES);
	let len = reader.one_of(&[20, 0, 7, 1500, 2025, 2026, 5000, 12_000, 50_625, 60_000]);
	let surbs = reader.one_of(&[2, 0, 1, 5, 20, 250, usize::MAX]);
	let delay = reader.one_of(&[
		HandlingDelay::Fixed(Duration::from_millis(100)),
		HandlingDelay::Extrinsic,
		HandlingDelay::Fixed(Duration::ZERO),
		HandlingDelay::Fixed(Duration::MAX),
	]);
	network.post_request(node, len, surbs, delay);
}

fn cancel_request(network: &mut Network, reader: &mut Reader) {
	let node = reader.below(NODES);
	let which = reader.byte();
	let id = match reader.below(4) {
		3 => Some(RequestId(u64::from(which))),
		_ => network.some_pending(node, which),
	};
	if let Some(id) = id {
		network.world.cancel(node, id);
	}
}

fn reply(network: &mut Network, reader: &mut Reader) {
	let node = reader.below(NODES);
	let Some(held) = network.take_held(node, reader.byte()) else { return };
	let len = reader.one_of(&[20, 0, 2025, 2026, 7000, 60_000]);
	match reader.below(8) {
		0 => network.world.abandon(node, held),
		1 => drop(held),
		// The reply is posted at another node, which never got the request.
		2 => network.reply((node + 1) % NODES, held, len),
		_ => network.reply(node, held, len),
	}
}

fn tell_status(network: &mut Network, node: Option<usize>, status: SessionStatus) {
	network.world.chain.status = Some(status);
	for node in node.map_or(0..NODES, |node| node..node + 1) {
		network.tell_status(node, status);
		network.tell_mixnodes(node);
	}
}

fn change_status(network: &mut Network, reader: &mut Reader) {
	let old = network.current_index();
	let phase = SessionPhase::ALL[reader.below(4)];
	let current_index = match reader.below(8) {
		0..=2 => old,
		3 => old.wrapping_add(1),
		4 => old.saturating_add(2),
		5 => old.saturating_sub(1),
		6 => SessionIndex::MAX - SessionIndex::from(reader.byte() & 1),
		_ => SessionIndex::from(reader.byte() & 3),
	};
	if reader.bool() {
		register(network, !reader.byte());
	}
	let status = SessionStatus { current_index, phase };
	// One node may be behind the others, or ahead.
	let node = (reader.below(4) == 3).then(|| reader.below(NODES));
	tell_status(network, node, status);
}

/// Registers nodes for their next session, which the chain then publishes.
fn register(network: &mut Network, mask: u8) {
	for node in (0..NODES).filter(|node| mask >> node & 1 == 1) {
		network.register(node);
	}
}

/// Tells nodes mixnodes that the chain should not publish.
fn tell_odd_mixnodes(network: &mut Network, reader: &mut Reader) {
	let nodes = some_nodes(reader);
	let index = match reader.below(4) {
		0 => SessionIndex::from(reader.byte()),
		back => network.current_index().wrapping_sub(back as u32 - 1),
	};
	let mut list = match network.world.chain.mixnodes.get(&index) {
		Some(Ok(list)) => list.clone(),
		_ => Vec::new(),
	};
	let kind = reader.below(8);
	let mixnode = |peer_id, kx_public| Mixnode { kx_public, peer_id, external_addresses: vec![vec![b'?'; 3]] };
	match kind {
		0 => list.clear(),
		1 => list.truncate(1 + reader.below(3)),
		2 => list.extend(list.clone()),
		3 => {
			let peer_id = network.peer_id(reader.below(NODES));
			list.insert(0, mixnode(peer_id, KxPublic([0; 32])));
		},
		4 => list.push(mixnode(PeerId([0xee; 32]), KxPublic(stretch(&[reader.byte()])))),
		5 => {
			let peer_id = network.peer_id(reader.below(NODES));
			list.push(mixnode(peer_id, KxSecret::from_bytes([9; 32]).public()));
		},
		6 if network.may_publish_many() => {
			let num = 0xff00 + reader.below(2);
			list.resize(num, Mixnode { external_addresses: Vec::new(), ..mixnode(PeerId([1; 32]), KxPublic([9; 32])) });
		},
		_ => (),
	}
	let told = match kind {
		7 => Err(MixnodesError::InsufficientRegistrations { num: list.len() as u32, min: 99 }),
		_ => Ok(list),
	};
	for node in nodes {
		let parameters = network.world.chain.parameters.get(&index).copied();
		network.set_session(node, index, parameters, told.clone());
	}
	if kind != 6 && reader.bool() {
		network.world.chain.mixnodes.insert(index, told);
	}
}

/// Sets parameters, valid or not, of a session that is over, live or to come. The chain has them from now on, or only
/// some nodes are told so.
fn set_parameters(network: &mut Network, reader: &mut Reader) {
	let index = match reader.below(5) {
		4 => SessionIndex::from(reader.byte()),
		back => network.current_index().wrapping_add(1).wrapping_sub(back as u32),
	};
	let nodes = some_nodes(reader);
	let is_chain = reader.below(4) < 3;
	let parameters = config::parameters(reader);
	if is_chain {
		network.world.chain.parameters.insert(index, parameters);
	}
	for node in nodes {
		if let Some(list) = network.world.chain.mixnodes.get(&index).cloned() {
			network.set_session(node, index, Some(parameters), list);
		}
	}
}

/// Has a driver stop polling, start again, or poll a few times.
fn poll(network: &mut Network, reader: &mut Reader) {
	let node = reader.below(NODES);
	match reader.below(4) {
		0 => network.is_lazy = true,
		1 => network.is_lazy = false,
		2 => {
			for _ in 0..reader.below(8) {
				network.world.poll_transmit(node);
			}
		},
		_ => {
			for _ in 0..reader.below(8) {
				network.world.poll_event(node);
			}
		},
	}
}

/// Makes, compares or restores keys.
fn keys(network: &mut Network, reader: &mut Reader) {
	let node = reader.below(NODES);
	match reader.below(3) {
		0 => register(network, !reader.byte()),
		1 => {
			let current = network.current_index();
			let session = current.wrapping_add(3).wrapping_sub(reader.below(5) as u32);
			network.restore_key(node, session, reader.byte());
		},
		_ => network.compare_next_keys(node),
	}
	for relative in RelativeSession::BOTH {
		network.world.nodes[node].mixnet.role(relative);
	}
	// A request that can never fit is refused at any time.
	let now = network.now();
	let huge = network.world.nodes[node].mixnet.post_request(now, Vec::new(), usize::MAX, HandlingDelay::Extrinsic);
	assert!(matches!(huge, Err(PostError::TooLarge { fragments, max }) if fragments > max));
}
