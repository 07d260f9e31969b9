//! A runtime of System, Balances, Session and the pallet, whose sessions and constants the tests choose.

use crate::{self as pallet_mixnet, AuthorityId, AuthorityPair, BalanceOf, Call};
use codec::{Decode, Encode};
use curve25519_dalek::{scalar::clamp_integer, EdwardsPoint, Scalar};
use frame_support::{
	derive_impl,
	dispatch::GetDispatchInfo,
	parameter_types,
	traits::{Authorize, ConstU32, ConstU64, Hooks, Randomness},
	weights::Weight,
};
use frame_system::{offchain::CreateAuthorizedTransaction, EnsureRoot};
use mixnet_primitives::{
	KxPublic, Mixnode, Parameters, PeerId, Registrant, Registration, RegistrationProofs, SessionIndex,
};
use sha2::{Digest, Sha512};
use sp_core::{
	ed25519,
	offchain::{
		testing::{PoolState, TestTransactionPoolExt},
		TransactionPoolExt,
	},
	Pair, H256,
};
use sp_runtime::{
	testing::UintAuthorityId,
	traits::{Applyable, BlakeTwo256, Checkable, ConvertInto},
	transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
	BuildStorage, DispatchResult,
};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

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
	/// `min_mixnodes` of the parameters of genesis.
	pub static MinMixnodes: u32 = 2;
	pub static MaxMixnodes: u32 = 30;
	pub static MaxStandbys: u32 = 5;
	pub static MaxReplacements: u32 = 2;
	pub static OperatorsEnabled: bool = true;
	pub static MinBond: u64 = 100;
	pub static UnbondingSessions: u32 = 2;
	/// By how many blocks what the source of randomness answers is old.
	pub static RandomnessAge: u64 = 0;
	/// What was slashed so far.
	pub static SlashedAmount: u64 = 0;
	/// How validators are weighed: the weight of the account, 1 for those that are not named.
	pub static ValidatorWeights: BTreeMap<u64, u128> = Default::default();
	/// By which policy mixnodes are elected.
	pub static Policy: TestPolicy = TestPolicy::AllAuthorities;
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

/// Which of the pallet's policies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TestPolicy {
	AllAuthorities,
	HighestWeight,
	WeightedLottery,
}

impl crate::ElectionPolicy for Policy {
	fn rank(candidate: &crate::Candidate) -> crate::Rank {
		match Policy::get() {
			TestPolicy::AllAuthorities => crate::AllAuthorities::rank(candidate),
			TestPolicy::HighestWeight => crate::HighestWeight::rank(candidate),
			TestPolicy::WeightedLottery => crate::WeightedLottery::rank(candidate),
		}
	}
}

/// Operators weigh their bond, validators what the test says.
pub struct TestWeights;
impl crate::RegistrantWeights<u64> for TestWeights {
	fn validator(authority: &Registrant) -> u128 {
		let named = ValidatorWeights::get().into_iter().find(|(account, _)| registrant(*account) == *authority);
		named.map_or(1, |(_, weight)| weight)
	}

	fn operator(bond: u64) -> u128 {
		bond.into()
	}
}

/// The hash of the present block number: not random, but different every time.
pub struct TestRandomness;
impl Randomness<H256, u64> for TestRandomness {
	fn random(subject: &[u8]) -> (H256, u64) {
		let known_since = System::block_number().saturating_sub(RandomnessAge::get());
		(H256(sp_io::hashing::blake2_256(&(subject, known_since).encode())), known_since)
	}
}

