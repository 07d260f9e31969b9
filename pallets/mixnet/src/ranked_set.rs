//! Sorted sets of candidates: the elected of the next session, and the standbys.
//!
//! A set is a list of **pages** of at most [`PAGE_CAPACITY`] entries, sorted within and across pages, and a **directory** with the
//! first key and the size of every page. To find, add or remove an entry takes the directory and one page, or two where pages
//! are split or joined; so it hardly depends on the size of the set, which no single storage value holds. The worst
//! entry is the last one of the last page.
//!
//! Two pages that together have no more than half of a page's room are joined. So more than half of a page's room is in use
//! in any two neighbours, which bounds the directory: [`MaxPages`].
//!
//! To empty a set, its directory is removed. Its pages stay, unreachable, and are written over when a new page takes their
//! number: the lowest that is free.

use crate::{Config, Rank, RankDirectories, RankPages};
use codec::{Decode, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{
	pallet_prelude::ConstU32, traits::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use scale_info::TypeInfo;

/// Most entries of a page.
pub const PAGE_CAPACITY: u32 = 64;

/// Which set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum SetId {
	/// Those that will mix, as things are.
	#[codec(index = 0)]
	Elected,
	/// Those that stand by.
	#[codec(index = 1)]
	Standby,
}

/// What sets are sorted by: lower is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RankKey {
	/// The candidate's rank.
	pub rank: Rank,
	/// The number of its registration within the session: of equal ranks, the earlier is better.
	pub sequence: u32,
}

/// A candidate in a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RankedEntry {
	/// Where it is in the set.
	pub key: RankKey,
	/// The place of its mixnode in the session's list.
	pub place: u32,
}

/// A page of a set.
pub type RankPage = BoundedVec<RankedEntry, ConstU32<PAGE_CAPACITY>>;

/// A page as the directory knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PageRef {
	/// The key of its first entry.
	pub first: RankKey,
	/// The number under which it is stored.
	pub page: u16,
	/// How many entries it has; at least one.
	pub len: u8,
}

/// The bound on the pages of a set.
pub struct MaxPages<T>(PhantomData<T>);

impl<T: Config> Get<u32> for MaxPages<T> {
	fn get() -> u32 {
		// Any two neighbours have more than half a page together.
		let entries = T::MaxMixnodes::get().max(T::MaxStandbys::get());
		entries.div_ceil(PAGE_CAPACITY / 4).saturating_add(2)
	}
}

/// The pages of a set, in ascending order.
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
#[scale_info(skip_type_params(T))]
pub struct RankDirectory<T: Config> {
	/// The pages.
	pub pages: BoundedVec<PageRef, MaxPages<T>>,
}

/// A set, with its directory in memory. Changes of the directory are stored by [`RankedSet::save`].
pub(crate) struct RankedSet<T: Config> {
	id: SetId,
	directory: RankDirectory<T>,
}

impl<T: Config> RankedSet<T> {
	/// The set as it is stored.
	pub fn load(id: SetId) -> Self {
		Self { id, directory: RankDirectories::<T>::get(id) }
	}

	/// Stores the directory.
	pub fn save(self) {
		RankDirectories::<T>::insert(self.id, self.directory);
	}

	/// Empties a set.
	pub fn clear(id: SetId) {
		RankDirectories::<T>::remove(id);
	}

	/// How many entries it has.
	pub fn len(&self) -> u32 {
		self.directory.pages.iter().map(|page| u32::from(page.len)).sum()
	}

	/// The best entry.
	pub fn best(&self) -> Option<RankedEntry> {
		self.directory.pages.first().and_then(|page| self.read(page).first().copied())
	}

	/// The worst entry.
	pub fn worst(&self) -> Option<RankedEntry> {
		self.directory.pages.last().and_then(|page| self.read(page).last().copied())
	}

