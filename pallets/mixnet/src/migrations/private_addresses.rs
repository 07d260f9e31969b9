//! The choice of a genesis, for chains that are older than that choice.

use crate::{Config, PrivateAddresses};
use core::marker::PhantomData;
use frame_support::{
	traits::{Get, OnRuntimeUpgrade},
	weights::Weight,
};

/// Lets mixnodes be registered with addresses that cannot be reached from the Internet, as `allow_private_addresses` of
/// the genesis does.
///
/// For chains on private networks that run already. It can run in any upgrade, and does no harm if it runs again.
pub struct AllowPrivateAddresses<T>(PhantomData<T>);

impl<T: Config> OnRuntimeUpgrade for AllowPrivateAddresses<T> {
	fn on_runtime_upgrade() -> Weight {
		PrivateAddresses::<T>::put(true);
		T::DbWeight::get().writes(1)
	}
}
