use super::{tag::TagKey, *};
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

/// Enters tags until one is refused; the filter and the tags it took.
fn fill(max_bytes: usize) -> (ReplayFilter, Vec<ReplayTag>) {
	let mut filter = filter(max_bytes);
	let mut rng = rng();
	let mut taken = Vec::new();
	loop {
		let tag = ReplayTag(rng.next_u64());
		let checked = filter.check(tag);
		let inserted = filter.insert(tag);
		assert_eq!(checked, inserted);
		assert!(filter.allocated_bytes() <= max_bytes);
		match inserted {
			Ok(()) => taken.push(tag),
			Err(error) => {
				assert_eq!(error, ReplayError::Full);
				return (filter, taken);
			},
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
fn nothing_is_allocated_before_the_first_packet() {
	let mut filter = filter(usize::MAX);
	assert_eq!(filter.allocated_bytes(), 0);
	assert!(!filter.contains(ReplayTag(1)));
	assert_eq!(filter.allocated_bytes(), 0);
	filter.insert(ReplayTag(1)).unwrap();
	assert!(filter.allocated_bytes() > 0);
	assert!(filter.allocated_bytes() < 4096);
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
fn the_bound_is_put_to_use() {
	assert!(fill(1 << 20).1.len() >= 100_000);
}

#[test]
fn a_bound_too_small_for_anything_refuses_everything() {
	for max_bytes in [0, 1, 64, 519] {
		let mut filter = filter(max_bytes);
		for tag in [0, 1, u64::MAX] {
			assert_eq!(filter.check(ReplayTag(tag)), Err(ReplayError::Full));
			assert_eq!(filter.insert(ReplayTag(tag)), Err(ReplayError::Full));
		}
		assert_eq!(filter.allocated_bytes(), 0);
	}
}

#[test]
fn extreme_tags_are_tags() {
	let mut filter = filter(1 << 20);
	for tag in [0, u64::MAX, 1 << 63, 2] {
		assert!(!filter.contains(ReplayTag(tag)));
		assert_eq!(filter.insert(ReplayTag(tag)), Ok(()));
		assert!(filter.contains(ReplayTag(tag)));
	}
	// Tags that belong in the same place find the next ones, around the end.
	for tag in (u64::MAX - 50)..u64::MAX {
		assert_eq!(filter.insert(ReplayTag(tag)), Ok(()));
	}
	for tag in (u64::MAX - 50)..=u64::MAX {
		assert!(filter.contains(ReplayTag(tag)));
	}
}

#[test]
fn every_filter_has_tags_of_its_own() {
	let mut rng = rng();
	let secret = SharedSecret::from_bytes([1; 32]);
	let (a, b) = (TagKey::random(&mut rng), TagKey::random(&mut rng));
	assert_eq!(a.tag(&secret), a.tag(&secret));
	assert_ne!(a.tag(&secret), b.tag(&secret));
	assert_ne!(a.tag(&secret), a.tag(&SharedSecret::from_bytes([2; 32])));
}
