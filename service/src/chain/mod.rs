//! What the service reads from the chain, and what it writes to it.
//!
//! - [`follower`]: at every finalised block, reads the session and its phase, and once for each session its mixnodes and
//!   parameters.
//! - [`registrar`]: at every new best block, asks what to do to mix in the next session, and registers if it is time.
//! - [`at_block`]: the runtime calls of both.
//!
//! Both run in tasks of their own: calls into the runtime take milliseconds, in which packets would wait.

pub mod at_block;
pub mod follower;
pub mod registrar;
#[cfg(test)]
mod testing;
