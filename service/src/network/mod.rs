//! Between nodes: a notifications protocol whose every notification is one packet. (PROTOCOL.md, section 11)
//!
//! - [`protocol`]: its name and its configuration.
//! - [`inbound`]: what comes from it.
//! - [`limits`]: how much each peer may send.
//! - [`places`]: who has to leave if too many connect.
//! - [`peers`]: who is connected, and a short queue for each.
//! - [`watch`]: which gateways respond.
//! - [`reachability`]: whether others can reach this node.
//! - [`peer_control`]: what the service asks of the network besides carrying packets.
//! - [`reserving`]: tells the network whom this node wants to be connected to.
//! - [`addresses`]: where reserved peers are to be found, and where this node is.
//! - [`names`]: where names in their addresses lead to.
//! - [`peer_id`]: peer IDs, as the network and as the mixnet write them.

pub mod addresses;
pub mod inbound;
pub mod limits;
pub mod names;
pub mod peer_control;
pub mod peer_id;
pub mod peers;
pub mod places;
pub mod protocol;
pub mod reachability;
pub mod reserving;
#[cfg(test)]
pub(crate) mod testing;
pub mod watch;
