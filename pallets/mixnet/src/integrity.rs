//! What must hold of a runtime's constants. The runtime's integrity test checks it.

use crate::{Config, Pallet, ADDRESSES_LIMIT, ADDRESS_SIZE_LIMIT, AUTHORITIES_LIMIT};
use frame_support::traits::{EstimateNextSessionRotation, Get};
use mixnet_primitives::MIXNODE_INDEX_LIMIT;
use sp_runtime::traits::{Saturating, Zero};

impl<T: Config> Pallet<T> {
	/// Checks the constants of a runtime.
	///
	/// # Panics
	/// If they do not fit together, with the reason.
	pub(crate) fn check_constants() {
		let max = T::MaxMixnodes::get();
		assert!(max >= 1, "MaxMixnodes must be at least 1: a session without mixnodes has to rest");
		assert!(
			max <= MIXNODE_INDEX_LIMIT,
			"MaxMixnodes ({max}) is above {MIXNODE_INDEX_LIMIT}: packets cannot address that many"
		);
		let authorities = T::MaxAuthorities::get();
		assert!(
			authorities <= AUTHORITIES_LIMIT,
			"MaxAuthorities ({authorities}) is above {AUTHORITIES_LIMIT}: no more can be stored"
		);
		let (addresses, size) = (T::MaxExternalAddressesPerMixnode::get(), T::MaxExternalAddressSize::get());
		assert!(
			addresses <= ADDRESSES_LIMIT && size <= ADDRESS_SIZE_LIMIT,
			"{addresses} external addresses of {size} bytes are more than can be stored: {ADDRESSES_LIMIT} of \
			 {ADDRESS_SIZE_LIMIT}"
		);
		let standbys = T::MaxStandbys::get();
		assert!(
			standbys <= MIXNODE_INDEX_LIMIT,
			"MaxStandbys ({standbys}) is above {MIXNODE_INDEX_LIMIT}: they are kept like mixnodes"
		);
		assert!(
			T::MaxRevisions::get() < u32::from(u8::MAX),
			"MaxRevisions must be below 255: revisions are counted in a byte"
		);
		let sessions = T::SessionsPerMixnetSession::get();
		assert!(sessions >= 1, "SessionsPerMixnetSession must be at least 1: sessions begin with pallet-session's");
		assert!(
			T::UnbondingSessions::get() >= 2,
			"UnbondingSessions must be at least 2: an operator may mix in the session in which it unbonds, and be found out \
			 in the next"
		);
		assert!(
			!T::OperatorsEnabled::get() || !T::MinBond::get().is_zero(),
			"MinBond is zero: anybody could have any number of mixnodes for nothing"
		);

		let length = T::NextSessionRotation::average_session_length().saturating_mul(sessions.into());
		if length.is_zero() {
			// The sessions' length is not known in advance.
			return;
		}
		let phases = T::NumCoverToCurrentBlocks::get()
			.saturating_add(T::NumRequestsToCurrentBlocks::get())
			.saturating_add(T::NumCoverToPrevBlocks::get());
		assert!(
			phases < length,
			"the first three phases take {phases:?} blocks, which leaves none of a session's {length:?} to the fourth: \
			 keys would never be destroyed in time"
		);
		let slack = T::NumRegisterStartSlackBlocks::get().saturating_add(T::NumRegisterEndSlackBlocks::get());
		assert!(
			slack < length,
			"the slack at the two ends takes {slack:?} blocks, which leaves none of a session's {length:?} to register in"
		);
	}
}
