//! What calls and hooks cost.
//!
//! **Estimates, not measurements.**

use core::marker::PhantomData;
use frame_support::traits::Get;
use frame_support::weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight};

/// Weights of the pallet's calls and hooks.
pub trait WeightInfo {
	/// Dispatching [`register`](crate::Call::register) with `a` external addresses.
	fn register(a: u32) -> Weight;
	/// Authorising it, its three proofs included.
	fn authorize_register(a: u32) -> Weight;
	/// [`bond`](crate::Call::bond).
	fn bond() -> Weight;
	/// [`bond_extra`](crate::Call::bond_extra).
	fn bond_extra() -> Weight;
	/// [`set_operator_key`](crate::Call::set_operator_key).
	fn set_operator_key() -> Weight;
	/// [`unbond`](crate::Call::unbond).
	fn unbond() -> Weight;
	/// [`withdraw`](crate::Call::withdraw).
	fn withdraw() -> Weight;
	/// [`slash`](crate::Call::slash).
	fn slash() -> Weight;
	/// [`set_parameters`](crate::Call::set_parameters).
	fn set_parameters() -> Weight;
	/// [`force_remove`](crate::Call::force_remove).
	fn force_remove() -> Weight;
	/// Removing `k` keys of sessions that are over.
	fn prune(k: u32) -> Weight;
	/// Rotation of pallet-session with `a` queued authorities, which begins a mixnet session. Not charged by the pallet:
	/// pallet-session gives the whole block to it.
	fn rotate(a: u32) -> Weight;
}

fn estimate(db: RuntimeDbWeight, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(100_000_000, 30_000).saturating_add(db.reads_writes(reads, writes))
}

macro_rules! estimates {
	($db:expr) => {
		fn register(_: u32) -> Weight {
			estimate($db, 14, 14)
		}
		fn authorize_register(_: u32) -> Weight {
			estimate($db, 12, 0)
		}
		fn bond() -> Weight {
			estimate($db, 3, 3)
		}
		fn bond_extra() -> Weight {
			estimate($db, 4, 3)
		}
		fn set_operator_key() -> Weight {
			estimate($db, 14, 14)
		}
		fn unbond() -> Weight {
			estimate($db, 14, 14)
		}
		fn withdraw() -> Weight {
			estimate($db, 4, 4)
		}
		fn slash() -> Weight {
			estimate($db, 14, 14)
		}
		fn set_parameters() -> Weight {
			estimate($db, 2, 1)
		}
		fn force_remove() -> Weight {
			estimate($db, 14, 14)
		}
		fn prune(k: u32) -> Weight {
			estimate($db, 2 + u64::from(k), 1 + u64::from(k))
		}
		fn rotate(a: u32) -> Weight {
			estimate($db, 10 + u64::from(a) / 128, 10 + u64::from(a) / 128)
		}
	};
}

/// Estimated weights with the database weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	estimates!(T::DbWeight::get());
}

/// Estimated weights with RocksDB's database weights, for tests.
impl WeightInfo for () {
	estimates!(RocksDbWeight::get());
}
