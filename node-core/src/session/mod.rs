//! Sessions: their keys, what we know of them, and when they end. (PROTOCOL.md, section 7)
//!
//! Up to two sessions are live at a time, the current one and, until phase 3, the one before. Each has a slot, which
//! fills as we learn of the session:
//!
//! ```text
//! Empty -> KeyOnly -> Full      KeyOnly: we made or restored a key, and perhaps registered it. Full: the chain told us
//!      \         \              the mixnodes. Resting: it has none, or we are a user and are configured to take part as
//!       `---------`-> Resting   a mixnode only.
//! ```
//!
//! Dropping a slot destroys its key and its replay filter, together: a key never outlives the memory of the packets
//! that were accepted under it. A session that is over stays over, even if the chain seems to step back.
//!
//! - [`slot`]: slots and what they hold.
//! - [`possession`]: the proof that we hold a key's secret, to register it with.
//! - [`sessions`]: the two slots, keys of sessions to come, and how status changes move them.

mod possession;
mod sessions;
mod slot;

pub(crate) use sessions::Sessions;
pub(crate) use slot::{KeyPair, LiveKey, Session, SessionId, Slot};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
