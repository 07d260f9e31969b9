//! Entries that stay in one place and are known by a small number.

use alloc::vec::Vec;
use core::mem;

/// A vector with holes, which are filled first.
///
/// Large entries wait here, while a heap puts their numbers in order.
#[derive(Debug)]
pub(crate) struct Slab<T> {
	entries: Vec<Entry<T>>,
	/// The hole to be filled next, or [`END`].
	hole: u32,
}

#[derive(Debug)]
enum Entry<T> {
	Full(T),
	/// The hole to be filled after this one, or [`END`].
	Hole(u32),
}

const END: u32 = u32::MAX;

impl<T> Slab<T> {
	/// Size in bytes of an entry.
	pub const ENTRY_SIZE: usize = size_of::<Entry<T>>();

	pub const fn new() -> Self {
		Self { entries: Vec::new(), hole: END }
	}

	/// Returns the number that `entry` is known by until it is removed; `None` if all 2^32 - 1 numbers are taken.
	pub fn insert(&mut self, entry: T) -> Option<u32> {
		let number = self.hole;
		match self.entries.get_mut(number as usize) {
			Some(hole) => {
				if let Entry::Hole(next) = mem::replace(hole, Entry::Full(entry)) {
					self.hole = next;
				}
				Some(number)
			},
			None => {
				let number = self.entries.len().try_into().ok().filter(|number| *number != END)?;
				self.entries.push(Entry::Full(entry));
				Some(number)
			},
		}
	}

	pub fn get(&self, number: u32) -> Option<&T> {
		match self.entries.get(number as usize)? {
			Entry::Full(entry) => Some(entry),
			Entry::Hole(_) => None,
		}
	}

	pub fn remove(&mut self, number: u32) -> Option<T> {
		self.get(number)?;
		match mem::replace(self.entries.get_mut(number as usize)?, Entry::Hole(self.hole)) {
			Entry::Full(entry) => {
				self.hole = number;
				Some(entry)
			},
			Entry::Hole(_) => None,
		}
	}
}
