//! Places for peers that are no mixnodes, and who has to leave if too many come.
//!
//! A mixnode has places for some hundred users, which connect to it and are not known to it. Whoever holds all places keeps
//! everybody else out, and that costs no more than connections. So the network has `SPARE` places more than shall be
//! filled. While any of these is taken, one peer after another has to leave:
//!
//! - Who has sent no packet for `IDLE` leaves first, the one that has been silent longest. A user sends cover all the time.
//! - Otherwise a random one of the younger half leaves. The older half stays, so nobody can push it out by connecting
//!   often.
//! - Nobody leaves in its first `NEW`, and one peer leaves in `PAUSE` at most. So whoever connects without end does not
//!   push out the younger half faster than that.
//!
//! Others also count how many come from one part of the Internet (Bitcoin Core's eviction does). The network does not tell us
//! addresses of peers, so we cannot. Who dials without pause and sends from each connection takes the places that get free.

use sc_network_types::PeerId;
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// Places that are kept for those who are new, beside those that may be filled.
pub const SPARE: u32 = 16;
/// A peer that has sent nothing for so long is no user, unless users send seldom: see [`Places::set_user_period`].
const IDLE: Duration = Duration::from_secs(120);
/// Of the packets that a user sends, so many go by others on average until one comes to us: it has three gateways, and sends at half
/// rate at times. In ten times as long, it is silent one time in 20,000.
const IDLE_PERIODS: u32 = 10 * 3 * 2;
/// For so long, whoever is new does not have to leave.
const NEW: Duration = Duration::from_secs(30);
/// The time between two peers that have to leave.
const PAUSE: Duration = Duration::from_secs(5);
/// If nobody may leave yet, it is looked at again after so long.
const AGAIN: Duration = Duration::from_secs(1);

struct Place {
	/// Tells who came first.
	number: u64,
	since: Instant,
	/// When the last packet came, or the connection.
	heard: Instant,
	/// It was told to leave, and is not gone yet.
	is_leaving: bool,
}

/// Who is connected, and since when.
pub struct Places {
	/// Places that may be filled.
	capacity: usize,
	idle: Duration,
	peers: HashMap<PeerId, Place>,
	came: u64,
	/// Nobody has to leave before.
	next: Option<Instant>,
}

impl Places {
	/// Nobody yet. `capacity` peers that are no mixnodes may stay.
	pub fn new(capacity: usize) -> Self {
		Self { capacity, idle: IDLE, peers: HashMap::new(), came: 0, next: None }
	}

	/// Sets the mean time between two packets of a user.
	pub fn set_user_period(&mut self, period: Duration) {
		self.idle = IDLE.max(period * IDLE_PERIODS);
	}

	/// A peer was connected.
	pub fn connected(&mut self, now: Instant, peer: PeerId) {
		self.came += 1;
		self.peers.entry(peer).or_insert(Place { number: self.came, since: now, heard: now, is_leaving: false });
	}

	/// A peer was disconnected.
	pub fn disconnected(&mut self, peer: &PeerId) {
		self.peers.remove(peer);
	}

	/// A packet came.
	pub fn heard(&mut self, now: Instant, peer: &PeerId) {
		if let Some(place) = self.peers.get_mut(peer) {
			place.heard = now;
		}
	}

