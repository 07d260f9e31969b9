//! What pallet-session calls: at genesis, at every rotation, and when a validator is disabled.
//!
//! # Disabled validators
//!
//! Whoever pallet-session has disabled may not stand in the next session's election. The account is barred, not the key.
//! The election is among the queued validators, who may have other keys than the active ones.
//!
//! pallet-session tells a handler once that a validator is disabled. It remains disabled for as long as the validators
//! do not change. So at each rotation the pallet asks who still is ([`Config::DisabledValidators`]), and bars these from
//! an election that begins. What to know of pallet-session:
//!
//! - The indices mean the active validators: at a rotation those whose session begins, which were queued before.
//! - When `on_disabled` is called, pallet-session's storage does not name the validator yet. A validator whose session key
//!   could not be used, or that was beyond `MaxAuthorities`, is not known then. It is barred from the next rotation on.
//! - It tells nobody when it enables a validator again. The validator stays barred from the election under way, and
//!   stands in the next one.
//! - It enables everybody when the set of validators changes in any way, were it that one of them, or the disabled one
//!   itself, has another key. Then all are validators like others, and stand.

use crate::{
	authorities::Change, AuthorityId, Candidacies, CandidacyState, Config, CurrentSession, NextElection, Pallet,
	RegistrantClass, RemovalReason, Rotation, WeightInfo, LOG_TARGET,
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{
	dispatch::DispatchClass,
	traits::{DisabledValidators, OneSessionHandler},
};
use frame_system::pallet_prelude::BlockNumberFor;
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
		// pallet-session promises that these are also the validators of its second session.
		Self::set_first_authorities(named(validators));
		let first = CurrentSession::<T>::get().last_rotation;
		NextElection::<T>::put(Self::new_election(1, first));
	}

	fn on_new_session<'a, I>(_changed: bool, validators: I, queued_validators: I)
	where
		I: Iterator<Item = (&'a T::AccountId, AuthorityId)> + 'a,
	{
		let (before, begins_session) = Self::count_rotation();
		// The queued validators may be new though `changed` says that nothing has changed: it speaks of the validators
		// whose session begins now.
		let changes = Self::queue_authorities(named(queued_validators), begins_session);
		if begins_session {
			Self::begin_next_session(before);
		} else {
			Self::follow_changes(changes);
		}
		Self::bar_disabled((0..).zip(validators.map(|(account, _)| account.clone())));
	}

	fn on_disabled(validator_index: u32) {
		// The current session's list does not change. But the validator may not stand for the next one.
		match Self::active_account(validator_index) {
			Some(account) => Self::bar(&account, RemovalReason::Disabled),
			None => log::warn!(
				target: LOG_TARGET,
				"Validator {validator_index} was disabled, but its account is not known: it may stand in the next election",
			),
		}
		// Nobody else counts this.
		frame_system::Pallet::<T>::register_extra_weight_unchecked(T::WeightInfo::disable(), DispatchClass::Mandatory);
	}
}

impl<T: Config> Pallet<T> {
	/// Follows a rotation in an election that goes on: removes the mixnodes of validators that have left or have another
	/// key now, and ranks those again that weigh less. An account that stands as an operator is not concerned.
	fn follow_changes(changes: Vec<(T::AccountId, Change)>) {
		let session_index = Self::next_session_index();
		for (account, change) in changes {
			let stands_as =
				Candidacies::<T>::get(session_index, &account).and_then(|candidacy| candidacy.registered_as);
			if stands_as.is_none_or(|registered_as| registered_as.class != RegistrantClass::Validator) {
				continue;
			}
			match change {
				Change::Left => Self::remove_candidate(&account, RemovalReason::NoLongerQueued),
				Change::NewKey => Self::remove_candidate(&account, RemovalReason::KeyReplaced),
				Change::LessWeight(registrant) => {
					let election = NextElection::<T>::get();
					if let Ok(candidate) = Self::candidate(&election, session_index, &registrant) {
						Self::rank_again(&candidate);
					}
				},
			}
		}
	}

	/// Bars those active validators from the election that are disabled. `active`: all of them, by their indices.
	pub(crate) fn bar_disabled(active: impl Iterator<Item = (u32, T::AccountId)>) {
		let session_index = Self::next_session_index();
		let disabled: BTreeSet<_> = T::DisabledValidators::disabled_validators().into_iter().collect();
		if disabled.is_empty() {
			return;
		}
		for (_, account) in active.filter(|(index, _)| disabled.contains(index)) {
			let candidacy = Candidacies::<T>::get(session_index, &account);
			if candidacy.is_none_or(|candidacy| candidacy.state != CandidacyState::Barred) {
				Self::bar(&account, RemovalReason::Disabled);
			}
		}
	}

	/// Counts a rotation of pallet-session. Returns the one before, and whether the next session begins with this one.
	fn count_rotation() -> (Rotation<BlockNumberFor<T>>, bool) {
		CurrentSession::<T>::mutate(|session| {
			let before = session.last_rotation;
			session.last_rotation =
				Rotation { count: before.count.saturating_add(1), at: frame_system::Pallet::<T>::block_number() };
			session.rotations = session.rotations.saturating_add(1);
			(before, session.rotations >= session.length)
		})
	}
}

/// Validators by account and registrant.
fn named<'a, AccountId: Clone + 'a>(
	validators: impl Iterator<Item = (&'a AccountId, AuthorityId)> + 'a,
) -> impl Iterator<Item = (AccountId, Registrant)> + 'a {
	validators.map(|(account, authority)| (account.clone(), registrant(&authority)))
}

/// The registrant with this session key.
pub(crate) fn registrant(authority: &AuthorityId) -> Registrant {
	let mut bytes = [0; Registrant::SIZE];
	let raw: &[u8] = authority.as_ref();
	bytes.copy_from_slice(raw);
	Registrant(bytes)
}
