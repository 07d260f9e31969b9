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
//! - Each neighbour is guaranteed a minimum. Mixnodes share half of C, other peers (users) a quarter; but nobody is guaranteed
//!   less than what an honest one needs at times: [`LEAST_OF_MIXNODE`], and what [`least_of_user`] says.
//! - The rest is lent to whoever comes first. What others are guaranteed and do not use is held back from it, up to a quarter
//!   of C. Users may borrow until all users together have a quarter of C.
//! - Within their guarantees, users together get no more than half of C.
//!
//! **A flood through an honest neighbour** must not become a drop of what else that neighbour sends us. So much is lent to a
//! mixnode that what one flooded neighbour takes from a peer is less than what the next hop takes from that neighbour: a
//! flood of users, who may borrow little, passes; and what passes in floods of corrupt mixnodes is not thinned out much at
//! the hop behind.

use crate::{
	bytes::{list, sum, tree},
	time::Time,
	PeerId,
};
use alloc::collections::{btree_map::Entry, BTreeMap, BTreeSet, VecDeque};
use core::{mem, time::Duration};
use mixnet_primitives::SessionIndex;

/// The longest delay, in mean delays: that of [`exponential`](crate::sphinx::exponential).
const LONGEST_DELAY: usize = 10;
/// Most packets that the forward queue is made larger for: at a larger capacity, that is what it holds.
const ENOUGH_WAITING: usize = 11_000;

/// What a mixnode is guaranteed at least: an honest one seldom has more on its way at a time, if there are many.
const LEAST_OF_MIXNODE: usize = 8;

/// What a user is guaranteed at least, who sends this many packets in a mean delay: a Poisson number of this mean is larger
/// one time in 200.
fn least_of_user(packets: usize) -> usize {
	2 * packets + 3
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

/// A mixnode of a live session, or any other peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
	Mixnode,
	User,
}

/// A packet that counts until `until`.
#[derive(Debug)]
struct Counted {
	until: Time,
	session: SessionIndex,
	from: PeerId,
	class: Class,
}

/// The peers of a class.
#[derive(Default, Debug)]
struct Peers {
	/// How many there are.
	peers: usize,
	/// What each is guaranteed.
	guaranteed: usize,
	/// Packets of theirs that count.
	packets: usize,
	/// Those of them that are within the guarantees.
	within: usize,
}

impl Peers {
	/// What they are guaranteed together and do not use.
	fn unused(&self) -> usize {
		self.peers.saturating_mul(self.guaranteed).saturating_sub(self.within)
	}
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
	mixnode_ids: BTreeSet<PeerId>,
	mixnodes: Peers,
	users: Peers,
	/// The oldest first.
	counted: VecDeque<Counted>,
	/// The number of packets that count of each peer, and its class when the first of them came.
	by_peer: BTreeMap<PeerId, (usize, Class)>,
}

impl Shares {
	/// The most bytes of heap that shares of this capacity take, among this many mixnodes.
	pub fn max_bytes(capacity: usize, mixnodes: usize) -> usize {
		sum([
			list(capacity, size_of::<Counted>()),
			tree(capacity, size_of::<(PeerId, (usize, Class))>()),
			tree(mixnodes, size_of::<PeerId>()),
		])
	}

	pub fn new(capacity: usize) -> Self {
		let mut shares = Self {
			capacity,
			counts_for: Duration::ZERO,
			of_user: 0,
			mixnode_ids: BTreeSet::new(),
			mixnodes: Peers::default(),
			users: Peers::default(),
			counted: VecDeque::new(),
			by_peer: BTreeMap::new(),
		};
		shares.divide();
		shares
	}

	/// Sets the capacity, the mean delay, and the mean time between two packets of a user.
	pub fn set(&mut self, capacity: usize, mean_delay: Duration, user_period: Duration) {
		self.capacity = capacity;
		self.counts_for = mean_delay;
		self.of_user = mean_delay.as_nanos().div_ceil(user_period.as_nanos().max(1)).try_into().unwrap_or(usize::MAX);
		self.divide();
	}

