//! A heap for many small entries.

use alloc::vec::Vec;
use core::mem;

/// A priority queue: the smallest entry first. Each entry has [`CHILDREN`] below it, none of which is smaller.
///
/// Four children instead of two halve the number of levels, and the children of an entry are neighbours in memory. Of a
/// million entries, a pop reads two or three places that are in no cache, instead of ten.
#[derive(Debug)]
pub(crate) struct Heap<T>(Vec<T>);

const CHILDREN: usize = 4;

impl<T: Ord + Copy> Heap<T> {
	pub const fn new() -> Self {
		Self(Vec::new())
	}

	pub fn len(&self) -> usize {
		self.0.len()
	}

	/// The smallest entry.
	pub fn peek(&self) -> Option<&T> {
		self.0.first()
	}

	pub fn push(&mut self, entry: T) {
		self.0.push(entry);
		self.rise(self.0.len() - 1);
	}

	/// Removes the smallest entry.
	pub fn pop(&mut self) -> Option<T> {
		let last = self.0.pop()?;
		let Some(first) = self.0.first_mut() else { return Some(last) };
		let smallest = mem::replace(first, last);
		self.sink(0);
		Some(smallest)
	}

	/// Removes the entries for which `keep` is false.
	pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
		let before = self.0.len();
		self.0.retain(keep);
		if self.0.len() < before {
			(0..self.0.len()).rev().for_each(|at| self.sink(at));
		}
	}

	/// Moves the entry at `at` up to where it belongs.
	fn rise(&mut self, mut at: usize) {
		let entry = self.0[at];
		while let Some(parent) = at.checked_sub(1).map(|before| before / CHILDREN) {
			if self.0[parent] <= entry {
				break;
			}
			self.0[at] = self.0[parent];
			at = parent;
		}
		self.0[at] = entry;
	}

	/// Moves the entry at `at` down to where it belongs.
	fn sink(&mut self, mut at: usize) {
		let entry = self.0[at];
		loop {
			let first = at * CHILDREN + 1;
			let children = first..self.0.len().min(first + CHILDREN);
			let smallest = children.min_by_key(|child| self.0[*child]).filter(|child| self.0[*child] < entry);
			let Some(smallest) = smallest else { break };
			self.0[at] = self.0[smallest];
			at = smallest;
		}
		self.0[at] = entry;
	}
}
