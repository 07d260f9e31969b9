//! How much memory a node takes at most, as its configuration bounds it.
//!
//! Everything that strangers send is kept somewhere, and the [`Config`] bounds every such place. Each type states in its
//! `max_bytes` what its bound amounts to in bytes, and here they are added. The sum is of heap at rest, between calls. While
//! a call lasts, it may take some packets more.

use crate::{
	bytes::{rounded, sum},
	loops::LoopMonitor,
	message::{max_data, Assembler, SurbKeystore},
	mixnet::{Batch, Build, Event, MAX_BATCH},
	parameters::{ParametersExt, LARGEST},
	replay::ReplayFilter,
	request::{PendingRequests, ReplyCache},
	session::Sessions,
	sphinx::Scratch,
	topology::{Gateways, Topology},
	traffic::{most_waiting, AuthoredQueue, CoverStock, ForwardQueue, Shares},
	Config, Parameters,
};

/// Live sessions, each with queues, mixnodes, loops and a replay filter of its own.
const LIVE_SESSIONS: usize = 2;

impl Config {
	/// Bytes that [`memory_bytes`](Self::memory_bytes) counts for one mixnode of a session: it may have 16 addresses of 128
	/// bytes each, as on the example chain. If a chain allows more, count with more mixnodes.
	pub const MAX_BYTES_PER_MIXNODE: usize = Topology::MAX_BYTES_PER_MIXNODE;

	/// As [`memory_bytes`](Self::memory_bytes), whatever parameters a chain sets: with the largest that
	/// [`Parameters::check`] lets it set, field by field, or the configured ones.
	pub fn max_memory_bytes(&self, mixnodes: usize) -> usize {
		self.memory_bytes(&self.largest_parameters(), mixnodes)
	}

	/// Field by field, the largest parameters that a session may have.
	pub(crate) fn largest_parameters(&self) -> Parameters {
		self.parameters.larger(&LARGEST)
	}

	/// The most bytes of heap that one [`Mixnet`](crate::Mixnet) of this configuration keeps between calls, whatever
	/// others send it, in sessions of at most `mixnodes` mixnodes and with these `parameters`, or with smaller ones.
	///
	/// | what | bounded by | each |
	/// |---|---|---|
	/// | replay filters, one for each of two sessions | `replay_filter_bytes`, also while they grow | |
	/// | packets to be forwarded, in two sessions | 11 times `parameters.forward_queue_capacity`, up to 11,000 or the capacity | 2,252 bytes and 144 of entries |
	/// | what neighbours have sent of them lately, in two sessions | `parameters.forward_queue_capacity`, `mixnodes` | about 300 bytes |
	/// | authored packets, in two sessions | the larger `queue_capacity` of `parameters` | 2,252 bytes and 144 of entry |
	/// | keys of SURBs | `surb_keystore_capacity` | 1,200 bytes and about 280 of entries |
	/// | fragments of incomplete requests | `max_incomplete_fragments` | 2,097 bytes and about 130 of entry |
	/// | incomplete requests | `max_incomplete_messages` | about 1,020 bytes of entries |
	/// | fragments of incomplete replies | `surb_keystore_capacity` | as those of requests, a message each |
	/// | requests pending | `request.capacity` | their data: 2,025 bytes x `parameters.max_fragments_per_message` |
	/// | replies remembered | `reply.capacity` | their data: as much |
	/// | requests to be polled | `max_queued_requests` | their data and SURBs: twice as much |
	/// | loops out and overdue, in two sessions | twice those out on average, 16,384 at most | about 1,000 bytes |
	/// | scores of mixnodes and links, in two sessions | `mixnodes`; links: 16,384, or 2 for each mixnode | about 250 bytes |
	/// | cover built ahead, in two sessions | 16 packets each | 2,252 bytes and about 230 of entry |
	/// | what the driver builds, a copy of a request at most | `parameters.max_fragments_per_message`, if `driver_builds` | about 29 kB |
	/// | packets unwrapped together | 64 | about 550 bytes |
	/// | gateways that the node keeps in mind | ten for each of `gateways`; `mixnodes` | about 300 bytes; 100 bytes |
	/// | mixnodes of two sessions | `mixnodes` | [`MAX_BYTES_PER_MIXNODE`](Self::MAX_BYTES_PER_MIXNODE) |
	///
	/// Memory that the driver causes is not bounded, and comes on top: events other than requests that it does not poll (about
	/// 200 bytes each, and the data of answers), connected peers that are no mixnodes of live sessions (about 100 bytes each),
	/// keys restored before the first session status, and spare capacity in the vectors of requests that it posts and of
	/// mixnodes that it tells.
	pub fn memory_bytes(&self, parameters: &Parameters, mixnodes: usize) -> usize {
		let message = max_data(parameters.max_fragments(), 0);
		let of_role = |of: &dyn Fn(bool) -> usize| self.roles().map(of).max().unwrap_or(0);
		let queue = |is_mixnode| parameters.authoring(is_mixnode).queue_capacity;
		let gateways = |is_mixnode| if is_mixnode { 0 } else { self.gateways.min(mixnodes) };
		let authored = of_role(&|is_mixnode| AuthoredQueue::max_bytes(queue(is_mixnode), gateways(is_mixnode)));
		let loops = of_role(&|is_mixnode| LoopMonitor::max_bytes(self, parameters, is_mixnode, mixnodes));
		let terms = [
			ForwardQueue::max_bytes(
				most_waiting(parameters.forward_queue_capacity as usize).saturating_mul(LIVE_SESSIONS),
			),
			Shares::max_bytes(parameters.forward_queue_capacity as usize, mixnodes).saturating_mul(LIVE_SESSIONS),
			authored.saturating_mul(LIVE_SESSIONS),
			SurbKeystore::max_bytes(self.surb_keystore_capacity),
			Assembler::max_bytes(self.max_incomplete_messages, self.max_incomplete_fragments),
			Assembler::max_bytes(self.surb_keystore_capacity, self.surb_keystore_capacity),
			PendingRequests::max_bytes(self.request.capacity, message),
			ReplyCache::max_bytes(self.reply.capacity, message),
			Event::max_bytes(self.max_queued_requests, message),
			loops.saturating_mul(LIVE_SESSIONS),
			Topology::max_bytes(mixnodes).saturating_mul(LIVE_SESSIONS),
			Gateways::max_bytes(self.gateways, mixnodes.saturating_mul(LIVE_SESSIONS)),
			Sessions::max_bytes(),
			sum([Batch::max_bytes(MAX_BATCH), Scratch::max_bytes(MAX_BATCH)]),
			CoverStock::max_bytes(self.gateways.min(mixnodes)).saturating_mul(LIVE_SESSIONS),
			if self.driver_builds { Build::max_bytes(parameters.max_fragments()) } else { 0 },
		];
		// Not rounded: the filters' tables are large, and what an allocator adds to large allocations is mere address space.
		let filters = ReplayFilter::max_bytes(self.replay_filter_bytes).saturating_mul(LIVE_SESSIONS);
		terms.into_iter().map(rounded).fold(filters, usize::saturating_add)
	}

