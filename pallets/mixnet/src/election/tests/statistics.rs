//! Compares a hundred thousand elections with exact probabilities.
//!
//! The probabilities come from the definition of successive weighted sampling, by going through all ordered draws
//! ([`exact`]), and share nothing with the code under test. The tests count which candidates are elected, each by
//! itself and all together.
//!
//! # Significance
//!
//! Let something happen with probability p in each of N independent elections, and let c be how often it does.
//! Chernoff's bound limits the probability that c is far from Np: for every t,
//!
//! > P(N D(c/N, p) >= t) <= 2 e^-t, D(q, p) = q ln(q/p) + (1-q) ln((1-q)/(1-p)),
//!
//! where one e^-t is for counts above Np, and one for counts below. Unlike an approximation by the normal distribution,
//! it holds for any N and p, rare outcomes included. By the union bound, with h counts in a test, t = ln(2h / 10^-6)
//! makes **10^-6 the most that the chance of a false alarm can be for each test**; for hundred counts that is t = 19.1,
//! a deviation of about 6.2 standard deviations. The seeds are fixed, so a test that passes once passes always.
//!
//! Some wrong samplers are tested as well, to show that the counts are sharp enough to find them.

use super::{
	super::{draw::draw, *},
	candidate,
};
use mixnet_primitives::SessionIndex;
use std::collections::BTreeMap;

const ELECTIONS: u32 = 100_000;
/// The greatest chance of a false alarm, for each test.
const SIGNIFICANCE: f64 = 1e-6;

/// Sets of candidates, one bit for each.
type Outcome = u32;

/// Candidates that compete for some places.
#[derive(Debug)]
struct Contest {
	/// Each election is for a session of its own, so that all draw different numbers.
	session_index: SessionIndex,
	weights: &'static [u128],
	places: usize,
}

const CONTESTS: [Contest; 6] = [
	Contest { session_index: 1, weights: &[1, 2, 3, 4], places: 2 },
	Contest { session_index: 2, weights: &[1, 2, 3, 4, 5, 6, 7, 8], places: 3 },
	Contest { session_index: 3, weights: &[1, 1, 10, 100, 1000], places: 2 },
	Contest { session_index: 4, weights: &[7, 7, 7, 7, 7, 7], places: 3 },
	// Stakes, in units of 10^-18.
	Contest {
		session_index: 5,
		weights: &[
			1_500_000_000_000_000_000_000,
			70_000_000_000_000_000_000_000,
			2_000_000_000_000_000_000_000_000,
			2_100_000_000_000_000_000_000_000,
		],
		places: 2,
	},
	// The coarsest ranks.
	Contest {
		session_index: 6,
		weights: &[MAX_WEIGHT, MAX_WEIGHT / 2, MAX_WEIGHT / 4, MAX_WEIGHT / 8, MAX_WEIGHT / 8],
		places: 3,
	},
];

/// The probabilities of all outcomes of successive weighted sampling without replacement: of every ordered draw, the
/// product over its steps of the weight drawn divided by the sum of those that are left.
fn exact(contest: &Contest) -> BTreeMap<Outcome, f64> {
	fn draw_next(contest: &Contest, drawn: Outcome, probability: f64, outcomes: &mut BTreeMap<Outcome, f64>) {
		if drawn.count_ones() as usize == contest.places {
			*outcomes.entry(drawn).or_default() += probability;
			return;
		}
		let left = || (0..contest.weights.len()).filter(|i| drawn & 1 << i == 0);
		let sum: f64 = left().map(|i| contest.weights[i] as f64).sum();
		for i in left() {
			draw_next(contest, drawn | 1 << i, probability * contest.weights[i] as f64 / sum, outcomes);
		}
	}
	let mut outcomes = BTreeMap::new();
	draw_next(contest, 0, 1.0, &mut outcomes);
	outcomes
}

/// Holds many elections, each with a seed of its own, and counts their outcomes.
fn elect<P: ElectionPolicy<[u8; 32]>>(contest: &Contest) -> BTreeMap<Outcome, u32> {
	let mut outcomes = BTreeMap::new();
	for election in 0..ELECTIONS {
		let mut seed = [0; 32];
		seed[..4].copy_from_slice(&election.to_le_bytes());
		count_election::<P>(contest, |candidate| candidate.seed = Some(Seed(seed)), &mut outcomes);
	}
	outcomes
}

fn count_election<P: ElectionPolicy<[u8; 32]>>(
	contest: &Contest,
	prepare: impl Fn(&mut Candidate<[u8; 32]>),
	outcomes: &mut BTreeMap<Outcome, u32>,
) {
	let mut ranked: Vec<_> = contest
		.weights
		.iter()
		.enumerate()
		.map(|(i, weight)| {
			let mut candidate = Candidate { session_index: contest.session_index, ..candidate(i as u8, *weight) };
			prepare(&mut candidate);
			(P::rank(&candidate), i)
		})
		.collect();
	// Of equal ranks, the first to register comes first.
	ranked.sort_unstable();
	let elected = ranked[..contest.places].iter().fold(0, |outcome, (_, i)| outcome | 1 << i);
	*outcomes.entry(elected).or_default() += 1;
}

/// How far a count is from the expected one: N D(c/N, p).
fn deviation(count: u32, probability: f64) -> f64 {
	let entropy = |q: f64, p: f64| if q == 0.0 { 0.0 } else { q * (q / p).ln() };
	let frequency = f64::from(count) / f64::from(ELECTIONS);
	f64::from(ELECTIONS) * (entropy(frequency, probability) + entropy(1.0 - frequency, 1.0 - probability))
}

