//! A digest of all that leaves the nodes of a [`World`](crate::World), by which two runs are compared.
//!
//! Two runs with one seed must be the same, byte for byte: else a failure could not be repeated, and something in the core
//! would depend on more than its inputs. Noted are each packet with its receiver and what becomes of it, each event, each
//! time at which a node wants to be called again, and each key that it registers. Compare [`Checkpoint`]s of every second or
//! so to find out where two runs part.

use crate::output::Output;
use mixnet_node_core::{DropReason, KxPublic, Time};
use std::fmt::Debug;

/// The running digest.
pub struct Digest {
	hash: blake2b_simd::State,
	outputs: u64,
}

/// All that left the nodes until some time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
	/// How many packets, events and times there were.
	pub outputs: u64,
	/// The digest of them all.
	pub hash: String,
}

impl Digest {
	pub(crate) fn new() -> Self {
		Self { hash: blake2b_simd::Params::new().hash_length(32).to_state(), outputs: 0 }
	}

	/// The digest so far.
	pub fn checkpoint(&self) -> Checkpoint {
		Checkpoint { outputs: self.outputs, hash: self.hash.finalize().to_hex().to_string() }
	}

	fn note_time(&mut self, at: Time) {
		self.hash.update(&at.since_epoch().as_nanos().to_le_bytes());
	}

	/// Notes what left a node.
	pub(crate) fn note<R: Debug>(&mut self, at: Time, node: usize, output: &Output<R>) {
		if matches!(output, Output::Arrival { .. }) {
			return; // It left another node before.
		}
		self.outputs += 1;
		self.note_time(at);
		self.hash.update(&(node as u64).to_le_bytes());
		match output {
			Output::Packet(packet) => {
				self.hash.update(&[0]).update(&packet.peer_id.0).update(packet.packet.as_bytes());
			},
			Output::Event(event) => {
				let event = format!("{event:?}");
				self.hash.update(&[1]).update(&event.len().to_le_bytes()).update(event.as_bytes());
			},
			Output::Timeout(None) => {
				self.hash.update(&[2]);
			},
			Output::Timeout(Some(at)) => {
				self.hash.update(&[3]);
				self.note_time(*at);
			},
			Output::Arrival { .. } => (),
		}
	}

	/// Notes what became of a packet that came to a node.
	pub(crate) fn note_handled(&mut self, reason: Option<DropReason>) {
		self.hash.update(&[reason.map_or(u8::MAX, |reason| reason as u8)]);
	}

	/// Notes a key that a node registered.
	pub(crate) fn note_key(&mut self, key: &KxPublic) {
		self.hash.update(&key.0);
	}
}
