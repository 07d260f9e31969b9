//! The weights of a chain with pallet-staking, as the guide shows them.

use super::runtime::{AccountId, Balance, Runtime};
use crate as pallet_mixnet;

// guide: staking weights
/// A validator weighs the stake behind it, its own and its nominators'. An operator weighs its bond.
pub struct StakeBehind;

impl pallet_mixnet::RegistrantWeights<AccountId, Balance> for StakeBehind {
	fn validator(account: &AccountId) -> u128 {
		// Queued validators are those of the era that was planned last, which may not have begun yet.
		let Some(era) = pallet_staking::CurrentEra::<Runtime>::get() else { return 0 };
		pallet_staking::ErasStakersOverview::<Runtime>::get(era, account).map_or(0, |exposure| exposure.total)
	}

	fn operator(bond: Balance) -> u128 {
		bond
	}
}
// guide: end
