//! Messages: what requests and replies are before they are packets (PROTOCOL.md, section 6).
//!
//! A message is data and SURBs. It is split into fragments, each of which is the payload of a packet. Fragments travel
//! alone, by different routes. They come in any order, or twice, or not at all, and the receiver puts them together again
//! by the message's ID.
//!
//! ```
//! # #[cfg(feature = "unstable")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mixnet_node_core::message::{max_data, split, Assembler, MessageId, FRAGMENT_SIZE};
//!
//! // 5,000 bytes take three fragments. (A request would have SURBs in the first.)
//! let data = vec![7; 5000];
//! let plans = split(MessageId([1; 16]), &data, 0, 25)?;
//! assert_eq!(plans.len(), 3);
//! assert!((max_data(2, 0)..max_data(3, 0)).contains(&data.len()));
//!
//! // They may come in any order.
//! let mut assembler = Assembler::new(10, 100);
//! let mut message = None;
//! for plan in plans.iter().rev() {
//!     let mut fragment = [0; FRAGMENT_SIZE];
//!     plan.write(&mut fragment, &data, &[])?;
//!     message = assembler.insert(&fragment, 25)?;
//! }
//! assert_eq!(message.map(|message| message.data), Some(data));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "unstable"))]
//! # fn main() {}
//! ```
//!
//! - `fragment`: the layout of a fragment; splitting a message.
//! - `assembler`: fragments that wait for the rest of their message.
//! - `id`: the message ID.
//! - `surb_keystore`: the keys of the SURBs that we gave out with our requests.

mod assembler;
mod fragment;
mod id;
mod surb_keystore;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

pub use assembler::{AssembledMessage, Assembler};
pub use fragment::{
	max_data, split, FragmentError, FragmentPlan, PlanMismatch, TooLarge, FRAGMENT_SIZE, MAX_DATA,
	MAX_SURBS_PER_FRAGMENT,
};
pub use id::MessageId;
pub use surb_keystore::SurbKeystore;
