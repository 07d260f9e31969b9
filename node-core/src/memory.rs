//! How much memory a node takes at most, as its configuration bounds it.
//!
//! What strangers send ends up in rooms, and every room has a bound in the [`Config`]. Here the bounds become bytes.
//! The sum is of heap at rest, between calls; while a call lasts, it may take some packets more.
//!
//! Two things are stated rather than measured. Collections hold more than their entries: those that grow by doubling
//! up to twice as much (see [`list`]), B-trees up to three times (see [`tree`]). And allocators round sizes up, by a
//! quarter at most for all sizes that matter here (see [`rounded`]).

use crate::{
	loops::LoopMonitor,
	message::{MAX_DATA, MAX_SURBS_PER_FRAGMENT},
	mixnet::{Event, ReceivedPacket, MAX_BATCH},
	parameters::{InUnits, LARGEST},
	replay::ReplayTag,
	request::{CachedReply, Pending, RequestId},
	session::{KeyPair, Session},
	sphinx::{MixnodeIndex, SurbId, SurbKeys, MAX_HOPS, PACKET_SIZE, SURB_SIZE},
	traffic::{AuthoredPacket, CoverStock, ForwardQueue},
	AddressedPacket, Config, MessageId, Mixnode, Parameters, PeerId, Time,
};
use alloc::{boxed::Box, vec::Vec};
use core::mem::size_of;

/// A key of one layer of a payload, and the pointer to it.
const PAYLOAD_KEY: usize = 192 + POINTER;
const POINTER: usize = size_of::<usize>();
/// A number that says when something was used, or how old it is.
const AGE: usize = size_of::<u64>();
/// Message IDs that a pending request may have had, and the one it has.
const MESSAGE_IDS: usize = 9;
/// The key of a replay filter's tags.
const TAG_KEY: usize = 32;

impl Config {
	/// Bytes that one mixnode of a session is reckoned at in [`memory_bytes`](Self::memory_bytes): it may have
	/// 16 addresses of 128 bytes each, as on the example chain. Where a chain allows more, reckon with more mixnodes.
	pub const MAX_BYTES_PER_MIXNODE: usize = size_of::<Mixnode>() + 16 * (size_of::<Vec<u8>>() + 128);

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
	/// | room | bounded by | each |
	/// |---|---|---|
	/// | replay filters, one for each of two sessions | `replay_filter_bytes`, also while they grow | |
	/// | packets to be forwarded | `parameters.forward_queue_capacity` | 2,252 bytes and 144 of entries |
	/// | authored packets, in two sessions | the larger `queue_capacity` of `parameters` | 2,252 bytes and 112 of entry |
	/// | keys of SURBs | `surb_keystore_capacity` | 1,200 bytes and about 280 of entries |
	/// | fragments of incomplete requests | `max_incomplete_fragments` | 2,097 bytes and about 130 of entry |
	/// | incomplete requests | `max_incomplete_messages` | about 860 bytes of entries |
	/// | fragments of incomplete replies | `surb_keystore_capacity` | as those of requests, a message each |
	/// | requests pending | `request.capacity` | their data: 2,025 bytes x `parameters.max_fragments_per_message` |
	/// | replies remembered | `reply.capacity` | their data: as much |
	/// | requests to be polled | `max_queued_requests` | their data and SURBs: twice as much |
	/// | loops out and overdue, in two sessions | twice those out on average, 16,384 at most | about 1,000 bytes |
	/// | scores of mixnodes and links, in two sessions | `mixnodes`; links: 16,384, or 2 for each mixnode | about 250 bytes |
	/// | drop cover built ahead, in two sessions | 8 packets each | 2,252 bytes and 40 of entry |
	/// | packets unwrapped together | 64 | about 550 bytes |
	/// | mixnodes of two sessions | `mixnodes` | [`MAX_BYTES_PER_MIXNODE`](Self::MAX_BYTES_PER_MIXNODE) |
	///
	/// What the driver does is not bounded, and comes on top: events other than requests that it does not poll (about
	/// 200 bytes each, and the data of answers), peers connected that are no mixnodes of live sessions (about 100 bytes
	/// each), keys restored before the first session status, and room that is reserved in the vectors of requests that it
	/// posts and of mixnodes that it tells.
	pub fn memory_bytes(&self, parameters: &Parameters, mixnodes: usize) -> usize {
		let rooms = [
			forward_queue_bytes(parameters),
			self.authored_queues_bytes(parameters),
			self.surb_keystore_bytes(),
			self.assembler_bytes(self.max_incomplete_messages, self.max_incomplete_fragments),
			self.assembler_bytes(self.surb_keystore_capacity, self.surb_keystore_capacity),
			self.pending_bytes(parameters),
			self.reply_cache_bytes(parameters),
			self.queued_requests_bytes(parameters),
			self.loops_bytes(parameters, mixnodes),
			topologies_bytes(mixnodes),
			sessions_bytes(),
			batch_bytes(),
			cover_bytes(),
		];
		rooms.into_iter().map(rounded).fold(self.replay_filters_bytes(), usize::saturating_add)
	}

