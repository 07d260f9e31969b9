//! The shares of neighbours, compared with a model after any operations. The model is a list of the packets that count.

use super::shares::{most_waiting, Refused, Shares};
use crate::{PeerId, Time};
use core::time::Duration;
use proptest::{prelude::*, test_runner::RngSeed};
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
