//! Which tags were seen.

use super::tag::{ReplayTag, TagKey};
use crate::sphinx::Opened;
use alloc::vec::Vec;
use core::{fmt, mem};
use rand_core::{CryptoRng, RngCore};

/// Why a packet must not be acted on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReplayError {
	/// It was acted on before. (Or, with a chance of one in 2^64 for each packet seen, another packet of the same tag.)
	#[error("the packet was acted on before")]
	Seen,
	/// There is no room to remember it, so a copy would not be recognised. The session's key takes no new packets any
	/// more; the next session's has its own filter.
	#[error("the replay filter is full")]
	Full,
}

/// The tags of all packets that were acted on under one key.
///
/// An exact set, in 64 parts so that growing stops the node for a 64th of the time. Nothing is allocated before the first
/// packet; from then on about 9 to 18 bytes for each, up to the bound. When full it refuses what is new, and still knows
/// all that it ever took.
///
/// ```
/// use mixnet_node_core::{replay::{ReplayError, ReplayFilter}, sphinx::*};
/// # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
/// # let mut rng = ChaChaRng::from_seed([7; 32]);
/// let key = KxSecret::random(&mut rng);
/// let mut filter = ReplayFilter::new(&mut rng, 1 << 20);
/// # let target = Target::Mixnode(MixnodeIndex::new(0).unwrap());
/// # let route = [Hop { target, kx_public: key.public() }];
/// let packet = build_cover(&mut rng, &route, None)?.packet;
/// let tag = filter.tag(&Opened::open(&key, &packet)?);
/// filter.check(tag)?;
/// // .. is there room for the packet? Only then:
/// filter.insert(tag)?;
/// assert_eq!(filter.check(tag), Err(ReplayError::Seen));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReplayFilter {
	key: TagKey,
	/// [`SHARDS`] of them, or none before the first packet.
	shards: Vec<Shard>,
	max_slots_per_shard: usize,
	len: usize,
}

const SHARDS: usize = 64;
const SHARD_BITS: u32 = SHARDS.ilog2();
/// Slots that a shard starts with.
const FIRST_SLOTS: usize = 64;
const SLOT_SIZE: usize = mem::size_of::<u64>();

impl ReplayFilter {
	/// An empty filter with a key of its own, which never holds more than `max_bytes` of tags in memory, not even while
	/// it grows. One MiB is enough for 100,000 packets.
	pub fn new<R: RngCore + CryptoRng + ?Sized>(rng: &mut R, max_bytes: usize) -> Self {
		// One shard at a time is there twice, while it grows.
		let max_slots_per_shard = max_bytes / (SHARDS + 1) / SLOT_SIZE;
		Self { key: TagKey::random(rng), shards: Vec::new(), max_slots_per_shard, len: 0 }
	}

	/// What this filter knows the opened packet by.
	pub fn tag(&self, opened: &Opened) -> ReplayTag {
		self.key.tag(opened.secret())
	}

	/// Was a packet of this tag acted on?
	pub fn contains(&self, tag: ReplayTag) -> bool {
		self.shards.get(shard_of(tag)).is_some_and(|shard| shard.contains(tag))
	}

	/// May a packet of this tag be acted on? Changes nothing: [`insert`](Self::insert) the tag at the point of no return.
	///
	/// # Errors
	///
	/// As [`insert`](Self::insert) would.
	pub fn check(&self, tag: ReplayTag) -> Result<(), ReplayError> {
		if self.contains(tag) {
			return Err(ReplayError::Seen);
		}
		let (used, slots) = self.shards.get(shard_of(tag)).map_or((0, 0), |shard| (shard.used, shard.slots.len()));
		let has_room = used < usable(slots) || used < usable(self.max_slots_per_shard);
		has_room.then_some(()).ok_or(ReplayError::Full)
	}

