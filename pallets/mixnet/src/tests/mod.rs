//! The pallet's tests, by subject.

mod accounts;
mod authorities;
mod candidates;
mod config;
mod disabled;
mod genesis;
mod lists;
mod migration;
mod model;
mod operators;
mod parachain;
mod parameters;
mod pruning;
mod ranked_set;
mod registration;
mod registration_status;
mod replacement;
mod seed;
mod sessions;
mod staking;
mod turns;
mod upgrades;
mod view_functions;
