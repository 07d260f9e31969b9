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

const SECOND: Duration = Duration::from_secs(1);
/// Peers 0 to 5 may be mixnodes.
const PEERS: u8 = 9;

#[derive(Clone, Copy, Debug)]
enum Operation {
	/// A packet comes, and is taken if it may be.
	Come {
		from: u8,
	},
	/// Packets come, are counted whether or not they may be, and are taken back.
	Judge {
		from: u8,
		packets: usize,
	},
	/// So many users are connected.
	Users {
		users: usize,
	},
	Pass {
		time: u64,
	},
}

fn operation() -> impl Strategy<Value = Operation> {
	use Operation::*;
	prop_oneof![
		// Some come much more often than others.
		20 => (0u8..PEERS * 2).prop_map(|from| Come { from: if from < PEERS { from } else { from % 3 * 4 } }),
		1 => (0u8..PEERS, 0usize..20).prop_map(|(from, packets)| Judge { from, packets }),
		2 => (0usize..20).prop_map(|users| Users { users }),
		6 => (0u64..4).prop_map(|time| Pass { time }),
	]
}

/// A packet that counts.
#[derive(Clone, Copy)]
struct Counted {
	until: u64,
	from: u8,
}

struct Model {
	capacity: usize,
	mean_delay: u64,
	mixnodes: BTreeSet<u8>,
	users: usize,
	counted: Vec<Counted>,
}

impl Model {
	fn of(&self, from: u8) -> usize {
		self.counted.iter().filter(|packet| packet.from == from).count()
	}

	fn check(&self, from: u8) -> Result<(), Refused> {
		let all = self.counted.len();
		if all >= self.capacity {
			return Err(Refused::Full);
		}
		let free = self.capacity - all;
		let users = self.users.max(1);
		// A user sends a packet in four seconds.
		let need = 2 * self.mean_delay.div_ceil(4) as usize + 3;
		let lendable = free.saturating_sub(self.capacity / 32);
		let may = if self.mixnodes.contains(&from) {
			self.of(from) < 8
				|| self.of(from) < self.capacity / 2 / self.mixnodes.len()
				|| self.of(from) < 16 * lendable
		} else {
			(self.of(from) < need && self.of(from) < self.capacity / 2 / users)
				|| self.of(from) < (lendable / 8).min(2 * need)
		};
		may.then_some(()).ok_or(Refused::ShareUsed)
	}

	fn count(&mut self, now: u64, from: u8) {
		self.counted.push(Counted { until: now + self.mean_delay, from });
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
		capacity in 1usize..200,
		mean_delay in 0u64..20,
		mixnodes in 0u8..64,
		operations in prop::collection::vec(operation(), 0..400),
	) {
		// A bit for each peer.
		let mixnodes: BTreeSet<u8> = (0..6).filter(|peer| mixnodes >> peer & 1 == 1).collect();
		let ids = mixnodes.iter().map(|peer| id(*peer)).collect();
		let (delay, period) = (Duration::from_secs(mean_delay), Duration::from_secs(4));
		let mut shares = Shares::new(capacity, delay, period, ids);
		let mut model = Model { capacity, mean_delay, mixnodes, users: 0, counted: Vec::new() };
		let mut now = 0;
		for operation in operations {
			match operation {
				Operation::Come { from } => {
					let may = model.check(from);
					prop_assert_eq!(shares.check(&id(from)), may);
					if may.is_ok() {
						shares.count(at(now), id(from));
						model.count(now, from);
					}
				},
				Operation::Judge { from, packets } => {
					(0..packets).for_each(|_| shares.count(at(now), id(from)));
					shares.take_back(packets);
				},
				Operation::Users { users } => {
					model.users = users;
					shares.set_users(users);
				},
				Operation::Pass { time } => {
					now += time;
					shares.advance(at(now));
					model.counted.retain(|packet| packet.until > now);
				},
			}
			for peer in 0..PEERS {
				prop_assert_eq!(shares.check(&id(peer)), model.check(peer), "peer {}", peer);
			}
		}
	}
}

