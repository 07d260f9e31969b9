//! A runtime that is put together as those of parachains are.

use super::{
	collators::{Collators, Deposits},
	relay::RelayRandomness,
};
use crate as pallet_mixnet;
use crate::{mock::Policy, NoRandomness};
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstBool, ConstU32, ConstU64, Randomness},
};
use frame_system::EnsureRoot;
use sp_core::H256;
use sp_runtime::{
	testing::UintAuthorityId,
	traits::{BlakeTwo256, ConvertInto, OpaqueKeys},
};

pub type AccountId = u64;
pub type Balance = u64;
pub type TxExtension = (frame_system::AuthorizeCall<Runtime>,);
pub type Extrinsic = sp_runtime::generic::UncheckedExtrinsic<AccountId, RuntimeCall, UintAuthorityId, TxExtension>;
type Header = sp_runtime::generic::Header<u64, BlakeTwo256>;
type Block = sp_runtime::generic::Block<Header, Extrinsic>;

frame_support::construct_runtime!(
	pub enum Runtime {
		System: frame_system,
		Timestamp: pallet_timestamp,
		Balances: pallet_balances,
		// Before pallet-session: the author of a block is one of the validators from before its rotation.
		Authorship: pallet_authorship,
		Session: pallet_session,
		Aura: pallet_aura,
		Mixnet: pallet_mixnet,
	}
);

/// Length of a slot, in milliseconds.
pub const SLOT_MS: u64 = 6_000;
/// Length of pallet-session's sessions, in blocks.
pub const PERIOD: u64 = 20;

parameter_types! {
	/// How many of pallet-session's sessions make one of the mixnet's.
	pub static SessionsPerMixnetSession: u32 = 1;
	pub static MaxMixnodes: u32 = 20;
	/// Does the runtime draw from the relay chain's randomness? If not, it has none.
	pub static HasRelayRandomness: bool = false;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Runtime {
	type AccountData = pallet_balances::AccountData<Balance>;
	type Block = Block;
}

impl pallet_timestamp::Config for Runtime {
	type MinimumPeriod = ConstU64<0>;
	type Moment = u64;
	type OnTimestampSet = Aura;
	type WeightInfo = ();
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
	type AccountStore = System;
}

impl pallet_authorship::Config for Runtime {
	type EventHandler = Collators;
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Aura>;
}

impl pallet_aura::Config for Runtime {
	type AllowMultipleBlocksPerSlot = ConstBool<true>;
	type AuthorityId = UintAuthorityId;
	type DisabledValidators = ();
	type MaxAuthorities = ConstU32<100>;
	type SlotDuration = ConstU64<SLOT_MS>;
}

sp_runtime::impl_opaque_keys! {
	pub struct SessionKeys {
		pub aura: Aura,
		pub mixnet: Mixnet,
	}
}

type Periodic = pallet_session::PeriodicSessions<ConstU64<PERIOD>, ConstU64<0>>;

impl pallet_session::Config for Runtime {
	type Currency = Balances;
	type DisablingStrategy = ();
	type KeyDeposit = ();
	type Keys = SessionKeys;
	type NextSessionRotation = Periodic;
	type RuntimeEvent = RuntimeEvent;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type SessionManager = Collators;
	type ShouldEndSession = Periodic;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type WeightInfo = ();
}

/// The source of randomness that the test has chosen.
pub struct ChosenRandomness;

impl Randomness<H256, u64> for ChosenRandomness {
	fn random(subject: &[u8]) -> (H256, u64) {
		if HasRelayRandomness::get() {
			RelayRandomness::random(subject)
		} else {
			NoRandomness::random(subject)
		}
	}
}

impl pallet_mixnet::Config for Runtime {
	type AdminOrigin = EnsureRoot<AccountId>;
	type Currency = Balances;
	type DisabledValidators = ();
	type ElectionPolicy = Policy;
	type MaxAuthorities = ConstU32<100>;
	type MaxExternalAddressSize = ConstU32<64>;
	type MaxExternalAddressesPerMixnode = ConstU32<4>;
	type MaxMixnodes = MaxMixnodes;
	type MaxRevisions = ConstU32<2>;
	type MaxStandbys = ConstU32<2>;
	type MinBond = ConstU64<100>;
	type NextSessionRotation = Periodic;
	type NumCoverToCurrentBlocks = ConstU64<3>;
	type NumCoverToPrevBlocks = ConstU64<3>;
	type NumRegisterEndSlackBlocks = ConstU64<4>;
	type NumRegisterStartSlackBlocks = ConstU64<3>;
	type NumRequestsToCurrentBlocks = ConstU64<3>;
	type OperatorsEnabled = ConstBool<true>;
	type Randomness = ChosenRandomness;
	type RegistrationPriority = ConstU64<1>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SessionsPerMixnetSession = SessionsPerMixnetSession;
	type Slashed = ();
	type UnbondingSessions = ConstU32<2>;
	type WeightInfo = ();
	type Weights = Deposits;
}

crate::mock::impl_authorized_transactions!();
