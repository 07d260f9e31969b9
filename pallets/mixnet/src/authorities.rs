//! The validators who may register, as pallet-session names them.
//!
//! Every rotation of pallet-session names the validators of its next session, each with its session key. They may
//! register from then on. Two **generations** are kept: the *queued* one, and the *active* one that was queued before it,
//! whose validators are at work now. The active one is needed to know the account of a validator that is disabled.
//!
//! What the pallet knows of a validator is its **account**. Session keys may change at any rotation, and move between
//! accounts. So account and weight are stored beside the key, as they were when pallet-session queued it.
//!
//! A generation is stored in pages of [`AUTHORITIES_PER_PAGE`], sorted by key across all pages, with a directory of the
//! pages' first keys. Finding an authority reads the directory and one page, however many authorities there are.
//! Rotation writes one page for each [`AUTHORITIES_PER_PAGE`] of them.

use crate::{
	AuthorityDirectory, AuthorityEntry, AuthorityPages, Config, CurrentSession, Pallet, RegistrantWeights,
	AUTHORITIES_LIMIT, AUTHORITIES_PER_PAGE, LOG_TARGET,
};
use alloc::vec::Vec;
use frame_support::{traits::Get, BoundedVec};
use mixnet_primitives::Registrant;

/// One of the two generations. They are stored under the parities of the rotations that queued them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Generation {
	/// The authorities of the next of pallet-session's sessions.
	Queued,
	/// The authorities of pallet-session's present session.
	Active,
}

/// How an account came out of a rotation, if its part in the election under way may change by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
	/// It is not queued any more.
	Left,
	/// It is queued with another key.
	NewKey,
	/// It counts less than before. It is queued with this key.
	LessWeight(Registrant),
}

impl<T: Config> Pallet<T> {
	fn parity(generation: Generation) -> u8 {
		let queued = (CurrentSession::<T>::get().last_rotation.count % 2) as u8;
		match generation {
			Generation::Queued => queued,
			Generation::Active => 1 - queued,
		}
	}

	/// The queued authority with this key, if there is one.
	pub(crate) fn queued_authority(registrant: &Registrant) -> Option<AuthorityEntry<T::AccountId>> {
		Self::authority(Generation::Queued, registrant)
	}

	/// The authority of a generation with this key, if there is one.
	pub(crate) fn authority(generation: Generation, registrant: &Registrant) -> Option<AuthorityEntry<T::AccountId>> {
		let parity = Self::parity(generation);
		let directory = AuthorityDirectory::<T>::get(parity);
		// The authority can only be in the last page that does not begin behind it.
		let page = directory.partition_point(|first| first <= registrant).checked_sub(1)?;
		let page = AuthorityPages::<T>::get(parity, page as u32);
		let index = page.binary_search_by(|entry| entry.registrant.cmp(registrant)).ok()?;
		page.into_iter().nth(index)
	}

	/// The account of the validator with this index in pallet-session's present session. This may read all pages, so it
	/// is only for what happens rarely.
	pub(crate) fn active_account(validator_index: u32) -> Option<T::AccountId> {
		Self::authorities(Generation::Active)
			.find(|entry| entry.validator_index == validator_index)
			.map(|entry| entry.account)
	}

	/// All authorities of a generation, in ascending order of their keys.
	pub(crate) fn authorities(generation: Generation) -> impl Iterator<Item = AuthorityEntry<T::AccountId>> {
		let parity = Self::parity(generation);
		let pages = AuthorityDirectory::<T>::decode_len(parity).unwrap_or_default() as u32;
		(0..pages).flat_map(move |page| AuthorityPages::<T>::get(parity, page).into_iter())
	}

	/// Stores the validators that the last rotation queued, each with its weight. Those that were queued by the rotation
	/// before as well keep the number of the rotation that first queued them, whatever their keys. What they weigh in
	/// the election under way does not rise.
	///
	/// Returns what changed from the active ones to those that were queued now, by account.
	///
	/// `begins_election`: does an election begin with this rotation? Then the weights of the rotation before were known
	/// before its seed was.
	pub(crate) fn queue_authorities(
		validators: impl Iterator<Item = (T::AccountId, Registrant)>,
		begins_election: bool,
	) -> Vec<(T::AccountId, Change)> {
		let mut queued = Self::weighed(validators);
		// The rotation has been counted already, so that those that were queued before it are the active ones.
		let active: Vec<_> = Self::authorities(Generation::Active).collect();
		let mut changes = Vec::new();
		for (now, before) in pairs(&mut queued, &active) {
			let Some(now) = now else {
				changes.extend(before.map(|before| (before.account.clone(), Change::Left)));
				continue;
			};
			let Some(before) = before else { continue };
			let committed = if begins_election { before.weight } else { before.committed_weight };
			now.since = before.since;
			now.committed_weight = now.weight.min(committed);
			if now.registrant != before.registrant {
				changes.push((now.account.clone(), Change::NewKey));
			} else if now.committed_weight < committed {
				changes.push((now.account.clone(), Change::LessWeight(now.registrant)));
			}
		}
		Self::write_authorities(Generation::Queued, &queued);
		changes
	}

