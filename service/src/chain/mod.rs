//! What the service reads from the chain, and what it writes to it.
//!
//! - [`follower`]: at every finalised block, the session, its phase and, when they are new, its mixnodes.
//! - [`registrar`]: at every new best block, asks what to do to mix in the next session, and registers if that is it.
//!
//! Both run in tasks of their own: calls into the runtime take milliseconds, in which packets would wait.

pub mod follower;
pub mod registrar;
