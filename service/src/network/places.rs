//! Places for peers that are no mixnodes, so that nobody can take all of them for long.
//!
//! A mixnode has places for some hundred users, which connect to it and are not known to it. Whoever holds all places keeps
//! everybody else out, and that costs no more than connections. So the network has [`SPARE`] places more than shall be
//! filled. While any of these is taken, one peer after another has to leave:
//!
//! - Who has sent no packet for [`IDLE`] leaves first, the one that has been silent longest. A user sends cover all the time.
//! - Otherwise a random one of the younger half leaves. The older half stays, so nobody can push it out by connecting
//!   often.
//! - Nobody leaves in its first [`NEW`], and one peer leaves in [`PAUSE`] at most. So whoever connects without end gets a
//!   spare place now and then, and does not push out the younger half faster than that.
//!
//! Others also count how many come from one part of the Internet. (Bitcoin Core's eviction does) The network does not tell us
//! addresses of peers, so we cannot.

use sc_network_types::PeerId;
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// Places that are kept for those who are new, beside those that may be filled.
pub const SPARE: u32 = 16;
/// A user that has sent nothing for so long is none: it sends a packet every few seconds on average.
const IDLE: Duration = Duration::from_secs(120);
/// For so long, whoever is new does not have to leave.
const NEW: Duration = Duration::from_secs(30);
/// The time between two peers that have to leave.
const PAUSE: Duration = Duration::from_secs(5);

struct Place {
	/// Tells who came first.
	number: u64,
	since: Instant,
	/// When the last packet came, or the connection.
	heard: Instant,
}

/// Who is connected, and since when.
pub struct Places {
	/// Places that may be filled.
	capacity: usize,
	peers: HashMap<PeerId, Place>,
	came: u64,
	/// Nobody has to leave before.
	next: Option<Instant>,
}

impl Places {
	/// Nobody yet. `capacity` peers that are no mixnodes may stay.
	pub fn new(capacity: usize) -> Self {
		Self { capacity, peers: HashMap::new(), came: 0, next: None }
	}

	/// A peer was connected.
	pub fn connected(&mut self, now: Instant, peer: PeerId) {
		self.came += 1;
		self.peers.entry(peer).or_insert(Place { number: self.came, since: now, heard: now });
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
		let mut users: Vec<_> = self.peers.iter().filter(|(peer, _)| !is_mixnode(peer)).collect();
		if users.len() <= self.capacity {
			return None;
		}
		users.sort_unstable_by_key(|(_, place)| place.number);
		let is_idle = |place: &Place| now.saturating_duration_since(place.heard) >= IDLE;
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
		(0..10).for_each(|_| drop(world.connect()));
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

	/// Somebody holds all places, sends from each, and takes every place that gets free at once.
	#[test]
	fn whoever_holds_all_places_cannot_keep_others_out() {
		let mut world = World::new(150);
		let most = 150 + SPARE as usize;
		while world.places.peers.len() < most {
			world.connect();
		}
		world.pass(60, |_| true);
		// Now users come too. For each free place, one of ten connections that come at once is theirs.
		let mut users = Vec::new();
		let mut seconds_of_users = 0;
		for second in 0..36_000u32 {
			if world.places.peers.len() < most {
				let peer = world.connect();
				if second % 10 == 0 {
					users.push(peer);
				}
			}
			world.pass(1, |_| true);
			seconds_of_users += users.iter().filter(|user| world.places.peers.contains_key(user)).count();
		}
		// Each stays for some minutes.
		let each = seconds_of_users / users.len();
		println!("{} users came in ten hours, and stayed for {each} s on average", users.len());
		assert!(users.len() > 500 && each > 300, "{} users, {each} s", users.len());
		// The older half lost nobody but by its own leaving.
		let oldest = world.places.peers.values().filter(|place| place.number <= 75).count();
		assert_eq!(oldest, 75);
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
