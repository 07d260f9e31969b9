//! The numbers of one cache line.

/// How numbers are packed into a line: each in two parts, of which the high one takes two bits or so.
///
/// A number below `buckets` x 2^`low_bits` belongs in the bucket that its high bits name. A line holds its numbers in
/// ascending order:
///
/// | bits | field |
/// |---|---|
/// | 0..6 | how many numbers there are |
/// | 6..9 | the spill line of the numbers that found no room here, counted from 1; 0 if there are none |
/// | 9.. | for each bucket: a 1 for each number in it, and a 0 |
/// | ..512 | the low bits of the first number, before them those of the second, and so on |
///
/// That is the coding of Elias (1974) and Fano (1971) for sorted lists. Within two bits a number of the shortest there
/// can be, and still read where it stands: the vector quotient filter of Pandey and others (2021) has its blocks so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Layout {
	low_bits: u8,
	buckets: u8,
	capacity: u8,
}

impl Layout {
	/// The layout that has room for the most numbers below `span`, which is at least 1 and at most 2^48.
	pub fn new(span: u64) -> Self {
		let layouts = (1..=MAX_LOW_BITS).filter_map(|low_bits| {
			let buckets = span.div_ceil(1 << low_bits);
			let room = (LINE_BITS - HEADER_BITS).checked_sub(usize::try_from(buckets).ok()?)?;
			let room_of_unary = UNARY_BITS.checked_sub(buckets as usize)?;
			let capacity = (room / (1 + low_bits)).min(room_of_unary).min(MAX_LEN);
			Some(Self { low_bits: low_bits as u8, buckets: buckets as u8, capacity: capacity as u8 })
		});
		layouts.max_by_key(|layout| layout.capacity).expect("of 48 low bits any span has one bucket; qed")
	}

	/// How many numbers a line has room for, wherever they are.
	pub fn capacity(&self) -> usize {
		self.capacity.into()
	}

	/// The bucket of `number`, and its low bits.
	fn split(&self, number: u64) -> (usize, u64) {
		debug_assert!(number >> self.low_bits < self.buckets.into());
		((number >> self.low_bits) as usize, number & ((1 << self.low_bits) - 1))
	}
}

const LINE_BITS: usize = 512;
const LEN_BITS: usize = 6;
const HEADER_BITS: usize = LEN_BITS + 3;
const HEADER_MASK: u64 = (1 << HEADER_BITS) - 1;
/// The ones and zeros of all buckets are read as one number.
const UNARY_BITS: usize = u128::BITS as usize - HEADER_BITS;
const MAX_LOW_BITS: usize = 48;

/// The most numbers in a line, however small they are.
pub(super) const MAX_LEN: usize = (1 << LEN_BITS) - 1;
/// The most lines that [`Line::set_spill`] can tell from each other.
pub(super) const MAX_SPILLS: usize = 7;

/// One cache line of numbers. It does not know its own [`Layout`].
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(super) struct Line([u64; LINE_BITS / 64]);

impl Line {
	/// Bytes of memory.
	pub const SIZE: usize = size_of::<Self>();

	/// The line of these numbers, in ascending order, at most [`capacity`](Layout::capacity) of them.
	pub fn pack(layout: &Layout, numbers: &[u64]) -> Self {
		debug_assert!(numbers.len() <= layout.capacity());
		let mut line = Self::default();
		let mut unary = 0u128;
		for (index, number) in numbers.iter().enumerate() {
			let (bucket, low) = layout.split(*number);
			unary |= 1 << (bucket + index);
			line.set_low(layout, index, low);
		}
		let head = unary << HEADER_BITS | numbers.len() as u128;
		line.0[0] |= head as u64;
		line.0[1] |= (head >> 64) as u64;
		line
	}

	/// How many numbers there are.
	pub fn len(&self) -> usize {
		(self.0[0] as usize) & MAX_LEN
	}

	/// The spill line that holds the numbers which found no room here, if there are any.
	pub fn spill(&self) -> Option<usize> {
		((self.0[0] & HEADER_MASK) as usize >> LEN_BITS).checked_sub(1)
	}

	/// Says where the numbers are that found no room here; `spill` is below [`MAX_SPILLS`].
	pub fn set_spill(&mut self, spill: usize) {
		debug_assert!(spill < MAX_SPILLS);
		self.0[0] = self.0[0] & !(HEADER_MASK ^ MAX_LEN as u64) | (spill as u64 + 1) << LEN_BITS;
	}

	/// Is `number` here?
	pub fn contains(&self, layout: &Layout, number: u64) -> bool {
		let (bucket, low) = layout.split(number);
		let unary = self.unary();
		let start = behind_zeros(unary, bucket);
		let in_bucket = (!(unary >> start)).trailing_zeros() as usize;
		let first = start - bucket;
		(first..first + in_bucket).any(|index| self.low(layout, index) == low)
	}

	/// Enters `number`, which is not here yet, if there is room for it; returns whether there was.
	pub fn insert(&mut self, layout: &Layout, number: u64) -> bool {
		let len = self.len();
		if len >= layout.capacity() {
			return false;
		}
		let mut numbers = [0; MAX_LEN];
		self.numbers(layout).zip(&mut numbers).for_each(|(number, to)| *to = number);
		let at = numbers[..len].partition_point(|other| *other < number);
		numbers.copy_within(at..len, at + 1);
		numbers[at] = number;
		let spill = self.spill();
		*self = Self::pack(layout, &numbers[..len + 1]);
		spill.into_iter().for_each(|spill| self.set_spill(spill));
		true
	}

