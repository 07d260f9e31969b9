//! The chain's part of a mix network: when its sessions are, in which phase the current one is, and who mixes in it.
//!
//! A **mixnet session** lasts for [`SessionsPerMixnetSession`](Config::SessionsPerMixnetSession) of pallet-session's.
//! It begins when pallet-session rotates, and passes through four phases, counted in blocks, during which traffic moves
//! over from the session before it (PROTOCOL.md, section 7; [`SessionPhase`](mixnet_primitives::SessionPhase)).
//!
//! While a session runs, mixnodes are **registered** for the next one, by a call that costs no fee:
//! [`register`](Call::register). Registrants are the authorities that pallet-session has queued, and **operators**: anybody
//! with a bond. Each registrant proves three things: that it is who it says, that it holds the secret of the key it
//! registers, and that it holds the peer identity.
//!
//! Where more register than a session can have, an **election** decides: a policy of the runtime ranks each candidate when
//! it registers, and the best are kept ([`ElectionPolicy`]). Once its session has begun a list is the routing table, and
//! never changes. With fewer mixnodes in it than the parameters ask for, the mixnet **rests** for that session.
//!
//! **Parameters** that all nodes must agree on ([`Parameters`](mixnet_primitives::Parameters)) are set for the next session by
//! [`set_parameters`](Call::set_parameters).
//!
//! # Rooms
//!
//! - [`types`]: what is stored.
//! - `session`: rotation, phases, and when the session will end.
//! - `authorities`: the session authorities who may register.
//! - `operators`: bonds, and the keys of those who are no validators.
//! - `registration`: the checks, the authorisation, and what nodes ask and send.
//! - [`election`]: policies, by which candidates are ranked.
//! - `candidates`: the elected and the standbys, as candidates come and go; [`ranked_set`] keeps them sorted.
//! - `pruning`: removing what sessions that are over have left behind.
//! - [`migrations`]: from the storage of earlier versions.
//! - `invariants`: what must hold of the storage after every block.
//! - [`weights`]: what calls and hooks cost, as measured by `benchmarking`.
//!
//! # What a runtime needs
//!
//! docs/INTEGRATION.md leads through it. In short:
//!
//! - [`frame_system::AuthorizeCall`] in its transaction extensions, before whatever wants a signer, and
//!   [`CreateAuthorizedTransaction`](frame_system::offchain::CreateAuthorizedTransaction) for itself;
//! - [`sr25519::AuthorityId`] among its session keys, behind the key of the pallet that randomness comes from: the pallet
//!   is one of pallet-session's handlers;
//! - the runtime API of `mixnet-runtime-api`, answered by the functions of the same names on [`Pallet`].

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod authorities;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod candidates;
pub mod election;
mod invariants;
pub mod migrations;
mod operators;
mod pruning;
pub mod ranked_set;
mod registration;
mod session;
pub mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use authorities::MaxAuthorityPages;
pub use election::{
	AllAuthorities, BondWeights, Candidate, ElectionPolicy, EqualWeights, HighestWeight, Rank, RegistrantClass,
	RegistrantWeights, Seed, WeightedLottery,
};
pub use operators::OPERATOR_KEY_DOMAIN;
pub use pallet::*;
pub use pruning::{MAX_PRUNED_AT_ONCE, MIN_PRUNED_FOR_FREE};
pub use registration::REGISTRATION_TAG;
pub use types::{
	AuthorityEntry, BoundedMixnode, BoundedMixnodeFor, Candidacy, CandidacyState, Election, ListedMixnode,
	ListedMixnodeFor, MixnodeIndex, Operator, OutOfBounds, ParameterName, RemovalReason, Roster, Rotation, Session,
	AUTHORITIES_PER_PAGE, MIXNODE_INDEX_LIMIT, STANDBY_BASE,
};
pub use weights::WeightInfo;

use frame_support::traits::fungible::{Credit, Inspect};
use sp_application_crypto::KeyTypeId;

/// An amount of the runtime's currency.
pub type BalanceOf<T> = <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// What is taken from a bond that is slashed.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

