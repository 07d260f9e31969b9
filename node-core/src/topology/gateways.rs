//! A user's gateways: which mixnodes it connects to, from session to session.
//!
//! A gateway sees its users' peer IDs and when they send. If it is corrupt, it is the first half of an attack; the fewer
//! gateways a user ever has, the likelier all of them are honest. So gateways are kept, as Tor keeps its guards: there is a
//! sample of mixnodes in the order in which they were drawn, and the first few that are in a session's list are the
//! gateways in that session.
//!
//! - **The chain alone enlarges the sample.** If fewer of it are in a session's list than twice the number of gateways, as
//!   many as are missing are drawn from the list. So there is a reserve, which was drawn before anybody could wish for it.
//! - **Evidence moves along the sample and draws nobody.** A gateway that is not live (connected, and not silent) for too long
//!   is set aside, and the next of the reserve takes its place; one at a time, slowly. Whoever cuts links gets a user to
//!   go through its reserve, and never further. Losses of loops are no evidence: others can cause them.
//! - **Who was set aside is tried again** after a rest, beside the others, and gets its place back once it is live. If all
//!   were gone, then it was our own line, perhaps; so when one is back all that were set aside meanwhile are tried at once.
//!
//! The sample is in memory only, so it lives no longer than the process. It must not outlive the peer ID: a set of three
//! among a hundred mixnodes tells nearly all users apart. `figures` has this and the other numbers behind these choices, and
//! docs/gateways.md says what they mean.

#[cfg(test)]
mod figures;
#[cfg(test)]
mod tests;

use super::mixnodes::{draw, indexed};
use crate::{
	bytes::{list, sum, tree},
	sphinx::MixnodeIndex,
	Mixnode, PeerId, Time,
};
use alloc::{collections::BTreeSet, vec::Vec};
use core::{cmp::Reverse, time::Duration};
use rand_core::RngCore;

/// How long a gateway may be missing before it is set aside, and the time between two of them, while another is live. A mixnode
/// that is restarted keeps its users.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// The same while no gateway is live: the user can neither send nor receive.
const PATIENCE_CUT_OFF: Duration = Duration::from_secs(60);

/// How long a gateway has to be live for what was before to be forgotten. One that comes and goes is missing.
const STABLE: Duration = Duration::from_secs(60);

/// How long a gateway rests when it is set aside for the first time. Twice as long each time after that, until it is stable.
const FIRST_REST: Duration = Duration::from_secs(10 * 60);

/// The longest rest is this many times doubled: five hours.
const MAX_DOUBLINGS: u32 = 5;

/// The sample may hold this many mixnodes for each wanted gateway, most of which have left the list. They get their places
/// back if they return.
const MAX_SAMPLE_FACTOR: usize = 10;

/// A mixnode of the sample.
#[derive(Debug)]
struct Gateway {
	peer_id: PeerId,
	/// Since when it is not in the current session's list.
	unlisted_since: Option<Time>,
	/// Since when it is live.
	live_since: Option<Time>,
	/// Since when it is in use, and was live for less than [`STABLE`] at a time.
	missing_since: Option<Time>,
	/// Until when it rests, and since when.
	rest: Option<Rest>,
	/// How often it was set aside since it was last stable.
	failures: u32,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
	since: Time,
	until: Time,
}

impl Gateway {
	fn new(peer_id: PeerId) -> Self {
		Self { peer_id, unlisted_since: None, live_since: None, missing_since: None, rest: None, failures: 0 }
	}

	fn is_listed(&self) -> bool {
		self.unlisted_since.is_none()
	}

	/// Does it fill one of the wanted places? One that was set aside and is tried again does so when it is live.
	fn fills_place(&self) -> bool {
		self.failures == 0 || self.live_since.is_some()
	}

	fn set_aside(&mut self, now: Time) {
		let rest = FIRST_REST.saturating_mul(1 << self.failures.min(MAX_DOUBLINGS));
		self.rest = Some(Rest { since: now, until: now + rest });
		self.failures = self.failures.saturating_add(1);
		self.missing_since = None;
	}
}

/// The sample, and what is known of the mixnodes in it.
#[derive(Debug)]
pub(crate) struct Gateways {
	wanted: usize,
	/// In the order in which they were drawn: the first ones are preferred.
	sample: Vec<Gateway>,
	/// Connected peers that do not respond.
	silent: BTreeSet<PeerId>,
	/// Are we a user in the current session?
	is_user: bool,
	/// When one was last replaced.
	replaced_at: Option<Time>,
	/// Since when none in use is live.
	cut_off_since: Option<Time>,
	/// From when on it counts who is missing: our machine was suspended.
	settled_at: Time,
	/// How many were replaced.
	replaced: u64,
}

impl Gateways {
	/// None are drawn yet; a user wants this many.
	pub fn new(wanted: usize) -> Self {
		Self {
			wanted,
			sample: Vec::new(),
			silent: BTreeSet::new(),
			is_user: false,
			replaced_at: None,
			cut_off_since: None,
			settled_at: Time::ZERO,
			replaced: 0,
		}
	}

