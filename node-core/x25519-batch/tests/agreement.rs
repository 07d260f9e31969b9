//! All backends give the same results.

use curve25519_dalek::MontgomeryPoint;
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaCha8Rng,
};
use x25519_batch::{multiply, multiply_base, x25519, x25519_base, Backend};

type Bytes = [u8; 32];

/// The factor by which `make soak` raises the number of random cases.
fn soak() -> usize {
	std::env::var("MIXNET_SOAK").map_or(1, |times| times.parse().expect("MIXNET_SOAK is a number"))
}

/// Checks that all backends give the same for each of the four functions, and returns what they give.
fn agreed(scalars: &[Bytes], points: &[Bytes]) -> [Vec<Bytes>; 4] {
	let all = |backend| {
		let mut out = [const { Vec::new() }; 4].map(|_: Vec<Bytes>| vec![[0xaa; 32]; scalars.len()]);
		x25519(backend, scalars, points, &mut out[0]);
		multiply(backend, scalars, points, &mut out[1]);
		x25519_base(backend, scalars, &mut out[2]);
		multiply_base(backend, scalars, &mut out[3]);
		out
	};
	let expected = all(Backend::Portable);
	for backend in Backend::available() {
		let out = all(backend);
		for (function, (out, expected)) in out.iter().zip(&expected).enumerate() {
			for (i, (out, expected)) in out.iter().zip(expected).enumerate() {
				let [scalar, point] = [scalars[i], points[i]].map(hex::encode);
				assert_eq!(out, expected, "{backend}, function {function}, scalar {scalar}, point {point}");
			}
		}
	}
	expected
}

/// Random bytes. Half of the time they are runs of zero bits and one bits, in which carries go far.
fn random(rng: &mut ChaCha8Rng) -> Bytes {
	let mut bytes = [0; 32];
	rng.fill_bytes(&mut bytes);
	if rng.next_u32() & 1 == 0 {
		let [mut bit, mut left] = [0, 0];
		for i in 0..256 {
			if left == 0 {
				[bit, left] = [1 - bit, 1 + rng.next_u32() % 90];
			}
			left -= 1;
			bytes[i / 8] = bytes[i / 8] & !(1 << (i % 8)) | (bit as u8) << (i % 8);
		}
	}
	bytes
}

fn randoms(rng: &mut ChaCha8Rng, count: usize) -> Vec<Bytes> {
	(0..count).map(|_| random(rng)).collect()
}

/// Adds a small number to a little-endian one, modulo 2^256.
fn plus(mut bytes: Bytes, addend: i32) -> Bytes {
	let mut carry = addend;
	for byte in &mut bytes {
		let sum = i32::from(*byte) + carry;
		*byte = sum.rem_euclid(256) as u8;
		carry = sum.div_euclid(256);
	}
	bytes
}

fn small(number: u8) -> Bytes {
	plus([0; 32], number.into())
}

fn with_top_bit(mut bytes: Bytes) -> Bytes {
	bytes[31] |= 0x80;
	bytes
}

fn bytes(hex: &str) -> Bytes {
	hex::decode(hex).expect("is hex").try_into().expect("is 32 bytes long")
}

fn p() -> Bytes {
	let mut bytes = plus([0; 32], -19);
	bytes[31] &= 0x7f;
	bytes
}

