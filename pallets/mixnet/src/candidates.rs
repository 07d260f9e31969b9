//! The election of the next session's mixnodes: candidates come, improve on one another, and go.
//!
//! The best [`MaxMixnodes`](Config::MaxMixnodes) candidates are **elected**, as things are: each has a place in the next
//! session's list, from 0 on without gaps. The next best [`MaxStandbys`](Config::MaxStandbys) **stand by**, at places from
//! [`STANDBY_BASE`] on. Every elected candidate ranks before every standby.
//!
//! - A better candidate takes the place of the worst elected one, which stands by instead; so does what it displaces
//!   there, until the worst standby is out. Who is out may register again, should there be room again.
//! - Where an elected one is removed, the best standby takes its place; without one, the last in the list does, so that
//!   no gap is left.
//!
//! When the session begins, its list is what is at the places of the elected. Nothing has to be counted or moved.

use crate::{
	ranked_set::{RankKey, RankedEntry, RankedSet, SetId},
	BoundedMixnodeFor, Candidacies, Candidacy, CandidacyState, Config, Election, Event, KxPublics, ListedMixnode,
	MixnodeIndex, Mixnodes, NextElection, Pallet, PeerIds, Rank, RemovalReason, STANDBY_BASE,
};
use frame_support::traits::{Defensive, Get};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{Registrant, SessionIndex, Standing};

/// What a place says of who has it.
pub(crate) fn standing(place: MixnodeIndex) -> Standing {
	match place.checked_sub(STANDBY_BASE) {
		None => Standing::Elected(place),
		Some(_) => Standing::Standby,
	}
}

impl<T: Config> Pallet<T> {
	/// Would a new candidate of this rank be listed?
	pub(crate) fn has_room_for(election: &Election<BlockNumberFor<T>>, rank: Rank) -> bool {
		if election.elected < T::MaxMixnodes::get() || election.standbys < T::MaxStandbys::get() {
			return true;
		}
		let set = if T::MaxStandbys::get() == 0 { SetId::Elected } else { SetId::Standby };
		// Of equal ranks, the earlier is better.
		RankedSet::<T>::load(set).worst().is_some_and(|worst| rank < worst.key.rank)
	}

	/// Lists a new candidate, which [has room](Self::has_room_for).
	pub(crate) fn add_candidate(
		session_index: SessionIndex,
		registrant: Registrant,
		registrations: u8,
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
		// There is room, as was checked.
		let Some(place) = place.defensive() else { return };
		Mixnodes::<T>::insert(session_index, place, listed);
		let candidacy = Candidacy { registrations, state: CandidacyState::Listed { place, key } };
		Candidacies::<T>::insert(session_index, registrant, candidacy);
		Self::deposit_event(Event::MixnodeRegistered {
			session_index,
			registrant,
			rank,
			standing: standing(place),
			revision: registrations.saturating_sub(1),
		});
	}

