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
//!   more than honest neighbours send (`docs/parameters.md`). Then a flood takes no place that somebody needs.
//! - Beyond that, places are lent, but for a few ([`KEPT_ONE_IN`]) that whoever has less than its minimum finds free. A mixnode
//!   may have most of them ([`OF_MIXNODES`]), and a user twice what an honest one needs. So there is room for whoever has
//!   little: the more a neighbour sends, the sooner it is refused, and a flood stops itself before all places are taken.
//!   (Switches share their buffers by such thresholds: Choudhury and Hahne, 1998.)
//!
//! **A flood through an honest neighbour** must not become a drop of what else that neighbour sends us. So a relay takes much
//! less from users than the next hop takes from the relay. From corrupt mixnodes it takes about as much, and a few of the
//! relay's packets are lost: `simulation/tests/fairness.rs` says how many.
//!
//! **Where a packet goes on to has no influence.** If packets of one neighbour to one next hop were bounded, or less welcome
//! than others, then a neighbour could prepare what becomes of a packet that somebody gave it to hand on, by next hop, and
//! find out by what it may send afterwards which of them the packet had. That would undo the mixing here, for packets that
//! come by a corrupt mixnode. What a refusal tells is how much others send in all, which an observer of the wire sees anyway.

use crate::{
	bytes::{list, sum, tree},
	time::Time,
	PeerId,
};
use alloc::collections::{btree_map::Entry, BTreeMap, BTreeSet, VecDeque};
use core::time::Duration;

/// The longest delay, in mean delays: that of [`exponential`](crate::sphinx::exponential).
const LONGEST_DELAY: usize = 10;
/// Most packets that the forward queue is made larger for: at a larger capacity, that is what it holds.
const ENOUGH_WAITING: usize = 11_000;

/// What a mixnode is guaranteed at least: an honest one seldom has more on its way at a time, if there are many.
const LEAST_OF_MIXNODE: usize = 8;

/// Of the capacity, one place in so many is not lent: those who have less than their minimum find it free. A flood comes
/// in waves, since what is taken at a time counts until a time. Between them hardly any places get free, and these are not enough
/// whenever a few more packets come than on average.
const KEPT_ONE_IN: usize = 32;

/// For each place that may be lent, a mixnode may have so many packets. So one alone has 16 of 17 places that are lent.
const OF_MIXNODES: usize = 16;

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

/// A packet that counts until `until`.
#[derive(Debug)]
struct Counted {
	until: Time,
	from: PeerId,
}

/// Who may have how many packets forwarded in a session.
///
/// Each session has shares of its own, as its packets wait for its own delays. While two sessions overlap, nodes send at half
/// the rate in each.
#[derive(Debug)]
pub(crate) struct Shares {
	capacity: usize,
	/// How long a packet counts: the mean delay.
	counts_for: Duration,
	/// Packets that a user sends in that time.
	of_user: usize,
	/// The mixnodes of the session, without ourselves. (Where we are a user, who forwards nothing: our gateways.)
	mixnodes: BTreeSet<PeerId>,
	/// How many peers are connected that are a mixnode in no live session.
	users: usize,
	/// The oldest first.
	counted: VecDeque<Counted>,
	/// The number of packets that count of each peer, if there are any.
	by_peer: BTreeMap<PeerId, usize>,
}

impl Shares {
	/// The most bytes of heap that shares of this capacity take, among this many mixnodes.
	pub fn max_bytes(capacity: usize, mixnodes: usize) -> usize {
		sum([
			list(capacity, size_of::<Counted>()),
			tree(capacity, size_of::<(PeerId, usize)>()),
			tree(mixnodes, size_of::<PeerId>()),
		])
	}

	/// `capacity` packets may come in a mean delay. `user_period` is the mean time between two packets of a user, and `mixnodes` are
	/// all but ourselves.
	pub fn new(capacity: usize, mean_delay: Duration, user_period: Duration, mixnodes: BTreeSet<PeerId>) -> Self {
		let of_user = mean_delay.as_nanos().div_ceil(user_period.as_nanos().max(1));
		Self {
			capacity,
			counts_for: mean_delay,
			of_user: of_user.try_into().unwrap_or(usize::MAX),
			mixnodes,
			users: 0,
			counted: VecDeque::new(),
			by_peer: BTreeMap::new(),
		}
	}

	/// Is the peer a mixnode of the session?
	pub fn is_mixnode(&self, peer: &PeerId) -> bool {
		self.mixnodes.contains(peer)
	}

	/// Sets how many peers are connected that are a mixnode in no live session.
	pub fn set_users(&mut self, users: usize) {
		self.users = users;
	}

	/// Forgets the packets that count no more.
	pub fn advance(&mut self, now: Time) {
		while self.counted.front().is_some_and(|counted| counted.until <= now) {
			let Some(counted) = self.counted.pop_front() else { return };
			self.forget(&counted);
		}
	}

	/// May a packet from this peer be taken?
	pub fn check(&self, from: &PeerId) -> Result<(), Refused> {
		let free = self.capacity.saturating_sub(self.counted.len());
		if free == 0 {
			return Err(Refused::Full);
		}
		let half = self.capacity / 2;
		let lendable = free.saturating_sub(self.capacity / KEPT_ONE_IN);
		let (guaranteed, lent) = if self.mixnodes.contains(from) {
			((half / self.mixnodes.len().max(1)).max(LEAST_OF_MIXNODE), lendable.saturating_mul(OF_MIXNODES))
		} else {
			let need = need_of_user(self.of_user);
			(need.min(half / self.users.max(1)), need.saturating_mul(2).min(lendable / USERS_ONE_IN))
		};
		let packets = self.by_peer.get(from).copied().unwrap_or(0);
		(packets < guaranteed.max(lent)).then_some(()).ok_or(Refused::ShareUsed)
	}

	/// A packet was taken from this peer at `now`.
	pub fn count(&mut self, now: Time, from: PeerId) {
		*self.by_peer.entry(from).or_insert(0) += 1;
		self.counted.push_back(Counted { until: now + self.counts_for, from });
	}

	/// Takes back the last `packets` that were counted.
	pub fn take_back(&mut self, packets: usize) {
		for _ in 0..packets {
			let Some(counted) = self.counted.pop_back() else { return };
			self.forget(&counted);
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
