//! A session's mixnodes, the peers that we connect to, and the routes of packets. (PROTOCOL.md, section 8)
//!
//! - `mixnodes`: a session's mixnodes, and which of them we are.
//! - `gateways`: a user's gateways, from session to session.
//! - `route`: random routes through the mixnodes.

mod gateways;
mod mixnodes;
mod route;

pub(crate) use gateways::Gateways;
pub(crate) use mixnodes::Topology;
pub(crate) use route::{Route, RouteError, RouteKind};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
