//! The pallet on a chain with pallet-staking: validators are elected for eras, and weigh the stake behind them.
//!
//! Two terms of pallet-staking: an era is **planned** at the rotation that queues its validators, and **active** from the
//! rotation after. The planned era's **exposures** say how much stake each of its validators has behind it. They are a
//! snapshot: no stake that moves later changes them.
//!
//! - `exposure`: the weights, as the guide shows them (docs/INTEGRATION.md).
//! - `runtime`: a runtime of System, Timestamp, Balances, Staking, Session, Historical and the pallet.
//! - `chain`: genesis, blocks and rotations.
//! - `validators`: what validators, nominators and reporters of offences do, and what the mixnet makes of it.
//! - `genesis`, `eras`, `weights`, `rekeying`, `disabling`: the tests.
//! - `random`: all that can happen, in random order.
//! - `elsewhere`: a chain whose staking is on another chain, so that weights arrive with the validators.

mod chain;
mod disabling;
mod elsewhere;
mod eras;
mod exposure;
mod genesis;
mod random;
mod rekeying;
mod runtime;
mod validators;
mod weights;
