//! Session 0, which begins at genesis.

use crate::{
	BoundedMixnode, Config, CurrentSession, ListedMixnode, Mixnodes, Pallet, Roster, Rotation, Session,
	SessionsParameters,
};
use alloc::collections::BTreeSet;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{Mixnode, Parameters, Place, SessionParameters};
use sp_runtime::traits::Zero;

impl<T: Config> Pallet<T> {
	/// Begins session 0, as the chain specification describes it.
	///
	/// # Panics
	/// If the chain specification is wrong.
	pub(crate) fn begin_at_genesis(mixnodes: &[Mixnode], parameters: Parameters) {
		if let Err(error) = Self::check_parameters(&parameters) {
			panic!("genesis parameters: {error}");
		}
		SessionsParameters::<T>::put(SessionParameters { previous: parameters, current: parameters, next: parameters });

		let max = T::MaxMixnodes::get();
		assert!(
			mixnodes.len() <= max as usize,
			"genesis names {} mixnodes, a session has at most {max}",
			mixnodes.len()
		);
		let (mut keys, mut peers) = (BTreeSet::new(), BTreeSet::new());
		for (index, mixnode) in mixnodes.iter().enumerate() {
			if let Err(error) = Self::check_mixnode(mixnode) {
				panic!("genesis mixnode {index} cannot be used: {error}");
			}
			assert!(
				keys.insert(mixnode.kx_public) && peers.insert(mixnode.peer_id),
				"genesis mixnode {index} has its key or its peer ID in common with an earlier one"
			);
			let mixnode = BoundedMixnode::try_from(mixnode.clone())
				.unwrap_or_else(|error| panic!("genesis mixnode {index} is out of bounds: {error}"));
			Mixnodes::<T>::insert(0, index as Place, ListedMixnode { account: None, mixnode });
		}
		CurrentSession::<T>::put(Self::first_session(mixnodes.len() as u32, parameters.min_mixnodes));
	}

	/// Session 0, with `registered` mixnodes of which it needs `required`.
	pub(crate) fn first_session(registered: u32, required: u32) -> Session<BlockNumberFor<T>> {
		Session {
			index: 0,
			started_at: Zero::zero(),
			rotations: 0,
			length: Self::session_length(),
			phases: Self::phase_lengths(),
			current: Roster { registered, required },
			previous: Roster { registered: 0, required },
			last_rotation: Rotation::default(),
		}
	}
}
