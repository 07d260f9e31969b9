//! Ranks that must never change: a difference between native and wasm code, or between two versions of a runtime within
//! one session, would split the chain or unsettle an election.
//!
//! This program (Python 3 with mpmath), which shares no code with what is tested, has made them. Its `vector` gives the
//! draw and the ranks by [`HighestWeight`] and [`WeightedLottery`]:
//!
//! ```python
//! from hashlib import blake2b
//! from mpmath import floor, log, mp
//!
//! mp.dps = 80
//! MAX_WEIGHT = 2**96 - 1
//!
//! def vector(registrant, session, weight, seed):
//!     behind = MAX_WEIGHT - min(weight, MAX_WEIGHT)
//!     if seed is None:
//!         draw, tie_break, lottery = None, 2**32 - 1, 2**127 + 1 + behind
//!     else:
//!         hashed = b"mixnet/election/v1" + bytes([seed] * 32) + session.to_bytes(4, "little") + bytes([registrant] * 32)
//!         draw = int.from_bytes(blake2b(hashed, digest_size=16).digest(), "little")
//!         tie_break = draw >> 97
//!         lottery = (2**127 - int(floor(log(draw, 2) * 2**120))) // max(min(weight, MAX_WEIGHT), 1)
//!     return draw, behind << 32 | tie_break, lottery if weight else 2**128 - 1
//! ```
//!
//! For other numbers than these, a lottery rank may differ by 1: see the logarithm's error.

use super::super::{draw::draw, *};
use mixnet_primitives::{Registrant, SessionIndex};

/// A candidate, its draw and its ranks.
struct Vector {
	/// The registrant's 32 bytes, all the same.
	registrant: u8,
	session_index: SessionIndex,
	weight: u128,
	/// The seed's 32 bytes, all the same.
	seed: Option<u8>,
	draw: Option<u128>,
	highest_weight: u128,
	weighted_lottery: u128,
}

/// (registrant, session, weight, seed), draw, ranks.
const fn vector(
	(registrant, session_index, weight, seed): (u8, SessionIndex, u128, Option<u8>),
	draw: Option<u128>,
	highest_weight: u128,
	weighted_lottery: u128,
) -> Vector {
	Vector { registrant, session_index, weight, seed, draw, highest_weight, weighted_lottery }
}