#[test]
fn whatever_the_delays_there_is_room_for_all_that_may_be_taken() {
	for capacity in [1, 50, 300, 1000] {
		let mixnodes = (0..100).map(id).collect();
		let mut shares = Shares::new(capacity, SECOND, SECOND, mixnodes);
		// All send as fast as they may, and all draw the longest delay.
		let mut waiting = std::collections::VecDeque::new();
		let mut most = 0;
		for now in (0..30_000).step_by(7).map(|ms| Time::from_duration(Duration::from_millis(ms))) {
			shares.advance(now);
			while waiting.front().is_some_and(|until| *until <= now) {
				waiting.pop_front();
			}
			for peer in 0..100 {
				while shares.check(&id(peer)).is_ok() {
					shares.count(now, id(peer));
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
		(4, 30, 1000),
		(29, 30, 1000),
		(99, 50, 1000),
		(199, 150, 1000),
	] {
		let id = |number: usize| PeerId([(number / 256) as u8, (number % 256) as u8].repeat(16).try_into().unwrap());
		let mut shares = Shares::new(capacity, SECOND, SECOND, (0..mixnodes).map(id).collect());
		shares.set_users(users);
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
			shares.advance(at);
			match shares.check(&id(from)) {
				Ok(()) => shares.count(at, id(from)),
				Err(_) => refused += 1,
			}
		}
		let share = refused as f64 / packets as f64;
		println!("{mixnodes} other mixnodes, {users} users, capacity {capacity}: {:.3} % refused", 100.0 * share);
		assert!(share < 0.001, "{mixnodes} mixnodes, {users} users: {share}");
	}
}

/// Each of them sends at this rate to each of the others, and through these to one more, with the default parameters. That has
/// thirty users, and as much as such mixnodes get from each other. The share of all packets from honest mixnodes that it refuses.
fn lost_in_a_flood_through_all(attackers: usize, users: usize, rate: f64) -> f64 {
	const MIXNODES: usize = 29;
	let mut rng = ChaChaRng::seed_from_u64(2);
	let exponential = |rng: &mut ChaChaRng, mean: f64| {
		let uniform = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
		-(1.0 - uniform).ln() * mean
	};
	let id = |number: usize| PeerId([number as u8; 32]);
	let at = |time: f64| Time::from_duration(Duration::from_secs_f64(time));
	let new = || {
		let mut shares = Shares::new(1000, SECOND, SECOND, (0..MIXNODES + 1).map(id).collect());
		shares.set_users(30 + users);
		shares
	};
	let until = 100.0;
	let mut arrivals = Vec::new();
	// Packets of others: users send one a second, mixnodes the rest.
	for from in (attackers..MIXNODES).chain(MIXNODES + 1..MIXNODES + 31) {
		let mean = if from < MIXNODES { MIXNODES as f64 / 170.0 } else { 1.0 };
		let mut time = exponential(&mut rng, mean);
		while time < until {
			arrivals.push((time, from));
			time += exponential(&mut rng, mean);
		}
	}
	// A flood at each honest mixnode, and what that sends on.
	let flooding: Vec<_> = (0..attackers).chain(MIXNODES + 31..MIXNODES + 31 + users).map(id).collect();
	for relay in attackers..MIXNODES {
		let mut shares = new();
		for step in 0..(until * rate) as usize {
			let now = step as f64 / rate;
			shares.advance(at(now));
			for from in &flooding {
				if shares.check(from).is_ok() {
					shares.count(at(now), *from);
					arrivals.push((now + exponential(&mut rng, 1.0), relay));
				}
			}
		}
	}
	arrivals.sort_by(|one, other| one.0.total_cmp(&other.0));
	let mut shares = new();
	let (mut sent, mut lost) = (0, 0);
	for (time, from) in arrivals {
		shares.advance(at(time));
		let taken = shares.check(&id(from)).is_ok();
		if taken {
			shares.count(at(time), id(from));
		}
		if from < MIXNODES {
			sent += 1;
			lost += usize::from(!taken);
		}
	}
	lost as f64 / sent as f64
}

#[test]
fn floods_through_all_others_cost_what_the_page_says() {
	for (attackers, users, rate, most) in
		[(0, 0, 1.0, 0.001), (0, 10, 2.0, 0.001), (0, 20, 2.0, 0.4), (1, 0, 25.0, 0.001), (1, 0, 100.0, 0.75)]
	{
		let lost = lost_in_a_flood_through_all(attackers, users, rate);
		println!(
			"{attackers} mixnodes and {users} users, {rate} a second through each of the others: {:.2} % lost",
			100.0 * lost
		);
		assert!(lost <= most, "{attackers} mixnodes, {users} users, {rate} a second: {lost}");
	}
}
