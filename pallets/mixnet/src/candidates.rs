//! The election of the next session's mixnodes: candidates come, improve on one another, and go.
//!
//! At any time, the best `max_elected` candidates so far are **elected** ([`Election`]): each has a place in the next
//! session's list, from 0 on without gaps. The next best `max_standbys` **stand by**, at places from [`STANDBY_BASE`]
//! on. Every elected candidate ranks before every standby. Both limits are fixed when the election begins: if they
//! changed in the middle, a newcomer could get a place that a better standby had to do without.
//!
//! - A candidate is an account. It stands once, whatever its keys.
//! - A better candidate takes the place of the worst elected one. That one then takes the place of the worst standby,
//!   which is out. A candidate that is out may register again if a place becomes free.
//! - If an elected candidate is removed, the best standby takes its place. If there are no standbys, the last mixnode
//!   of the list takes it, so that no gap is left.
//! - A candidate that weighs less than before, as after a slash, is ranked again.
//!
//! When the session begins, its list is what the places of the elected hold. Nothing has to be counted or moved.

use crate::{
	ranked_set::{RankKey, RankedEntry, RankedSet, SetId},
	BoundedMixnode, Candidacies, Candidacy, CandidacyState, Candidate, Config, Election, ElectionPolicy, Event,
	KxPublics, ListedMixnodeFor, Mixnodes, NextElection, Pallet, PeerIds, Rank, RegisteredAs, RemovalReason,
	STANDBY_BASE,
};
use frame_support::traits::Defensive;
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{Place, SessionIndex, Standing};

/// Is the candidate at this place elected, or does it stand by?
pub(crate) fn standing(place: Place) -> Standing {
	match place.checked_sub(STANDBY_BASE) {
		None => Standing::Elected(place),
		Some(_) => Standing::Standby,
	}
}

/// A registration that was accepted.
pub(crate) struct NewMixnode<AccountId> {
	pub session_index: SessionIndex,
	pub account: AccountId,
	pub registered_as: RegisteredAs,
	pub revision: u8,
	pub mixnode: BoundedMixnode,
}

impl<T: Config> Pallet<T> {
	/// Would a new candidate of this rank be elected, or stand by?
	pub(crate) fn has_room_for(election: &Election<BlockNumberFor<T>>, rank: Rank) -> bool {
		if election.elected < election.max_elected || election.standbys < election.max_standbys {
			return true;
		}
		let set = if election.max_standbys == 0 { SetId::Elected } else { SetId::Standby };
		// Of equal ranks, the earlier is better.
		RankedSet::<T>::load(set).worst().is_some_and(|worst| rank < worst.key.rank)
	}

	/// Lists a new candidate. There must be [room](Self::has_room_for) for its rank.
	pub(crate) fn add_candidate(new: NewMixnode<T::AccountId>, rank: Rank) {
		let mut election = NextElection::<T>::get();
		let key = RankKey { rank, sequence: election.ranked };
		election.ranked = election.ranked.saturating_add(1);
		let place = Self::find_place(new.session_index, &mut election, key, &new.account);
		NextElection::<T>::put(election);
		// The caller has checked that there is room.
		let Some(place) = place.defensive() else { return };
		Self::put_new(new, place, key);
	}

	/// Replaces the mixnode of a listed candidate. Rank and place stay the same.
	pub(crate) fn replace_mixnode(new: NewMixnode<T::AccountId>, place: Place, key: RankKey) {
		if let Some(former) = Mixnodes::<T>::get(new.session_index, place).defensive() {
			Self::forget_names(new.session_index, &former.mixnode);
		}
		Self::put_new(new, place, key);
	}

	/// Puts a mixnode that was just registered at a place.
	fn put_new(new: NewMixnode<T::AccountId>, place: Place, key: RankKey) {
		let NewMixnode { session_index, account, registered_as, revision, mixnode } = new;
		KxPublics::<T>::insert(session_index, mixnode.kx_public, &account);
		PeerIds::<T>::insert(session_index, mixnode.peer_id, &account);
		Mixnodes::<T>::insert(session_index, place, ListedMixnodeFor::<T> { account: Some(account.clone()), mixnode });
		let candidacy = Candidacy {
			registered_as: Some(registered_as),
			next_revision: revision.saturating_add(1),
			state: CandidacyState::Listed { place, key },
		};
		Candidacies::<T>::insert(session_index, &account, candidacy);
		Self::deposit_event(Event::MixnodeRegistered {
			session_index,
			account,
			registrant: registered_as.registrant,
			rank: key.rank,
			standing: standing(place),
			revision,
		});
	}

