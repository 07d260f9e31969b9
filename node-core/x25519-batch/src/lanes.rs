//! Eight multiplications side by side: one in each lane of a vector.
//!
//! Everything here is written over [`Vector`], so that what runs on the processor's vectors is what the tests run on an
//! emulated one, which checks every bound.
//!
//! - [`vector`]: what a vector of eight 64-bit lanes can do.
//! - [`field`]: arithmetic modulo 2^255 - 19.
//! - [`ladder`]: a multiple of any point, by Montgomery's ladder.
//! - [`quotients`]: divisions of a whole batch for the price of one.
//! - [`batch`]: from bytes to bytes.

pub(crate) mod batch;
#[cfg(test)]
mod emulated;
mod field;
mod ladder;
mod quotients;
#[cfg(test)]
mod tests;
pub(crate) mod vector;
