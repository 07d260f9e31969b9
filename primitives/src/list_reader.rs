//! Reading a session's list of mixnodes by page.
//!
//! A list may be too large for one answer of a runtime: ten thousand mixnodes take a megabyte or many, and a runtime
//! can allocate only so much. So whoever reads it, a node or a wallet, asks for pages. All of them must be read in the
//! state after one block. Then the pages of an honest chain make up the list, and a [`ListReader`] finds out if they do
//! not: packets name mixnodes by their places, so a list with a gap would be worse than none.
//!
//! The reader does no I/O. It says what to ask `MixnetApi::mixnodes_page` for, and is given the answer.

use crate::mixnode::{Mixnode, MixnodesError, MixnodesPage, Place, MIXNODE_INDEX_LIMIT};
use alloc::vec::Vec;
use core::fmt;

/// How many mixnodes are asked for at once.
///
/// With two addresses each, they are about 35 kB and take the runtime two or three milliseconds, whatever the length of
/// the list (docs/scale.md). With 16 addresses of 128 bytes, the most on the example chain, they are half a megabyte.
pub const PAGE_SIZE: u32 = 256;

/// The size of a list, as each of its pages says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListSize {
	/// Length of the whole list.
	pub total: u32,
	/// How many mixnodes the session needs. With fewer, the mixnet rests.
	pub required: u32,
}

impl fmt::Display for ListSize {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		write!(f, "{} mixnodes with {} required", self.total, self.required)
	}
}

/// Why pages make up no list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadPage {
	/// The chain has no list for the session. It has one for each session that is current or previous.
	NoList,
	/// The list is longer than packets can address.
	TooManyMixnodes {
		/// The length that the page says.
		total: u32,
	},
	/// A page disagrees with the first one about the list's size.
	SizeChanged {
		/// What the first page said.
		first: ListSize,
		/// What this one says.
		now: ListSize,
	},
	/// A page has too few mixnodes, or too many.
	WrongLength {
		/// The place that the page begins at.
		start: Place,
		/// How many mixnodes it should have: as many as were asked for, or what is left of the list.
		expected: u32,
		/// How many it has.
		found: usize,
	},
}

impl fmt::Display for BadPage {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		match self {
			Self::NoList => f.write_str("the chain has no list for that session"),
			Self::TooManyMixnodes { total } => {
				write!(f, "{total} mixnodes are more than the {MIXNODE_INDEX_LIMIT} that packets can address")
			},
			Self::SizeChanged { first, now } => {
				write!(f, "the first page speaks of {first}, and a later one of {now}")
			},
			Self::WrongLength { start, expected, found } => {
				write!(f, "the page from place {start} on has {found} mixnodes instead of {expected}")
			},
		}
	}
}

impl core::error::Error for BadPage {}

/// A list that is being read, without its end.
///
/// ```
/// # use mixnet_primitives::{list_reader::{BadPage, ListReader, Progress}, Mixnode, MixnodesError, MixnodesPage};
/// # fn mixnodes_page(_start: u32, _count: u32) -> Option<MixnodesPage> {
/// #     Some(MixnodesPage { total: 0, required: 2, mixnodes: Vec::new() })
/// # }
/// # fn read() -> Result<Result<Vec<Mixnode>, MixnodesError>, BadPage> {
/// let mut reader = ListReader::default();
/// loop {
///     let (start, count) = reader.next_page();
///     match reader.take(mixnodes_page(start, count))? {
///         Progress::Unfinished(rest) => reader = rest,
///         Progress::Finished(list) => return Ok(list),
///     }
/// }
/// # }
/// # assert_eq!(read(), Ok(Err(MixnodesError::InsufficientRegistrations { num: 0, min: 2 })));
/// ```
#[derive(Debug, Default)]
pub struct ListReader {
	/// What the first page said.
	size: Option<ListSize>,
	mixnodes: Vec<Mixnode>,
	/// The number of `mixnodes`, and so the place at which the next page begins.
	start: Place,
}

/// What a [`ListReader`] has after a page.
#[derive(Debug)]
pub enum Progress {
	/// Part of the list. There is at least one page more, and the reader is further than before.
	Unfinished(ListReader),
	/// The whole list, or why the session has none.
	Finished(Result<Vec<Mixnode>, MixnodesError>),
}