	/// Sets who the mixnodes are: all but ourselves. `connected` are the connected peers.
	pub fn set_mixnodes(&mut self, mixnodes: impl Iterator<Item = PeerId>, connected: &BTreeSet<PeerId>) {
		self.mixnode_ids = mixnodes.collect();
		self.mixnodes.peers = self.mixnode_ids.len();
		self.users.peers = connected.iter().filter(|peer| !self.mixnode_ids.contains(peer)).count();
		self.divide();
	}

	/// A peer was connected that was not.
	pub fn connected(&mut self, peer: &PeerId) {
		if !self.mixnode_ids.contains(peer) {
			self.users.peers += 1;
			self.divide();
		}
	}

	/// A peer was disconnected that was connected.
	pub fn disconnected(&mut self, peer: &PeerId) {
		if !self.mixnode_ids.contains(peer) {
			self.users.peers = self.users.peers.saturating_sub(1);
			self.divide();
		}
	}

	/// Makes out what each is guaranteed, and what of the packets that count is within that.
	fn divide(&mut self) {
		let share = |part: usize, peers: usize| part / peers.max(1);
		self.mixnodes.guaranteed = share(self.capacity / 2, self.mixnodes.peers).max(LEAST_OF_MIXNODE);
		self.users.guaranteed = share(self.capacity / 4, self.users.peers).max(least_of_user(self.of_user));
		(self.mixnodes.within, self.users.within) = (0, 0);
		for (packets, class) in self.by_peer.values() {
			let peers = match class {
				Class::Mixnode => &mut self.mixnodes,
				Class::User => &mut self.users,
			};
			peers.within += (*packets).min(peers.guaranteed);
		}
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
		let all = self.counted.len();
		if all >= self.capacity {
			return Err(Refused::Full);
		}
		let (packets, class) = self.by_peer.get(from).copied().unwrap_or_else(|| (0, self.class(from)));
		let users_fit = |most: usize| class == Class::Mixnode || self.users.packets < most;
		let may = if packets < self.peers(class).guaranteed {
			users_fit(self.capacity.div_ceil(2))
		} else {
			let held_back = self.mixnodes.unused().saturating_add(self.users.unused()).min(self.capacity / 4);
			all + held_back < self.capacity && users_fit(self.capacity.div_ceil(4))
		};
		may.then_some(()).ok_or(Refused::ShareUsed)
	}

	/// A packet of this session was taken from this peer at `now`.
	pub fn count(&mut self, now: Time, session: SessionIndex, from: PeerId) {
		let class = self.class(&from);
		let (packets, class) = self.by_peer.entry(from).or_insert((0, class));
		*packets += 1;
		let (packets, class) = (*packets, *class);
		let peers = self.peers_mut(class);
		peers.packets += 1;
		peers.within += usize::from(packets <= peers.guaranteed);
		self.counted.push_back(Counted { until: now + self.counts_for, session, from, class });
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
		let Entry::Occupied(mut entry) = self.by_peer.entry(counted.from) else { return };
		let (packets, _) = entry.get_mut();
		let before = *packets;
		*packets -= 1;
		if *packets == 0 {
			entry.remove();
		}
		let peers = self.peers_mut(counted.class);
		peers.packets -= 1;
		peers.within -= usize::from(before <= peers.guaranteed);
	}

	fn class(&self, peer: &PeerId) -> Class {
		if self.mixnode_ids.contains(peer) {
			Class::Mixnode
		} else {
			Class::User
		}
	}

	fn peers(&self, class: Class) -> &Peers {
		match class {
			Class::Mixnode => &self.mixnodes,
			Class::User => &self.users,
		}
	}

	fn peers_mut(&mut self, class: Class) -> &mut Peers {
		match class {
			Class::Mixnode => &mut self.mixnodes,
			Class::User => &mut self.users,
		}
	}
}
