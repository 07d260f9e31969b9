//! How much each peer may send: a rate for each, and a share of the queue.
//!
//! **Rates.** A peer has a token bucket, whose size depends on its role. A user sends its own packets and no others, at the
//! rate that the chain sets: more than twice that is its own doing, and an offence. What a mixnode sends is its authors'
//! doing. A ban counts for the whole node, so an attacker could make validators ban each other, and cut consensus. Hence nothing is an
//! offence in the first minutes after the mixnodes have changed, which nodes learn at different times. And a mixnode
//! may send as much as all of them together can have forwarded, twice over; more is dropped, and is no offence.
//!
//! **Shares.** Each connected peer is guaranteed some places in the queue, and half of the queue is lent to whoever comes
//! first. So a peer that sends faster than we unwrap fills half of the queue, and the others find their places free (up to 64
//! peers that all do; beyond that, those who come first).

use mixnet_primitives::Parameters;
use sc_network_types::PeerId;
use std::{
	collections::{HashMap, HashSet},
	time::Duration,
};
use tokio::time::Instant;

/// What a peer is guaranteed at least: an honest one seldom has more on its way from the network to the workers.
const LEAST_SHARE: usize = 4;
/// For how long a connection may hang without a loss, when it then brings at once all that was sent meanwhile.
const BURST: Duration = Duration::from_secs(30);
/// Packets that may come at once in any case.
const LEAST_BURST: f64 = 30.0;
/// Nodes do not learn of a new session at the same time. For so long after the mixnodes have changed, a peer that we take for a user
/// may be a mixnode, to itself or to others.
const UNSETTLED: Duration = Duration::from_secs(600);
/// Disconnected peers that are remembered until their buckets are full again. So nobody gets a new bucket by connecting again.
const MAX_GONE: usize = 1000;

/// What a peer may send: tokens a second, and most tokens.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Rate {
	per_second: f64,
	burst: f64,
}

impl Rate {
	fn unlimited() -> Self {
		Self { per_second: f64::INFINITY, burst: f64::INFINITY }
	}

	/// Twice what a user sends on average.
	fn of_user(parameters: &Parameters) -> Self {
		let period = Duration::from_millis(u64::from(parameters.non_mixnode_mean_period_ms.max(1))).as_secs_f64();
		Self { per_second: 2.0 / period, burst: LEAST_BURST + BURST.as_secs_f64() / period }
	}

	/// Twice what can be forwarded in a session.
	fn of_mixnode(parameters: &Parameters) -> Self {
		let delay = Duration::from_millis(u64::from(parameters.mean_forwarding_delay_ms.max(1))).as_secs_f64();
		let per_second = 2.0 * f64::from(parameters.forward_queue_capacity) / delay;
		Self { per_second, burst: LEAST_BURST + per_second * BURST.as_secs_f64() }
	}

	fn larger(self, other: Self) -> Self {
		Self { per_second: self.per_second.max(other.per_second), burst: self.burst.max(other.burst) }
	}
}

/// Who is what, and how much each may send.
pub struct Roles {
	mixnodes: HashSet<PeerId>,
	mixnode: Rate,
	/// `None` if it cannot be told who is a user.
	user: Option<Rate>,
	/// The longest mean time between two packets of a user, of the live sessions.
	user_period: Duration,
}

impl Roles {
	/// Nothing is known yet: nobody is limited, and nobody offends.
	pub fn unknown() -> Self {
		Self { mixnodes: HashSet::new(), mixnode: Rate::unlimited(), user: None, user_period: Duration::ZERO }
	}

	/// The roles in live sessions with these parameters. All peers but `mixnodes` are users, if `are_all` mixnodes are
	/// known that may send us packets.
	pub fn new(mixnodes: HashSet<PeerId>, are_all: bool, parameters: impl Iterator<Item = Parameters>) -> Self {
		let mut user_period = Duration::ZERO;
		let rates = parameters.map(|parameters| {
			let period = Duration::from_millis(u64::from(parameters.non_mixnode_mean_period_ms));
			user_period = user_period.max(period);
			(Rate::of_mixnode(&parameters), Rate::of_user(&parameters))
		});
		let rates = rates.reduce(|one, other| (one.0.larger(other.0), one.1.larger(other.1)));
		match rates {
			Some((mixnode, user)) => Self { mixnodes, mixnode, user: are_all.then_some(user), user_period },
			None => Self { mixnodes, ..Self::unknown() },
		}
	}

	/// The longest mean time between two packets of a user, of the live sessions; zero if it is not known.
	pub fn user_period(&self) -> Duration {
		self.user_period
	}

	/// Is the peer one of the mixnodes?
	pub fn is_mixnode(&self, peer: &PeerId) -> bool {
		self.mixnodes.contains(peer)
	}

	/// What the peer may send, and whether it is an offence to send more.
	fn of(&self, peer: &PeerId) -> (Rate, bool) {
		match self.user {
			Some(user) if !self.mixnodes.contains(peer) => (user, true),
			_ => (self.mixnode, false),
		}
	}
}

