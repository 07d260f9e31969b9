//! Properties that hold for all candidates.

use super::{super::*, any_candidate, any_magnitude};
use core::num::NonZeroU128;
use proptest::prelude::*;

/// Draws of all magnitudes, near 0 as well as near 2^128.
fn any_draw() -> impl Strategy<Value = u128> {
	(any_magnitude(), any::<bool>()).prop_map(|(draw, invert)| if invert { !draw } else { draw })
}

fn any_weight() -> impl Strategy<Value = NonZeroU128> {
	any_magnitude().prop_map(|weight| NonZeroU128::new(weight).unwrap_or(NonZeroU128::MIN))
}

/// -log2(u) / weight in units of 2^-120, by floating point: to one part in 10^12.
fn real_rank(draw: u128, weight: NonZeroU128) -> f64 {
	const TWO_TO_128: f64 = (1u128 << 64) as f64 * (1u128 << 64) as f64;
	let minus_ln = if draw >> 127 == 1 {
		// 1 - u is exact enough where u is near 1; the logarithm of u rounded to a multiple of 2^-53 is not.
		-(-((u128::MAX - draw) as f64 + 1.0) / TWO_TO_128).ln_1p()
	} else {
		128.0 * core::f64::consts::LN_2 - (draw.max(1) as f64).ln()
	};
	minus_ln / core::f64::consts::LN_2 / weight.get() as f64 * (1u128 << 120) as f64
}

const RELATIVE_ERROR: f64 = 1e-12;
/// How far a rank may be off, in units of 2^-120. See [`WeightedLottery`].
const RANK_ERROR: f64 = 1.0 + 1.0 / 64.0;

proptest! {
	#[test]
	fn every_candidate_has_a_rank_in_the_range_of_its_kind(candidate in any_candidate()) {
		AllAuthorities::rank(&candidate);
		let Rank(highest_weight) = HighestWeight::rank(&candidate);
		prop_assert_eq!(highest_weight >> 32, MAX_WEIGHT - candidate.weight.min(MAX_WEIGHT));
		prop_assert_eq!(highest_weight as u32 == u32::MAX, candidate.seed.is_none());
		let Rank(lottery) = WeightedLottery::rank(&candidate);
		match (candidate.weight, candidate.seed) {
			(0, _) => prop_assert_eq!(lottery, u128::MAX),
			(_, None) => prop_assert!((1 << 127) < lottery && lottery < u128::MAX),
			(_, Some(_)) => prop_assert!(lottery <= 1 << 127),
		}
	}

	#[test]
	fn a_greater_weight_never_makes_a_rank_worse(candidate in any_candidate(), weight in any_magnitude()) {
		let lighter = Candidate { weight: weight.min(candidate.weight), ..candidate };
		let heavier = Candidate { weight: weight.max(candidate.weight), ..candidate };
		prop_assert!(HighestWeight::rank(&heavier) <= HighestWeight::rank(&lighter));
		prop_assert!(WeightedLottery::rank(&heavier) <= WeightedLottery::rank(&lighter));
	}

	#[test]
	fn a_greater_draw_never_makes_a_rank_worse(a in any_draw(), b in any_draw(), weight in any_weight()) {
		prop_assert!(WeightedLottery::drawn(a.max(b), weight) <= WeightedLottery::drawn(a.min(b), weight));
	}

	#[test]
	fn a_rank_is_as_near_to_the_real_number_as_stated(draw in any_draw(), weight in any_weight()) {
		let Rank(rank) = WeightedLottery::drawn(draw, weight);
		let real = real_rank(draw, weight);
		let off = (rank as f64 - real).abs();
		prop_assert!(off <= RANK_ERROR + real * RELATIVE_ERROR, "{} is off by {}", rank, off);
	}

	#[test]
	fn ranks_compare_as_the_real_numbers_do(
		// Half of the time, draws and weights are close: only then is the comparison hard.
		(draw_1, weight_1, near) in (any_draw(), any_weight(), any::<bool>()),
		(draw_2, weight_2) in (any_draw(), any_weight()),
		distance in 0..1u128 << 100,
	) {
		let (draw_2, weight_2) =
			if near { (draw_1.wrapping_add(distance), weight_1.saturating_add(distance >> 64)) } else { (draw_2, weight_2) };
		let (real_1, real_2) = (real_rank(draw_1, weight_1), real_rank(draw_2, weight_2));
		let order = WeightedLottery::drawn(draw_1, weight_1).cmp(&WeightedLottery::drawn(draw_2, weight_2));
		let margin = 1.0 + RANK_ERROR + (real_1 + real_2) * RELATIVE_ERROR;
		if (real_1 - real_2).abs() >= margin {
			prop_assert_eq!(Some(order), real_1.partial_cmp(&real_2));
		}
	}

	#[test]
	fn class_matters_to_all_authorities_only(candidate in any_candidate()) {
		let validator = Candidate { class: RegistrantClass::Validator, ..candidate };
		let operator = Candidate { class: RegistrantClass::Operator, ..candidate };
		prop_assert!(AllAuthorities::rank(&validator) < AllAuthorities::rank(&operator));
		prop_assert_eq!(HighestWeight::rank(&validator), HighestWeight::rank(&operator));
		prop_assert_eq!(WeightedLottery::rank(&validator), WeightedLottery::rank(&operator));
	}
}
