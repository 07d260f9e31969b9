//! The queues at scale: what a packet that waits takes of memory beside itself, and of time to come and go.
//!
//! ```text
//! cargo run --release -p mixnet-node-core --example queues [PACKETS]
//! ```
//!
//! PACKETS wait in each queue in turn, 10^6 if it is not given: that takes 2.5 GB. Then packets come and go, as many of
//! each. Delays in the forward queue are random, exponentially distributed. Memory is what the allocator was asked for,
//! less 2,252 bytes for each packet; times are of a push and a pop.

extern crate alloc;

// The queues are private. Their files are compiled here once more, with the crate's public words around them.
#[allow(dead_code)]
#[path = "../src/traffic/authored.rs"]
mod authored;
#[allow(dead_code)]
#[path = "../src/traffic/forward.rs"]
mod forward;
#[allow(dead_code)]
#[path = "../src/traffic/heap.rs"]
mod heap;
#[allow(dead_code)]
#[path = "../src/traffic/slab.rs"]
mod slab;
use mixnet_node_core::{request, time, AddressedPacket, SessionIndex};

use authored::AuthoredQueue;
use cap::Cap;
use forward::{ForwardPacket, ForwardQueue};
use mixnet_node_core::{Packet, PeerId};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use rand_distr::{Distribution, Exp1};
use request::RequestId;
use std::{
	alloc::System,
	time::{Duration, Instant},
};
use time::Time;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const PACKET_SIZE: usize = 2252;
/// Delays are drawn so many at a time, and then used.
const BATCH: usize = 10_000;

fn main() {
	let packets = std::env::args().nth(1).map_or(1_000_000, |packets| packets.parse().expect("PACKETS is a number"));
	println!("| queue | packets | overhead per packet | ns per push and pop |");
	println!("|---|---|---|---|");
	for (name, measure) in [("forward", forward as fn(usize) -> (f64, f64)), ("authored", authored)] {
		let (overhead, time) = measure(packets);
		println!("| {name} | {packets} | {overhead:.0} bytes | {time:.0} |");
	}
}

fn packet() -> AddressedPacket {
	AddressedPacket { peer_id: PeerId([1; 32]), packet: Packet::from([1; PACKET_SIZE]) }
}

fn overhead(before: usize, packets: usize) -> f64 {
	(HEAP.allocated() - before - packets * PACKET_SIZE) as f64 / packets as f64
}

fn forward(packets: usize) -> (f64, f64) {
	let mut rng = ChaChaRng::seed_from_u64(1);
	let mut delay = || {
		let seconds: f64 = Exp1.sample(&mut rng);
		Duration::from_secs_f64(seconds)
	};
	let before = HEAP.allocated();
	let mut queue = ForwardQueue::new(packets);
	for _ in 0..packets {
		let deadline = Time::ZERO + delay();
		assert!(queue.push(ForwardPacket { deadline, session: 0, packet: packet() }));
	}
	let bytes = overhead(before, packets);
	let mut time = Duration::ZERO;
	for _ in 0..packets.div_ceil(BATCH) {
		let delays: Vec<_> = (0..BATCH).map(|_| delay()).collect();
		let start = Instant::now();
		for delay in delays {
			let now = queue.next_deadline().expect("never empty");
			let packet = queue.pop_due(now).expect("due now");
			assert!(queue.push(ForwardPacket { deadline: now + delay, session: 0, packet }));
		}
		time += start.elapsed();
	}
	(bytes, time.as_nanos() as f64 / packets.next_multiple_of(BATCH) as f64)
}

fn authored(packets: usize) -> (f64, f64) {
	let before = HEAP.allocated();
	let mut queue = AuthoredQueue::new(packets, false);
	for at in 0..packets {
		assert!(queue.push_request(RequestId(at as u64), vec![packet()]));
	}
	let bytes = overhead(before, packets);
	let start = Instant::now();
	for at in 0..packets {
		let packet = queue.pop().expect("never empty").packet;
		assert!(queue.push_request(RequestId(at as u64), vec![packet]));
	}
	(bytes, start.elapsed().as_nanos() as f64 / packets as f64)
}