	/// The entries, the best first, from the one at place `start` of this order on.
	pub fn iter_from(&self, start: u32) -> impl Iterator<Item = RankedEntry> + '_ {
		let mut skip = start as usize;
		self.directory
			.pages
			.iter()
			.filter_map(move |page| {
				let skipped = skip.min(page.len.into());
				skip -= skipped;
				(skipped < page.len.into()).then_some((page, skipped))
			})
			.flat_map(|(page, skipped)| self.read(page).into_iter().skip(skipped))
	}

	/// Adds an entry, whose key is in neither set. Returns `false`, and changes nothing, if the set has as many pages as there
	/// may be; with at most as many entries as [`MaxPages`] counts on, it has not.
	#[must_use]
	pub fn insert(&mut self, entry: RankedEntry) -> bool {
		let Some(index) = self.find_page(&entry.key) else {
			let page = PageRef { first: entry.key, page: 0, len: 0 };
			return self.directory.pages.try_push(page).is_ok() && self.write(0, alloc::vec![entry]);
		};
		let mut entries = self.read(&self.directory.pages[index]).into_inner();
		let at = entries.partition_point(|other| other.key < entry.key);
		if entries.len() < PAGE_CAPACITY as usize {
			entries.insert(at, entry);
			return self.write(index, entries);
		}
		// Split in two.
		let Some(number) = self.free_number() else { return false };
		let mut upper = entries.split_off(entries.len() / 2);
		let page = PageRef { first: entry.key, page: number, len: 0 };
		if self.directory.pages.try_insert(index.saturating_add(1), page).is_err() {
			return false;
		}
		match at.checked_sub(entries.len()) {
			Some(at) => upper.insert(at, entry),
			None => entries.insert(at, entry),
		}
		self.write(index, entries) && self.write(index.saturating_add(1), upper)
	}

	/// Removes the entry with this key, and returns it.
	pub fn remove(&mut self, key: &RankKey) -> Option<RankedEntry> {
		let index = self.find_page(key)?;
		let mut entries = self.read(&self.directory.pages[index]).into_inner();
		let at = entries.binary_search_by(|entry| entry.key.cmp(key)).ok()?;
		let removed = entries.remove(at);
		if entries.is_empty() {
			self.directory.pages.remove(index);
		} else {
			self.write(index, entries);
		}
		// What is smaller now may fit in with the page before, or with the one behind.
		for left in [index.checked_sub(1), Some(index)].into_iter().flatten() {
			if self.join(left) {
				break;
			}
		}
		Some(removed)
	}

	/// Gives the entry with this key another place.
	pub fn set_place(&mut self, key: &RankKey, place: u32) {
		let Some(index) = self.find_page(key) else { return };
		let mut entries = self.read(&self.directory.pages[index]).into_inner();
		if let Ok(at) = entries.binary_search_by(|entry| entry.key.cmp(key)) {
			entries[at].place = place;
			self.write(index, entries);
		}
	}

	/// Joins a page with the one behind it, if both have room in half a page.
	fn join(&mut self, left: usize) -> bool {
		let right = left.saturating_add(1);
		let (Some(one), Some(other)) = (self.directory.pages.get(left), self.directory.pages.get(right)) else {
			return false;
		};
		if u32::from(one.len) + u32::from(other.len) > PAGE_CAPACITY / 2 {
			return false;
		}
		let mut entries = self.read(one).into_inner();
		entries.extend(self.read(other));
		self.directory.pages.remove(right);
		self.write(left, entries)
	}

	/// The page that a key belongs to: the last one that does not begin behind it, or the first; `None` if there is none.
	fn find_page(&self, key: &RankKey) -> Option<usize> {
		let pages = &self.directory.pages;
		(!pages.is_empty()).then(|| pages.partition_point(|page| page.first <= *key).saturating_sub(1))
	}

	/// The lowest number that no page has.
	fn free_number(&self) -> Option<u16> {
		let mut numbers: alloc::vec::Vec<_> = self.directory.pages.iter().map(|page| page.page).collect();
		numbers.sort_unstable();
		(0..)
			.zip(&numbers)
			.find(|(free, taken)| free != *taken)
			.map_or_else(|| u16::try_from(numbers.len()).ok(), |(free, _)| Some(free))
	}

	fn read(&self, page: &PageRef) -> RankPage {
		RankPages::<T>::get(self.id, page.page)
	}

	/// Stores the page at `index` of the directory. Returns `true`, for its callers to return.
	fn write(&mut self, index: usize, entries: alloc::vec::Vec<RankedEntry>) -> bool {
		let page = &mut self.directory.pages[index];
		page.first = entries.first().expect("no page is empty; qed").key;
		page.len = entries.len() as u8;
		RankPages::<T>::insert(self.id, page.page, RankPage::truncate_from(entries));
		true
	}
}

#[cfg(any(test, feature = "try-runtime"))]
impl<T: Config> RankedSet<T> {
	/// Checks what must hold of a set, and returns its entries.
	pub fn check(&self) -> Result<alloc::vec::Vec<RankedEntry>, &'static str> {
		let pages = &self.directory.pages;
		let mut numbers: alloc::vec::Vec<_> = pages.iter().map(|page| page.page).collect();
		numbers.sort_unstable();
		numbers.dedup();
		frame_support::ensure!(numbers.len() == pages.len(), "two pages have one number");
		let mut all = alloc::vec::Vec::new();
		for page in pages {
			let entries = self.read(page);
			frame_support::ensure!(entries.len() == usize::from(page.len), "a page has another size");
			frame_support::ensure!(
				entries.first().is_some_and(|entry| entry.key == page.first),
				"a page does not begin as the directory says"
			);
			all.extend(entries);
		}
		frame_support::ensure!(all.windows(2).all(|pair| pair[0].key < pair[1].key), "a set is not in ascending order");
		frame_support::ensure!(
			pages.windows(2).all(|pair| u32::from(pair[0].len) + u32::from(pair[1].len) > PAGE_CAPACITY / 2),
			"two neighbours should have been joined"
		);
		Ok(all)
	}
}
