//! What registrants weigh in an election.

use core::marker::PhantomData;
use frame_support::traits::Get;
use mixnet_primitives::Registrant;
use sp_runtime::traits::UniqueSaturatedInto;

/// Says what a registrant weighs in an election.
///
/// Validators and operators compete for the same places, so their weights must be in the same unit. Which unit does not
/// matter.
///
/// The owner of a weight must not be able to raise it once the session's seed is known; see the [module's](super)
/// introduction. Stake that is counted once per era cannot be raised in between. A free balance can.
///
/// # Splitting
///
/// Whoever splits a weight among several keys is drawn first exactly as often as before: the sum is what counts. But
/// then it can be drawn again, which a single key cannot. That is bounded by what a key costs (a minimum bond, a seat
/// among the validators), not by the weights.
///
/// # Validators by the stake behind them
///
/// docs/INTEGRATION.md has such weights for chains with pallet-staking, and for chains whose staking is on another chain.
/// They are compiled, and tested in this crate (`tests/staking`).
pub trait RegistrantWeights<Balance> {
	/// The weight of a validator, by the session key with which it registers.
	fn validator(authority: &Registrant) -> u128;

	/// The weight of an operator, by its bond.
	fn operator(bond: Balance) -> u128;
}

/// Every registrant weighs the same.
///
/// With the [`WeightedLottery`](super::WeightedLottery) this is a draw in which all have the same chance; with
/// [`HighestWeight`](super::HighestWeight), too.
pub struct EqualWeights;

impl<Balance> RegistrantWeights<Balance> for EqualWeights {
	fn validator(_authority: &Registrant) -> u128 {
		1
	}

	fn operator(_bond: Balance) -> u128 {
		1
	}
}

/// An operator weighs what it bonds, and every validator as much as an operator with a bond of `ValidatorWeight`.
pub struct BondWeights<ValidatorWeight>(PhantomData<ValidatorWeight>);

impl<Balance: UniqueSaturatedInto<u128>, ValidatorWeight: Get<u128>> RegistrantWeights<Balance>
	for BondWeights<ValidatorWeight>
{
	fn validator(_authority: &Registrant) -> u128 {
		ValidatorWeight::get()
	}

	fn operator(bond: Balance) -> u128 {
		bond.unique_saturated_into()
	}
}
