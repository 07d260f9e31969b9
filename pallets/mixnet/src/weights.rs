//! What the pallet's calls cost: the measured weights.
//!
//! Written by `make weights`. To change it, change the benchmarks in `benchmarking`, and measure again.
//!
//! | | |
//! |---|---|
//! | measured on | 2026-11-28 |
//! | processor | AMD EPYC |
//! | benchmarks | frame-benchmarking-cli 64.0.0, wasm Compiled |
//! | steps, repetitions | 25, 10 |
//! | entries of a map, at worst | 1000000 |
//!
//! The command:
//!
//! ```text
//! frame-omni-bencher
//! v1
//! benchmark
//! pallet
//! --runtime=runtime.wasm
//! --genesis-builder=none
//! --pallet=pallet_mixnet
//! --extrinsic=*
//! --repeat=10
//! --quiet
//! --steps=25
//! --default-pov-mode=measured
//! --template=weights.hbs
//! --output=weights.rs
//! ```

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, Weight},
};

/// Weights of `pallet_mixnet`. The benchmarks in `benchmarking` say what the components stand for.
pub trait WeightInfo {
	/// The weight of `register`, with `a` from 1 to 16.
	fn register(a: u32) -> Weight;
	/// The weight of `authorize_register`, with `a` from 1 to 16.
	fn authorize_register(a: u32) -> Weight;
	/// The weight of `bond`.
	fn bond() -> Weight;
	/// The weight of `bond_extra`.
	fn bond_extra() -> Weight;
	/// The weight of `set_operator_key`.
	fn set_operator_key() -> Weight;
	/// The weight of `unbond`.
	fn unbond() -> Weight;
	/// The weight of `withdraw`.
	fn withdraw() -> Weight;
	/// The weight of `unbond_part`.
	fn unbond_part() -> Weight;
	/// The weight of `rebond`.
	fn rebond() -> Weight;
	/// The weight of `slash`.
	fn slash() -> Weight;
	/// The weight of `set_parameters`.
	fn set_parameters() -> Weight;
	/// The weight of `force_remove`.
	fn force_remove() -> Weight;
	/// The weight of `disable`.
	fn disable() -> Weight;
	/// The weight of `prune`, with `k` from 1 to 256.
	fn prune(k: u32) -> Weight;
	/// The weight of `rotate`, with `p` from 1 to 13.
	fn rotate(p: u32) -> Weight;
	/// The weight of `rotate_within_election`, with `c` from 0 to 1000.
	fn rotate_within_election(c: u32) -> Weight;
	/// The weight of `migrate_to_v2`, with `a` from 1 to 1000, with `c` from 0 to 1100.
	fn migrate_to_v2(a: u32, c: u32) -> Weight;
	/// The weight of `migrate_candidacy`.
	fn migrate_candidacy() -> Weight;
	/// The weight of `migrate_leftover`.
	fn migrate_leftover() -> Weight;
	/// The weight of `migrate_operator`.
	fn migrate_operator() -> Weight;
}

