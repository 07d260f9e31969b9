//! Fills the larger table of a shard that grows.

use super::{
	line::Line,
	map::{Map, SPILLS_PER_GROUP},
};
use alloc::vec::Vec;
use core::mem;

/// Fills a table with numbers that come in ascending order.
pub(super) struct Builder {
	map: Map,
	lines: Vec<Line>,
	/// The group and the line of the home that is being filled, and the home's numbers.
	group: usize,
	line: usize,
	in_home: Vec<u64>,
	/// Numbers that did not fit into their home line: that line's index, and the numbers relative to the group's first.
	excess: Vec<(usize, Vec<u64>)>,
	/// Was there no place for some number?
	failed: bool,
}

impl Builder {
	/// An empty table. `None` if there is no memory for it.
	pub fn new(map: Map) -> Option<Self> {
		let mut lines = Vec::new();
		lines.try_reserve_exact(map.lines()).ok()?;
		lines.resize(map.lines(), Line::default());
		Some(Self { map, lines, group: 0, line: 0, in_home: Vec::new(), excess: Vec::new(), failed: false })
	}

	/// Enters a number that is greater than those before.
	pub fn push(&mut self, number: u64) {
		let Some(place) = self.map.place(number) else {
			self.failed = true;
			return;
		};
		if place.line != self.line {
			self.finish_home();
			if place.group != self.group {
				self.finish_group();
			}
			(self.group, self.line) = (place.group, place.line);
		}
		self.in_home.push(place.in_home);
	}

	/// The table, with its map. `None` if there was no place for some number.
	pub fn finish(mut self) -> Option<(Map, Vec<Line>)> {
		self.finish_home();
		self.finish_group();
		(!self.failed).then_some((self.map, self.lines))
	}

	fn finish_home(&mut self) {
		let room = self.map.home.capacity().min(self.in_home.len());
		let (here, elsewhere) = self.in_home.split_at(room);
		if !here.is_empty() {
			self.lines[self.line] = Line::pack(&self.map.home, here);
		}
		if !elsewhere.is_empty() {
			let group = self.map.group(self.group);
			let start = self.map.start(group.home + self.line - group.line) - group.start;
			self.excess.push((self.line, elsewhere.iter().map(|number| start + number).collect()));
		}
		self.in_home.clear();
	}

	/// One could serve the homes with the largest excess first. To serve them in turn, each with the emptiest spill line, is as
	/// good and leaves the numbers in order.
	fn finish_group(&mut self) {
		let excess = mem::take(&mut self.excess);
		if excess.is_empty() {
			return;
		}
		let group = self.map.group(self.group);
		let mut spills: [Vec<u64>; SPILLS_PER_GROUP] = Default::default();
		for (line, numbers) in excess {
			let emptiest = spills[..group.spills].iter_mut().enumerate().min_by_key(|(_, spill)| spill.len());
			match emptiest {
				Some((index, spill)) if spill.len() + numbers.len() <= self.map.spill.capacity() => {
					spill.extend(numbers);
					self.lines[line].set_spill(index);
				},
				_ => self.failed = true,
			}
		}
		for (index, spill) in spills.iter().enumerate().filter(|(_, spill)| !spill.is_empty()) {
			self.lines[group.spill_line(index)] = Line::pack(&self.map.spill, spill);
		}
	}
}
