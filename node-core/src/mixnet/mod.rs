//! The state machine: one node's whole protocol state.
//!
//! It owns all parts (sessions, traffic, requests, ..) and leads packets and requests through them. How a part works is in
//! the part's own module. A packet goes one way and never back:
//!
//! ```text
//! handle_packet -> open under a session's key -> judge -> finish -> forward queue -> poll_transmit
//!                                                             `-> assembler -> reply cache -> poll_event (a request)
//!                                                                         `--> pending requests -> poll_event (an answer)
//! post_request  -> pending requests -> authored queue of a session -> its clock ticks -> poll_transmit
//! post_reply    -> reply cache -----/
//! ```
//!
//! - `state`: the state, time, and polling. `event`: what the driver is told.
//! - `chain`: what the chain says of sessions, mixnodes and keys.
//! - `gateways`: a user's gateways, and who of them is silent.
//! - `unwrapper`: the part of receiving that needs keys alone, and can be done on another thread.
//! - `receive`: packets in. Here they are judged. `being_finished`: those that a worker has at this moment.
//! - `send`: packets out.
//! - `suspend`: what becomes of a node that did not run for some time.
//! - `asking`: requests of ours, from being posted to being answered or given up.
//! - `build`: what is built for packets to come, for drivers that build on threads of their own.
//! - `copies`: a copy of such a request is built and queued.
//! - `answering`: requests of others, and our replies.

mod answering;
mod asking;
mod being_finished;
mod build;
mod chain;
mod copies;
mod event;
mod gateways;
mod receive;
mod send;
mod state;
mod suspend;
mod unwrapper;

pub use answering::ReplyError;
pub use asking::PostError;
pub use build::{Build, Built};
pub use chain::{ChainSession, ReservedPeer, Role};
pub use event::Event;
pub use receive::MAX_BATCH;
pub use state::Mixnet;
pub use unwrapper::{Batch, Unwrapper};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twice;