#[rustfmt::skip]
const VECTORS: [Vector; 22] = [
	vector((0x1, 0x1, 0x1, Some(0x7)), Some(0x22b5705_f7f08d11_5e73fb17_5c10d1dd), 0xffffffff_ffffffff_fffffffe_0115ab82, 0x6e1fd63_b02f4bad_855a9683_d5ac7fba),
	vector((0x2, 0x1, 0x1, Some(0x7)), Some(0xa11c0328_a8626b46_f97cdb31_43772b3a), 0xffffffff_ffffffff_fffffffe_508e0194, 0xab08cb_30401c77_ef848451_c7916887),
	vector((0x1, 0x2, 0x1, Some(0x7)), Some(0x8da4e8da_c839faa8_40ca953d_21e4fecb), 0xffffffff_ffffffff_fffffffe_46d2746d, 0xda9763_765ee77e_f2d06dce_62a005e9),
	vector((0x1, 0x1, 0x1, Some(0x8)), Some(0x350fa80a_08193e42_ab3d796a_c87befeb), 0xffffffff_ffffffff_fffffffe_1a87d405, 0x24539f7_6d55a4d0_de919ba4_1657dd1d),
	vector((0x0, 0x0, 0x1, Some(0x0)), Some(0x402bd19a_3066c37b_5e1e4a23_a3969756), 0xffffffff_ffffffff_fffffffe_2015e8cd, 0x1ff0378_183765bd_c1f382b1_574d8e2e),
	vector((0xff, 0xffffffff, 0x1, Some(0xff)), Some(0x46d6a5d7_45a5ad09_2e8d70d7_69c06096), 0xffffffff_ffffffff_fffffffe_236b52eb, 0x1da8186_5e25b03b_2d6f2397_966ef802),
	vector((0x3, 0x4, 0x3e8, Some(0x9)), Some(0xe456f130_7602809b_8e2ba197_277f63f2), 0xffffffff_ffffffff_fffffc17_722b7898, 0xacf_9d0a8ac4_90a223c7_4184a34e),
	vector((0x3, 0x4, 0x3e8, None), None, 0xffffffff_ffffffff_fffffc17_ffffffff, 0x80000000_ffffffff_ffffffff_fffffc18),
	vector((0x4, 0x4, 0x2_540be400, Some(0x9)), Some(0x75ab5536_d326ecba_794ad5f4_fe28386f), 0xffffffff_fffffffd_abf41bff_3ad5aa9b, 0x7b4cc7_6bb5dec2_080ac7bd),
	vector((0x5, 0x4, 0xde0b6b3_a7640000, Some(0x9)), Some(0xe65f0abb_e18c4890_7e2a0713_68451c7d), 0xffffffff_f21f494c_589bffff_732f855d, 0x2ceaa0e_674559b2),
	vector((0x6, 0x4, 0xffffffff_ffffffff, Some(0x9)), Some(0x85db1e8f_0f6df9ac_2962505a_57d22289), 0xffffffff_00000000_00000000_42ed8f47, 0xef7a7b_d0593a45),
	vector((0x7, 0x4, 0x1_00000000_00000000, Some(0x9)), Some(0x4330a8a0_300b8b32_891a738f_2a3b6fdf), 0xfffffffe_ffffffff_ffffffff_21985450, 0x1ee08ee_d9913a39),
	vector((0x8, 0x4, 0x33b2e3c_9fd0803c_e8000000, Some(0x9)), Some(0xe17f506b_cc6bee00_e8c1841f_fc7dfc14), 0xfcc4d1c3_602f7fc3_17ffffff_70bfa835, 0xe805c5b),
	vector((0x9, 0x4, 0xffffffff_ffffffff_fffffffe, Some(0x9)), Some(0xc94efda7_fed21b53_87d209e4_d3d90079), 0x1_64a77ed3, 0x58c3a5),
	vector((0xa, 0x4, 0xffffffff_ffffffff_ffffffff, Some(0x9)), Some(0xf828275d_3a34a315_5bd180db_57d17282), 0x7c1413ae, 0xb7e02),
	vector((0xa, 0x4, 0x1_00000000_00000000_00000000, Some(0x9)), Some(0xf828275d_3a34a315_5bd180db_57d17282), 0x7c1413ae, 0xb7e02),
	vector((0xa, 0x4, 0xffffffff_ffffffff_ffffffff_ffffffff, Some(0x9)), Some(0xf828275d_3a34a315_5bd180db_57d17282), 0x7c1413ae, 0xb7e02),
	vector((0xb, 0x4, 0x0, Some(0x9)), Some(0x12957e3d_ae26fd8b_e208d5b2_b32aea6a), 0xffffffff_ffffffff_ffffffff_094abf1e, 0xffffffff_ffffffff_ffffffff_ffffffff),
	vector((0xb, 0x4, 0x0, None), None, 0xffffffff_ffffffff_ffffffff_ffffffff, 0xffffffff_ffffffff_ffffffff_ffffffff),
	vector((0xc, 0x4, 0x1, None), None, 0xffffffff_ffffffff_fffffffe_ffffffff, 0x80000000_ffffffff_ffffffff_ffffffff),
	vector((0xc, 0x4, 0xffffffff_ffffffff_ffffffff, None), None, 0xffffffff, 0x80000000_00000000_00000000_00000001),
	vector((0xc, 0x4, 0xffffffff_ffffffff_ffffffff_ffffffff, None), None, 0xffffffff, 0x80000000_00000000_00000000_00000001),
];

#[test]
fn ranks_are_those_of_the_vectors() {
	for vector in VECTORS {
		for class in [RegistrantClass::Validator, RegistrantClass::Operator] {
			let candidate = Candidate {
				registrant: Registrant([vector.registrant; 32]),
				session_index: vector.session_index,
				class,
				weight: vector.weight,
				seed: vector.seed.map(|byte| Seed([byte; 32])),
			};
			assert_eq!(draw(&candidate), vector.draw, "draw of {candidate:?}");
			assert_eq!(HighestWeight::rank(&candidate), Rank(vector.highest_weight), "{candidate:?}");
			assert_eq!(WeightedLottery::rank(&candidate), Rank(vector.weighted_lottery), "{candidate:?}");
		}
	}
}
