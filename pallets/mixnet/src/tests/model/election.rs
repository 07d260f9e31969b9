//! The candidates of the next session, as two lists in the order of their places.

use crate::{mock::*, Event, Rank, RemovalReason, Seed};
use mixnet_primitives::{Mixnode, RegisteredMixnode, SessionIndex, Standing};
use std::collections::{BTreeMap, BTreeSet};

/// A candidate, by the account whose key it registers with.
#[derive(Clone, Debug)]
pub struct Candidate {
	pub key: u64,
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
	/// By place.
	pub elected: Vec<Candidate>,
	/// By place, too.
	pub standbys: Vec<Candidate>,
	/// The revision that is due next, of each registrant that has registered.
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
	pub fn listed(&self, key: u64) -> Option<&Candidate> {
		self.elected.iter().chain(&self.standbys).find(|candidate| candidate.key == key)
	}

	/// Who, of all that are listed, has a mixnode like this.
	pub fn find(&self, is_like: impl Fn(&Mixnode) -> bool) -> Option<u64> {
		self.elected.iter().chain(&self.standbys).find(|candidate| is_like(&candidate.mixnode)).map(|other| other.key)
	}

	/// Would one more candidate, of this rank, be among the best?
	pub fn has_room_for(&self, rank: Rank) -> bool {
		let places = (MaxMixnodes::get() + MaxStandbys::get()) as usize;
		let better = self.elected.iter().chain(&self.standbys).filter(|candidate| candidate.rank <= rank).count();
		better < places
	}

	/// What is told of a candidate that has just registered.
	fn registered(&self, key: u64) -> Event<Runtime> {
		let candidate = self.listed(key).expect("it has just registered; qed");
		let place = self.elected.iter().position(|candidate| candidate.key == key);
		Event::MixnodeRegistered {
			session_index: self.session,
			registrant: registrant(key),
			rank: candidate.rank,
			standing: place.map_or(Standing::Standby, |place| Standing::Elected(place as u32)),
			revision: self.next_revisions[&key] - 1,
		}
	}

	/// A new candidate, for which there is room.
	pub fn add(&mut self, key: u64, rank: Rank, mixnode: Mixnode) -> Vec<Event<Runtime>> {
		let candidate = Candidate { key, rank, order: self.ranked, mixnode };
		self.ranked += 1;
		*self.next_revisions.entry(key).or_default() += 1;
		let dropped = |session_index, candidate: &Candidate| Event::StandbyDropped {
			session_index,
			registrant: registrant(candidate.key),
		};
		let mut events = Vec::new();
		let mut stands_by = None;
		if self.elected.len() < MaxMixnodes::get() as usize {
			self.elected.push(candidate);
		} else {
			let worst = worst(&self.elected).expect("there is more than one place; qed");
			if candidate.merit() < self.elected[worst].merit() {
				stands_by = Some((std::mem::replace(&mut self.elected[worst], candidate), true));
			} else {
				stands_by = Some((candidate, false));
			}
		}
		if let Some((candidate, was_displaced)) = stands_by {
			let displaced = |stands_by| Event::MixnodeDisplaced {
				session_index: self.session,
				registrant: registrant(candidate.key),
				by: registrant(key),
				stands_by,
			};
			if MaxStandbys::get() == 0 {
				events.push(displaced(false));
				events.push(dropped(self.session, &candidate));
			} else {
				let event = displaced(true);
				if self.standbys.len() < MaxStandbys::get() as usize {
					self.standbys.push(candidate);
				} else {
					// Better than the worst: it was elected, or there is room for it.
					let worst = worst(&self.standbys).expect("there is one; qed");
					events.push(dropped(self.session, &self.standbys[worst]));
					self.standbys[worst] = candidate;
				}
				events.extend(was_displaced.then_some(event));
			}
		}
		events.push(self.registered(key));
		events
	}

	/// Another mixnode for one who is listed.
	pub fn replace(&mut self, key: u64, mixnode: Mixnode) -> Vec<Event<Runtime>> {
		*self.next_revisions.entry(key).or_default() += 1;
		for candidate in self.elected.iter_mut().chain(&mut self.standbys) {
			if candidate.key == key {
				candidate.mixnode = mixnode.clone();
			}
		}
		vec![self.registered(key)]
	}

	pub fn remove(&mut self, key: u64, reason: RemovalReason) -> Vec<Event<Runtime>> {
		let is_it = |candidate: &Candidate| candidate.key == key;
		let mut events =
			vec![Event::MixnodeRemoved { session_index: self.session, registrant: registrant(key), reason }];
		if let Some(place) = self.standbys.iter().position(is_it) {
			self.standbys.swap_remove(place);
		} else if let Some(place) = self.elected.iter().position(is_it) {
			match best(&self.standbys) {
				Some(best) => {
					self.elected[place] = self.standbys.swap_remove(best);
					events.push(Event::StandbyPromoted {
						session_index: self.session,
						registrant: registrant(self.elected[place].key),
						place: place as u32,
					});
				},
				None => {
					self.elected.swap_remove(place);
				},
			}
		} else {
			return Vec::new();
		}
		events
	}

	pub fn bar(&mut self, key: u64, reason: RemovalReason) -> Vec<Event<Runtime>> {
		let mut events = self.remove(key, reason);
		self.barred.insert(key);
		events.push(Event::RegistrantBarred { session_index: self.session, registrant: registrant(key), reason });
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
				revision: self.next_revisions[&candidate.key] - 1,
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
