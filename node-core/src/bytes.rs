//! How many bytes of heap collections take at most.
//!
//! Two things are stated rather than measured. Collections take more than their entries: those that grow by doubling up to
//! twice as much (see [`list`]), B-trees up to three times (see [`tree`]). And allocators round sizes up, by a quarter at
//! most for all sizes that matter here (see [`rounded`]).

/// Size in bytes of a pointer.
pub(crate) const POINTER: usize = size_of::<usize>();

/// Size in bytes of a number that says when something was used, or how old it is.
pub(crate) const AGE: usize = size_of::<u64>();

/// A vector, queue or heap of this many entries. It grows by doubling, and starts at four.
pub(crate) fn list(entries: usize, size: usize) -> usize {
	entries.saturating_mul(2).saturating_add(4).saturating_mul(size)
}

/// A B-tree of this many entries.
///
/// A node has room for 11 entries, and all but the first node have at least 5: that is 2.2 times the entries' size. Each
/// node takes 16 bytes more, and each inner one another 96: 6.4 bytes per entry. Together that is less than three times
/// the size of entries of 8 bytes and more; and the first node.
pub(crate) fn tree(entries: usize, size: usize) -> usize {
	let size = size.max(8);
	sum([entries.saturating_mul(3).saturating_mul(size), 11 * size + 128])
}

/// What an allocator makes of it: size classes are a quarter apart at most.
pub(crate) fn rounded(bytes: usize) -> usize {
	bytes.saturating_add(bytes / 4)
}

/// The sum, or the largest number if it overflows.
pub(crate) fn sum<const N: usize>(terms: [usize; N]) -> usize {
	terms.into_iter().fold(0, usize::saturating_add)
}
