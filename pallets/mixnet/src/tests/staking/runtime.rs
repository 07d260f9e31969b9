//! A runtime with pallet-staking, put together as production chains do it.

use super::exposure::StakeBehind;
use crate as pallet_mixnet;
use codec::Encode;
use frame_election_provider_support::{
	bounds::{ElectionBounds, ElectionBoundsBuilder},
	onchain, SequentialPhragmen,
};
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstBool, ConstU128, ConstU32, ConstU64, Randomness},
};
use frame_system::EnsureRoot;
use sp_core::H256;
use sp_runtime::{
	testing::UintAuthorityId,
	traits::{BlakeTwo256, ConvertInto},
	Perbill,
};

pub type AccountId = u64;
pub type Balance = u128;
pub type TxExtension = (frame_system::AuthorizeCall<Runtime>,);
pub type Extrinsic = sp_runtime::generic::UncheckedExtrinsic<AccountId, RuntimeCall, UintAuthorityId, TxExtension>;
type Header = sp_runtime::generic::Header<u64, BlakeTwo256>;
type Block = sp_runtime::generic::Block<Header, Extrinsic>;

// guide: staking pallets
frame_support::construct_runtime!(
	pub enum Runtime {
		System: frame_system,
		Timestamp: pallet_timestamp,
		Balances: pallet_balances,
		// Before pallet-session, which asks it for the first validators while the genesis is built.
		Staking: pallet_staking,
		Session: pallet_session,
		Historical: pallet_session::historical,
		Mixnet: pallet_mixnet,
	}
);
// guide: end

parameter_types! {
	/// Length of pallet-session's sessions, in blocks.
	pub static Period: u64 = 10;
	/// How many of pallet-session's sessions make an era.
	pub static SessionsPerEra: u32 = 3;
	/// How many of pallet-session's sessions make one of the mixnet's.
	pub static SessionsPerMixnetSession: u32 = 1;

	pub static NoElectionBounds: ElectionBounds = ElectionBoundsBuilder::default().build();
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Runtime {
	type AccountData = pallet_balances::AccountData<Balance>;
	type Block = Block;
}

#[derive_impl(pallet_timestamp::config_preludes::TestDefaultConfig)]
impl pallet_timestamp::Config for Runtime {}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
	type AccountStore = System;
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<1>;
}

/// Elects the validators when they are asked for.
pub struct Phragmen;

impl onchain::Config for Phragmen {
	type Bounds = NoElectionBounds;
	type DataProvider = Staking;
	type MaxBackersPerWinner = ConstU32<100>;
	type MaxWinnersPerPage = ConstU32<100>;
	type Solver = SequentialPhragmen<AccountId, Perbill>;
	type Sort = ConstBool<true>;
	type System = Runtime;
	type WeightInfo = ();
}

#[derive_impl(pallet_staking::config_preludes::TestDefaultConfig)]
impl pallet_staking::Config for Runtime {
	type AdminOrigin = EnsureRoot<AccountId>;
	type Currency = Balances;
	type ElectionProvider = onchain::OnChainExecution<Phragmen>;
	type EraPayout = ();
	type GenesisElectionProvider = Self::ElectionProvider;
	type NextNewSession = Session;
	type OldCurrency = Balances;
	type SessionInterface = Self;
	type SessionsPerEra = SessionsPerEra;
	type TargetList = pallet_staking::UseValidatorsMap<Self>;
	type UnixTime = Timestamp;
	type VoterList = pallet_staking::UseNominatorsAndValidatorsMap<Self>;
}

sp_runtime::impl_opaque_keys! {
	pub struct SessionKeys {
		pub mixnet: Mixnet,
	}
}

type Periodic = pallet_session::PeriodicSessions<Period, ConstU64<0>>;

impl pallet_session::Config for Runtime {
	// guide: staking session
	// Validators are named by their stash accounts, as pallet-staking elects them.
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type SessionManager = pallet_session::historical::NoteHistoricalRoot<Runtime, Staking>;
	type DisablingStrategy = pallet_session::disabling::UpToLimitWithReEnablingDisablingStrategy;
	// guide: end
	type Currency = Balances;
	type KeyDeposit = ();
	type Keys = SessionKeys;
	type NextSessionRotation = Periodic;
	type RuntimeEvent = RuntimeEvent;
	type SessionHandler = (Mixnet,);
	type ShouldEndSession = Periodic;
	type WeightInfo = ();
}

impl pallet_session::historical::Config for Runtime {
	type FullIdentification = ();
	type FullIdentificationOf = pallet_staking::UnitIdentificationOf<Self>;
	type RuntimeEvent = RuntimeEvent;
}

/// The hash of the present block number.
pub struct BlockHash;

impl Randomness<H256, u64> for BlockHash {
	fn random(subject: &[u8]) -> (H256, u64) {
		let now = System::block_number();
		(H256(sp_io::hashing::blake2_256(&(subject, now).encode())), now)
	}
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
	type Randomness = BlockHash;
	type RegistrationPriority = ConstU64<1>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SessionsPerMixnetSession = SessionsPerMixnetSession;
	type Slashed = ();
	type UnbondingSessions = ConstU32<2>;
	type WeightInfo = ();
	type Weights = StakeBehind;
}

crate::mock::impl_authorized_transactions!();
