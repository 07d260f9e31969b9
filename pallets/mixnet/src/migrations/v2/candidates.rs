//! Candidates of the next session: by account instead of by key, and one of each account.

use super::{owner_of, v1, Owner};
use crate::{
	ranked_set::{RankKey, RankedEntry, RankedSet, SetId},
	BoundedMixnode, Candidacies, Candidacy, CandidacyState, Config, Election, KxPublics, ListedMixnodeFor, Mixnodes,
	NextElection, Pallet, PeerIds, RegisteredAs, RegistrantClass, STANDBY_BASE,
};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::traits::{Defensive, Get};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{Place, Registrant, SessionIndex};

/// A candidate of version 1, taken out of the storage.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Found<AccountId, Mixnode> {
	/// Its key in the ranked set.
	key: RankKey,
	/// The key by which it registered.
	registrant: Registrant,
	/// Whose that key is. Without a class it cannot stand.
	owner: Owner<AccountId>,
	/// How many registrations it has made.
	revisions: u8,
	mixnode: Mixnode,
}

/// What is left of the candidates.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Left<AccountId, Mixnode> {
	/// Of each account at most one, in their former order.
	candidates: Vec<Found<AccountId, Mixnode>>,
	/// How many registrations each account has made: by one of its keys, at most.
	revisions: BTreeMap<AccountId, u8>,
}

/// Migrates the election and the candidates. Returns how many there were.
pub(super) fn migrate<T: Config>() -> u32 {
	let session_index = Pallet::<T>::next_session_index();
	let Some(before) = v1::NextElection::<T>::get() else { return 0 };
	// Every elected candidate ranks before every standby.
	let ranked: Vec<_> = [SetId::Elected, SetId::Standby]
		.into_iter()
		.flat_map(|set| RankedSet::<T>::load(set).iter_from(0).collect::<Vec<_>>())
		.collect();
	let number = ranked.len() as u32;
	// All are taken out before one is put back: accounts may have the bytes of keys.
	let found = ranked.into_iter().filter_map(|entry| take::<T>(session_index, entry)).collect();
	RankedSet::<T>::clear(SetId::Elected);
	RankedSet::<T>::clear(SetId::Standby);
	let Left { candidates, revisions } = one_of_each_account(found);
	let removed = number.saturating_sub(candidates.len() as u32);
	if removed > 0 {
		log::info!(target: crate::LOG_TARGET, "{removed} candidates of session {session_index} are removed");
	}
	// Those whose mixnode is removed may register again.
	for (account, next_revision) in &revisions {
		let candidacy = Candidacy { registered_as: None, next_revision: *next_revision, state: CandidacyState::Out };
		Candidacies::<T>::insert(session_index, account, candidacy);
	}
	let mut election = election::<T>(before);
	put::<T>(session_index, &mut election, candidates, &revisions);
	NextElection::<T>::put(election);
	number
}

/// The election, without candidates. Its limits were constants in version 1. Who stands by now must not be overtaken by a
/// newcomer if there are more places from now on, and nobody loses a place if there are fewer.
fn election<T: Config>(before: v1::Election<BlockNumberFor<T>>) -> Election<BlockNumberFor<T>> {
	let v1::Election { seed, committed_by_rotation, committed_before, elected, standbys, ranked } = before;
	Election {
		seed,
		committed_by_rotation,
		committed_before,
		max_elected: if standbys > 0 { elected } else { T::MaxMixnodes::get().max(elected) },
		max_standbys: T::MaxStandbys::get().max(standbys),
		elected: 0,
		standbys: 0,
		ranked,
	}
}

/// Takes a candidate out of the storage, with all that is stored of it. `None` if its key leads to no account, or its
/// mixnode is too large to be stored.
fn take<T: Config>(session_index: SessionIndex, entry: RankedEntry) -> Option<Found<T::AccountId, BoundedMixnode>> {
	let listed = v1::Mixnodes::<T>::take(session_index, entry.place).defensive()?;
	v1::KxPublics::<T>::remove(session_index, listed.mixnode.kx_public);
	v1::PeerIds::<T>::remove(session_index, listed.mixnode.peer_id);
	let registrant = listed.registrant.defensive()?;
	let candidacy = v1::Candidacies::<T>::take(session_index, registrant).defensive()?;
	let owner = owner_of::<T>(&registrant)?;
	// Version 1 has checked that its key and its peer ID can be used. Its addresses stay as they are, whatever may be
	// registered from now on, but for more of them than can be stored.
	let mixnode = listed.mixnode.try_into().ok()?;
	Some(Found { key: entry.key, registrant, owner, revisions: candidacy.next_revision, mixnode })
}