	/// Who has to leave now, if anybody. `random` is below its argument, which is not 0.
	pub fn to_leave(
		&mut self,
		now: Instant,
		is_mixnode: impl Fn(&PeerId) -> bool,
		random: impl FnOnce(usize) -> usize,
	) -> Option<PeerId> {
		// Nearly always there is room.
		if self.peers.len() <= self.capacity || self.next.is_some_and(|next| now < next) {
			return None;
		}
		self.next = Some(now + AGAIN);
		let mut users: Vec<_> =
			self.peers.iter().filter(|(peer, place)| !place.is_leaving && !is_mixnode(peer)).collect();
		if users.len() <= self.capacity {
			return None;
		}
		users.sort_unstable_by_key(|(_, place)| place.number);
		let is_idle = |place: &Place| now.saturating_duration_since(place.heard) >= self.idle;
		let idle = users.iter().filter(|(_, place)| is_idle(place)).min_by_key(|(_, place)| place.heard);
		let leaves = match idle {
			Some((peer, _)) => **peer,
			None => {
				let younger = users.split_off(users.len().div_ceil(2));
				let may = |place: &Place| now.saturating_duration_since(place.since) >= NEW;
				let younger: Vec<_> = younger.into_iter().filter(|(_, place)| may(place)).collect();
				if younger.is_empty() {
					return None;
				}
				*younger[random(younger.len())].0
			},
		};
		self.next = Some(now + PAUSE);
		self.peers.get_mut(&leaves)?.is_leaving = true;
		Some(leaves)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const SECOND: Duration = Duration::from_secs(1);

	/// Places, and who leaves. Everybody is a user, and the last one of those that may leave does.
	struct World {
		places: Places,
		now: Instant,
		left: Vec<PeerId>,
		random: u64,
	}

	impl World {
		fn new(capacity: usize) -> Self {
			Self { places: Places::new(capacity), now: Instant::now(), left: Vec::new(), random: 1 }
		}

		fn connect(&mut self) -> PeerId {
			let peer = PeerId::random();
			self.places.connected(self.now, peer);
			peer
		}

		fn pass(&mut self, seconds: u32, talking: impl Fn(&PeerId) -> bool) {
			for _ in 0..seconds {
				self.now += SECOND;
				let talking: Vec<_> = self.places.peers.keys().copied().filter(&talking).collect();
				talking.iter().for_each(|peer| self.places.heard(self.now, peer));
				let random = &mut self.random;
				let leaves = self.places.to_leave(
					self.now,
					|_| false,
					|len| {
						*random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
						(*random >> 33) as usize % len
					},
				);
				if let Some(peer) = leaves {
					self.places.disconnected(&peer);
					self.left.push(peer);
				}
			}
		}
	}

	#[test]
	fn while_there_are_places_nobody_has_to_leave() {
		let mut world = World::new(10);
		for _ in 0..10 {
			world.connect();
		}
		// Not even who is silent.
		world.pass(1000, |_| false);
		assert!(world.left.is_empty());
	}

	#[test]
	fn mixnodes_take_no_places_and_never_leave() {
		let mut world = World::new(4);
		let peers: Vec<_> = (0..8).map(|_| world.connect()).collect();
		world.now += 1000 * SECOND;
		let is_mixnode = |peer: &PeerId| peers[..4].contains(peer);
		assert_eq!(world.places.to_leave(world.now, is_mixnode, |_| 0), None);
		let newest = world.connect();
		world.now += AGAIN;
		let leaves = world.places.to_leave(world.now, is_mixnode, |_| 0).expect("five users, and four places");
		assert!(peers[4..].contains(&leaves), "not {newest}, who is new");
	}

	#[test]
	fn who_is_silent_leaves_first_and_then_one_of_the_younger_half() {
		let mut world = World::new(10);
		let old: Vec<_> = (0..10).map(|_| world.connect()).collect();
		world.pass(60, |_| true);
		let silent = old[2];
		world.pass(120, |peer| *peer != silent);
		let new = world.connect();
		world.pass(1, |peer| *peer != silent);
		assert_eq!(world.left, [silent]);
		// Of those who talk, one after another of the younger half. Nobody in its first half minute.
		let second = world.connect();
		world.pass(20, |_| true);
		assert_eq!(world.left.len(), 2);
		assert!(!old[..5].contains(&world.left[1]) && ![new, second].contains(&world.left[1]), "{:?}", world.left);
	}

	/// Somebody holds all places and does nothing else.
	#[test]
	fn places_that_nobody_uses_are_for_users() {
		let mut world = World::new(150);
		let most = 150 + SPARE as usize;
		let holds: Vec<_> = (0..most).map(|_| world.connect()).collect();
		world.pass(120, |_| false);
		let mut users = 0;
		for _ in 0..700 {
			if world.places.peers.len() < most {
				users += usize::from(!holds.contains(&world.connect()));
			}
			world.pass(1, |peer| !holds.contains(peer));
		}
		// One of them leaves every five seconds, and no user.
		assert!((140..=160).contains(&users), "{users}");
		assert!(world.left.iter().all(|peer| holds.contains(peer)));
	}

	#[test]
	fn where_users_send_seldom_they_may_be_silent_for_longer() {
		let leaves = |period: Option<Duration>, silent: u32| {
			let mut places = Places::new(1);
			period.into_iter().for_each(|period| places.set_user_period(period));
			let (start, now) = (Instant::now(), Instant::now() + SECOND * silent);
			let [older, younger] = [PeerId::random(), PeerId::random()];
			places.connected(start, older);
			places.connected(start, younger);
			places.heard(now, &younger);
			// If nobody is silent for too long, it is one of the younger half.
			places.to_leave(now, |_| false, |_| 0) == Some(older)
		};
		assert_eq!([119, 121].map(|silent| leaves(None, silent)), [false, true]);
		assert_eq!([119, 121].map(|silent| leaves(Some(SECOND), silent)), [false, true]);
		assert_eq!([1199, 1201].map(|silent| leaves(Some(20 * SECOND), silent)), [false, true]);
	}

	#[test]
	fn who_was_told_to_leave_is_not_told_again() {
		let mut world = World::new(4);
		for _ in 0..6 {
			world.connect();
		}
		world.now += 1000 * SECOND;
		let leaves = |world: &mut World| {
			world.now += PAUSE;
			world.places.to_leave(world.now, |_| false, |_| 0)
		};
		// The network has not closed the connections yet.
		let told = [(); 3].map(|()| leaves(&mut world));
		assert!(told[0].is_some() && told[1].is_some() && told[0] != told[1]);
		assert_eq!(told[2], None, "the others have places");
	}

	#[test]
	fn whoever_connects_without_end_does_not_push_out_who_came_before() {
		let mut world = World::new(150);
		let users: Vec<_> = (0..150).map(|_| world.connect()).collect();
		world.pass(600, |_| true);
		for _ in 0..3600 {
			while world.places.peers.len() < 150 + SPARE as usize {
				world.connect();
			}
			world.pass(1, |_| true);
		}
		let left = users.iter().filter(|user| world.left.contains(user)).count();
		// The older half of the users stays. One leaves in five seconds, in turn with those that push.
		assert!(users[..75].iter().all(|user| !world.left.contains(user)));
		println!("{left} of 150 users had to leave within an hour, of {} peers", world.left.len());
		assert!(world.left.len() <= 720);
	}
}