/// The measured weights, with the database weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(32003), added: 34478, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(8327), added: 10802, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:1 w:2)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:1 w:2)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:4 w:6)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:2 w:2)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	fn register(a: u32) -> Weight {
		// Proof size in bytes:
		//  measured:  26972 + a * (6 ± 0)
		//  estimated: 37597 + a * (14 ± 37)
		// Shortest time: 286_796_000 ps.
		Weight::from_parts(320_651_550, 37597)
			// Standard error: 276_420 ps
			.saturating_add(Weight::from_parts(1_530_529, 0).saturating_mul(a.into()))
			.saturating_add(T::DbWeight::get().reads(17_u64))
			.saturating_add(T::DbWeight::get().writes(18_u64))
			.saturating_add(Weight::from_parts(0, 14).saturating_mul(a.into()))
	}

	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:0)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(32003), added: 34478, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(8327), added: 10802, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:1 w:0)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:1 w:0)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:1 w:0)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:1 w:0)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:1 w:0)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `Measured`)
	/// Storage: `Mixnet::PrivateAddresses` (r:1 w:0)
	/// Proof: `Mixnet::PrivateAddresses` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `Measured`)
	fn authorize_register(a: u32) -> Weight {
		// Proof size in bytes:
		//  measured:  14059 + a * (2 ± 0)
		//  estimated: 17534 + a * (1 ± 4)
		// Shortest time: 296_340_000 ps.
		Weight::from_parts(302_657_919, 17534)
			// Standard error: 601_080 ps
			.saturating_add(Weight::from_parts(6_598_137, 0).saturating_mul(a.into()))
			.saturating_add(T::DbWeight::get().reads(11_u64))
			.saturating_add(Weight::from_parts(0, 1).saturating_mul(a.into()))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(303), added: 2778, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(85), added: 2560, mode: `Measured`)
	fn bond() -> Weight {
		// Proof size in bytes:
		//  measured:  0
		//  estimated: 3465
		// Shortest time: 50_115_000 ps.
		Weight::from_parts(55_403_000, 3465)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(303), added: 2778, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(85), added: 2560, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:0)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	fn bond_extra() -> Weight {
		// Proof size in bytes:
		//  measured:  331
		//  estimated: 3796
		// Shortest time: 55_643_000 ps.
		Weight::from_parts(60_670_000, 3796)
			.saturating_add(T::DbWeight::get().reads(4_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(303), added: 2778, mode: `Measured`)
	/// Storage: `Mixnet::OperatorKeys` (r:1 w:2)
	/// Proof: `Mixnet::OperatorKeys` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(32003), added: 34478, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(8327), added: 10802, mode: `Measured`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:3 w:3)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn set_operator_key() -> Weight {
		// Proof size in bytes:
		//  measured:  26735
		//  estimated: 35150
		// Shortest time: 367_306_000 ps.
		Weight::from_parts(405_843_000, 35150)
			.saturating_add(T::DbWeight::get().reads(18_u64))
			.saturating_add(T::DbWeight::get().writes(17_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(303), added: 2778, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:3 w:3)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn unbond() -> Weight {
		// Proof size in bytes:
		//  measured:  17395
		//  estimated: 25810
		// Shortest time: 248_109_000 ps.
		Weight::from_parts(275_570_000, 25810)
			.saturating_add(T::DbWeight::get().reads(14_u64))
			.saturating_add(T::DbWeight::get().writes(15_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(303), added: 2778, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(85), added: 2560, mode: `Measured`)
	/// Storage: `Mixnet::OperatorKeys` (r:0 w:1)
	/// Proof: `Mixnet::OperatorKeys` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `Measured`)
	fn withdraw() -> Weight {
		// Proof size in bytes:
		//  measured:  536
		//  estimated: 4001
		// Shortest time: 50_525_000 ps.
		Weight::from_parts(54_050_000, 4001)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(303), added: 2778, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:4 w:4)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	fn unbond_part() -> Weight {
		// Proof size in bytes:
		//  measured:  18235
		//  estimated: 29125
		// Shortest time: 271_594_000 ps.
		Weight::from_parts(295_159_000, 29125)
			.saturating_add(T::DbWeight::get().reads(15_u64))
			.saturating_add(T::DbWeight::get().writes(14_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(303), added: 2778, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:0)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	fn rebond() -> Weight {
		// Proof size in bytes:
		//  measured:  530
		//  estimated: 3995
		// Shortest time: 16_605_000 ps.
		Weight::from_parts(18_237_000, 3995)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(303), added: 2778, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(85), added: 2560, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:4 w:4)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	fn slash() -> Weight {
		// Proof size in bytes:
		//  measured:  18291
		//  estimated: 29181
		// Shortest time: 317_742_000 ps.
		Weight::from_parts(340_065_000, 29181)
			.saturating_add(T::DbWeight::get().reads(16_u64))
			.saturating_add(T::DbWeight::get().writes(15_u64))
	}

	/// Storage: `Mixnet::SessionsParameters` (r:1 w:1)
	/// Proof: `Mixnet::SessionsParameters` (`max_values`: Some(1), `max_size`: Some(129), added: 624, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	fn set_parameters() -> Weight {
		// Proof size in bytes:
		//  measured:  0
		//  estimated: 1485
		// Shortest time: 5_518_000 ps.
		Weight::from_parts(6_029_000, 1485)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}

	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:3 w:3)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn force_remove() -> Weight {
		// Proof size in bytes:
		//  measured:  17539
		//  estimated: 25954
		// Shortest time: 244_874_000 ps.
		Weight::from_parts(272_956_000, 25954)
			.saturating_add(T::DbWeight::get().reads(13_u64))
			.saturating_add(T::DbWeight::get().writes(14_u64))
	}

	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(32003), added: 34478, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:13 w:0)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(8327), added: 10802, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:3 w:3)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn disable() -> Weight {
		// Proof size in bytes:
		//  measured:  122336
		//  estimated: 155501
		// Shortest time: 381_487_000 ps.
		Weight::from_parts(431_171_000, 155501)
			.saturating_add(T::DbWeight::get().reads(27_u64))
			.saturating_add(T::DbWeight::get().writes(14_u64))
	}

	/// Storage: `Mixnet::NextToPrune` (r:1 w:0)
	/// Proof: `Mixnet::NextToPrune` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:256 w:256)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:1 w:0)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:1 w:0)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:1 w:0)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn prune(k: u32) -> Weight {
		// Proof size in bytes:
		//  measured:  163 + k * (38 ± 0)
		//  estimated: 3806 + k * (2511 ± 0)
		// Shortest time: 24_987_000 ps.
		Weight::from_parts(37_077_491, 3806)
			// Standard error: 28_911 ps
			.saturating_add(Weight::from_parts(3_117_454, 0).saturating_mul(k.into()))
			.saturating_add(T::DbWeight::get().reads(6_u64))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(k.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(k.into())))
			.saturating_add(Weight::from_parts(0, 2511).saturating_mul(k.into()))
	}

	/// Storage: `Mixnet::CurrentSession` (r:1 w:1)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:2 w:1)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(32003), added: 34478, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:13 w:13)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(8327), added: 10802, mode: `Measured`)
	/// Storage: `Mixnet::SessionsParameters` (r:1 w:1)
	/// Proof: `Mixnet::SessionsParameters` (`max_values`: Some(1), `max_size`: Some(129), added: 624, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Babe::NextRandomness` (r:1 w:0)
	/// Proof: `Babe::NextRandomness` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `Measured`)
	/// Storage: `Babe::EpochStart` (r:1 w:0)
	/// Proof: `Babe::EpochStart` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `Measured`)
	/// Storage: `Babe::UnderConstruction` (r:1 w:0)
	/// Proof: `Babe::UnderConstruction` (`max_values`: None, `max_size`: Some(8206), added: 10681, mode: `Measured`)
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	/// Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `Measured`)
	/// Storage: `Mixnet::NextToPrune` (r:1 w:0)
	/// Proof: `Mixnet::NextToPrune` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `Measured`)
	/// Storage: `Session::DisabledValidators` (r:1 w:0)
	/// Proof: `Session::DisabledValidators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:0 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	fn rotate(p: u32) -> Weight {
		// Proof size in bytes:
		//  measured:  530 + p * (8364 ± 0)
		//  estimated: 6839 + p * (10760 ± 44)
		// Shortest time: 184_003_000 ps.
		Weight::from_parts(144_602_926, 6839)
			// Standard error: 752_809 ps
			.saturating_add(Weight::from_parts(47_235_626, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(11_u64))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(6_u64))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(p.into())))
			.saturating_add(Weight::from_parts(0, 10760).saturating_mul(p.into()))
	}

	/// Storage: `Mixnet::CurrentSession` (r:1 w:1)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:2 w:1)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(32003), added: 34478, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:13 w:13)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(8327), added: 10802, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:1100 w:1100)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:1100 w:1100)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:32 w:35)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Session::DisabledValidators` (r:1 w:0)
	/// Proof: `Session::DisabledValidators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1000)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1000)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn rotate_within_election(c: u32) -> Weight {
		// Proof size in bytes:
		//  measured:  629336 + c * (2717 ± 0)
		//  estimated: 1393691 + c * (5136 ± 498)
		// Shortest time: 544_159_000 ps.
		Weight::from_parts(4_699_332_380, 1393691)
			// Standard error: 777_385 ps
			.saturating_add(Weight::from_parts(72_190_417, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(467_u64))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(466_u64))
			.saturating_add(T::DbWeight::get().writes((4_u64).saturating_mul(c.into())))
			.saturating_add(Weight::from_parts(0, 5136).saturating_mul(c.into()))
	}

	/// Storage: UNKNOWN KEY `0xac42112d5338b6d943fa7c0ea6729c5b2a8fde4021a4d2de8b8acd973610ac29` (r:1 w:1)
	/// Proof: UNKNOWN KEY `0xac42112d5338b6d943fa7c0ea6729c5b2a8fde4021a4d2de8b8acd973610ac29` (r:1 w:1)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:1)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:2 w:2)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(32003), added: 34478, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:17 w:26)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(8327), added: 10802, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:34 w:34)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:1100 w:1100)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:1100 w:1100)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::OperatorKeys` (r:1100 w:0)
	/// Proof: `Mixnet::OperatorKeys` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `Measured`)
	/// Storage: `Session::DisabledValidators` (r:1 w:0)
	/// Proof: `Session::DisabledValidators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1100)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1100)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: UNKNOWN KEY `0xac42112d5338b6d943fa7c0ea6729c5bd16d2de6eb91d371054e0dbb9ab5edb5` (r:0 w:1)
	/// Proof: UNKNOWN KEY `0xac42112d5338b6d943fa7c0ea6729c5bd16d2de6eb91d371054e0dbb9ab5edb5` (r:0 w:1)
	fn migrate_to_v2(a: u32, c: u32) -> Weight {
		// Proof size in bytes:
		//  measured:  429 + a * (40 ± 0) + c * (2380 ± 0)
		//  estimated: 151375 + a * (78 ± 0) + c * (4856 ± 0)
		// Shortest time: 2_014_263_000 ps.
		Weight::from_parts(2_017_809_000, 151375)
			// Standard error: 642_148 ps
			.saturating_add(Weight::from_parts(3_241_601, 0).saturating_mul(a.into()))
			// Standard error: 583_825 ps
			.saturating_add(Weight::from_parts(57_199_465, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(9_u64))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(9_u64))
			.saturating_add(T::DbWeight::get().writes((4_u64).saturating_mul(c.into())))
			.saturating_add(Weight::from_parts(0, 78).saturating_mul(a.into()))
			.saturating_add(Weight::from_parts(0, 4856).saturating_mul(c.into()))
	}

	/// Storage: `Mixnet::Candidacies` (r:5 w:4)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(32003), added: 34478, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(8327), added: 10802, mode: `Measured`)
	/// Storage: `Mixnet::OperatorKeys` (r:1 w:0)
	/// Proof: `Mixnet::OperatorKeys` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(61), added: 556, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(93889), added: 96364, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:3 w:3)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn migrate_candidacy() -> Weight {
		// Proof size in bytes:
		//  measured:  27035
		//  estimated: 40400
		// Shortest time: 293_977_000 ps.
		Weight::from_parts(343_871_000, 40400)
			.saturating_add(T::DbWeight::get().reads(18_u64))
			.saturating_add(T::DbWeight::get().writes(15_u64))
	}

	/// Storage: `Mixnet::Candidacies` (r:1 w:0)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(120), added: 2595, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:1 w:0)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:1 w:0)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:2 w:1)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(8362), added: 10837, mode: `Measured`)
	fn migrate_leftover() -> Weight {
		// Proof size in bytes:
		//  measured:  70
		//  estimated: 6010
		// Shortest time: 15_563_000 ps.
		Weight::from_parts(16_525_000, 6010)
			.saturating_add(T::DbWeight::get().reads(5_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}

	/// Storage: `Mixnet::Operators` (r:2 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(303), added: 2778, mode: `Measured`)
	fn migrate_operator() -> Weight {
		// Proof size in bytes:
		//  measured:  182
		//  estimated: 6122
		// Shortest time: 6_249_000 ps.
		Weight::from_parts(6_760_000, 6122)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
}

/// The measured weights with RocksDB's database weights, for tests.
impl WeightInfo for () {
	fn register(a: u32) -> Weight {
		Weight::from_parts(320_651_550, 37597)
			.saturating_add(Weight::from_parts(1_530_529, 0).saturating_mul(a.into()))
			.saturating_add(RocksDbWeight::get().reads(17_u64))
			.saturating_add(RocksDbWeight::get().writes(18_u64))
			.saturating_add(Weight::from_parts(0, 14).saturating_mul(a.into()))
	}

	fn authorize_register(a: u32) -> Weight {
		Weight::from_parts(302_657_919, 17534)
			.saturating_add(Weight::from_parts(6_598_137, 0).saturating_mul(a.into()))
			.saturating_add(RocksDbWeight::get().reads(11_u64))
			.saturating_add(Weight::from_parts(0, 1).saturating_mul(a.into()))
	}

	fn bond() -> Weight {
		Weight::from_parts(55_403_000, 3465)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(2_u64))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(60_670_000, 3796)
			.saturating_add(RocksDbWeight::get().reads(4_u64))
			.saturating_add(RocksDbWeight::get().writes(2_u64))
	}

	fn set_operator_key() -> Weight {
		Weight::from_parts(405_843_000, 35150)
			.saturating_add(RocksDbWeight::get().reads(18_u64))
			.saturating_add(RocksDbWeight::get().writes(17_u64))
	}

	fn unbond() -> Weight {
		Weight::from_parts(275_570_000, 25810)
			.saturating_add(RocksDbWeight::get().reads(14_u64))
			.saturating_add(RocksDbWeight::get().writes(15_u64))
	}

	fn withdraw() -> Weight {
		Weight::from_parts(54_050_000, 4001)
			.saturating_add(RocksDbWeight::get().reads(3_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}

	fn unbond_part() -> Weight {
		Weight::from_parts(295_159_000, 29125)
			.saturating_add(RocksDbWeight::get().reads(15_u64))
			.saturating_add(RocksDbWeight::get().writes(14_u64))
	}

	fn rebond() -> Weight {
		Weight::from_parts(18_237_000, 3995)
			.saturating_add(RocksDbWeight::get().reads(3_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}

	fn slash() -> Weight {
		Weight::from_parts(340_065_000, 29181)
			.saturating_add(RocksDbWeight::get().reads(16_u64))
			.saturating_add(RocksDbWeight::get().writes(15_u64))
	}

	fn set_parameters() -> Weight {
		Weight::from_parts(6_029_000, 1485)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}

	fn force_remove() -> Weight {
		Weight::from_parts(272_956_000, 25954)
			.saturating_add(RocksDbWeight::get().reads(13_u64))
			.saturating_add(RocksDbWeight::get().writes(14_u64))
	}

	fn disable() -> Weight {
		Weight::from_parts(431_171_000, 155501)
			.saturating_add(RocksDbWeight::get().reads(27_u64))
			.saturating_add(RocksDbWeight::get().writes(14_u64))
	}

	fn prune(k: u32) -> Weight {
		Weight::from_parts(37_077_491, 3806)
			.saturating_add(Weight::from_parts(3_117_454, 0).saturating_mul(k.into()))
			.saturating_add(RocksDbWeight::get().reads(6_u64))
			.saturating_add(RocksDbWeight::get().reads((1_u64).saturating_mul(k.into())))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
			.saturating_add(RocksDbWeight::get().writes((1_u64).saturating_mul(k.into())))
			.saturating_add(Weight::from_parts(0, 2511).saturating_mul(k.into()))
	}

	fn rotate(p: u32) -> Weight {
		Weight::from_parts(144_602_926, 6839)
			.saturating_add(Weight::from_parts(47_235_626, 0).saturating_mul(p.into()))
			.saturating_add(RocksDbWeight::get().reads(11_u64))
			.saturating_add(RocksDbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(RocksDbWeight::get().writes(6_u64))
			.saturating_add(RocksDbWeight::get().writes((1_u64).saturating_mul(p.into())))
			.saturating_add(Weight::from_parts(0, 10760).saturating_mul(p.into()))
	}

	fn rotate_within_election(c: u32) -> Weight {
		Weight::from_parts(4_699_332_380, 1393691)
			.saturating_add(Weight::from_parts(72_190_417, 0).saturating_mul(c.into()))
			.saturating_add(RocksDbWeight::get().reads(467_u64))
			.saturating_add(RocksDbWeight::get().reads((2_u64).saturating_mul(c.into())))
			.saturating_add(RocksDbWeight::get().writes(466_u64))
			.saturating_add(RocksDbWeight::get().writes((4_u64).saturating_mul(c.into())))
			.saturating_add(Weight::from_parts(0, 5136).saturating_mul(c.into()))
	}

	fn migrate_to_v2(a: u32, c: u32) -> Weight {
		Weight::from_parts(2_017_809_000, 151375)
			.saturating_add(Weight::from_parts(3_241_601, 0).saturating_mul(a.into()))
			.saturating_add(Weight::from_parts(57_199_465, 0).saturating_mul(c.into()))
			.saturating_add(RocksDbWeight::get().reads(9_u64))
			.saturating_add(RocksDbWeight::get().reads((3_u64).saturating_mul(c.into())))
			.saturating_add(RocksDbWeight::get().writes(9_u64))
			.saturating_add(RocksDbWeight::get().writes((4_u64).saturating_mul(c.into())))
			.saturating_add(Weight::from_parts(0, 78).saturating_mul(a.into()))
			.saturating_add(Weight::from_parts(0, 4856).saturating_mul(c.into()))
	}

	fn migrate_candidacy() -> Weight {
		Weight::from_parts(343_871_000, 40400)
			.saturating_add(RocksDbWeight::get().reads(18_u64))
			.saturating_add(RocksDbWeight::get().writes(15_u64))
	}

	fn migrate_leftover() -> Weight {
		Weight::from_parts(16_525_000, 6010)
			.saturating_add(RocksDbWeight::get().reads(5_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}

	fn migrate_operator() -> Weight {
		Weight::from_parts(6_760_000, 6122)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
}
