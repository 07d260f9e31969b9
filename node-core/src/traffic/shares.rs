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
//!   may have nearly all of them ([`OF_MIXNODES`]), and a user an eighth. So there is room for whoever has little: the more a
//!   neighbour sends, the sooner it is refused, and a flood stops itself before all places are taken. (Switches share their
//!   buffers by such thresholds: Choudhury and Hahne, 1998.)
//! - Beyond its minimum, a mixnode may have a part of the places for packets to one next hop, or what chance explains
//!   ([`most_of_pair`]).
//! - A user's packets must go on to all mixnodes, as those of an honest one do: it has a bucket of tokens for each next hop
//!   ([`Bucket`]).
//!
//! **A flood through an honest neighbour** must not become a drop of what else that neighbour sends us: whoever can choose
//! which packets of a neighbour are lost can follow those that are not. We cannot tell the neighbour's honest packets from the
//! flood. So a relay takes less of a flood to one next hop than that takes from the relay: a part of the places that it lends,
//! where the next hop lends nearly all of its places to one neighbour.
//!
//! **What a refusal tells.** It depends on how much all others send, which an observer of the wire sees anyway. It must not
//! tell where a packet of somebody else goes. A bound of all packets to a next hop would: whoever fills it up learns by its own
//! refusals when others' packets go there. What a neighbour itself has sent there may count; but if the neighbour is a mixnode,
//! that is many authors'. So the bound of a mixnode's packets to a next hop is drawn anew for every packet, from a range in
//! which one packet more or less is lost.
//!
//! `simulation/tests/fairness.rs` measures what is lost, and `docs/architecture.md` says what remains.

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

/// Of the capacity, one place in so many is not lent: those who have less than their minimum find it free. A flood comes
/// and goes in waves of a mean delay; in its pauses, no others' places get free.
const KEPT_ONE_IN: usize = 32;

/// For each place that may be lent, a mixnode may have so many packets, so nearly all.
const OF_MIXNODES: usize = 32;

/// The least width of the range from which a mixnode's bound for a next hop is drawn.
const LEAST_RANGE: usize = 16;

/// How many packets to one next hop a mixnode may have that has so many in all, if so many places may be lent.
///
/// At least an eighth of these places, and what chance explains: if all of `hops` are as likely, one seldom gets more than five
/// standard deviations above the mean. And beyond that a part of a quarter of the places, by what was `drawn`.
fn most_of_pair(packets: usize, hops: usize, places: usize, drawn: u8) -> usize {
	let hops = hops.max(1);
	let by_chance = packets.div_ceil(hops).saturating_add((packets.saturating_mul(25) / hops).isqrt());
	let range = (places / 4).max(LEAST_RANGE).saturating_mul(usize::from(drawn)) / usize::from(u8::MAX);
	by_chance.max(places / 8).saturating_add(range)
}

/// In this many mean delays a user's bucket for a next hop is full again, at the latest.
const BUCKET_FULL_IN: u32 = 16;

/// What a user may send on to one next hop: a token for each packet. It gets three times as many tokens as an honest user needs
/// who is connected to no other mixnode, or a few in [`BUCKET_FULL_IN`] mean delays.
#[derive(Clone, Copy, Debug)]
struct Bucket {
	/// Most tokens.
	size: u32,
	/// The time to a new token.
	period: Duration,
}

impl Bucket {
	/// That of a user who sends this many packets in a mean delay, evenly to `hops` mixnodes.
	fn new(packets: usize, hops: usize, mean_delay: Duration) -> Self {
		let number = |packets: usize| u32::try_from(packets).unwrap_or(u32::MAX);
		let hops = number(hops).max(1);
		let size = number(packets.div_ceil(hops as usize)).saturating_add(4);
		let longest = mean_delay * BUCKET_FULL_IN / size;
		let needed = mean_delay.saturating_mul(hops) / number(packets).saturating_mul(3).max(1);
		Self { size, period: needed.min(longest) }
	}
}

/// Of the places that may be lent, a user may have one in so many.
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
}

/// A packet that counts until `until`.
#[derive(Debug)]
struct Counted {
	until: Time,
	session: SessionIndex,
	from: PeerId,
	to: PeerId,
	/// The time to a new token, if one was taken for it.
	token: Duration,
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
	/// The number of those that came from one peer and go on to another, if there are any.
	by_pair: BTreeMap<[PeerId; 2], usize>,
	/// When the bucket of a user for a next hop will be full again, of those that are not or were not lately.
	full_at: BTreeMap<[PeerId; 2], Time>,
	/// When full buckets were removed last.
	swept: Time,
	/// What was drawn at random for the next packet.
	drawn: u8,
}

