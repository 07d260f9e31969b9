//! What the pallet's calls cost: the measured weights.
//!
//! Written by `make weights`. To change it, change the benchmarks in `benchmarking`, and measure again.
//!
//! **Estimated, until it is measured again:** what came with storage version 2. `disable`, `unbond_part`, `rebond` and the
//! migrations are sums of what similar calls cost, and to `slash` and `bond_extra` is added what they read since.
//!
//! | | |
//! |---|---|
//! | measured on | 2026-11-25 |
//! | processor | AMD EPYC |
//! | benchmarks | frame-benchmarking-cli 64.0.0, wasm Compiled |
//! | steps, repetitions | 50, 10 |
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
//! --steps=50
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
	/// The weight of `register`, with `a` from 0 to 16.
	fn register(a: u32) -> Weight;
	/// The weight of `authorize_register`, with `a` from 0 to 16.
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
	/// The weight of `slash`.
	fn slash() -> Weight;
	/// The weight of `set_parameters`.
	fn set_parameters() -> Weight;
	/// The weight of `force_remove`.
	fn force_remove() -> Weight;
	/// The weight of `disable`.
	fn disable() -> Weight;
	/// The weight of `unbond_part`.
	fn unbond_part() -> Weight;
	/// The weight of `rebond`.
	fn rebond() -> Weight;
	/// The weight of `prune`, with `k` from 1 to 256.
	fn prune(k: u32) -> Weight;
	/// The weight of `rotate`, with `a` from 1 to 1000.
	fn rotate(a: u32) -> Weight;
	/// The weight of `migrate_to_v2`, with `a` from 1 to 1000 and `c` from 0 to 1016.
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
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(53), added: 548, mode: `Measured`)
	/// Storage: `Mixnet::LastRotation` (r:1 w:0)
	/// Proof: `Mixnet::LastRotation` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(258), added: 2733, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(5127), added: 7602, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:1 w:2)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:1 w:2)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(1498), added: 3973, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:3 w:4)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:2 w:2)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(2186), added: 4661, mode: `Measured`)
	fn register(a: u32) -> Weight {
		// Proof size in bytes:
		//  measured:  21202
		//  estimated: 29565
		// Shortest time: 251_938_000 ps.
		Weight::from_parts(304_427_371, 29565)
			// Standard error: 186_272 ps
			.saturating_add(Weight::from_parts(3_395_000, 0).saturating_mul(a.into()))
			.saturating_add(T::DbWeight::get().reads(17_u64))
			.saturating_add(T::DbWeight::get().writes(16_u64))
	}

	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:0)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(53), added: 548, mode: `Measured`)
	/// Storage: `Mixnet::LastRotation` (r:1 w:0)
	/// Proof: `Mixnet::LastRotation` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(258), added: 2733, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(5127), added: 7602, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:1 w:0)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:1 w:0)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:1 w:0)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:1 w:0)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(1498), added: 3973, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:1 w:0)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `Measured`)
	fn authorize_register(a: u32) -> Weight {
		// Proof size in bytes:
		//  measured:  9965
		//  estimated: 13321
		// Shortest time: 262_464_000 ps.
		Weight::from_parts(293_265_189, 13321)
			// Standard error: 87_704 ps
			.saturating_add(Weight::from_parts(3_274_888, 0).saturating_mul(a.into()))
			.saturating_add(T::DbWeight::get().reads(11_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(146), added: 2621, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(85), added: 2560, mode: `Measured`)
	fn bond() -> Weight {
		// Proof size in bytes:
		//  measured:  0
		//  estimated: 3465
		// Shortest time: 39_128_000 ps.
		Weight::from_parts(41_172_000, 3465)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(146), added: 2621, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(85), added: 2560, mode: `Measured`)
	/// Storage: `Mixnet::LastRotation` (r:1 w:0)
	/// Proof: `Mixnet::LastRotation` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `Measured`)
	fn bond_extra() -> Weight {
		// Proof size in bytes:
		//  measured:  173
		//  estimated: 3638
		// Shortest time: 43_325_000 ps.
		Weight::from_parts(45_869_000, 3638)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
			.saturating_add(T::DbWeight::get().reads_writes(1_u64, 0_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(146), added: 2621, mode: `Measured`)
	/// Storage: `Mixnet::OperatorKeys` (r:1 w:2)
	/// Proof: `Mixnet::OperatorKeys` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `Measured`)
	/// Storage: `Mixnet::LastRotation` (r:1 w:0)
	/// Proof: `Mixnet::LastRotation` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(258), added: 2733, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:1 w:0)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(5127), added: 7602, mode: `Measured`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(2186), added: 4661, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(53), added: 548, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(1498), added: 3973, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:3 w:3)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn set_operator_key() -> Weight {
		// Proof size in bytes:
		//  measured:  21119
		//  estimated: 29534
		// Shortest time: 318_188_000 ps.
		Weight::from_parts(353_230_000, 29534)
			.saturating_add(T::DbWeight::get().reads(19_u64))
			.saturating_add(T::DbWeight::get().writes(17_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(146), added: 2621, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(2186), added: 4661, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(53), added: 548, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(1498), added: 3973, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:3 w:3)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn unbond() -> Weight {
		// Proof size in bytes:
		//  measured:  15271
		//  estimated: 23686
		// Shortest time: 196_514_000 ps.
		Weight::from_parts(222_554_000, 23686)
			.saturating_add(T::DbWeight::get().reads(14_u64))
			.saturating_add(T::DbWeight::get().writes(15_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(146), added: 2621, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(85), added: 2560, mode: `Measured`)
	/// Storage: `Mixnet::OperatorKeys` (r:0 w:1)
	/// Proof: `Mixnet::OperatorKeys` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `Measured`)
	fn withdraw() -> Weight {
		// Proof size in bytes:
		//  measured:  380
		//  estimated: 3845
		// Shortest time: 38_017_000 ps.
		Weight::from_parts(40_000_000, 3845)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}

	/// Storage: `Mixnet::Operators` (r:1 w:1)
	/// Proof: `Mixnet::Operators` (`max_values`: None, `max_size`: Some(146), added: 2621, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(85), added: 2560, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(2186), added: 4661, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(53), added: 548, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(1498), added: 3973, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:3 w:3)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn slash() -> Weight {
		// Proof size in bytes:
		//  measured:  15327
		//  estimated: 23742
		// Shortest time: 208_283_000 ps.
		Weight::from_parts(253_130_000, 23742)
			.saturating_add(T::DbWeight::get().reads(15_u64))
			.saturating_add(T::DbWeight::get().writes(16_u64))
			.saturating_add(T::DbWeight::get().reads_writes(6_u64, 2_u64))
	}

	/// Storage: `Mixnet::SessionsParameters` (r:1 w:1)
	/// Proof: `Mixnet::SessionsParameters` (`max_values`: Some(1), `max_size`: Some(129), added: 624, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `Measured`)
	fn set_parameters() -> Weight {
		// Proof size in bytes:
		//  measured:  0
		//  estimated: 1485
		// Shortest time: 4_327_000 ps.
		Weight::from_parts(4_667_000, 1485)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}

	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:3 w:3)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:3 w:3)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(2186), added: 4661, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(53), added: 548, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:2 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(1498), added: 3973, mode: `Measured`)
	/// Storage: `Mixnet::RankPages` (r:3 w:3)
	/// Proof: `Mixnet::RankPages` (`max_values`: None, `max_size`: Some(1541), added: 4016, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:0 w:1)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:0 w:1)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn force_remove() -> Weight {
		// Proof size in bytes:
		//  measured:  15104
		//  estimated: 23519
		// Shortest time: 215_444_000 ps.
		Weight::from_parts(245_819_000, 23519)
			.saturating_add(T::DbWeight::get().reads(13_u64))
			.saturating_add(T::DbWeight::get().writes(14_u64))
	}
	fn disable() -> Weight {
		Self::force_remove().saturating_add(T::DbWeight::get().reads(14_u64))
	}

	fn unbond_part() -> Weight {
		Self::slash()
	}

	fn rebond() -> Weight {
		Self::bond_extra()
	}

	/// Storage: `Mixnet::NextToPrune` (r:1 w:0)
	/// Proof: `Mixnet::NextToPrune` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:0)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `Measured`)
	/// Storage: `Mixnet::Mixnodes` (r:256 w:256)
	/// Proof: `Mixnet::Mixnodes` (`max_values`: None, `max_size`: Some(2186), added: 4661, mode: `Measured`)
	/// Storage: `Mixnet::Candidacies` (r:1 w:0)
	/// Proof: `Mixnet::Candidacies` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `Measured`)
	/// Storage: `Mixnet::KxPublics` (r:1 w:0)
	/// Proof: `Mixnet::KxPublics` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	/// Storage: `Mixnet::PeerIds` (r:1 w:0)
	/// Proof: `Mixnet::PeerIds` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `Measured`)
	fn prune(k: u32) -> Weight {
		// Proof size in bytes:
		//  measured:  165 + k * (38 ± 0)
		//  estimated: 3725 + k * (2512 ± 0)
		// Shortest time: 19_079_000 ps.
		Weight::from_parts(5_973_288, 3725)
			// Standard error: 5_193 ps
			.saturating_add(Weight::from_parts(2_224_259, 0).saturating_mul(k.into()))
			.saturating_add(T::DbWeight::get().reads(6_u64))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(k.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(k.into())))
			.saturating_add(Weight::from_parts(0, 2512).saturating_mul(k.into()))
	}

	/// Storage: `Mixnet::LastRotation` (r:1 w:1)
	/// Proof: `Mixnet::LastRotation` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityDirectory` (r:2 w:1)
	/// Proof: `Mixnet::AuthorityDirectory` (`max_values`: None, `max_size`: Some(258), added: 2733, mode: `Measured`)
	/// Storage: `Mixnet::AuthorityPages` (r:8 w:8)
	/// Proof: `Mixnet::AuthorityPages` (`max_values`: None, `max_size`: Some(5127), added: 7602, mode: `Measured`)
	/// Storage: `Mixnet::CurrentSession` (r:1 w:1)
	/// Proof: `Mixnet::CurrentSession` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `Measured`)
	/// Storage: `Mixnet::SessionsParameters` (r:1 w:1)
	/// Proof: `Mixnet::SessionsParameters` (`max_values`: Some(1), `max_size`: Some(129), added: 624, mode: `Measured`)
	/// Storage: `Mixnet::NextElection` (r:1 w:1)
	/// Proof: `Mixnet::NextElection` (`max_values`: Some(1), `max_size`: Some(53), added: 548, mode: `Measured`)
	/// Storage: `Babe::NextRandomness` (r:1 w:0)
	/// Proof: `Babe::NextRandomness` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `Measured`)
	/// Storage: `Babe::EpochStart` (r:1 w:0)
	/// Proof: `Babe::EpochStart` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `Measured`)
	/// Storage: `Mixnet::RankDirectories` (r:0 w:2)
	/// Proof: `Mixnet::RankDirectories` (`max_values`: None, `max_size`: Some(1498), added: 3973, mode: `Measured`)
	fn rotate(a: u32) -> Weight {
		// Proof size in bytes:
		//  measured:  491 + a * (40 ± 0)
		//  estimated: 6430 + a * (59 ± 0)
		// Shortest time: 145_409_000 ps.
		Weight::from_parts(172_282_815, 6430)
			// Standard error: 2_580 ps
			.saturating_add(Weight::from_parts(152_091, 0).saturating_mul(a.into()))
			.saturating_add(T::DbWeight::get().reads(9_u64))
			.saturating_add(T::DbWeight::get().writes(8_u64))
			.saturating_add(Weight::from_parts(0, 59).saturating_mul(a.into()))
	}

	fn migrate_to_v2(a: u32, c: u32) -> Weight {
		Weight::from_parts(200_000_000, 20_000)
			.saturating_add(Weight::from_parts(1_500_000, 250).saturating_mul(a.into()))
			.saturating_add(Weight::from_parts(60_000_000, 6_000).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(40_u64))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(40_u64))
			.saturating_add(T::DbWeight::get().writes((9_u64).saturating_mul(c.into())))
	}

	fn migrate_candidacy() -> Weight {
		Self::force_remove()
			.saturating_add(Weight::from_parts(30_000_000, 20_000))
			.saturating_add(T::DbWeight::get().reads_writes(8_u64, 1_u64))
	}

	fn migrate_leftover() -> Weight {
		Weight::from_parts(20_000_000, 15_000).saturating_add(T::DbWeight::get().reads_writes(6_u64, 1_u64))
	}

	fn migrate_operator() -> Weight {
		Weight::from_parts(20_000_000, 4_000).saturating_add(T::DbWeight::get().reads_writes(2_u64, 1_u64))
	}
}

