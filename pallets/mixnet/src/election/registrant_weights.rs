//! What accounts weigh in an election.

use core::marker::PhantomData;
use frame_support::traits::Get;
use sp_runtime::traits::UniqueSaturatedInto;

/// Says what accounts weigh in an election.
///
/// Validators and operators compete for the same places, so their weights must be in the same unit. Which unit does not
/// matter.
///
/// A validator's weight is asked for when pallet-session queues it, at each rotation, and stored with it. So what
/// counts in an election is what was known before its seed, and one stake counts for one account. An operator's weight
/// must follow from its bond alone: the pallet knows when which part of a bond was added.
///
/// # Splitting
///
/// Whoever splits a weight among several accounts is drawn first exactly as often as before: the sum is what counts.
/// But then it can be drawn again, which a single account cannot. That is bounded by what an account costs (a minimum
/// bond, a seat among the validators), not by the weights.
pub trait RegistrantWeights<AccountId, Balance> {
	/// The weight of a validator that pallet-session has just queued.
	///
	/// It may read the storage. It is asked for all queued validators at each rotation, for which pallet-session takes a
	/// whole block's weight. It must not change the storage.
	fn validator(account: &AccountId) -> u128;

	/// The weight of an operator, by its bond. Reads nothing: it is asked for whenever the operator registers.
	fn operator(bond: Balance) -> u128;
}

/// Every registrant weighs the same.
///
/// With the [`WeightedLottery`](super::WeightedLottery) this is a draw in which all have the same chance; with
/// [`HighestWeight`](super::HighestWeight), too.
pub struct EqualWeights;

impl<AccountId, Balance> RegistrantWeights<AccountId, Balance> for EqualWeights {
	fn validator(_account: &AccountId) -> u128 {
		1
	}

	fn operator(_bond: Balance) -> u128 {
		1
	}
}

/// An operator weighs what it bonds, and every validator as much as an operator with a bond of `ValidatorWeight`.
pub struct BondWeights<ValidatorWeight>(PhantomData<ValidatorWeight>);

impl<AccountId, Balance: UniqueSaturatedInto<u128>, ValidatorWeight: Get<u128>> RegistrantWeights<AccountId, Balance>
	for BondWeights<ValidatorWeight>
{
	fn validator(_account: &AccountId) -> u128 {
		ValidatorWeight::get()
	}

	fn operator(bond: Balance) -> u128 {
		bond.unique_saturated_into()
	}
}