	/// The most bytes of heap, in sessions of this many mixnodes, all of which may be silent.
	pub fn max_bytes(wanted: usize, mixnodes: usize) -> usize {
		// Those of one list more, before others leave the sample.
		let sample = wanted.saturating_mul(MAX_SAMPLE_FACTOR + 2);
		sum([list(sample, size_of::<Gateway>()), tree(mixnodes, size_of::<PeerId>())])
	}

	/// Draws mixnodes from a session's list until there are gateways and a reserve for that session.
	pub fn draw<R: RngCore + ?Sized>(&mut self, rng: &mut R, mixnodes: &[Mixnode], unusable: &[MixnodeIndex]) {
		let mut excluded = unusable.to_vec();
		let sampled: BTreeSet<_> = self.sample.iter().map(|gateway| gateway.peer_id).collect();
		// An ID that is there twice is one peer all the same.
		let mut listed = BTreeSet::new();
		for (index, mixnode) in indexed(mixnodes).filter(|(index, _)| !unusable.contains(index)) {
			if sampled.contains(&mixnode.peer_id) {
				listed.insert(mixnode.peer_id);
				excluded.push(index);
			}
		}
		while listed.len() < self.wanted.saturating_mul(2) {
			let Some(drawn) = draw(rng, mixnodes.len(), &mut excluded) else { break };
			let Some(peer_id) = mixnodes.get(usize::from(drawn.get())).map(|mixnode| mixnode.peer_id) else { break };
			let same = indexed(mixnodes).filter(|(_, mixnode)| mixnode.peer_id == peer_id);
			excluded.extend(same.map(|(index, _)| index));
			self.sample.push(Gateway::new(peer_id));
			listed.insert(peer_id);
		}
		// Those who have not been in a list for longest leave the sample, and of several those who were drawn last.
		while self.sample.len() > self.max_sample() {
			let others = self.sample.iter().enumerate().filter(|(_, gateway)| !listed.contains(&gateway.peer_id));
			let order = |(at, gateway): &(usize, &Gateway)| (gateway.is_listed(), gateway.unlisted_since, Reverse(*at));
			let longest = others.min_by_key(order);
			let Some((at, _)) = longest else { break };
			self.sample.remove(at);
		}
	}

	fn max_sample(&self) -> usize {
		self.wanted.saturating_mul(MAX_SAMPLE_FACTOR)
	}

	/// The sample, in the order in which it was drawn.
	pub fn sample(&self) -> impl Iterator<Item = &PeerId> {
		self.sample.iter().map(|gateway| &gateway.peer_id)
	}

	/// Takes back the sample of a node that ended. Nothing is known of the mixnodes in it.
	pub fn restore(&mut self, sample: &[PeerId]) {
		self.sample.clear();
		let mut seen = BTreeSet::new();
		let distinct = sample.iter().filter(|peer_id| seen.insert(**peer_id)).take(self.max_sample());
		self.sample.extend(distinct.copied().map(Gateway::new));
	}

	/// Tells who is in the current session's list; `None` unless we are a user in it.
	pub fn set_current(&mut self, now: Time, is_listed: Option<&dyn Fn(&PeerId) -> bool>) {
		self.is_user = is_listed.is_some();
		let Some(is_listed) = is_listed else { return };
		for gateway in &mut self.sample {
			let is_listed = is_listed(&gateway.peer_id);
			gateway.unlisted_since = (!is_listed).then(|| gateway.unlisted_since.unwrap_or(now));
		}
	}

	/// Our machine was suspended. Who seems to be missing before `settled_at` may wait for us.
	pub fn forget(&mut self, settled_at: Time) {
		self.settled_at = settled_at;
		for gateway in &mut self.sample {
			(gateway.live_since, gateway.missing_since) = (None, None);
		}
	}

	/// A connected peer does not respond. [`heard`](Self::heard) takes that back.
	pub fn silent(&mut self, peer_id: PeerId) {
		self.silent.insert(peer_id);
	}

	/// A peer responds, or was connected anew, or disconnected.
	pub fn heard(&mut self, peer_id: &PeerId) {
		self.silent.remove(peer_id);
	}

	/// Is this connected peer silent?
	pub fn is_silent(&self, peer_id: &PeerId) -> bool {
		self.silent.contains(peer_id)
	}

	/// How many were replaced by one of the reserve.
	pub fn replaced(&self) -> u64 {
		self.replaced
	}

