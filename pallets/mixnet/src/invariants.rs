//! What must hold of the storage after every block.

use crate::{
	authorities::Generation,
	ranked_set::{RankedEntry, RankedSet, SetId},
	AuthorityDirectory, AuthorityPages, BalanceOf, Candidacies, CandidacyState, Config, CurrentSession, HoldReason,
	KxPublics, LastRotation, Mixnodes, NextElection, NextToPrune, OperatorKeys, Operators, Pallet, PeerIds,
	SessionsParameters, AUTHORITIES_PER_PAGE, STANDBY_BASE,
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{
	ensure,
	traits::{fungible::InspectHold, Get},
};
use mixnet_primitives::{Mixnode, Place, SessionIndex};
use sp_runtime::{traits::Saturating, TryRuntimeError};

impl<T: Config> Pallet<T> {
	/// Checks what must hold between blocks:
	///
	/// 1. Both generations of authorities are in ascending order, each authority is there once, and the directories
	///    name the pages' first keys.
	/// 2. The current session and the last rotation did not begin in the future, and the session is not overdue.
	/// 3. The parameters of all sessions are valid.
	/// 4. The lists of the previous and the current session have as many mixnodes as their rosters say, without gaps.
	/// 5. The next session has no more elected and standbys than allowed, and their places have no gaps. The ranked
	///    sets are sorted, and agree with places and candidacies. Every elected candidate ranks before every standby.
	/// 6. Each candidate's mixnode can be used, and nobody else has its key or peer ID. Nothing else is marked as
	///    taken.
	/// 7. Nothing is stored of later sessions, nor of sessions that were pruned.
	/// 8. Each operator's bond is on hold, and its key leads to it. No other key leads anywhere.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_authorities()?;
		let session = CurrentSession::<T>::get();
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(session.started_at <= now, "the session began in the future");
		ensure!(session.rotations < T::SessionsPerMixnetSession::get().max(1), "the session should have ended");
		ensure!(LastRotation::<T>::get().at <= now, "pallet-session rotated in the future");

		let parameters = SessionsParameters::<T>::get();
		for parameters in [parameters.previous, parameters.current, parameters.next] {
			ensure!(parameters.check().is_ok(), "invalid parameters");
		}

		Self::check_list(session.index, session.current.registered)?;
		match session.index.checked_sub(1) {
			Some(index) => Self::check_list(index, session.previous.registered)?,
			None => ensure!(session.previous.registered == 0, "there was no session before session 0"),
		}
		Self::check_candidates(Self::next_session_index())?;
		Self::check_leftovers(Self::next_session_index())?;
		Self::check_operators()
	}

	fn check_authorities() -> Result<(), TryRuntimeError> {
		for generation in [Generation::Queued, Generation::Active] {
			let authorities: Vec<_> = Self::authorities(generation).collect();
			ensure!(
				authorities.windows(2).all(|pair| pair[0].registrant < pair[1].registrant),
				"authorities are not in ascending order"
			);
			let count = LastRotation::<T>::get().count;
			ensure!(authorities.iter().all(|entry| entry.since <= count), "an authority was queued in the future");
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
		Ok(())
	}

	fn check_candidates(session_index: SessionIndex) -> Result<(), TryRuntimeError> {
		let election = NextElection::<T>::get();
		ensure!(election.elected <= T::MaxMixnodes::get(), "too many are elected");
		ensure!(election.standbys <= T::MaxStandbys::get(), "too many stand by");
		ensure!(
			election.standbys == 0 || election.elected == T::MaxMixnodes::get(),
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
			let registrant = listed.registrant.ok_or("a candidate was registered by nobody")?;
			let candidacy = Candidacies::<T>::get(session_index, registrant).ok_or("a candidate is not known")?;
			ensure!(
				candidacy.state == CandidacyState::Listed { place: entry.place, key: entry.key },
				"a candidacy says something else"
			);
			let mixnode = listed.mixnode;
			ensure!(KxPublics::<T>::get(session_index, mixnode.kx_public) == Some(registrant), "a key is another's");
			ensure!(PeerIds::<T>::get(session_index, mixnode.peer_id) == Some(registrant), "a peer ID is another's");
			ensure!(Self::is_usable(&Mixnode::from(mixnode)), "a mixnode cannot be used");
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
			ensure!(held == operator.bond, "a bond is not what is on hold");
			let added = operator.recent.saturating_add(operator.waiting);
			ensure!(added <= operator.bond, "more was added to a bond than there is");
			if let Some(key) = operator.key {
				ensure!(OperatorKeys::<T>::get(key) == Some(account), "an operator's key leads to another");
				keys += 1;
			}
		}
		ensure!(OperatorKeys::<T>::iter_keys().count() == keys, "an operator's key leads nowhere");
		Ok(())
	}
}
