use super::{filter::Shape, shard::reads, tag::TagKey, *};
use crate::sphinx::{build_cover, Hop, KxSecret, MixnodeIndex, Opened, Packet, SharedSecret, Target};
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};

fn rng() -> ChaChaRng {
	ChaChaRng::from_seed([1; 32])
}

fn filter(max_bytes: usize) -> ReplayFilter {
	ReplayFilter::new(&mut rng(), max_bytes)
}

/// Enters tags until one is refused. Returns the filter and the tags it took.
fn fill(max_bytes: usize) -> (ReplayFilter, Vec<ReplayTag>) {
	let mut filter = filter(max_bytes);
	let mut rng = rng();
	let mut taken = Vec::new();
	loop {
		let tag = ReplayTag(rng.next_u64());
		let checked = filter.check(tag);
		let inserted = filter.insert(tag);
		assert!(filter.allocated_bytes() <= max_bytes);
		match inserted {
			Ok(()) => {
				assert_eq!(checked, Ok(()));
				taken.push(tag);
			},
			// A false positive: the filter takes it for another tag.
			Err(ReplayError::Seen) => assert_eq!(checked, inserted),
			Err(ReplayError::Full) => return (filter, taken),
		}
	}
}

#[test]
fn a_packet_is_known_again_and_a_changed_copy_too() {
	let mut rng = rng();
	let secret = KxSecret::random(&mut rng);
	let route = [Hop { target: Target::Mixnode(MixnodeIndex::MAX), kx_public: secret.public() }];
	let packet = build_cover(&mut rng, &route, None).unwrap().packet;
	let other = build_cover(&mut rng, &route, None).unwrap().packet;
	let mut copy = *packet.as_bytes();
	copy[31] ^= 0x80;
	copy[2000] ^= 1;

	let mut filter = filter(1 << 20);
	let tag = |filter: &ReplayFilter, packet: &Packet| filter.tag(&Opened::open(&secret, packet).unwrap());
	let first = tag(&filter, &packet);
	assert_eq!(filter.insert(first), Ok(()));
	let again = tag(&filter, &copy.into());
	assert!(filter.contains(again));
	assert_eq!(filter.check(again), Err(ReplayError::Seen));
	assert_eq!(filter.insert(again), Err(ReplayError::Seen));
	let other = tag(&filter, &other);
	assert_eq!(filter.insert(other), Ok(()));
	assert_eq!(filter.len(), 2);
}

#[test]
fn checking_enters_nothing() {
	let mut filter = filter(1 << 20);
	let tag = ReplayTag(5);
	assert_eq!(filter.check(tag), Ok(()));
	assert_eq!(filter.check(tag), Ok(()));
	assert!(filter.is_empty());
	assert_eq!(filter.insert(tag), Ok(()));
	assert_eq!(filter.check(tag), Err(ReplayError::Seen));
}

#[test]
fn nothing_is_allocated_before_the_first_packet_and_little_with_it() {
	for (max_bytes, first) in [(usize::MAX, 128 << 10), (256 << 20, 128 << 10), (1 << 20, 16 << 10), (8 << 10, 512)] {
		let mut filter = filter(max_bytes);
		assert!(!filter.contains(ReplayTag(1)));
		assert_eq!(filter.check(ReplayTag(1)), Ok(()));
		assert_eq!(filter.allocated_bytes(), 0);
		filter.insert(ReplayTag(1)).unwrap();
		assert!(filter.allocated_bytes() > 0);
		assert!(filter.allocated_bytes() <= first, "{max_bytes}: {}", filter.allocated_bytes());
	}
}

#[test]
fn a_full_filter_refuses_and_forgets_nothing() {
	for max_bytes in [10_000, 100_000, 1 << 20, 5_000_000] {
		let (mut filter, taken) = fill(max_bytes);
		assert_eq!(filter.len(), taken.len());
		for tag in taken {
			assert!(filter.contains(tag));
			assert_eq!(filter.check(tag), Err(ReplayError::Seen));
			assert_eq!(filter.insert(tag), Err(ReplayError::Seen));
		}
	}
}