/// Why a packet is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
	/// The peer sends faster than it may. Is it its own doing?
	Rate {
		/// Yes if it is a user.
		is_offence: bool,
	},
	/// The peer has its share of the queue, and nothing is lent to it.
	Share,
	/// The queue is full.
	Full,
}

struct Peer {
	is_connected: bool,
	/// Packets of it in the queue.
	waiting: usize,
	/// Tokens at the time `since`.
	tokens: f64,
	since: Instant,
}

impl Peer {
	/// A peer whose bucket is full, whatever its size.
	fn new(now: Instant) -> Self {
		Self { is_connected: false, waiting: 0, tokens: f64::INFINITY, since: now }
	}

	/// Puts those tokens into the bucket that have become due.
	fn fill(&mut self, now: Instant, rate: Rate) {
		let due = rate.per_second * now.saturating_duration_since(self.since).as_secs_f64();
		// No time and an infinite rate make no number; `min` then takes the other one.
		self.tokens = (self.tokens + due).min(rate.burst);
		self.since = now;
	}
}

/// What each peer has sent lately, and what of it waits in a queue.
pub struct Limits {
	capacity: usize,
	roles: Roles,
	/// When it is certain again who is a user.
	settled: Option<Instant>,
	peers: HashMap<PeerId, Peer>,
	connected: usize,
	waiting: usize,
}

impl Limits {
	/// For a queue of this capacity.
	pub fn new(capacity: usize) -> Self {
		Self { capacity, roles: Roles::unknown(), settled: None, peers: HashMap::new(), connected: 0, waiting: 0 }
	}

	/// Who is what.
	pub fn roles(&self) -> &Roles {
		&self.roles
	}

	/// Sets who is what.
	pub fn set_roles(&mut self, now: Instant, roles: Roles) {
		if roles.mixnodes != self.roles.mixnodes {
			self.settled = Some(now + UNSETTLED);
		}
		self.roles = roles;
	}

	/// From now on, it is certain who is a user.
	#[cfg(test)]
	pub fn settle(&mut self) {
		self.settled = None;
	}

	/// A peer was connected.
	pub fn connected(&mut self, now: Instant, peer: PeerId) {
		let peer = self.peers.entry(peer).or_insert_with(|| Peer::new(now));
		self.connected += usize::from(!peer.is_connected);
		peer.is_connected = true;
	}

	/// A peer was disconnected.
	pub fn disconnected(&mut self, now: Instant, peer: &PeerId) {
		if let Some(peer) = self.peers.get_mut(peer) {
			self.connected -= usize::from(peer.is_connected);
			peer.is_connected = false;
		}
		self.forget(now);
	}

	/// Forgets the peers that are gone and whose buckets are full again; and all that are gone if they are too many.
	fn forget(&mut self, now: Instant) {
		let roles = &self.roles;
		self.peers.retain(|id, peer| {
			let (rate, _) = roles.of(id);
			peer.fill(now, rate);
			peer.is_connected || peer.waiting > 0 || peer.tokens < rate.burst
		});
		if self.peers.len() > self.connected + MAX_GONE {
			self.peers.retain(|_, peer| peer.is_connected || peer.waiting > 0);
		}
	}

	/// A packet came. If it may be queued, it counts as waiting.
	pub fn take(&mut self, now: Instant, from: PeerId) -> Result<(), Refused> {
		let (rate, is_offence) = self.roles.of(&from);
		let peer = self.peers.entry(from).or_insert_with(|| Peer::new(now));
		peer.fill(now, rate);
		if peer.tokens < 1.0 {
			let is_offence = is_offence && self.settled.is_none_or(|settled| settled <= now);
			return Err(Refused::Rate { is_offence });
		}
		// It was sent, whether or not there is a place for it.
		peer.tokens -= 1.0;
		let half = self.capacity / 2;
		let share = (half / self.connected.max(1)).max(LEAST_SHARE);
		if self.waiting >= self.capacity {
			return Err(Refused::Full);
		}
		if peer.waiting >= share && self.waiting >= half {
			return Err(Refused::Share);
		}
		peer.waiting += 1;
		self.waiting += 1;
		Ok(())
	}

