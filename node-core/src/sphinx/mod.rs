//! The packet format: Sphinx (Danezis and Goldberg, 2009), as the Substrate Mix Network has it (PROTOCOL.md, sections 1
//! to 5).
//!
//! A packet is an onion. Its header holds a public key, with which each hop in turn finds the secret it shares with the
//! source. It also holds routing actions, of which each hop can read only the first, its own. A packet that leaves a hop
//! cannot be linked to the one that came in: the public key is blinded, the actions and the payload have one layer of
//! encryption less, and all packets have the same size.
//!
//! A request over two hops, and the reply to it:
//!
//! ```
//! # #[cfg(feature = "unstable")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mixnet_node_core::sphinx::*;
//! # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
//! # let mut rng = ChaChaRng::from_seed([7; 32]);
//! let [alice, bob] = [1, 2].map(|seed| KxSecret::from_bytes([seed; 32]));
//! let us = KxSecret::random(&mut rng);
//! let hop = |index, key: &KxSecret| Hop {
//!     target: Target::Mixnode(MixnodeIndex::new(index).unwrap()),
//!     kx_public: key.public(),
//! };
//!
//! // What Bob needs to answer us without knowing who we are; and what we need to read his answer.
//! let surb_id = SurbId::random(&mut rng);
//! let way_back = [hop(0, &alice), Hop { target: Target::Peer([9; 32].into()), kx_public: us.public() }];
//! let (surb, keys, _delay) = build_surb(&mut rng, MixnodeIndex::new(0).unwrap(), &way_back, surb_id)?;
//!
//! // Alice can see that the packet goes to mixnode 1 after a while, and nothing else.
//! let question = [42; PAYLOAD_DATA_SIZE];
//! let packet = build_request(&mut rng, &[hop(0, &alice), hop(1, &bob)], &question)?.packet;
//! let opened = Opened::open(&alice, &packet)?;
//! assert!(matches!(opened.action(), Action::Forward { target: Target::Mixnode(next), .. } if next.get() == 1));
//! let mut packet = opened.forward(packet);
//!
//! // Bob can see that it is for him, and what it says.
//! let opened = Opened::open(&bob, &packet)?;
//! assert_eq!(*opened.action(), Action::DeliverRequest);
//! assert_eq!(opened.request_payload(&mut packet)?, &question);
//!
//! // The reply travels like any other packet.
//! let (first, packet) = use_surb(surb, &[43; PAYLOAD_DATA_SIZE])?;
//! assert_eq!(first.get(), 0);
//! let mut packet = Opened::open(&alice, &packet)?.forward(packet);
//! assert_eq!(*Opened::open(&us, &packet)?.action(), Action::DeliverReply { surb_id });
//! assert_eq!(reply_payload(&keys, &mut packet)?, &[43; PAYLOAD_DATA_SIZE]);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "unstable"))]
//! # fn main() {}
//! ```
//!
//! The files form layers: a file uses those above it in this list, never those below.
//!
//! - `primitives`: hash, MAC, stream cipher, exponential draw. `curve`: X25519 by a backend that the caller chose.
//! - `packet`: the layout, and the plain types in it.
//! - `kx`: keys of key exchange, and shared secrets.
//! - `hop_secrets`: what is derived from a shared secret for the header. `lioness`: the cipher of the payload.
//! - `exchange`: a source's exchanges with all hops of a route. `surb`: SURBs, their use, and the keys their maker keeps.
//! - `header`: a header is built. `unwrap`: a header is opened.
//! - `batch_builder`: requests, cover and SURBs, many at once. `batch`: many packets unwrapped at once.
//! - `single`: one packet at a time, for tests and measurements.

mod batch;
mod batch_builder;
mod curve;
mod exchange;
mod header;
mod hop_secrets;
mod kx;
mod lioness;
mod packet;
mod primitives;
#[cfg(any(test, feature = "unstable"))]
mod single;
mod surb;
mod unwrap;

#[cfg(test)]
mod tests;

pub use batch::{finish_batch, open_batch, BatchItem, Scratch, Unwrapping};
pub use batch_builder::{complete_requests, BatchBuilder, Built, BuiltPacket, BuiltSurb, IncompleteRequest};
#[cfg(test)]
pub(crate) use curve::used;
pub use header::BuildError;
pub use kx::KxSecret;
pub(crate) use kx::{clamped_scalar, SharedSecret};
pub(crate) use packet::{field, field_mut, random_id};
pub use packet::{
	CoverId, Hop, MixnodeIndex, Packet, PayloadData, SurbId, Target, WrongSize, HEADER_SIZE, MAX_HOPS, PACKET_SIZE,
	PAYLOAD_DATA_SIZE, PAYLOAD_SIZE,
};
pub(crate) use primitives::derive;
pub use primitives::exponential;
#[cfg(any(test, feature = "unstable"))]
pub use single::{build_cover, build_request, build_surb};
pub use surb::{use_surb, BadSurb, Surb, SurbKeys, SURB_SIZE};
pub use unwrap::{reply_payload, Action, Opened, UnwrapError};
pub use x25519_batch::Backend;
