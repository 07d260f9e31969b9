//! Request types: what nodes can ask each other through the mixnet.
//!
//! A request type has two sides, and one file here for both:
//!
//! - [`Ask`](ask::Ask) is the asker's side: how a request is encoded, and how its answer is read and verified.
//! - [`Serve`](serve::Serve) is the destination's side: how a request is read, and the work that it takes.
//!
//! ```text
//! asker        RPC -> Ask::encode -> handle -> event loop: its turn in the line -> core -> packets
//!              RPC <- Ask::read   <- handle <- event loop <- core <- packets
//!
//! destination  packets -> core -> event loop -> server: Serve::take, wait, a task that works
//!              packets <- core <- event loop <- server: the answer
//! ```
//!
//! The event loop carries both sides as bytes and knows no type. The first byte of a request names its type.
//! (PROTOCOL.md, section 10)
//!
//! # Map
//!
//! - [`ask`]: the asker's trait, and why a request may have no answer.
//! - [`asking`]: this node's own requests, from its callers to the core and back; [`mod@line`]: the queue in which they wait.
//! - [`validate`]: asks the chain whether it takes an extrinsic, before it is sent; [`follow`]: what becomes of it in this node's
//!   own view; [`wrong_answers`]: mixnodes whose answers proved wrong.
//! - [`serve`]: the destination's trait.
//! - [`server`]: bounds, delays, tasks and counters, the same for all types that this node serves.
//! - [`submit_extrinsic`]: submits an extrinsic for somebody who does not want to be seen doing so.
//!
//! # How to add a request type
//!
//! 1. Give it a first byte that no type had before: in PROTOCOL.md, section 10, and in
//!    [`Request`](mixnet_node_core::request::Request).
//! 2. Add a file here with a type that implements `Ask`. Answers come from strangers: `read` believes only what it has
//!    verified. Its error type says what the caller can do, and contains [`NoAnswer`](ask::NoAnswer).
//! 3. In the same file, implement `Serve`. Hand it to the server in [`builder`](crate::builder), with its bounds from
//!    [`Config`](crate::config::Config).
//! 4. Add a method to [`rpc`](crate::rpc) that calls [`Handle::ask`](crate::handle::Handle::ask).
//! 5. Show its counters in [`status`](crate::status).
//!
//! Nodes that do not know the type leave its requests unanswered, and count them as `unknown_request`. The asker's core
//! then tries other destinations, and gives up with `NoAnswer::NotAnswered`.

pub mod ask;
pub mod asking;
pub mod follow;
pub mod line;
pub mod serve;
pub mod server;
pub mod submit_extrinsic;
pub mod validate;
pub mod wrong_answers;
