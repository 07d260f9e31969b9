//! The shares of neighbours, compared with a model after any operations. The model is a list of the packets that count.

use super::shares::{most_waiting, Refused, Shares};
use crate::{PeerId, Time};
use core::time::Duration;
use proptest::{prelude::*, test_runner::RngSeed};
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};
use std::collections::BTreeSet;

/// Peers 0 to 5 may be mixnodes, all may be connected.
const PEERS: u8 = 9;

#[derive(Clone, Copy, Debug)]
enum Operation {
	/// A packet comes, and is taken if it may be.
	Come {
		from: u8,
		to: u8,
	},
	/// Packets come, are counted whether or not they may be, and are taken back.
	Judge {
		from: u8,
		to: u8,
		packets: usize,
	},
	/// These peers are mixnodes, bit by bit.
	Mixnodes {
		mixnodes: u8,
	},
	Connect {
		peer: u8,
	},
	Disconnect {
		peer: u8,
	},
	/// Other parameters.
	Set {
		capacity: usize,
		mean_delay: u64,
	},
	Pass {
		time: u64,
	},
	/// One of two sessions ends, to which each peer's packets belong in turn.
	End {
		session: u32,
	},
}

fn operation() -> impl Strategy<Value = Operation> {
	use Operation::*;
	prop_oneof![
		// Some come much more often than others.
		20 => (0u8..PEERS * 2, 0u8..PEERS * 2).prop_map(|(from, to)| Come {
			from: if from < PEERS { from } else { from % 3 * 4 },
			to: if to < PEERS { to } else { to % 2 },
		}),
		1 => (0u8..PEERS, 0u8..PEERS, 0usize..20).prop_map(|(from, to, packets)| Judge { from, to, packets }),
		1 => (0u8..64).prop_map(|mixnodes| Mixnodes { mixnodes }),
		1 => (0u8..PEERS).prop_map(|peer| Connect { peer }),
		1 => (0u8..PEERS).prop_map(|peer| Disconnect { peer }),
		1 => (1usize..200, 0u64..20).prop_map(|(capacity, mean_delay)| Set { capacity, mean_delay }),
		6 => (0u64..4).prop_map(|time| Pass { time }),
		1 => (0u32..2).prop_map(|session| End { session }),
	]
}

/// A packet that counts.
#[derive(Clone, Copy)]
struct Counted {
	until: u64,
	session: u32,
	from: u8,
	to: u8,
}

struct Model {
	capacity: usize,
	mean_delay: u64,
	mixnodes: BTreeSet<u8>,
	connected: BTreeSet<u8>,
	counted: Vec<Counted>,
}

impl Model {
	fn of(&self, from: u8) -> usize {
		self.counted.iter().filter(|packet| packet.from == from).count()
	}

	fn check(&self, from: u8, to: u8, others: usize) -> Result<(), Refused> {
		let all = self.counted.len();
		if all >= self.capacity {
			return Err(Refused::Full);
		}
		let free = self.capacity - all;
		let users = self.connected.difference(&self.mixnodes).count().max(1);
		// A user sends a packet in four seconds.
		let need = 2 * self.mean_delay.div_ceil(4) as usize + 3;
		let may = if self.mixnodes.contains(&from) {
			self.of(from) < 8
				|| self.of(from) < self.capacity / 2 / self.mixnodes.len()
				|| self.of(from) < free + free / 3 + 4 * free / others.max(1)
		} else {
			(self.of(from) < need && self.of(from) < self.capacity / 2 / users) || self.of(from) < free / 8
		};
		// What goes on to a mixnode.
		let of_pair = self.counted.iter().filter(|packet| packet.from == from && packet.to == to).count();
		// The mean, rounded up, and five deviations, rounded down.
		let needs = |packets: usize, hops: usize| {
			packets.div_ceil(hops) + (25.0 * packets as f64 / hops as f64).sqrt() as usize + 1
		};
		let most = if self.mixnodes.contains(&from) {
			needs(self.of(from) + 1, others.max(2) - 1).max(4)
		} else {
			needs(self.mean_delay.div_ceil(4) as usize, others.max(1))
		};
		let may_go_on = !self.mixnodes.contains(&to) || of_pair < most;
		(may && may_go_on).then_some(()).ok_or(Refused::ShareUsed)
	}

	/// The session of the next packet from this peer.
	fn session(&self, from: u8) -> u32 {
		self.of(from) as u32 % 2
	}

	fn count(&mut self, now: u64, from: u8, to: u8) {
		let session = self.session(from);
		self.counted.push(Counted { until: now + self.mean_delay, session, from, to });
	}
}

fn id(peer: u8) -> PeerId {
	PeerId([peer; 32])
}

