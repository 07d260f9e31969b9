//! Which candidate ranks before which, case by case.

use super::{
	super::{draw::draw, *},
	candidate,
};
use frame_support::traits::ConstU128;

fn operator(number: u8, weight: u128) -> Candidate<[u8; 32]> {
	Candidate { class: RegistrantClass::Operator, ..candidate(number, weight) }
}

fn without_seed(candidate: Candidate<[u8; 32]>) -> Candidate<[u8; 32]> {
	Candidate { seed: None, ..candidate }
}

/// Does each of these rank before the next one?
fn in_order<P: ElectionPolicy<[u8; 32]>>(candidates: &[Candidate<[u8; 32]>]) -> bool {
	candidates.windows(2).all(|pair| P::rank(&pair[0]) < P::rank(&pair[1]))
}

#[test]
fn all_authorities_are_equal_and_operators_are_behind_them() {
	let rank = AllAuthorities::rank;
	assert_eq!(rank(&candidate(1, 0)), Rank::BEST);
	assert_eq!(rank(&candidate(1, 0)), rank(&without_seed(candidate(2, 5))));
	assert_eq!(rank(&operator(1, 7)), rank(&without_seed(operator(2, 0))));
	assert!(rank(&candidate(1, 0)) < rank(&operator(2, 7)));
}

#[test]
fn the_heaviest_come_first_whatever_their_class_and_seed() {
	let candidates = [
		candidate(1, MAX_WEIGHT),
		without_seed(operator(2, MAX_WEIGHT - 1)),
		operator(3, 1_000_000_007),
		without_seed(candidate(4, 1_000_000_006)),
		candidate(5, 1),
		candidate(6, 0),
	];
	assert!(in_order::<HighestWeight>(&candidates));
}

#[test]
fn equal_weights_are_drawn_for_and_without_seed_come_last() {
	let mut candidates: Vec<_> = (0..20).map(|number| candidate(number, 12)).collect();
	candidates.sort_by_key(draw);
	candidates.extend([without_seed(candidate(20, 12)), candidate(21, 11)]);
	assert!(in_order::<HighestWeight>(&candidates));
	assert_eq!(
		HighestWeight::rank(&without_seed(candidate(20, 12))),
		HighestWeight::rank(&without_seed(operator(22, 12)))
	);
}

#[test]
fn the_lottery_ranks_the_drawn_first_then_those_without_seed_then_without_weight() {
	// No drawn candidate can have a worse rank.
	let worst_drawn = WeightedLottery::drawn(0, core::num::NonZeroU128::MIN);
	assert_eq!(worst_drawn, Rank(1 << 127));
	for number in 0..100 {
		assert!(WeightedLottery::rank(&candidate(number, 1)) <= worst_drawn);
	}
	let heaviest_undrawn = without_seed(candidate(1, MAX_WEIGHT));
	assert!(worst_drawn < WeightedLottery::rank(&heaviest_undrawn));
	assert!(in_order::<WeightedLottery>(&[
		heaviest_undrawn,
		without_seed(operator(2, 10)),
		without_seed(candidate(3, 1)),
		candidate(4, 0),
	]));
	assert_eq!(WeightedLottery::rank(&candidate(4, 0)), Rank::LAST);
	assert_eq!(WeightedLottery::rank(&without_seed(candidate(5, 0))), Rank::LAST);
}

#[test]
fn the_best_draw_still_has_a_rank_that_its_weight_divides() {
	assert_eq!(WeightedLottery::drawn(u128::MAX, core::num::NonZeroU128::MIN), Rank(1));
	assert_eq!(WeightedLottery::drawn(u128::MAX, core::num::NonZeroU128::MAX), Rank::BEST);
	assert_eq!(WeightedLottery::drawn(1 << 127, core::num::NonZeroU128::MIN), Rank(1 << 120));
}

#[test]
fn a_draw_depends_on_seed_session_and_account_only() {
	let drawn = draw(&candidate(1, 5));
	assert!(drawn.is_some());
	assert_eq!(drawn, draw(&operator(1, 7)));
	assert_ne!(drawn, draw(&candidate(2, 5)));
	assert_ne!(drawn, draw(&Candidate { session_index: 2, ..candidate(1, 5) }));
	assert_ne!(drawn, draw(&Candidate { seed: Some(Seed([1; 32])), ..candidate(1, 5) }));
	assert_eq!(draw(&without_seed(candidate(1, 5))), None);
}

#[test]
fn weights_are_equal_or_those_of_bonds() {
	fn weights<Weights: RegistrantWeights<[u8; 32], Balance>, Balance>(bond: Balance) -> (u128, u128) {
		(Weights::validator(&[1; 32]), Weights::operator(bond))
	}
	type ByBond = BondWeights<ConstU128<500>>;
	assert_eq!(weights::<EqualWeights, _>(77u64), (1, 1));
	assert_eq!(weights::<ByBond, _>(77u64), (500, 77));
	assert_eq!(weights::<ByBond, _>(u128::MAX), (500, u128::MAX));
}
