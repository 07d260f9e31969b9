//! What becomes of a user's gateways when mixnodes leave lists, die, or have their links cut.

use super::*;
use crate::KxPublic;
use alloc::collections::BTreeMap;
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

pub(super) const WANTED: usize = 3;

pub(super) fn id(number: u32) -> PeerId {
	let mut id = [7; 32];
	id[..4].copy_from_slice(&number.to_le_bytes());
	PeerId(id)
}

pub(super) fn number(peer_id: &PeerId) -> u32 {
	u32::from_le_bytes(peer_id.0[..4].try_into().unwrap())
}

pub(super) fn minutes(minutes: u64) -> Duration {
	Duration::from_secs(60 * minutes)
}

/// One user, whose links to some peers are cut, or who are dead: it is the same to the user.
pub(super) struct User {
	pub rng: ChaChaRng,
	pub now: Time,
	pub gateways: Gateways,
	listed: BTreeSet<PeerId>,
	connected: BTreeSet<PeerId>,
	/// Everybody who was ever in use, and since when.
	pub used: BTreeMap<PeerId, Time>,
}

impl User {
	pub fn new(seed: u64) -> Self {
		Self {
			rng: ChaChaRng::seed_from_u64(seed),
			now: Time::ZERO,
			gateways: Gateways::new(WANTED),
			listed: BTreeSet::new(),
			connected: BTreeSet::new(),
			used: BTreeMap::new(),
		}
	}

	/// A session with the mixnodes of these numbers begins.
	pub fn begin_session(&mut self, list: impl IntoIterator<Item = u32>) {
		let mixnode =
			|number| Mixnode { kx_public: KxPublic(id(number).0), peer_id: id(number), external_addresses: Vec::new() };
		let list: Vec<_> = list.into_iter().map(mixnode).collect();
		self.gateways.draw(&mut self.rng, &list, &[]);
		self.listed = list.iter().map(|mixnode| mixnode.peer_id).collect();
		let is_listed = |peer_id: &PeerId| self.listed.contains(peer_id);
		self.gateways.set_current(self.now, Some(&is_listed));
		self.refresh();
	}

	fn refresh(&mut self) {
		self.gateways.refresh(self.now, &self.connected);
		for peer_id in self.in_use() {
			self.used.entry(peer_id).or_insert(self.now);
		}
	}

	/// In the order of preference.
	pub fn in_use(&self) -> Vec<PeerId> {
		self.gateways.in_use(|peer_id| self.listed.contains(peer_id)).copied().collect()
	}

	/// Those in use that are connected, as numbers.
	pub fn live(&self) -> Vec<u32> {
		let live: Vec<_> =
			self.in_use().iter().filter(|peer_id| self.connected.contains(peer_id)).map(number).collect();
		assert!(live.len() <= WANTED, "more gateways than wanted");
		live
	}

	/// Time passes. The network connects whoever is in use and up, and disconnects all others.
	pub fn run(&mut self, time: Duration, is_up: impl Fn(&PeerId) -> bool) {
		let end = self.now + time;
		loop {
			loop {
				let connected = self.in_use().into_iter().filter(|peer_id| is_up(peer_id)).collect();
				if connected == self.connected {
					break;
				}
				self.connected = connected;
				self.refresh();
			}
			let Some(deadline) = self.gateways.next_deadline().filter(|deadline| *deadline <= end) else { break };
			assert!(deadline > self.now, "something was due at {:?} and was not done", self.now);
			self.now = deadline;
			self.refresh();
		}
		self.now = end;
		self.refresh();
	}
}

fn all(_: &PeerId) -> bool {
	true
}

#[test]
fn gateways_stay_as_long_as_they_are_in_the_list_and_come_back_with_it() {
	for seed in 0..50 {
		let mut user = User::new(seed);
		user.begin_session(0..20);
		user.run(minutes(1), all);
		let first = user.live();
		assert_eq!(first.len(), WANTED);
		// All others are replaced by newcomers.
		user.begin_session(first.iter().copied().chain(100..117));
		user.run(minutes(1), all);
		assert_eq!(user.live(), first);
		// One has left: the other two stay, and one of the reserve takes its place.
		user.begin_session(first[1..].iter().copied().chain(100..118));
		user.run(minutes(1), all);
		let then = user.live();
		assert_eq!((then.len(), &then[..2]), (WANTED, &first[1..]));
		// And it is back.
		user.begin_session(first.iter().copied().chain(100..117));
		user.run(minutes(1), all);
		assert_eq!(user.live(), first);
		assert_eq!(user.gateways.replaced(), 0);
	}
}

