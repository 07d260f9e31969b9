//! A runtime in which our pallet and the Substrate Mix Network's, `pallet-mixnet` 0.26.0, do the same work, to be
//! measured side by side by frame-omni-bencher (`make scale`; the results are in docs/scale.md).
//!
//! Both have the same constants, the same mixnodes and the same authorities. Neither gets anything from the runtime
//! that the other does not get. No chain runs this runtime.
//!
//! - [`scale`]: the benchmarks.
//! - [`mixnode`]: the mixnodes, of which each pallet stores the same.
//! - [`ours`], [`peer`]: for each pallet, how its storage is filled without calls, and how it is asked for the work.

#![no_std]
// What `construct_runtime` generates has no docs.
#![allow(missing_docs)]

extern crate alloc;

pub mod mixnode;
pub mod ours;
pub mod peer;
pub mod scale;

use alloc::{borrow::Cow, string::String, vec::Vec};
use frame_benchmarking::{BenchmarkBatch, BenchmarkConfig, BenchmarkList};
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstBool, ConstU128, ConstU32, ConstU64, EstimateNextSessionRotation, Randomness, StorageInfo},
	weights::Weight,
};
use pallet_mixnet::{EqualWeights, WeightedLottery};
use sp_core::H256;
use sp_runtime::{
	generic,
	traits::{BlakeTwo256, Block as BlockT, Hash, IdentityLookup},
	AccountId32, ExtrinsicInclusionMode, MultiSignature, Permill,
};
use sp_version::RuntimeVersion;

pub type AccountId = AccountId32;
pub type Balance = u128;
pub type BlockNumber = u32;
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// Our registrations are authorised by this extension. The peer's come as bare extrinsics.
pub type TxExtension = (frame_system::AuthorizeCall<Runtime>,);
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<AccountId, RuntimeCall, MultiSignature, TxExtension>;
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
pub type Executive =
	frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem, ()>;

#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("mixnet-scale"),
	impl_name: Cow::Borrowed("mixnet-scale"),
	authoring_version: 1,
	spec_version: 1,
	impl_version: 1,
	apis: RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Peer = peer_mixnet;
	#[runtime::pallet_index(2)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(3)]
	pub type Mixnet = pallet_mixnet;
	#[runtime::pallet_index(4)]
	pub type Scale = crate::scale;
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type Block = Block;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
	type AccountData = pallet_balances::AccountData<Balance>;
	type Version = Version;
}

parameter_types! {
	pub const Version: RuntimeVersion = VERSION;
}

/// The most mixnodes that are measured, and the most authorities.
pub type MaxMixnodes = ConstU32<10_000>;
pub type MinMixnodes = ConstU32<3>;
pub type MaxExternalAddressSize = ConstU32<128>;
pub type MaxExternalAddressesPerMixnode = ConstU32<16>;
pub type PhaseLength = ConstU32<3>;
pub type StartSlack = ConstU32<3>;
pub type EndSlack = ConstU32<6>;
pub type RegistrationPriority = ConstU64<{ u64::MAX / 2 }>;

/// Sessions of a fixed length, known without asking the storage.
pub struct FixedSessions;

/// Length that a session of pallet-session would have.
const SESSION_BLOCKS: BlockNumber = 600;

impl EstimateNextSessionRotation<BlockNumber> for FixedSessions {
	fn average_session_length() -> BlockNumber {
		SESSION_BLOCKS
	}

	fn estimate_current_session_progress(now: BlockNumber) -> (Option<Permill>, Weight) {
		(Some(Permill::from_rational(now % SESSION_BLOCKS, SESSION_BLOCKS)), Weight::zero())
	}

	fn estimate_next_session_rotation(now: BlockNumber) -> (Option<BlockNumber>, Weight) {
		(Some((now / SESSION_BLOCKS + 1) * SESSION_BLOCKS), Weight::zero())
	}
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<1>;
	type AccountStore = System;
}

/// Randomness that is fresh at every rotation, and needs no storage.
pub struct FreshRandomness;

impl Randomness<H256, BlockNumber> for FreshRandomness {
	fn random(subject: &[u8]) -> (H256, BlockNumber) {
		(BlakeTwo256::hash(subject), BlockNumber::MAX)
	}
}

