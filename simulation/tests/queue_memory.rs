//! A packet that waits in a queue takes 300 bytes of heap at most, besides itself.

use cap::Cap;
use mixnet_node_core::{
	traffic::{AuthoredQueue, ForwardPacket, ForwardQueue},
	AddressedPacket, Packet, PeerId, Time,
};
use std::{alloc::System, time::Duration};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const PACKET_SIZE: usize = 2252;
/// Just beyond a power of two: there, buffers that grow by doubling waste most.
const PACKETS: usize = (1 << 16) + 1;

fn packet() -> AddressedPacket {
	AddressedPacket { peer_id: PeerId([1; 32]), packet: Packet::from([1; PACKET_SIZE]) }
}

/// Bytes per packet, besides the packet itself.
fn overhead(before: usize, packets: usize) -> usize {
	(HEAP.allocated() - before - packets * PACKET_SIZE) / packets
}

/// One test only, since others would use the same heap.
#[test]
fn a_waiting_packet_takes_300_bytes_of_memory_at_most_beside_itself() {
	let before = HEAP.allocated();
	let mut queue = ForwardQueue::new(PACKETS);
	// Memory of packets that left is kept for later ones. So it is divided by the greatest length so far.
	let (mut most, mut longest) = (0, 1000);
	for round in 0..3u64 {
		while queue.len() < PACKETS {
			let millis = (queue.len() as u64 * 7919 + round) % 10_000;
			let deadline = Time::from_duration(Duration::from_millis(millis));
			assert!(queue.push(ForwardPacket { deadline, session: 0, packet: packet() }));
			if queue.len() >= longest {
				longest = queue.len();
				most = most.max(overhead(before, longest));
			}
		}
		assert!(queue.is_full());
		while queue.len() > PACKETS / 3 {
			queue.pop_due(queue.next_deadline().unwrap()).unwrap();
		}
	}
	drop(queue);
	println!("{most} bytes in the forward queue");
	assert!((32..=300).contains(&most), "{most} bytes");

	let before = HEAP.allocated();
	let mut queue = AuthoredQueue::new(2 * PACKETS, true);
	let mut most = 0;
	while queue.push_reply(vec![packet()]) {
		if queue.len() >= 1000 {
			most = most.max(overhead(before, queue.len()));
		}
	}
	println!("{most} bytes in the authored queue");
	assert!((32..=300).contains(&most), "{most} bytes");
}