fn at(seconds: u64) -> Time {
	Time::from_duration(Duration::from_secs(seconds))
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 400,
		rng_seed: RngSeed::Fixed(5),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn neighbours_have_the_shares_that_a_list_of_packets_would_give_them(
		operations in prop::collection::vec(operation(), 0..400),
		others in 0usize..7,
	) {
		let mut shares = Shares::new(60);
		let mut model = Model {
			capacity: 60,
			mean_delay: 0,
			mixnodes: BTreeSet::new(),
			connected: BTreeSet::new(),
			counted: Vec::new(),
		};
		let mut now = 0;
		for operation in operations {
			match operation {
				Operation::Come { from, to } => {
					let may = model.check(from, to, others);
					prop_assert_eq!(shares.check(&id(from), &id(to), others), may);
					if may.is_ok() {
						shares.count(at(now), model.session(from), id(from), id(to));
						model.count(now, from, to);
					}
				},
				Operation::Judge { from, to, packets } => {
					(0..packets).for_each(|_| shares.count(at(now), 0, id(from), id(to)));
					shares.take_back(packets);
				},
				Operation::Mixnodes { mixnodes } => {
					model.mixnodes = (0..6).filter(|peer| mixnodes >> peer & 1 == 1).collect();
					let connected = model.connected.iter().map(|peer| id(*peer)).collect();
					shares.set_mixnodes(model.mixnodes.iter().map(|peer| id(*peer)), &connected);
				},
				Operation::Connect { peer } => {
					if model.connected.insert(peer) {
						shares.connected(&id(peer));
					}
				},
				Operation::Disconnect { peer } => {
					if model.connected.remove(&peer) {
						shares.disconnected(&id(peer));
					}
				},
				Operation::Set { capacity, mean_delay } => {
					(model.capacity, model.mean_delay) = (capacity, mean_delay);
					shares.set(capacity, Duration::from_secs(mean_delay), Duration::from_secs(4));
				},
				Operation::End { session } => {
					shares.retain_sessions(|index| index != session);
					model.counted.retain(|packet| packet.session != session);
				},
				Operation::Pass { time } => {
					now += time;
					shares.advance(at(now));
					// If the mean delay has become shorter, a packet counts as long as one before it.
					let past = model.counted.iter().position(|packet| packet.until > now);
					model.counted.drain(..past.unwrap_or(model.counted.len()));
				},
			}
			for (from, to) in (0..PEERS).flat_map(|from| [0, 1, 4, 8].map(|to| (from, to))) {
				prop_assert_eq!(shares.check(&id(from), &id(to), others), model.check(from, to, others), "{} to {}", from, to);
			}
		}
	}
}

#[test]
fn whatever_the_delays_there_is_room_for_all_that_may_be_taken() {
	for capacity in [1, 50, 300, 1000] {
		let mut shares = Shares::new(capacity);
		shares.set(capacity, Duration::from_secs(1), Duration::from_secs(1));
		shares.set_mixnodes((0..100).map(id), &BTreeSet::new());
		// All send as fast as they may, and all draw the longest delay.
		let mut waiting = std::collections::VecDeque::new();
		let mut most = 0;
		for now in (0..30_000).step_by(7).map(|ms| Time::from_duration(Duration::from_millis(ms))) {
			shares.advance(now);
			while waiting.front().is_some_and(|until| *until <= now) {
				waiting.pop_front();
			}
			for peer in 0..100 {
				while let Some(next) = (0..100).find(|next| shares.check(&id(peer), &id(*next), 100).is_ok()) {
					shares.count(now, 0, id(peer), id(next));
					waiting.push_back(now + Duration::from_secs(10));
				}
			}
			most = most.max(waiting.len());
		}
		assert!((9 * capacity..=most_waiting(capacity)).contains(&most), "{most} of {capacity}");
	}
	assert_eq!([999, 1000, 5000, 20_000].map(most_waiting), [10_989, 11_000, 11_000, 20_000]);
}

