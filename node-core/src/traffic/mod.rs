//! What a node sends, and when. (PROTOCOL.md, section 9)
//!
//! An observer must learn nothing from the times at which packets leave. Packets of others leave after a delay that
//! their header fixes and only their author knew. Our own leave when a Poisson clock ticks, which it does whether or not
//! there is anything to say: a waiting request or reply packet takes the place of a drop cover packet, so the rate
//! depends on nothing but the session's phase and on whether we are a mixnode.
//!
//! - [`clock`]: the Poisson clock of a session.
//! - [`authored`]: request and reply packets that wait for a tick.
//! - [`cover`]: drop cover, built before it is needed.
//! - [`forward`]: packets of others that wait for their delay to pass: in a [`slab`], their order in a [`heap`].
//!
//! Nothing is queued for the network itself: a packet is taken from these queues, or cover is taken, at the moment the
//! driver polls for it. So what waits here is bounded by the queues' capacities, however slow the driver is.

mod addressed;
mod authored;
mod clock;
mod cover;
mod forward;
mod heap;
mod slab;

pub use addressed::AddressedPacket;
pub use authored::{AuthoredKind, AuthoredQueue};
pub(crate) use clock::PoissonClock;
pub(crate) use cover::CoverStock;
pub use forward::{ForwardPacket, ForwardQueue};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
