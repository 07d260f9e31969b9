//! Replay protection: no packet is acted on twice under one key.
//!
//! A Sphinx packet is recognised by the secret it shares with us, not by its bytes. An attacker can change bytes of a copy:
//! all of the payload, and the public key within a few values that give the same secret. But a changed secret would break
//! the MAC. We keep a fingerprint of every secret that we acted on, for as long as the session's key lives: the first 37
//! bits or more of a keyed 64-bit tag.
//!
//! - `tag`: from shared secret to tag.
//! - `filter`: which tags were seen; grows with use, refuses when full, never forgets.
//! - `shard`: a part of the filter, which grows by itself; `growth` fills its larger table.
//! - `map`: which line of a shard's table a fingerprint belongs in.
//! - `line`: the fingerprints of one cache line, in little more space than it takes to tell them apart.
//!
//! Looking a packet up and entering it are two steps. A packet that is dropped in between, because a queue is full say, was
//! not acted on and may come again.

mod filter;
mod growth;
mod line;
mod map;
mod shard;
mod tag;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

pub use filter::{ReplayError, ReplayFilter};
pub use tag::ReplayTag;
