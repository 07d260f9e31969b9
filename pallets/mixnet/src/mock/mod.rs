//! A runtime of System, Balances, Session and the pallet, whose sessions and constants the tests choose.
//!
//! - `runtime`: the runtime, and the constants that tests set.
//! - `policies`: elections, weights, randomness and slashing, as tests choose them.
//! - `keys`: accounts, their keys, and mixnodes with all secrets.
//! - `blocks`: genesis, blocks and sessions.
//! - `transactions`: what every test runtime says about transactions that the pallet authorises.
//! - `registering`: registrations and operators, as pool and blocks take them.
//! - `logs`: what the pallet logs.

mod blocks;
mod keys;
mod logs;
mod policies;
mod registering;
mod runtime;
mod transactions;

pub use blocks::*;
pub use keys::*;
pub use logs::*;
pub use policies::*;
pub use registering::*;
pub use runtime::*;
pub(crate) use transactions::impl_authorized_transactions;
