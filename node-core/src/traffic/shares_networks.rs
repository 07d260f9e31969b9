//! What the shares of neighbours let through in networks: honest ones, and such in which one mixnode is flooded through all others.

use super::shares::Shares;
use crate::{PeerId, Time};
use core::time::Duration;
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};
use rand_distr::{Distribution, Exp1};

/// The mean delay, and the mean time between two packets of a user.
const SECOND: Duration = Duration::from_secs(1);

fn id(number: usize) -> PeerId {
	PeerId([(number / 256) as u8, (number % 256) as u8].repeat(16).try_into().unwrap())
}

/// So many seconds after the beginning.
fn at(seconds: f64) -> Time {
	Time::from_duration(Duration::from_secs_f64(seconds))
}

fn exponential(rng: &mut ChaChaRng, mean: f64) -> f64 {
	let multiple: f64 = Exp1.sample(rng);
	multiple * mean
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
		let mut shares = Shares::new(capacity, SECOND, SECOND, (0..mixnodes).map(id).collect());
		shares.set_users(users);
		let per_second = capacity * 2 / 3;
		let from_mixnodes = per_second - users;
		let (mut now, mut refused, packets) = (0.0, 0, 100_000);
		for _ in 0..packets {
			now += exponential(&mut rng, 1.0 / per_second as f64);
			let at = at(now);
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
