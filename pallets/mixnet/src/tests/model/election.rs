//! The candidates of the next session, as two lists in the order of their places.

use crate::{mock::*, Event, Rank, RegistrantClass, RemovalReason, Seed};
use mixnet_primitives::{Mixnode, RegisteredMixnode, SessionIndex, Standing};
use std::collections::{BTreeMap, BTreeSet};

/// A candidate.
#[derive(Clone, Debug)]
pub struct Candidate {
	pub account: u64,
	/// The account whose key it registers with.
	pub key: u64,
	pub class: RegistrantClass,
	pub rank: Rank,
	/// How many were ranked before it.
	pub order: u32,
	pub mixnode: Mixnode,
}

impl Candidate {
	/// What it is sorted by.
	fn merit(&self) -> (Rank, u32) {
		(self.rank, self.order)
	}
}

/// The election of a session.
#[derive(Clone, Default, Debug)]
pub struct Election {
	pub session: SessionIndex,
	pub seed: Option<Seed>,
	pub committed_by_rotation: u32,
	pub committed_before: u64,
	pub max_elected: u32,
	pub max_standbys: u32,
	/// By place.
	pub elected: Vec<Candidate>,
	/// By place, too.
	pub standbys: Vec<Candidate>,
	/// The revision that is due next, of each account that has registered.
	pub next_revisions: BTreeMap<u64, u8>,
	pub barred: BTreeSet<u64>,
	pub ranked: u32,
}

fn worst(candidates: &[Candidate]) -> Option<usize> {
	(0..candidates.len()).max_by_key(|index| candidates[*index].merit())
}

fn best(candidates: &[Candidate]) -> Option<usize> {
	(0..candidates.len()).min_by_key(|index| candidates[*index].merit())
}

impl Election {
	pub fn listed(&self, account: u64) -> Option<&Candidate> {
		self.elected.iter().chain(&self.standbys).find(|candidate| candidate.account == account)
	}

	/// Who, of all that are listed, has a mixnode like this.
	pub fn find(&self, is_like: impl Fn(&Mixnode) -> bool) -> Option<u64> {
		self.elected.iter().chain(&self.standbys).find(|other| is_like(&other.mixnode)).map(|other| other.account)
	}

	/// Would one more candidate, of this rank, be among the best?
	pub fn has_room_for(&self, rank: Rank) -> bool {
		let places = (self.max_elected + self.max_standbys) as usize;
		let better = self.elected.iter().chain(&self.standbys).filter(|candidate| candidate.rank <= rank).count();
		better < places
	}

	/// Is the candidate elected, or does it stand by?
	fn standing(&self, account: u64) -> Standing {
		let place = self.elected.iter().position(|candidate| candidate.account == account);
		place.map_or(Standing::Standby, |place| Standing::Elected(place as u32))
	}

	/// What is told of a candidate that has just registered.
	fn registered(&self, account: u64) -> Event<Runtime> {
		let candidate = self.listed(account).expect("it has just registered; qed");
		Event::MixnodeRegistered {
			session_index: self.session,
			account,
			registrant: registrant(candidate.key),
			rank: candidate.rank,
			standing: self.standing(account),
			revision: self.next_revisions[&account] - 1,
		}
	}

	/// A new candidate, for which there is room.
	pub fn add(&mut self, new: Candidate) -> Vec<Event<Runtime>> {
		let account = new.account;
		self.ranked += 1;
		*self.next_revisions.entry(account).or_default() += 1;
		let mut events = self.insert(new);
		events.push(self.registered(account));
		events
	}

	/// Gives a place to a candidate, for which there is room.
	fn insert(&mut self, candidate: Candidate) -> Vec<Event<Runtime>> {
		let session_index = self.session;
		let dropped = |candidate: &Candidate| Event::StandbyDropped { session_index, account: candidate.account };
		let by = candidate.account;
		if self.elected.len() < self.max_elected as usize {
			self.elected.push(candidate);
			return Vec::new();
		}
		let worst_elected = worst(&self.elected).expect("there is more than one place; qed");
		let (stands_by, was_displaced) = if candidate.merit() < self.elected[worst_elected].merit() {
			(std::mem::replace(&mut self.elected[worst_elected], candidate), true)
		} else {
			(candidate, false)
		};
		let account = stands_by.account;
		let mut events = Vec::new();
		if self.max_standbys == 0 {
			events.push(Event::MixnodeDisplaced { session_index, account, by, stands_by: false });
			events.push(dropped(&stands_by));
			return events;
		}
		if self.standbys.len() < self.max_standbys as usize {
			self.standbys.push(stands_by);
		} else {
			// Better than the worst: it was elected, or there is room for it.
			let worst = worst(&self.standbys).expect("there is one; qed");
			events.push(dropped(&self.standbys[worst]));
			self.standbys[worst] = stands_by;
		}
		if was_displaced {
			events.push(Event::MixnodeDisplaced { session_index, account, by, stands_by: true });
		}
		events
	}