/// The least bond of an operator.
pub const MIN_BOND: Balance = 1_000;

impl pallet_mixnet::Config for Runtime {
	type AdminOrigin = frame_system::EnsureRoot<AccountId>;
	type MaxAuthorities = MaxMixnodes;
	type MaxMixnodes = MaxMixnodes;
	type MaxStandbys = ConstU32<1_000>;
	type MaxExternalAddressSize = MaxExternalAddressSize;
	type MaxExternalAddressesPerMixnode = MaxExternalAddressesPerMixnode;
	type MaxRevisions = ConstU32<3>;
	type SessionsPerMixnetSession = ConstU32<1>;
	type NumCoverToCurrentBlocks = PhaseLength;
	type NumRequestsToCurrentBlocks = PhaseLength;
	type NumCoverToPrevBlocks = PhaseLength;
	type NumRegisterStartSlackBlocks = StartSlack;
	type NumRegisterEndSlackBlocks = EndSlack;
	type RegistrationPriority = RegistrationPriority;
	type NextSessionRotation = FixedSessions;
	type Randomness = FreshRandomness;
	type ElectionPolicy = WeightedLottery;
	type Weights = EqualWeights;
	// There is no pallet-session here.
	type DisabledValidators = ();
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type OperatorsEnabled = ConstBool<true>;
	type MinBond = ConstU128<MIN_BOND>;
	type UnbondingSessions = ConstU32<2>;
	type Slashed = ();
	type WeightInfo = ();
}

impl peer_mixnet::Config for Runtime {
	type MaxAuthorities = MaxMixnodes;
	type MaxExternalAddressSize = MaxExternalAddressSize;
	type MaxExternalAddressesPerMixnode = MaxExternalAddressesPerMixnode;
	type NextSessionRotation = FixedSessions;
	type NumCoverToCurrentBlocks = PhaseLength;
	type NumRequestsToCurrentBlocks = PhaseLength;
	type NumCoverToPrevBlocks = PhaseLength;
	type NumRegisterStartSlackBlocks = StartSlack;
	type NumRegisterEndSlackBlocks = EndSlack;
	type RegistrationPriority = RegistrationPriority;
	type MinMixnodes = MinMixnodes;
}

impl scale::Config for Runtime {}

impl<LocalCall> frame_system::offchain::CreateTransactionBase<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	type Extrinsic = UncheckedExtrinsic;
	type RuntimeCall = RuntimeCall;
}

impl<LocalCall> frame_system::offchain::CreateTransaction<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	type Extension = TxExtension;

	fn create_transaction(call: RuntimeCall, extension: TxExtension) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_transaction(call, extension)
	}
}

/// How our registrations become transactions.
impl<LocalCall> frame_system::offchain::CreateAuthorizedTransaction<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	fn create_extension() -> TxExtension {
		(frame_system::AuthorizeCall::new(),)
	}
}

/// How the peer's registrations become transactions.
impl<LocalCall> frame_system::offchain::CreateBare<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_bare(call)
	}
}

frame_benchmarking::define_benchmarks!([scale, Scale]);

sp_api::impl_runtime_apis! {
	impl sp_api::Core<Block> for Runtime {
		fn version() -> RuntimeVersion {
			VERSION
		}

		fn execute_block(block: <Block as BlockT>::LazyBlock) {
			Executive::execute_block(block);
		}

		fn initialize_block(header: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
			Executive::initialize_block(header)
		}
	}

	impl frame_benchmarking::Benchmark<Block> for Runtime {
		fn benchmark_metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
			use frame_benchmarking::BenchmarkList;
			use frame_support::traits::StorageInfoTrait;

			let mut list = Vec::<BenchmarkList>::new();
			list_benchmarks!(list, extra);
			(list, AllPalletsWithSystem::storage_info())
		}

		fn dispatch_benchmark(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
			use frame_support::traits::WhitelistedStorageKeys;

			let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
			let mut batches = Vec::<BenchmarkBatch>::new();
			let params = (&config, &whitelist);
			add_benchmarks!(params, batches);
			Ok(batches)
		}
	}
}
