//! The storage of version 0 that version 1 does not have.

use crate::{migrations::v2::v1, Config, Pallet};
use alloc::vec::Vec;
use frame_support::{pallet_prelude::*, storage_alias};
use mixnet_primitives::{Place, Registrant, SessionIndex};

/// The authorities who could register, in ascending order. The bound was the runtime's `MaxAuthorities`.
#[storage_alias]
pub type NextAuthorities<T: Config> = StorageValue<Pallet<T>, Vec<Registrant>, ValueQuery>;

/// How many mixnodes were registered for the next session.
#[storage_alias]
pub type NextRegistered<T: Config> = StorageValue<Pallet<T>, u32, ValueQuery>;

/// The mixnodes, by session and by their place in the session's list.
#[storage_alias]
pub type Mixnodes<T: Config> =
	StorageDoubleMap<Pallet<T>, Twox64Concat, SessionIndex, Twox64Concat, Place, v1::ListedMixnode>;

/// Places of the mixnodes, by session and registrant.
#[storage_alias]
pub type Registrants<T: Config> =
	StorageDoubleMap<Pallet<T>, Twox64Concat, SessionIndex, Blake2_128Concat, Registrant, Place>;

/// Where pruning was to go on: a session, and a place in its list.
#[storage_alias]
pub type NextToPrune<T: Config> = StorageValue<Pallet<T>, (SessionIndex, Place), ValueQuery>;
