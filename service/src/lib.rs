//! The mixnet inside a Substrate node.
//!
//! A node developer adds three steps to the node's service file: a [`Prototype`] before the network is built (a
//! notifications protocol must be known by then), [`Prototype::start`] after it, and the resulting [`Handle`] for the RPC
//! ([`rpc::MixnetRpc`]). What operators can choose is in [`MixnetArgs`]. The crate's README shows the code.
//!
//! # Map
//!
//! Files import only from files further down in this list:
//!
//! - [`builder`]: the three steps.
//! - [`supervisor`]: starts the mixnet anew if a part of it panics.
//! - [`event_loop`]: owns the core ([`mixnet_node_core::Mixnet`]); everything else talks to it by channels.
//! - [`chain`]: reads sessions, mixnodes and parameters at finalised blocks, and registers this node at new best blocks.
//! - [`rpc`]: what this node's user can ask.
//! - [`handle`]: the way to the event loop.
//! - [`status`]: the answer of `mixnet_status`, made from a snapshot.
//! - [`snapshot`]: the state of the service at one moment, for all that present it.
//! - [`requests`]: the types of requests between nodes, one file each, and how to add one.
//! - [`network`]: the notifications protocol, the peers and their queues, the reserved peers' addresses, and whether nodes can
//!   be reached.
//! - [`args`] and [`config`]: what can be chosen.
//! - [`secret_file`]: the file with the secret for session 0.
//! - [`clock`]: the core's clock, which runs on in a suspension.
//! - [`workers`]: the threads that unwrap packets.
//! - `unwinding`: a panic in a task does not end the process.

pub mod args;
pub mod builder;
pub mod chain;
pub mod clock;
pub mod config;
pub mod event_loop;
pub mod handle;
mod log_target;
pub mod network;
pub mod requests;
pub mod rpc;
pub mod secret_file;
pub mod snapshot;
pub mod status;
pub mod supervisor;
mod unwinding;
pub mod workers;

pub use args::{GenerateKeyCmd, MixnetArgs};
pub use builder::{Prototype, StartError};
pub use chain::registrar::KEY_TYPE;
pub use config::Config;
pub use handle::Handle;
pub use log_target::LOG_TARGET;