	/// For each role that we may have in a session, whether it is that of a mixnode.
	fn roles(&self) -> impl Iterator<Item = bool> {
		[true, false].into_iter().take(1 + usize::from(self.non_mixnode))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	type Change = fn(&mut Config);

	#[test]
	fn the_default_is_a_few_hundred_megabytes_most_of_it_replay_filters() {
		let config = Config::default();
		let bytes = config.memory_bytes(&config.parameters, 100);
		assert!((2 * config.replay_filter_bytes..660 << 20).contains(&bytes), "{bytes}");
		// And as many again at the limits of what a chain may set.
		let most = config.max_memory_bytes(100);
		println!("{bytes} bytes, {most} at most");
		assert!((bytes..850 << 20).contains(&most), "{most}");
	}

	#[test]
	fn no_good_parameters_take_more_than_the_most() {
		let config = Config { replay_filter_bytes: 1000, ..Config::default() };
		let most = config.max_memory_bytes(100);
		let changes: [fn(&mut Parameters); 6] = [
			|_| (),
			|parameters| parameters.forward_queue_capacity = 10_000,
			|parameters| (parameters.mixnode_queue_capacity, parameters.mixnode_mean_period_ms) = (1_000, 5),
			|parameters| (parameters.mean_forwarding_delay_ms, parameters.mixnode_mean_period_ms) = (60_000, 100),
			|parameters| parameters.loop_cover_permille = 900,
			|parameters| {
				(parameters.mixnode_queue_capacity, parameters.non_mixnode_queue_capacity) = (64, 64);
				parameters.max_fragments_per_message = 64;
			},
		];
		let mut parameters = Parameters { forward_queue_capacity: 10_000, ..Parameters::default() };
		for change in changes {
			change(&mut parameters);
			println!("{} of {most}", config.memory_bytes(&parameters, 100));
			assert!(config.memory_bytes(&parameters, 100) <= most);
		}
		// The configured parameters count, although no chain may set them.
		parameters.forward_queue_capacity = 20_000;
		let config = Config { parameters, ..config };
		assert!(config.max_memory_bytes(100) > most);
		assert!(config.memory_bytes(&parameters, 100) <= config.max_memory_bytes(100));
	}

	/// Checked against what the documentation of the fields says, too.
	#[test]
	fn every_bound_counts_for_what_it_lets_in_and_no_more() {
		let default = Config::default();
		let message = max_data(default.parameters.max_fragments(), 0);
		// A thousand more of each: bytes each that must be reckoned with, and what the field says that it takes.
		let changes: [(Change, usize, usize); 9] = [
			(|config| config.replay_filter_bytes += 1000, 2, 2),
			// 500 fewer, for each of which eleven packets may wait in each of two sessions.
			(|config| config.parameters.forward_queue_capacity -= 500, 11 * 2252, 11 * 3000 + 400),
			(|config| config.parameters.mixnode_queue_capacity += 1000, 2 * 2252, 2 * 3000),
			(|config| config.surb_keystore_capacity += 1000, 6 * 192 + 2025, 6000),
			(|config| config.max_incomplete_fragments += 1000, 2025, 2900),
			(|config| config.max_incomplete_messages -= 1000, 0, 1300),
			(|config| config.request.capacity += 1000, message, message * 5 / 4 + 4000),
			(|config| config.reply.capacity += 1000, message, message * 5 / 4 + 600),
			(|config| config.max_queued_requests += 1000, 2 * message, message * 5 / 2 + 500),
		];
		let bytes = |config: &Config, mixnodes| config.memory_bytes(&config.parameters, mixnodes);
		let before = bytes(&default, 50);
		for (number, (change, least, most)) in changes.into_iter().enumerate() {
			let mut config = default.clone();
			change(&mut config);
			let each = bytes(&config, 50).abs_diff(before) / 1000;
			println!("change {number}: {each} for each");
			assert!((least..=most).contains(&each), "change {number}: {each}");
		}
		assert!(bytes(&default, 51) >= before + 2 * Config::MAX_BYTES_PER_MIXNODE);
	}

	/// The table of [`Config::memory_bytes`], entry by entry: a mistake in a term is small beside the sum. Of small entries it
	/// says what allocators make of them.
	#[cfg(target_pointer_width = "64")]
	#[test]
	fn each_entry_takes_what_the_table_says() {
		let config = Config::default();
		let loops = |mixnodes| LoopMonitor::max_bytes(&config, &config.parameters, true, mixnodes);
		type Bound<'a> = &'a dyn Fn(usize) -> usize;
		let bounds: [(&str, usize, Bound); 16] = [
			("packets to be forwarded", 2252 + 144, &ForwardQueue::max_bytes),
			("what neighbours have sent", 216, &|packets| Shares::max_bytes(packets, 0)),
			("what mixnodes have sent", 96, &|mixnodes| Shares::max_bytes(0, mixnodes)),
			("authored packets", 2252 + 144, &|packets| AuthoredQueue::max_bytes(packets, 0)),
			("keys of SURBs", 6 * 200 + 264, &SurbKeystore::max_bytes),
			("fragments", 2097 + 144, &|fragments| Assembler::max_bytes(1, fragments)),
			("incomplete messages", 1020, &|messages| Assembler::max_bytes(messages, 10_000)),
			("requests pending, without data", 2344, &|requests| PendingRequests::max_bytes(requests, 0)),
			("replies remembered, without data", 312, &|replies| ReplyCache::max_bytes(replies, 0)),
			("requests to be polled, without data", 304, &|requests| Event::max_bytes(requests, 0)),
			("scores of mixnodes and links", 1824, &loops),
			("packets opened together", 344, &Batch::max_bytes),
			("keys multiplied together", 104, &Scratch::max_bytes),
			("gateways, ten of each", 10 * 288, &|gateways| Gateways::max_bytes(gateways, 0)),
			("gateways of mixnodes", 96, &|mixnodes| Gateways::max_bytes(0, mixnodes)),
			("mixnodes", Config::MAX_BYTES_PER_MIXNODE + 108, &Topology::max_bytes),
		];
		for (what, says, bytes) in bounds {
			let each = (bytes(2000) - bytes(1000)) / 1000;
			assert!(each.abs_diff(says) * 100 <= says, "{what}: {each}, not {says}");
		}
		let cover = 16 * (2252 + 230);
		assert!(CoverStock::max_bytes(0).abs_diff(cover) * 50 < cover, "{}", CoverStock::max_bytes(0));
	}

	/// To the byte, so that a mistake in the smallest term shows. Whoever changes what is kept changes these numbers, and those in
	/// docs/parameters.md.
	#[cfg(target_pointer_width = "64")]
	#[test]
	fn the_sums_are_as_they_were_reckoned() {
		let config = Config::default();
		let mut small = Config { max_incomplete_messages: 7, max_incomplete_fragments: 11, ..config.clone() };
		(small.surb_keystore_capacity, small.max_queued_requests, small.replay_filter_bytes) = (13, 3, 5000);
		(small.request.capacity, small.reply.capacity, small.gateways) = (17, 19, 5);
		small.non_mixnode = false;
		let parameters = Parameters { forward_queue_capacity: 57, max_fragments_per_message: 3, ..config.parameters };
		let sums = [
			config.memory_bytes(&config.parameters, 100),
			config.max_memory_bytes(100),
			small.memory_bytes(&parameters, 4),
			small
				.memory_bytes(&Parameters { mixnode_queue_capacity: 200, loop_cover_permille: 900, ..parameters }, 300),
		];
		assert_eq!(sums, [682_750_583, 822_415_368, 5_698_202, 11_789_377]);
	}

	#[test]
	fn absurd_bounds_saturate() {
		let config = Config { max_queued_requests: usize::MAX, ..Config::default() };
		assert_eq!(config.max_memory_bytes(usize::MAX), usize::MAX);
	}
}
