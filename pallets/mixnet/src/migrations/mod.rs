//! From the storage of earlier versions of the pallet to the present one.
//!
//! A runtime that has had the pallet names the migrations that it lacks in `Executive`'s list, in ascending order; each runs
//! once, if the version on chain is the one it starts from. A runtime that gets the pallet new needs none.
//!
//! | from | to | what changed | |
//! |---|---|---|---|
//! | 0 | 1 | elections, operators, parameters on chain | [`v1`] |

pub mod v1;
