//! The heap that the replay filter takes, and how often it has false positives: with a million tags, or with 10^8 if
//! `MIXNET_SOAK` is set (200 MB and two minutes).
//!
//! The allocator counts the memory.

use cap::Cap;
use mixnet_node_core::replay::{ReplayError, ReplayFilter, ReplayTag};
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};
use std::{
	alloc::System,
	sync::{Mutex, MutexGuard},
};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// The filter's bound by default.
const MAX_BYTES: usize = 256 << 20;

/// Held by the test that uses the heap.
fn heap() -> MutexGuard<'static, ()> {
	static USER: Mutex<()> = Mutex::new(());
	USER.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn tags(seed: u64) -> impl Iterator<Item = ReplayTag> {
	let mut rng = ChaChaRng::seed_from_u64(seed);
	std::iter::repeat_with(move || ReplayTag::from_bits(rng.next_u64()))
}

#[test]
fn a_hundred_million_tags_take_two_bytes_each_and_few_are_taken_for_others() {
	let _heap = heap();
	let soak = std::env::var_os("MIXNET_SOAK").is_some();
	let (fill, most_bytes) = if soak { (100_000_000, 2.0) } else { (1_000_000, 3.0) };
	let before = HEAP.allocated();
	let mut filter = ReplayFilter::new(&mut ChaChaRng::seed_from_u64(0), MAX_BYTES);
	let mut taken_for_others = 0;
	for tag in tags(1).take(fill) {
		match filter.insert(tag) {
			Ok(()) => (),
			Err(ReplayError::Seen) => taken_for_others += 1,
			Err(ReplayError::Full) => panic!("full at {}", filter.len()),
		}
	}
	let heap = HEAP.allocated() - before;
	assert_eq!(filter.len() + taken_for_others, fill);
	// The filter's key is on the heap as well, and whatever the test harness allocates.
	assert!(heap.abs_diff(filter.allocated_bytes()) < 64 << 10, "{heap} {}", filter.allocated_bytes());
	let bytes = heap as f64 / filter.len() as f64;

	assert!(tags(1).take(fill).all(|tag| filter.contains(tag)), "forgets nothing");
	let tries = if soak { 10_000_000 } else { 2_000_000 };
	let found = tags(2).take(tries).filter(|tag| filter.contains(*tag)).count() as f64;
	let (rate, expected) = (found / tries as f64, filter.false_positives() * tries as f64);
	println!("{fill} tags: {bytes:.3} bytes each, {:.5} % false positives", 100.0 * rate);
	assert!(bytes <= most_bytes, "{bytes} bytes");
	assert!(rate <= 0.001, "{rate}");
	assert!((found - expected).abs() <= 5.0 * expected.sqrt() + 1.0, "{found} found, {expected} expected");
}

/// Enters tags until a thousand were refused, in a heap that has room for `limit` bytes more. Returns how many it took.
fn fill(max_bytes: usize, limit: usize) -> usize {
	let before = HEAP.allocated();
	let mut filter = ReplayFilter::new(&mut ChaChaRng::seed_from_u64(0), max_bytes);
	HEAP.set_limit(before.saturating_add(limit)).expect("no more is allocated; qed");
	let mut refused = 0;
	for tag in tags(3) {
		refused += usize::from(filter.insert(tag) == Err(ReplayError::Full));
		if refused == 1000 {
			break;
		}
	}
	HEAP.set_limit(usize::MAX).expect("no more is allocated; qed");
	assert!(filter.allocated_bytes() <= max_bytes);
	filter.len()
}

#[test]
fn a_filter_holds_no_more_than_its_bound_not_even_while_it_grows() {
	let _heap = heap();
	for max_bytes in [100, 5_000, 100_000, 3 << 20] {
		// Growing takes a few kilobytes besides the tables.
		let (taken, within_bound) = (fill(max_bytes, usize::MAX), fill(max_bytes, max_bytes + (16 << 10)));
		println!("{max_bytes} bytes: {taken} tags");
		// If there is no memory for a larger table, tags are refused. Any other allocation that failed would abort.
		assert_eq!(within_bound, taken);
	}
}
