//! Prints what one multiplication costs in microseconds, by backend and size of batch.

use std::{
	hint::black_box,
	time::{Duration, Instant},
};
use x25519_batch::{x25519, x25519_base, Backend};

/// How long each number is measured. It is the best of the runs that fit into this time.
const BUDGET: Duration = Duration::from_millis(300);

const SIZES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

fn main() {
	print!("{:<25}", "us per operation, batch of");
	for size in SIZES {
		print!("{size:>8}");
	}
	println!();
	for backend in Backend::available() {
		print_line(&format!("x25519, {backend}"), |scalars, points, out| x25519(backend, scalars, points, out));
		print_line(&format!("x25519_base, {backend}"), |scalars, _, out| x25519_base(backend, scalars, out));
	}
}

fn print_line(name: &str, f: impl Fn(&[[u8; 32]], &[[u8; 32]], &mut [[u8; 32]])) {
	print!("{name:<25}");
	for size in SIZES {
		// The time does not depend on what is multiplied, so any bytes will do.
		let inputs: Vec<[u8; 32]> = (0..size).map(|i| core::array::from_fn(|j| (i * 97 + j * 31 + 7) as u8)).collect();
		let mut out = vec![[0; 32]; size];
		let started = Instant::now();
		let mut best = Duration::MAX;
		while started.elapsed() < BUDGET {
			let start = Instant::now();
			f(black_box(&inputs), black_box(&inputs), black_box(&mut out));
			best = best.min(start.elapsed());
		}
		print!("{:>8.2}", best.as_secs_f64() * 1e6 / size as f64);
	}
	println!();
}
