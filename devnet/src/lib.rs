//! A whole network on this machine, and transfers through its mixnet: `mixnet-devnet`.
//!
//! Starts validators, an operator and one ordinary node, each a process of its own, from one chain spec. Waits until the
//! first mixnet session mixes. Then sends balance transfers through the ordinary node, spread over two session rotations.
//! Meanwhile the operator bonds and is elected, parameters change, and a validator restarts without its keys. The run ends
//! when all transfers are finalised and all changes were seen. A table says how long everything took.
//!
//! The modules form layers. Each uses only those above it in this list:
//!
//! - `os`: processes, files, ports and signals of this machine.
//! - `chain`: the example chain, as a wallet or an explorer sees it.
//! - `network`: the nodes, from start to stop.
//! - `changes`: an operator joins, parameters change, a validator loses its keys. `load`: when transfers are sent, and
//!   what became of them.
//! - `job`: a run, step by step. `keep`: looks after a network that people experiment with.
//! - `view`: what a person sees meanwhile. `report`: what remains at the end.
//! - `cli`: the command line.

mod chain;
mod changes;
mod cli;
mod job;
mod keep;
mod load;
mod network;
mod os;
mod report;
mod view;

pub use cli::run;
pub use os::program;