/// Leaves one candidate of each account: the one by its queued key, else the one by its operator key.
fn one_of_each_account<AccountId: Ord + Clone, Mixnode>(
	found: Vec<Found<AccountId, Mixnode>>,
) -> Left<AccountId, Mixnode> {
	let mut revisions = BTreeMap::new();
	// An account has one queued key and one operator key.
	let mut classes: BTreeMap<AccountId, RegistrantClass> = BTreeMap::new();
	for candidate in &found {
		let account = &candidate.owner.account;
		let most: &mut u8 = revisions.entry(account.clone()).or_default();
		*most = candidate.revisions.max(*most);
		match candidate.owner.class {
			Some(RegistrantClass::Validator) => {
				classes.insert(account.clone(), RegistrantClass::Validator);
			},
			Some(RegistrantClass::Operator) => {
				classes.entry(account.clone()).or_insert(RegistrantClass::Operator);
			},
			None => {},
		}
	}
	let mut candidates = found;
	candidates.retain(|candidate| {
		candidate.owner.class.is_some() && candidate.owner.class == classes.get(&candidate.owner.account).copied()
	});
	Left { candidates, revisions }
}

/// Lists candidates, which are in the order of their ranks, from the best place on.
fn put<T: Config>(
	session_index: SessionIndex,
	election: &mut Election<BlockNumberFor<T>>,
	candidates: Vec<Found<T::AccountId, BoundedMixnode>>,
	revisions: &BTreeMap<T::AccountId, u8>,
) {
	let mut elected = RankedSet::<T>::load(SetId::Elected);
	let mut standbys = RankedSet::<T>::load(SetId::Standby);
	for Found { key, registrant, owner: Owner { account, class }, mixnode, .. } in candidates {
		let Some(class) = class.defensive() else { continue };
		let place: Place;
		let inserted = if election.elected < election.max_elected {
			place = election.elected;
			election.elected = election.elected.saturating_add(1);
			elected.insert(RankedEntry { key, place })
		} else {
			place = STANDBY_BASE.saturating_add(election.standbys);
			election.standbys = election.standbys.saturating_add(1);
			standbys.insert(RankedEntry { key, place })
		};
		frame_support::defensive_assert!(inserted, "there were no fewer places in version 1");
		KxPublics::<T>::insert(session_index, mixnode.kx_public, &account);
		PeerIds::<T>::insert(session_index, mixnode.peer_id, &account);
		let candidacy = Candidacy {
			registered_as: Some(RegisteredAs { class, registrant }),
			next_revision: revisions.get(&account).copied().unwrap_or_default(),
			state: CandidacyState::Listed { place, key },
		};
		Candidacies::<T>::insert(session_index, &account, candidacy);
		Mixnodes::<T>::insert(session_index, place, ListedMixnodeFor::<T> { account: Some(account), mixnode });
	}
	elected.save();
	standbys.save();
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::Rank;

	const VALIDATOR: Option<RegistrantClass> = Some(RegistrantClass::Validator);
	const OPERATOR: Option<RegistrantClass> = Some(RegistrantClass::Operator);

	/// A candidate of an account, by the `n`-th key, which ranks `n`-th.
	fn candidate(n: u8, account: u64, class: Option<RegistrantClass>, revisions: u8) -> Found<u64, ()> {
		let key = RankKey { rank: Rank(n.into()), sequence: 0 };
		Found { key, registrant: Registrant([n; 32]), owner: Owner { account, class }, revisions, mixnode: () }
	}

	fn keys_left(found: Vec<Found<u64, ()>>) -> Vec<u8> {
		one_of_each_account(found).candidates.iter().map(|candidate| candidate.registrant.0[0]).collect()
	}

	#[test]
	fn the_queued_key_survives_a_former_one_whatever_their_ranks() {
		for (first, second) in [(VALIDATOR, None), (None, VALIDATOR)] {
			let found = vec![candidate(1, 10, first, 1), candidate(2, 20, VALIDATOR, 1), candidate(3, 10, second, 1)];
			assert_eq!(keys_left(found), if first.is_some() { [1, 2] } else { [2, 3] });
		}
	}

	#[test]
	fn a_validator_survives_as_such_and_not_as_an_operator() {
		for (first, second, left) in [(VALIDATOR, OPERATOR, 1), (OPERATOR, VALIDATOR, 2), (OPERATOR, None, 1)] {
			assert_eq!(keys_left(vec![candidate(1, 10, first, 1), candidate(2, 10, second, 1)]), [left]);
		}
	}

	#[test]
	fn former_keys_alone_leave_nothing_but_their_revisions() {
		let left = one_of_each_account(vec![candidate(1, 10, None, 2), candidate(2, 10, None, 3)]);
		assert_eq!(left, Left { candidates: vec![], revisions: [(10, 3)].into() });
	}

	#[test]
	fn the_greatest_revision_of_an_account_counts() {
		for (first, second) in [(1, 3), (3, 1)] {
			let found =
				vec![candidate(1, 10, None, first), candidate(2, 10, VALIDATOR, second), candidate(3, 20, OPERATOR, 2)];
			assert_eq!(one_of_each_account(found).revisions, [(10, 3), (20, 2)].into());
		}
	}
}
