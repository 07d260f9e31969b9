//! Migrations of the storage, from earlier versions of the pallet to the present one.
//!
//! A runtime that has an earlier version names the migrations in `Executive`'s list, in ascending order. Each runs
//! once, if the version on chain is the one that it starts from. A runtime that adds the pallet needs none.
//!
//! | from | to | what changed | |
//! |---|---|---|---|
//! | 0 | 1 | elections, operators, parameters on chain | [`v1`] |
//!
//! [`AllowPrivateAddresses`] is for a private network whose chain was started before addresses had to be within reach.

mod private_addresses;

pub use private_addresses::AllowPrivateAddresses;
