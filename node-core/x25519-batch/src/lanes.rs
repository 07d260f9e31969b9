//! Eight multiplications side by side: one in each lane of a vector.
//!
//! All code here is generic over [`Vector`](vector::Vector). So the tests run the same code as the processor, on an
//! emulated vector that checks every bound.
//!
//! - [`vector`]: what a vector of eight 64-bit lanes can do.
//! - [`field`]: arithmetic modulo 2^255 - 19.
//! - [`ladder`]: a multiple of any point, by Montgomery's ladder.
//! - [`fixed_base`]: a multiple of the base point, from [`base_table`], which is computed with [`scalar_field`].
//! - [`quotients`]: the divisions of a whole batch for the price of one.
//! - [`batch`]: the entry: takes bytes, spreads them over lanes, and returns bytes.

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
