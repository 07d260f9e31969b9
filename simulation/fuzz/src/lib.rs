//! The targets of `make fuzz`: what must hold for the protocol's state whatever bytes come.
//!
//! Each target is a function `run` that takes any bytes, uses them as its module says, through the public API alone, and
//! panics if something does not hold. The targets do not know libFuzzer: `fuzz_targets/` connects them to it. In
//! `make test`, `tests/short.rs` runs them on the committed seeds and on changed copies of these.
//!
//! # Map
//!
//! Targets:
//!
//! - [`unwrap`]: packets, as a node opens and forwards them: any bytes, damaged packets, and a dishonest source's.
//! - [`fragments`]: fragments in any order, compared with a model of the assembler.
//! - [`surbs`]: SURBs, damaged or not, from their maker to the reply; and the keystore, compared with a model.
//! - [`request`]: the encoding of requests and replies.
//! - [`state_machine`]: a small network of whole nodes, and anything that a driver, a chain or an attacker may do to it.
//!
//! What they share:
//!
//! - [`reader`]: numbers and choices from bytes.
//! - [`keys`]: keys of nodes, and routes through them.
//! - [`forge`]: packets with any routing actions and a valid MAC, written after PROTOCOL.md without node-core's code.
//! - [`seeds`]: the seed corpus, which is generated.

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

/// A target: its name, which is also its corpus folder's, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 5] = [
	("unwrap", unwrap::run),
	("fragments", fragments::run),
	("surbs", surbs::run),
	("request", request::run),
	("state_machine", state_machine::run),
];
