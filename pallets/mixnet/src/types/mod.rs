//! What the pallet stores, and what its events and errors contain.
//!
//! - `bounded_mixnode`: a mixnode of bounded size.
//! - `constants`: numbers and names that are the same in every runtime.
//! - `records`: sessions, elections, candidacies, authorities and operators.
//! - `listed_mixnode`: a mixnode in its session's list, also as version 1 of the storage had it.
//! - `error_fields`: what the pallet's errors say more than their names.

mod bounded_mixnode;
mod constants;
mod error_fields;
mod listed_mixnode;
mod records;

pub use bounded_mixnode::*;
pub use constants::*;
pub use error_fields::*;
pub use listed_mixnode::*;
pub use records::*;
