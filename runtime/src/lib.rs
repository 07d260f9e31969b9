//! The example chain's runtime: as small as it can be while real.
//!
//! BABE makes blocks every two seconds, and GRANDPA finalises them. pallet-session rotates a fixed set of validators
//! about once a minute, and pallet-mixnet follows it. Balances and transaction payment give users something to send.
//! sudo stands in for governance.
//!
//! - [`configs`]: the pallets' configuration; the mixnet's is in [`configs::mixnet`].
//! - [`apis`]: the runtime APIs; the mixnet's is one short `impl` block.
//! - [`version`]: the runtime's version.
//! - [`randomness`]: what elections are seeded from.
//! - [`genesis`]: the presets `development` and `local`.
//! - [`live_upgrade`]: how a chain that runs already gets the mixnet.
//! - [`migrations`]: what migrations of the mixnet's pallet ask of the runtime.
//!
//! docs/INTEGRATION.md leads runtime developers through these files. A test compares the parts that it shows with the
//! files.

#![cfg_attr(not(feature = "std"), no_std)]
// The blob that the macro `include!`s and `construct_runtime` output cannot be documented from here.
#![allow(missing_docs)]

extern crate alloc;

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarks;
pub mod configs;
pub mod genesis;
pub mod live_upgrade;
pub mod migrations;
pub mod randomness;
#[cfg(test)]
mod tests;
pub mod version;

pub use version::VERSION;

use alloc::vec::Vec;
use sp_runtime::{
	generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};

/// The signature of a transaction.
pub type Signature = MultiSignature;
/// An account, named by its public key.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// How transactions name accounts.
pub type Address = MultiAddress<AccountId, ()>;
/// An amount of money, in the smallest parts of a [`UNIT`].
pub type Balance = u128;
/// How many transactions an account has sent.
pub type Nonce = u32;
/// Height of a block.
pub type BlockNumber = u32;
/// A block's or a transaction's hash.
pub type Hash = sp_core::H256;
/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// The same types as a node uses them, to which transactions are only bytes. So a node need not know every call of a
/// runtime that may be upgraded.
pub mod opaque {
	use super::*;

	/// A block whose transactions are bytes.
	pub type Block = generic::Block<Header, sp_runtime::OpaqueExtrinsic>;
}

/// One coin.
pub const UNIT: Balance = 1_000_000_000_000;
/// The least balance of an account.
pub const EXISTENTIAL_DEPOSIT: Balance = UNIT / 1_000;

/// Time between blocks, in milliseconds.
pub const MILLISECONDS_PER_BLOCK: u64 = 2_000;
/// Length of a pallet-session session, and of a BABE epoch, in blocks: a minute.
pub const SESSION_BLOCKS: BlockNumber = 30;

/// What BABE starts with. One slot in four has a primary author. In the others a validator takes its turn, so that
/// there is a block every two seconds.
pub const BABE_GENESIS_EPOCH_CONFIG: sp_consensus_babe::BabeEpochConfiguration =
	sp_consensus_babe::BabeEpochConfiguration {
		c: (1, 4),
		allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryVRFSlots,
	};

// guide: extension
/// What a transaction carries besides its call.
///
/// `AuthorizeCall` comes first: it admits pallet-mixnet's registrations without an account. `WeightReclaim` comes last.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);
// guide: end

/// The extension of a transaction that is valid in `era`, has this `nonce`, and pays `tip` on top of its fee.
pub fn tx_extension(era: generic::Era, nonce: Nonce, tip: Balance) -> TxExtension {
	(
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(era),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(tip),
		frame_system::WeightReclaim::new(),
	)
}

/// A transaction or an inherent, as blocks contain it.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What a signed transaction's signature covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;
/// Applies blocks.
pub type Executive =
	frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem, ()>;

// guide: session keys
impl_opaque_keys! {
	/// A validator's session keys. BABE comes before the mixnet: at each rotation it makes the randomness from which
	/// the mixnet then draws an election's seed.
	pub struct SessionKeys {
		pub babe: Babe,
		pub grandpa: Grandpa,
		pub mixnet: Mixnet,
	}
}
// guide: end

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
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(2)]
	pub type Babe = pallet_babe;
	#[runtime::pallet_index(3)]
	pub type Authorship = pallet_authorship;
	#[runtime::pallet_index(4)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(5)]
	pub type TransactionPayment = pallet_transaction_payment;
	#[runtime::pallet_index(6)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(7)]
	pub type Grandpa = pallet_grandpa;
	// guide: pallet
	#[runtime::pallet_index(8)]
	pub type Mixnet = pallet_mixnet;
	// guide: end
	#[runtime::pallet_index(9)]
	pub type Sudo = pallet_sudo;
}
