//! Eight multiplications side by side: one in each lane of a vector.
//!
//! Everything here is written over [`Vector`](vector::Vector), so that what runs on the processor's vectors is what the tests run on an
//! emulated one, which checks every bound.
//!
//! - [`vector`]: what a vector of eight 64-bit lanes can do.
//! - [`field`]: arithmetic modulo 2^255 - 19.
//! - [`ladder`]: a multiple of any point, by Montgomery's ladder.
//! - [`fixed_base`]: a multiple of the base point, by [`base_table`], which [`scalar_field`] is for.
//! - [`quotients`]: divisions of a whole batch for the price of one.
//! - [`batch`]: from bytes to bytes.

mod base_table;
pub(crate) mod batch;
#[cfg(test)]
mod emulated;
mod field;
mod fixed_base;
mod ladder;
mod quotients;
mod scalar_field;
#[cfg(test)]
mod tests;
pub(crate) mod vector;

#[cfg(test)]
pub(crate) use emulated::Emulated;
