//! Sessions, their lists, who may register for the next one, and what is left over of earlier ones.

use super::election::Election;
use crate::{mock::*, Event, Seed, MAX_PRUNED_AT_ONCE};
use codec::Encode;
use mixnet_primitives::{Mixnode, MixnodesError, Parameters, SessionIndex, SessionParameters};
use sp_io::hashing::blake2_256;
use std::collections::BTreeMap;

/// The list of a session, and how many mixnodes it needs.
#[derive(Clone, Debug)]
pub struct List {
	pub mixnodes: Vec<Mixnode>,
	pub required: u32,
}

impl List {
	pub fn answer(&self) -> Result<Vec<Mixnode>, MixnodesError> {
		let num = self.mixnodes.len() as u32;
		if num < self.required {
			return Err(MixnodesError::InsufficientRegistrations { num, min: self.required });
		}
		Ok(self.mixnodes.clone())
	}
}

#[derive(Clone, Debug)]
pub struct Sessions {
	pub now: u64,
	pub index: SessionIndex,
	pub started_at: u64,
	/// How many times pallet-session has rotated, in all and in the current session.
	pub rotations: u32,
	pub rotations_in_session: u32,
	rotated_at: u64,
	pub parameters: SessionParameters,
	pub current: List,
	pub previous: List,
	/// The queued authorities, each with the rotation from which on it has been queued without a gap.
	pub queued: BTreeMap<u64, u32>,
	/// How many keys are stored of each session, from the one to prune next on.
	left_over: BTreeMap<SessionIndex, u32>,
	next_to_prune: SessionIndex,
}

impl Sessions {
	pub fn new() -> (Self, Election) {
		let empty = List { mixnodes: Vec::new(), required: MinMixnodes::get() };
		let genesis = parameters();
		let mut sessions = Self {
			now: 0,
			index: 0,
			started_at: 0,
			rotations: 0,
			rotations_in_session: 0,
			rotated_at: 0,
			parameters: SessionParameters { previous: genesis, current: genesis, next: genesis },
			current: empty.clone(),
			previous: empty,
			queued: queued().into_iter().map(|account| (account, 0)).collect(),
			left_over: BTreeMap::new(),
			next_to_prune: 0,
		};
		let election = sessions.begin_election(0, 0);
		(sessions, election)
	}

	fn begin_election(&mut self, committed_by_rotation: u32, committed_before: u64) -> Election {
		let known_since = self.now.saturating_sub(RandomnessAge::get());
		let is_fresh = self.now == 0 || known_since > committed_before;
		let session = self.index + 1;
		Election {
			session,
			seed: is_fresh.then(|| seed(session, known_since)),
			committed_by_rotation,
			committed_before,
			..Default::default()
		}
	}

	/// Begins another block. Returns its events.
	pub fn next_block(&mut self, election: &mut Election) -> Vec<Event<Runtime>> {
		self.now += 1;
		if !self.now.is_multiple_of(Period::get()) {
			return Vec::new();
		}
		let before = (self.rotations, self.rotated_at);
		self.rotations += 1;
		self.rotated_at = self.now;
		let queued_before = std::mem::take(&mut self.queued);
		for account in queued() {
			let since = queued_before.get(&account).copied().unwrap_or(self.rotations);
			self.queued.insert(account, since);
		}
		self.rotations_in_session += 1;
		if self.rotations_in_session < SessionsPerMixnetSession::get() {
			return Vec::new();
		}
		self.rotations_in_session = 0;
		self.index += 1;
		self.started_at = self.now;
		let Parameters { min_mixnodes: required, .. } = self.parameters.next;
		self.parameters.previous = self.parameters.current;
		self.parameters.current = self.parameters.next;
		self.left_over.insert(self.index, election.stored());
		let mixnodes: Vec<_> = election.elected.iter().map(|candidate| candidate.mixnode.clone()).collect();
		let registered = mixnodes.len() as u32;
		self.previous = std::mem::replace(&mut self.current, List { mixnodes, required });
		*election = self.begin_election(before.0, before.1);
		vec![if registered < required {
			Event::SessionResting { session_index: self.index, registered, required }
		} else {
			Event::SessionStarted { session_index: self.index, mixnodes: registered }
		}]
	}

	/// Removes up to `keys` keys of one session that is over. Returns how many; `None` if there is no such session.
	pub fn prune(&mut self, keys: u32) -> Option<u32> {
		let limit = keys.min(MAX_PRUNED_AT_ONCE);
		if limit == 0 || self.next_to_prune + 1 >= self.index {
			return None;
		}
		let left_over = self.left_over.remove(&self.next_to_prune).unwrap_or_default();
		let removed = left_over.min(limit);
		if removed == limit {
			self.left_over.insert(self.next_to_prune, left_over - removed);
		} else {
			self.next_to_prune += 1;
		}
		Some(removed)
	}

	/// How many keys are stored of sessions that have begun.
	pub fn stored(&self) -> u32 {
		self.left_over.values().sum()
	}

	pub fn all_pruned(&self) -> bool {
		self.next_to_prune + 1 >= self.index
	}
}

/// The seed of a session's election, by the mock's randomness of this block.
fn seed(session: SessionIndex, known_since: u64) -> Seed {
	let subject = (*b"mixnet/election-seed/v1", session).encode();
	let randomness = blake2_256(&(subject, known_since).encode());
	Seed(blake2_256(&randomness))
}

/// The accounts whose keys pallet-session has queued.
fn queued() -> Vec<u64> {
	pallet_session::QueuedKeys::<Runtime>::get().into_iter().map(|(account, _)| account).collect()
}
