//! Which line of a shard a number belongs in.

use super::line::{Layout, Line, MAX_SPILLS};

/// A table of lines for numbers below 2^`bits`. Lines are in groups: first the homes, then their spill lines. The last
/// group may be smaller.
///
/// The home of a number n is the one of index n x `homes` / 2^`bits`, rounded down. So homes are in the order of their
/// numbers, and a table with any other number of homes can be filled from this one line by line.
pub(super) struct Map {
	bits: u32,
	homes: usize,
	/// The layout of homes, in which numbers count from the home's first.
	pub home: Layout,
	/// The layout of spill lines, in which numbers count from the group's first.
	pub spill: Layout,
}

/// The place of a number.
pub(super) struct Place {
	pub group: usize,
	/// The index of its home line in the group.
	pub line: usize,
	/// The number, relative to the first one of that line.
	pub in_home: u64,
}

/// A group of lines.
pub(super) struct Group {
	/// The index of its first home among all homes.
	pub home: usize,
	/// The index of its first home among all lines.
	pub line: usize,
	pub homes: usize,
	pub spills: usize,
	/// The first number that belongs in it.
	pub start: u64,
}

const HOMES_PER_GROUP: usize = 60;
const HOMES_PER_SPILL: usize = 15;
pub(super) const SPILLS_PER_GROUP: usize = HOMES_PER_GROUP / HOMES_PER_SPILL;
const _: () = assert!(SPILLS_PER_GROUP <= MAX_SPILLS);
const LINES_PER_GROUP: usize = HOMES_PER_GROUP + SPILLS_PER_GROUP;
/// A table grows by one part in this many. So it stays well filled; and while it becomes 2.7 times as large, each number is
/// moved this many times.
const GROWTH: usize = 32;

impl Map {
	/// Of a table of this many homes, at most 2^`bits`; their product fits in 63 bits.
	pub fn new(bits: u32, homes: usize) -> Self {
		let span = |together: usize| {
			let homes = homes.max(1);
			((together.min(homes) as u64) << bits).div_ceil(homes as u64)
		};
		Self { bits, homes, home: Layout::new(span(1)), spill: Layout::new(span(HOMES_PER_GROUP)) }
	}

	/// Of the next larger table; `None` if there is a home for each number already.
	pub fn next(&self) -> Option<Self> {
		let homes = self.next_homes();
		(homes as u64 <= 1 << self.bits).then(|| Self::new(self.bits, homes))
	}

	/// Bytes of the next larger table, if there is one.
	pub fn next_bytes(&self) -> usize {
		lines(self.next_homes()) * Line::SIZE
	}

	fn next_homes(&self) -> usize {
		self.homes + (self.homes / GROWTH).max(1)
	}

	/// How many lines the table has.
	pub fn lines(&self) -> usize {
		lines(self.homes)
	}

	/// The place of `number`. `None` in a table without lines.
	pub fn place(&self, number: u64) -> Option<Place> {
		let scaled = number * self.homes as u64;
		let home = (scaled >> self.bits) as usize;
		// That is `number - self.start(home)`: no number between two is a multiple of the fraction's denominator.
		let in_home = (scaled & ((1 << self.bits) - 1)).checked_div(self.homes as u64)?;
		let group = home / HOMES_PER_GROUP;
		Some(Place { group, line: group * LINES_PER_GROUP + home % HOMES_PER_GROUP, in_home })
	}

	/// The first number of a home.
	pub fn start(&self, home: usize) -> u64 {
		((home as u64) << self.bits).div_ceil(self.homes as u64)
	}

	pub fn group(&self, group: usize) -> Group {
		let home = group * HOMES_PER_GROUP;
		let homes = HOMES_PER_GROUP.min(self.homes - home);
		let spills = homes.div_ceil(HOMES_PER_SPILL);
		Group { home, line: group * LINES_PER_GROUP, homes, spills, start: self.start(home) }
	}

	pub fn groups(&self) -> impl Iterator<Item = Group> + '_ {
		(0..self.homes.div_ceil(HOMES_PER_GROUP)).map(|group| self.group(group))
	}
}

impl Group {
	/// The line that is this spill line of the group.
	pub fn spill_line(&self, spill: usize) -> usize {
		self.line + self.homes + spill
	}
}

fn lines(homes: usize) -> usize {
	let rest = homes % HOMES_PER_GROUP;
	homes / HOMES_PER_GROUP * LINES_PER_GROUP + rest + rest.div_ceil(HOMES_PER_SPILL)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn every_number_has_one_place_and_places_are_in_the_order_of_numbers() {
		let bits = 9;
		for homes in (1..150).chain([511, 512]) {
			let map = Map::new(bits, homes);
			let places: Vec<_> = (0..1 << bits).map(|number| map.place(number).unwrap()).collect();
			assert!(places.is_sorted_by_key(|place| (place.group, place.line, place.in_home)));
			let mut lines = 0;
			for (group, number) in map.groups().zip(0..) {
				assert_eq!(group.line, lines);
				lines += group.homes + group.spills;
				for index in 0..group.homes {
					let (from, to) = (map.start(group.home + index), map.start(group.home + index + 1));
					assert!(from <= to && group.start <= from);
					for (place, at) in places[from as usize..to as usize].iter().zip(0..) {
						assert_eq!((place.group, place.line, place.in_home), (number, group.line + index, at));
					}
				}
			}
			assert_eq!(map.lines(), lines);
		}
		assert!(Map::new(bits, 512).next().is_none());
		assert!(Map::new(bits, 0).place(5).is_none());
	}
}
