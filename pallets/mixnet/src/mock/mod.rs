//! A runtime of System, Balances, Session and the pallet, whose sessions and constants the tests choose.
//!
//! - `runtime`: the runtime, and the constants that tests set.
//! - `policies`: elections, weights, randomness and slashing, as tests choose them.
//! - `keys`: accounts, their keys, and mixnodes with all secrets.
//! - `blocks`: genesis, blocks and sessions.
//! - `registering`: registrations and operators, as pool and blocks take them.
//! - `logs`: what the pallet logs.

mod blocks;
mod keys;
mod logs;
mod policies;
mod registering;
mod runtime;

pub use blocks::*;
pub use keys::*;
pub use logs::*;
pub use policies::*;
pub use registering::*;
pub use runtime::*;
