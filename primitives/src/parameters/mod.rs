//! What all nodes of a session must agree on: how packets travel, how often they leave, and how many may wait.
//!
//! The chain decides, for one session at a time. A node that sent at another rate, or over another number of hops,
//! could be told from the others by it. A node that expected other delays would repeat requests too early or too late.
//!
//! - `values`: [`Parameters`], and those of the live sessions, [`SessionParameters`].
//! - `bounds`: [`Parameters::check`], which keeps a mistake, or a captured majority, from setting values that nodes
//!   cannot live with. Each of its bounds is a constant with its reason.
//!
//! docs/parameters.md is the same for those who govern a chain.

mod bounds;
#[cfg(test)]
mod tests;
mod values;

pub use bounds::*;
pub use values::{Parameters, SessionParameters};