/// The measured weights with RocksDB's database weights, for tests.
impl WeightInfo for () {
	fn register(a: u32) -> Weight {
		Weight::from_parts(304_427_371, 29565)
			.saturating_add(Weight::from_parts(3_395_000, 0).saturating_mul(a.into()))
			.saturating_add(RocksDbWeight::get().reads(17_u64))
			.saturating_add(RocksDbWeight::get().writes(16_u64))
	}

	fn authorize_register(a: u32) -> Weight {
		Weight::from_parts(293_265_189, 13321)
			.saturating_add(Weight::from_parts(3_274_888, 0).saturating_mul(a.into()))
			.saturating_add(RocksDbWeight::get().reads(11_u64))
	}

	fn bond() -> Weight {
		Weight::from_parts(41_172_000, 3465)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(2_u64))
	}

	fn bond_extra() -> Weight {
		Weight::from_parts(45_869_000, 3638)
			.saturating_add(RocksDbWeight::get().reads(3_u64))
			.saturating_add(RocksDbWeight::get().writes(2_u64))
			.saturating_add(RocksDbWeight::get().reads_writes(1_u64, 0_u64))
	}

	fn set_operator_key() -> Weight {
		Weight::from_parts(353_230_000, 29534)
			.saturating_add(RocksDbWeight::get().reads(19_u64))
			.saturating_add(RocksDbWeight::get().writes(17_u64))
	}

	fn unbond() -> Weight {
		Weight::from_parts(222_554_000, 23686)
			.saturating_add(RocksDbWeight::get().reads(14_u64))
			.saturating_add(RocksDbWeight::get().writes(15_u64))
	}

	fn withdraw() -> Weight {
		Weight::from_parts(40_000_000, 3845)
			.saturating_add(RocksDbWeight::get().reads(3_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}

	fn slash() -> Weight {
		Weight::from_parts(253_130_000, 23742)
			.saturating_add(RocksDbWeight::get().reads(15_u64))
			.saturating_add(RocksDbWeight::get().writes(16_u64))
			.saturating_add(RocksDbWeight::get().reads_writes(6_u64, 2_u64))
	}

	fn set_parameters() -> Weight {
		Weight::from_parts(4_667_000, 1485)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}

	fn force_remove() -> Weight {
		Weight::from_parts(245_819_000, 23519)
			.saturating_add(RocksDbWeight::get().reads(13_u64))
			.saturating_add(RocksDbWeight::get().writes(14_u64))
	}
	fn disable() -> Weight {
		Self::force_remove().saturating_add(RocksDbWeight::get().reads(14_u64))
	}

	fn unbond_part() -> Weight {
		Self::slash()
	}

	fn rebond() -> Weight {
		Self::bond_extra()
	}

	fn prune(k: u32) -> Weight {
		Weight::from_parts(5_973_288, 3725)
			.saturating_add(Weight::from_parts(2_224_259, 0).saturating_mul(k.into()))
			.saturating_add(RocksDbWeight::get().reads(6_u64))
			.saturating_add(RocksDbWeight::get().reads((1_u64).saturating_mul(k.into())))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
			.saturating_add(RocksDbWeight::get().writes((1_u64).saturating_mul(k.into())))
			.saturating_add(Weight::from_parts(0, 2512).saturating_mul(k.into()))
	}

	fn rotate(a: u32) -> Weight {
		Weight::from_parts(172_282_815, 6430)
			.saturating_add(Weight::from_parts(152_091, 0).saturating_mul(a.into()))
			.saturating_add(RocksDbWeight::get().reads(9_u64))
			.saturating_add(RocksDbWeight::get().writes(8_u64))
			.saturating_add(Weight::from_parts(0, 59).saturating_mul(a.into()))
	}

	fn migrate_to_v2(a: u32, c: u32) -> Weight {
		Weight::from_parts(200_000_000, 20_000)
			.saturating_add(Weight::from_parts(1_500_000, 250).saturating_mul(a.into()))
			.saturating_add(Weight::from_parts(60_000_000, 6_000).saturating_mul(c.into()))
			.saturating_add(RocksDbWeight::get().reads(40_u64))
			.saturating_add(RocksDbWeight::get().reads((3_u64).saturating_mul(c.into())))
			.saturating_add(RocksDbWeight::get().writes(40_u64))
			.saturating_add(RocksDbWeight::get().writes((9_u64).saturating_mul(c.into())))
	}

	fn migrate_candidacy() -> Weight {
		Self::force_remove()
			.saturating_add(Weight::from_parts(30_000_000, 20_000))
			.saturating_add(RocksDbWeight::get().reads_writes(8_u64, 1_u64))
	}

	fn migrate_leftover() -> Weight {
		Weight::from_parts(20_000_000, 15_000).saturating_add(RocksDbWeight::get().reads_writes(6_u64, 1_u64))
	}

	fn migrate_operator() -> Weight {
		Weight::from_parts(20_000_000, 4_000).saturating_add(RocksDbWeight::get().reads_writes(2_u64, 1_u64))
	}
}
