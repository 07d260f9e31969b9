//! The set of tags that were seen.

use super::{
	shard::Shard,
	tag::{ReplayTag, TagKey},
};
use crate::{bytes::rounded, sphinx::Opened};
use alloc::vec::Vec;
use core::{fmt, mem};
use rand_core::{CryptoRng, RngCore};

/// Why a packet must not be acted on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReplayError {
	/// It was acted on before.
	///
	/// Rarely, it is a new packet that is taken for another one. The chance of that is n / 2^37 where n packets were acted
	/// on, for filters of up to 256 MiB: one in 137,000 after a million packets, and one in 1,000 at most, when the filter
	/// is full. (See [`ReplayFilter`].)
	#[error("the packet was acted on before")]
	Seen,
	/// There is no room to remember it, so a copy would not be recognised. Few new packets are taken under this session's key
	/// from now on, and soon none. The next session has its own filter.
	#[error("the replay filter is full")]
	Full,
}

/// The packets that were acted on under one key.
///
/// An exact set of fingerprints, each the first bits of a packet's tag. Nothing is allocated before the first packet. Then
/// the filter grows with use, up to its bound. A full filter refuses new packets, and still knows all that it ever took.
///
/// - **False positives.** Two packets may have one fingerprint. With fingerprints of b bits, a new packet is taken for
///   one of n others with a chance of n / 2^b. Fingerprints have 37 bits. If `max_bytes` is over 256 MiB, they have as many
///   more as it takes to fill it with tags of two bytes. The filter is full at 2^b / 1,000 tags, if not before. So the
///   chance grows with use, to one in 1,000 and no more. Nobody can make two packets with one fingerprint on purpose: each
///   filter has a key of its own for its tags.
/// - **Memory.** The more tags there are, the less each takes, since they lie closer together: two bytes with 10^8 tags,
///   three with 10^6, four with 10^5.
/// - **Time.** A look-up reads one cache line of tags, or two. The tags are in up to 1,024 shards that grow one at a time:
///   with 10^8 tags, an insertion that makes one grow takes about a millisecond.
///
/// ```
/// # #[cfg(feature = "unstable")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
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
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "unstable"))]
/// # fn main() {}
/// ```
pub struct ReplayFilter {
	key: TagKey,
	shape: Shape,
	/// 2^[`shard_bits`](Shape::shard_bits) of them, or none before the first packet.
	shards: Vec<Shard>,
	len: u64,
	allocated_bytes: usize,
}

/// The dimensions of a filter, as its largest size determines them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
	pub max_bytes: usize,
	/// Number of first bits of a tag that are its fingerprint.
	pub fingerprint_bits: u32,
	/// Number of first bits of a fingerprint that say in which shard it is. The shard keeps the others.
	pub shard_bits: u32,
	/// The most tags. With more there would be too many false positives.
	pub max_len: u64,
}

/// The largest size, whatever is allowed: numbers derived from it must not overflow.
const MOST_BYTES: u64 = 16 << 30;
const MIN_FINGERPRINT_BITS: u32 = 37;
/// When the filter is full, one new packet in this many is refused by chance.
const MAX_LEN_IN: u64 = 1000;
/// A shard that grows is in memory twice. With this many shards that is a small part of a filter of some megabytes; and in
/// a filter of hundreds of megabytes each shard is still small enough to grow in an instant.
const MAX_SHARD_BITS: u32 = 10;
/// Small filters have fewer shards, so that each can become at least this large.
const MIN_SHARD_BYTES: u64 = 8 << 10;

impl Shape {
	pub fn new(max_bytes: usize) -> Self {
		let max_bytes = (max_bytes as u64).min(MOST_BYTES);
		let max_len = |bits: u32| (1 << bits) / MAX_LEN_IN;
		// Two bytes each.
		let tags = max_bytes / 2;
		let fingerprint_bits = (MIN_FINGERPRINT_BITS..=48).find(|bits| max_len(*bits) >= tags).unwrap_or(48);
		let shard_bits = (max_bytes / MIN_SHARD_BYTES).checked_ilog2().unwrap_or(0).min(MAX_SHARD_BITS);
		let max_len = max_len(fingerprint_bits);
		Self { max_bytes: max_bytes as usize, fingerprint_bits, shard_bits, max_len }
	}

	/// Size in bytes of the shards without their tables.
	fn shards_bytes(&self) -> usize {
		mem::size_of::<Shard>() << self.shard_bits
	}

	fn new_shard(&self) -> Shard {
		Shard::new(self.fingerprint_bits - self.shard_bits)
	}
}

