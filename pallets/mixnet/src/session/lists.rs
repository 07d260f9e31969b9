//! The mixnodes of the live sessions, whole or in pages.

use crate::{Config, CurrentSession, ListedMixnode, Mixnodes, Pallet};
use alloc::vec::Vec;
use frame_support::{storage::unhashed, traits::Defensive};
use mixnet_primitives::{Mixnode, MixnodesError, MixnodesPage, Place, SessionIndex};

impl<T: Config> Pallet<T> {
	/// The mixnodes of the previous session, in the order of their indices.
	///
	/// ## Errors
	/// The mixnet rested during that session. The answer is the same in session 0, which no session came before.
	pub fn prev_mixnodes() -> Result<Vec<Mixnode>, MixnodesError> {
		let session = CurrentSession::<T>::get();
		session.previous.check()?;
		// This fails in session 0: its previous roster is empty, and `required` is at least 1.
		Ok(Self::list(session.index.saturating_sub(1), 0..session.previous.registered))
	}

	/// The mixnodes of the current session, in the order of their indices.
	///
	/// ## Errors
	/// The mixnet rests during this session.
	pub fn current_mixnodes() -> Result<Vec<Mixnode>, MixnodesError> {
		let session = CurrentSession::<T>::get();
		session.current.check()?;
		Ok(Self::list(session.index, 0..session.current.registered))
	}

	/// At most `count` mixnodes of the current or the previous session, from place `start` of its list on; `None` for
	/// other sessions. This is for lists that are too large for one answer.
	pub fn mixnodes_page(session_index: SessionIndex, start: u32, count: u32) -> Option<MixnodesPage> {
		let session = CurrentSession::<T>::get();
		let roster = if session_index == session.index {
			session.current
		} else if session_index.saturating_add(1) == session.index {
			session.previous
		} else {
			return None;
		};
		let end = start.saturating_add(count).min(roster.registered);
		let mixnodes = Self::list(session_index, start..end);
		Some(MixnodesPage { total: roster.registered, required: roster.required, mixnodes })
	}

	/// The mixnodes at these places of a session's list. All of them must exist.
	fn list(session_index: SessionIndex, places: core::ops::Range<Place>) -> Vec<Mixnode> {
		// A list may be long. So it is read in key order: neighbouring keys share most of their trie path, which is
		// then cached. And it is decoded to the type of the answer right away, without bounds.
		let mut reads: Vec<_> = places.collect();
		reads.sort_unstable_by_key(|place| place.to_le_bytes());
		let mut listed: Vec<_> = reads
			.into_iter()
			.filter_map(|place| {
				// A list has no gaps. It is pruned only when its session is neither current nor previous.
				let key = Mixnodes::<T>::hashed_key_for(session_index, place);
				Some((place, unhashed::get::<ListedMixnode<T::AccountId, Mixnode>>(&key).defensive()?.mixnode))
			})
			.collect();
		listed.sort_unstable_by_key(|(place, _)| *place);
		listed.into_iter().map(|(_, mixnode)| mixnode).collect()
	}
}