#[test]
fn who_cuts_links_gets_a_user_through_its_reserve_and_no_further() {
	for seed in 0..50 {
		let mut user = User::new(seed);
		user.begin_session(0..100);
		let first = user.in_use();
		// One link is cut, and only one: nothing happens at once, and then one gateway is replaced.
		let cut = first[0];
		user.run(minutes(10), |peer_id| *peer_id != cut);
		assert_eq!((user.used.len(), user.live().len()), (WANTED + 1, WANTED));
		// All links are cut for a week: the reserve is used up slowly, and that is all.
		user.run(Duration::from_secs(90), |_| false);
		assert!(user.used.len() <= WANTED + 2, "too fast: {:?}", user.used);
		user.run(minutes(7 * 24 * 60), |_| false);
		assert_eq!(user.used.len(), 2 * WANTED);
		assert_eq!(user.gateways.replaced(), WANTED as u64);
		// The attacker lets all links through but those that it would have the user avoid: nobody new is met.
		user.run(minutes(7 * 24 * 60), |peer_id| !first.contains(peer_id));
		assert_eq!(user.used.len(), 2 * WANTED);
		// All is well again, and so are the first choices.
		user.run(minutes(6 * 60), all);
		assert_eq!(user.in_use(), first);
	}
}

/// The sample has more of them than gateways and reserve if they were drawn for lists that had no others.
#[test]
fn who_cuts_links_gets_no_further_if_many_come_back_to_the_list() {
	let mut user = User::new(4);
	for session in 0..5 {
		user.begin_session(6 * session..6 * (session + 1));
		user.run(minutes(60), all);
	}
	user.begin_session(0..30);
	user.used.clear();
	user.run(minutes(7 * 24 * 60), |_| false);
	assert!((WANTED..=2 * WANTED).contains(&user.used.len()), "{:?}", user.used);
}

/// Also at the worst of times: two gateways are gone, and then the third.
#[test]
fn two_gateways_are_never_replaced_at_once() {
	for cut in 1..=WANTED {
		let mut user = User::new(7);
		user.begin_session(0..100);
		user.run(minutes(30), all);
		let first = user.in_use();
		let start = user.now;
		user.run(minutes(60), |peer_id| !first[..cut].contains(peer_id));
		let mut times: Vec<_> = user.used.values().copied().filter(|time| *time > start).collect();
		times.sort();
		assert_eq!(times.len(), cut);
		let patience = if cut == WANTED { PATIENCE_CUT_OFF } else { PATIENCE };
		assert_eq!(times[0], start + patience);
		assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= PATIENCE_CUT_OFF), "{times:?}");
	}
}

#[test]
fn a_gateway_that_is_restarted_keeps_its_users() {
	let mut user = User::new(1);
	user.begin_session(0..100);
	user.run(minutes(10), all);
	let first = user.in_use();
	for _ in 0..10 {
		user.run(minutes(4), |peer_id| *peer_id != first[1]);
		user.run(minutes(2), all);
	}
	assert_eq!((user.in_use(), user.gateways.replaced()), (first, 0));
}

#[test]
fn one_that_comes_and_goes_is_replaced_and_rests_longer_each_time() {
	let mut user = User::new(2);
	user.begin_session(0..100);
	user.run(minutes(10), all);
	let bad = user.in_use()[0];
	let mut used = 0;
	for _ in 0..24 * 60 {
		user.run(Duration::from_secs(30), |peer_id| *peer_id != bad);
		user.run(Duration::from_secs(30), all);
		used += u32::from(user.in_use().contains(&bad));
	}
	assert_eq!(user.gateways.replaced(), 1);
	// It is tried again after 10, 20, 40, .. minutes, 9 times a day, and given up again after a minute or two.
	assert!((10..40).contains(&used), "in use for {used} minutes of a day");
}

#[test]
fn after_an_outage_of_its_own_line_a_user_is_back_at_its_first_choices() {
	let mut user = User::new(3);
	user.begin_session(0..100);
	user.run(minutes(30), all);
	let first = user.in_use();
	for outage in [1, 2, 3, 5, 8, 60] {
		user.run(minutes(outage), |_| false);
		user.run(minutes(2), all);
		assert_eq!(user.in_use(), first, "after {outage} minutes");
	}
}

