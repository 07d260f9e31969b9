//! Packets that come in batches: nothing is allocated for them once the buffers for a batch exist.

use cap::Cap;
use mixnet_node_core::{
	sphinx::{
		build_cover, finish_batch, open_batch, Backend, Hop, KxSecret, MixnodeIndex, Scratch, Target, Unwrapping,
	},
	Config, Mixnet, Packet, PeerId, SessionPhase, Time,
};
use mixnet_simulation::{mixnode, ours, rng};
use rand_chacha::ChaChaRng;
use std::{alloc::System, time::Duration};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes that `call` allocates, whether or not it frees them.
fn allocated(call: impl FnOnce()) -> usize {
	let before = HEAP.total_allocated();
	call();
	HEAP.total_allocated() - before
}

const NOW: Time = Time::from_duration(Duration::from_secs(1));

fn secret(index: u16) -> KxSecret {
	KxSecret::from_bytes([index as u8 + 1; 32])
}

fn hop(index: u16) -> Hop {
	Hop { target: Target::Mixnode(MixnodeIndex::new(index).unwrap()), kx_public: secret(index).public() }
}

fn packets(seed: u64, num: usize) -> Vec<Packet> {
	let mut rng = rng(seed);
	let route = [hop(0), hop(1)];
	(0..num).map(|_| build_cover(&mut rng, &route, None).unwrap().packet).collect()
}

fn for_node(packets: Vec<Packet>) -> Vec<(PeerId, Packet)> {
	packets.into_iter().map(|packet| (PeerId([1; 32]), packet)).collect()
}

/// Mixnode 0 of three, with a large queue.
fn node() -> Mixnet<ChaChaRng> {
	let mut config = Config::default();
	config.parameters.forward_queue_capacity = 5000;
	let mut mixnet = Mixnet::new(config, PeerId([0; 32]), rng(1), Some(secret(0))).unwrap();
	ours::set_status(&mut mixnet, NOW, 0, SessionPhase::DisconnectFromPrev);
	let mixnodes = (0..3).map(|index| mixnode(PeerId([index as u8; 32]), secret(index).public()));
	ours::set_session(&mut mixnet, NOW, 0, None, Ok(mixnodes.collect()));
	mixnet
}

// One test only, since the whole process's allocations are counted.
#[test]
fn nothing_is_allocated_for_packets_where_there_is_room() {
	unwrapping_allocates_nothing_after_the_first_batch();
	neither_forwarding_nor_refusing_allocates_where_there_is_room();
}

fn unwrapping_allocates_nothing_after_the_first_batch() {
	let keys = [secret(2), secret(0)];
	let keys = [&keys[0], &keys[1]];
	for backend in Backend::available() {
		let mut scratch = Scratch::new();
		let mut unwrap = |batch: &mut [Unwrapping]| {
			allocated(|| {
				open_batch(backend, &mut scratch, &keys, batch);
				finish_batch(backend, &mut scratch, batch, |_| true);
			})
		};
		let batch = |seed, num| packets(seed, num).into_iter().map(Unwrapping::from).collect::<Vec<_>>();
		assert!(unwrap(&mut batch(1, 64)) > 0, "room for a batch, or this test sees nothing");
		for num in [64, 1, 5, 33, 64] {
			let mut batch = batch(2, num);
			assert_eq!(unwrap(&mut batch), 0, "{backend}, {num} packets");
			assert!(batch.into_iter().all(|unwrapping| unwrapping.into_forwarded().is_some()));
		}
	}
}

fn neither_forwarding_nor_refusing_allocates_where_there_is_room() {
	let mut mixnet = node();
	// The first ones make room in the queue.
	mixnet.handle_packets(NOW, for_node(packets(3, 3000)));
	assert_eq!(mixnet.statistics().packets_accepted_to_forward, 3000);
	let later = NOW + Duration::from_secs(1000);
	mixnet.handle_timeout(later);
	while mixnet.poll_transmit().is_some() {}

	// The replay filter grows in parts. So a few batches allocate for thousands of packets to come; the others nothing.
	let mut of_new = (4..54).map(|seed| {
		let packets = for_node(packets(seed, 64));
		allocated(|| mixnet.handle_packets(later, packets))
	});
	assert!(of_new.any(|bytes| bytes == 0));
	let before = mixnet.statistics().packets_accepted_to_forward;
	assert!(before >= 3064);
	for (what, packets) in [("replays", packets(3, 64)), ("noise", vec![Packet::from([7; 2252]); 64])] {
		let packets = for_node(packets);
		assert_eq!(allocated(|| mixnet.handle_packets(later, packets)), 0, "{what}");
	}
	assert_eq!(mixnet.statistics().packets_accepted_to_forward, before);
}
