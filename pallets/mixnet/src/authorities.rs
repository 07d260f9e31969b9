//! The session authorities who may register, as pallet-session names them.
//!
//! Every rotation of pallet-session names the authorities of its next session. They may register from then on. Two
//! **generations** are kept: the *queued* one, and the *active* one that was queued before it, whose validators are at
//! work now. The active one is needed to know the key of a validator that is disabled.
//!
//! A generation is stored in pages of [`AUTHORITIES_PER_PAGE`], sorted by key across all pages, with a directory of the
//! pages' first keys. Finding an authority reads the directory and one page, however many authorities there are.
//! Rotation writes one page for each [`AUTHORITIES_PER_PAGE`] of them.

use crate::{
	AuthorityDirectory, AuthorityEntry, AuthorityPages, Config, LastRotation, Pallet, AUTHORITIES_PER_PAGE, LOG_TARGET,
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

impl<T: Config> Pallet<T> {
	fn parity(generation: Generation) -> u8 {
		let queued = (LastRotation::<T>::get().count % 2) as u8;
		match generation {
			Generation::Queued => queued,
			Generation::Active => 1 - queued,
		}
	}

	/// The queued authority with this key, if there is one.
	pub(crate) fn queued_authority(registrant: &Registrant) -> Option<AuthorityEntry> {
		let parity = Self::parity(Generation::Queued);
		let directory = AuthorityDirectory::<T>::get(parity);
		// The authority can only be in the last page that does not begin behind it.
		let page = directory.partition_point(|first| first <= registrant).checked_sub(1)?;
		let page = AuthorityPages::<T>::get(parity, page as u32);
		let index = page.binary_search_by(|entry| entry.registrant.cmp(registrant)).ok()?;
		page.get(index).copied()
	}

	/// The key of the validator with this index in pallet-session's present session. This may read all pages, so it is
	/// only for what happens rarely.
	pub(crate) fn active_authority(validator_index: u32) -> Option<Registrant> {
		let parity = Self::parity(Generation::Active);
		(0..AuthorityDirectory::<T>::decode_len(parity).unwrap_or_default() as u32).find_map(|page| {
			AuthorityPages::<T>::get(parity, page)
				.iter()
				.find(|entry| entry.validator_index == validator_index)
				.map(|entry| entry.registrant)
		})
	}

	/// All authorities of a generation, in ascending order.
	pub(crate) fn authorities(generation: Generation) -> impl Iterator<Item = AuthorityEntry> {
		let parity = Self::parity(generation);
		let pages = AuthorityDirectory::<T>::decode_len(parity).unwrap_or_default() as u32;
		(0..pages).flat_map(move |page| AuthorityPages::<T>::get(parity, page).into_iter())
	}

	/// Stores the authorities that the [last rotation](LastRotation) queued. Those that the rotation before had queued
	/// as well keep the number of the rotation that first queued them.
	pub(crate) fn set_queued_authorities(authorities: impl Iterator<Item = Registrant>) {
		let count = LastRotation::<T>::get().count;
		let mut authorities: Vec<_> = (0..)
			.zip(authorities)
			.map(|(validator_index, registrant)| AuthorityEntry { registrant, validator_index, since: count })
			.collect();
		let (found, max) = (authorities.len(), T::MaxAuthorities::get());
		if found > max as usize {
			// This is no reason to stop the chain's sessions, but somebody should know.
			log::error!(
				target: LOG_TARGET,
				"{found} authorities are queued, but MaxAuthorities is {max}: the others cannot register mixnodes",
			);
			authorities.truncate(max as usize);
		}
		// The sort is stable, so that of two validators with one key the first counts.
		authorities.sort_by_key(|entry| entry.registrant);
		authorities.dedup_by_key(|entry| entry.registrant);

		let mut before = Self::authorities(Generation::Active).peekable();
		for entry in &mut authorities {
			while before.next_if(|earlier| earlier.registrant < entry.registrant).is_some() {}
			if let Some(earlier) = before.next_if(|earlier| earlier.registrant == entry.registrant) {
				entry.since = earlier.since;
			}
		}
		Self::write_authorities(Generation::Queued, &authorities);
	}

	/// Makes the queued authorities the active ones as well. Those of genesis are both.
	pub(crate) fn set_queued_authorities_active() {
		let authorities: Vec<_> = Self::authorities(Generation::Queued).collect();
		Self::write_authorities(Generation::Active, &authorities);
	}

	fn write_authorities(generation: Generation, authorities: &[AuthorityEntry]) {
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