	/// Finds a place for a candidate and enters it in its ranked set: among the elected, or else among the standbys.
	/// Whoever has to go for it goes. `None` if all others are better, and there is no place left.
	fn find_place(
		session_index: SessionIndex,
		election: &mut Election<BlockNumberFor<T>>,
		key: RankKey,
		account: &T::AccountId,
	) -> Option<Place> {
		let mut elected = RankedSet::<T>::load(SetId::Elected);
		if election.elected < election.max_elected {
			let place = election.elected;
			election.elected = election.elected.saturating_add(1);
			Self::insert_ranked(elected, RankedEntry { key, place });
			return Some(place);
		}
		if let Some(worst) = elected.worst().filter(|worst| key < worst.key) {
			elected.remove(&worst.key);
			let displaced = Mixnodes::<T>::take(session_index, worst.place);
			let standby_place = Self::find_standby_place(session_index, election, worst.key);
			if let Some(displaced) = displaced.defensive() {
				Self::deposit_displaced(session_index, &displaced, account, standby_place.is_some());
				Self::put_aside(session_index, displaced, worst.key, standby_place);
			}
			Self::insert_ranked(elected, RankedEntry { key, place: worst.place });
			return Some(worst.place);
		}
		let place = Self::find_standby_place(session_index, election, key)?;
		Self::insert_ranked(RankedSet::load(SetId::Standby), RankedEntry { key, place });
		Some(place)
	}

	/// A place for a standby with this key. If there is none free, the worst standby is put out; `None` if all are
	/// better.
	fn find_standby_place(
		session_index: SessionIndex,
		election: &mut Election<BlockNumberFor<T>>,
		key: RankKey,
	) -> Option<Place> {
		if election.standbys < election.max_standbys {
			let place = STANDBY_BASE.saturating_add(election.standbys);
			election.standbys = election.standbys.saturating_add(1);
			return Some(place);
		}
		let mut standbys = RankedSet::<T>::load(SetId::Standby);
		let worst = standbys.worst().filter(|worst| key < worst.key)?;
		standbys.remove(&worst.key);
		standbys.save();
		if let Some(out) = Mixnodes::<T>::take(session_index, worst.place).defensive() {
			Self::put_out(session_index, out);
		}
		Some(worst.place)
	}

	/// Lets a displaced mixnode stand by at `place`, or puts it out if there is none.
	fn put_aside(session_index: SessionIndex, listed: ListedMixnodeFor<T>, key: RankKey, place: Option<Place>) {
		let Some(place) = place else { return Self::put_out(session_index, listed) };
		Self::insert_ranked(RankedSet::load(SetId::Standby), RankedEntry { key, place });
		Self::put_at(session_index, listed, key, place);
	}

	/// Removes a mixnode for which better candidates leave no place. The revision that is due next is kept.
	fn put_out(session_index: SessionIndex, listed: ListedMixnodeFor<T>) {
		Self::forget_names(session_index, &listed.mixnode);
		let Some(account) = listed.account.defensive() else { return };
		Self::set_state(session_index, &account, CandidacyState::Out);
		Self::deposit_event(Event::StandbyDropped { session_index, account });
	}

	fn deposit_displaced(
		session_index: SessionIndex,
		displaced: &ListedMixnodeFor<T>,
		by: &T::AccountId,
		stands_by: bool,
	) {
		if let Some(account) = displaced.account.clone() {
			Self::deposit_event(Event::MixnodeDisplaced { session_index, account, by: by.clone(), stands_by });
		}
	}

	/// Removes an account's mixnode from the next session, if there is one.
	pub(crate) fn remove_candidate(account: &T::AccountId, reason: RemovalReason) {
		let session_index = Self::next_session_index();
		let Some((place, key)) = Self::listed_at(session_index, account) else { return };
		Self::set_state(session_index, account, CandidacyState::Out);
		if let Some(removed) = Mixnodes::<T>::take(session_index, place).defensive() {
			Self::forget_names(session_index, &removed.mixnode);
		}
		Self::deposit_event(Event::MixnodeRemoved { session_index, account: account.clone(), reason });
		let mut election = NextElection::<T>::get();
		Self::vacate(session_index, &mut election, place, key);
		NextElection::<T>::put(election);
	}

	/// Gives up a candidate's place, from which its mixnode was taken. The best standby or the last of the list gets it.
	fn vacate(session_index: SessionIndex, election: &mut Election<BlockNumberFor<T>>, place: Place, key: RankKey) {
		let mut standbys = RankedSet::<T>::load(SetId::Standby);
		let standby_gap = match standing(place) {
			Standing::Standby => {
				standbys.remove(&key);
				Some(place)
			},
			Standing::Elected(_) => {
				let mut elected = RankedSet::<T>::load(SetId::Elected);
				elected.remove(&key);
				match standbys.best() {
					Some(best) => {
						standbys.remove(&best.key);
						if let Some(account) = Self::move_mixnode(session_index, best.key, best.place, place) {
							Self::deposit_event(Event::StandbyPromoted { session_index, account, place });
						}
						Self::insert_ranked(elected, RankedEntry { key: best.key, place });
						Some(best.place)
					},
					None => {
						election.elected = election.elected.saturating_sub(1);
						Self::fill_gap(session_index, &mut elected, election.elected, place);
						elected.save();
						None
					},
				}
			},
		};
		if let Some(gap) = standby_gap {
			election.standbys = election.standbys.saturating_sub(1);
			let last = STANDBY_BASE.saturating_add(election.standbys);
			Self::fill_gap(session_index, &mut standbys, last, gap);
			standbys.save();
		}
	}

