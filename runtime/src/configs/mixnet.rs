//! The mixnet's configuration: everything that a runtime developer adds besides the runtime API.

use super::MaxAuthorities;
use crate::{Babe, BlockNumber, Nonce, Runtime, RuntimeCall, TxExtension, UncheckedExtrinsic, SESSION_BLOCKS};
use frame_support::traits::{ConstU32, ConstU64};
use sp_runtime::{generic::Era, transaction_validity::TransactionPriority};

/// Length of each of the first three phases, in blocks: twelve seconds, a little more than a packet's usual way through
/// six mixnodes. The last phase takes what remains of the session.
pub const PHASE_BLOCKS: BlockNumber = SESSION_BLOCKS / 5;

/// With fewer mixnodes, a route would come back to where it was.
pub type MinMixnodes = ConstU32<3>;

impl pallet_mixnet::Config for Runtime {
	type MaxAuthorities = MaxAuthorities;
	type MinMixnodes = MinMixnodes;
	type MaxMixnodes = ConstU32<100>;
	type MaxExternalAddressSize = ConstU32<128>;
	type MaxExternalAddressesPerMixnode = ConstU32<16>;
	type SessionsPerMixnetSession = ConstU32<1>;
	type NumCoverToCurrentBlocks = ConstU32<PHASE_BLOCKS>;
	type NumRequestsToCurrentBlocks = ConstU32<PHASE_BLOCKS>;
	type NumCoverToPrevBlocks = ConstU32<PHASE_BLOCKS>;
	type NumRegisterStartSlackBlocks = ConstU32<3>;
	// Time enough for a registration to be included, or sent again, before the session ends.
	type NumRegisterEndSlackBlocks = ConstU32<8>;
	type RegistrationPriority = ConstU64<{ TransactionPriority::MAX / 2 }>;
	type NextSessionRotation = Babe;
	type WeightInfo = pallet_mixnet::weights::SubstrateWeight<Runtime>;
}

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

/// Registrations are authorised by the pallet itself: no account, no nonce, no fee.
impl<LocalCall> frame_system::offchain::CreateAuthorizedTransaction<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	fn create_extension() -> TxExtension {
		crate::tx_extension(Era::Immortal, Nonce::default(), 0)
	}
}
