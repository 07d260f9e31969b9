//! What the election of a session begins with: its seed, and who may draw from it.

use crate::{Config, Election, Pallet, Rotation, Seed, LOG_TARGET};
use codec::Encode;
use frame_support::traits::{Get, Randomness};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::SessionIndex;
use sp_runtime::traits::Zero;

/// What the randomness is asked for: separates seeds from everything else that the same randomness is used for.
const SEED_SUBJECT: &[u8; 23] = b"mixnet/election-seed/v1";

impl<T: Config> Pallet<T> {
	/// The election of session `index`, without candidates yet. `before` is the rotation of pallet-session before the
	/// one with which the election begins.
	///
	/// The seed is drawn now. Parts of it may have been known since the rotation `before`, when the randomness that it
	/// is made from began to be published. A registrant that the chain knew by then could not choose its key by the
	/// seed. Randomness that is older than that rotation is not used.
	pub(super) fn new_election(
		index: SessionIndex,
		before: Rotation<BlockNumberFor<T>>,
	) -> Election<BlockNumberFor<T>> {
		let (seed, known_since) = T::Randomness::random(&(SEED_SUBJECT, index).encode());
		// At genesis there was no rotation before. Whoever made the chain chose all that it begins with.
		let is_fresh = known_since > before.at || frame_system::Pallet::<T>::block_number().is_zero();
		if !is_fresh {
			log::error!(
				target: LOG_TARGET,
				"The randomness for the election of session {index} is known since block {known_since:?}, which is too \
				 long: nobody draws. Name the mixnet behind the source of randomness in the session keys.",
			);
		}
		Election {
			seed: is_fresh.then(|| Seed(sp_io::hashing::blake2_256(seed.as_ref()))),
			committed_by_rotation: before.count,
			committed_before: before.at,
			..Self::empty_election()
		}
	}

	/// An election in which nobody draws, and for which nobody has registered yet.
	pub(crate) fn empty_election() -> Election<BlockNumberFor<T>> {
		Election {
			seed: None,
			committed_by_rotation: 0,
			committed_before: Zero::zero(),
			max_elected: T::MaxMixnodes::get(),
			max_standbys: T::MaxStandbys::get(),
			elected: 0,
			standbys: 0,
			ranked: 0,
		}
	}
}