	/// A place for a standby with this key, made by putting out the worst one if need be; `None` if all are better.
	fn standby_place(
		session_index: SessionIndex,
		election: &mut Election<BlockNumberFor<T>>,
		key: RankKey,
	) -> Option<MixnodeIndex> {
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

	/// Lets a displaced mixnode stand by at a place, or puts it out.
	fn put_aside(
		session_index: SessionIndex,
		listed: ListedMixnode<BoundedMixnodeFor<T>>,
		key: RankKey,
		place: Option<MixnodeIndex>,
	) {
		let Some(place) = place else { return Self::put_out(session_index, listed) };
		Self::insert_ranked(RankedSet::load(SetId::Standby), RankedEntry { key, place });
		Self::put_at(session_index, listed, key, place);
	}

	/// Forgets a mixnode that better ones leave no place to. How often its registrant has registered is remembered.
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

	/// Replaces the mixnode of a listed registrant. Its rank and its place stay.
	pub(crate) fn replace_mixnode(
		session_index: SessionIndex,
		registrant: Registrant,
		registrations: u8,
		(place, key): (MixnodeIndex, RankKey),
		mixnode: BoundedMixnodeFor<T>,
	) {
		if let Some(former) = Mixnodes::<T>::get(session_index, place).defensive() {
			Self::forget_names(session_index, &former.mixnode);
		}
		KxPublics::<T>::insert(session_index, mixnode.kx_public, registrant);
		PeerIds::<T>::insert(session_index, mixnode.peer_id, registrant);
		Mixnodes::<T>::insert(session_index, place, ListedMixnode { registrant: Some(registrant), mixnode });
		let candidacy = Candidacy { registrations, state: CandidacyState::Listed { place, key } };
		Candidacies::<T>::insert(session_index, registrant, candidacy);
		Self::deposit_event(Event::MixnodeRegistered {
			session_index,
			registrant,
			rank: key.rank,
			standing: standing(place),
			revision: registrations.saturating_sub(1),
		});
	}

	/// Removes a registrant's mixnode from the next session, if there is one. Returns whether there was.
	pub(crate) fn remove_candidate(registrant: Registrant, reason: RemovalReason) -> bool {
		let session_index = Self::next_session_index();
		let Some(Candidacy { registrations, state: CandidacyState::Listed { place, key } }) =
			Candidacies::<T>::get(session_index, registrant)
		else {
			return false;
		};
		let candidacy = Candidacy { registrations, state: CandidacyState::Out };
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
							Self::deposit_event(Event::StandbyPromoted {
								session_index,
								registrant: promoted,
								mixnode_index: place,
							});
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
		let registrations =
			Candidacies::<T>::get(session_index, registrant).map_or(0, |candidacy| candidacy.registrations);
		let candidacy = Candidacy { registrations, state: CandidacyState::Barred };
		Candidacies::<T>::insert(session_index, registrant, candidacy);
		Self::deposit_event(Event::RegistrantBarred { session_index, registrant, reason });
	}

	/// Moves what is at place `last` of the list to `gap`, if they differ.
	fn fill_gap(session_index: SessionIndex, set: &mut RankedSet<T>, last: MixnodeIndex, gap: MixnodeIndex) {
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

	/// Moves a mixnode from one place of the list to another, which is free. Returns whose it is.
	fn move_mixnode(
		session_index: SessionIndex,
		key: RankKey,
		from: MixnodeIndex,
		to: MixnodeIndex,
	) -> Option<Registrant> {
		let listed = Mixnodes::<T>::take(session_index, from).defensive()?;
		let registrant = listed.registrant;
		Self::put_at(session_index, listed, key, to);
		registrant
	}

	/// Puts a candidate's mixnode at a place.
	fn put_at(
		session_index: SessionIndex,
		listed: ListedMixnode<BoundedMixnodeFor<T>>,
		key: RankKey,
		place: MixnodeIndex,
	) {
		if let Some(registrant) = listed.registrant {
			Self::set_state(session_index, registrant, CandidacyState::Listed { place, key });
		}
		Mixnodes::<T>::insert(session_index, place, listed);
	}

	/// Says where a registrant that is known stands.
	fn set_state(session_index: SessionIndex, registrant: Registrant, state: CandidacyState) {
		Candidacies::<T>::mutate(session_index, registrant, |candidacy| {
			if let Some(candidacy) = candidacy.as_mut().defensive() {
				candidacy.state = state;
			}
		});
	}

	/// Removes what keeps others from registering the same key or peer ID.
	fn forget_names(session_index: SessionIndex, mixnode: &BoundedMixnodeFor<T>) {
		KxPublics::<T>::remove(session_index, mixnode.kx_public);
		PeerIds::<T>::remove(session_index, mixnode.peer_id);
	}

	fn insert_ranked(mut set: RankedSet<T>, entry: RankedEntry) {
		// Its directory has room for as many pages as the set's bound needs.
		let inserted = set.insert(entry);
		frame_support::defensive_assert!(inserted, "a ranked set is full");
		set.save();
	}
}
