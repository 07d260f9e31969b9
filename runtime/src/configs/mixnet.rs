//! The mixnet's configuration: everything that a runtime developer adds besides the runtime API.

use super::MaxAuthorities;
use crate::{
	randomness::VrfRandomness, AccountId, Babe, Balance, Balances, BlockNumber, Nonce, Runtime, RuntimeCall,
	RuntimeHoldReason, Session, TxExtension, UncheckedExtrinsic, SESSION_BLOCKS, UNIT,
};
use frame_support::traits::{ConstBool, ConstU128, ConstU32, ConstU64};
use frame_system::EnsureRoot;
use sp_runtime::{generic::Era, transaction_validity::TransactionPriority};

// guide: config
/// Length of each of the first three phases, in blocks: twelve seconds, a little more than a packet usually takes
/// through six mixnodes. The last phase takes the rest of the session.
pub const PHASE_BLOCKS: BlockNumber = SESSION_BLOCKS / 5;

/// The most mixnodes of a session: as many as the network `devnet` has validators by default, so that an operator must
/// win its place from one of them. A real chain has room for more; weights are measured with as many as they shall hold
/// for.
pub const MAX_MIXNODES: u32 =
	if cfg!(feature = "runtime-benchmarks") { pallet_mixnet::MEASURED_UP_TO.mixnodes } else { 6 };

/// The most candidates that stand by.
pub const MAX_STANDBYS: u32 =
	if cfg!(feature = "runtime-benchmarks") { pallet_mixnet::MEASURED_UP_TO.standbys } else { 16 };

/// The least bond of an operator. This is what one more key in the lottery costs.
pub const MIN_BOND: Balance = 100 * UNIT;

/// The weight of a validator in the election: that of an operator with this bond. All validators weigh the same, since
/// this chain has no staking.
pub const VALIDATOR_WEIGHT: Balance = 1_000 * UNIT;

impl pallet_mixnet::Config for Runtime {
	type AdminOrigin = EnsureRoot<AccountId>;

	type MaxAuthorities = MaxAuthorities;
	type MaxMixnodes = ConstU32<MAX_MIXNODES>;
	type MaxStandbys = ConstU32<MAX_STANDBYS>;
	type MaxExternalAddressSize = ConstU32<128>;
	type MaxExternalAddressesPerMixnode = ConstU32<16>;
	// More restarts than these within a minute are no accident.
	type MaxRevisions = ConstU32<4>;

	type SessionsPerMixnetSession = ConstU32<1>;
	type NumCoverToCurrentBlocks = ConstU32<PHASE_BLOCKS>;
	type NumRequestsToCurrentBlocks = ConstU32<PHASE_BLOCKS>;
	type NumCoverToPrevBlocks = ConstU32<PHASE_BLOCKS>;
	type NumRegisterStartSlackBlocks = ConstU32<3>;
	// This is enough time for a registration to be included, or sent again, before the session ends.
	type NumRegisterEndSlackBlocks = ConstU32<8>;
	type RegistrationPriority = ConstU64<{ TransactionPriority::MAX / 2 }>;
	type NextSessionRotation = Babe;

	// This is made from all blocks of the session that ends. BABE's own sources leave most of these out.
	type Randomness = VrfRandomness;
	type ElectionPolicy = pallet_mixnet::WeightedLottery;
	type Weights = pallet_mixnet::BondWeights<ConstU128<VALIDATOR_WEIGHT>>;
	type DisabledValidators = Session;

	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type OperatorsEnabled = ConstBool<true>;
	type MinBond = ConstU128<MIN_BOND>;
	// Ten minutes. On a chain whose sessions last for hours, this would be days.
	type UnbondingSessions = ConstU32<10>;
	type Slashed = ();

	type WeightInfo = pallet_mixnet::weights::SubstrateWeight<Runtime>;
}
// guide: end

// guide: transactions
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

/// The pallet itself authorises registrations: without an account, a nonce or a fee.
impl<LocalCall> frame_system::offchain::CreateAuthorizedTransaction<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	fn create_extension() -> TxExtension {
		crate::tx_extension(Era::Immortal, Nonce::default(), 0)
	}
}
// guide: end