#[test]
fn a_full_filter_refuses_packets_before_they_are_finished() {
	let (mut filter, _) = fill(1 << 20);
	let mut tags = random_tags(5);
	// Shard by shard it turns out that there is no memory left for a larger one.
	for tag in tags.by_ref().take(50_000) {
		let _ = filter.insert(tag);
	}
	let mut refused = 0;
	for tag in tags.take(10_000) {
		let checked = filter.check(tag);
		refused += usize::from(checked == Err(ReplayError::Full));
		assert_eq!(filter.insert(tag), checked);
	}
	assert!(refused > 5_000, "{refused}");
}

#[test]
fn the_filter_uses_most_of_its_bound() {
	// The documentation of `ReplayFilter::new` says so.
	let taken = fill(1 << 20).1.len();
	assert!(taken >= 300_000, "{taken}");
}

#[test]
fn a_bound_too_small_for_anything_refuses_everything() {
	for max_bytes in [0, 1, 64, 150] {
		let mut filter = filter(max_bytes);
		for tag in [0, 1, u64::MAX] {
			assert_eq!(filter.check(ReplayTag(tag)), Err(ReplayError::Full));
			assert_eq!(filter.insert(ReplayTag(tag)), Err(ReplayError::Full));
		}
		assert_eq!(filter.allocated_bytes(), 0);
	}
}

#[test]
fn the_smallest_and_largest_tags_are_filtered_too() {
	let mut filter = filter(1 << 20);
	for tag in [0, u64::MAX, 1 << 63, 1 << 27] {
		assert!(!filter.contains(ReplayTag(tag)));
		assert_eq!(filter.insert(ReplayTag(tag)), Ok(()));
		assert!(filter.contains(ReplayTag(tag)));
	}
	// Tags that all belong at the end.
	let crowd = || (1..30).map(|number| ReplayTag(u64::MAX - (number << 27)));
	for tag in crowd() {
		assert_eq!(filter.insert(tag), Ok(()));
	}
	assert!(crowd().all(|tag| filter.contains(tag)));
}

#[test]
fn tags_with_equal_fingerprints_collide_and_their_neighbours_do_not() {
	let mut filter = filter(1 << 20);
	filter.insert(ReplayTag(5 << 27)).unwrap();
	for same in [5 << 27, (5 << 27) + 1, (6 << 27) - 1] {
		assert_eq!(filter.insert(ReplayTag(same)), Err(ReplayError::Seen));
	}
	for other in [0, (5 << 27) - 1, 6 << 27] {
		assert_eq!(filter.check(ReplayTag(other)), Ok(()));
	}
}

/// A 64th of the default filter (37 bits, 1024 shards): 16 shards, each as full as there.
const SAMPLE: Shape = Shape { max_bytes: 4 << 20, fingerprint_bits: 31, shard_bits: 4, max_len: (1 << 31) / 1000 };
/// The sample's share of 10^8 tags.
const SAMPLE_LEN: usize = 100_000_000 / 64;

fn random_tags(seed: u64) -> impl Iterator<Item = ReplayTag> {
	let mut rng = ChaChaRng::seed_from_u64(seed);
	std::iter::repeat_with(move || ReplayTag(rng.next_u64()))
}

/// A filter in which this many tags were entered. It holds fewer, because of false positives.
fn filled(shape: Shape, tags: usize) -> ReplayFilter {
	let mut filter = ReplayFilter::with_shape(&mut rng(), shape);
	for tag in random_tags(1).take(tags) {
		assert_ne!(filter.insert(tag), Err(ReplayError::Full));
	}
	filter
}

#[test]
fn the_sample_is_a_part_of_the_default_filter() {
	let whole = Shape::new(256 << 20);
	assert_eq!(Shape { max_bytes: SAMPLE.max_bytes << 6, ..whole }, whole);
	assert_eq!((SAMPLE.fingerprint_bits + 6, SAMPLE.shard_bits + 6), (whole.fingerprint_bits, whole.shard_bits));
}

