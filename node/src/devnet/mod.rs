//! A whole network on this machine, and transfers through its mixnet: `mixnet-node devnet`.
//!
//! Starts validators and one ordinary node, each a process of its own, from one chain spec. Waits until mixnet session 1
//! mixes, then sends balance transfers through the ordinary node, spread over two session rotations. Ends when all are
//! finalised, with a table of how long they took.
//!
//! - [`options`]: the command line.
//! - [`spec`]: the chain: who validates, and accounts to send from.
//! - [`folder`]: where everything is kept.
//! - [`ports`]: ports that no other devnet uses.
//! - [`child`]: a node as a process; [`network`]: all of them, from start to stop.
//! - [`rpc`]: what we ask of a node.
//! - [`transfer`]: signed transfers; [`load`]: when they are sent, and what became of them.
//! - [`watch`]: the chain as we see it.
//! - [`view`]: what a person sees meanwhile; [`report`]: what remains at the end.
//! - [`job`]: the main job, step by step.

mod child;
mod folder;
mod job;
mod load;
mod network;
mod options;
mod ports;
mod report;
mod rpc;
mod spec;
mod stop;
mod transfer;
mod view;
mod watch;

pub use child::follow_parent;
pub use options::DevnetCmd;
