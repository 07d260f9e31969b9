//! What `make bench` measures: what packets cost, with our implementation and with others, at the same work.
//!
//! If both sides have a node, a whole node does the work, with its replay filter and its queues. Ours gets packets as from
//! a driver. What is prepared for the work, mainly packets, is not in the measured time.
//!
//! - [`ours`]: our node, and packets for it.
//! - [`peer`]: a node of `mixnet` 0.7.0, which runs the same protocol: the packets are the same.
//! - [`sphinx_packet`]: `sphinx-packet` 0.8.0, which has another packet format, and no node.
//! - [`stages`]: the parts of unwrapping, one by one.
//! - [`queues`]: the node's queues.
//!
//! `benches/speed.rs` runs these with criterion, in turn, again and again. `examples/instructions.rs` runs the work on one
//! packet, for callgrind to count. `../speed_report.py` writes the tables and the page.

pub mod ours;
pub mod peer;
pub mod queues;
pub mod sphinx_packet;
pub mod stages;

use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

/// How many mixnodes a session has.
pub const MIXNODES: usize = 20;

/// How many hops a packet has: the default of both nodes.
pub const HOPS: usize = 6;

/// A random generator for one purpose. It gives the same numbers in each run.
pub fn rng(purpose: u64) -> ChaChaRng {
	ChaChaRng::seed_from_u64(purpose)
}
