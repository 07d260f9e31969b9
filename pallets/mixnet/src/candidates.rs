//! The election of the next session's mixnodes: candidates come, improve on one another, and go.
//!
//! At any time, the best [`MaxMixnodes`](Config::MaxMixnodes) candidates so far are **elected**: each has a place in
//! the next session's list, from 0 on without gaps. The next best [`MaxStandbys`](Config::MaxStandbys) **stand by**, at
//! places from [`STANDBY_BASE`] on. Every elected candidate ranks before every standby.
//!
//! - A better candidate takes the place of the worst elected one. That one then takes the place of the worst standby,
//!   which is out. A candidate that is out may register again if a place becomes free.
//! - If an elected candidate is removed, the best standby takes its place. If there are no standbys, the last mixnode
//!   of the list takes it, so that no gap is left.
//!
//! When the session begins, its list is what the places of the elected hold. Nothing has to be counted or moved.

use crate::{
	ranked_set::{RankKey, RankedEntry, RankedSet, SetId},
	BoundedMixnodeFor, Candidacies, Candidacy, CandidacyState, Config, Election, Event, KxPublics, ListedMixnode,
	Mixnodes, NextElection, Pallet, PeerIds, Rank, RemovalReason, STANDBY_BASE,
};
use frame_support::traits::{Defensive, Get};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{Place, Registrant, SessionIndex, Standing};

/// Is the candidate at this place elected, or does it stand by?
pub(crate) fn standing(place: Place) -> Standing {
	match place.checked_sub(STANDBY_BASE) {
		None => Standing::Elected(place),
		Some(_) => Standing::Standby,
	}
}

impl<T: Config> Pallet<T> {
	/// Would a new candidate of this rank be elected, or stand by?
	pub(crate) fn has_room_for(election: &Election<BlockNumberFor<T>>, rank: Rank) -> bool {
		if election.elected < T::MaxMixnodes::get() || election.standbys < T::MaxStandbys::get() {
			return true;
		}
		let set = if T::MaxStandbys::get() == 0 { SetId::Elected } else { SetId::Standby };
		// Of equal ranks, the earlier is better.
		RankedSet::<T>::load(set).worst().is_some_and(|worst| rank < worst.key.rank)
	}

	/// Lists a new candidate. There must be [room](Self::has_room_for) for its rank.
	pub(crate) fn add_candidate(
		session_index: SessionIndex,
		registrant: Registrant,
		revision: u8,
		rank: Rank,
		mixnode: BoundedMixnodeFor<T>,
	) {
		let mut election = NextElection::<T>::get();
		let key = RankKey { rank, sequence: election.ranked };
		election.ranked = election.ranked.saturating_add(1);

		KxPublics::<T>::insert(session_index, mixnode.kx_public, registrant);
		PeerIds::<T>::insert(session_index, mixnode.peer_id, registrant);
		let listed = ListedMixnode { registrant: Some(registrant), mixnode };

		let mut elected = RankedSet::<T>::load(SetId::Elected);
		let place = if election.elected < T::MaxMixnodes::get() {
			election.elected = election.elected.saturating_add(1);
			Some(election.elected.saturating_sub(1))
		} else {
			elected.worst().filter(|worst| key < worst.key).map(|worst| {
				elected.remove(&worst.key);
				let displaced = Mixnodes::<T>::take(session_index, worst.place);
				let standby_place = Self::standby_place(session_index, &mut election, worst.key);
				if let Some(displaced) = displaced.defensive() {
					Self::deposit_displaced(session_index, &displaced, registrant, standby_place.is_some());
					Self::put_aside(session_index, displaced, worst.key, standby_place);
				}
				worst.place
			})
		};
		let place = match place {
			Some(place) => {
				Self::insert_ranked(elected, RankedEntry { key, place });
				Some(place)
			},
			None => Self::standby_place(session_index, &mut election, key).inspect(|place| {
				Self::insert_ranked(RankedSet::load(SetId::Standby), RankedEntry { key, place: *place });
			}),
		};
		NextElection::<T>::put(election);
		// The caller has checked that there is room.
		let Some(place) = place.defensive() else { return };
		Mixnodes::<T>::insert(session_index, place, listed);
		let state = CandidacyState::Listed { place, key };
		let candidacy = Candidacy { next_revision: revision.saturating_add(1), state };
		Candidacies::<T>::insert(session_index, registrant, candidacy);
		Self::deposit_event(Event::MixnodeRegistered {
			session_index,
			registrant,
			rank,
			standing: standing(place),
			revision,
		});
	}

