//! Genesis, slots, blocks and rotations.

use super::{
	relay::{randomness_in, RelayRandomness},
	runtime::*,
};
use crate::mock::{authority, GENESIS_HASH};
use codec::Encode;
use frame_support::{
	parameter_types,
	traits::{OnFinalize, OnIdle, OnInitialize},
	weights::Weight,
};
use mixnet_primitives::Parameters;
use pallet_aura::CurrentSlot;
use sp_runtime::{
	generic::{Digest, DigestItem},
	testing::UintAuthorityId,
	BuildStorage,
};
use std::collections::BTreeSet;

/// Accounts below this number have session keys of their numbers at genesis.
pub const WITH_KEYS: AccountId = 10;
/// Accounts below this number have money.
pub const WITH_MONEY: AccountId = 100;

parameter_types! {
	/// The collators that author no blocks.
	pub static Offline: BTreeSet<AccountId> = BTreeSet::new();
}

/// The session keys of this number. Those for Aura are just numbers.
pub fn session_keys(key: u64) -> SessionKeys {
	SessionKeys { aura: UintAuthorityId(key), mixnet: authority(key) }
}

/// Storage at block 0.
pub fn ext() -> sp_io::TestExternalities {
	let genesis = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: (0..WITH_MONEY).map(|account| (account, 1_000_000)).collect(),
			..Default::default()
		},
		session: pallet_session::GenesisConfig {
			keys: (0..WITH_KEYS).map(|account| (account, account, session_keys(account))).collect(),
			..Default::default()
		},
		mixnet: crate::GenesisConfig {
			parameters: Some(Parameters { min_mixnodes: 2, ..Default::default() }),
			..Default::default()
		},
		..Default::default()
	};
	genesis.build_storage().expect("genesis builds").into()
}

/// The next slot whose author is not offline.
fn next_slot() -> u64 {
	let validators = Session::validators();
	let is_online = |slot: &u64| {
		let author = Aura::slot_author_index((*slot).into()).expect("there are authorities");
		!Offline::get().contains(&validators[author as usize])
	};
	let last = u64::from(CurrentSlot::<Runtime>::get());
	(last + 1..=last + 100).find(is_online).expect("a collator is online")
}

/// Ends the block that was begun, and begins the next one; extrinsics can be applied on top.
pub fn next_block() {
	let now = System::block_number() + 1;
	let parent_hash = if now == 1 {
		GENESIS_HASH
	} else {
		AllPalletsWithSystem::on_idle(now - 1, Weight::MAX);
		AllPalletsWithSystem::on_finalize(now - 1);
		System::finalize().hash()
	};
	let slot = next_slot();
	System::reset_events();
	let logs = vec![DigestItem::PreRuntime(*b"aura", slot.encode())];
	System::initialize(&now, &parent_hash, &Digest { logs });
	AllPalletsWithSystem::on_initialize(now);
	// What the collator's inherents bring.
	assert_eq!(Timestamp::set(RuntimeOrigin::none(), slot * SLOT_MS), Ok(()));
	RelayRandomness::note(randomness_in(slot));
	check_invariants();
}

/// Executes blocks until pallet-session has rotated once more.
pub fn rotate() {
	let index = Session::current_index();
	while Session::current_index() == index {
		next_block();
	}
}

pub fn check_invariants() {
	if let Err(error) = Mixnet::do_try_state() {
		panic!("block {}: {error:?}", System::block_number());
	}
}