/// The keys with which session authorities register mixnodes.
pub const KEY_TYPE: KeyTypeId = KeyTypeId(*b"mixn");

const LOG_TARGET: &str = "runtime::mixnet";

/// The keys of session authorities, on Ristretto.
pub mod sr25519 {
	mod app_sr25519 {
		use crate::KEY_TYPE;
		use sp_application_crypto::{app_crypto, sr25519};
		app_crypto!(sr25519, KEY_TYPE);
	}

	sp_application_crypto::with_pair! {
		/// The pair of keys of a session authority.
		pub type AuthorityPair = app_sr25519::Pair;
	}

	/// The signature of a session authority.
	pub type AuthoritySignature = app_sr25519::Signature;

	/// The public key of a session authority, by which the chain knows it.
	pub type AuthorityId = app_sr25519::Public;
}

sp_application_crypto::with_pair! {
	pub use sr25519::AuthorityPair;
}
pub use sr25519::{AuthorityId, AuthoritySignature};

// Of the calls, registrations are the large ones, with three signatures each; and they are what most calls are.
#[allow(clippy::large_enum_variant)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use crate::ranked_set::{RankDirectory, RankPage, SetId};
	use alloc::vec::Vec;
	use frame_support::{
		dispatch::PostDispatchInfo,
		pallet_prelude::*,
		traits::{
			fungible::{BalancedHold, MutateHold},
			EstimateNextSessionRotation, OnUnbalanced, Randomness,
		},
	};
	use frame_system::{ensure_authorized, offchain::CreateAuthorizedTransaction, pallet_prelude::*};
	use mixnet_primitives::{
		BadParameters, KxPublic, Mixnode, Parameters, PeerId, Registrant, Registration, RegistrationError,
		RegistrationProofs, SessionIndex, SessionParameters, Standing,
	};

	/// The in-code storage version.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// # Requirements
	///
	/// [`frame_system::AuthorizeCall`] must be among the runtime's transaction extensions. What the constants must
	/// satisfy is checked by the runtime's integrity test.
	#[pallet::config]
	pub trait Config: frame_system::Config + CreateAuthorizedTransaction<Call<Self>> {
		/// Who may set the parameters, remove mixnodes from the next session, and slash operators: governance.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The most authorities that pallet-session may queue. Those beyond it could not register.
		#[pallet::constant]
		type MaxAuthorities: Get<u32>;

		/// The most mixnodes that a session can have; at most [`MIXNODE_INDEX_LIMIT`]. Where more register, the election
		/// decides.
		#[pallet::constant]
		type MaxMixnodes: Get<u32>;

		/// The most candidates that stand by, to take the places of elected ones that are removed before the session
		/// begins. May be 0.
		#[pallet::constant]
		type MaxStandbys: Get<u32>;

		/// The size of the longest external address, in bytes.
		#[pallet::constant]
		type MaxExternalAddressSize: Get<u32>;

		/// The most external addresses of one mixnode.
		#[pallet::constant]
		type MaxExternalAddressesPerMixnode: Get<u32>;

		/// How many times a registrant may replace its mixnode before the session begins, as after a restart that lost its
		/// key; at most 254. Each costs the chain as much as a registration, and its sender nothing.
		#[pallet::constant]
		type MaxReplacements: Get<u32>;

		/// How many of pallet-session's sessions make one of the mixnet's; at least 1.
		#[pallet::constant]
		type SessionsPerMixnetSession: Get<u32>;

		/// Length of a session's first phase, `CoverToCurrent`, in blocks.
		#[pallet::constant]
		type NumCoverToCurrentBlocks: Get<BlockNumberFor<Self>>;

		/// Length of a session's second phase, `RequestsToCurrent`, in blocks.
		#[pallet::constant]
		type NumRequestsToCurrentBlocks: Get<BlockNumberFor<Self>>;

		/// Length of a session's third phase, `CoverToPrev`, in blocks. The fourth lasts until the session ends.
		#[pallet::constant]
		type NumCoverToPrevBlocks: Get<BlockNumberFor<Self>>;

		/// For how many blocks from a session's beginning nodes do not register yet.
		#[pallet::constant]
		type NumRegisterStartSlackBlocks: Get<BlockNumberFor<Self>>;

		/// How many blocks before a session's estimated end nodes should have registered: time for a registration to
		/// be included, or to be sent again, and for the session to end early. Those that have not registered by then
		/// still try in every block.
		#[pallet::constant]
		type NumRegisterEndSlackBlocks: Get<BlockNumberFor<Self>>;

		/// Priority of registrations in the transaction pool.
		#[pallet::constant]
		type RegistrationPriority: Get<TransactionPriority>;

		/// Estimates when pallet-session rotates next, for spreading registrations over the session.
		type NextSessionRotation: EstimateNextSessionRotation<BlockNumberFor<Self>>;

		/// Where the elections' seeds come from. It is asked once per session, when the session begins, and what it
		/// answers must have been published after pallet-session's rotation before: BABE's `RandomnessFromOneEpochAgo`,
		/// with the mixnet's session key behind BABE's. Where it is older than that, nobody draws in that election.
		type Randomness: Randomness<Self::Hash, BlockNumberFor<Self>>;

		/// Ranks the candidates.
		type ElectionPolicy: ElectionPolicy;

		/// What the candidates weigh: [`EqualWeights`], [`BondWeights`], or the runtime's own.
		type Weights: RegistrantWeights<BalanceOf<Self>>;

		/// What operators bond.
		type Currency: BalancedHold<Self::AccountId> + MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The runtime's reasons for holds.
		type RuntimeHoldReason: From<HoldReason>;

		/// May operators bond and register? Where not, those who have bonded can still unbond and withdraw.
		#[pallet::constant]
		type OperatorsEnabled: Get<bool>;

		/// The least bond of an operator.
		#[pallet::constant]
		type MinBond: Get<BalanceOf<Self>>;

		/// How many mixnet sessions pass from [`unbond`](Call::unbond) to [`withdraw`](Call::withdraw); at least 2. An
		/// operator may mix in the session in which it unbonds, and somebody must have the time to find out how.
		#[pallet::constant]
		type UnbondingSessions: Get<u32>;

		/// Takes what is slashed; `()` burns it.
		type Slashed: OnUnbalanced<CreditOf<Self>>;

		/// Weights of calls and hooks.
		type WeightInfo: WeightInfo;
	}

	/// Reasons for which the pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// An operator's bond.
		#[codec(index = 0)]
		OperatorBond,
	}

	/// Where the mixnet's sessions are. Session 0 begins at genesis.
	#[pallet::storage]
	pub type CurrentSession<T: Config> =
		StorageValue<_, Session<BlockNumberFor<T>>, ValueQuery, DefaultForCurrentSession<T>>;

	/// Session 0 without mixnodes: how the pallet begins where no genesis was built.
	#[pallet::type_value]
	pub fn DefaultForCurrentSession<T: Config>() -> Session<BlockNumberFor<T>> {
		session::first_session::<T>(0, Parameters::default().min_mixnodes)
	}

	/// The parameters of the previous, the current and the next session.
	#[pallet::storage]
	pub type SessionsParameters<T: Config> = StorageValue<_, SessionParameters, ValueQuery>;

	/// How often pallet-session has rotated, and when it last did.
	#[pallet::storage]
	pub type LastRotation<T: Config> = StorageValue<_, Rotation<BlockNumberFor<T>>, ValueQuery>;

	/// The keys with which the pages of [`AuthorityPages`] begin, by the parity of the rotation that queued them.
	#[pallet::storage]
	pub type AuthorityDirectory<T: Config> =
		StorageMap<_, Identity, u8, BoundedVec<Registrant, MaxAuthorityPages<T>>, ValueQuery>;

	/// The authorities that pallet-session queued at its last rotation, who may register, and those of the rotation before,
	/// who are its validators at present; by the parity of the rotation and by page, in ascending order.
	#[pallet::storage]
	pub type AuthorityPages<T: Config> = StorageDoubleMap<
		_,
		Identity,
		u8,
		Identity,
		u32,
		BoundedVec<AuthorityEntry, ConstU32<AUTHORITIES_PER_PAGE>>,
		ValueQuery,
	>;

	/// The election of the next session's mixnodes, as far as it has come.
	#[pallet::storage]
	pub type NextElection<T: Config> = StorageValue<_, Election<BlockNumberFor<T>>, ValueQuery>;

	/// The pages of the elected and of the standbys of the next session. See [`ranked_set`].
	#[pallet::storage]
	pub type RankDirectories<T: Config> = StorageMap<_, Identity, SetId, RankDirectory<T>, ValueQuery>;

	/// The elected and the standbys of the next session, in the order of their ranks. Pages that no directory names are
	/// left over, and written over when they are needed.
	#[pallet::storage]
	pub type RankPages<T: Config> = StorageDoubleMap<_, Identity, SetId, Identity, u16, RankPage, ValueQuery>;

	/// The mixnodes, by session and by their place in the session's list.
	///
	/// Of a session with n mixnodes, the places 0 to n-1 count. Those from [`STANDBY_BASE`] on are the standbys'. Whatever
	/// else is here is waiting to be pruned. Nobody else chooses these numbers, so that the keys need no hashes: lists are
	/// read faster.
	#[pallet::storage]
	pub type Mixnodes<T: Config> =
		StorageDoubleMap<_, Identity, SessionIndex, Identity, MixnodeIndex, ListedMixnodeFor<T>>;

	/// What is known of the registrants of the next session, by session and registrant.
	#[pallet::storage]
	pub type Candidacies<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionIndex, Blake2_128Concat, Registrant, Candidacy>;

	/// Who has a key-exchange key in the next session, by session and key.
	#[pallet::storage]
	pub type KxPublics<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionIndex, Blake2_128Concat, KxPublic, Registrant>;

	/// Who has a peer ID in the next session, by session and peer ID.
	#[pallet::storage]
	pub type PeerIds<T: Config> = StorageDoubleMap<_, Twox64Concat, SessionIndex, Blake2_128Concat, PeerId, Registrant>;

	/// The oldest session of which something may still be stored that is no longer needed.
	#[pallet::storage]
	pub type NextToPrune<T: Config> = StorageValue<_, SessionIndex, ValueQuery>;

	/// The operators, by account.
	#[pallet::storage]
	pub type Operators<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Operator<BalanceOf<T>, BlockNumberFor<T>>>;

	/// The operators' accounts, by the keys with which they register.
	#[pallet::storage]
	pub type OperatorKeys<T: Config> = StorageMap<_, Blake2_128Concat, Registrant, T::AccountId>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A session began, and the mixnet runs.
		SessionStarted {
			/// Its index.
			session_index: SessionIndex,
			/// How many mixnodes it has.
			mixnodes: u32,
		},
		/// A session began, for which too few mixnodes registered: the mixnet rests until the next one.
		SessionResting {
			/// Its index.
			session_index: SessionIndex,
			/// How many mixnodes registered for it.
			registered: u32,
			/// How many it would have needed.
			required: u32,
		},
		/// A mixnode was registered for the next session, or replaced.
		MixnodeRegistered {
			/// Index of that session.
			session_index: SessionIndex,
			/// Who registered it.
			registrant: Registrant,
			/// The registrant's rank in the election: lower is better.
			rank: Rank,
			/// Where it stands.
			standing: Standing,
			/// How many times the registrant had registered before, for that session.
			revision: u8,
		},
		/// A better candidate took the place of an elected one.
		MixnodeDisplaced {
			/// Index of the session.
			session_index: SessionIndex,
			/// Whose place it was.
			registrant: Registrant,
			/// Whose it is now.
			by: Registrant,
			/// Does the displaced one stand by? If not, it is out, and may register again should there be room.
			stands_by: bool,
		},
		/// A candidate has no place any more, not even as a standby. It may register again should there be room.
		StandbyDropped {
			/// Index of the session.
			session_index: SessionIndex,
			/// Who registered it.
			registrant: Registrant,
		},
		/// A standby took the place of an elected mixnode that was removed.
		StandbyPromoted {
			/// Index of the session.
			session_index: SessionIndex,
			/// Who registered it.
			registrant: Registrant,
			/// Its place in the session's list.
			mixnode_index: MixnodeIndex,
		},
		/// A mixnode was removed from the next session.
		MixnodeRemoved {
			/// Index of that session.
			session_index: SessionIndex,
			/// Who had registered it.
			registrant: Registrant,
			/// Why.
			reason: RemovalReason,
		},
		/// A registrant may not stand in the next session's election any more.
		RegistrantBarred {
			/// Index of that session.
			session_index: SessionIndex,
			/// Who.
			registrant: Registrant,
			/// Why.
			reason: RemovalReason,
		},
		/// The parameters of the next session were set. Those of later ones are the same, unless set again.
		ParametersSet {
			/// Index of that session.
			session_index: SessionIndex,
			/// What they are.
			parameters: Parameters,
		},
		/// An operator bonded, or added to its bond.
		Bonded {
			/// Its account.
			account: T::AccountId,
			/// How much was added.
			amount: BalanceOf<T>,
			/// The whole bond.
			bond: BalanceOf<T>,
		},
		/// An operator set the key by which it registers. It can stand once a whole session has passed.
		OperatorKeySet {
			/// Its account.
			account: T::AccountId,
			/// The key.
			key: Registrant,
		},
		/// An operator's bond is being released.
		Unbonding {
			/// Its account.
			account: T::AccountId,
			/// The session from which on it can be withdrawn.
			releasable_in: SessionIndex,
		},
		/// An operator withdrew its bond, and is none any more.
		Withdrawn {
			/// Its account.
			account: T::AccountId,
			/// How much it got back.
			amount: BalanceOf<T>,
		},
		/// An operator lost some or all of its bond.
		Slashed {
			/// Its account.
			account: T::AccountId,
			/// How much it lost.
			amount: BalanceOf<T>,
			/// What is left.
			bond: BalanceOf<T>,
		},
		/// Somebody helped to remove what sessions that are over had left behind.
		Pruned {
			/// How many keys were removed.
			keys: u32,
		},
	}

	/// Why a call is refused. Those of registrations are also told by the transaction pool: the first two as
	/// `InvalidTransaction::Stale` and `Future`, the others as `Custom` with the number of the same [`RegistrationError`].
	#[pallet::error]
	pub enum Error<T> {
		/// The session that it is for has begun already. Register for the next one.
		StaleSession,
		/// The session that it is for is not the next one yet.
		FutureSession,
		/// The registrant is neither one of the next session's authorities nor an operator.
		NotARegistrant,
		/// This chain has no operators.
		OperatorsNotEnabled,
		/// The bond is below the least one.
		BondTooSmall,
		/// The operator's key was set too late for this election. Wait until a whole session has passed since.
		OperatorTooRecent,
		/// The registrant was disabled, or its mixnode was removed: it may not stand in this election.
		Barred,
		/// The number of the registration is not the one that is due.
		WrongRevision,
		/// The registrant has replaced its mixnode as often as it may.
		TooManyRevisions,
		/// There are more external addresses than allowed.
		TooManyAddresses,
		/// An external address is longer than allowed.
		AddressTooLong,
		/// An external address is no multiaddr that leads to the mixnode.
		BadAddress,
		/// The key-exchange key is of small order, not in its canonical encoding, or no key at all.
		BadKxPublic,
		/// The peer ID is no Ed25519 public key.
		BadPeerId,
		/// Another registrant has the key-exchange key in that session.
		KxPublicTaken,
		/// Another registrant has the peer ID in that session.
		PeerIdTaken,
		/// All places are taken by better ranks.
		RankTooLow,
		/// The registrant's signature does not fit. Seen in the transaction pool only, like the next two.
		BadRegistrantProof,
		/// The proof of possession of the key-exchange secret does not fit.
		BadPossessionProof,
		/// The peer identity's signature does not fit.
		BadPeerProof,
		/// The parameters have a value that nodes could not live with: the field's docs say why.
		BadParameters(ParameterName),
		/// With these parameters requests would be answered too late: see `MAX_ROUND_TRIP_MS`.
		RoundTripTooLong,
		/// The account is an operator already. Add to its bond with `bond_extra`.
		AlreadyBonded,
		/// The account is no operator.
		NotBonded,
		/// The operator's bond is being released. Withdraw it when it is, and bond anew.
		AlreadyUnbonding,
		/// The operator's bond is not being released. Call `unbond` first.
		NotUnbonding,
		/// The operator's bond is not released yet.
		StillUnbonding,
		/// The key is an authority's or an operator's already.
		OperatorKeyTaken,
		/// The proof that the operator holds the key does not fit.
		BadOperatorKeyProof,
		/// There is nothing to prune.
		NothingToPrune,
	}

	impl<T> From<RegistrationError> for Error<T> {
		fn from(error: RegistrationError) -> Self {
			match error {
				RegistrationError::StaleSession => Self::StaleSession,
				RegistrationError::FutureSession => Self::FutureSession,
				RegistrationError::NotARegistrant => Self::NotARegistrant,
				RegistrationError::OperatorsNotEnabled => Self::OperatorsNotEnabled,
				RegistrationError::BondTooSmall => Self::BondTooSmall,
				RegistrationError::OperatorTooRecent => Self::OperatorTooRecent,
				RegistrationError::Barred => Self::Barred,
				RegistrationError::WrongRevision => Self::WrongRevision,
				RegistrationError::TooManyRevisions => Self::TooManyRevisions,
				RegistrationError::TooManyAddresses => Self::TooManyAddresses,
				RegistrationError::AddressTooLong => Self::AddressTooLong,
				RegistrationError::BadAddress => Self::BadAddress,
				RegistrationError::BadKxPublic => Self::BadKxPublic,
				RegistrationError::BadPeerId => Self::BadPeerId,
				RegistrationError::KxPublicTaken => Self::KxPublicTaken,
				RegistrationError::PeerIdTaken => Self::PeerIdTaken,
				RegistrationError::RankTooLow => Self::RankTooLow,
				RegistrationError::BadRegistrantProof => Self::BadRegistrantProof,
				RegistrationError::BadPossessionProof => Self::BadPossessionProof,
				RegistrationError::BadPeerProof => Self::BadPeerProof,
			}
		}
	}

	impl<T> From<BadParameters> for Error<T> {
		fn from(bad: BadParameters) -> Self {
			match bad {
				BadParameters::OutOfRange { parameter, .. } => Self::BadParameters(ParameterName(parameter)),
				BadParameters::RoundTripTooLong { .. } => Self::RoundTripTooLong,
			}
		}
	}

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The mixnodes of session 0, in the order of their indices. With fewer than the parameters' `min_mixnodes` the
		/// mixnet rests until session 1.
		pub mixnodes: Vec<Mixnode>,
		/// The parameters from session 0 on; the default ones if left out.
		pub parameters: Option<Parameters>,
		#[serde(skip)]
		#[doc(hidden)]
		pub _config: PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let parameters = self.parameters.unwrap_or_default();
			if let Err(error) = Pallet::<T>::check_parameters(&parameters) {
				panic!("genesis parameters: {error}");
			}
			SessionsParameters::<T>::put(SessionParameters {
				previous: parameters,
				current: parameters,
				next: parameters,
			});
			Pallet::<T>::begin_at_genesis(&self.mixnodes);
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(_now: BlockNumberFor<T>, remaining_weight: Weight) -> Weight {
			Self::prune_within(remaining_weight)
		}

		fn integrity_test() {
			invariants::check_config::<T>();
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers a mixnode for the next session, or replaces the registrant's.
		///
		/// Free of charge, and needs no account: the three [`RegistrationProofs`], which the pallet verifies before it
		/// authorises the call, are over the registration, the session and this chain. docs/REGISTRATION.md has them byte by
		/// byte.
		///
		/// Checked in this order, so that refusing is cheap: the session; the registrant, an authority or an operator; that
		/// it is not barred, has attempts left, and this is the one that is due; that nobody else has the key or the peer
		/// ID; the rank; the addresses; key and peer ID by themselves; then the registrant's signature, the proof of
		/// possession and the peer identity's signature. What follows the rank is checked by the authorisation alone.
		///
		/// A replacement keeps rank and place.
		///
		/// ## Errors
		/// Those from [`Error::StaleSession`] to [`Error::BadPeerProof`], each for what its name says.
		///
		/// ## Events
		/// - [`Event::MixnodeRegistered`]; where it took another's place, [`Event::MixnodeDisplaced`] and
		///   [`Event::StandbyDropped`] for whom that concerns.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register(registration.mixnode.external_addresses.len() as u32))]
		#[pallet::weight_of_authorize(
			T::WeightInfo::authorize_register(registration.mixnode.external_addresses.len() as u32)
		)]
		#[pallet::authorize(Self::authorize_registration)]
		pub fn register(
			origin: OriginFor<T>,
			registration: Registration,
			// Verified by the authorisation, without which there is no such origin.
			_proofs: RegistrationProofs,
		) -> DispatchResult {
			ensure_authorized(origin)?;
			Self::do_register(registration)?;
			Ok(())
		}

		/// Makes the sender an operator, with `amount` on hold as its bond.
		///
		/// ## Errors
		/// - [`Error::OperatorsNotEnabled`], [`Error::AlreadyBonded`].
		/// - [`Error::BondTooSmall`]: `amount` is below [`Config::MinBond`].
		/// - The sender has not as much that can be held.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::bond())]
		pub fn bond(origin: OriginFor<T>, amount: BalanceOf<T>) -> DispatchResult {
			Self::do_bond(ensure_signed(origin)?, amount)
		}

		/// Adds to an operator's bond. What is added weighs from the next election on whose seed nobody can know yet.
		///
		/// ## Errors
		/// - [`Error::OperatorsNotEnabled`], [`Error::NotBonded`], [`Error::AlreadyUnbonding`].
		/// - [`Error::BondTooSmall`]: `amount` is zero.
		/// - The sender has not as much that can be held.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::bond_extra())]
		pub fn bond_extra(origin: OriginFor<T>, amount: BalanceOf<T>) -> DispatchResult {
			Self::do_bond_extra(ensure_signed(origin)?, amount)
		}

		/// Sets the sr25519 key by which an operator registers. `proof` is that key's signature of
		/// [`operator_key_payload`](Pallet::operator_key_payload). A mixnode that a former key has registered for the next
		/// session is removed.
		///
		/// The operator can stand in elections that begin a whole session of pallet-session later, when nobody could have
		/// chosen the key with its luck in view.
		///
		/// ## Errors
		/// - [`Error::OperatorsNotEnabled`], [`Error::NotBonded`], [`Error::AlreadyUnbonding`].
		/// - [`Error::OperatorKeyTaken`]: somebody registers by it already, maybe the sender.
		/// - [`Error::BadOperatorKeyProof`].
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::set_operator_key())]
		pub fn set_operator_key(origin: OriginFor<T>, key: Registrant, proof: [u8; 64]) -> DispatchResult {
			Self::do_set_operator_key(ensure_signed(origin)?, key, proof)
		}

		/// Asks for an operator's bond to be released, after [`Config::UnbondingSessions`]. From now on it stands in no
		/// election, and what it has registered for the next session is removed.
		///
		/// ## Errors
		/// - [`Error::NotBonded`], [`Error::AlreadyUnbonding`].
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::unbond())]
		pub fn unbond(origin: OriginFor<T>) -> DispatchResult {
			Self::do_unbond(ensure_signed(origin)?)
		}

		/// Returns an operator's bond, when it is released, and forgets the operator.
		///
		/// ## Errors
		/// - [`Error::NotBonded`], [`Error::NotUnbonding`], [`Error::StillUnbonding`].
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::withdraw())]
		pub fn withdraw(origin: OriginFor<T>) -> DispatchResult {
			Self::do_withdraw(ensure_signed(origin)?)
		}

		/// Takes up to `amount` of an operator's bond, also while it is being released. With less than
		/// [`Config::MinBond`] left it stands in no election, and what it has registered for the next session is removed.
		///
		/// For the admin origin.
		///
		/// ## Errors
		/// - [`Error::NotBonded`].
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::slash())]
		pub fn slash(origin: OriginFor<T>, account: T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_slash(account, amount)
		}

		/// Sets the parameters of the next session, and of all after it until they are set again.
		///
		/// For the admin origin.
		///
		/// ## Errors
		/// - [`Error::BadParameters`], [`Error::RoundTripTooLong`]: nodes could not live with them.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::set_parameters())]
		pub fn set_parameters(origin: OriginFor<T>, parameters: Parameters) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::check_parameters(&parameters).map_err(Error::<T>::from)?;
			SessionsParameters::<T>::mutate(|sessions| sessions.next = parameters);
			Self::deposit_event(Event::ParametersSet { session_index: Self::next_session_index(), parameters });
			Ok(())
		}

		/// Removes a registrant's mixnode from the next session, if it has one there, and bars the registrant from that
		/// session's election. The current session's mixnodes stay as they are, whatever happens.
		///
		/// For the admin origin.
		///
		/// ## Events
		/// - [`Event::RegistrantBarred`]; [`Event::MixnodeRemoved`] if there was a mixnode, and
		///   [`Event::StandbyPromoted`] if another one takes its place.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::force_remove())]
		pub fn force_remove(origin: OriginFor<T>, registrant: Registrant) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::bar(registrant, RemovalReason::Forced);
			Ok(())
		}

		/// Removes up to `keys` storage keys of sessions that are over, at most [`MAX_PRUNED_AT_ONCE`]. Anybody may call it;
		/// it is free if it removes as many as it said, and [`MIN_PRUNED_FOR_FREE`] or more. Each call deals with one session; where that has left nothing, it
		/// passes on to the next.
		///
		/// Idle blocks do the same by themselves: this is for a chain whose blocks are always full.
		///
		/// ## Errors
		/// - [`Error::NothingToPrune`].
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::prune((*keys).min(MAX_PRUNED_AT_ONCE)))]
		pub fn prune(origin: OriginFor<T>, keys: u32) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			// None removed is no error: a failed call would not get over a session that has left nothing.
			let removed = Self::prune_some(keys).ok_or(Error::<T>::NothingToPrune)?;
			Self::deposit_event(Event::Pruned { keys: removed });
			let is_free = removed == keys && removed >= MIN_PRUNED_FOR_FREE;
			Ok(PostDispatchInfo {
				actual_weight: Some(T::WeightInfo::prune(removed)),
				pays_fee: if is_free { Pays::No } else { Pays::Yes },
			})
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The current session and its phase.
		pub fn view_session_status() -> mixnet_primitives::SessionStatus {
			Self::session_status()
		}

		/// The parameters of the previous, the current and the next session.
		pub fn view_parameters() -> SessionParameters {
			Self::parameters()
		}

		/// An operator's bond, key and state; `None` if the account is none.
		pub fn operator(account: T::AccountId) -> Option<Operator<BalanceOf<T>, BlockNumberFor<T>>> {
			Operators::<T>::get(account)
		}

		/// What an account's operator key has to sign to be set: see [`Call::set_operator_key`].
		pub fn view_operator_key_payload(account: T::AccountId) -> Vec<u8> {
			Self::operator_key_payload(&account)
		}

		/// What a registrant has registered for the next session, and what is missing if it cannot.
		pub fn view_registration_status(
			registrant: Registrant,
			kx_public: KxPublic,
		) -> mixnet_primitives::RegistrationStatus {
			Self::registration_status(registrant, kx_public)
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Are these parameters that nodes can live with, and that this runtime can satisfy?
	pub(crate) fn check_parameters(
		parameters: &mixnet_primitives::Parameters,
	) -> Result<(), mixnet_primitives::BadParameters> {
		use frame_support::traits::Get;
		parameters.check()?;
		let max = T::MaxMixnodes::get();
		if parameters.min_mixnodes > max {
			return Err(mixnet_primitives::BadParameters::OutOfRange {
				parameter: mixnet_primitives::Parameter::MinMixnodes,
				value: parameters.min_mixnodes,
				min: mixnet_primitives::parameters::MIN_MIN_MIXNODES,
				max,
			});
		}
		Ok(())
	}
}
