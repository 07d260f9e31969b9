//! Elections, weights, randomness and slashing, as tests choose them.

use super::runtime::{Policy, RandomnessAge, RandomnessStandsStill, Runtime, SlashedAmount, System, ValidatorWeights};
use crate::{
	AllAuthorities, Candidate, CreditOf, ElectionPolicy, HighestWeight, Rank, RegistrantWeights, WeightedLottery,
};
use codec::Encode;
use frame_support::traits::{Imbalance, OnUnbalanced, Randomness};
use sp_core::H256;

/// One of the pallet's policies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TestPolicy {
	AllAuthorities,
	HighestWeight,
	WeightedLottery,
}

impl ElectionPolicy<u64> for Policy {
	fn draws() -> bool {
		match Policy::get() {
			TestPolicy::AllAuthorities => <AllAuthorities as ElectionPolicy<u64>>::draws(),
			TestPolicy::HighestWeight => <HighestWeight as ElectionPolicy<u64>>::draws(),
			TestPolicy::WeightedLottery => <WeightedLottery as ElectionPolicy<u64>>::draws(),
		}
	}

	fn rank(candidate: &Candidate<u64>) -> Rank {
		match Policy::get() {
			TestPolicy::AllAuthorities => AllAuthorities::rank(candidate),
			TestPolicy::HighestWeight => HighestWeight::rank(candidate),
			TestPolicy::WeightedLottery => WeightedLottery::rank(candidate),
		}
	}
}

/// Operators weigh their bond, validators what the test has set.
pub struct TestWeights;

impl RegistrantWeights<u64, u64> for TestWeights {
	fn validator(account: &u64) -> u128 {
		ValidatorWeights::get().get(account).copied().unwrap_or(1)
	}

	fn operator(bond: u64) -> u128 {
		bond.into()
	}
}

/// The hash of the number of the block that it was published in: not random, but different every time, unless the test
/// wants it to stand still.
pub struct TestRandomness;

impl Randomness<H256, u64> for TestRandomness {
	fn random(subject: &[u8]) -> (H256, u64) {
		let known_since = System::block_number().saturating_sub(RandomnessAge::get());
		let made_from = if RandomnessStandsStill::get() { 0 } else { known_since };
		(H256(sp_io::hashing::blake2_256(&(subject, made_from).encode())), known_since)
	}
}

/// Counts what is slashed, and burns it.
pub struct CountSlashed;

impl OnUnbalanced<CreditOf<Runtime>> for CountSlashed {
	fn on_nonzero_unbalanced(credit: CreditOf<Runtime>) {
		SlashedAmount::mutate(|amount| *amount += Imbalance::peek(&credit));
	}
}