/// The deviations of how often each candidate was elected.
fn inclusions(contest: &Contest, counts: &BTreeMap<Outcome, u32>) -> Vec<f64> {
	let exact = exact(contest);
	let elects = |outcome: &Outcome, i: usize| outcome & 1 << i != 0;
	(0..contest.weights.len())
		.map(|i| {
			let probability = exact.iter().filter(|(outcome, _)| elects(outcome, i)).map(|(_, p)| p).sum();
			let count = counts.iter().filter(|(outcome, _)| elects(outcome, i)).map(|(_, count)| count).sum();
			deviation(count, probability)
		})
		.collect()
}

/// The deviations of how often each set of candidates was elected.
fn outcomes(contest: &Contest, counts: &BTreeMap<Outcome, u32>) -> Vec<f64> {
	exact(contest)
		.iter()
		.map(|(outcome, probability)| deviation(counts.get(outcome).copied().unwrap_or(0), *probability))
		.collect()
}

/// Are these counts what they should be, at the significance of a test?
fn accepted(deviations: &[f64]) -> bool {
	let bound = (2.0 * deviations.len() as f64 / SIGNIFICANCE).ln();
	deviations.iter().all(|deviation| *deviation < bound)
}

#[test]
fn the_exact_probabilities_are_those_computed_by_hand() {
	let exact = exact(&Contest { session_index: 1, weights: &[1, 1, 2], places: 2 });
	// 1/4 * 1/3 twice; 1/4 * 2/3 + 2/4 * 1/2.
	let expected = [(0b011, 1.0 / 6.0), (0b101, 5.0 / 12.0), (0b110, 5.0 / 12.0)];
	assert_eq!(exact.len(), expected.len());
	for (outcome, probability) in expected {
		assert!((exact[&outcome] - probability).abs() < 1e-15);
	}
	for contest in &CONTESTS {
		assert!((self::exact(contest).values().sum::<f64>() - 1.0).abs() < 1e-12, "{contest:?}");
	}
}

#[test]
fn candidates_are_elected_as_often_as_successive_weighted_sampling_draws_them() {
	let deviations: Vec<_> =
		CONTESTS.iter().flat_map(|contest| inclusions(contest, &elect::<WeightedLottery>(contest))).collect();
	assert!(accepted(&deviations), "{deviations:?}");
}

#[test]
fn sets_of_candidates_are_elected_as_often_as_successive_sampling_draws_them() {
	let deviations: Vec<_> =
		CONTESTS.iter().flat_map(|contest| outcomes(contest, &elect::<WeightedLottery>(contest))).collect();
	assert!(accepted(&deviations), "{deviations:?}");
}

#[test]
fn sessions_are_drawn_for_independently_even_if_the_seed_stands_still() {
	let contest = &CONTESTS[0];
	let mut counts = BTreeMap::new();
	for session_index in 0..ELECTIONS {
		count_election::<WeightedLottery>(contest, |candidate| candidate.session_index = session_index, &mut counts);
	}
	let deviations = outcomes(contest, &counts);
	assert!(accepted(&deviations), "{deviations:?}");
}

#[test]
fn equal_weights_are_drawn_for_fairly_by_highest_weight() {
	let contest = &CONTESTS[3];
	let deviations = outcomes(contest, &elect::<HighestWeight>(contest));
	assert!(accepted(&deviations), "{deviations:?}");
}

/// u / weight instead of -ln(u) / weight: the obvious mistake, and nearly the same where u is near 1.
struct LinearLottery;

impl ElectionPolicy<[u8; 32]> for LinearLottery {
	fn rank(candidate: &Candidate<[u8; 32]>) -> Rank {
		Rank(draw(candidate).unwrap_or(u128::MAX) / candidate.weight)
	}
}

/// The logarithm with a linear mantissa, log2(m) = m - 1, which is off by less than 0.09 everywhere.
struct ChordLottery;

impl ElectionPolicy<[u8; 32]> for ChordLottery {
	fn rank(candidate: &Candidate<[u8; 32]>) -> Rank {
		let draw = draw(candidate).unwrap_or_default().max(1);
		let mantissa = draw << draw.leading_zeros();
		let fraction = (mantissa - (1 << 127)) >> 7;
		let exponential = (128 << 120) - (u128::from(draw.ilog2()) << 120 | fraction);
		Rank(exponential / candidate.weight)
	}
}

/// A lottery in which one candidate gets 4 in 100 more than its share.
struct FavouringLottery;

impl ElectionPolicy<[u8; 32]> for FavouringLottery {
	fn rank(candidate: &Candidate<[u8; 32]>) -> Rank {
		let Rank(rank) = WeightedLottery::rank(candidate);
		let favoured = candidate.account == self::candidate(1, 0).account;
		Rank(if favoured { rank / 104 * 100 } else { rank })
	}
}

fn is_found_out<P: ElectionPolicy<[u8; 32]>>(contest: &Contest) {
	let counts = elect::<P>(contest);
	let deviations = inclusions(contest, &counts);
	assert!(!accepted(&deviations), "{contest:?}: {deviations:?}");
}

#[test]
fn wrong_samplers_are_found_out() {
	// With equal weights, the first two are fair.
	for contest in CONTESTS.iter().filter(|contest| contest.weights.iter().any(|weight| *weight != contest.weights[0]))
	{
		is_found_out::<LinearLottery>(contest);
		is_found_out::<ChordLottery>(contest);
	}
	is_found_out::<FavouringLottery>(&CONTESTS[3]);
}