	/// The numbers, in ascending order.
	pub fn numbers<'a>(&'a self, layout: &'a Layout) -> impl Iterator<Item = u64> + 'a {
		let mut rest = self.unary();
		let mut bucket = 0;
		(0..self.len()).map(move |index| {
			let zeros = rest.trailing_zeros();
			rest >>= zeros + 1;
			bucket += u64::from(zeros);
			bucket << layout.low_bits | self.low(layout, index)
		})
	}

	/// The ones and zeros of the buckets; behind them, nothing that means anything.
	fn unary(&self) -> u128 {
		(u128::from(self.0[1]) << 64 | u128::from(self.0[0])) >> HEADER_BITS
	}

	fn low(&self, layout: &Layout, index: usize) -> u64 {
		let (word, shift) = place_of_low(layout, index);
		let mut low = self.0[word] >> shift;
		if shift + u32::from(layout.low_bits) > 64 {
			low |= self.0[word + 1] << (64 - shift);
		}
		low & ((1 << layout.low_bits) - 1)
	}

	/// Those of one index are set once.
	fn set_low(&mut self, layout: &Layout, index: usize, low: u64) {
		let (word, shift) = place_of_low(layout, index);
		self.0[word] |= low << shift;
		if shift + u32::from(layout.low_bits) > 64 {
			self.0[word + 1] |= low >> (64 - shift);
		}
	}
}

/// In which word the low bits of a number begin, and at which bit.
fn place_of_low(layout: &Layout, index: usize) -> (usize, u32) {
	let bit = LINE_BITS - (index + 1) * usize::from(layout.low_bits);
	(bit / 64, (bit % 64) as u32)
}

/// The bit behind this many zeros, of which there are more in `bits`.
fn behind_zeros(bits: u128, zeros: usize) -> usize {
	let mut left = !bits;
	match zeros.checked_sub(1) {
		None => 0,
		Some(others) => {
			(0..others).for_each(|_| left &= left.wrapping_sub(1));
			left.trailing_zeros() as usize + 1
		},
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::{prelude::*, test_runner::RngSeed};
	use std::collections::BTreeSet;

	#[test]
	fn a_layout_fits_for_every_span() {
		for span in (0..=48).flat_map(|bits| [(1 << bits) - 1, 1 << bits, (1 << bits) + 1]) {
			let span = std::cmp::Ord::clamp(span, 1, 1 << 48);
			let layout = Layout::new(span);
			let (buckets, low_bits) = (usize::from(layout.buckets), usize::from(layout.low_bits));
			assert!((buckets as u64) << low_bits >= span);
			assert!(HEADER_BITS + buckets + layout.capacity() * (1 + low_bits) <= LINE_BITS);
			assert!(HEADER_BITS + buckets + layout.capacity() <= 128);
			assert!((10..=MAX_LEN).contains(&layout.capacity()), "{span}: {layout:?}");
		}
		// What a line holds in a filter of 10^8 tags.
		assert_eq!(Layout::new(48_000).capacity(), 41);
	}

	proptest! {
		#![proptest_config(ProptestConfig {
			cases: 500,
			rng_seed: RngSeed::Fixed(4),
			failure_persistence: None,
			..ProptestConfig::default()
		})]

		#[test]
		fn a_line_does_what_a_set_of_numbers_would(
			bits in 0u32..48,
			crowded in any::<bool>(),
			spill in prop::option::of(0..MAX_SPILLS),
			numbers in prop::collection::vec(any::<u64>(), 100),
			others in prop::collection::vec(any::<u64>(), 20),
		) {
			let span = 1 << bits;
			let layout = Layout::new(span);
			// Crowded: in few buckets, at either end.
			let number = |number: u64| match number % span {
				number if crowded && number % 2 == 0 => number % 50 % span,
				number if crowded => span - 1 - number % 50 % span,
				number => number,
			};
			let mut line = Line::default();
			spill.into_iter().for_each(|spill| line.set_spill(spill));
			let mut model = BTreeSet::new();
			for new in numbers.into_iter().map(number) {
				prop_assert_eq!(line.contains(&layout, new), model.contains(&new));
				if !model.contains(&new) {
					let room = model.len() < layout.capacity();
					prop_assert_eq!(line.insert(&layout, new), room);
					room.then(|| model.insert(new));
				}
				prop_assert_eq!(line.len(), model.len());
				prop_assert_eq!(line.spill(), spill);
			}
			prop_assert!(line.numbers(&layout).eq(model.iter().copied()));
			for other in others.into_iter().map(number) {
				prop_assert_eq!(line.contains(&layout, other), model.contains(&other));
			}
			let packed = Line::pack(&layout, &model.into_iter().collect::<Vec<_>>());
			spill.into_iter().for_each(|spill| line.set_spill(spill));
			prop_assert!(packed.numbers(&layout).eq(line.numbers(&layout)));
		}
	}
}