impl ListReader {
	/// The place at which the next page begins, and how many mixnodes to ask for.
	pub const fn next_page(&self) -> (Place, u32) {
		(self.start, PAGE_SIZE)
	}

	/// Takes the page that [`next_page`](Self::next_page) named. `None` is the answer of a chain that has no list for
	/// the session.
	///
	/// # Errors
	/// The page is not part of one list with those before it. Reading has to begin again, at a later block.
	pub fn take(mut self, page: Option<MixnodesPage>) -> Result<Progress, BadPage> {
		let MixnodesPage { total, required, mut mixnodes } = page.ok_or(BadPage::NoList)?;
		if total > MIXNODE_INDEX_LIMIT {
			return Err(BadPage::TooManyMixnodes { total });
		}
		let now = ListSize { total, required };
		let first = *self.size.get_or_insert(now);
		if now != first {
			return Err(BadPage::SizeChanged { first, now });
		}
		if total < required {
			// Nobody should use the mixnodes, so it does not matter which they are.
			return Ok(Progress::Finished(Err(MixnodesError::InsufficientRegistrations { num: total, min: required })));
		}
		let expected = total.saturating_sub(self.start).min(PAGE_SIZE);
		if mixnodes.len() != expected as usize {
			return Err(BadPage::WrongLength { start: self.start, expected, found: mixnodes.len() });
		}
		// All at once: otherwise the list would be moved several times, and end up with room for up to twice as many.
		self.mixnodes.reserve_exact((total - self.start) as usize);
		self.mixnodes.append(&mut mixnodes);
		self.start += expected;
		Ok(if self.start < total { Progress::Unfinished(self) } else { Progress::Finished(Ok(self.mixnodes)) })
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{kx_public::KxPublic, peer_id::PeerId};
	use alloc::{string::ToString, vec};
	use proptest::prelude::*;

	fn list(length: u32) -> Vec<Mixnode> {
		let mixnode = |place: u32| {
			let mut key = [0; 32];
			key[..4].copy_from_slice(&place.to_le_bytes());
			Mixnode { kx_public: KxPublic(key), peer_id: PeerId(key), external_addresses: Vec::new() }
		};
		(0..length).map(mixnode).collect()
	}

	/// What an honest chain answers.
	fn page(list: &[Mixnode], required: u32, start: Place, count: u32) -> MixnodesPage {
		let start = (start as usize).min(list.len());
		let end = (start + count as usize).min(list.len());
		MixnodesPage { total: list.len() as u32, required, mixnodes: list[start..end].to_vec() }
	}

	/// Reads from a chain that gives these answers, and counts them.
	fn read(
		mut chain: impl FnMut(Place, u32) -> Option<MixnodesPage>,
	) -> (u32, Result<Result<Vec<Mixnode>, MixnodesError>, BadPage>) {
		let mut reader = ListReader::default();
		for pages in 1.. {
			let (start, count) = reader.next_page();
			match reader.take(chain(start, count)) {
				Ok(Progress::Unfinished(rest)) => reader = rest,
				Ok(Progress::Finished(list)) => return (pages, Ok(list)),
				Err(reason) => return (pages, Err(reason)),
			}
		}
		unreachable!("the loop has no end of its own")
	}

	#[test]
	fn a_list_of_any_length_is_read_in_as_few_pages_as_it_fills() {
		for (length, pages) in [(0, 1), (1, 1), (255, 1), (256, 1), (257, 2), (1_000, 4), (MIXNODE_INDEX_LIMIT, 255)] {
			let list = list(length);
			let (read, answer) = read(|start, count| Some(page(&list, 0, start, count)));
			assert_eq!(read, pages, "{length} mixnodes");
			let found = answer.expect("the chain is honest").expect("none is required");
			assert!(found == list, "{length} mixnodes");
			assert_eq!(found.capacity(), list.len());
		}
	}

	#[test]
	fn the_first_page_says_that_a_session_rests() {
		for (length, required) in [(0, 1), (1, 2), (256, 257), (300, 301), (1_000, u32::MAX)] {
			let list = list(length);
			let resting = MixnodesError::InsufficientRegistrations { num: length, min: required };
			assert_eq!(read(|start, count| Some(page(&list, required, start, count))), (1, Ok(Err(resting))));
		}
		let enough = list(300);
		assert_eq!(read(|start, count| Some(page(&enough, 300, start, count))), (2, Ok(Ok(enough.clone()))));
	}

	#[test]
	fn pages_that_make_up_no_list_are_refused_with_the_reason() {
		let list = list(600);
		let size = |total, required| ListSize { total, required };
		let one_less = |page: &mut MixnodesPage| drop(page.mixnodes.pop());
		let wrong_length = |start, expected, found| BadPage::WrongLength { start, expected, found };
		type Lie<'a> = &'a dyn Fn(&mut MixnodesPage);
		// The page that is changed, what is changed of it, and what is found out.
		let lies: [(Place, Lie, BadPage, &str); 10] = [
			(0, &one_less, wrong_length(0, 256, 255), "from place 0 on has 255 mixnodes instead of 256"),
			(256, &one_less, wrong_length(256, 256, 255), "from place 256 on has 255 mixnodes instead of 256"),
			(512, &one_less, wrong_length(512, 88, 87), "from place 512 on has 87 mixnodes instead of 88"),
			(512, &|page| page.mixnodes.clear(), wrong_length(512, 88, 0), "has 0 mixnodes instead of 88"),
			(0, &|page| page.mixnodes = list.clone(), wrong_length(0, 256, 600), "has 600 mixnodes instead of 256"),
			(
				512,
				&|page| page.mixnodes = list[..256].to_vec(),
				wrong_length(512, 88, 256),
				"has 256 mixnodes instead of 88",
			),
			(
				256,
				&|page| page.total = 601,
				BadPage::SizeChanged { first: size(600, 2), now: size(601, 2) },
				"speaks of 600 mixnodes with 2 required, and a later one of 601 mixnodes with 2 required",
			),
			(
				// Not the end of the list, and not a session that rests.
				256,
				&|page| page.total = 0,
				BadPage::SizeChanged { first: size(600, 2), now: size(0, 2) },
				"and a later one of 0 mixnodes",
			),
			(
				512,
				&|page| page.required = 601,
				BadPage::SizeChanged { first: size(600, 2), now: size(600, 601) },
				"with 601 required",
			),
			(
				0,
				&|page| page.total = MIXNODE_INDEX_LIMIT + 1,
				BadPage::TooManyMixnodes { total: 65_281 },
				"65281 mixnodes are more than the 65280 that packets can address",
			),
		];
		for (changed, lie, expected, words) in lies {
			let (pages, answer) = read(|start, count| {
				let mut page = page(&list, 2, start, count);
				if start == changed {
					lie(&mut page);
				}
				Some(page)
			});
			assert_eq!((pages, answer), (changed / PAGE_SIZE + 1, Err(expected)));
			assert!(expected.to_string().contains(words), "{expected}");
		}
		for missing in [0, 256, 512] {
			let (pages, answer) = read(|start, count| (start != missing).then(|| page(&list, 2, start, count)));
			assert_eq!((pages, answer), (missing / PAGE_SIZE + 1, Err(BadPage::NoList)));
		}
		assert_eq!(BadPage::NoList.to_string(), "the chain has no list for that session");
	}

	proptest! {
		/// Whatever a chain answers, reading ends, after no more pages than the longest list has, and a list that is
		/// read is as long as every page said.
		#[test]
		fn reading_ends_with_a_whole_list_or_a_reason(
			answers in proptest::collection::vec((0..9u8, 0..1_500u32, 0..3u32, 0..300usize), 1..8),
			total in 0..1_500u32,
		) {
			let mut given = vec![];
			let (pages, answer) = read(|start, count| {
				let (lie, other, required, length) = answers[given.len() % answers.len()];
				let left = total.saturating_sub(start).min(count) as usize;
				let page = match lie {
					0 => Some((other, required, left)),
					1 => Some((total, required, length)),
					2 if other < 100 => None,
					_ => Some((total, 0, left)),
				};
				given.push(page);
				page.map(|(total, required, length)| MixnodesPage { total, required, mixnodes: list(length as u32) })
			});
			prop_assert_eq!(pages as usize, given.len());
			prop_assert!(pages <= total.max(1_500).div_ceil(PAGE_SIZE));
			if let Ok(Ok(list)) = answer {
				let lengths: usize = given.iter().map(|page| page.map_or(0, |(_, _, length)| length)).sum();
				prop_assert_eq!(list.len(), lengths);
				prop_assert!(given.iter().all(|page| page.is_some_and(|(total, _, _)| total as usize == list.len())));
			}
		}
	}
}
