//! The replay filter at scale: what a tag takes of memory and time, and how often one is taken for another.
//!
//! ```text
//! cd benchmarking/speed && cargo run --release --example replay_filter [MAX_TAGS]
//! ```
//!
//! Prints a row for 10^5 tags, 10^6, and so on up to MAX_TAGS, 10^8 if it is not given; that takes 200 MB and a minute or
//! two. Memory is what the allocator was asked for. Times are of random tags, one call after the other, those of checks
//! with tags that are not in the filter, as those of most packets; the time to make the tags is not in them. The last two
//! columns are of insertions that made a shard grow, the last tenth of them: the median, and the longest, in which the
//! operating system's pauses count as well.

use cap::Cap;
use mixnet_node_core::replay::{ReplayFilter, ReplayTag};
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};
use std::{
	alloc::System,
	time::{Duration, Instant},
};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// As by default.
const MAX_BYTES: usize = 256 << 20;
const CHECKS: usize = 10_000_000;
/// Tags are made so many at a time, and then used.
const BATCH: usize = 10_000;

fn main() {
	let max_tags = std::env::args().nth(1).map_or(100_000_000, |tags| tags.parse().expect("MAX_TAGS is a number"));
	let mut rng = ChaChaRng::seed_from_u64(1);
	let before = HEAP.allocated();
	let mut filter = ReplayFilter::new(&mut rng, MAX_BYTES);
	let mut tags = Tags { rng, batch: Vec::with_capacity(BATCH) };

	let columns = [
		"tags",
		"bytes per tag",
		"false positives",
		"by the formula",
		"ns per check",
		"ns per insert",
		"ms to grow",
		"longest, ms",
	];
	println!("| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
	let mut fill = 100_000;
	while fill <= max_tags {
		let (new, mut time) = (fill - filter.len(), Duration::ZERO);
		let mut growths = Vec::new();
		for batch in 0..new.div_ceil(BATCH) {
			let tags = tags.take(BATCH.min(new - batch * BATCH));
			let mut last = Instant::now();
			for tag in tags {
				let before = filter.allocated_bytes();
				// Those that are taken for others are not entered.
				let _ = filter.insert(*tag);
				let now = Instant::now();
				if filter.allocated_bytes() > before {
					growths.push((now - last).as_secs_f64() * 1000.0);
				}
				time += now - last;
				last = now;
			}
		}
		let [usual, longest] = of_the_last(growths);
		let bytes = (HEAP.allocated() - before - BATCH * size_of::<ReplayTag>()) as f64 / filter.len() as f64;
		let (mut found, mut checks) = (0, Duration::ZERO);
		for _ in 0..CHECKS / BATCH {
			let tags = tags.take(BATCH);
			let start = Instant::now();
			found += tags.iter().filter(|tag| filter.check(**tag).is_err()).count();
			checks += start.elapsed();
		}
		println!(
			"| {fill} | {bytes:.2} | {:.5} % | {:.5} % | {:.0} | {:.0} | {usual:.2} | {longest:.2} |",
			100.0 * found as f64 / CHECKS as f64,
			100.0 * filter.false_positives(),
			checks.as_nanos() as f64 / CHECKS as f64,
			time.as_nanos() as f64 / new as f64,
		);
		fill *= 10;
	}
}

/// The median and the longest of the last times, when the shards were nearly as large as they are now.
fn of_the_last(times: Vec<f64>) -> [f64; 2] {
	let mut last = times[times.len() * 9 / 10..].to_vec();
	last.sort_by(f64::total_cmp);
	[last[last.len() / 2], last[last.len() - 1]]
}

struct Tags {
	rng: ChaChaRng,
	batch: Vec<ReplayTag>,
}

impl Tags {
	fn take(&mut self, number: usize) -> &[ReplayTag] {
		self.batch.clear();
		self.batch.extend((0..number).map(|_| ReplayTag::from_bits(self.rng.next_u64())));
		&self.batch
	}
}
