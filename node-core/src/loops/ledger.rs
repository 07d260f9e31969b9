//! The loops that are out, and when they should be back.

use crate::{
	bytes::{list, sum, tree},
	sphinx::CoverId,
	time::Time,
	MixnodeIndex,
};
use alloc::{
	boxed::Box,
	collections::{BTreeMap, VecDeque},
};
use core::time::Duration;

/// A loop that was sent.
#[derive(Clone, Debug)]
pub(crate) struct SentLoop {
	pub sent_at: Time,
	/// When it should be back at the latest.
	pub deadline: Time,
	/// The sum of the forwarding delays on its route.
	pub forwarding_delay: Duration,
	/// Number of links on its route: one more than mixnodes.
	pub links: u32,
	/// The mixnodes on its route, in order, without ourselves.
	pub route: Box<[MixnodeIndex]>,
	/// Our gateways that were connected when its route was drawn.
	pub connected_gateways: Box<[MixnodeIndex]>,
	/// Would its loss be evidence?
	pub weighs: bool,
}

/// A loop whose deadline has come.
#[derive(Debug)]
pub(super) struct DueLoop {
	pub sent: SentLoop,
	/// Did it come back in time?
	pub returned: bool,
	/// If so, did it take longer than the network usually takes?
	pub slow: bool,
}

/// A loop that came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ReturnedLoop {
	pub round_trip: Duration,
	pub forwarding_delay: Duration,
	pub links: u32,
	/// Did it come back after its deadline?
	pub late: bool,
	/// Did it come back in time, but slowly?
	pub slow: bool,
}

/// What is kept of a loop that is overdue.
#[derive(Clone, Copy, Debug)]
struct OverdueLoop {
	sent_at: Time,
	forwarding_delay: Duration,
	links: u32,
}

/// The loops of a session that are not judged yet, and those that are overdue. The number of each is bounded.
#[derive(Debug)]
pub(super) struct Ledger {
	capacity: usize,
	sent: u64,
	/// The loops that are not judged yet, by deadline and order of sending. Those that came back stay until then.
	out: BTreeMap<(Time, u64), (CoverId, DueLoop)>,
	/// For the loops in `out` that have not come back, where to find them there.
	missing: BTreeMap<CoverId, (Time, u64)>,
	overdue: BTreeMap<CoverId, OverdueLoop>,
	/// IDs in the order in which the loops became overdue. Some may have come back since.
	overdue_order: VecDeque<CoverId>,
}

impl Ledger {
	/// The most bytes of heap that a ledger of this capacity takes, whose loops visit at most this many mixnodes and gateways.
	pub fn max_bytes(capacity: usize, longest_route: usize) -> usize {
		let overdue = size_of::<(CoverId, OverdueLoop)>();
		sum([
			capacity.saturating_mul(longest_route.saturating_mul(size_of::<MixnodeIndex>())),
			tree(capacity, size_of::<((Time, u64), (CoverId, DueLoop))>()),
			// The missing ones take less than the overdue ones.
			tree(capacity, overdue),
			tree(capacity, overdue),
			list(capacity, overdue),
		])
	}

	/// An empty ledger. It keeps at most `capacity` loops that are not judged, and as many that are overdue.
	pub fn new(capacity: usize) -> Self {
		Self {
			capacity,
			sent: 0,
			out: BTreeMap::new(),
			missing: BTreeMap::new(),
			overdue: BTreeMap::new(),
			overdue_order: VecDeque::new(),
		}
	}

	/// Enters a loop. Returns `false` if there is no room for it.
	pub fn insert(&mut self, id: CoverId, sent: SentLoop) -> bool {
		if self.out.len() >= self.capacity {
			return false;
		}
		self.sent += 1;
		let key = (sent.deadline, self.sent);
		self.missing.insert(id, key);
		self.out.insert(key, (id, DueLoop { sent, returned: false, slow: false }));
		true
	}

	/// Takes note that a loop came back. `None` if it is not one of ours, or came back before. `longest`: the time that the
	/// network takes at the longest over so many links, unless something is wrong. With more, the loop is slow.
	pub fn returned(
		&mut self,
		now: Time,
		id: &CoverId,
		longest: impl FnOnce(u32) -> Option<Duration>,
	) -> Option<ReturnedLoop> {
		if let Some(key) = self.missing.remove(id) {
			let (_, due) = self.out.get_mut(&key)?;
			due.returned = true;
			let SentLoop { sent_at, forwarding_delay, links, .. } = due.sent;
			let round_trip = now - sent_at;
			due.slow = longest(links).is_some_and(|longest| round_trip.saturating_sub(forwarding_delay) > longest);
			return Some(ReturnedLoop { round_trip, forwarding_delay, links, late: false, slow: due.slow });
		}
		let OverdueLoop { sent_at, forwarding_delay, links } = self.overdue.remove(id)?;
		Some(ReturnedLoop { round_trip: now - sent_at, forwarding_delay, links, late: true, slow: false })
	}

	/// Takes the next loop whose deadline has passed.
	pub fn pop_due(&mut self, now: Time) -> Option<DueLoop> {
		let (deadline, _) = *self.out.keys().next()?;
		if deadline >= now {
			return None;
		}
		let (_, (id, due)) = self.out.pop_first()?;
		if self.missing.remove(&id).is_some() {
			let SentLoop { sent_at, forwarding_delay, links, .. } = due.sent;
			self.overdue.insert(id, OverdueLoop { sent_at, forwarding_delay, links });
			self.overdue_order.push_back(id);
			if self.overdue_order.len() > self.capacity {
				if let Some(oldest) = self.overdue_order.pop_front() {
					self.overdue.remove(&oldest);
				}
			}
		}
		Some(due)
	}

	/// Forgets all loops that are out. Returns how many of them were not judged and had not come back.
	///
	/// Overdue ones are forgotten, too. If they came back now, they would seem to have taken as long as we slept.
	pub fn forget(&mut self) -> u64 {
		self.overdue.clear();
		self.overdue_order.clear();
		let missing = self.missing.len();
		self.out.clear();
		self.missing.clear();
		missing as u64
	}

	/// Number of loops that have neither come back nor been judged.
	pub fn missing(&self) -> usize {
		self.missing.len()
	}
}
