//! The example chain, as a wallet or an explorer sees it from outside.
//!
//! - [`rpc`]: what we ask of a node. Everything that knows a method's name or the shape of its answer is there.
//! - [`state`]: the chain and its mixnet as of the last finalised block.
//! - [`accounts`]: the validators, the operator, and their keys.
//! - [`transactions`]: signed transactions. [`transfers`]: those that move money.
//! - [`spec`]: the chain spec that a network starts from.

pub mod accounts;
pub mod rpc;
pub mod spec;
pub mod state;
pub mod transactions;
pub mod transfers;
