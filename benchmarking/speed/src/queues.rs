//! The node's queues, with many packets waiting: what a pop and a push take.

use crate::rng;
use mixnet_node_core::{
	traffic::{AuthoredQueue, FirstHops, ForwardPacket, ForwardQueue},
	AddressedPacket, Packet, PeerId, RequestId, Time, PACKET_SIZE,
};
use rand_chacha::ChaChaRng;
use rand_distr::{Distribution, Exp1};
use std::time::{Duration, Instant};

fn packet() -> AddressedPacket {
	AddressedPacket { peer_id: PeerId([1; 32]), packet: Packet::from([1; PACKET_SIZE]) }
}

/// A forward queue: packets wait until their delay is over.
pub struct Forward {
	queue: ForwardQueue,
	rng: ChaChaRng,
}

impl Forward {
	/// A queue with `packets` packets. Each takes 2.5 kB of memory.
	pub fn with_packets(packets: usize) -> Self {
		let mut filled = Self { queue: ForwardQueue::new(packets), rng: rng(4) };
		for _ in 0..packets {
			let deadline = Time::ZERO + filled.delay();
			assert!(filled.queue.push(ForwardPacket { deadline, session: 0, packet: packet() }));
		}
		filled
	}

	fn delay(&mut self) -> Duration {
		let seconds: f64 = Exp1.sample(&mut self.rng);
		Duration::from_secs_f64(seconds)
	}

	/// Pops `packets` packets, each when it is due, and pushes each again. Returns the time that it took.
	pub fn turn(&mut self, packets: u64) -> Duration {
		let delays: Vec<_> = (0..packets).map(|_| self.delay()).collect();
		let start = Instant::now();
		for delay in delays {
			let now = self.queue.next_deadline().expect("it is never empty");
			let packet = self.queue.pop_due(now).expect("it is due now");
			assert!(self.queue.push(ForwardPacket { deadline: now + delay, session: 0, packet }));
		}
		start.elapsed()
	}
}

/// An authored queue: packets wait for a tick of the clock.
pub struct Authored {
	queue: AuthoredQueue,
}

impl Authored {
	/// A queue with `packets` packets. Each takes 2.5 kB of memory.
	pub fn with_packets(packets: usize) -> Self {
		let mut queue = AuthoredQueue::new(packets, false);
		for at in 0..packets {
			assert!(queue.push_request(RequestId(at as u64), vec![packet()], &FirstHops::Any));
		}
		Self { queue }
	}

	/// Pops `packets` packets, and pushes each again. Returns the time that it took.
	pub fn turn(&mut self, packets: u64) -> Duration {
		let start = Instant::now();
		for at in 0..packets {
			let packet = self.queue.pop_request().expect("it is never empty").packet;
			assert!(self.queue.push_request(RequestId(at), vec![packet], &FirstHops::Any));
		}
		start.elapsed()
	}
}
