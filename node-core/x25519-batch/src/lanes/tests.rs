//! The emulated vector checks what [`Vector`](super::vector::Vector) asks for, on every operation.

use super::{batch, emulated::Emulated};
use crate::{backend::Scalars, Backend};

#[test]
fn the_emulated_vector_multiplies_as_the_portable_backend_does() {
	let scalars: [_; 11] = core::array::from_fn(|i| [i as u8 * 23; 32]);
	let points: [_; 11] = core::array::from_fn(|i| [255 - i as u8 * 7; 32]);
	for kind in [Scalars::Clamped, Scalars::Plain] {
		let [mut out, mut expected] = [[[0; 32]; 11]; 2];
		batch::variable_base::<Emulated<true>>((), kind, &scalars, &points, &mut out);
		Backend::Portable.multiplier().variable_base(kind, &scalars, &points, &mut expected);
		assert_eq!(out, expected);
		batch::fixed_base::<Emulated<true>>((), kind, &scalars, &mut out);
		Backend::Portable.multiplier().fixed_base(kind, &scalars, &mut expected);
		assert_eq!(out, expected);
	}
}
