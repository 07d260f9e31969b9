//! A runtime whose validators, and what is staked on them, arrive from elsewhere.

use super::stakes::{stakes as pallet_stakes, ArrivedStakes, WithStakes};
use crate as pallet_mixnet;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstBool, ConstU128, ConstU32, ConstU64},
};
use frame_system::EnsureRoot;
use pallet_session::SessionManager;
use sp_runtime::{
	testing::UintAuthorityId,
	traits::{BlakeTwo256, ConvertInto},
};
use sp_staking::SessionIndex;

pub type AccountId = u64;
pub type Balance = u128;
type TxExtension = (frame_system::AuthorizeCall<Runtime>,);
type Extrinsic = sp_runtime::generic::UncheckedExtrinsic<AccountId, RuntimeCall, UintAuthorityId, TxExtension>;
type Header = sp_runtime::generic::Header<u64, BlakeTwo256>;
type Block = sp_runtime::generic::Block<Header, Extrinsic>;

frame_support::construct_runtime!(
	pub enum Runtime {
		System: frame_system,
		Balances: pallet_balances,
		Stakes: pallet_stakes,
		Session: pallet_session,
		Mixnet: pallet_mixnet,
	}
);

parameter_types! {
	/// The validator set that has arrived and that pallet-session has not asked for yet, with its number.
	pub static Arriving: Option<(u32, Vec<AccountId>)> = None;
	/// The number of the set that was handed out last.
	pub static HandedOut: Option<u32> = None;
	pub static Period: u64 = 10;
}

/// Does what the client of the staking chain does: when a set has arrived, it hands it out, and else `None`.
pub struct Client;

impl SessionManager<AccountId> for Client {
	fn new_session(_: SessionIndex) -> Option<Vec<AccountId>> {
		let (set, validators) = Arriving::take()?;
		HandedOut::set(Some(set));
		Some(validators)
	}

	fn start_session(_: SessionIndex) {}

	fn end_session(_: SessionIndex) {
		HandedOut::take();
	}
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Runtime {
	type AccountData = pallet_balances::AccountData<Balance>;
	type Block = Block;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
	type AccountStore = System;
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<1>;
}

impl pallet_stakes::Config for Runtime {
	type PageSize = ConstU32<100>;
	type StakingChain = EnsureRoot<AccountId>;
}

sp_runtime::impl_opaque_keys! {
	pub struct SessionKeys {
		pub mixnet: Mixnet,
	}
}

type Periodic = pallet_session::PeriodicSessions<Period, ConstU64<0>>;

impl pallet_session::Config for Runtime {
	type Currency = Balances;
	type DisablingStrategy = ();
	type KeyDeposit = ();
	type Keys = SessionKeys;
	type NextSessionRotation = Periodic;
	type RuntimeEvent = RuntimeEvent;
	type SessionHandler = (Mixnet,);
	type SessionManager = WithStakes<Client, HandedOut>;
	type ShouldEndSession = Periodic;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type WeightInfo = ();
}

impl pallet_mixnet::Config for Runtime {
	type AdminOrigin = EnsureRoot<AccountId>;
	type Currency = Balances;
	type DisabledValidators = Session;
	// Ranks show the weights.
	type ElectionPolicy = pallet_mixnet::HighestWeight;
	type MaxAuthorities = ConstU32<100>;
	type MaxExternalAddressSize = ConstU32<64>;
	type MaxExternalAddressesPerMixnode = ConstU32<4>;
	type MaxMixnodes = ConstU32<30>;
	type MaxRevisions = ConstU32<2>;
	type MaxStandbys = ConstU32<5>;
	type MinBond = ConstU128<100>;
	type NextSessionRotation = Periodic;
	type NumCoverToCurrentBlocks = ConstU64<2>;
	type NumCoverToPrevBlocks = ConstU64<2>;
	type NumRegisterEndSlackBlocks = ConstU64<2>;
	type NumRegisterStartSlackBlocks = ConstU64<2>;
	type NumRequestsToCurrentBlocks = ConstU64<2>;
	type OperatorsEnabled = ConstBool<true>;
	type Randomness = super::super::runtime::BlockHash;
	type RegistrationPriority = ConstU64<1>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SessionsPerMixnetSession = ConstU32<1>;
	type Slashed = ();
	type UnbondingSessions = ConstU32<2>;
	type WeightInfo = ();
	type Weights = ArrivedStakes;
}

crate::mock::impl_authorized_transactions!();