/// Shares are for floods. In an honest network, however large, next to nothing is refused.
#[test]
fn where_nobody_floods_next_to_nothing_is_refused_in_small_networks_and_large_ones() {
	let mut rng = ChaChaRng::seed_from_u64(1);
	// A second is the mean delay, and two thirds of the capacity come in it. Users send one packet each.
	for (mixnodes, users, capacity) in [
		(2, 20, 300),
		(3, 0, 300),
		(3, 100, 300),
		(5, 20, 300),
		(12, 50, 300),
		(29, 30, 300),
		(99, 50, 1000),
		(199, 150, 1000),
	] {
		let mut shares = Shares::new(capacity);
		shares.set(capacity, Duration::from_secs(1), Duration::from_secs(1));
		let id = |number: usize| PeerId([(number / 256) as u8, (number % 256) as u8].repeat(16).try_into().unwrap());
		let connected = (0..mixnodes + users).map(id).collect();
		shares.set_mixnodes((0..mixnodes).map(id), &connected);
		let per_second = capacity * 2 / 3;
		let from_mixnodes = per_second - users;
		let (mut now, mut refused, packets) = (0.0, 0, 100_000);
		for _ in 0..packets {
			let uniform = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
			now += -(1.0 - uniform).ln() / per_second as f64;
			let at = Time::from_duration(Duration::from_secs_f64(now));
			let mut below = |most: usize| rng.next_u64() as usize % most;
			let from = below(per_second);
			let from = if from < from_mixnodes { from % mixnodes } else { mixnodes + from - from_mixnodes };
			let mut to = below(mixnodes);
			while to == from {
				to = below(mixnodes);
			}
			shares.advance(at);
			match shares.check(&id(from), &id(to), mixnodes) {
				Ok(()) => shares.count(at, 0, id(from), id(to)),
				Err(_) => refused += 1,
			}
		}
		let share = refused as f64 / packets as f64;
		println!("{mixnodes} other mixnodes, {users} users, capacity {capacity}: {:.3} % refused", 100.0 * share);
		assert!(share < 0.001, "{mixnodes} mixnodes, {users} users: {share}");
	}
}

/// Each of them sends as fast as the others take it, through all of these to one more, which has two thirds of its load from
/// elsewhere. The share of all packets from mixnodes that it refuses.
fn lost_in_a_flood_through_all(attackers: usize, users: usize) -> f64 {
	const MIXNODES: usize = 29;
	let mut rng = ChaChaRng::seed_from_u64(2);
	let mut exponential = |mean: f64| {
		let uniform = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
		-(1.0 - uniform).ln() * mean
	};
	let id = |number: usize| PeerId([number as u8; 32]);
	let at = |time: f64| Time::from_duration(Duration::from_secs_f64(time));
	let new = || {
		let mut shares = Shares::new(300);
		shares.set(300, Duration::from_secs(1), Duration::from_secs(1));
		shares.set_mixnodes((0..MIXNODES + 1).map(id), &(0..MIXNODES + 1 + 30 + users).map(id).collect());
		shares
	};
	let (victim, until) = (id(MIXNODES), 100.0);
	let mut arrivals = Vec::new();
	// Packets of others: users send one a second, mixnodes the rest.
	for from in (attackers..MIXNODES).chain(MIXNODES + 1..MIXNODES + 31) {
		let mean = if from < MIXNODES { MIXNODES as f64 / 170.0 } else { 1.0 };
		let mut time = exponential(mean);
		while time < until {
			arrivals.push((time, from));
			time += exponential(mean);
		}
	}
	// A flood at each honest mixnode, and what that sends on.
	let flooding: Vec<_> = (0..attackers).chain(MIXNODES + 31..MIXNODES + 31 + users).map(id).collect();
	for relay in attackers..MIXNODES {
		let mut shares = new();
		for step in 0..(until * 100.0) as usize {
			let now = step as f64 / 100.0;
			shares.advance(at(now));
			for from in &flooding {
				// A user may send two a second.
				let may_send = from.0[0] < MIXNODES as u8 || step % 50 == 0;
				if may_send && shares.check(from, &victim, MIXNODES).is_ok() {
					shares.count(at(now), 0, *from, victim);
					arrivals.push((now + exponential(1.0), relay));
				}
			}
		}
	}
	arrivals.sort_by(|one, other| one.0.total_cmp(&other.0));
	let mut shares = new();
	let (mut sent, mut lost) = (0, 0);
	for (number, (time, from)) in arrivals.into_iter().enumerate() {
		let to = id((from + 1 + number % (MIXNODES - 1)) % MIXNODES);
		shares.advance(at(time));
		let taken = shares.check(&id(from), &to, MIXNODES).is_ok();
		if taken {
			shares.count(at(time), 0, id(from), to);
		}
		if from < MIXNODES {
			sent += 1;
			lost += usize::from(!taken);
		}
	}
	lost as f64 / sent as f64
}

#[test]
fn one_that_floods_through_all_others_costs_what_the_page_says() {
	for (attackers, users, most) in [(0, 0, 0.005), (1, 0, 0.1), (0, 1, 0.02), (0, 8, 1.0), (3, 0, 1.0)] {
		let lost = lost_in_a_flood_through_all(attackers, users);
		println!("{attackers} mixnodes and {users} users through all: {:.2} % lost", 100.0 * lost);
		assert!(lost <= most, "{attackers} mixnodes, {users} users: {lost}");
	}
}
