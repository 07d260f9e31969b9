//! The pallet on a parachain: collators in place of validators, Aura in place of BABE, no randomness of its own.
//!
//! No crate of cumulus is needed: the pallet touches a parachain's set-up in pallet-session, which is the same everywhere.
//! What collators do off the chain, and what the relay chain says, the tests say.
//!
//! - `runtime`: a runtime of System, Timestamp, Balances, Authorship, Session, Aura and the pallet.
//! - `collators`: who is a collator, as pallet-collator-selection decides it.
//! - `relay`: randomness of the relay chain, as docs/parachains.md shows it.
//! - `chain`: genesis, slots, blocks and rotations.
//! - `participants`: what collators and operators do, and what the mixnet makes of it.
//! - `elections`, `membership`, `randomness`: the tests.

mod chain;
mod collators;
mod elections;
mod membership;
mod participants;
mod randomness;
mod relay;
mod runtime;