#[test]
fn a_silent_gateway_is_replaced_like_one_that_is_gone() {
	let mut user = User::new(4);
	user.begin_session(0..100);
	user.run(minutes(10), all);
	let first = user.in_use();
	user.gateways.silent(first[2]);
	user.refresh();
	user.run(minutes(4), all);
	assert_eq!(user.in_use(), first, "still to be heard of");
	user.run(minutes(1), all);
	assert_eq!(user.in_use()[..2], first[..2]);
	assert!(!user.in_use().contains(&first[2]));
	// When it is connected anew, it gets its place back.
	user.gateways.heard(&first[2]);
	user.run(minutes(10), all);
	assert_eq!(user.in_use(), first);
}

#[test]
fn a_list_that_has_no_more_leaves_a_user_with_what_there_is() {
	for num in 0..=2 * WANTED as u32 {
		let mut user = User::new(5);
		user.begin_session(0..num);
		assert_eq!(user.in_use().len(), WANTED.min(num as usize));
		user.run(minutes(24 * 60), |peer_id| number(peer_id) == 0);
		assert_eq!(user.live(), if num > 0 { vec![0] } else { vec![] });
	}
}

/// Whose places are in a session to come is not forgotten for those who are in the one of now.
#[test]
fn who_is_in_a_list_to_come_stays_in_the_sample() {
	let mut user = User::new(8);
	// As many as the sample holds have been in lists. All but three of them are in the list of now.
	for session in 0..5 {
		user.begin_session(6 * session..6 * session + 6);
	}
	user.begin_session(3..30);
	assert_eq!(user.gateways.sample.len(), MAX_SAMPLE_FACTOR * WANTED);
	user.begin_session([0, 1, 2, 100, 101, 102]);
	let mut in_use: Vec<_> = user.in_use().iter().map(number).collect();
	in_use.sort();
	assert_eq!(in_use, [0, 1, 2]);
	let mut sample: Vec<_> = user.gateways.sample().map(number).collect();
	sample.sort();
	assert_eq!((sample.len(), &sample[27..]), (MAX_SAMPLE_FACTOR * WANTED, &[100, 101, 102][..]));
}

#[test]
fn a_sample_that_is_taken_back_leads_to_the_same_gateways() {
	let mut user = User::new(9);
	user.begin_session(0..100);
	user.begin_session(50..150);
	let (first, sample) = (user.in_use(), user.gateways.sample().copied().collect::<Vec<_>>());
	let mut again = User::new(10);
	again.gateways.restore(&[&sample[..], &sample].concat());
	again.begin_session(50..150);
	assert_eq!(again.in_use(), first);
	assert_eq!(again.gateways.sample().copied().collect::<Vec<_>>(), sample, "nobody was drawn");
	again.gateways.restore(&(0..1000).map(id).collect::<Vec<_>>());
	assert_eq!(again.gateways.sample.len(), MAX_SAMPLE_FACTOR * WANTED);
}

/// Its connections may not have survived, and it takes time to find that out and to connect anew.
#[test]
fn a_machine_that_was_suspended_does_not_suspect_its_gateways() {
	let mut user = User::new(11);
	user.begin_session(0..100);
	user.run(minutes(10), all);
	let first = user.in_use();
	// One was gone when the machine went to sleep.
	user.run(minutes(4), |peer_id| *peer_id != first[0]);
	user.now += minutes(8 * 60);
	let settling = minutes(2);
	user.gateways.forget(user.now + settling);
	user.connected.clear();
	user.refresh();
	user.run(settling + PATIENCE_CUT_OFF - Duration::from_secs(1), |_| false);
	assert_eq!((user.in_use(), user.gateways.replaced()), (first.clone(), 0));
	// Then it is as ever.
	user.run(Duration::from_secs(1), |_| false);
	assert_eq!(user.gateways.replaced(), 1);
	user.run(minutes(30), all);
	assert_eq!(user.in_use(), first);
}

#[test]
fn the_sample_is_bounded_however_fast_mixnodes_come_and_go() {
	let mut user = User::new(6);
	for session in 0..200 {
		user.begin_session(10 * session..10 * session + 10);
		user.run(minutes(60), |peer_id| !number(peer_id).is_multiple_of(3));
		assert!(user.gateways.sample.len() <= MAX_SAMPLE_FACTOR * WANTED);
		assert_eq!(user.in_use().iter().filter(|peer_id| number(peer_id) / 10 != session).count(), 0);
	}
	let capacity = user.gateways.sample.capacity() * size_of::<Gateway>();
	assert!(capacity <= Gateways::max_bytes(WANTED, 0), "{capacity} bytes");
}
