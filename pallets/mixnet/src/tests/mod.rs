//! What the pallet does, by subject.

mod smoke;