impl ReplayFilter {
	/// The most bytes of heap that a filter of [`new`](Self::new) takes.
	pub(crate) fn max_bytes(max_bytes: usize) -> usize {
		max_bytes.saturating_add(rounded(TagKey::SIZE))
	}

	/// An empty filter with a key of its own, which never holds more than `max_bytes` of tags in memory, not even while
	/// it grows. One MiB is enough for 300,000 packets, 256 MiB for 137 million; more than 16 GiB count as 16.
	pub fn new<R: RngCore + CryptoRng + ?Sized>(rng: &mut R, max_bytes: usize) -> Self {
		Self::with_shape(rng, Shape::new(max_bytes))
	}

	pub(super) fn with_shape<R: RngCore + CryptoRng + ?Sized>(rng: &mut R, shape: Shape) -> Self {
		Self { key: TagKey::random(rng), shape, shards: Vec::new(), len: 0, allocated_bytes: 0 }
	}

	/// The tag by which this filter knows the opened packet.
	pub fn tag(&self, opened: &Opened) -> ReplayTag {
		self.key.tag(opened.secret())
	}

	/// Was a packet of this tag acted on?
	pub fn contains(&self, tag: ReplayTag) -> bool {
		let (shard, number) = self.place(tag);
		self.shards.get(shard).is_some_and(|shard| shard.contains(number))
	}

	/// May a packet with this tag be acted on? Changes nothing: [`insert`](Self::insert) the tag at the point of no return.
	///
	/// # Errors
	///
	/// Those of [`insert`](Self::insert). If memory is nearly used up, or the machine has no more, `insert` may still fail
	/// with [`ReplayError::Full`] after this succeeded.
	pub fn check(&self, tag: ReplayTag) -> Result<(), ReplayError> {
		if self.contains(tag) {
			return Err(ReplayError::Seen);
		}
		let (shard, number) = self.place(tag);
		let has_room = self.len < self.shape.max_len
			&& match self.shards.get(shard) {
				Some(shard) => shard.has_room(number) || shard.may_grow(self.free_bytes()),
				None => self.shape.new_shard().may_grow(self.free_bytes()),
			};
		has_room.then_some(()).ok_or(ReplayError::Full)
	}

	/// Enters `tag`. Only if this succeeds may the packet be acted on.
	///
	/// # Errors
	///
	/// [`ReplayError::Seen`] if it was entered before, [`ReplayError::Full`] if there is no room for it.
	pub fn insert(&mut self, tag: ReplayTag) -> Result<(), ReplayError> {
		self.check(tag)?;
		if self.shards.is_empty() {
			let shards = 1 << self.shape.shard_bits;
			self.shards.try_reserve_exact(shards).map_err(|_| ReplayError::Full)?;
			self.shards.resize_with(shards, || self.shape.new_shard());
			self.allocated_bytes = self.shape.shards_bytes();
		}
		let free = self.free_bytes();
		let (shard, number) = self.place(tag);
		let shard = &mut self.shards[shard];
		let before = shard.allocated_bytes();
		shard.insert(number, free).map_err(|_| ReplayError::Full)?;
		self.allocated_bytes += shard.allocated_bytes() - before;
		self.len += 1;
		Ok(())
	}

	/// Number of tags that were entered.
	pub fn len(&self) -> usize {
		self.len as usize
	}

	/// Was no tag entered yet?
	pub fn is_empty(&self) -> bool {
		self.len == 0
	}

	/// Size in bytes of the memory that the tags take.
	pub fn allocated_bytes(&self) -> usize {
		self.allocated_bytes
	}

	/// The chance that a new packet is taken for one that was acted on.
	pub fn false_positives(&self) -> f64 {
		self.len as f64 / (1u64 << self.shape.fingerprint_bits) as f64
	}

	/// The index of a tag's shard, and the number that stands for the tag there.
	fn place(&self, tag: ReplayTag) -> (usize, u64) {
		let Shape { fingerprint_bits, shard_bits, .. } = self.shape;
		let fingerprint = tag.0 >> (u64::BITS - fingerprint_bits);
		let number_bits = fingerprint_bits - shard_bits;
		((fingerprint >> number_bits) as usize, fingerprint & ((1 << number_bits) - 1))
	}

	/// Bytes that may still be allocated.
	fn free_bytes(&self) -> usize {
		let allocated = if self.shards.is_empty() { self.shape.shards_bytes() } else { self.allocated_bytes };
		self.shape.max_bytes.saturating_sub(allocated)
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
