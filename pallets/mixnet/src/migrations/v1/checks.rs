//! What must survive the migration to version 1.

use super::{is_usable, v0};
use crate::{migrations::v2::v1, Config};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_support::{ensure, traits::Get};
use mixnet_primitives::{Mixnode, SessionIndex};

/// The state before.
#[derive(Encode, Decode)]
pub(super) struct Before<T: Config> {
	session: Option<v1::Session<frame_system::pallet_prelude::BlockNumberFor<T>>>,
	previous: Vec<Mixnode>,
	current: Vec<Mixnode>,
	next: Vec<Mixnode>,
	authorities: u32,
}

impl<T: Config> Before<T> {
	pub fn read() -> Self {
		let session = v1::CurrentSession::<T>::get();
		let index = session.as_ref().map_or(0, |session| session.index);
		let list = |session_index| list(|place| v0::Mixnodes::<T>::get(session_index, place));
		let mut next = list(index.saturating_add(1));
		next.truncate(v0::NextRegistered::<T>::get() as usize);
		next.retain(is_usable);
		next.truncate(T::MaxMixnodes::get() as usize);
		Self {
			previous: index.checked_sub(1).map(list).unwrap_or_default(),
			current: list(index),
			next,
			authorities: v0::NextAuthorities::<T>::get().len() as u32,
			session,
		}
	}

	pub fn check(self) -> Result<(), sp_runtime::TryRuntimeError> {
		let session = v1::CurrentSession::<T>::get();
		ensure!(session == self.session, "the session has changed");
		let index: SessionIndex = session.map_or(0, |session| session.index);
		let list = |session_index| list(|place| v1::Mixnodes::<T>::get(session_index, place));
		ensure!(index.checked_sub(1).map(list).unwrap_or_default() == self.previous, "the previous list has changed");
		ensure!(list(index) == self.current, "the current list has changed");
		ensure!(list(index.saturating_add(1)) == self.next, "the next list has changed");
		let elected = v1::NextElection::<T>::get().map_or(0, |election| election.elected);
		ensure!(elected as usize == self.next.len(), "the election has another number of mixnodes");
		let authorities: usize = v1::AuthorityPages::<T>::iter_values().map(|page| page.len()).sum();
		ensure!(authorities as u32 == self.authorities, "an authority is lost");
		ensure!(!v0::NextRegistered::<T>::exists(), "something of version 0 is left");
		Ok(())
	}
}

/// The mixnodes of a list, from place 0 on.
fn list(get: impl Fn(u32) -> Option<v1::ListedMixnode>) -> Vec<Mixnode> {
	(0..).map_while(get).map(|listed| listed.mixnode).collect()
}
