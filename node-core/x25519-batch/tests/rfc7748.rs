//! The test vectors of RFC 7748, on every backend.

use x25519_batch::{x25519, x25519_base, Backend};

fn bytes(hex: &str) -> [u8; 32] {
	hex::decode(hex).expect("is hex").try_into().expect("is 32 bytes long")
}

fn one(backend: Backend, scalar: [u8; 32], point: [u8; 32]) -> [u8; 32] {
	let mut out = [[0; 32]];
	x25519(backend, &[scalar], &[point], &mut out);
	out[0]
}

#[test]
fn every_backend_gives_the_results_of_section_5_2() {
	let vectors = [
		(
			"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
			"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
			"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
		),
		(
			"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
			"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
			"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
		),
	];
	for backend in Backend::available() {
		for (scalar, point, expected) in vectors {
			assert_eq!(one(backend, bytes(scalar), bytes(point)), bytes(expected), "{backend}");
		}
	}
}

#[test]
fn every_backend_makes_the_key_exchange_of_section_6_1() {
	let secrets = [
		bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
		bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"),
	];
	let publics = [
		bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
		bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
	];
	let shared = bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	for backend in Backend::available() {
		let mut out = [[0; 32]; 2];
		x25519_base(backend, &secrets, &mut out);
		assert_eq!(out, publics, "{backend}");
		x25519(backend, &secrets, &[publics[1], publics[0]], &mut out);
		assert_eq!(out, [shared; 2], "{backend}");
	}
}

/// The iterated test of section 5.2, in all eight lanes of a vector at once.
fn iterate(backend: Backend, times: usize) -> [u8; 32] {
	let mut nine = [0; 32];
	nine[0] = 9;
	let [mut scalars, mut points] = [[nine; 8]; 2];
	// Other backends have no lanes, and would only take eight times as long.
	let lanes = if backend == Backend::Avx512Ifma { 8 } else { 1 };
	for _ in 0..times {
		let mut out = [[0; 32]; 8];
		x25519(backend, &scalars[..lanes], &points[..lanes], &mut out[..lanes]);
		points = scalars;
		scalars = out;
	}
	assert!(scalars[..lanes].iter().all(|scalar| *scalar == scalars[0]), "lanes differ");
	scalars[0]
}

#[test]
fn a_thousand_iterations_give_the_result_of_section_5_2() {
	for backend in Backend::available() {
		let expected = bytes("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
		assert_eq!(iterate(backend, 1), expected, "{backend}");
		let expected = bytes("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
		assert_eq!(iterate(backend, 1000), expected, "{backend}");
	}
}

#[test]
#[ignore = "takes a minute; for `make soak`"]
fn a_million_iterations_give_the_result_of_section_5_2() {
	for backend in Backend::available() {
		let expected = bytes("7c3911e0ab2586fd864497297e575e6f3bc601c0883c30df5f4dd2d24f665424");
		assert_eq!(iterate(backend, 1_000_000), expected, "{backend}");
	}
}
