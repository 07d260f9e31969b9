//! Stakes that arrive from the chain that elects the validators, as the guide shows it.

// A pallet is a module in its file.
#![allow(clippy::module_inception)]

use super::runtime::{AccountId, Balance, Runtime, Stakes};
use crate as pallet_mixnet;
use core::marker::PhantomData;
use frame_support::traits::Get;
use pallet_session::SessionManager;
use sp_staking::SessionIndex;

// guide: stakes that arrive
/// What is staked on validators that another chain elects.
#[frame_support::pallet]
pub mod stakes {
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;

	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// The chain that elects the validators.
		type StakingChain: EnsureOrigin<Self::RuntimeOrigin>;

		/// How many stakes arrive at once, at most.
		type PageSize: Get<u32>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The stakes that have arrived, by the number of the set that they are for, and validator.
	#[pallet::storage]
	pub type Arrived<T: Config> = StorageDoubleMap<_, Twox64Concat, u32, Twox64Concat, T::AccountId, u128>;

	/// The number of the set that pallet-session has queued last.
	#[pallet::storage]
	pub type QueuedSet<T: Config> = StorageValue<_, u32, ValueQuery>;

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Notes stakes on validators of a set. The staking chain sends them ahead of that set.
		#[pallet::call_index(0)]
		#[pallet::weight(T::DbWeight::get().writes(stakes.len() as u64))]
		pub fn note(
			origin: OriginFor<T>,
			set: u32,
			stakes: BoundedVec<(T::AccountId, u128), T::PageSize>,
		) -> DispatchResult {
			T::StakingChain::ensure_origin(origin)?;
			for (validator, stake) in stakes {
				Arrived::<T>::insert(set, validator, stake);
			}
			Ok(())
		}
	}

	impl<T: Config> Pallet<T> {
		/// From now on the stakes of this set count. Those of earlier sets are removed.
		pub fn set_queued(set: u32) {
			// Where sets had numbers before this pallet was there, it has nothing of them.
			for earlier in QueuedSet::<T>::get().max(set.saturating_sub(10))..set {
				let _ = Arrived::<T>::clear_prefix(earlier, u32::MAX, None);
			}
			QueuedSet::<T>::put(set);
		}
	}
}

/// Notes the number of each set that the inner session manager hands out.
pub struct WithStakes<Inner, SetHandedOut>(PhantomData<(Inner, SetHandedOut)>);

impl<Inner: SessionManager<AccountId>, SetHandedOut: Get<Option<u32>>> SessionManager<AccountId>
	for WithStakes<Inner, SetHandedOut>
{
	fn new_session(index: SessionIndex) -> Option<Vec<AccountId>> {
		let validators = Inner::new_session(index)?;
		if let Some(set) = SetHandedOut::get() {
			Stakes::set_queued(set);
		}
		Some(validators)
	}

	fn new_session_genesis(index: SessionIndex) -> Option<Vec<AccountId>> {
		Inner::new_session_genesis(index)
	}

	fn start_session(index: SessionIndex) {
		Inner::start_session(index)
	}

	fn end_session(index: SessionIndex) {
		Inner::end_session(index)
	}
}

/// A validator weighs what is staked on it; the least that there is if that has not arrived.
pub struct ArrivedStakes;

impl pallet_mixnet::RegistrantWeights<AccountId, Balance> for ArrivedStakes {
	fn validator(account: &AccountId) -> u128 {
		let set = stakes::QueuedSet::<Runtime>::get();
		stakes::Arrived::<Runtime>::get(set, account).unwrap_or(1)
	}

	fn operator(bond: Balance) -> u128 {
		bond
	}
}
// guide: end
