//! What must hold of the storage after every block.

use crate::{
	authorities::Generation,
	migrations::v2::Unfinished,
	ranked_set::{RankedEntry, RankedSet, SetId},
	AuthorityDirectory, AuthorityPages, BalanceOf, Candidacies, Candidacy, CandidacyState, Config, CurrentSession,
	HoldReason, KxPublics, Mixnodes, NextElection, NextToPrune, OperatorKeys, Operators, Pallet, PeerIds, RegisteredAs,
	RegistrantClass, SessionsParameters, AUTHORITIES_PER_PAGE, STANDBY_BASE,
};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::Encode;
use frame_support::{
	ensure,
	migrations::MultiStepMigrator,
	traits::{fungible::InspectHold, DisabledValidators},
};
use mixnet_primitives::{Place, SessionIndex};
use sp_runtime::{
	traits::{Saturating, Zero},
	TryRuntimeError,
};

impl<T: Config> Pallet<T> {
	/// Checks what must hold between blocks:
	///
	/// 1. Both generations of authorities are in ascending order, each key and each account is there once, no weight that
	///    counts is greater than the present one, and the directories name the pages' first keys.
	/// 2. The current session and the last rotation did not begin in the future, and the session is not overdue.
	/// 3. The parameters of all sessions are valid, and the runtime has places for as many mixnodes as they need.
	/// 4. The lists of the previous and the current session have as many mixnodes as their rosters say, without gaps, and
	///    no account has two of them.
	/// 5. The next session has no more elected and standbys than its election allows, and their places have no gaps. The
	///    ranked sets are sorted, and agree with places and candidacies. Every elected candidate ranks before every
	///    standby.
	/// 6. Each candidate's mixnode can be used, and nobody else has its key or peer ID. Nothing else is marked as
	///    taken.
	/// 7. Each candidate still may stand: it is queued as a validator with the key by which it registered, or it is an
	///    operator with that key. No disabled validator is a candidate.
	/// 8. Nothing is stored of later sessions, nor of sessions that were pruned.
	/// 9. Each operator's bond is on hold, together with the parts that are being released, and its key leads to it. No
	///    other key leads anywhere. The parts are something, in ascending order of sessions, and the whole bond is not
	///    released before them.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_all_but_operators()?;
		if Unfinished::<T>::exists() {
			ensure!(
				T::MultiBlockMigrator::ongoing(),
				"the steps of the migration to version 2 are not among the runtime's migrations: name FinishV2"
			);
			return Ok(());
		}
		Self::check_operators()
	}

	/// Checks all but point 9, and of point 7 what does not take operators. They cannot be read until the migration to
	/// version 2 is complete.
	pub(crate) fn check_all_but_operators() -> Result<(), TryRuntimeError> {
		Self::check_authorities()?;
		let session = CurrentSession::<T>::get();
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(session.started_at <= now, "the session began in the future");
		ensure!(session.rotations < session.length, "the session should have ended");
		ensure!(session.last_rotation.at <= now, "pallet-session rotated in the future");

		let parameters = SessionsParameters::<T>::get();
		for parameters in [parameters.previous, parameters.current, parameters.next] {
			ensure!(parameters.check().is_ok(), "invalid parameters");
		}
		ensure!(
			Self::check_parameters(&parameters.next).is_ok(),
			"the next session needs more mixnodes than MaxMixnodes allows: the mixnet would rest for ever"
		);

		Self::check_list(session.index, session.current.registered)?;
		match session.index.checked_sub(1) {
			Some(index) => Self::check_list(index, session.previous.registered)?,
			None => ensure!(session.previous.registered == 0, "there was no session before session 0"),
		}
		Self::check_candidates(Self::next_session_index())?;
		Self::check_disabled(Self::next_session_index())?;
		Self::check_leftovers(Self::next_session_index())
	}

	fn check_authorities() -> Result<(), TryRuntimeError> {
		for generation in [Generation::Queued, Generation::Active] {
			let authorities: Vec<_> = Self::authorities(generation).collect();
			ensure!(
				authorities.windows(2).all(|pair| pair[0].registrant < pair[1].registrant),
				"authorities are not in ascending order"
			);
			let accounts: BTreeSet<_> = authorities.iter().map(|entry| entry.account.encode()).collect();
			ensure!(accounts.len() == authorities.len(), "an account is queued twice");
			let count = CurrentSession::<T>::get().last_rotation.count;
			ensure!(authorities.iter().all(|entry| entry.since <= count), "an authority was queued in the future");
			ensure!(
				authorities.iter().all(|entry| entry.committed_weight <= entry.weight),
				"an authority counts more than it weighs"
			);
			ensure!(authorities.iter().all(|entry| entry.registrant.check().is_ok()), "anybody could sign for a key");
		}
		for parity in 0..2u8 {
			let directory = AuthorityDirectory::<T>::get(parity);
			let pages = AuthorityPages::<T>::iter_prefix(parity).count();
			ensure!(pages == directory.len(), "pages of authorities and their directory differ");
			for (page, first) in (0..).zip(&directory) {
				let page = AuthorityPages::<T>::get(parity, page);
				ensure!(page.len() <= AUTHORITIES_PER_PAGE as usize, "a page of authorities is too large");
				ensure!(
					page.first().is_some_and(|entry| entry.registrant == *first),
					"a page of authorities does not begin as the directory says"
				);
			}
		}
		Ok(())
	}

	/// Checks that a session's list has `count` mixnodes, without gaps.
	fn check_list(session_index: SessionIndex, count: u32) -> Result<(), TryRuntimeError> {
		let places: BTreeSet<_> =
			Mixnodes::<T>::iter_key_prefix(session_index).filter(|place| *place < STANDBY_BASE).collect();
		ensure!(places.into_iter().eq(0..count), "list and roster differ");
		let accounts: Vec<_> = (0..count)
			.filter_map(|place| Mixnodes::<T>::get(session_index, place)?.account)
			.map(|account| account.encode())
			.collect();
		let distinct: BTreeSet<_> = accounts.iter().collect();
		ensure!(distinct.len() == accounts.len(), "an account has two mixnodes in one session");
		Ok(())
	}

	fn check_candidates(session_index: SessionIndex) -> Result<(), TryRuntimeError> {
		let election = NextElection::<T>::get();
		ensure!(election.elected <= election.max_elected, "too many are elected");
		ensure!(election.standbys <= election.max_standbys, "too many stand by");
		ensure!(
			election.standbys == 0 || election.elected == election.max_elected,
			"somebody stands by although there is a place"
		);

		let elected = RankedSet::<T>::load(SetId::Elected).check()?;
		let standbys = RankedSet::<T>::load(SetId::Standby).check()?;
		ensure!(
			elected.last().zip(standbys.first()).is_none_or(|(worst, best)| worst.key < best.key),
			"a standby ranks before an elected one"
		);
		let places = |entries: &[RankedEntry]| -> BTreeSet<Place> { entries.iter().map(|entry| entry.place).collect() };
		ensure!(places(&elected).into_iter().eq(0..election.elected), "the places of the elected have gaps");
		let standby_places = STANDBY_BASE..STANDBY_BASE.saturating_add(election.standbys);
		ensure!(places(&standbys).into_iter().eq(standby_places), "the places of the standbys have gaps");
		ensure!(
			Mixnodes::<T>::iter_prefix(session_index).count() == elected.len() + standbys.len(),
			"there are mixnodes beside the candidates"
		);

		let entries: Vec<_> = elected.into_iter().chain(standbys).collect();
		for entry in &entries {
			ensure!(entry.key.sequence < election.ranked, "a candidate was not counted");
			let listed = Mixnodes::<T>::get(session_index, entry.place).ok_or("a candidate has no mixnode")?;
			let account = listed.account.ok_or("a candidate was registered by nobody")?;
			let candidacy = Candidacies::<T>::get(session_index, &account).ok_or("a candidate is not known")?;
			ensure!(
				candidacy.state == CandidacyState::Listed { place: entry.place, key: entry.key },
				"a candidacy says something else"
			);
			Self::check_may_stand(&account, &candidacy)?;
			let mixnode = listed.mixnode;
			ensure!(
				KxPublics::<T>::get(session_index, mixnode.kx_public).as_ref() == Some(&account),
				"a key is another's"
			);
			ensure!(PeerIds::<T>::get(session_index, mixnode.peer_id) == Some(account), "a peer ID is another's");
			ensure!(Self::is_usable(&mixnode.into()), "a mixnode cannot be used");
		}
		// Each candidate leads to one of its own. If there are as many as candidates, there are no others.
		let listed = Candidacies::<T>::iter_prefix_values(session_index)
			.filter(|candidacy| matches!(candidacy.state, CandidacyState::Listed { .. }))
			.count();
		ensure!(listed == entries.len(), "a candidacy leads nowhere");
		ensure!(KxPublics::<T>::iter_key_prefix(session_index).count() == entries.len(), "a key leads nowhere");
		ensure!(PeerIds::<T>::iter_key_prefix(session_index).count() == entries.len(), "a peer ID leads nowhere");
		Ok(())
	}

	/// Checks that a candidate may still stand, by the key with which it registered.
	fn check_may_stand(account: &T::AccountId, candidacy: &Candidacy) -> Result<(), TryRuntimeError> {
		let RegisteredAs { class, registrant } = candidacy.registered_as.ok_or("a candidate has no key")?;
		match class {
			RegistrantClass::Validator => {
				let authority = Self::queued_authority(&registrant).ok_or("a candidate is not queued any more")?;
				ensure!(authority.account == *account, "a candidate's key is another's");
			},
			RegistrantClass::Operator => {
				ensure!(OperatorKeys::<T>::get(registrant).as_ref() == Some(account), "a candidate's key is another's");
				if !Unfinished::<T>::exists() {
					let operator = Operators::<T>::get(account).ok_or("a candidate has no bond")?;
					ensure!(operator.releasable_in.is_none(), "a candidate's bond is being released");
				}
			},
		}
		Ok(())
	}

	/// Checks that no validator that is disabled can be elected.
	fn check_disabled(session_index: SessionIndex) -> Result<(), TryRuntimeError> {
		let disabled = T::DisabledValidators::disabled_validators();
		let mut active = Self::authorities(Generation::Active).filter(|one| disabled.contains(&one.validator_index));
		let is_barred = |account| {
			Candidacies::<T>::get(session_index, account)
				.is_some_and(|candidacy| candidacy.state == CandidacyState::Barred)
		};
		ensure!(active.all(|entry| is_barred(entry.account)), "a disabled validator may stand");
		Ok(())
	}

	/// Checks that all that is stored belongs to sessions from the one to prune next up to the next session.
	fn check_leftovers(next_index: SessionIndex) -> Result<(), TryRuntimeError> {
		let stored = NextToPrune::<T>::get()..=next_index;
		let sessions = Mixnodes::<T>::iter_keys()
			.map(|(session_index, _)| session_index)
			.chain(Candidacies::<T>::iter_keys().map(|(session_index, _)| session_index))
			.chain(KxPublics::<T>::iter_keys().map(|(session_index, _)| session_index))
			.chain(PeerIds::<T>::iter_keys().map(|(session_index, _)| session_index));
		for session_index in sessions {
			ensure!(stored.contains(&session_index), "something is stored of a session that was pruned, or too early");
		}
		Ok(())
	}

	fn check_operators() -> Result<(), TryRuntimeError> {
		let mut keys = 0;
		for (account, operator) in Operators::<T>::iter() {
			let held: BalanceOf<T> = T::Currency::balance_on_hold(&HoldReason::OperatorBond.into(), &account);
			ensure!(held == operator.on_hold(), "a bond, with what is being released, is not what is on hold");
			let added = operator.recent.saturating_add(operator.waiting);
			ensure!(added <= operator.bond, "more was added to a bond than there is");
			let parts = &operator.unbonding;
			ensure!(
				parts.iter().all(|part| part.amount > Zero::zero()),
				"nothing is being released, but a part is kept"
			);
			ensure!(
				parts.windows(2).all(|pair| pair[0].releasable_in < pair[1].releasable_in),
				"parts are not in the order in which they are released"
			);
			ensure!(
				parts.last().zip(operator.releasable_in).is_none_or(|(last, all)| last.releasable_in <= all),
				"a bond is released before a part of it"
			);
			if let Some(key) = operator.key {
				ensure!(OperatorKeys::<T>::get(key) == Some(account), "an operator's key leads to another");
				keys += 1;
			}
		}
		ensure!(OperatorKeys::<T>::iter_keys().count() == keys, "an operator's key leads nowhere");
		Ok(())
	}
}