#[test]
fn false_positives_are_as_many_as_the_formula_says() {
	let filter = filled(SAMPLE, 1_000_000);
	assert!(filter.len() > 999_000);
	let tries = 2_000_000;
	let found = random_tags(2).take(tries).filter(|tag| filter.contains(*tag)).count() as f64;
	// About 931 expected, with a standard deviation of 31.
	let expected = filter.false_positives() * tries as f64;
	assert!((found - expected).abs() < 5.0 * expected.sqrt(), "{found} found, {expected} expected");
}

#[test]
fn false_positives_are_one_in_a_thousand_at_most_and_few_when_there_are_few_tags() {
	for max_bytes in (0..64).map(|bits| 1usize << bits).chain([0, 200_000_000, 300 << 20, usize::MAX]) {
		let shape = Shape::new(max_bytes);
		assert!(shape.max_len as u128 * 1000 <= 1 << shape.fingerprint_bits);
		// Memory runs out before that.
		assert!(shape.max_len >= shape.max_bytes as u64 / 2);
		assert!(shape.fingerprint_bits >= 37 && shape.fingerprint_bits - shape.shard_bits <= 37);
	}
	let filter = filled(Shape::new(256 << 20), 1000);
	assert!(filter.false_positives() < 1e-8);
}

#[test]
fn a_filter_with_the_most_tags_allowed_refuses_more_despite_free_memory() {
	let mut filter = ReplayFilter::with_shape(&mut rng(), Shape { max_len: 10, ..SAMPLE });
	let tags: Vec<_> = random_tags(3).take(11).collect();
	for tag in &tags[..10] {
		assert_eq!(filter.insert(*tag), Ok(()));
	}
	assert_eq!(filter.check(tags[10]), Err(ReplayError::Full));
	assert_eq!(filter.insert(tags[10]), Err(ReplayError::Full));
	assert_eq!(filter.check(tags[9]), Err(ReplayError::Seen));
}

#[test]
fn at_full_density_a_look_up_reads_two_lines_and_a_tag_takes_two_bytes() {
	let mut filter = ReplayFilter::with_shape(&mut rng(), SAMPLE);
	let mut others = random_tags(2);
	let (mut read, mut most, mut looked_up) = (0, 0, 0);
	let mut look_up = |filter: &ReplayFilter, tag| {
		reads::take();
		filter.contains(tag);
		let lines = reads::take();
		(read, most, looked_up) = (read + lines, lines.max(most), looked_up + 1);
		assert!(lines <= 2);
	};
	for (tag, number) in random_tags(1).take(SAMPLE_LEN).zip(1..) {
		assert_ne!(filter.insert(tag), Err(ReplayError::Full));
		// New tags and old ones, in turn.
		look_up(&filter, others.next().unwrap());
		look_up(&filter, tag);
		if number > SAMPLE_LEN * 9 / 10 && number % 1000 == 0 {
			let each = filter.allocated_bytes() as f64 / filter.len() as f64;
			assert!(each < 2.0, "{each} bytes");
		}
	}
	let average = read as f64 / looked_up as f64;
	println!("{average} lines on average, {most} at most");
	println!("{} bytes for each tag", filter.allocated_bytes() as f64 / filter.len() as f64);
	assert!((1.0..1.3).contains(&average), "{average}");
	assert!(random_tags(1).take(SAMPLE_LEN).all(|tag| filter.contains(tag)), "forgets nothing");
}

#[test]
fn every_filter_has_a_tag_key_of_its_own() {
	let mut rng = rng();
	let secret = SharedSecret::from_bytes([1; 32]);
	let (a, b) = (TagKey::random(&mut rng), TagKey::random(&mut rng));
	assert_eq!(a.tag(&secret), a.tag(&secret));
	assert_ne!(a.tag(&secret), b.tag(&secret));
	assert_ne!(a.tag(&secret), a.tag(&SharedSecret::from_bytes([2; 32])));
}
