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
//! def vector(account, session, weight, seed):
//!     behind = MAX_WEIGHT - min(weight, MAX_WEIGHT)
//!     if seed is None:
//!         draw, tie_break, lottery = None, 2**32 - 1, 2**127 + 1 + behind
//!     else:
//!         hashed = b"mixnet/election/v2" + bytes([seed] * 32) + session.to_bytes(4, "little") + bytes([account] * 32)
//!         draw = int.from_bytes(blake2b(hashed, digest_size=16).digest(), "little")
//!         tie_break = draw >> 97
//!         lottery = (2**127 - int(floor(log(draw, 2) * 2**120))) // max(min(weight, MAX_WEIGHT), 1)
//!     return draw, behind << 32 | tie_break, lottery if weight else 2**128 - 1
//! ```
//!
//! For other numbers than these, a lottery rank may differ by 1: see the logarithm's error.

use super::super::{draw::draw, *};
use mixnet_primitives::SessionIndex;

/// A candidate, its draw and its ranks.
struct Vector {
	/// The account's 32 bytes, all the same.
	account: u8,
	session_index: SessionIndex,
	weight: u128,
	/// The seed's 32 bytes, all the same.
	seed: Option<u8>,
	draw: Option<u128>,
	highest_weight: u128,
	weighted_lottery: u128,
}

/// (account, session, weight, seed), draw, ranks.
const fn vector(
	(account, session_index, weight, seed): (u8, SessionIndex, u128, Option<u8>),
	draw: Option<u128>,
	highest_weight: u128,
	weighted_lottery: u128,
) -> Vector {
	Vector { account, session_index, weight, seed, draw, highest_weight, weighted_lottery }
}

#[rustfmt::skip]
const VECTORS: [Vector; 22] = [
	vector((0x1, 0x1, 0x1, Some(0x7)), Some(0x3b8525fd_acc66dea_3802428c_6b81d853), 0xffffffff_ffffffff_fffffffe_1dc292fe, 0x21acd45_6b64b942_5f6a6580_23e6b5fc),
	vector((0x2, 0x1, 0x1, Some(0x7)), Some(0x5ba3b76e_d712fc4c_581fc577_b0613195), 0xffffffff_ffffffff_fffffffe_2dd1dbb7, 0x17b6b0a_0b6e0528_d0d4e3b8_21c50836),
	vector((0x1, 0x2, 0x1, Some(0x7)), Some(0xf076d9d0_6397ffdf_c83f21e3_c392cb27), 0xffffffff_ffffffff_fffffffe_783b6ce8, 0x171f4c_4d235bcb_80cf5f11_314966ab),
	vector((0x1, 0x1, 0x1, Some(0x8)), Some(0xfbac02b2_fc301fbb_f131340f_83cf4a68), 0xffffffff_ffffffff_fffffffe_7dd60159, 0x64c28_5c34117b_245829fe_29709b30),
	vector((0x0, 0x0, 0x1, Some(0x0)), Some(0xad5f667e_c5697927_166f5ec7_8a613dcb), 0xffffffff_ffffffff_fffffffe_56afb33f, 0x8ff0c1_ee9c5f57_ca550816_2429531a),
	vector((0xff, 0xffffffff, 0x1, Some(0xff)), Some(0xbee512bd_053f217c_cefa7d6d_a98d5e97), 0xffffffff_ffffffff_fffffffe_5f72895e, 0x6c61b4_c13179e5_66ae6d58_973909f2),
	vector((0x3, 0x4, 0x3e8, Some(0x9)), Some(0x1026fe4e_2e43d76a_a7f3a7a5_f674611f), 0xffffffff_ffffffff_fffffc17_08137f27, 0x1053f_87f7dbc8_0420022a_af38897c),
	vector((0x3, 0x4, 0x3e8, None), None, 0xffffffff_ffffffff_fffffc17_ffffffff, 0x80000000_ffffffff_ffffffff_fffffc18),
	vector((0x4, 0x4, 0x2_540be400, Some(0x9)), Some(0x68b05ce8_596acd0d_c2d109b0_288a94aa), 0xffffffff_fffffffd_abf41bff_34582e74, 0x8dd742_6e9964ef_d87fc81a),
	vector((0x5, 0x4, 0xde0b6b3_a7640000, Some(0x9)), Some(0x9137f316_0a3ba20e_9a964e61_fac868b1), 0xffffffff_f21f494c_589bffff_489bf98b, 0xf168238_f6e7d267),
	vector((0x6, 0x4, 0xffffffff_ffffffff, Some(0x9)), Some(0x2e0170d3_a5a52521_6bf12b78_3da7f11b), 0xffffffff_00000000_00000000_1700b869, 0x279ec46_e0aeb303),
	vector((0x7, 0x4, 0x1_00000000_00000000, Some(0x9)), Some(0x7db414ea_b68a30d1_e2e186f6_ed748a56), 0xfffffffe_ffffffff_ffffffff_3eda0a75, 0x106afc6_b255ee8a),
	vector((0x8, 0x4, 0x33b2e3c_9fd0803c_e8000000, Some(0x9)), Some(0x4a1328dd_d6a72ffc_6e93ca9c_01d84bf0), 0xfcc4d1c3_602f7fc3_17ffffff_2509946e, 0x8dbf0553),
	vector((0x9, 0x4, 0xffffffff_ffffffff_fffffffe, Some(0x9)), Some(0x70c23aca_5117dcc9_a13d6959_715e2202), 0x1_38611d65, 0x12ed2db),
	vector((0xa, 0x4, 0xffffffff_ffffffff_ffffffff, Some(0x9)), Some(0x526b85d0_e3e422ae_ce3d5d34_a7f60198), 0x2935c2e8, 0x1a2946c),
	vector((0xa, 0x4, 0x1_00000000_00000000_00000000, Some(0x9)), Some(0x526b85d0_e3e422ae_ce3d5d34_a7f60198), 0x2935c2e8, 0x1a2946c),
	vector((0xa, 0x4, 0xffffffff_ffffffff_ffffffff_ffffffff, Some(0x9)), Some(0x526b85d0_e3e422ae_ce3d5d34_a7f60198), 0x2935c2e8, 0x1a2946c),
	vector((0xb, 0x4, 0x0, Some(0x9)), Some(0xf44faf94_25fcce60_89eda878_88ed72df), 0xffffffff_ffffffff_ffffffff_7a27d7ca, 0xffffffff_ffffffff_ffffffff_ffffffff),
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
				account: [vector.account; 32],
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
