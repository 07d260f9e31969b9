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
/// # Example: validators by the stake behind them
///
/// This is for a runtime with pallet-staking. Queued validators are those of the era that was planned last,
/// `CurrentEra`, which may not have begun yet. Their exposure was fixed when that era was planned.
///
/// ```ignore
/// pub struct Stake;
///
/// impl RegistrantWeights<Balance> for Stake {
///     fn validator(authority: &Registrant) -> u128 {
///         // A validator that has just set other keys is not known by those that it is queued with. It weighs nothing
///         // until the new ones are queued.
///         let Some(stash) = Session::key_owner(pallet_mixnet::KEY_TYPE, &authority.0) else { return 0 };
///         let Some(era) = pallet_staking::CurrentEra::<Runtime>::get() else { return 0 };
///         pallet_staking::ErasStakersOverview::<Runtime>::get(era, stash).map_or(0, |exposure| exposure.total)
///     }
///
///     fn operator(bond: Balance) -> u128 {
///         bond
///     }
/// }
/// ```
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