	/// A place for a standby with this key. If there is none free, the worst standby is put out; `None` if all are
	/// better.
	fn standby_place(
		session_index: SessionIndex,
		election: &mut Election<BlockNumberFor<T>>,
		key: RankKey,
	) -> Option<Place> {
		if election.standbys < T::MaxStandbys::get() {
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
	fn put_aside(
		session_index: SessionIndex,
		listed: ListedMixnode<BoundedMixnodeFor<T>>,
		key: RankKey,
		place: Option<Place>,
	) {
		let Some(place) = place else { return Self::put_out(session_index, listed) };
		Self::insert_ranked(RankedSet::load(SetId::Standby), RankedEntry { key, place });
		Self::put_at(session_index, listed, key, place);
	}

	/// Removes a mixnode for which better candidates leave no place. The revision that is due next is kept.
	fn put_out(session_index: SessionIndex, listed: ListedMixnode<BoundedMixnodeFor<T>>) {
		Self::forget_names(session_index, &listed.mixnode);
		let Some(registrant) = listed.registrant.defensive() else { return };
		Self::set_state(session_index, registrant, CandidacyState::Out);
		Self::deposit_event(Event::StandbyDropped { session_index, registrant });
	}

	fn deposit_displaced(
		session_index: SessionIndex,
		displaced: &ListedMixnode<BoundedMixnodeFor<T>>,
		by: Registrant,
		stands_by: bool,
	) {
		if let Some(registrant) = displaced.registrant {
			Self::deposit_event(Event::MixnodeDisplaced { session_index, registrant, by, stands_by });
		}
	}

	/// Replaces the mixnode of a listed registrant. Rank and place stay the same.
	pub(crate) fn replace_mixnode(
		session_index: SessionIndex,
		registrant: Registrant,
		revision: u8,
		(place, key): (Place, RankKey),
		mixnode: BoundedMixnodeFor<T>,
	) {
		if let Some(former) = Mixnodes::<T>::get(session_index, place).defensive() {
			Self::forget_names(session_index, &former.mixnode);
		}
		KxPublics::<T>::insert(session_index, mixnode.kx_public, registrant);
		PeerIds::<T>::insert(session_index, mixnode.peer_id, registrant);
		Mixnodes::<T>::insert(session_index, place, ListedMixnode { registrant: Some(registrant), mixnode });
		let state = CandidacyState::Listed { place, key };
		let candidacy = Candidacy { next_revision: revision.saturating_add(1), state };
		Candidacies::<T>::insert(session_index, registrant, candidacy);
		Self::deposit_event(Event::MixnodeRegistered {
			session_index,
			registrant,
			rank: key.rank,
			standing: standing(place),
			revision,
		});
	}

	/// Removes a registrant's mixnode from the next session, if there is one. Returns whether there was one.
	pub(crate) fn remove_candidate(registrant: Registrant, reason: RemovalReason) -> bool {
		let session_index = Self::next_session_index();
		let Some(Candidacy { next_revision, state: CandidacyState::Listed { place, key } }) =
			Candidacies::<T>::get(session_index, registrant)
		else {
			return false;
		};
		let candidacy = Candidacy { next_revision, state: CandidacyState::Out };
		Candidacies::<T>::insert(session_index, registrant, candidacy);
		if let Some(removed) = Mixnodes::<T>::take(session_index, place).defensive() {
			Self::forget_names(session_index, &removed.mixnode);
		}
		Self::deposit_event(Event::MixnodeRemoved { session_index, registrant, reason });

		let mut election = NextElection::<T>::get();
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
						if let Some(promoted) = Self::move_mixnode(session_index, best.key, best.place, place) {
							Self::deposit_event(Event::StandbyPromoted { session_index, registrant: promoted, place });
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
		NextElection::<T>::put(election);
		true
	}

	/// Bars a registrant from the next session's election, and removes its mixnode if it has one.
	pub(crate) fn bar(registrant: Registrant, reason: RemovalReason) {
		Self::remove_candidate(registrant, reason);
		let session_index = Self::next_session_index();
		let next_revision =
			Candidacies::<T>::get(session_index, registrant).map_or(0, |candidacy| candidacy.next_revision);
		let candidacy = Candidacy { next_revision, state: CandidacyState::Barred };
		Candidacies::<T>::insert(session_index, registrant, candidacy);
		Self::deposit_event(Event::RegistrantBarred { session_index, registrant, reason });
	}

	/// Moves the mixnode at place `last` of the list to `gap`, if these differ.
	fn fill_gap(session_index: SessionIndex, set: &mut RankedSet<T>, last: Place, gap: Place) {
		if last == gap {
			return;
		}
		let registrant = Mixnodes::<T>::get(session_index, last).and_then(|listed| listed.registrant);
		let candidacy = registrant.and_then(|registrant| Candidacies::<T>::get(session_index, registrant));
		if let Some(CandidacyState::Listed { key, .. }) = candidacy.map(|candidacy| candidacy.state).defensive() {
			Self::move_mixnode(session_index, key, last, gap);
			set.set_place(&key, gap);
		}
	}

	/// Moves a mixnode from one place of the list to another, which is free. Returns its registrant.
	fn move_mixnode(session_index: SessionIndex, key: RankKey, from: Place, to: Place) -> Option<Registrant> {
		let listed = Mixnodes::<T>::take(session_index, from).defensive()?;
		let registrant = listed.registrant;
		Self::put_at(session_index, listed, key, to);
		registrant
	}

	/// Puts a candidate's mixnode at a place.
	fn put_at(session_index: SessionIndex, listed: ListedMixnode<BoundedMixnodeFor<T>>, key: RankKey, place: Place) {
		if let Some(registrant) = listed.registrant {
			Self::set_state(session_index, registrant, CandidacyState::Listed { place, key });
		}
		Mixnodes::<T>::insert(session_index, place, listed);
	}

	/// Changes the state of a registrant that has registered in this election.
	fn set_state(session_index: SessionIndex, registrant: Registrant, state: CandidacyState) {
		Candidacies::<T>::mutate(session_index, registrant, |candidacy| {
			if let Some(candidacy) = candidacy.as_mut().defensive() {
				candidacy.state = state;
			}
		});
	}

	/// Lets others register this mixnode's key and peer ID again.
	fn forget_names(session_index: SessionIndex, mixnode: &BoundedMixnodeFor<T>) {
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
