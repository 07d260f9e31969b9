//! What must hold for the node's protocol state whatever bytes come: the targets of `make fuzz`.
//!
//! Each target is a function `run` that takes any bytes, does with them what its module says, by the public API alone,
//! and panics if something does not hold that must. None knows of libFuzzer: `fuzz_targets/` lends them to it, and
//! `tests/short.rs` runs the same on the committed seeds and on changed copies of them, within `make test`.
//!
//! # Map
//!
//! Targets:
//!
//! - [`unwrap`]: packets, as a node opens and forwards them: any bytes, damaged ones, and ones made by a dishonest sender.
//! - [`fragments`]: fragments in any order, against a model of the assembler.
//! - [`surbs`]: SURBs, damaged or not, from their maker to the reply; and the keystore against a model.
//! - [`request`]: what requests and replies say.
//! - [`state_machine`]: a small network of whole nodes, led through anything that a driver, a chain or an attacker may do.
//!
//! What they share:
//!
//! - [`reader`]: numbers and choices out of bytes.
//! - [`keys`]: nodes' keys, and routes through them.
//! - [`forge`]: packets with any routing actions and a good MAC, written against PROTOCOL.md and not with node-core's
//!   code.
//! - [`seeds`]: the seed corpus, made and not collected.

#![forbid(unsafe_code)]

pub mod forge;
pub mod fragments;
pub mod keys;
pub mod reader;
pub mod request;
pub mod seeds;
pub mod state_machine;
pub mod surbs;
pub mod unwrap;

/// A target: its name, which is that of its corpus folder, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 5] = [
	("unwrap", unwrap::run),
	("fragments", fragments::run),
	("surbs", surbs::run),
	("request", request::run),
	("state_machine", state_machine::run),
];
