//! The figures behind the choice of gateways, and a check that docs/gateways.md has them.
//!
//! Where a formula is enough it is computed. The rest is simulated with the code itself, hour-long sessions of a hundred
//! mixnodes, and seeds that do not change.

use super::tests::*;
use super::*;
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use rand_distr::{Bernoulli, Distribution};

const MIXNODES: u32 = 100;

/// Users that are simulated for a share.
const USERS: u64 = 400;

/// The chance that `drawn` of `all` are all among the `some`, without replacement.
fn all_among(drawn: u32, some: u32, all: u32) -> f64 {
	(0..drawn).map(|n| f64::from(some.saturating_sub(n)) / f64::from(all - n)).product()
}

/// The chance that at least one of `drawn` is corrupt.
fn any_corrupt(drawn: u32, corrupt: u32) -> f64 {
	1.0 - all_among(drawn, MIXNODES - corrupt, MIXNODES)
}

/// Does the page have these rows of a table? What they should be is printed.
fn assert_documented(rows: &[String]) {
	let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/gateways.md");
	let page = std::fs::read_to_string(path).unwrap();
	rows.iter().for_each(|row| println!("{row}"));
	let missing: Vec<_> = rows.iter().filter(|row| page.lines().all(|line| line != row.as_str())).collect();
	assert!(missing.is_empty(), "not in docs/gateways.md: {missing:#?}");
}

fn percent(share: f64) -> String {
	match share * 100.0 {
		exact if exact >= 1.0 => format!("{exact:.0} %"),
		exact if exact >= 0.01 => format!("{exact:.2} %"),
		// The first digit that is not zero.
		exact if exact >= 1e-6 => format!("{exact:.*} %", (-exact.log10()).ceil() as usize),
		_ => "0 %".into(),
	}
}

/// Users who have had a corrupt gateway after 1, 10 and 100 sessions, and the session in which half of them have (if they
/// do). Corrupt mixnodes stay in the list, and in each session a share of the others is replaced by newcomers.
fn compromised(corrupt: u32, turnover: f64, is_sticky: bool) -> ([f64; 3], Option<usize>) {
	let mut rng = ChaChaRng::seed_from_u64(1);
	let leaves = Bernoulli::new(turnover).unwrap();
	let mut newcomer = MIXNODES;
	let mut lists = vec![(0..MIXNODES).collect::<Vec<_>>()];
	for session in 1..100 {
		let mut list = lists[session - 1].clone();
		for mixnode in list.iter_mut().filter(|mixnode| **mixnode >= corrupt) {
			if leaves.sample(&mut rng) {
				*mixnode = newcomer;
				newcomer += 1;
			}
		}
		lists.push(list);
	}
	let mut firsts = vec![0u64; lists.len()];
	for seed in 0..USERS {
		let mut user = User::new(seed);
		for (session, list) in lists.iter().enumerate() {
			if !is_sticky {
				user.gateways = Gateways::new(WANTED);
			}
			user.begin_session(list.iter().copied());
			user.run(minutes(60), |_| true);
			if user.live().iter().any(|number| *number < corrupt) {
				firsts[session] += 1;
				break;
			}
		}
	}
	let after = |sessions: usize| firsts[..sessions].iter().sum::<u64>() as f64 / USERS as f64;
	let median = (1..=lists.len()).find(|sessions| after(*sessions) >= 0.5);
	([1, 10, 100].map(after), median)
}

