//! A runtime of System, Balances, Session and the pallet, whose sessions and constants the tests choose.

use crate::{
	self as pallet_mixnet, AuthorityId, AuthorityPair, AuthoritySignature, BoundedMixnodeFor, Call, Registration,
	RegistrationFor, KEY_TYPE,
};
use codec::{Decode, Encode};
use frame_support::{
	derive_impl,
	dispatch::GetDispatchInfo,
	parameter_types,
	traits::{Authorize, ConstU32, ConstU64, Hooks},
};
use frame_system::offchain::CreateAuthorizedTransaction;
use mixnet_primitives::{KxPublic, Mixnode, PeerId, SessionIndex};
use sp_core::{
	offchain::{
		testing::{PoolState, TestTransactionPoolExt},
		TransactionPoolExt,
	},
	Pair, H256,
};
use sp_keystore::{testing::MemoryKeystore, Keystore, KeystoreExt};
use sp_runtime::{
	testing::UintAuthorityId,
	traits::{Applyable, BlakeTwo256, Checkable, ConvertInto},
	transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
	BuildStorage, DispatchResult,
};
use std::sync::Arc;

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
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
	type AccountStore = System;
}

parameter_types! {
	/// Length of pallet-session's sessions, in blocks.
	pub static Period: u64 = 20;
	/// What the session manager answers when it is next asked for validators.
	pub static NextValidators: Option<Vec<u64>> = None;

	pub static MaxAuthorities: u32 = 40;
	pub static MinMixnodes: u32 = 2;
	pub static MaxMixnodes: u32 = 30;
	pub static SessionsPerMixnetSession: u32 = 1;
	pub static NumCoverToCurrentBlocks: u64 = 3;
	pub static NumRequestsToCurrentBlocks: u64 = 4;
	pub static NumCoverToPrevBlocks: u64 = 5;
	pub static NumRegisterStartSlackBlocks: u64 = 2;
	pub static NumRegisterEndSlackBlocks: u64 = 4;
}

pub const REGISTRATION_PRIORITY: u64 = 1 << 20;
pub const MAX_ADDRESS_SIZE: u32 = 64;
pub const MAX_ADDRESSES: u32 = 4;

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
	type MaxAuthorities = MaxAuthorities;
	type MinMixnodes = MinMixnodes;
	type MaxMixnodes = MaxMixnodes;
	type MaxExternalAddressSize = ConstU32<MAX_ADDRESS_SIZE>;
	type MaxExternalAddressesPerMixnode = ConstU32<MAX_ADDRESSES>;
	type SessionsPerMixnetSession = SessionsPerMixnetSession;
	type NumCoverToCurrentBlocks = NumCoverToCurrentBlocks;
	type NumRequestsToCurrentBlocks = NumRequestsToCurrentBlocks;
	type NumCoverToPrevBlocks = NumCoverToPrevBlocks;
	type NumRegisterStartSlackBlocks = NumRegisterStartSlackBlocks;
	type NumRegisterEndSlackBlocks = NumRegisterEndSlackBlocks;
	type RegistrationPriority = ConstU64<REGISTRATION_PRIORITY>;
	type NextSessionRotation = Periodic;
	type WeightInfo = ();
}

impl<LocalCall> frame_system::offchain::CreateTransactionBase<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	type RuntimeCall = RuntimeCall;
	type Extrinsic = Extrinsic;
}

impl<LocalCall> frame_system::offchain::CreateTransaction<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	type Extension = TxExtension;

	fn create_transaction(call: RuntimeCall, extension: TxExtension) -> Extrinsic {
		Extrinsic::new_transaction(call, extension)
	}
}

impl<LocalCall> frame_system::offchain::CreateAuthorizedTransaction<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	fn create_extension() -> TxExtension {
		(frame_system::AuthorizeCall::new(),)
	}
}

/// The hash of block 0.
pub const GENESIS_HASH: H256 = H256::repeat_byte(0xee);

/// The validators of genesis; their successors, up to [`CANDIDATES`], have session keys, too.
pub const VALIDATORS: u64 = 10;
/// How many accounts have session keys.
pub const CANDIDATES: u64 = 40;

/// The session key of an account.
pub fn authority_pair(account: u64) -> AuthorityPair {
	let mut seed = [0; 32];
	seed[..8].copy_from_slice(&account.to_le_bytes());
	AuthorityPair::from_seed(&seed)
}

/// Its public half.
pub fn authority(account: u64) -> AuthorityId {
	authority_pair(account).public()
}

