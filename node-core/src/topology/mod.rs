//! A session's mixnodes, the peers that we connect to, and the routes of packets. (PROTOCOL.md, section 8)
//!
//! - `mixnodes`: a session's mixnodes, which of them we are, and our gateways.
//! - `route`: random routes through the mixnodes.

mod mixnodes;
mod route;

pub(crate) use mixnodes::Topology;
pub(crate) use route::{Route, RouteError, RouteKind};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