	/// A packet was taken out of the queue.
	pub fn left(&mut self, from: &PeerId) {
		if let Some(peer) = self.peers.get_mut(from) {
			peer.waiting -= 1;
			self.waiting -= 1;
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const SECOND: Duration = Duration::from_secs(1);

	fn roles(mixnodes: &[PeerId], are_all: bool) -> Roles {
		Roles::new(mixnodes.iter().copied().collect(), are_all, [Parameters::default()].into_iter())
	}

	/// Sends `rate` packets a second, which leave the queue at once. Returns how many are taken in the last ten seconds.
	fn taken(limits: &mut Limits, from: PeerId, rate: u32, seconds: u32) -> u32 {
		let start = Instant::now() + Duration::from_secs(1 << 20) * limits.peers.len() as u32;
		let mut taken = 0;
		for number in 0..rate * seconds {
			if limits.take(start + SECOND * number / rate, from).is_ok() {
				limits.left(&from);
				taken += u32::from(number >= rate * (seconds - 10));
			}
		}
		taken
	}

	#[test]
	fn a_user_may_send_twice_what_users_send_and_a_mixnode_what_can_be_forwarded() {
		let mixnode = PeerId::random();
		let mut limits = Limits::new(512);
		limits.set_roles(Instant::now(), roles(&[mixnode], true));
		// A packet a second, and two that may be.
		assert_eq!(taken(&mut limits, PeerId::random(), 1, 100), 10);
		assert_eq!(taken(&mut limits, PeerId::random(), 2, 100), 20);
		assert!((19..=21).contains(&taken(&mut limits, PeerId::random(), 100, 100)));
		assert_eq!(taken(&mut limits, mixnode, 2000, 100), 20_000);
		assert!((19_990..=20_010).contains(&taken(&mut limits, mixnode, 6000, 100)));
	}

	#[test]
	fn only_a_user_offends_by_its_rate() {
		let (mixnode, other) = (PeerId::random(), PeerId::random());
		let now = Instant::now();
		let first_refusal = |roles, from| {
			let mut limits = Limits::new(1 << 20);
			limits.set_roles(now, roles);
			limits.settle();
			(0..100_000).find_map(|_| limits.take(now, from).err())
		};
		assert_eq!(first_refusal(roles(&[mixnode], true), other), Some(Refused::Rate { is_offence: true }));
		assert_eq!(first_refusal(roles(&[mixnode], true), mixnode), Some(Refused::Rate { is_offence: false }));
		// While it is not known who the mixnodes are, anybody may be one.
		assert_eq!(first_refusal(roles(&[mixnode], false), other), Some(Refused::Rate { is_offence: false }));
		assert_eq!(first_refusal(Roles::unknown(), other), None);
		// Nor while the mixnodes of a new session may not be known to all.
		let mut limits = Limits::new(1 << 20);
		limits.set_roles(now, roles(&[mixnode], true));
		let mut refusal = |after| (0..1000).find_map(|_| limits.take(now + after, other).err());
		assert_eq!(refusal(UNSETTLED / 2), Some(Refused::Rate { is_offence: false }));
		assert_eq!(refusal(UNSETTLED), Some(Refused::Rate { is_offence: true }));
	}

	#[test]
	fn a_connection_that_hung_is_no_offence_and_a_new_one_has_no_new_bucket() {
		let mut limits = Limits::new(512);
		limits.set_roles(Instant::now(), roles(&[], true));
		let (user, now) = (PeerId::random(), Instant::now());
		let burst = |limits: &mut Limits, now| {
			limits.connected(now, user);
			let taken = (0..1000).filter(|_| limits.take(now, user).is_ok()).count();
			(0..taken).for_each(|_| limits.left(&user));
			limits.disconnected(now, &user);
			taken
		};
		assert_eq!(burst(&mut limits, now), 60);
		assert_eq!(burst(&mut limits, now + 5 * SECOND), 10);
		assert_eq!(burst(&mut limits, now + 100 * SECOND), 60);
		limits.disconnected(now + 200 * SECOND, &user);
		assert!(limits.peers.is_empty());
		// Peers without number do not stay either.
		for _ in 0..3 * MAX_GONE {
			let user = PeerId::random();
			limits.connected(now, user);
			let _ = limits.take(now, user);
			limits.left(&user);
			limits.disconnected(now, &user);
			assert!(limits.peers.len() <= MAX_GONE + 1);
		}
	}

	#[test]
	fn whoever_fills_the_queue_leaves_the_others_their_places() {
		let now = Instant::now();
		for flooders in [1, 20] {
			let mut limits = Limits::new(512);
			let peers: Vec<_> = (0..100).map(|_| PeerId::random()).collect();
			peers.iter().for_each(|peer| limits.connected(now, *peer));
			for _ in 0..1000 {
				for flooder in &peers[..flooders] {
					let _ = limits.take(now, *flooder);
				}
			}
			let of_flooders = limits.waiting;
			assert_eq!(limits.take(now, peers[0]), Err(Refused::Share));
			for peer in &peers[flooders..] {
				assert_eq!([(); 2].map(|()| limits.take(now, *peer)), [Ok(()); 2]);
			}
			assert!((256..300).contains(&of_flooders), "{of_flooders}");
			// Alone, one gets half.
			(0..of_flooders).for_each(|number| limits.left(&peers[number % flooders]));
			assert_eq!(limits.take(now, peers[0]), Ok(()));
		}
		// The queue is bounded, however many come.
		let mut limits = Limits::new(512);
		let refused = (0..1000).filter_map(|_| limits.take(now, PeerId::random()).err()).collect::<Vec<_>>();
		assert_eq!(refused, [Refused::Full; 488]);
	}
}