/// Counts what was slashed, and burns it.
pub struct CountSlashed;
impl frame_support::traits::OnUnbalanced<crate::CreditOf<Runtime>> for CountSlashed {
	fn on_nonzero_unbalanced(credit: crate::CreditOf<Runtime>) {
		SlashedAmount::mutate(|amount| *amount += frame_support::traits::Imbalance::peek(&credit));
	}
}

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
	type MaxReplacements = MaxReplacements;
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
	type Randomness = TestRandomness;
	type ElectionPolicy = Policy;
	type Weights = TestWeights;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type OperatorsEnabled = OperatorsEnabled;
	type MinBond = MinBond;
	type UnbondingSessions = UnbondingSessions;
	type Slashed = CountSlashed;
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
/// How many accounts have session keys. As many more, from here on, have only money.
pub const CANDIDATES: u64 = 40;
/// What each account starts with.
pub const ENDOWMENT: u64 = 1_000_000;

/// The parameters of genesis.
pub fn parameters() -> Parameters {
	Parameters { min_mixnodes: MinMixnodes::get(), ..Default::default() }
}

/// The session key of an account.
pub fn authority_pair(account: u64) -> AuthorityPair {
	thread_local! {
		// To make one takes longer than most of what tests do with it.
		static MADE: RefCell<BTreeMap<u64, AuthorityPair>> = const { RefCell::new(BTreeMap::new()) };
	}
	MADE.with_borrow_mut(|made| {
		let pair = made.entry(account).or_insert_with(|| {
			let mut seed = [0; 32];
			seed[..8].copy_from_slice(&account.to_le_bytes());
			AuthorityPair::from_seed(&seed)
		});
		pair.clone()
	})
}

/// Its public half.
pub fn authority(account: u64) -> AuthorityId {
	authority_pair(account).public()
}

/// Its name as a registrant.
pub fn registrant(account: u64) -> Registrant {
	crate::session::registrant(&authority(account))
}

/// 32 bytes made from `n`, others for each tag.
fn bytes(tag: u8, n: u64) -> [u8; 32] {
	sp_io::hashing::blake2_256(&(tag, n).encode())
}

/// The secret of mixnode `n`'s key-exchange key, as a scalar whose public key on Ed25519 has the sign bit 0.
fn kx_scalar(n: u64) -> Scalar {
	let scalar = Scalar::from_bytes_mod_order(clamp_integer(bytes(1, n)));
	let public = EdwardsPoint::mul_base(&scalar).compress();
	if public.as_bytes()[31] & 0x80 == 0 {
		scalar
	} else {
		-scalar
	}
}

/// The peer identity of mixnode `n`.
pub fn peer_pair(n: u64) -> ed25519::Pair {
	ed25519::Pair::from_seed(&bytes(2, n))
}

/// A mixnode whose key and peer ID are made from `n`.
pub fn mixnode(n: u64) -> Mixnode {
	thread_local! {
		static MADE: RefCell<BTreeMap<u64, Mixnode>> = const { RefCell::new(BTreeMap::new()) };
	}
	MADE.with_borrow_mut(|made| {
		let mixnode = made.entry(n).or_insert_with(|| Mixnode {
			kx_public: KxPublic(EdwardsPoint::mul_base(&kx_scalar(n)).to_montgomery().to_bytes()),
			peer_id: PeerId(peer_pair(n).public().0),
			external_addresses: vec![format!("/ip4/192.0.2.1/tcp/{}", 1 + n % 65_535).into_bytes()],
		});
		mixnode.clone()
	})
}