	/// The mixnodes to be connected to in a session, whose list `is_listed` knows. There are more than wanted while some that
	/// were set aside are tried again; but no more than wanted are live.
	pub fn in_use<'a>(&'a self, is_listed: impl Fn(&PeerId) -> bool + 'a) -> impl Iterator<Item = &'a PeerId> + 'a {
		self.positions_in_use(move |gateway| is_listed(&gateway.peer_id))
			.filter_map(move |at| Some(&self.sample.get(at)?.peer_id))
	}

	/// The gateways and the reserve of a session: of its mixnodes, those that were drawn first. There are more in the sample
	/// if they come back to the list, but whoever cuts links must not get a user to those too.
	fn gateways_and_reserve<'a>(
		&'a self,
		is_listed: impl Fn(&Gateway) -> bool + 'a,
	) -> impl Iterator<Item = (usize, &'a Gateway)> + 'a {
		let listed = self.sample.iter().enumerate().filter(move |(_, gateway)| is_listed(gateway));
		listed.take(self.wanted.saturating_mul(2))
	}

	fn positions_in_use<'a>(&'a self, is_listed: impl Fn(&Gateway) -> bool + 'a) -> impl Iterator<Item = usize> + 'a {
		let mut filled = 0;
		let candidates = self.gateways_and_reserve(is_listed).filter(|(_, gateway)| gateway.rest.is_none());
		let in_use = candidates.take_while(move |(_, gateway)| {
			let has_room = filled < self.wanted;
			filled += usize::from(gateway.fills_place());
			has_room
		});
		in_use.map(|(at, _)| at)
	}

	/// Takes note of who is live at `now`, and sets aside who has been missing for too long.
	pub fn refresh(&mut self, now: Time, connected: &BTreeSet<PeerId>) {
		for gateway in &mut self.sample {
			let is_live = connected.contains(&gateway.peer_id) && !self.silent.contains(&gateway.peer_id);
			if gateway.live_since.is_some_and(|since| now - since >= STABLE) {
				gateway.failures = 0;
				gateway.missing_since = None;
			}
			gateway.live_since = is_live.then(|| gateway.live_since.unwrap_or(now));
			if gateway.rest.is_some_and(|rest| rest.until <= now) {
				gateway.rest = None;
			}
		}
		while self.note_missing(now) {}
	}

	/// Notes who in use is missing. Sets aside one of them that is due, and says whether there was one.
	fn note_missing(&mut self, now: Time) -> bool {
		let in_use: Vec<usize> = match self.is_user {
			true => self.positions_in_use(Gateway::is_listed).collect(),
			false => Vec::new(),
		};
		for (at, gateway) in self.sample.iter_mut().enumerate() {
			gateway.missing_since = match (in_use.contains(&at), gateway.live_since) {
				(true, None) => gateway.missing_since.or(Some(now)),
				(true, Some(_)) => gateway.missing_since,
				(false, _) => None,
			};
		}
		let any_live = in_use.iter().filter_map(|at| self.sample.get(*at)).any(|gateway| gateway.live_since.is_some());
		match any_live || in_use.is_empty() {
			false => _ = self.cut_off_since.get_or_insert(now),
			true => {
				if let Some(since) = self.cut_off_since.take().filter(|_| any_live) {
					let mut are_tried = false;
					for gateway in &mut self.sample {
						if gateway.rest.is_some_and(|rest| rest.since >= since) {
							gateway.rest = None;
							are_tried = true;
						}
					}
					if are_tried {
						return true;
					}
				}
			},
		}
		let due = self.due(&in_use).filter(|(due, _)| *due <= now).min();
		let Some((_, at)) = due else { return false };
		let Some(gateway) = self.sample.get_mut(at) else { return false };
		if gateway.failures == 0 {
			self.replaced_at = Some(now);
			self.replaced += 1;
			log::info!(target: "mixnet", "A gateway was gone for too long. Another mixnode takes its place");
		}
		log::debug!(target: "mixnet", "The gateway {} is set aside", gateway.peer_id);
		gateway.set_aside(now);
		true
	}

	/// When each of those in use that are missing is to be set aside. One that is only tried again costs nobody a place, so
	/// that is not put off. One that fills a place is set aside only if there is another to take it.
	fn due<'a>(&'a self, in_use: &'a [usize]) -> impl Iterator<Item = (Time, usize)> + 'a {
		let is_spare = |(at, gateway): (usize, &Gateway)| gateway.rest.is_none() && !in_use.contains(&at);
		let has_spare = self.gateways_and_reserve(Gateway::is_listed).any(is_spare);
		let patience = if self.cut_off_since.is_some() { PATIENCE_CUT_OFF } else { PATIENCE };
		in_use.iter().filter_map(move |at| {
			let gateway = self.sample.get(*at).filter(|gateway| gateway.live_since.is_none())?;
			let missing_since = gateway.missing_since?.max(self.settled_at);
			match gateway.failures {
				0 if has_spare => Some((missing_since.max(self.replaced_at.unwrap_or_default()) + patience, *at)),
				0 => None,
				_ => Some((missing_since + PATIENCE_CUT_OFF, *at)),
			}
		})
	}

	/// When [`refresh`](Self::refresh) has something to do, whatever happens until then.
	pub fn next_deadline(&self) -> Option<Time> {
		if !self.is_user {
			return None;
		}
		let in_use: Vec<_> = self.positions_in_use(Gateway::is_listed).collect();
		let due = self.due(&in_use).map(|(due, _)| due).min();
		let rest = self.sample.iter().filter_map(|gateway| Some(gateway.rest?.until)).min();
		[due, rest].into_iter().flatten().min()
	}
}
