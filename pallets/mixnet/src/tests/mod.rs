//! Tests, by what they are about; each file names one room or one promise of the pallet.

mod config;
mod genesis;
mod lists;
mod maybe_register;
mod operations;
mod registration;
mod sessions;
