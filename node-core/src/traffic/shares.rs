//! A share of the forward queue for each neighbour, so that no neighbour can take the others' room.
//!
//! A neighbour is the peer that handed us the packet. Neither it nor its load is an offence: what it sends is its authors'
//! doing. But what it can cost the others is bounded.
//!
//! **Delays do not matter.** Authors choose the delays of their packets: whoever draws a few hundred times gets five times the
//! mean. If the packets that wait were counted, a few long ones would keep out many others, and the delays drawn for some
//! packets would decide which others are refused. So a packet counts for one mean delay after it came, whatever its own delay is.
//! What is bounded is a rate. The queue itself has room for all packets that may have been taken, however long they wait
//! ([`most_waiting`]).
//!
//! **Who gets what.** Let C be the capacity: packets that may count at a time.
//!
//! - Each neighbour is guaranteed a minimum. Mixnodes share half of C, but each has [`LEAST_OF_MIXNODE`]. Other peers (users)
//!   have what an honest one needs ([`need_of_user`]), but no more than half of C together. C should be so large that this is
//!   more than honest neighbours send (`docs/parameters.md`). Then a flood costs them nothing.
//! - Beyond that, places are lent, but for a few ([`KEPT_ONE_IN`]) that whoever has less than its minimum finds free. A mixnode
//!   may have four fifths of them ([`OF_MIXNODES`]), and a user a few. So there is room for whoever has little: the more a
//!   neighbour sends, the sooner it is refused, and a flood stops itself before all places are taken. (Switches share their
//!   buffers by such thresholds: Choudhury and Hahne, 1998.)
//!
//! **A flood through an honest neighbour** must not become a drop of what else that neighbour sends us: whoever can choose
//! which packets of a neighbour are lost can follow those that are not. We cannot tell the neighbour's honest packets from the
//! flood. So a relay takes less of a flood to one next hop than that takes from the relay: users may have few packets, and what a mixnode sends
//! on to one next hop is [thinned](super::thinning) if it is a flood.
//!
//! **What a refusal tells** is how much all others send, which an observer of the wire sees anyway. It must not tell where
//! anybody's packet goes.
//!
//! `simulation/tests/fairness.rs` measures what is lost, and `docs/architecture.md` says what remains.

use super::thinning::Thinning;
use crate::{
	bytes::{list, sum, tree},
	time::Time,
	PeerId,
};
use alloc::collections::{btree_map::Entry, BTreeMap, BTreeSet, VecDeque};
use core::{mem, time::Duration};
use mixnet_primitives::SessionIndex;
use rand_core::RngCore;

/// The longest delay, in mean delays: that of [`exponential`](crate::sphinx::exponential).
const LONGEST_DELAY: usize = 10;
/// Most packets that the forward queue is made larger for: at a larger capacity, that is what it holds.
const ENOUGH_WAITING: usize = 11_000;

/// What a mixnode is guaranteed at least: an honest one seldom has more on its way at a time, if there are many.
const LEAST_OF_MIXNODE: usize = 8;

/// Of the capacity, one place in so many is not lent: those who have less than their minimum find it free. A flood comes
/// and goes in waves of a mean delay; in its pauses, no others' places get free.
const KEPT_ONE_IN: usize = 32;

/// For each place that may be lent, a mixnode may have so many packets: one alone has four fifths of what is lent.
const OF_MIXNODES: usize = 4;

/// Of the places that may be lent, a user may have one in so many, but no more than twice what an honest one needs.
const USERS_ONE_IN: usize = 8;

/// What an honest user needs, who sends this many packets in a mean delay: a Poisson number of this mean is larger one time
/// in 200.
fn need_of_user(packets: usize) -> usize {
	packets.saturating_mul(2).saturating_add(3)
}

/// Most packets that can wait if `capacity` packets may come in a mean delay: none waits longer than ten. Large capacities
/// count for less, to bound memory.
pub(crate) fn most_waiting(capacity: usize) -> usize {
	capacity.saturating_mul(LONGEST_DELAY + 1).min(ENOUGH_WAITING).max(capacity)
}

/// Why a packet is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
	/// As many packets count as may.
	Full,
	/// The neighbour has its share, and nothing is lent to it.
	ShareUsed,
}

/// A packet that is to be forwarded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passing {
	/// The neighbour: who handed it to us.
	pub from: PeerId,
	/// The next hop.
	pub to: PeerId,
	pub session: SessionIndex,
	/// The number of mixnodes of that session, without ourselves.
	pub mixnodes: usize,
	/// A random number of its own. Nobody else knows it.
	pub random: u16,
}

/// A packet that counts until `until`.
#[derive(Debug)]
struct Counted {
	until: Time,
	session: SessionIndex,
	from: PeerId,
}

/// Who may have how many packets forwarded.
#[derive(Debug)]
pub(crate) struct Shares {
	capacity: usize,
	/// How long a packet counts: the mean delay.
	counts_for: Duration,
	/// Packets that a user sends in that time.
	of_user: usize,
	/// The mixnodes of live sessions in which we are one, without ourselves.
	mixnodes: BTreeSet<PeerId>,
	/// How many other peers are connected.
	users: usize,
	/// The oldest first.
	counted: VecDeque<Counted>,
	/// The number of packets that count of each peer, if there are any.
	by_peer: BTreeMap<PeerId, usize>,
	thinning: Thinning,
}

