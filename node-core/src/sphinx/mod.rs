//! The packet format: Sphinx (Danezis and Goldberg, 2009), as the Substrate Mix Network has it (PROTOCOL.md, sections 1
//! to 5).
//!
//! A packet is an onion. Its header holds a public key, with which each hop in turn finds the secret it shares with the
//! sender; and routing actions, of which each hop can read the first, its own. Nothing in what leaves a hop can be linked
//! to what came in: the public key is blinded, the actions and the payload are one layer of encryption further, and all
//! packets are of one size.
//!
//! - `packet`: the layout, and the plain types in it.
//! - `primitives`: hash, MAC, stream cipher, exponential draw.
//! - `shared_secret`: key exchange, and what is derived from a shared secret.
//! - `lioness`: the cipher of the payload.
//! - `unwrap`: a packet received; in two steps, so that what is cheap can be checked before what is dear.
//! - `build`: requests, cover and SURBs to be sent.
//! - `surb`: SURBs, their use, and the keys their maker keeps.

mod build;
mod lioness;
mod packet;
mod primitives;
mod shared_secret;
mod surb;
mod unwrap;

#[cfg(test)]
mod tests;

pub use build::{build_cover, build_request, build_surb, BuildError, BuiltPacket, Hop};
pub(crate) use packet::{field, field_mut, random_id};
pub use packet::{
	CoverId, MixnodeIndex, Packet, PayloadData, SurbId, Target, WrongSize, HEADER_SIZE, MAX_HOPS, PACKET_SIZE,
	PAYLOAD_DATA_SIZE, PAYLOAD_SIZE,
};
pub(crate) use primitives::derive;
pub use primitives::exponential;
pub(crate) use shared_secret::SharedSecret;
pub use shared_secret::{is_low_order, KxSecret};
pub use surb::{use_surb, BadSurb, Surb, SurbKeys, SURB_SIZE};
pub use unwrap::{reply_payload, Action, Opened, UnwrapError};
