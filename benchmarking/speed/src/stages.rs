//! The stages of unwrapping, one by one, on the data that a forwarded packet gives each of them.
//!
//! A node takes more time than their sum: it also moves packets, wipes secrets, and has queues.

// The primitives are private to the node's crate. Their file is compiled here once more.
#[allow(dead_code)]
#[path = "../../../node-core/src/sphinx/primitives.rs"]
mod primitives;

use crate::rng;
use mixnet_node_core::{
	replay::{ReplayFilter, ReplayTag},
	sphinx::{exponential, PAYLOAD_SIZE},
};
use primitives::{apply_stream, derive, mac_each, HASH_LANES};
use rand_chacha::{rand_core::RngCore, ChaChaRng};
use std::{
	hint::black_box,
	time::{Duration, Instant},
};

/// How many packets a stage works on at once.
pub const BATCH: usize = 32;

/// How many bytes the actions have, and how many with what the hop appends.
const ACTIONS_SIZE: usize = 140;
const EXTENDED_ACTIONS_SIZE: usize = ACTIONS_SIZE + 50;
/// How many bytes of a payload LIONESS hashes and encrypts with a stream.
const RIGHT_SIZE: usize = PAYLOAD_SIZE - 32;
/// How many tags the replay filter has at first. It is made anew when it has twice as many.
const TAGS: usize = 1_000_000;

/// Runs a stage on [`BATCH`] packets, and returns the time that it took.
type Stage = fn(&mut Inputs) -> Duration;

/// All stages by name, without the multiplications, which `x25519-batch` does.
pub const STAGES: [(&str, Stage); 8] = [
	("hop secrets", |inputs| inputs.time(|inputs| inputs.derive_each::<64>(32))),
	("MAC", |inputs| inputs.time(Inputs::mac_each)),
	("actions and delay", |inputs| inputs.time(Inputs::actions_each)),
	("replay filter", Inputs::replay_each),
	("blinding factor", |inputs| inputs.time(|inputs| inputs.derive_each::<32>(64))),
	("payload key", |inputs| {
		inputs.time(|inputs| {
			for _ in 0..3 {
				inputs.derive_each::<64>(32);
			}
		})
	}),
	("LIONESS, hashes", |inputs| {
		inputs.time(|inputs| {
			for _ in 0..2 {
				inputs.hash_each();
			}
		})
	}),
	("LIONESS, streams", |inputs| {
		inputs.time(|inputs| {
			for _ in 0..2 {
				inputs.stream_each();
			}
		})
	}),
];

/// The data that the stages work on.
pub struct Inputs {
	rng: ChaChaRng,
	secrets: [[u8; 64]; BATCH],
	actions: [[u8; EXTENDED_ACTIONS_SIZE]; BATCH],
	payloads: Vec<[u8; RIGHT_SIZE]>,
	filter: ReplayFilter,
}

impl Inputs {
	/// Makes random inputs.
	pub fn new() -> Self {
		let mut rng = rng(5);
		let mut secrets = [[0; 64]; BATCH];
		secrets.iter_mut().for_each(|secret| rng.fill_bytes(secret));
		let filter = filled_filter(&mut rng, TAGS);
		let payloads = vec![[7; RIGHT_SIZE]; BATCH];
		Self { rng, secrets, actions: [[7; EXTENDED_ACTIONS_SIZE]; BATCH], payloads, filter }
	}

	fn time(&mut self, stage: impl FnOnce(&mut Self)) -> Duration {
		let start = Instant::now();
		stage(self);
		start.elapsed()
	}

	fn derive_each<const N: usize>(&mut self, key_len: usize) {
		for secret in &self.secrets {
			black_box(derive::<N>(b"a name as long..", 0, black_box(&secret[..key_len])));
		}
	}

	fn mac_each(&mut self) {
		for (secrets, actions) in self.secrets.chunks(HASH_LANES).zip(self.actions.chunks(HASH_LANES)) {
			let inputs = secrets.iter().zip(actions);
			black_box(mac_each::<16>(inputs.map(|(key, actions)| (&key[..16], &actions[..ACTIONS_SIZE]))));
		}
	}

	fn actions_each(&mut self) {
		for (secret, actions) in self.secrets.iter().zip(&mut self.actions) {
			apply_stream(secret[..32].try_into().expect("32 bytes; qed"), black_box(actions));
			black_box(exponential(secret[..16].try_into().expect("16 bytes; qed")));
		}
	}

	fn hash_each(&mut self) {
		for (secrets, payloads) in self.secrets.chunks(HASH_LANES).zip(self.payloads.chunks(HASH_LANES)) {
			let inputs = secrets.iter().zip(payloads);
			black_box(mac_each::<32>(inputs.map(|(key, payload)| (&key[..], &payload[..]))));
		}
	}

	fn stream_each(&mut self) {
		for (secret, payload) in self.secrets.iter().zip(&mut self.payloads) {
			apply_stream(secret[..32].try_into().expect("32 bytes; qed"), black_box(payload));
		}
	}

	/// A tag for each packet, which is looked up twice (see `Mixnet::is_wanted` and `Mixnet::accept`), and entered.
	fn replay_each(&mut self) -> Duration {
		if self.filter.len() > 2 * TAGS {
			self.filter = filled_filter(&mut self.rng, TAGS);
		}
		// The packets must be new to the filter.
		self.secrets.iter_mut().for_each(|secret| self.rng.fill_bytes(secret));
		self.time(|inputs| {
			let tag = |secret| ReplayTag::from_bits(u64::from_le_bytes(derive(b"a name as long..", 0, secret)));
			let tags = inputs.secrets.each_ref().map(|secret| tag(secret));
			for tag in tags {
				black_box(inputs.filter.check(tag).is_ok());
			}
			for tag in tags {
				black_box(inputs.filter.check(tag).is_ok() && inputs.filter.insert(tag).is_ok());
			}
		})
	}
}

impl Default for Inputs {
	fn default() -> Self {
		Self::new()
	}
}

/// A filter with `tags` tags, which may grow as large as a node's.
pub fn filled_filter(rng: &mut ChaChaRng, tags: usize) -> ReplayFilter {
	let mut filter = ReplayFilter::new(rng, 256 << 20);
	while filter.len() < tags {
		// Some tags are refused because their fingerprint was seen before, by chance.
		let _ = filter.insert(ReplayTag::from_bits(rng.next_u64()));
	}
	filter
}