/// The u-coordinates of points of low order on the curve or its twist, in all their forms.
fn low_order_points() -> Vec<Bytes> {
	let order_8 = [
		bytes("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
		bytes("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
	];
	let mut points = vec![small(0), small(1), plus(p(), -1), p(), plus(p(), 1)];
	points.extend(order_8);
	points.extend(points.clone().into_iter().map(with_top_bit));
	points
}

fn edge_points() -> Vec<Bytes> {
	let mut points = low_order_points();
	// All points that are not canonical, and their neighbours and those of zero. Some are on the curve, some on its twist.
	for i in 0..=40 {
		points.push(plus(p(), i - 20));
		points.push(with_top_bit(plus(p(), i - 20)));
		points.push(small(i as u8));
	}
	points.extend([[0xff; 32], [0x55; 32], [0xaa; 32]]);
	points
}

fn edge_scalars() -> Vec<Bytes> {
	let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
	let mut scalars = vec![[0xff; 32], [0x7f; 32], [0x55; 32], [0xaa; 32], p(), plus([0; 32], -8)];
	for i in 0..=9 {
		scalars.push(small(i));
		scalars.push(plus(order, i32::from(i) - 4));
		scalars.push(with_top_bit(plus(order, i32::from(i) - 4)));
	}
	// 8 * order and its neighbours. Clamped, they have the form 2^254 + 8 k.
	let mut eight = [0; 32];
	for i in 0..256 {
		let bit = if i < 3 { 0 } else { order[(i - 3) / 8] >> ((i - 3) % 8) & 1 };
		eight[i / 8] |= bit << (i % 8);
	}
	scalars.extend([eight, plus(eight, 8), plus(eight, -8)]);
	// One bit each, at the edges of words, limbs and digits.
	for bit in [5, 51, 63, 64, 102, 127, 128, 153, 191, 192, 204, 250, 251, 252, 253, 254, 255] {
		let mut scalar = [0; 32];
		scalar[bit / 8] = 1 << (bit % 8);
		scalars.extend([scalar, plus(scalar, -1)]);
	}
	scalars
}

#[test]
fn backends_agree_on_every_edge_scalar_with_every_edge_point() {
	let (scalars, points): (Vec<_>, Vec<_>) = edge_scalars()
		.into_iter()
		.flat_map(|scalar| edge_points().into_iter().map(move |point| (scalar, point)))
		.unzip();
	agreed(&scalars, &points);

	let on_curve = |point: &Bytes| MontgomeryPoint(*point).to_edwards(0).is_some();
	assert!(edge_points().iter().filter(|point| on_curve(point)).count() > 20);
	assert!(edge_points().iter().filter(|point| !on_curve(point)).count() > 20);
}

#[test]
fn points_of_low_order_give_zero_and_spoil_nothing_beside_them() {
	let low_order = low_order_points();
	let mut rng = ChaCha8Rng::seed_from_u64(1);
	let scalars = randoms(&mut rng, low_order.len());
	assert!(agreed(&scalars, &low_order)[0].iter().all(|out| *out == [0; 32]));

	// One among other points, at each place of the batch.
	for place in 0..40 {
		let scalars = randoms(&mut rng, 40);
		let mut points = randoms(&mut rng, 40);
		points[place] = low_order[place % low_order.len()];
		let out = &agreed(&scalars, &points)[0];
		assert!((0..40).all(|i| (out[i] == [0; 32]) == (i == place)));
	}
}

#[test]
fn scalar_zero_and_the_order_give_the_neutral_element() {
	let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
	let out = agreed(&[small(0), order, small(1), plus(order, 1)], &[small(9); 4]);
	let expected = [small(0), small(0), small(9), small(9)];
	assert_eq!([&out[1][..], &out[3]], [&expected[..]; 2]);
}

#[test]
fn backends_agree_on_batches_of_every_length() {
	let mut rng = ChaCha8Rng::seed_from_u64(2);
	for length in (0..=40).chain([63, 64, 65, 66, 72, 73, 127, 128, 129, 200]) {
		let [scalars, points] = [randoms(&mut rng, length), randoms(&mut rng, length)];
		agreed(&scalars, &points);
	}
}

#[test]
fn backends_agree_on_random_inputs() {
	let mut rng = ChaCha8Rng::seed_from_u64(3);
	for _ in 0..40 * soak() {
		let [scalars, points] = [randoms(&mut rng, 64), randoms(&mut rng, 64)];
		agreed(&scalars, &points);
	}
}

#[test]
fn the_order_of_a_batch_makes_no_difference() {
	let mut rng = ChaCha8Rng::seed_from_u64(4);
	for length in [8, 13, 40] {
		let [mut scalars, mut points] = [randoms(&mut rng, length), randoms(&mut rng, length)];
		points[length / 2] = small(1);
		let mut expected = agreed(&scalars, &points);
		for _ in 0..length {
			scalars.rotate_left(1);
			points.rotate_left(1);
			expected.iter_mut().for_each(|out| out.rotate_left(1));
			assert_eq!(agreed(&scalars, &points), expected);
		}
	}
}

#[test]
fn backend_names_parse_back_to_their_backends() {
	for backend in [Backend::Avx512Ifma, Backend::AwsLc, Backend::Portable] {
		assert_eq!(backend.to_string().parse(), Ok(backend));
		assert_eq!(backend.to_string(), backend.name());
	}
	let unknown = "avx".parse::<Backend>().expect_err("no backend has this name");
	assert_eq!(unknown.to_string(), "not one of avx512-ifma aws-lc portable");
	assert!(Backend::best().is_available());
}

#[test]
#[should_panic = "as many points as scalars"]
fn slices_of_different_lengths_panic() {
	x25519(Backend::Portable, &[[1; 32]; 2], &[[9; 32]], &mut [[0; 32]; 2]);
}
