//! The packets that a node sends, and when. (PROTOCOL.md, section 9)
//!
//! An observer must learn nothing from the times at which packets leave. Packets of others leave after a delay that is
//! fixed in their header, and that nobody but their author knew before. Our own leave when a Poisson clock ticks, which it
//! does whether or not there is anything to say. A waiting request or reply packet takes the place of a drop cover packet.
//! So the rate depends on nothing but the session's phase and on whether we are a mixnode.
//!
//! Nor may the work between a tick and its packet depend on what the packet is, since whoever sees when a packet leaves
//! sees how long that took. So all packets are built before their ticks, at times that do not depend on what leaves.
//!
//! - `addressed`: a packet and where it goes.
//! - [`clock`]: the Poisson clock of a session.
//! - [`authored`]: request and reply packets that wait for a tick.
//! - [`cover`]: cover, built before it is needed.
//! - [`forward`]: packets of others that wait for their delay to pass. They are in a [`slab`], and a [`heap`] orders them.
//! - [`shares`]: how many of these each neighbour may hand us.
//!
//! Nothing is queued for the network: a packet is taken from these queues, or cover is taken, when the driver polls for it.
//! So the capacities of the queues bound everything that waits, however slow the driver is.

mod addressed;
mod authored;
mod clock;
mod cover;
mod forward;
mod heap;
mod shares;
mod slab;

pub use addressed::AddressedPacket;
pub(crate) use authored::REPLIES_SHARE;
pub use authored::{AuthoredKind, AuthoredPacket, AuthoredQueue, FirstHops};
pub(crate) use clock::PoissonClock;
pub(crate) use cover::{Cover, CoverStock, Prepared, PreparedLoop, Replacement};
pub use forward::{ForwardPacket, ForwardQueue};
pub(crate) use shares::{most_waiting, Refused, Shares};

#[cfg(test)]
mod model;
#[cfg(test)]
mod shares_model;
#[cfg(test)]
mod shares_networks;
#[cfg(test)]
mod tests;
