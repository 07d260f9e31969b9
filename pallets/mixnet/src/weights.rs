//! What the pallet's call costs.
//!
//! **Estimates, not measurements**: storage accesses are counted from the code, computation and proof sizes are rounded
//! up from those of similar calls. A runtime that carries value should measure its own.

use crate::Config;
use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// Weights of the pallet's call.
///
/// Both grow with the size of the next authority set, `a`, since it is read as one value. Neither depends on how many
/// mixnodes registered. Rotation has no weight here: pallet-session gives the whole block to it.
pub trait WeightInfo {
	/// Dispatching [`register`](crate::Call::register).
	fn register(a: u32) -> Weight;
	/// Authorising it, its signature included.
	fn authorize_register(a: u32) -> Weight;
}

/// Decoding and searching one authority, in picoseconds.
const PER_AUTHORITY: u64 = 40_000;
/// Size of one authority in a proof, in bytes.
const AUTHORITY_SIZE: u64 = 32;

/// The checks that dispatch and authorisation share.
///
/// Storage: `CurrentSession` (r:1), `NextRegistered` (r:1), `NextAuthorities` (r:1), `Registrants` (r:1),
/// `KxPublics` (r:1), `PeerIds` (r:1).
fn checks(db: RuntimeDbWeight, a: u32) -> Weight {
	Weight::from_parts(30_000_000, 20_000)
		.saturating_add(Weight::from_parts(PER_AUTHORITY, AUTHORITY_SIZE).saturating_mul(a.into()))
		.saturating_add(db.reads(6))
}

/// Storage, besides the checks': `NextRegistered` (w:1), `Mixnodes` (r:1 w:2), `Registrants` (w:2), `KxPublics` (w:2),
/// `PeerIds` (w:2), `NextToPrune` (r:1 w:1); half of the writes are one step of pruning.
fn register(db: RuntimeDbWeight, a: u32) -> Weight {
	Weight::from_parts(40_000_000, 20_000).saturating_add(checks(db, a)).saturating_add(db.reads_writes(2, 10))
}

/// Storage, besides the checks': `System::BlockHash` (r:1).
fn authorize_register(db: RuntimeDbWeight, a: u32) -> Weight {
	// The signature is most of it.
	Weight::from_parts(80_000_000, 4_000).saturating_add(checks(db, a)).saturating_add(db.reads(1))
}

/// Estimated weights with the database weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: Config> WeightInfo for SubstrateWeight<T> {
	fn register(a: u32) -> Weight {
		register(T::DbWeight::get(), a)
	}

	fn authorize_register(a: u32) -> Weight {
		authorize_register(T::DbWeight::get(), a)
	}
}

/// Estimated weights with RocksDB's database weights, for tests.
impl WeightInfo for () {
	fn register(a: u32) -> Weight {
		register(RocksDbWeight::get(), a)
	}

	fn authorize_register(a: u32) -> Weight {
		authorize_register(RocksDbWeight::get(), a)
	}
}