impl Shares {
	/// The most bytes of heap that shares of this capacity take, among this many mixnodes.
	pub fn max_bytes(capacity: usize, mixnodes: usize) -> usize {
		sum([
			list(capacity, size_of::<Counted>()),
			tree(capacity, size_of::<(PeerId, usize)>()),
			Thinning::max_bytes(capacity),
			tree(mixnodes, size_of::<PeerId>()),
		])
	}

	pub fn new(capacity: usize) -> Self {
		Self {
			capacity,
			counts_for: Duration::ZERO,
			of_user: 0,
			mixnodes: BTreeSet::new(),
			users: 0,
			counted: VecDeque::new(),
			by_peer: BTreeMap::new(),
			thinning: Thinning::default(),
		}
	}

	/// Sets the capacity, the mean delay, and the mean time between two packets of a user.
	pub fn set(&mut self, capacity: usize, mean_delay: Duration, user_period: Duration) {
		self.capacity = capacity;
		self.counts_for = mean_delay;
		self.of_user = mean_delay.as_nanos().div_ceil(user_period.as_nanos().max(1)).try_into().unwrap_or(usize::MAX);
	}

	/// Sets who the mixnodes are: all but ourselves. `connected` are the connected peers.
	pub fn set_mixnodes(&mut self, mixnodes: impl Iterator<Item = PeerId>, connected: &BTreeSet<PeerId>) {
		self.mixnodes = mixnodes.collect();
		self.users = connected.iter().filter(|peer| !self.mixnodes.contains(peer)).count();
	}

	/// A peer was connected that was not.
	pub fn connected(&mut self, peer: &PeerId) {
		self.users += usize::from(!self.mixnodes.contains(peer));
	}

	/// A peer was disconnected that was connected.
	pub fn disconnected(&mut self, peer: &PeerId) {
		self.users = self.users.saturating_sub(usize::from(!self.mixnodes.contains(peer)));
	}

	/// Forgets the packets that count no more.
	pub fn advance(&mut self, now: Time, rng: &mut impl RngCore) {
		while self.counted.front().is_some_and(|counted| counted.until <= now) {
			let Some(counted) = self.counted.pop_front() else { return };
			self.forget(&counted);
		}
		self.thinning.advance(now, self.counts_for, self.capacity, rng);
	}

	/// May this packet be taken?
	pub fn check(&self, packet: &Passing) -> Result<(), Refused> {
		let free = self.capacity.saturating_sub(self.counted.len());
		if free == 0 {
			return Err(Refused::Full);
		}
		let half = self.capacity / 2;
		let lendable = free.saturating_sub(self.capacity / KEPT_ONE_IN);
		let packets = self.by_peer.get(&packet.from).copied().unwrap_or(0);
		let may = if self.mixnodes.contains(&packet.from) {
			packets < (half / self.mixnodes.len().max(1)).max(LEAST_OF_MIXNODE)
				|| packets < lendable.saturating_mul(OF_MIXNODES)
					&& self.thinning.passes(&[packet.from, packet.to], packet.random)
		} else {
			let need = need_of_user(self.of_user);
			let lent = need.saturating_mul(2).min(lendable / USERS_ONE_IN);
			packets < need.min(half / self.users.max(1)).max(lent)
		};
		may.then_some(()).ok_or(Refused::ShareUsed)
	}

	/// This packet is taken at `now`.
	pub fn take(&mut self, now: Time, packet: &Passing) {
		self.count(now, packet);
		let Passing { from, to, mixnodes, .. } = *packet;
		if self.mixnodes.contains(&from) && self.mixnodes.contains(&to) {
			self.thinning.count([from, to], mixnodes.saturating_sub(1), self.capacity);
		} else {
			self.thinning.count_other();
		}
	}

	/// This packet counts from `now` on. It may still be [taken back](Self::take_back).
	pub fn count(&mut self, now: Time, &Passing { from, session, .. }: &Passing) {
		*self.by_peer.entry(from).or_insert(0) += 1;
		self.counted.push_back(Counted { until: now + self.counts_for, session, from });
	}

	/// Takes back the last `packets` that were counted.
	pub fn take_back(&mut self, packets: usize) {
		for _ in 0..packets {
			let Some(counted) = self.counted.pop_back() else { return };
			self.forget(&counted);
		}
	}

	/// Forgets the packets of sessions that have ended: they wait no more.
	pub fn retain_sessions(&mut self, is_live: impl Fn(SessionIndex) -> bool) {
		for counted in mem::take(&mut self.counted) {
			if is_live(counted.session) {
				self.counted.push_back(counted);
			} else {
				self.forget(&counted);
			}
		}
	}

	fn forget(&mut self, counted: &Counted) {
		if let Entry::Occupied(mut packets) = self.by_peer.entry(counted.from) {
			*packets.get_mut() -= 1;
			if *packets.get() == 0 {
				packets.remove();
			}
		}
	}
}
