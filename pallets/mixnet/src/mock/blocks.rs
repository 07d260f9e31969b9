//! Genesis, blocks and sessions.

use super::{keys::*, runtime::*};
use crate as pallet_mixnet;
use crate::KEY_TYPE;
use frame_support::{ensure, traits::Hooks, weights::Weight};
use mixnet_primitives::{Mixnode, Parameters};
use pallet_session::{KeyOwner, NextKeys};
use sp_core::{
	crypto::ByteArray,
	offchain::{
		testing::{PoolState, TestTransactionPoolExt},
		TransactionPoolExt,
	},
	H256,
};
use sp_runtime::{BuildStorage, DispatchResult};
use std::sync::Arc;

/// The hash of block 0.
pub const GENESIS_HASH: H256 = H256::repeat_byte(0xee);

/// The parameters of genesis.
pub fn parameters() -> Parameters {
	Parameters { min_mixnodes: MinMixnodes::get(), ..Default::default() }
}

/// Storage at block 0, with the given mixnodes in session 0, and `VALIDATORS` validators.
pub fn ext_with_genesis(mixnodes: Vec<Mixnode>) -> sp_io::TestExternalities {
	let keys = |accounts: std::ops::Range<u64>| {
		accounts.map(|account| (account, account, SessionKeys { mixnet: authority(account) })).collect::<Vec<_>>()
	};
	let genesis = RuntimeGenesisConfig {
		session: pallet_session::GenesisConfig {
			keys: keys(0..VALIDATORS),
			non_authority_keys: keys(VALIDATORS..CANDIDATES),
		},
		balances: pallet_balances::GenesisConfig {
			balances: (0..2 * CANDIDATES).map(|account| (account, ENDOWMENT)).collect(),
			..Default::default()
		},
		mixnet: pallet_mixnet::GenesisConfig { mixnodes, parameters: Some(parameters()), ..Default::default() },
		..Default::default()
	};
	genesis.build_storage().expect("genesis builds").into()
}

/// Storage at block 0 without mixnodes in session 0.
pub fn ext() -> sp_io::TestExternalities {
	ext_with_genesis(Vec::new())
}

/// Gives the node a transaction pool, which is returned.
pub fn with_pool(ext: &mut sp_io::TestExternalities) -> Arc<parking_lot::RwLock<PoolState>> {
	let (pool, state) = TestTransactionPoolExt::new();
	ext.register_extension(TransactionPoolExt::new(pool));
	state
}

/// Executes empty blocks up to `block`, and checks the invariants after each.
pub fn run_to_block(block: u64) {
	while System::block_number() < block {
		next_block();
	}
}

/// Executes an empty block; extrinsics can be applied on top.
pub fn next_block() {
	let now = System::block_number() + 1;
	let parent_hash = if now == 1 { GENESIS_HASH } else { System::finalize().hash() };
	System::reset_events();
	System::initialize(&now, &parent_hash, &Default::default());
	Session::on_initialize(now);
	check_invariants();
}

/// Sets the session key of `key_of` for `account`, as `session.set_keys` does after checking who may. Fails if another
/// account has it.
pub fn set_session_key(account: u64, key_of: u64) -> DispatchResult {
	let keys = SessionKeys { mixnet: authority(key_of) };
	let owned = |keys: &SessionKeys| (KEY_TYPE, keys.mixnet.to_raw_vec());
	let owner = KeyOwner::<Runtime>::get(owned(&keys));
	ensure!(owner.is_none_or(|owner| owner == account), pallet_session::Error::<Runtime>::DuplicatedKey);
	if let Some(former) = NextKeys::<Runtime>::get(account) {
		KeyOwner::<Runtime>::remove(owned(&former));
	}
	KeyOwner::<Runtime>::insert(owned(&keys), account);
	NextKeys::<Runtime>::insert(account, keys);
	check_invariants();
	Ok(())
}

/// Executes blocks until pallet-session has rotated once more.
pub fn run_to_rotation() {
	let index = Session::current_index();
	while Session::current_index() == index {
		next_block();
	}
}

/// Executes blocks until the mixnet's next session begins.
pub fn run_to_next_session() {
	let index = Mixnet::session_status().current_index;
	while Mixnet::session_status().current_index == index {
		next_block();
	}
}

pub fn check_invariants() {
	if let Err(error) = Mixnet::do_try_state() {
		panic!("block {}: {error:?}", System::block_number());
	}
}

/// The pallet's events since the block began.
pub fn events() -> Vec<crate::Event<Runtime>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Mixnet(event) => Some(event),
			_ => None,
		})
		.collect()
}

/// Lets the pallet prune in the idle time of the present block, with as much weight as it needs.
pub fn idle() -> Weight {
	let taken = Mixnet::on_idle(System::block_number(), Weight::MAX);
	check_invariants();
	taken
}

/// A small random generator for tests that must be repeatable: SplitMix64.
pub struct Rng(pub u64);

impl Rng {
	pub fn next(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9e3779b97f4a7c15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94d049bb133111eb);
		z ^ (z >> 31)
	}

	/// A number below `n`.
	pub fn below(&mut self, n: u64) -> u64 {
		self.next() % n
	}
}
