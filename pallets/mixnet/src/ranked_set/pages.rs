//! How a ranked set is stored: entries in pages, and a directory of the pages.

use crate::election::Rank;
use codec::{Decode, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{
	pallet_prelude::ConstU32, traits::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use mixnet_primitives::Place;
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

/// The bound on the pages of a set, from the most mixnodes and standbys that there may be.
pub struct MaxPages<MaxMixnodes, MaxStandbys>(PhantomData<(MaxMixnodes, MaxStandbys)>);

impl<MaxMixnodes: Get<u32>, MaxStandbys: Get<u32>> Get<u32> for MaxPages<MaxMixnodes, MaxStandbys> {
	fn get() -> u32 {
		// Any two neighbours have more than half a page together.
		let entries = MaxMixnodes::get().max(MaxStandbys::get());
		entries.div_ceil(PAGE_CAPACITY / 4).saturating_add(2)
	}
}

/// The directory of a set: its pages.
#[derive(
	CloneNoBound,
	PartialEqNoBound,
	EqNoBound,
	DebugNoBound,
	frame_support::DefaultNoBound,
	Encode,
	Decode,
	MaxEncodedLen,
	TypeInfo,
)]
#[codec(mel_bound())]
#[scale_info(skip_type_params(Pages))]
pub struct RankDirectory<Pages: Get<u32>> {
	/// The pages, in ascending order of keys.
	pub pages: BoundedVec<PageRef, Pages>,
}
