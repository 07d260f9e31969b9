//! The mixnet inside a Substrate node.
//!
//! A node developer adds three steps to the node's service file: a [`Prototype`] before the network is built (a
//! notifications protocol must be known by then), [`Prototype::start`] after it, and the resulting [`Handle`] to the RPC
//! ([`rpc::MixnetRpc`]). What operators choose is in [`MixnetArgs`].
//!
//! - [`builder`]: the three steps.
//! - [`event_loop`]: owns the core ([`mixnet_node_core::Mixnet`]); everything else talks to it by channels.
//! - [`workers`]: the threads that unwrap packets for it.
//! - [`chain`]: follows finality for sessions and mixnodes, and registers at new best blocks.
//! - [`network`]: the notifications protocol, the peers and their queues, the reserved peers' addresses.
//! - [`requests`]: what other nodes ask of this one; one file per type of request.
//! - [`handle`] and [`rpc`]: what this node's user can ask.
//! - [`status`]: what is going on, in numbers.
//! - [`args`] and [`config`]: what can be chosen.

pub mod args;
pub mod builder;
pub mod chain;
pub mod config;
pub mod event_loop;
pub mod handle;
pub mod network;
pub mod requests;
pub mod rpc;
pub mod status;
pub mod workers;

pub use args::{GenerateKeyCmd, MixnetArgs};
pub use builder::{Prototype, StartError};
pub use chain::registrar::KEY_TYPE;
pub use config::Config;
pub use handle::{Handle, SubmitError};

/// Target of this crate's log messages.
pub const LOG_TARGET: &str = "mixnet";
