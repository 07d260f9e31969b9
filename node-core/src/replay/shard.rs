//! A part of the filter, which grows on its own.

use super::{
	growth::Builder,
	line::{Line, MAX_LEN},
	map::{Map, Place, SPILLS_PER_GROUP},
};
use alloc::vec::Vec;
use core::{array, iter};

/// A set of numbers below a power of two, evenly spread. They are evenly spread because nobody outside knows the key of the
/// tags. Somebody who could choose them would crowd a few lines, and the table would grow until memory ends.
///
/// It is a table of lines in the order of the numbers (see [`Map`]). A number goes to its home. If that is full, the number
/// goes to a spill line of the group, and the home says to which. So a look-up reads one line or two.
///
/// By chance one home gets more numbers than another, and spill lines even that out. Four spill lines for 60 homes do so
/// better than one for 15, since the excess of 60 homes varies less. So a large table is filled to nine tenths before a
/// number finds no room. Then the table grows by one part in 32.
pub(super) struct Shard {
	map: Map,
	lines: Vec<Line>,
	/// There is not enough memory left for a larger table, and never will be.
	is_final: bool,
}

/// A number was not entered because there was no memory for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NoRoom;

impl Shard {
	/// An empty shard for numbers of this many bits, at most 48. It takes no memory.
	pub fn new(bits: u32) -> Self {
		Self::of_lines(Map::new(bits, 0), Vec::new())
	}

	fn of_lines(map: Map, lines: Vec<Line>) -> Self {
		Self { map, lines, is_final: false }
	}

	/// Bytes of memory that the table takes.
	pub fn allocated_bytes(&self) -> usize {
		self.lines.capacity() * Line::SIZE
	}

	/// Was `number` entered?
	pub fn contains(&self, number: u64) -> bool {
		let Some(place) = self.map.place(number) else { return false };
		let home = self.line(place.line);
		home.contains(&self.map.home, place.in_home)
			|| home.spill().is_some_and(|spill| {
				let (line, in_group) = self.spill_place(&place, spill, number);
				self.line(line).contains(&self.map.spill, in_group)
			})
	}

	/// Can `number` be entered without growing?
	pub fn has_room(&self, number: u64) -> bool {
		self.map.place(number).is_some_and(|place| {
			self.lines[place.line].len() < self.map.home.capacity() || self.spill_with_room(&place).is_some()
		})
	}

	/// May the table grow, if the larger one may take `free` bytes beside this one?
	pub fn may_grow(&self, free: usize) -> bool {
		!self.is_final && self.map.next_bytes() <= free
	}

	/// Enters `number`, which was not entered before. If the table must grow, the larger one may take `free` bytes beside the
	/// present one. From one call to the next, `free` never becomes more.
	pub fn insert(&mut self, number: u64, free: usize) -> Result<(), NoRoom> {
		if self.insert_in_place(number) {
			return Ok(());
		}
		if !self.may_grow(free) {
			self.is_final = true;
			return Err(NoRoom);
		}
		let mut larger = self.map.next();
		while let Some(map) = larger.filter(|map| map.lines() * Line::SIZE <= free) {
			larger = map.next();
			// The machine has no memory now, but may have some later.
			let mut table = Builder::new(map).ok_or(NoRoom)?;
			let mut new = Some(number);
			self.for_each(|number| {
				new.take_if(|new| *new < number).into_iter().for_each(|new| table.push(new));
				table.push(number);
			});
			new.into_iter().for_each(|new| table.push(new));
			// By chance, numbers may crowd in the larger table although they did not in this one.
			if let Some((map, lines)) = table.finish() {
				*self = Self::of_lines(map, lines);
				return Ok(());
			}
		}
		self.is_final = true;
		Err(NoRoom)
	}

	fn insert_in_place(&mut self, number: u64) -> bool {
		let Some(place) = self.map.place(number) else { return false };
		if self.lines[place.line].insert(&self.map.home, place.in_home) {
			return true;
		}
		let Some(spill) = self.spill_with_room(&place) else { return false };
		self.lines[place.line].set_spill(spill);
		let (line, in_group) = self.spill_place(&place, spill, number);
		self.lines[line].insert(&self.map.spill, in_group)
	}

	/// The spill line of this home, or the emptiest one if it has none yet. `None` if that line is full.
	fn spill_with_room(&self, place: &Place) -> Option<usize> {
		let group = self.map.group(place.group);
		let len = |spill: &usize| self.lines[group.spill_line(*spill)].len();
		let spill = self.lines[place.line].spill().or_else(|| (0..group.spills).min_by_key(len))?;
		(len(&spill) < self.map.spill.capacity()).then_some(spill)
	}

	/// The line that is this spill line, and `number` there.
	fn spill_place(&self, place: &Place, spill: usize, number: u64) -> (usize, u64) {
		let group = self.map.group(place.group);
		(group.spill_line(spill), number - group.start)
	}

	/// All numbers, in ascending order.
	fn for_each(&self, mut f: impl FnMut(u64)) {
		let mut numbers = Vec::with_capacity(2 * MAX_LEN);
		for group in self.map.groups() {
			let mut spills: [_; SPILLS_PER_GROUP] = array::from_fn(|spill| {
				let line = self.lines.get(group.spill_line(spill)).filter(|_| spill < group.spills);
				let in_group = line.into_iter().flat_map(|line| line.numbers(&self.map.spill));
				in_group.map(|number| group.start + number).peekable()
			});
			for index in 0..group.homes {
				let line = &self.lines[group.line + index];
				let start = self.map.start(group.home + index);
				numbers.clear();
				numbers.extend(line.numbers(&self.map.home).map(|number| start + number));
				if let Some(spill) = line.spill() {
					let end = self.map.start(group.home + index + 1);
					numbers.extend(iter::from_fn(|| spills[spill].next_if(|number| *number < end)));
					numbers.sort_unstable();
				}
				numbers.iter().copied().for_each(&mut f);
			}
		}
	}

	/// A line, for a look-up.
	fn line(&self, at: usize) -> &Line {
		#[cfg(test)]
		reads::count();
		&self.lines[at]
	}
}

/// Counts the lines that look-ups read.
#[cfg(test)]
pub(super) mod reads {
	use std::cell::Cell;

	thread_local!(static READS: Cell<usize> = const { Cell::new(0) });

	pub(super) fn count() {
		READS.set(READS.get() + 1);
	}

	/// Those of this thread since the last call.
	pub fn take() -> usize {
		READS.take()
	}
}
