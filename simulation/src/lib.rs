//! Whole mix networks in one process: many cores, the links between them, a clock and a chain.
//!
//! [`mixnet_node_core`] does no I/O, reads no clock and draws no randomness of its own. So a [`World`] can run many nodes of
//! it in virtual time, an hour in seconds, and every run with one seed is the same. Tests, fuzz targets and measurements of
//! whole networks all use it:
//!
//! ```
//! use mixnet_simulation::{answer, fast_config, World};
//! use std::time::Duration;
//!
//! // Four mixnodes and a user, over links that lose one packet in a hundred.
//! let mut world = World::in_session(1, 4, 1, fast_config);
//! world.faults().loss = 0.01;
//! let id = world.post(4, b"what is asked".to_vec(), 2);
//! assert!(world.run_until(Duration::from_secs(600), |world| world.nodes[4].answered.contains_key(&id)));
//! assert_eq!(world.nodes[4].answered[&id], answer(b"what is asked"));
//! ```
//!
//! Nobody has to say what must hold of a run. The world keeps a [`Expected`] beside the nodes, which knows what users may
//! rely on and is compared with every event. It checks each node's statistics after every step. An error in the log fails
//! the test. And a [`Digest`] of all packets, events and timeouts says whether two runs are the same.
//!
//! # Map
//!
//! - `world.rs`: the [`World`], which lets the next thing happen.
//! - `driver.rs`: what the drivers of its nodes do, and the checks that follow. `counters.rs`: what they count.
//! - `output.rs`: what leaves a node, and comes to it: see [`World::observer`].
//! - `node.rs`: a node: its [`Core`] and its driver's counters. Other implementations of the protocol can take part.
//! - [`alone`]: one core that a test drives by hand, and what its packets are compared with.
//! - [`ours`]: our core as a node, and the calls by which it learns from the chain.
//! - `clock.rs`: the [`Clock`].
//! - `chain.rs`: the [`Chain`], scripted by the test.
//! - `link.rs`: the links, as one [`Transport`], and their [`Faults`].
//! - `expected.rs`: what must have happened.
//! - `invariants.rs`: what must hold of each core at any time.
//! - `digest.rs`: the [`Digest`].
//! - [`fragment`]: fragments that no honest node sends.
//! - [`log`]: errors in the log.
//! - `setup.rs`: what tests set up worlds with.

pub mod alone;
mod chain;
mod clock;
mod counters;
mod digest;
mod driver;
mod expected;
pub mod fragment;
mod invariants;
mod link;
pub mod log;
mod node;
pub mod ours;
mod output;
mod setup;
mod world;

pub use chain::{Chain, News};
pub use clock::Clock;
pub use digest::{Checkpoint, Digest};
pub use expected::{Expected, Posted};
pub use link::{Block, Count, Faults, Hold, InFlight, Transport};
pub use node::{Core, Event, Held, Node, Ours};
pub use output::{Observer, Output};
pub use setup::{answer, fast_config, mixnode, peer_id, rng, soak};
pub use world::{Answers, Asked, Dropped, World};