/// A proof of possession of mixnode `n`'s key. Ed25519 as in RFC 8032, but for the scalar and the nonce.
pub fn prove_possession(n: u64, message: &[u8]) -> [u8; 64] {
	let secret = kx_scalar(n);
	let public = EdwardsPoint::mul_base(&secret).compress();
	let hash = |parts: &[&[u8]]| {
		let digest = parts.iter().fold(Sha512::new(), |hash, part| hash.chain_update(part));
		Scalar::from_bytes_mod_order_wide(&digest.finalize().into())
	};
	let nonce = hash(&[b"nonce", secret.as_bytes(), message]);
	let commitment = EdwardsPoint::mul_base(&nonce).compress();
	let challenge = hash(&[commitment.as_bytes(), public.as_bytes(), message]);
	let response = nonce + challenge * secret;
	let mut proof = [0; 64];
	proof[..32].copy_from_slice(commitment.as_bytes());
	proof[32..].copy_from_slice(response.as_bytes());
	proof
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

/// The next registration of an account's session key, or operator key, for the next session.
pub fn registration(account: u64, mixnode: Mixnode) -> Registration {
	let session_index = Mixnet::session_status().current_index + 1;
	let candidacy = crate::Candidacies::<Runtime>::get(session_index, registrant(account));
	let revision = candidacy.map_or(0, |candidacy| candidacy.registrations);
	Registration { session_index, registrant: registrant(account), revision, mixnode }
}

/// Proves a registration with an account's key, and the secrets of mixnode `n`.
pub fn prove(account: u64, n: u64, registration: &Registration) -> RegistrationProofs {
	let payload = Mixnet::signing_payload(registration);
	let signature: sp_core::sr25519::Signature = authority_pair(account).sign(&payload).into();
	RegistrationProofs {
		registrant: signature.0,
		possession: prove_possession(n, &payload),
		peer: peer_pair(n).sign(&payload).0,
	}
}

/// What the transaction pool says to a registration.
pub fn validate(
	registration: Registration,
	proofs: RegistrationProofs,
) -> Result<ValidTransaction, TransactionValidityError> {
	let call: RuntimeCall = Call::register { registration, proofs }.into();
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

/// The extrinsic of a registration.
pub fn extrinsic(registration: Registration, proofs: RegistrationProofs) -> Extrinsic {
	let call = Call::<Runtime>::register { registration, proofs };
	<Runtime as CreateAuthorizedTransaction<Call<Runtime>>>::create_authorized_transaction(call.into())
}

/// Puts a registration into the block.
pub fn apply_registration(
	registration: Registration,
	proofs: RegistrationProofs,
) -> Result<DispatchResult, TransactionValidityError> {
	apply(extrinsic(registration, proofs))
}

/// What a block says to the registration of mixnode `n` by `account`, for the next session.
pub fn try_register(account: u64, n: u64) -> Result<DispatchResult, TransactionValidityError> {
	let registration = registration(account, mixnode(n));
	let proofs = prove(account, n, &registration);
	apply_registration(registration, proofs)
}

/// Registers mixnode `n` as `account` for the next session, which must succeed.
pub fn register(account: u64, n: u64) {
	assert_eq!(try_register(account, n), Ok(Ok(())));
}

/// Makes `account` an operator, whose key is that of [`authority`], with a bond of `amount`.
pub fn bond(account: u64, amount: BalanceOf<Runtime>) {
	let origin = RuntimeOrigin::signed(account);
	assert_eq!(Mixnet::bond(origin.clone(), amount), Ok(()));
	assert_eq!(Mixnet::set_operator_key(origin, registrant(account), prove_operator_key(account, account)), Ok(()));
	check_invariants();
}

/// The proof with which `account` sets the key of `key_of`.
pub fn prove_operator_key(account: u64, key_of: u64) -> [u8; 64] {
	let signature: sp_core::sr25519::Signature =
		authority_pair(key_of).sign(&Mixnet::operator_key_payload(&account)).into();
	signature.0
}

/// Lets the pallet prune in the idle time of the present block, of which there is enough.
pub fn idle() -> Weight {
	let taken = Mixnet::on_idle(System::block_number(), Weight::MAX);
	check_invariants();
	taken
}

/// What is registered for the next session: account, place or `None` for standbys; in the order of ranks.
pub fn next_registrations() -> Vec<(u64, Option<u32>)> {
	Mixnet::next_registrations(0, u32::MAX)
		.into_iter()
		.map(|registered| {
			let account = (0..2 * CANDIDATES).find(|account| registrant(*account) == registered.registrant);
			let place = match registered.standing {
				mixnet_primitives::Standing::Elected(place) => Some(place),
				mixnet_primitives::Standing::Standby => None,
			};
			(account.expect("only accounts of the tests register"), place)
		})
		.collect()
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