/// A mixnode whose key and peer ID are made from `n`.
pub fn mixnode(n: u64) -> Mixnode {
	let bytes = |tag: u8| {
		let mut bytes = [0; 32];
		bytes[0] = tag;
		bytes[8..16].copy_from_slice(&n.to_le_bytes());
		bytes
	};
	Mixnode {
		kx_public: KxPublic(bytes(9)),
		peer_id: PeerId(bytes(10)),
		external_addresses: vec![format!("/ip4/192.0.2.1/tcp/{n}").into_bytes()],
	}
}

/// The same within bounds.
pub fn bounded(mixnode: Mixnode) -> BoundedMixnodeFor<Runtime> {
	mixnode.try_into().expect("within bounds")
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
		mixnet: pallet_mixnet::GenesisConfig { mixnodes, ..Default::default() },
		..Default::default()
	};
	genesis.build_storage().expect("genesis builds").into()
}

/// Storage at block 0 without mixnodes in session 0.
pub fn ext() -> sp_io::TestExternalities {
	ext_with_genesis(Vec::new())
}

/// Gives the node the session keys of `accounts` and a transaction pool, which is returned.
pub fn as_node(ext: &mut sp_io::TestExternalities, accounts: &[u64]) -> Arc<parking_lot::RwLock<PoolState>> {
	let keystore = MemoryKeystore::new();
	for account in accounts {
		let mut seed = [0; 32];
		seed[..8].copy_from_slice(&account.to_le_bytes());
		let public = authority(*account);
		keystore
			.insert(KEY_TYPE, &format!("0x{}", sp_core::hexdisplay::HexDisplay::from(&seed)), public.as_ref())
			.expect("memory takes it");
	}
	ext.register_extension(KeystoreExt::new(keystore));
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

/// A registration for the next session.
pub fn registration(account: u64, mixnode: Mixnode) -> RegistrationFor<Runtime> {
	Registration {
		session_index: Mixnet::session_status().current_index + 1,
		registrant: authority(account),
		mixnode: bounded(mixnode),
	}
}

/// Signs a registration with an account's session key.
pub fn sign(account: u64, registration: &RegistrationFor<Runtime>) -> AuthoritySignature {
	authority_pair(account).sign(&Mixnet::signing_payload(registration))
}

/// What the transaction pool says to a signed registration.
pub fn validate(
	registration: RegistrationFor<Runtime>,
	signature: AuthoritySignature,
) -> Result<ValidTransaction, TransactionValidityError> {
	let call: RuntimeCall = Call::register { registration, signature }.into();
	call.authorize(TransactionSource::External).expect("the call can be authorised").map(|(valid, _refund)| valid)
}

/// Puts an extrinsic into the block.
pub fn apply(extrinsic: Extrinsic) -> Result<DispatchResult, TransactionValidityError> {
	let (info, size) = (extrinsic.get_dispatch_info(), extrinsic.encoded_size());
	let checked = extrinsic.check(&frame_system::ChainContext::<Runtime>::default())?;
	let result = checked.apply::<Runtime>(&info, size)?;
	check_invariants();
	Ok(result.map(|_| ()).map_err(|error| error.error))
}

/// The extrinsic of a signed registration.
pub fn extrinsic(registration: RegistrationFor<Runtime>, signature: AuthoritySignature) -> Extrinsic {
	let call = Call::<Runtime>::register { registration, signature };
	<Runtime as CreateAuthorizedTransaction<Call<Runtime>>>::create_authorized_transaction(call.into())
}

/// Puts a signed registration into the block.
pub fn apply_registration(
	registration: RegistrationFor<Runtime>,
	signature: AuthoritySignature,
) -> Result<DispatchResult, TransactionValidityError> {
	apply(extrinsic(registration, signature))
}

/// Registers `mixnode` as `account` for the next session, which must succeed.
pub fn register(account: u64, mixnode: Mixnode) {
	let registration = registration(account, mixnode);
	let signature = sign(account, &registration);
	assert_eq!(apply_registration(registration, signature), Ok(Ok(())));
}

/// The only extrinsic in the pool, taken out of it.
pub fn take_from_pool(pool: &parking_lot::RwLock<PoolState>) -> Extrinsic {
	let transactions = std::mem::take(&mut pool.write().transactions);
	assert_eq!(transactions.len(), 1);
	Extrinsic::decode(&mut &transactions[0][..]).expect("it was encoded as one")
}

/// A small generator for tests that have to be repeatable: SplitMix64.
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
