//! Sessions, their lists, who may register for the next one, and what is left over of earlier ones.

use super::{election::Election, world::World};
use crate::{
	mock::*, Event, PhaseLengths, RegistrantClass, RegistrantWeights, RemovalReason, Seed, MANY_SESSIONS_TO_PRUNE,
	MAX_PRUNED_AT_ONCE,
};
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

/// A validator that pallet-session has queued.
#[derive(Clone, Copy, Debug)]
pub struct Authority {
	pub account: u64,
	/// The rotation from which on the account has been queued without a gap.
	pub since: u32,
	pub weight: u128,
	/// What it weighs in the election under way.
	pub committed: u128,
}

#[derive(Clone, Debug)]
pub struct Sessions {
	pub now: u64,
	pub index: SessionIndex,
	pub started_at: u64,
	/// How many times pallet-session has rotated, in all and in the current session.
	pub rotations: u32,
	pub rotations_in_session: u32,
	/// After how many rotations the current session ends.
	pub length: u32,
	/// The lengths of the current session's phases.
	pub phases: PhaseLengths<u64>,
	pub rotated_at: u64,
	pub parameters: SessionParameters,
	pub current: List,
	pub previous: List,
	/// The queued authorities, by the account whose key they have.
	pub queued: BTreeMap<u64, Authority>,
	/// Those that were queued before, and are at work now.
	pub active: BTreeMap<u64, Authority>,
	/// The accounts of all validators at work, and of those that are queued, by their indices: also of those whose keys
	/// anybody could sign for.
	validators: (Vec<u64>, Vec<u64>),
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
			length: SessionsPerMixnetSession::get(),
			phases: phases(),
			rotated_at: 0,
			parameters: SessionParameters { previous: genesis, current: genesis, next: genesis },
			current: empty.clone(),
			previous: empty,
			queued: queued(0),
			active: queued(0),
			validators: (queued_accounts(), queued_accounts()),
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
			max_elected: MaxMixnodes::get(),
			max_standbys: MaxStandbys::get(),
			..Default::default()
		}
	}

	/// Begins the next session. Returns its events. `before` is the rotation before the one with which it begins.
	fn begin_next(&mut self, election: &mut Election, before: (u32, u64)) -> Vec<Event<Runtime>> {
		self.rotations_in_session = 0;
		self.length = SessionsPerMixnetSession::get();
		self.phases = phases();
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
		let mut events = vec![if registered < required {
			Event::SessionResting { session_index: self.index, registered, required }
		} else {
			Event::SessionStarted { session_index: self.index, mixnodes: registered }
		}];
		let not_pruned = (self.next_to_prune..self.index - 1).count() as u32;
		if not_pruned >= MANY_SESSIONS_TO_PRUNE {
			events.push(Event::PruningBehind { sessions: not_pruned });
		}
		events
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

impl World {
	/// Begins another block. Returns its events.
	pub fn next_block(&mut self) -> Vec<Event<Runtime>> {
		let sessions = &mut self.sessions;
		sessions.now += 1;
		if !sessions.now.is_multiple_of(Period::get()) {
			return Vec::new();
		}
		let before = (sessions.rotations, sessions.rotated_at);
		sessions.rotations += 1;
		sessions.rotated_at = sessions.now;
		sessions.rotations_in_session += 1;
		let begins = sessions.rotations_in_session >= sessions.length;
		sessions.active = std::mem::replace(&mut sessions.queued, queued(sessions.rotations));
		sessions.validators = (std::mem::take(&mut sessions.validators.1), queued_accounts());
		for authority in sessions.queued.values_mut() {
			if let Some(earlier) = sessions.active.values().find(|one| one.account == authority.account) {
				authority.since = earlier.since;
				let known = if begins { earlier.weight } else { earlier.committed };
				authority.committed = authority.weight.min(known);
			}
		}
		let mut events = match begins {
			true => sessions.begin_next(&mut self.election, before),
			false => self.follow_changes(),
		};
		let disabled = Session::disabled_validators();
		for (index, account) in (0..).zip(self.sessions.validators.0.clone()) {
			if disabled.contains(&index) && !self.election.barred.contains(&account) {
				events.extend(self.election.bar(account, RemovalReason::Disabled));
			}
		}
		events
	}

	/// Follows a rotation in an election that goes on.
	fn follow_changes(&mut self) -> Vec<Event<Runtime>> {
		let mut events = Vec::new();
		let (active, queued) = (self.sessions.active.clone(), self.sessions.queued.clone());
		let key_of = |map: &BTreeMap<u64, Authority>, account| {
			map.iter().find(|(_, one)| one.account == account).map(|(key, _)| *key)
		};
		let stands = |world: &Self, account| {
			world.election.listed(account).is_some_and(|candidate| candidate.class == RegistrantClass::Validator)
		};
		// Those with the same key come first, in the order of keys; then the others, in the order of accounts.
		for authority in in_order_of_keys(&queued) {
			let account = authority.account;
			let key = key_of(&queued, account);
			let is_less = key_of(&active, account) == key
				&& active.values().any(|one| one.account == account && authority.committed < one.committed);
			if is_less && stands(self, account) {
				let rank = self.rank(key.expect("it is queued; qed")).expect("it is queued; qed");
				events.extend(self.election.rank_again(account, rank));
			}
		}
		let mut accounts: Vec<_> = active.values().map(|one| one.account).collect();
		accounts.sort_unstable();
		for account in accounts {
			if !stands(self, account) {
				continue;
			}
			match key_of(&queued, account) {
				None => events.extend(self.election.remove(account, RemovalReason::NoLongerQueued)),
				key if key != key_of(&active, account) => {
					events.extend(self.election.remove(account, RemovalReason::KeyReplaced))
				},
				_ => {},
			}
		}
		events
	}
}

fn in_order_of_keys(authorities: &BTreeMap<u64, Authority>) -> Vec<Authority> {
	let mut authorities: Vec<_> = authorities.iter().map(|(key, authority)| (registrant(*key), *authority)).collect();
	authorities.sort_by_key(|(registrant, _)| *registrant);
	authorities.into_iter().map(|(_, authority)| authority).collect()
}

/// The lengths of the phases of sessions to come.
fn phases() -> PhaseLengths<u64> {
	PhaseLengths {
		cover_to_current: NumCoverToCurrentBlocks::get(),
		requests_to_current: NumRequestsToCurrentBlocks::get(),
		cover_to_prev: NumCoverToPrevBlocks::get(),
	}
}

/// The accounts that pallet-session has queued, by their indices.
fn queued_accounts() -> Vec<u64> {
	pallet_session::QueuedKeys::<Runtime>::get().into_iter().map(|(account, _)| account).collect()
}

/// The authorities that pallet-session has just queued, as if none of them had been queued before.
fn queued(since: u32) -> BTreeMap<u64, Authority> {
	let keys = || (0..2 * CANDIDATES).map(|account| (authority(account), account));
	pallet_session::QueuedKeys::<Runtime>::get()
		.into_iter()
		.filter_map(|(account, session_keys)| {
			// Anybody could sign for a key that is not one of these.
			let (_, key) = keys().find(|(public, _)| *public == session_keys.mixnet)?;
			let weight = TestWeights::validator(&account);
			Some((key, Authority { account, since, weight, committed: weight }))
		})
		.collect()
}