	/// Stores the authorities of genesis, which are queued and active.
	pub(crate) fn set_first_authorities(validators: impl Iterator<Item = (T::AccountId, Registrant)>) {
		let authorities = Self::weighed(validators);
		Self::write_authorities(Generation::Queued, &authorities);
		Self::write_authorities(Generation::Active, &authorities);
	}

	/// The entries of validators that the last rotation queues for the first time, in ascending order of their keys.
	fn weighed(validators: impl Iterator<Item = (T::AccountId, Registrant)>) -> Vec<AuthorityEntry<T::AccountId>> {
		let since = CurrentSession::<T>::get().last_rotation.count;
		let mut validators: Vec<_> = (0..).zip(validators).collect();
		let (found, max) = (validators.len(), T::MaxAuthorities::get().min(AUTHORITIES_LIMIT));
		if found > max as usize {
			// This is no reason to stop the chain's sessions, but somebody should know.
			log::error!(
				target: LOG_TARGET,
				"{found} authorities are queued, but MaxAuthorities is {max}: the others cannot register mixnodes",
			);
			validators.truncate(max as usize);
		}
		// Anybody could sign for such a key.
		validators.retain(|(_, (account, registrant))| {
			let is_usable = registrant.check().is_ok();
			if !is_usable {
				log::warn!(
					target: LOG_TARGET,
					"The session key of validator {account:?} is no key that one party alone can have: it cannot register",
				);
			}
			is_usable
		});
		// The sort is stable, so that of two validators with one key the first counts.
		validators.sort_by_key(|(_, (_, registrant))| *registrant);
		validators.dedup_by_key(|(_, (_, registrant))| *registrant);
		validators
			.into_iter()
			.map(|(validator_index, (account, registrant))| {
				let weight = T::Weights::validator(&account);
				AuthorityEntry { registrant, account, validator_index, since, weight, committed_weight: weight }
			})
			.collect()
	}

	pub(crate) fn write_authorities(generation: Generation, authorities: &[AuthorityEntry<T::AccountId>]) {
		let parity = Self::parity(generation);
		let pages_before = AuthorityDirectory::<T>::decode_len(parity).unwrap_or_default() as u32;
		let mut directory = BoundedVec::default();
		for (index, page) in (0..).zip(authorities.chunks(AUTHORITIES_PER_PAGE as usize)) {
			let first = page.first().expect("chunks are not empty; qed").registrant;
			directory
				.try_push(first)
				.expect("there are at most MaxAuthorities, which fill as many pages as the bound says; qed");
			AuthorityPages::<T>::insert(parity, index, BoundedVec::truncate_from(page.to_vec()));
		}
		for page in directory.len() as u32..pages_before {
			AuthorityPages::<T>::remove(parity, page);
		}
		AuthorityDirectory::<T>::insert(parity, directory);
	}
}

/// An account's entries of now and of before. One of them may be missing.
type Pair<'a, AccountId> = (Option<&'a mut AuthorityEntry<AccountId>>, Option<&'a AuthorityEntry<AccountId>>);

/// Pairs the entries of now with those of before that have the same account.
///
/// Both lists are in ascending order of their keys. Most accounts keep their keys, so the lists are merged by key first.
/// Only what is left over is sorted by account.
fn pairs<'a, AccountId: Ord>(
	now: &'a mut [AuthorityEntry<AccountId>],
	before: &'a [AuthorityEntry<AccountId>],
) -> Vec<Pair<'a, AccountId>> {
	let mut pairs = Vec::with_capacity(now.len());
	let (mut came, mut went) = (Vec::new(), Vec::new());
	let mut before = before.iter().peekable();
	for entry in now {
		while let Some(earlier) = before.next_if(|earlier| earlier.registrant < entry.registrant) {
			went.push(earlier);
		}
		match before.next_if(|earlier| earlier.registrant == entry.registrant) {
			Some(earlier) if earlier.account == entry.account => pairs.push((Some(entry), Some(earlier))),
			Some(earlier) => {
				went.push(earlier);
				came.push(entry);
			},
			None => came.push(entry),
		}
	}
	went.extend(before);
	came.sort_by(|one, other| one.account.cmp(&other.account));
	went.sort_by(|one, other| one.account.cmp(&other.account));
	let mut went = went.into_iter().peekable();
	for entry in came {
		while let Some(earlier) = went.next_if(|earlier| earlier.account < entry.account) {
			pairs.push((None, Some(earlier)));
		}
		let earlier = went.next_if(|earlier| earlier.account == entry.account);
		pairs.push((Some(entry), earlier));
	}
	pairs.extend(went.map(|earlier| (None, Some(earlier))));
	pairs
}