	/// Not rounded up: their tables are large, and what an allocator adds to such is at most address space.
	fn replay_filters_bytes(&self) -> usize {
		self.replay_filter_bytes.saturating_add(rounded(TAG_KEY)).saturating_mul(2)
	}

	fn authored_queues_bytes(&self, parameters: &Parameters) -> usize {
		let capacity = self.roles().map(|is_mixnode| parameters.authoring(is_mixnode).queue_capacity).max();
		packets(capacity.unwrap_or(0), size_of::<AuthoredPacket>()).saturating_mul(2)
	}

	/// What we may be in a session: a mixnode or, if we may, not.
	fn roles(&self) -> impl Iterator<Item = bool> {
		[true, false].into_iter().take(1 + usize::from(self.non_mixnode))
	}

	fn surb_keystore_bytes(&self) -> usize {
		let capacity = self.surb_keystore_capacity;
		sum([
			capacity.saturating_mul(MAX_HOPS * PAYLOAD_KEY),
			tree(capacity, SurbId::SIZE + AGE + MessageId::SIZE + size_of::<SurbKeys>()),
			tree(capacity, AGE + SurbId::SIZE),
		])
	}

	fn assembler_bytes(&self, messages: usize, fragments: usize) -> usize {
		let messages = messages.min(fragments);
		// Data and SURBs share the room that there is in a fragment; a SURB has a pointer to it besides.
		let fragment = MAX_DATA + MAX_SURBS_PER_FRAGMENT * POINTER;
		// A fragment's index, data and SURBs.
		let part = size_of::<(u16, Box<[u8]>, Vec<u8>)>();
		// A message's ID, count, tree of parts and age.
		let message = MessageId::SIZE + 4 * POINTER + AGE;
		sum([
			fragments.saturating_mul(fragment),
			// One tree for each message: a first node for each.
			tree(fragments, part),
			messages.saturating_mul(tree(0, part)),
			tree(messages, message),
			tree(messages, AGE + MessageId::SIZE),
		])
	}

	fn pending_bytes(&self, parameters: &Parameters) -> usize {
		let capacity = self.request.capacity;
		let message_ids = list(MESSAGE_IDS, MessageId::SIZE);
		sum([
			capacity.saturating_mul(max_message_bytes(parameters).saturating_add(message_ids)),
			tree(capacity, size_of::<RequestId>() + size_of::<Pending>()),
			tree(capacity.saturating_mul(MESSAGE_IDS), MessageId::SIZE + size_of::<RequestId>()),
			list(capacity, size_of::<RequestId>()),
			tree(capacity, size_of::<(Time, RequestId)>()),
		])
	}

	fn reply_cache_bytes(&self, parameters: &Parameters) -> usize {
		let capacity = self.reply.capacity;
		// The request's ID, the reply, when it was sent, and when it was used.
		let entry = MessageId::SIZE + size_of::<CachedReply>() + size_of::<Option<Time>>() + AGE;
		sum([
			capacity.saturating_mul(max_message_bytes(parameters)),
			tree(capacity, entry),
			tree(capacity, AGE + MessageId::SIZE),
		])
	}

	/// Of two sessions, whatever we are in them.
	fn loops_bytes(&self, parameters: &Parameters, mixnodes: usize) -> usize {
		let of = |is_mixnode| LoopMonitor::entries(self, parameters, is_mixnode, mixnodes);
		let larger = |[a, b]: [usize; 2], [c, d]: [usize; 2]| [a.max(c), b.max(d)];
		let [out, scores] = self.roles().map(of).fold([0; 2], larger);
		let [out_size, overdue_size, score_size] = LoopMonitor::ENTRY_SIZES;
		let path = (MAX_HOPS + self.gateways) * size_of::<MixnodeIndex>();
		sum([
			// By deadline and by ID; then the overdue ones by ID, and their order.
			out.saturating_mul(path),
			tree(out, out_size),
			tree(out, overdue_size),
			tree(out, overdue_size),
			list(out, overdue_size),
			tree(scores, score_size),
			tree(mixnodes, 4 * POINTER),
			mixnodes.saturating_mul(LoopMonitor::NEIGHBOURS_SIZE),
		])
		.saturating_mul(2)
	}

	fn queued_requests_bytes(&self, parameters: &Parameters) -> usize {
		// Put together fragment by fragment, so up to twice as large as the data is. SURBs take less than the data that
		// there could be in their place.
		const _: () = assert!(SURB_SIZE + 2 * POINTER < 2 * SURB_SIZE);
		let request = max_message_bytes(parameters).saturating_mul(2).saturating_add(4 * POINTER);
		let capacity = self.max_queued_requests;
		sum([capacity.saturating_mul(request), list(capacity, size_of::<Event>())])
	}
}

