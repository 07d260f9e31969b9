//! What the pallet does, by subject.

mod migration;
mod smoke;
