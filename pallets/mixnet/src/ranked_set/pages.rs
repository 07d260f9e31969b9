//! How a ranked set is stored: entries in pages, and a directory of the pages.

use crate::election::Rank;
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use mixnet_primitives::{Place, MIXNODE_INDEX_LIMIT};
use scale_info::TypeInfo;

/// The most entries of a page.
pub const PAGE_CAPACITY: u32 = 64;

/// Names one of the two sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum SetId {
	/// The candidates that will mix, unless better ones come.
	#[codec(index = 0)]
	Elected,
	/// The candidates that stand by.
	#[codec(index = 1)]
	Standby,
}

/// The key by which a set is sorted: lower is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RankKey {
	/// The candidate's rank.
	pub rank: Rank,
	/// How many candidates were ranked before it in this election. Of equal ranks, the earlier is better.
	pub sequence: u32,
}

/// A candidate in a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RankedEntry {
	/// The candidate's key in the set.
	pub key: RankKey,
	/// The place of the candidate's mixnode in the session's list.
	pub place: Place,
}

/// A page of a set, in ascending order of keys.
pub type RankPage = BoundedVec<RankedEntry, ConstU32<PAGE_CAPACITY>>;

/// A page's entry in the directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PageRef {
	/// The key of the page's first entry.
	pub first: RankKey,
	/// The number under which the page is stored.
	pub page: u16,
	/// How many entries the page has; at least one.
	pub len: u8,
}

/// The most pages that a set of this many entries can have. Any two neighbours have more than half a page together.
pub const fn max_pages(entries: u32) -> u32 {
	entries.div_ceil(PAGE_CAPACITY / 4).saturating_add(2)
}

/// The most pages of a set: as many as the largest session of any runtime needs.
pub const RANK_PAGES_LIMIT: u32 = max_pages(MIXNODE_INDEX_LIMIT);

/// The directory of a set: its pages.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RankDirectory {
	/// The pages, in ascending order of keys.
	pub pages: BoundedVec<PageRef, ConstU32<RANK_PAGES_LIMIT>>,
}
