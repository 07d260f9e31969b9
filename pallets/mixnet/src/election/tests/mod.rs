//! The promises of the policies.
//!
//! - [`policies`]: which candidate ranks before which, case by case.
//! - [`log2`]: the logarithm compared with exact references, and its laws.
//! - [`properties`]: properties that hold for all candidates.
//! - [`statistics`]: a hundred thousand elections compared with exact probabilities.
//! - [`vectors`]: ranks that must never change.

mod log2;
mod policies;
mod properties;
mod statistics;
mod vectors;

use super::{Candidate, RegistrantClass, Seed};
use proptest::prelude::*;

/// Number `number` among the candidates for session 1, a validator that draws from the seed of zeros.
fn candidate(number: u8, weight: u128) -> Candidate<[u8; 32]> {
	Candidate {
		account: [number; 32],
		session_index: 1,
		class: RegistrantClass::Validator,
		weight,
		seed: Some(Seed([0; 32])),
	}
}

/// Numbers of all magnitudes.
fn any_magnitude() -> impl Strategy<Value = u128> {
	(any::<u128>(), 0..128u32).prop_map(|(number, shift)| number >> shift)
}

fn any_candidate() -> impl Strategy<Value = Candidate<[u8; 32]>> {
	let class = prop_oneof![Just(RegistrantClass::Validator), Just(RegistrantClass::Operator)];
	(any::<[u8; 32]>(), any::<u32>(), class, any_magnitude(), any::<Option<[u8; 32]>>()).prop_map(
		|(account, session_index, class, weight, seed)| Candidate {
			account,
			session_index,
			class,
			weight,
			seed: seed.map(Seed),
		},
	)
}
