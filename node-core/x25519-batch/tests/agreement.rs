//! Every backend gives what every other gives.

use proptest::prelude::*;
use x25519_batch::{multiply, multiply_base, x25519, x25519_base, Backend};

type Bytes = [u8; 32];

proptest! {
	#[test]
	fn backends_agree_on_random_inputs(inputs in prop::collection::vec(any::<(Bytes, Bytes)>(), 0..80)) {
		let (scalars, points): (Vec<_>, Vec<_>) = inputs.into_iter().unzip();
		for (name, f) in [("x25519", x25519 as fn(_, &[_], &[_], &mut [_])), ("multiply", multiply)] {
			let mut expected = vec![[0; 32]; scalars.len()];
			f(Backend::Portable, &scalars, &points, &mut expected);
			for backend in Backend::available() {
				let mut out = vec![[1; 32]; scalars.len()];
				f(backend, &scalars, &points, &mut out);
				prop_assert_eq!(&out, &expected, "{} by {}", name, backend);
			}
		}
		for (name, f) in [("x25519_base", x25519_base as fn(_, &[_], &mut [_])), ("multiply_base", multiply_base)] {
			let mut expected = vec![[0; 32]; scalars.len()];
			f(Backend::Portable, &scalars, &mut expected);
			for backend in Backend::available() {
				let mut out = vec![[1; 32]; scalars.len()];
				f(backend, &scalars, &mut out);
				prop_assert_eq!(&out, &expected, "{} by {}", name, backend);
			}
		}
	}
}
