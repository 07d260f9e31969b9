//! The runtime, and the constants that tests set.

use super::policies::{CountSlashed, TestPolicy, TestRandomness, TestWeights};
use crate as pallet_mixnet;
use frame_support::weights::Weight;
use frame_support::{
	derive_impl,
	migrations::MultiStepMigrator,
	parameter_types,
	traits::{ConstU32, ConstU64},
};
use frame_system::EnsureRoot;
use mixnet_primitives::SessionIndex;
use sp_runtime::{
	testing::UintAuthorityId,
	traits::{BlakeTwo256, ConvertInto},
};
use std::collections::BTreeMap;

pub type TxExtension = (frame_system::AuthorizeCall<Runtime>,);
pub type Extrinsic = sp_runtime::generic::UncheckedExtrinsic<u64, RuntimeCall, UintAuthorityId, TxExtension>;
type Header = sp_runtime::generic::Header<u64, BlakeTwo256>;
type Block = sp_runtime::generic::Block<Header, Extrinsic>;

frame_support::construct_runtime!(
	pub enum Runtime {
		System: frame_system,
		Balances: pallet_balances,
		Session: pallet_session,
		Mixnet: pallet_mixnet,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Runtime {
	type AccountData = pallet_balances::AccountData<u64>;
	type Block = Block;
	type BlockHashCount = ConstU64<16>;
	type MultiBlockMigrator = TestMigrator;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
	type AccountStore = System;
}

/// Tells whether a migration is under way. The tests make its steps.
pub struct TestMigrator;

impl MultiStepMigrator for TestMigrator {
	fn ongoing() -> bool {
		MigrationOngoing::get()
	}

	fn step() -> Weight {
		Weight::zero()
	}
}

parameter_types! {
	/// Is a migration under way whose steps are not all made?
	pub static MigrationOngoing: bool = false;
	/// Length of pallet-session's sessions, in blocks.
	pub static Period: u64 = 20;
	/// What the session manager answers when it is asked for validators the next time.
	pub static NextValidators: Option<Vec<u64>> = None;

	pub static MaxAuthorities: u32 = 40;
	/// `min_mixnodes` of the parameters of genesis.
	pub static MinMixnodes: u32 = 2;
	pub static MaxMixnodes: u32 = 30;
	pub static MaxStandbys: u32 = 5;
	pub static MaxRevisions: u32 = 2;
	pub static RegistrationPriority: u64 = 1 << 20;
	pub static OperatorsEnabled: bool = true;
	pub static MinBond: u64 = 100;
	pub static UnbondingSessions: u32 = 2;
	/// How many blocks ago the randomness was published that the source answers with.
	pub static RandomnessAge: u64 = 0;
	/// Does the source answer a question with the same every time?
	pub static RandomnessStandsStill: bool = false;
	/// What was slashed so far.
	pub static SlashedAmount: u64 = 0;
	/// The weights of validators, by account. Those that are not here weigh 1.
	pub static ValidatorWeights: BTreeMap<u64, u128> = Default::default();
	/// The policy by which mixnodes are elected.
	pub static Policy: TestPolicy = TestPolicy::AllAuthorities;
	pub static SessionsPerMixnetSession: u32 = 1;
	pub static NumCoverToCurrentBlocks: u64 = 3;
	pub static NumRequestsToCurrentBlocks: u64 = 4;
	pub static NumCoverToPrevBlocks: u64 = 5;
	pub static NumRegisterStartSlackBlocks: u64 = 2;
	pub static NumRegisterEndSlackBlocks: u64 = 4;
}

pub const MAX_ADDRESS_SIZE: u32 = 64;
pub const MAX_ADDRESSES: u32 = 6;

pub struct TestSessionManager;
impl pallet_session::SessionManager<u64> for TestSessionManager {
	fn new_session(_: SessionIndex) -> Option<Vec<u64>> {
		NextValidators::take()
	}
	fn start_session(_: SessionIndex) {}
	fn end_session(_: SessionIndex) {}
}

sp_runtime::impl_opaque_keys! {
	pub struct SessionKeys {
		pub mixnet: Mixnet,
	}
}

type Periodic = pallet_session::PeriodicSessions<Period, ConstU64<0>>;

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = u64;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Periodic;
	type NextSessionRotation = Periodic;
	type SessionManager = TestSessionManager;
	type SessionHandler = (Mixnet,);
	type Keys = SessionKeys;
	type DisablingStrategy = ();
	type WeightInfo = ();
	type Currency = Balances;
	type KeyDeposit = ();
}

impl pallet_mixnet::Config for Runtime {
	type AdminOrigin = EnsureRoot<u64>;
	type MaxAuthorities = MaxAuthorities;
	type MaxMixnodes = MaxMixnodes;
	type MaxStandbys = MaxStandbys;
	type MaxRevisions = MaxRevisions;
	type MaxExternalAddressSize = ConstU32<MAX_ADDRESS_SIZE>;
	type MaxExternalAddressesPerMixnode = ConstU32<MAX_ADDRESSES>;
	type SessionsPerMixnetSession = SessionsPerMixnetSession;
	type NumCoverToCurrentBlocks = NumCoverToCurrentBlocks;
	type NumRequestsToCurrentBlocks = NumRequestsToCurrentBlocks;
	type NumCoverToPrevBlocks = NumCoverToPrevBlocks;
	type NumRegisterStartSlackBlocks = NumRegisterStartSlackBlocks;
	type NumRegisterEndSlackBlocks = NumRegisterEndSlackBlocks;
	type RegistrationPriority = RegistrationPriority;
	type NextSessionRotation = Periodic;
	type Randomness = TestRandomness;
	type ElectionPolicy = Policy;
	type Weights = TestWeights;
	type DisabledValidators = Session;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type OperatorsEnabled = OperatorsEnabled;
	type MinBond = MinBond;
	type UnbondingSessions = UnbondingSessions;
	type Slashed = CountSlashed;
	type WeightInfo = ();
}

crate::mock::impl_authorized_transactions!();