	/// Enters `tag`. Only if this succeeds may the packet be acted on.
	///
	/// # Errors
	///
	/// [`ReplayError::Seen`] if it was entered before, [`ReplayError::Full`] if there is no room for it.
	pub fn insert(&mut self, tag: ReplayTag) -> Result<(), ReplayError> {
		if self.shards.is_empty() {
			self.shards.resize_with(SHARDS, Shard::default);
		}
		self.shards[shard_of(tag)].insert(tag, self.max_slots_per_shard)?;
		self.len += 1;
		Ok(())
	}

	/// How many tags were entered.
	pub fn len(&self) -> usize {
		self.len
	}

	/// Was no tag entered yet?
	pub fn is_empty(&self) -> bool {
		self.len == 0
	}

	/// Bytes of memory that the tags take.
	pub fn allocated_bytes(&self) -> usize {
		self.shards.iter().map(|shard| shard.slots.capacity() * SLOT_SIZE).sum()
	}
}

impl fmt::Debug for ReplayFilter {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.debug_struct("ReplayFilter")
			.field("len", &self.len)
			.field("allocated_bytes", &self.allocated_bytes())
			.finish_non_exhaustive()
	}
}

/// A shard's index is the first bits of its tags.
fn shard_of(tag: ReplayTag) -> usize {
	(tag.0 >> (u64::BITS - SHARD_BITS)) as usize
}

/// How many of so many slots are filled at most. Always leaves one empty, where a search ends, if there are any.
fn usable(slots: usize) -> usize {
	slots - slots.div_ceil(8)
}

/// A hash table of open addressing with linear probing. The tags are random, hence their own hashes.
#[derive(Default)]
struct Shard {
	/// Tags; zero where there is none.
	slots: Vec<u64>,
	used: usize,
}

impl Shard {
	/// The slot that holds `tag`, or else the empty one where it belongs; `None` without slots.
	fn find(&self, tag: ReplayTag) -> Option<usize> {
		let entry = to_entry(tag);
		// The bits behind those that chose the shard, as a fraction of the table.
		let fraction = u128::from(tag.0 << SHARD_BITS);
		let first = ((fraction * self.slots.len() as u128) >> u64::BITS) as usize;
		let (before, from) = self.slots.split_at_checked(first)?;
		let is_it = |slot: &u64| *slot == entry || *slot == 0;
		match from.iter().position(is_it) {
			Some(at) => Some(first + at),
			None => before.iter().position(is_it),
		}
	}

	fn contains(&self, tag: ReplayTag) -> bool {
		self.find(tag).is_some_and(|slot| self.slots[slot] != 0)
	}

	fn insert(&mut self, tag: ReplayTag, max_slots: usize) -> Result<(), ReplayError> {
		if self.contains(tag) {
			return Err(ReplayError::Seen);
		}
		if self.used >= usable(self.slots.len()) {
			self.grow(max_slots)?;
		}
		let slot = self.find(tag).ok_or(ReplayError::Full)?;
		self.slots[slot] = to_entry(tag);
		self.used += 1;
		Ok(())
	}

	/// Makes room for at least one more tag.
	fn grow(&mut self, max_slots: usize) -> Result<(), ReplayError> {
		let slots = (self.slots.len() * 2).max(FIRST_SLOTS).min(max_slots);
		if usable(slots) <= self.used {
			return Err(ReplayError::Full);
		}
		let mut grown = Vec::new();
		// A machine that cannot give the memory is as good as a bound that forbids it.
		grown.try_reserve_exact(slots).map_err(|_| ReplayError::Full)?;
		grown.resize(slots, 0);
		let old = mem::replace(&mut self.slots, grown);
		for entry in old.into_iter().filter(|entry| *entry != 0) {
			let slot = self.find(ReplayTag(entry)).expect("there are more slots than entries; qed");
			self.slots[slot] = entry;
		}
		Ok(())
	}
}

/// What stands in a slot for `tag`. Zero stands for none, so it is taken for its neighbour.
fn to_entry(tag: ReplayTag) -> u64 {
	tag.0.max(1)
}