/// The most bytes of data that one message carries.
fn max_message_bytes(parameters: &Parameters) -> usize {
	parameters.max_fragments().saturating_mul(MAX_DATA)
}

/// Of both sessions together.
fn forward_queue_bytes(parameters: &Parameters) -> usize {
	packets(parameters.forward_queue_capacity as usize, ForwardQueue::ENTRY_SIZE)
}

/// Of two sessions, all of whose mixnodes may be connected. Lists of addresses come from the driver as they are.
fn topologies_bytes(mixnodes: usize) -> usize {
	let topology = sum([
		mixnodes.saturating_mul(Config::MAX_BYTES_PER_MIXNODE),
		// Those that are gateways, and those that have our peer ID.
		list(mixnodes, 2 * size_of::<MixnodeIndex>()),
	]);
	sum([topology.saturating_mul(2), tree(mixnodes.saturating_mul(2), size_of::<PeerId>())])
}

/// Of two sessions, and the keys of the next.
fn sessions_bytes() -> usize {
	// With the counts of those who share it.
	let secret = 32 + 3 * POINTER;
	sum([2 * (size_of::<Session>() + secret), tree(1, size_of::<u64>() + size_of::<KeyPair>()), secret])
}

/// Room for packets that are unwrapped together, and what is multiplied for them. The packets leave before the call ends.
fn batch_bytes() -> usize {
	let multiplication = 3 * 32 + size_of::<usize>();
	// And lanes that try another key.
	let multiplications = MAX_BATCH + 8;
	MAX_BATCH * (size_of::<ReceivedPacket>() + size_of::<Option<ReplayTag>>()) + multiplications * multiplication
}

/// Drop cover of two sessions.
fn cover_bytes() -> usize {
	2 * CoverStock::SIZE * (PACKET_SIZE + size_of::<AddressedPacket>())
}

/// Packets in a queue, whose entries are so large.
fn packets(capacity: usize, entry: usize) -> usize {
	sum([capacity.saturating_mul(PACKET_SIZE), list(capacity, entry)])
}

/// A vector, a queue or a heap of so many entries: it grows by doubling, and starts at four.
fn list(entries: usize, size: usize) -> usize {
	entries.saturating_mul(2).saturating_add(4).saturating_mul(size)
}

/// A B-tree of so many entries. A node has room for 11, and all but the first have 5 at least: that is 2.2 times the
/// entries' size. Besides there are 16 bytes in each node, and 96 in each inner one: 6.4 bytes an entry. Together less
/// than three times the size of entries of 8 bytes and more; and the first node.
fn tree(entries: usize, size: usize) -> usize {
	let size = size.max(8);
	sum([entries.saturating_mul(3).saturating_mul(size), 11 * size + 128])
}

/// As an allocator rounds it up: size classes are a quarter apart at most.
fn rounded(bytes: usize) -> usize {
	bytes.saturating_add(bytes / 4)
}

fn sum<const N: usize>(terms: [usize; N]) -> usize {
	terms.into_iter().fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
	use super::*;

	type Change = fn(&mut Config);

	#[test]
	fn the_default_is_a_few_hundred_megabytes_most_of_it_replay_filters() {
		let config = Config::default();
		let bytes = config.memory_bytes(&config.parameters, 100);
		assert!((2 * config.replay_filter_bytes..600 << 20).contains(&bytes), "{bytes}");
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
		// What is configured counts, though no chain may set it.
		parameters.forward_queue_capacity = 20_000;
		let config = Config { parameters, ..config };
		assert!(config.max_memory_bytes(100) > most);
		assert!(config.memory_bytes(&parameters, 100) <= config.max_memory_bytes(100));
	}

	/// Checked against what the documentation of the fields says, too.
	#[test]
	fn every_bound_counts_for_what_it_lets_in_and_for_no_more_than_it_says() {
		let default = Config::default();
		let message = max_message_bytes(&default.parameters);
		// A thousand more of each: bytes each that must be reckoned with, and what the field says that it takes.
		let changes: [(Change, usize, usize); 9] = [
			(|config| config.replay_filter_bytes += 1000, 2, 2),
			(|config| config.parameters.forward_queue_capacity += 1000, 2252, 3000),
			(|config| config.parameters.mixnode_queue_capacity += 1000, 2 * 2252, 2 * 3000),
			(|config| config.surb_keystore_capacity += 1000, 6 * 192 + 2025, 6000),
			(|config| config.max_incomplete_fragments += 1000, 2025, 2900),
			(|config| config.max_incomplete_messages -= 1000, 0, 1200),
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

	#[test]
	fn absurd_bounds_saturate() {
		let config = Config { max_queued_requests: usize::MAX, ..Config::default() };
		assert_eq!(config.max_memory_bytes(usize::MAX), usize::MAX);
	}
}
