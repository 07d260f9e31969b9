//! Who is in a session, whom we connect to, and which ways packets take. (PROTOCOL.md, section 8)
//!
//! - `mixnodes`: a session's mixnodes, which of them we are, and our gateways.
//! - `route`: random routes through them.

mod mixnodes;
mod route;

pub(crate) use mixnodes::Topology;
pub(crate) use route::{Route, RouteError, RouteKind};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
