//! What packets cost, ours and others', at the same work: what `make bench` measures.
//!
//! A work is measured as a whole node does it, with its replay filter and its queues, wherever both sides have a node; and
//! ours is fed as a driver feeds it. Whatever is made ready for a work, packets above all, is made outside of the time that
//! is measured.
//!
//! - [`ours`]: our node, and packets for it.
//! - [`peer`]: a node of `mixnet` 0.7.0, which runs the same protocol: the packets are the same.
//! - [`sphinx_packet`]: `sphinx-packet` 0.8.0, which has another format, and no node.
//! - [`stages`]: the parts of unwrapping, one by one.
//! - [`queues`]: the node's queues.
//!
//! `benches/speed.rs` hands these to criterion, again and again in turn; `examples/instructions.rs` is one packet, for
//! callgrind to count; `../speed_report.py` writes the tables and the page.

pub mod ours;
pub mod peer;
pub mod queues;
pub mod sphinx_packet;
pub mod stages;

use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

/// Mixnodes of a session.
pub const MIXNODES: usize = 20;

/// Hops of a packet, as both nodes have it by default.
pub const HOPS: usize = 6;

/// A generator of its own for each purpose. The same numbers in each run.
pub fn rng(purpose: u64) -> ChaChaRng {
	ChaChaRng::seed_from_u64(purpose)
}