impl Shares {
	/// The most bytes of heap that shares of this capacity take, among this many mixnodes.
	pub fn max_bytes(capacity: usize, mixnodes: usize) -> usize {
		sum([
			list(capacity, size_of::<Counted>()),
			tree(capacity, size_of::<(PeerId, usize)>()),
			tree(capacity, size_of::<([PeerId; 2], usize)>()),
			tree(capacity.saturating_mul(BUCKET_FULL_IN as usize + 2), size_of::<([PeerId; 2], Time)>()),
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
			by_pair: BTreeMap::new(),
			full_at: BTreeMap::new(),
			swept: Time::ZERO,
			drawn: 0,
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
	pub fn advance(&mut self, now: Time) {
		while self.counted.front().is_some_and(|counted| counted.until <= now) {
			let Some(counted) = self.counted.pop_front() else { return };
			self.forget(&counted);
		}
		if now >= self.swept + self.counts_for {
			self.full_at.retain(|_, at| *at > now);
			self.swept = now;
		}
	}

	/// May this packet be taken at `now`?
	pub fn check(&self, now: Time, packet: &Passing) -> Result<(), Refused> {
		let Passing { from, to, mixnodes, .. } = packet;
		let free = self.capacity.saturating_sub(self.counted.len());
		if free == 0 {
			return Err(Refused::Full);
		}
		let half = self.capacity / 2;
		let lendable = free.saturating_sub(self.capacity / KEPT_ONE_IN);
		let packets = number(&self.by_peer, from);
		let may = if self.mixnodes.contains(from) {
			let guaranteed = (half / self.mixnodes.len().max(1)).max(LEAST_OF_MIXNODE);
			let hops = mixnodes.saturating_sub(1);
			let most_of_pair = || most_of_pair(packets.saturating_add(1), hops, lendable, self.drawn);
			packets < guaranteed
				|| packets < lendable.saturating_mul(OF_MIXNODES)
					&& number(&self.by_pair, &[*from, *to]) < most_of_pair()
		} else {
			let guaranteed = need_of_user(self.of_user).min(half / self.users.max(1));
			packets < guaranteed.max(lendable / USERS_ONE_IN) && self.has_token(now, packet)
		};
		may.then_some(()).ok_or(Refused::ShareUsed)
	}

	/// Is there a token for a packet of this user?
	fn has_token(&self, now: Time, packet: &Passing) -> bool {
		let Bucket { size, period } = self.bucket(packet.mixnodes);
		let full_at = self.full_at.get(&[packet.from, packet.to]).copied().unwrap_or(Time::ZERO);
		full_at <= now + period * (size - 1)
	}

	fn bucket(&self, mixnodes: usize) -> Bucket {
		Bucket::new(self.of_user, mixnodes, self.counts_for)
	}

	/// This packet was taken at `now`.
	pub fn count(&mut self, now: Time, &Passing { from, to, session, mixnodes }: &Passing) {
		*self.by_peer.entry(from).or_insert(0) += 1;
		*self.by_pair.entry([from, to]).or_insert(0) += 1;
		let token = if self.mixnodes.contains(&from) { Duration::ZERO } else { self.bucket(mixnodes).period };
		if token > Duration::ZERO {
			let full_at = self.full_at.entry([from, to]).or_insert(now);
			*full_at = (*full_at).max(now) + token;
		}
		self.counted.push_back(Counted { until: now + self.counts_for, session, from, to, token });
	}

	/// Something is drawn anew, for the next packet: any number, as likely as any other, which nobody else knows.
	pub fn draw(&mut self, random: u8) {
		self.drawn = random;
	}

	/// Takes back the last `packets` that were counted.
	pub fn take_back(&mut self, packets: usize) {
		for _ in 0..packets {
			let Some(counted) = self.counted.pop_back() else { return };
			self.forget(&counted);
			if let Some(full_at) = self.full_at.get_mut(&[counted.from, counted.to]) {
				*full_at = Time::from_duration(full_at.since_epoch().saturating_sub(counted.token));
			}
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

	fn forget(&mut self, &Counted { from, to, .. }: &Counted) {
		one_less(&mut self.by_peer, from);
		one_less(&mut self.by_pair, [from, to]);
	}
}

fn number<K: Ord>(numbers: &BTreeMap<K, usize>, key: &K) -> usize {
	numbers.get(key).copied().unwrap_or(0)
}

fn one_less<K: Ord>(numbers: &mut BTreeMap<K, usize>, key: K) {
	if let Entry::Occupied(mut number) = numbers.entry(key) {
		*number.get_mut() -= 1;
		if *number.get() == 0 {
			number.remove();
		}
	}
}
