//! What pallet-session calls: at genesis, at every rotation, and when a validator is disabled.

use crate::{AuthorityId, Config, LastRotation, NextElection, Pallet, RemovalReason, Rotation, LOG_TARGET};
use frame_support::traits::OneSessionHandler;
use mixnet_primitives::Registrant;
use sp_runtime::BoundToRuntimeAppPublic;

impl<T: Config> BoundToRuntimeAppPublic for Pallet<T> {
	type Public = AuthorityId;
}

impl<T: Config> OneSessionHandler<T::AccountId> for Pallet<T> {
	type Key = AuthorityId;

	fn on_genesis_session<'a, I>(validators: I)
	where
		I: Iterator<Item = (&'a T::AccountId, AuthorityId)> + 'a,
	{
		// pallet-session promises that these are also the authorities of its second session.
		Self::set_queued_authorities(validators.map(|(_, authority)| registrant(&authority)));
		Self::set_queued_authorities_active();
		let first = LastRotation::<T>::get();
		NextElection::<T>::put(Self::new_election(1, first));
	}

	fn on_new_session<'a, I>(_changed: bool, _validators: I, queued_validators: I)
	where
		I: Iterator<Item = (&'a T::AccountId, AuthorityId)> + 'a,
	{
		let before = LastRotation::<T>::get();
		let count = before.count.saturating_add(1);
		LastRotation::<T>::put(Rotation { count, at: frame_system::Pallet::<T>::block_number() });
		// The queued validators may be new though `changed` says that nothing has changed: it speaks of the validators
		// whose session begins now.
		Self::set_queued_authorities(queued_validators.map(|(_, authority)| registrant(&authority)));
		Self::note_rotation(before);
	}

	fn on_disabled(validator_index: u32) {
		// The current session's list does not change. But the validator may not stand for the next one.
		match Self::active_authority(validator_index) {
			Some(registrant) => Self::bar(registrant, RemovalReason::Disabled),
			None => log::warn!(
				target: LOG_TARGET,
				"Validator {validator_index} was disabled, but its key is not known: it may stand in the next election",
			),
		}
	}
}

/// The registrant with this session key.
pub(crate) fn registrant(authority: &AuthorityId) -> Registrant {
	let mut bytes = [0; Registrant::SIZE];
	let raw: &[u8] = authority.as_ref();
	bytes.copy_from_slice(raw);
	Registrant(bytes)
}