	/// Ranks a listed candidate again, whose weight is less than when it registered. Its rank never becomes better by it,
	/// though an upgrade may have brought another policy.
	///
	/// If the best standby is better now, the two change places. Candidates that are out do not come back by it.
	pub(crate) fn rank_again(candidate: &Candidate<T::AccountId>) {
		let Candidate { account, session_index, .. } = candidate;
		let session_index = *session_index;
		let mut election = NextElection::<T>::get();
		let Some((place, former)) = Self::listed_at(session_index, account) else { return };
		let key = RankKey { rank: T::ElectionPolicy::rank(candidate), sequence: former.sequence };
		if key.rank <= former.rank {
			return;
		}
		let Some(listed) = Mixnodes::<T>::take(session_index, place).defensive() else { return };
		let is_before_all_standbys = || RankedSet::<T>::load(SetId::Standby).best().is_none_or(|best| key < best.key);
		let new_place = match standing(place) {
			// Nobody has a better claim to the place.
			Standing::Elected(_) if is_before_all_standbys() => {
				let mut elected = RankedSet::<T>::load(SetId::Elected);
				elected.remove(&former);
				Self::insert_ranked(elected, RankedEntry { key, place });
				Some(place)
			},
			_ => {
				Self::vacate(session_index, &mut election, place, former);
				Self::find_place(session_index, &mut election, key, account)
			},
		};
		NextElection::<T>::put(election);
		// There is at least the place that it has just left.
		let Some(place) = new_place.defensive() else { return Self::put_out(session_index, listed) };
		Self::put_at(session_index, listed, key, place);
		Self::deposit_event(Event::MixnodeRankedAgain {
			session_index,
			account: account.clone(),
			rank: key.rank,
			standing: standing(place),
		});
	}

	/// Bars an account from the next session's election, and removes its mixnode if it has one.
	pub(crate) fn bar(account: &T::AccountId, reason: RemovalReason) {
		Self::remove_candidate(account, reason);
		let session_index = Self::next_session_index();
		Candidacies::<T>::mutate(session_index, account, |candidacy| {
			let candidacy = candidacy.get_or_insert(Candidacy {
				registered_as: None,
				next_revision: 0,
				state: CandidacyState::Barred,
			});
			candidacy.state = CandidacyState::Barred;
		});
		Self::deposit_event(Event::AccountBarred { session_index, account: account.clone(), reason });
	}

	/// The place and the key of an account's mixnode in the next session, if it is listed.
	pub(crate) fn listed_at(session_index: SessionIndex, account: &T::AccountId) -> Option<(Place, RankKey)> {
		match Candidacies::<T>::get(session_index, account)?.state {
			CandidacyState::Listed { place, key } => Some((place, key)),
			CandidacyState::Out | CandidacyState::Barred => None,
		}
	}

	/// Moves the mixnode at place `last` of the list to `gap`, if these differ.
	fn fill_gap(session_index: SessionIndex, set: &mut RankedSet<T>, last: Place, gap: Place) {
		if last == gap {
			return;
		}
		let account = Mixnodes::<T>::get(session_index, last).and_then(|listed| listed.account);
		let listed_at = account.and_then(|account| Self::listed_at(session_index, &account));
		if let Some((_, key)) = listed_at.defensive() {
			Self::move_mixnode(session_index, key, last, gap);
			set.set_place(&key, gap);
		}
	}

	/// Moves a mixnode from one place of the list to another, which is free. Returns its account.
	fn move_mixnode(session_index: SessionIndex, key: RankKey, from: Place, to: Place) -> Option<T::AccountId> {
		let listed = Mixnodes::<T>::take(session_index, from).defensive()?;
		let account = listed.account.clone();
		Self::put_at(session_index, listed, key, to);
		account
	}

	/// Puts a candidate's mixnode at a place.
	fn put_at(session_index: SessionIndex, listed: ListedMixnodeFor<T>, key: RankKey, place: Place) {
		if let Some(account) = &listed.account {
			Self::set_state(session_index, account, CandidacyState::Listed { place, key });
		}
		Mixnodes::<T>::insert(session_index, place, listed);
	}

	/// Changes the state of an account that has registered in this election.
	fn set_state(session_index: SessionIndex, account: &T::AccountId, state: CandidacyState) {
		Candidacies::<T>::mutate(session_index, account, |candidacy| {
			if let Some(candidacy) = candidacy.as_mut().defensive() {
				candidacy.state = state;
			}
		});
	}

	/// Lets others register this mixnode's key and peer ID again.
	fn forget_names(session_index: SessionIndex, mixnode: &BoundedMixnode) {
		KxPublics::<T>::remove(session_index, mixnode.kx_public);
		PeerIds::<T>::remove(session_index, mixnode.peer_id);
	}

	fn insert_ranked(mut set: RankedSet<T>, entry: RankedEntry) {
		// The directory has room for as many pages as a set of the greatest size needs.
		let inserted = set.insert(entry);
		frame_support::defensive_assert!(inserted, "a ranked set is full");
		set.save();
	}
}
