//! Compares whole elections by lottery with the exact probabilities of successive weighted sampling.

use super::*;
use frame_system::RawOrigin;
use mixnet_primitives::RegistrationProofs;
use std::collections::BTreeMap;

/// Validators and operators, with their weights.
const CANDIDATES: [(u64, u64); 5] = [(0, 100), (1, 250), (2, 700), (50, 150), (51, 400)];
const ELECTIONS: u32 = 2_500;
/// How many elections are held between two commits. Until a commit, removed keys make searches slow.
const BATCH: u32 = 50;

/// The probability of each order in which three of the candidates can be drawn, by enumeration. Each time, one of those
/// that are left is drawn, with probability proportional to its weight.
fn orders() -> BTreeMap<[u64; 3], f64> {
	let mut orders = BTreeMap::new();
	let total: u64 = CANDIDATES.iter().map(|(_, weight)| weight).sum();
	for (a, weight_a) in CANDIDATES {
		for (b, weight_b) in CANDIDATES {
			for (c, weight_c) in CANDIDATES {
				if a != b && b != c && a != c {
					let first = weight_a as f64 / total as f64;
					let second = weight_b as f64 / (total - weight_a) as f64;
					let third = weight_c as f64 / (total - weight_a - weight_b) as f64;
					orders.insert([a, b, c], first * second * third);
				}
			}
		}
	}
	orders
}

/// Lets all register in a random order, and the session begin. Returns the elected and the standby.
fn hold_election(rng: &mut Rng) -> [u64; 3] {
	let mut left = CANDIDATES.to_vec();
	while !left.is_empty() {
		let (account, _) = left.swap_remove(rng.below(left.len() as u64) as usize);
		let proofs = RegistrationProofs { registrant: [0; 64], possession: [0; 64], peer: [0; 64] };
		// A candidate that would not be drawn is refused.
		let _ = Mixnet::register(RawOrigin::Authorized.into(), registration(account, mixnode(account)), proofs);
	}
	let order: Vec<_> = next_registrations().into_iter().map(|(account, _)| account).collect();
	let order: [u64; 3] = order.try_into().expect("as many as places; qed");
	run_to_next_session();
	let list = Mixnet::current_mixnodes().expect("two are enough; qed");
	assert!(list.iter().all(|listed| order[..2].iter().any(|account| *listed == mixnode(*account))));
	idle();
	order
}

/// There are two places and one standby for five candidates. The pallet holds each election as a whole, from the seed
/// to the session's list. Only the proofs are left out.
///
/// A right implementation passes each of the two tests with probability 0.999. One is Pearson's test of the orders,
/// where rare orders, of which fewer than five are expected, are joined. The other is of the number of times that each
/// candidate is elected, which must be within 3.7 standard deviations (two-sided, for five numbers). The elections are
/// the same in every run.
#[test]
fn elections_match_successive_weighted_sampling() {
	let mut ext = ext_by_weight(2, 1);
	let mut found: BTreeMap<[u64; 3], u32> = BTreeMap::new();
	let mut rng = Rng(3);
	ext.execute_with(|| {
		Policy::set(TestPolicy::WeightedLottery);
		Period::set(2);
		ValidatorWeights::set(CANDIDATES[..3].iter().map(|(account, weight)| (*account, (*weight).into())).collect());
		for (account, weight) in &CANDIDATES[3..] {
			bond(*account, *weight);
		}
		for _ in 0..3 {
			run_to_next_session();
		}
	});
	for _ in 0..ELECTIONS / BATCH {
		ext.commit_all().expect("no transaction is open; qed");
		ext.execute_with(|| {
			for _ in 0..BATCH {
				*found.entry(hold_election(&mut rng)).or_default() += 1;
			}
		});
	}

	let expected = orders();
	assert!((expected.values().sum::<f64>() - 1.0).abs() < 1e-12);
	let all = f64::from(ELECTIONS);
	let (mut statistic, mut degrees) = (0.0, -1.0f64);
	let mut add = |found: f64, expected: f64| {
		statistic += (found - expected).powi(2) / expected;
		degrees += 1.0;
	};
	let mut rare = (0.0, 0.0);
	for (order, probability) in &expected {
		let found = found.get(order).copied().unwrap_or_default().into();
		if probability * all < 5.0 {
			rare = (rare.0 + found, rare.1 + probability * all);
		} else {
			add(found, probability * all);
		}
	}
	if rare.1 > 0.0 {
		add(rare.0, rare.1);
	}
	// Wilson and Hilferty's approximation of the 0.999 quantile, 3.09 standard deviations.
	let spread = 2.0 / (9.0 * degrees);
	let critical = degrees * (1.0 - spread + 3.09 * spread.sqrt()).powi(3);
	assert!(statistic < critical, "{statistic} with {degrees} degrees of freedom; {critical} is the limit");

	for (account, _) in CANDIDATES {
		let includes = |order: &[u64; 3]| order[..2].contains(&account);
		let probability: f64 =
			expected.iter().filter(|(order, _)| includes(order)).map(|(_, probability)| probability).sum();
		let elected: u32 = found.iter().filter(|(order, _)| includes(order)).map(|(_, count)| count).sum();
		let deviation = (f64::from(elected) - all * probability) / (all * probability * (1.0 - probability)).sqrt();
		assert!(deviation.abs() < 3.7, "account {account} was elected {elected} times, {deviation} deviations off");
	}
}
