//! Does the time that a batch takes depend on its scalars? A statistical test, after Reparaz, Balasch, Verbauwhede, "dude,
//! is my code constant time?" (2017): times with one fixed scalar and with random ones, measured in random order, are
//! compared by Welch's t.
//!
//! It needs a quiet machine, so it is not among the usual tests.

use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaCha8Rng,
};
use std::{hint::black_box, time::Instant};
use x25519_batch::{multiply, multiply_base, x25519, x25519_base, Backend};

type Bytes = [u8; 32];

/// Above this |t|, times differ for certain. The paper's bound is 4.5 for one look at the data; we look several times.
const BOUND: f64 = 10.0;

const MEASUREMENTS: usize = 40_000;

const BATCH: usize = 8;

/// The largest |t|: of all times, and of the times below several quantiles, which cut off noise from outside.
fn largest_t(fixed: Bytes, f: impl Fn(&[Bytes], &mut [Bytes])) -> f64 {
	let mut rng = ChaCha8Rng::seed_from_u64(5);
	let mut out = [[0; 32]; BATCH];
	let mut times = Vec::with_capacity(MEASUREMENTS);
	for _ in 0..MEASUREMENTS {
		let is_fixed = rng.next_u32() & 1 == 0;
		// Both kinds are drawn and copied, so that what precedes the measurement is the same for both.
		let random: [Bytes; BATCH] = core::array::from_fn(|_| {
			let mut bytes = [0; 32];
			rng.fill_bytes(&mut bytes);
			bytes
		});
		let mask = if is_fixed { 0xff } else { 0 };
		let scalars = random.map(|random| core::array::from_fn(|i| random[i] & !mask | fixed[i] & mask));
		let start = Instant::now();
		f(black_box(&scalars), black_box(&mut out));
		times.push((is_fixed, start.elapsed().as_nanos() as f64));
	}

	let mut sorted: Vec<_> = times.iter().map(|(_, time)| *time).collect();
	sorted.sort_by(f64::total_cmp);
	let quantile = |q: f64| sorted[(q * (sorted.len() - 1) as f64) as usize];
	[1.0, 0.99, 0.95, 0.9, 0.75, 0.5].map(|q| t(&times, quantile(q)).abs()).into_iter().fold(0.0, f64::max)
}

/// Welch's t of the times up to `limit`.
fn t(times: &[(bool, f64)], limit: f64) -> f64 {
	let [a, b] = [true, false].map(|class| {
		let times = times.iter().filter(|(is_fixed, time)| *is_fixed == class && *time <= limit).map(|(_, time)| *time);
		let count = times.clone().count() as f64;
		let mean = times.clone().sum::<f64>() / count;
		let variance = times.map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
		(mean, variance / count)
	});
	(a.0 - b.0) / (a.1 + b.1).sqrt()
}

/// Scalars for which a leak would show: few bits set, and all bits set.
const FIXED: [Bytes; 3] = [[0; 32], [0xff; 32], [0x01; 32]];

#[test]
#[ignore = "takes a quiet machine; for `make soak`"]
fn the_time_does_not_depend_on_the_scalars() {
	// Check that the test sees a dependence: about two cycles for each set bit of the first scalar.
	let leaky = |scalars: &[Bytes], out: &mut [Bytes]| {
		x25519_base(Backend::best(), scalars, out);
		for _ in 0..scalars[0].iter().map(|byte| byte.count_ones()).sum() {
			black_box(&out);
		}
	};
	let seen = largest_t(FIXED[0], leaky);
	println!("{seen:8.2} with a leak");
	assert!(seen > BOUND, "the measurement sees nothing: {seen}");

	let mut points = [[0; 32]; BATCH];
	points.iter_mut().for_each(|point| point[0] = 9);
	let mut found = Vec::new();
	for backend in Backend::available() {
		for fixed in FIXED {
			for (name, t) in [
				("x25519", largest_t(fixed, |scalars, out| x25519(backend, scalars, &points, out))),
				("x25519_base", largest_t(fixed, |scalars, out| x25519_base(backend, scalars, out))),
				("multiply", largest_t(fixed, |scalars, out| multiply(backend, scalars, &points, out))),
				("multiply_base", largest_t(fixed, |scalars, out| multiply_base(backend, scalars, out))),
			] {
				println!("{t:8.2} {name} by {backend}, {:02x}", fixed[0]);
				if t > BOUND {
					found.push(format!("{name} by {backend}, {:02x}: {t}", fixed[0]));
				}
			}
		}
		if backend == Backend::Avx512Ifma {
			// This backend is our own code. The others would take ten times as long to measure.
			break;
		}
	}
	assert!(found.is_empty(), "{found:#?}");
}
