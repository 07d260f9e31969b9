//! A whole network on this machine, and transfers through its mixnet: `mixnet-node devnet`.
//!
//! Starts validators, an operator and one ordinary node, each a process of its own, from one chain spec. Waits until mixnet
//! session 1 mixes, then sends balance transfers through the ordinary node, spread over two session rotations. Meanwhile the
//! operator bonds and is elected, parameters change, and a validator restarts without its keys. Ends when all transfers are
//! finalised and all that was seen, with a table of how long they took.
//!
//! - [`options`]: the command line.
//! - [`spec`]: the chain: who validates, and accounts to send from.
//! - [`folder`]: where everything is kept.
//! - [`ports`]: ports that no other devnet uses.
//! - [`child`]: a node as a process; [`network`]: all of them, from start to stop.
//! - [`rpc`]: what we ask of a node.
//! - [`transaction`]: signed transactions; [`transfer`]: those that move money; [`load`]: when they are sent, and what
//!   became of them.
//! - [`changes`]: an operator joins, parameters change, a validator loses its keys.
//! - [`watch`]: the chain as we see it.
//! - [`view`]: what a person sees meanwhile; [`report`]: what remains at the end.
//! - [`job`]: the main job, step by step.

mod changes;
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
mod transaction;
mod transfer;
mod view;
mod watch;

pub use child::follow_parent;
pub use options::DevnetCmd;
