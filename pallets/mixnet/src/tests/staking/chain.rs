//! Genesis, blocks and rotations.

use super::runtime::*;
use crate::mock::{authority, GENESIS_HASH};
use frame_support::traits::{OnFinalize, OnInitialize};
use mixnet_primitives::Parameters;
use pallet_staking::StakerStatus;
use sp_runtime::BuildStorage;

/// The stashes that stand for election at genesis, with session keys of the same numbers.
pub const STASHES: std::ops::RangeInclusive<AccountId> = 1..=8;
/// How many of them are elected. Two of these can be disabled at a time.
pub const ELECTED: u32 = 7;
/// The account that nominates [`NOMINATED`] with [`NOMINATION`] at genesis.
pub const NOMINATOR: AccountId = 100;
pub const NOMINATED: AccountId = 3;
pub const NOMINATION: Balance = 3_500;

/// What a stash has at stake at genesis. The stashes with greater numbers have more.
pub fn own_stake(stash: AccountId) -> Balance {
	10_000 + 1_000 * Balance::from(stash)
}

/// The stake behind a stash at genesis: its own and its nominator's.
pub fn stake(stash: AccountId) -> Balance {
	own_stake(stash) + if stash == NOMINATED { NOMINATION } else { 0 }
}

/// Genesis with [`STASHES`]. In the order of stakes, with the least first, they are 1, 2, 4, 5, 3, 6, 7, 8: all but 1 are
/// elected.
pub fn genesis() -> RuntimeGenesisConfig {
	let validators = STASHES.map(|stash| (stash, stash, own_stake(stash), StakerStatus::Validator));
	let nominator = (NOMINATOR, NOMINATOR, NOMINATION, StakerStatus::Nominator(vec![NOMINATED]));
	RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: (0..200).map(|account| (account, 1_000_000)).collect(),
			..Default::default()
		},
		staking: pallet_staking::GenesisConfig {
			validator_count: ELECTED,
			stakers: validators.chain([nominator]).collect(),
			..Default::default()
		},
		session: pallet_session::GenesisConfig {
			keys: STASHES.map(|stash| (stash, stash, SessionKeys { mixnet: authority(stash) })).collect(),
			..Default::default()
		},
		mixnet: crate::GenesisConfig {
			parameters: Some(Parameters { min_mixnodes: 2, ..Default::default() }),
			..Default::default()
		},
		..Default::default()
	}
}

/// Storage at block 0.
pub fn ext() -> sp_io::TestExternalities {
	genesis().build_storage().expect("genesis builds").into()
}

/// Executes an empty block; extrinsics can be applied on top.
pub fn next_block() {
	let now = System::block_number() + 1;
	let parent_hash = if now == 1 {
		GENESIS_HASH
	} else {
		AllPalletsWithSystem::on_finalize(now - 1);
		System::finalize().hash()
	};
	System::reset_events();
	System::initialize(&now, &parent_hash, &Default::default());
	AllPalletsWithSystem::on_initialize(now);
	Timestamp::set_timestamp(6_000 * now);
	check_invariants();
}

/// Executes blocks until pallet-session has rotated once more.
pub fn rotate() {
	let index = Session::current_index();
	while Session::current_index() == index {
		next_block();
	}
}

/// Executes blocks until a rotation has planned the next era.
pub fn run_to_planning() {
	let era = planned_era();
	while planned_era() == era {
		rotate();
	}
}

/// Executes blocks until the mixnet's next session begins.
pub fn run_to_next_session() {
	let index = Mixnet::session_status().current_index;
	while Mixnet::session_status().current_index == index {
		rotate();
	}
}

/// The era that was planned last.
pub fn planned_era() -> u32 {
	pallet_staking::CurrentEra::<Runtime>::get().expect("era 0 is planned at genesis")
}

/// The era that is active.
pub fn active_era() -> u32 {
	pallet_staking::ActiveEra::<Runtime>::get().expect("era 0 is active from genesis on").index
}

pub fn check_invariants() {
	if let Err(error) = Mixnet::do_try_state() {
		panic!("block {}: {error:?}", System::block_number());
	}
}
