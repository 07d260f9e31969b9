//! A ranked set: finding, adding and removing entries.

use super::pages::{PageRef, RankDirectory, RankKey, RankPage, RankedEntry, SetId, PAGE_CAPACITY};
use crate::{Config, RankDirectories, RankPages};
use alloc::{vec, vec::Vec};
use core::marker::PhantomData;
use mixnet_primitives::Place;

/// A set, with its directory in memory. [`RankedSet::save`] stores the changes of the directory.
pub(crate) struct RankedSet<T: Config> {
	id: SetId,
	directory: RankDirectory,
	marker: PhantomData<T>,
}

impl<T: Config> RankedSet<T> {
	/// Loads the directory of a set.
	pub fn load(id: SetId) -> Self {
		Self { id, directory: RankDirectories::<T>::get(id), marker: PhantomData }
	}

	/// Stores the directory.
	pub fn save(self) {
		RankDirectories::<T>::insert(self.id, self.directory);
	}

	/// Empties a set, at the same cost whatever its size.
	pub fn clear(id: SetId) {
		RankDirectories::<T>::remove(id);
	}

	/// How many entries the set has.
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

	/// The entries, the best first, without the best `start` ones.
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

	/// Adds an entry, whose key is in neither set.
	///
	/// Returns `false`, and changes nothing, if the set has as many pages as there may be. That cannot happen with at
	/// most as many entries as [`RANK_PAGES_LIMIT`](super::RANK_PAGES_LIMIT) counts on.
	#[must_use]
	pub fn insert(&mut self, entry: RankedEntry) -> bool {
		let Some(index) = self.find_page(&entry.key) else {
			let page = PageRef { first: entry.key, page: 0, len: 0 };
			return self.directory.pages.try_push(page).is_ok() && self.write(0, vec![entry]);
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

	/// Removes the entry with this key, and returns it if there was one.
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
		// The page is smaller now. It may fit in one with the page before, or with the page behind.
		for left in [index.checked_sub(1), Some(index)].into_iter().flatten() {
			if self.join(left) {
				break;
			}
		}
		Some(removed)
	}

	/// Changes the place of the entry with this key.
	pub fn set_place(&mut self, key: &RankKey, place: Place) {
		let Some(index) = self.find_page(key) else { return };
		let mut entries = self.read(&self.directory.pages[index]).into_inner();
		if let Ok(at) = entries.binary_search_by(|entry| entry.key.cmp(key)) {
			entries[at].place = place;
			self.write(index, entries);
		}
	}

	/// Joins a page with the one behind it, if both fit in half a page.
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

	/// The page that a key belongs to: the last page that does not begin behind it, or else the first; `None` if there
	/// are no pages.
	fn find_page(&self, key: &RankKey) -> Option<usize> {
		let pages = &self.directory.pages;
		(!pages.is_empty()).then(|| pages.partition_point(|page| page.first <= *key).saturating_sub(1))
	}

	/// The lowest page number that is not in use.
	fn free_number(&self) -> Option<u16> {
		let mut numbers: Vec<_> = self.directory.pages.iter().map(|page| page.page).collect();
		numbers.sort_unstable();
		(0..)
			.zip(&numbers)
			.find(|(free, taken)| free != *taken)
			.map_or_else(|| u16::try_from(numbers.len()).ok(), |(free, _)| Some(free))
	}

	fn read(&self, page: &PageRef) -> RankPage {
		RankPages::<T>::get(self.id, page.page)
	}

	/// Stores the page at `index` of the directory. Returns `true`, which its callers return.
	fn write(&mut self, index: usize, entries: Vec<RankedEntry>) -> bool {
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
	pub fn check(&self) -> Result<Vec<RankedEntry>, &'static str> {
		let pages = &self.directory.pages;
		let mut numbers: Vec<_> = pages.iter().map(|page| page.page).collect();
		numbers.sort_unstable();
		numbers.dedup();
		frame_support::ensure!(numbers.len() == pages.len(), "two pages have one number");
		let mut all = Vec::new();
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