	/// Another mixnode for one who is listed.
	pub fn replace(&mut self, account: u64, mixnode: Mixnode) -> Vec<Event<Runtime>> {
		*self.next_revisions.entry(account).or_default() += 1;
		for candidate in self.elected.iter_mut().chain(&mut self.standbys) {
			if candidate.account == account {
				candidate.mixnode = mixnode.clone();
			}
		}
		vec![self.registered(account)]
	}

	pub fn remove(&mut self, account: u64, reason: RemovalReason) -> Vec<Event<Runtime>> {
		let mut events = vec![Event::MixnodeRemoved { session_index: self.session, account, reason }];
		match self.take(account) {
			Some((_, promoted)) => {
				events.extend(promoted);
				events
			},
			None => Vec::new(),
		}
	}

	/// Takes a candidate out. The best standby gets the place of an elected one.
	fn take(&mut self, account: u64) -> Option<(Candidate, Option<Event<Runtime>>)> {
		let is_it = |candidate: &Candidate| candidate.account == account;
		if let Some(place) = self.standbys.iter().position(is_it) {
			return Some((self.standbys.swap_remove(place), None));
		}
		let place = self.elected.iter().position(is_it)?;
		let Some(best) = best(&self.standbys) else { return Some((self.elected.swap_remove(place), None)) };
		let promoted = self.standbys.swap_remove(best);
		let event =
			Event::StandbyPromoted { session_index: self.session, account: promoted.account, place: place as u32 };
		Some((std::mem::replace(&mut self.elected[place], promoted), Some(event)))
	}

	/// Gives a candidate another rank, and the place that belongs to it.
	pub fn rank_again(&mut self, account: u64, rank: Rank) -> Vec<Event<Runtime>> {
		let Some(former) = self.listed(account).cloned() else { return Vec::new() };
		if rank <= former.rank {
			return Vec::new();
		}
		let candidate = Candidate { rank, ..former };
		let is_before_standbys = self.standbys.iter().all(|standby| candidate.merit() < standby.merit());
		let mut events = Vec::new();
		match self.elected.iter_mut().find(|other| other.account == account) {
			Some(elected) if is_before_standbys => *elected = candidate,
			_ => {
				events.extend(self.take(account).and_then(|(_, promoted)| promoted));
				events.extend(self.insert(candidate));
			},
		}
		let (session_index, standing) = (self.session, self.standing(account));
		events.push(Event::MixnodeRankedAgain { session_index, account, rank, standing });
		events
	}

	pub fn bar(&mut self, account: u64, reason: RemovalReason) -> Vec<Event<Runtime>> {
		let mut events = self.remove(account, reason);
		self.barred.insert(account);
		events.push(Event::AccountBarred { session_index: self.session, account, reason });
		events
	}

	/// What the pallet answers when asked for the registrations.
	pub fn registrations(&self) -> Vec<RegisteredMixnode> {
		let standings = (0..self.elected.len()).map(|place| Standing::Elected(place as u32));
		let mut all: Vec<_> = self
			.elected
			.iter()
			.zip(standings)
			.chain(self.standbys.iter().map(|one| (one, Standing::Standby)))
			.collect();
		all.sort_by_key(|(candidate, _)| candidate.merit());
		all.into_iter()
			.map(|(candidate, standing)| RegisteredMixnode {
				registrant: registrant(candidate.key),
				rank: candidate.rank.0,
				standing,
				revision: self.next_revisions[&candidate.account] - 1,
				kx_public: candidate.mixnode.kx_public,
				peer_id: candidate.mixnode.peer_id,
			})
			.collect()
	}

	/// How many keys the pallet stores for it: three for each that is listed, one for each that is known.
	pub fn stored(&self) -> u32 {
		let known: BTreeSet<_> = self.next_revisions.keys().chain(&self.barred).collect();
		(3 * (self.elected.len() + self.standbys.len()) + known.len()) as u32
	}
}
