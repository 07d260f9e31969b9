//! What `try-runtime` checks before and after the migration to version 2.

use super::{owner_of, steps, v1, Unfinished};
use crate::{
	migrations::v1::v0, BalanceOf, Candidacies, CandidacyState, Config, CurrentSession, NextToPrune,
	Operators as Stored, Pallet, WeightInfo,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeAll, Encode};
use frame_support::{ensure, traits::Get, weights::Weight};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{Mixnode, Registrant, SessionIndex};
use sp_runtime::TryRuntimeError;

/// The operators of version 1, by account.
pub(super) type Operators<T> =
	Vec<(<T as frame_system::Config>::AccountId, v1::Operator<BalanceOf<T>, BlockNumberFor<T>>)>;

/// The lists, and who is registered for the next session.
#[derive(Encode, Decode)]
pub(super) struct Lists<T: Config> {
	session: Option<v1::Session<BlockNumberFor<T>>>,
	previous: Vec<Mixnode>,
	current: Vec<Mixnode>,
	next: Vec<Registrant>,
}

impl<T: Config> Lists<T> {
	pub fn of_version_1() -> Self {
		let session = v1::CurrentSession::<T>::get();
		let index = session.as_ref().map_or(0, |session| session.index);
		let list = |session_index| -> Vec<_> {
			(0..).map_while(|place| v1::Mixnodes::<T>::get(session_index, place)).map(|listed| listed.mixnode).collect()
		};
		Self {
			previous: index.checked_sub(1).map(list).unwrap_or_default(),
			current: list(index),
			next: v1::Mixnodes::<T>::iter_prefix_values(index.saturating_add(1))
				.filter_map(|listed| listed.registrant)
				.collect(),
			session,
		}
	}

	pub fn decode_all(mut state: &[u8]) -> Result<Self, TryRuntimeError> {
		<Self as DecodeAll>::decode_all(&mut state).map_err(|_| "the lists before do not decode".into())
	}

	pub fn check(self) -> Result<(), TryRuntimeError> {
		let session = CurrentSession::<T>::get();
		if let Some(before) = self.session {
			ensure!(
				(session.index, session.started_at) == (before.index, before.started_at),
				"the session has changed"
			);
			ensure!((session.current, session.previous) == (before.current, before.previous), "a roster has changed");
		}
		let list = |session_index| Pallet::<T>::mixnodes_page(session_index, 0, u32::MAX).map(|page| page.mixnodes);
		ensure!(list(session.index) == Some(self.current), "the current list has changed");
		if let Some(previous) = session.index.checked_sub(1) {
			ensure!(list(previous) == Some(self.previous), "the previous list has changed");
		}
		// Every account that has registered by a key that it has now is still listed, unless it is barred.
		let next_index = session.index.saturating_add(1);
		for registrant in self.next {
			let Some(owner) = owner_of::<T>(&registrant).filter(|owner| owner.class.is_some()) else { continue };
			let candidacy = Candidacies::<T>::get(next_index, owner.account).ok_or("a candidate is lost")?;
			let is_listed = matches!(candidacy.state, CandidacyState::Listed { .. });
			ensure!(is_listed || candidacy.state == CandidacyState::Barred, "a candidate is not listed any more");
		}
		Pallet::<T>::check_all_but_operators()
	}
}

pub(super) fn operators_of_version_1<T: Config>() -> Operators<T> {
	v1::Operators::<T>::iter().collect()
}

/// Checks that operators have what they had, at the end of the migration.
pub(super) fn check_operators<T: Config>(before: Operators<T>) -> Result<(), TryRuntimeError> {
	ensure!(!Unfinished::<T>::exists(), "the migration has not come to its end");
	ensure!(before.len() == Stored::<T>::iter().count(), "an operator is lost");
	for (account, operator) in before {
		ensure!(Stored::<T>::get(&account) == Some(steps::of_version_2::<T>(operator)), "an operator has changed");
	}
	Pallet::<T>::do_try_state()
}

/// Checks that a migration takes no more than a block.
pub(super) fn check_weight<T: Config>(weight: Weight) -> Result<(), TryRuntimeError> {
	let max = T::BlockWeights::get().max_block;
	log::info!(target: crate::LOG_TARGET, "The migration takes {weight:?} of a block's {max:?}");
	ensure!(
		max.all_gte(weight),
		"the migration takes more than a block: upgrade when a session has just begun, or migrate in steps"
	);
	Ok(())
}

/// What migrating at once takes.
pub(super) fn weight_at_once<T: Config>() -> Weight {
	let authorities = (0..2u8)
		.map(|parity| v1::AuthorityPages::<T>::iter_prefix_values(parity).map(|page| page.len() as u32).sum())
		.max()
		.unwrap_or_default();
	let candidates = v1::NextElection::<T>::get().map_or(0, |election| election.elected + election.standbys);
	T::WeightInfo::migrate_to_v2(authorities, candidates)
}

/// What the steps take together, at most.
pub(super) fn weight_of_steps<T: Config>(next_index: SessionIndex) -> Weight {
	let candidacies = v1::Candidacies::<T>::iter_key_prefix(next_index).count() + 1;
	let sessions = NextToPrune::<T>::get()..next_index;
	let leftovers = sessions.len()
		+ sessions
			.map(|index| {
				v1::Candidacies::<T>::iter_key_prefix(index).count()
					+ v1::KxPublics::<T>::iter_key_prefix(index).count()
					+ v1::PeerIds::<T>::iter_key_prefix(index).count()
					+ v0::Mixnodes::<T>::iter_key_prefix(index).count()
					+ v1::Mixnodes::<T>::iter_key_prefix(index).count()
			})
			.sum::<usize>()
		+ v0::Registrants::<T>::iter_keys().count()
		+ 2;
	let operators = v1::Operators::<T>::iter_keys().count() + 1;
	[
		(T::WeightInfo::migrate_candidacy(), candidacies),
		(T::WeightInfo::migrate_leftover(), leftovers),
		(T::WeightInfo::migrate_operator(), operators),
	]
	.into_iter()
	.fold(Weight::zero(), |sum, (weight, count)| sum.saturating_add(weight.saturating_mul(count as u64)))
}