#[test]
fn gateways_that_stay_meet_a_corrupt_one_later() {
	let mut rows = Vec::new();
	for corrupt in [10, 20] {
		// In theory the chance in one session is this, for both.
		let once = any_corrupt(WANTED as u32, corrupt);
		for (turnover, is_sticky) in [(0.0, false), (0.0, true), (0.01, true), (0.05, true), (0.2, true)] {
			let (shares, median) = compromised(corrupt, turnover, is_sticky);
			// Four standard deviations.
			let error = 4.0 * (once * (1.0 - once) / USERS as f64).sqrt();
			assert!((shares[0] - once).abs() < error, "{} of {once}", shares[0]);
			match (is_sticky, turnover == 0.0) {
				(false, _) => assert!((shares[1] - (1.0 - (1.0 - once).powi(10))).abs() < 0.05),
				(true, true) => assert_eq!(shares, [shares[0]; 3]),
				(true, false) => assert!(shares[0] <= shares[1] && shares[1] <= shares[2]),
			}
			let kind = match is_sticky {
				true => format!("stay; {:.0} % of honest mixnodes are others in each session", turnover * 100.0),
				false => "drawn anew in each session, or by a node that is started anew".into(),
			};
			let median = median.map_or("more than 100".into(), |sessions| sessions.to_string());
			let [one, ten, hundred] = shares.map(percent);
			rows.push(format!("| {corrupt} % | {kind} | {one} | {ten} | {hundred} | {median} |"));
		}
	}
	assert_documented(&rows);
}

#[test]
fn a_reserve_leaves_fewer_users_without_a_live_gateway() {
	let mut rows = Vec::new();
	for dead in [5, 10, 20] {
		let mut cut_off = [0; 2];
		for seed in 0..2000 {
			let mut user = User::new(seed);
			user.begin_session(0..MIXNODES);
			let is_up = |peer_id: &PeerId| number(peer_id) >= dead;
			user.run(minutes(0), is_up);
			cut_off[0] += u32::from(user.live().is_empty());
			user.run(minutes(10), is_up);
			let has_none = user.gateways.sample.iter().all(|gateway| !is_up(&gateway.peer_id));
			assert_eq!(user.live().is_empty(), has_none, "cut off although there is a live one in reserve");
			cut_off[1] += u32::from(has_none);
			// After an hour it has as many live ones as its sample has.
			user.run(minutes(60), is_up);
			let live = user.gateways.sample.iter().filter(|gateway| is_up(&gateway.peer_id)).count();
			assert_eq!(user.live().len(), live.min(WANTED));
		}
		let [alone, with_reserve] = [1, 2].map(|factor| all_among(factor * WANTED as u32, dead, MIXNODES));
		for (count, chance) in cut_off.into_iter().zip([alone, with_reserve]) {
			let expected = chance * 2000.0;
			assert!((f64::from(count) - expected).abs() < 4.0 * expected.sqrt() + 1.0, "{count} of {expected}");
		}
		rows.push(format!("| {dead} % | {} | {} |", percent(alone), percent(with_reserve)));
	}
	assert_documented(&rows);
}

#[test]
fn who_cuts_links_reaches_more_users_but_not_all() {
	let mut rows = Vec::new();
	for corrupt in [10, 20] {
		let mut reached = 0;
		for seed in 0..USERS {
			let mut user = User::new(seed);
			user.begin_session(0..MIXNODES);
			// The attacker cuts all links to honest mixnodes, for a day.
			user.run(minutes(24 * 60), |peer_id| number(peer_id) < corrupt);
			assert!(user.used.len() <= 2 * WANTED);
			reached += u32::from(!user.live().is_empty());
		}
		let [before, after] = [1, 2].map(|factor| any_corrupt(factor * WANTED as u32, corrupt));
		assert!((f64::from(reached) / USERS as f64 - after).abs() < 0.1, "{reached} of {after}");
		rows.push(format!("| {corrupt} % | {} | {} | 100 % |", percent(before), percent(after)));
	}
	assert_documented(&rows);
}

/// If users are told apart by their sets alone.
#[test]
fn a_set_identifies_a_user_among_many_mixnodes() {
	const ALL: f64 = 10_000.0;
	let mut rows = Vec::new();
	for mixnodes in [10u32, 20, 50, 100, 1000] {
		let sets: f64 = (0..WANTED as u32).map(|n| f64::from(mixnodes - n) / f64::from(n + 1)).product::<f64>().round();
		let others = (ALL - 1.0) / sets;
		// The chance that none of the others has the same set.
		let alone = (1.0 - 1.0 / sets).powf(ALL - 1.0);
		let bits = sets.log2();
		rows.push(format!("| {mixnodes} | {sets} | {bits:.1} | {others:.2} | {} |", percent(alone)));
	}
	assert_documented(&rows);
}
