//! The chain's part of a mix network: its sessions, the phase of the current one, and the mixnodes of each.
//!
//! A **mixnet session** lasts for [`SessionsPerMixnetSession`](Config::SessionsPerMixnetSession) of pallet-session's.
//! It begins when pallet-session rotates. It passes through four phases, counted in blocks, during which traffic moves
//! over from the session before it (PROTOCOL.md, section 7; [`SessionPhase`](mixnet_primitives::SessionPhase)).
//!
//! While a session runs, mixnodes are **registered** for the next one, by a call that costs no fee:
//! [`register`](Call::register). Registrants are the authorities that pallet-session has queued, and **operators**:
//! accounts with a bond. Each registrant proves three things: its own identity, that it holds the secret of the key
//! that it registers, and that it holds the peer identity.
//!
//! If more register than a session can have, an **election** decides. A policy of the runtime ranks each candidate when
//! it registers, and the best are kept ([`ElectionPolicy`]). Once its session has begun, a list is the routing table
//! and never changes. If a list has fewer mixnodes than the parameters ask for, the mixnet **rests** for that session.
//!
//! **Parameters** that all nodes must agree on ([`Parameters`](mixnet_primitives::Parameters)) are set for the next
//! session by [`set_parameters`](Call::set_parameters).
//!
//! # Map
//!
//! This file has the storage and the calls. Below it, imports only point down the list:
//!
//! - `migrations`: from the storage of earlier versions.
//! - `invariants`, `integrity`: what must hold of the storage after every block, and of a runtime's constants.
//! - `session`: rotation, phases, lists, seeds, genesis, and the handler of pallet-session.
//! - `registration`: the checks of a registration, its authorisation, and what nodes ask and submit.
//! - `candidates`: the elected and the standbys, as candidates come and go; [`ranked_set`] keeps them sorted.
//! - `authorities`: the session authorities who may register.
//! - `operators`: bonds, and the keys of operators; `bonds` keeps count of a bond's parts.
//! - `parameters`, `pruning`: what a runtime accepts as parameters; removes what sessions that are over have left behind.
//! - `config`, `events`: parts of this file, moved out: the `Config`, the events and the errors.
//! - [`types`], [`election`], [`sr25519`]: what is stored; the policies that rank candidates; the keys of authorities.
//! - [`weights`]: what calls and hooks cost, as `benchmarking` has measured.
//!
//! docs/INTEGRATION.md says what a runtime needs: transaction extension, session key, runtime API.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod authorities;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod bonds;
mod candidates;
mod config;
pub mod election;
mod events;
mod integrity;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
mod measured;
pub mod migrations;
mod operators;
mod parameters;
mod pruning;
pub mod ranked_set;
mod registration;
mod session;
pub mod sr25519;
pub mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use election::{
	AllAuthorities, BondWeights, Candidate, ElectionPolicy, EqualWeights, HighestWeight, NoRandomness, Rank,
	RegistrantClass, RegistrantWeights, Seed, WeightedLottery,
};
pub use measured::{MeasuredUpTo, SetSizes, MEASURED_UP_TO};
pub use pallet::*;
pub use sr25519::{AuthorityId, AuthoritySignature, KEY_TYPE};
pub use types::*;
pub use weights::WeightInfo;

sp_application_crypto::with_pair! {
	pub use sr25519::AuthorityPair;
}

use frame_support::{
	pallet_macros::import_section,
	traits::fungible::{Credit, Inspect},
};

/// An amount of the runtime's currency.
pub type BalanceOf<T> = <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// What is taken from a bond that is slashed.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

/// [`ListedMixnode`] with the accounts of a runtime.
pub type ListedMixnodeFor<T> = ListedMixnode<<T as frame_system::Config>::AccountId, BoundedMixnode>;

const LOG_TARGET: &str = "runtime::mixnet";

// Most calls are registrations. They are also the large ones, with three signatures each.
#[allow(clippy::large_enum_variant)]
#[import_section(config::config)]
#[import_section(events::events)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use crate::ranked_set::{RankDirectory, RankPage, SetId};
	use alloc::vec::Vec;
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{BalancedHold, MutateHold},
			DisabledValidators, EstimateNextSessionRotation, OnUnbalanced, Randomness,
		},
	};
	use frame_system::{ensure_authorized, offchain::CreateAuthorizedTransaction, pallet_prelude::*};
	use mixnet_primitives::{
		BadParameters, KxPublic, Mixnode, Parameters, PeerId, Place, Registrant, Registration, RegistrationError,
		RegistrationProofs, RegistrationStatus, SessionIndex, SessionParameters, SessionStatus, Standing,
	};

	/// The in-code storage version.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Reasons for which the pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// An operator's bond.
		#[codec(index = 0)]
		OperatorBond,
	}

	/// The current session, and what must not change about the two that can be live. Session 0 begins at genesis.
	#[pallet::storage]
	pub type CurrentSession<T: Config> =
		StorageValue<_, Session<BlockNumberFor<T>>, ValueQuery, DefaultForCurrentSession<T>>;

	/// Session 0 without mixnodes: how the pallet begins on a chain whose genesis did not have it.
	#[pallet::type_value]
	pub fn DefaultForCurrentSession<T: Config>() -> Session<BlockNumberFor<T>> {
		Pallet::<T>::first_session(0, Parameters::default().min_mixnodes)
	}

	/// The parameters of the previous, the current and the next session.
	#[pallet::storage]
	pub type SessionsParameters<T: Config> = StorageValue<_, SessionParameters, ValueQuery>;

	/// The first key of each page of [`AuthorityPages`], by the parity of the rotation that queued the authorities.
	#[pallet::storage]
	pub type AuthorityDirectory<T: Config> =
		StorageMap<_, Identity, u8, BoundedVec<Registrant, ConstU32<AUTHORITY_PAGES_LIMIT>>, ValueQuery>;

	/// The authorities, by the parity of the rotation that queued them and by page, in ascending order of their keys.
	/// Those that pallet-session queued at its last rotation may register. Those of the rotation before are its
	/// validators now.
	#[pallet::storage]
	pub type AuthorityPages<T: Config> = StorageDoubleMap<
		_,
		Identity,
		u8,
		Identity,
		u32,
		BoundedVec<AuthorityEntry<T::AccountId>, ConstU32<AUTHORITIES_PER_PAGE>>,
		ValueQuery,
	>;

	/// The election of the next session's mixnodes, as of now.
	#[pallet::storage]
	pub type NextElection<T: Config> =
		StorageValue<_, Election<BlockNumberFor<T>>, ValueQuery, DefaultForNextElection<T>>;

	/// An election without seed: how the pallet begins on a chain whose genesis did not have it.
	#[pallet::type_value]
	pub fn DefaultForNextElection<T: Config>() -> Election<BlockNumberFor<T>> {
		Pallet::<T>::empty_election()
	}

	/// Directories of the pages of [`RankPages`], one for the elected and one for the standbys. See [`ranked_set`].
	#[pallet::storage]
	pub type RankDirectories<T: Config> = StorageMap<_, Identity, SetId, RankDirectory, ValueQuery>;

	/// The elected and the standbys of the next session, in the order of their ranks. Pages that no directory names are
	/// unused, and are overwritten when they are needed.
	#[pallet::storage]
	pub type RankPages<T: Config> = StorageDoubleMap<_, Identity, SetId, Identity, u16, RankPage, ValueQuery>;

	/// The mixnodes, by session and by their place in the session's list.
	///
	/// Of a session with n mixnodes, the places 0 to n-1 count. Places from [`STANDBY_BASE`] on are those of standbys.
	/// Everything else here waits to be pruned. Nobody can choose these numbers, so the keys need no hashes, and lists
	/// are read faster.
	#[pallet::storage]
	pub type Mixnodes<T: Config> = StorageDoubleMap<_, Identity, SessionIndex, Identity, Place, ListedMixnodeFor<T>>;

	/// Each account's part in the next session's election, by session and account.
	#[pallet::storage]
	pub type Candidacies<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionIndex, Blake2_128Concat, T::AccountId, Candidacy>;

	/// The account that has a key-exchange key in the next session, by session and key.
	#[pallet::storage]
	pub type KxPublics<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionIndex, Blake2_128Concat, KxPublic, T::AccountId>;

	/// The account that has a peer ID in the next session, by session and peer ID.
	#[pallet::storage]
	pub type PeerIds<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionIndex, Blake2_128Concat, PeerId, T::AccountId>;

	/// The oldest session that may have left storage to prune.
	#[pallet::storage]
	pub type NextToPrune<T: Config> = StorageValue<_, SessionIndex, ValueQuery>;

	/// The operators, by account.
	#[pallet::storage]
	pub type Operators<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Operator<BalanceOf<T>, BlockNumberFor<T>>>;

	/// The operators' accounts, by the keys with which they register.
	#[pallet::storage]
	pub type OperatorKeys<T: Config> = StorageMap<_, Blake2_128Concat, Registrant, T::AccountId>;

	/// May mixnodes be registered with addresses that cannot be reached from the Internet? Set at genesis. It is read
	/// only when such a mixnode registers.
	#[pallet::storage]
	pub type PrivateAddresses<T: Config> = StorageValue<_, bool, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The mixnodes of session 0, in the order of their indices. If there are fewer than the parameters'
		/// `min_mixnodes`, the mixnet rests until session 1.
		pub mixnodes: Vec<Mixnode>,
		/// The parameters from session 0 on; the default ones if left out.
		pub parameters: Option<Parameters>,
		/// May mixnodes be registered with addresses that cannot be reached from the Internet, such as those of private
		/// networks? For chains all of whose nodes are in one network. Not if left out.
		#[serde(default)]
		pub allow_private_addresses: bool,
		#[serde(skip)]
		#[doc(hidden)]
		pub _config: PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			PrivateAddresses::<T>::put(self.allow_private_addresses);
			Pallet::<T>::begin_at_genesis(&self.mixnodes, self.parameters.unwrap_or_default());
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(_now: BlockNumberFor<T>, remaining_weight: Weight) -> Weight {
			Self::prune_within(remaining_weight)
		}

		fn integrity_test() {
			Self::check_constants();
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers a mixnode for the next session, or replaces the registrant's registration.
		///
		/// The call is free and needs no account. Instead, the pallet verifies three [`RegistrationProofs`] before it
		/// authorises the call. They sign the registration, the session and this chain. docs/REGISTRATION.md has them
		/// byte by byte.
		///
		/// Checked in this order, so that refusing is cheap: the session; the registrant, an authority or an operator;
		/// that its account is not barred, has no mixnode by another key, and has revisions left; the revision; that
		/// nobody else has the key or the peer ID; the rank; the registrant's signature; the addresses (their number,
		/// size and form, whether they can be reached, and to how many hosts they lead); key and peer ID by themselves;
		/// then the proof of possession and the peer identity's signature. Only the authorisation makes the checks that
		/// follow the rank.
		///
		/// A registration that replaces another keeps its rank and place.
		///
		/// ## Errors
		/// - [`Error::Registration`], with the [`RegistrationError`] that names the first failed check.
		///
		/// ## Events
		/// - [`Event::MixnodeRegistered`]. If the candidate took another's place, also [`Event::MixnodeDisplaced`] and
		///   [`Event::StandbyDropped`] for the candidates that it displaced.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register(registration.mixnode.external_addresses.len() as u32))]
		#[pallet::weight_of_authorize(
			T::WeightInfo::authorize_register(registration.mixnode.external_addresses.len() as u32)
		)]
		#[pallet::authorize(Self::authorize_registration)]
		pub fn register(
			origin: OriginFor<T>,
			registration: Registration,
			// Verified by the authorisation. Without it there is no such origin.
			_proofs: RegistrationProofs,
		) -> DispatchResult {
			ensure_authorized(origin)?;
			Self::do_register(registration)
		}

		/// Makes the sender an operator, with `amount` on hold as its bond.
		///
		/// ## Errors
		/// - [`Error::OperatorsNotEnabled`], [`Error::AlreadyBonded`].
		/// - [`Error::BondTooSmall`]: `amount` is below [`Config::MinBond`].
		/// - The sender does not have that much to hold.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::bond())]
		pub fn bond(origin: OriginFor<T>, amount: BalanceOf<T>) -> DispatchResult {
			Self::do_bond(ensure_signed(origin)?, amount)
		}

		/// Adds to an operator's bond. The addition counts from the first election whose seed nobody can know yet.
		///
		/// ## Errors
		/// - [`Error::OperatorsNotEnabled`], [`Error::NotBonded`], [`Error::AlreadyUnbonding`].
		/// - [`Error::BondTooSmall`]: `amount` is zero.
		/// - The sender does not have that much to hold.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::bond_extra())]
		pub fn bond_extra(origin: OriginFor<T>, amount: BalanceOf<T>) -> DispatchResult {
			Self::do_bond_extra(ensure_signed(origin)?, amount)
		}

		/// Sets the sr25519 key by which an operator registers. `proof` is that key's signature of
		/// [`operator_key_payload`](Pallet::operator_key_payload). A mixnode that a former key has registered for the
		/// next session is removed.
		///
		/// The key has no influence on the operator's rank, and may be set at any time.
		///
		/// ## Errors
		/// - [`Error::OperatorsNotEnabled`], [`Error::NotBonded`], [`Error::AlreadyUnbonding`].
		/// - [`Error::BadOperatorKey`]: anybody could sign for it.
		/// - [`Error::OperatorKeyTaken`]: it is an authority's or an operator's already, maybe the sender's.
		/// - [`Error::BadOperatorKeyProof`].
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::set_operator_key())]
		pub fn set_operator_key(origin: OriginFor<T>, key: Registrant, proof: [u8; 64]) -> DispatchResult {
			Self::do_set_operator_key(ensure_signed(origin)?, key, proof)
		}

		/// Asks for an operator's bond to be released, after [`Config::UnbondingSessions`]. From now on the operator
		/// stands in no election, and its mixnode is removed from the next session.
		///
		/// ## Errors
		/// - [`Error::NotBonded`], [`Error::AlreadyUnbonding`].
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::unbond())]
		pub fn unbond(origin: OriginFor<T>) -> DispatchResult {
			Self::do_unbond(ensure_signed(origin)?)
		}

		/// Returns to an operator all that is due of what is being released. Who has left, and gets back everything, is
		/// no operator any more.
		///
		/// ## Errors
		/// - [`Error::NotBonded`], [`Error::NotUnbonding`].
		/// - [`Error::StillUnbonding`]: nothing is due.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::withdraw())]
		pub fn withdraw(origin: OriginFor<T>) -> DispatchResult {
			Self::do_withdraw(ensure_signed(origin)?)
		}

		/// Takes up to `amount` of what an operator has on hold: from its bond, and, if that is not enough, from what is
		/// being released. If a bond of less than [`Config::MinBond`] is left, the operator stands in no election, and its
		/// mixnode is removed from the next session. If more is left, but less than what the election under way counted,
		/// its mixnode is ranked again.
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

		/// Sets the parameters of the next session, and of all sessions after it until they are set again.
		///
		/// For the admin origin.
		///
		/// ## Errors
		/// - [`Error::BadParameters`], [`Error::RoundTripTooLong`]: nodes could not live with them.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::set_parameters())]
		pub fn set_parameters(origin: OriginFor<T>, parameters: Parameters) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_set_parameters(parameters)
		}

		/// Bars an account from the next session's election, and removes its mixnode from that session if it has one.
		/// The current session's mixnodes never change.
		///
		/// For the admin origin.
		///
		/// ## Events
		/// - [`Event::AccountBarred`]. If there was a mixnode, also [`Event::MixnodeRemoved`], and
		///   [`Event::StandbyPromoted`] if a standby takes its place.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::force_remove())]
		pub fn force_remove(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::bar(&account, RemovalReason::Forced);
			Ok(())
		}

		/// Removes up to `keys` storage keys of sessions that are over, at most [`MAX_PRUNED_AT_ONCE`].
		///
		/// Anybody may call it. It is free if it removes exactly `keys` keys, and at least [`MIN_PRUNED_FOR_FREE`].
		/// Each call deals with one session. If that session has left nothing, the next call goes on with the next
		/// session.
		///
		/// Idle blocks do the same by themselves. This call is for a chain whose blocks are always full.
		///
		/// ## Errors
		/// - [`Error::NothingToPrune`].
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::prune((*keys).min(MAX_PRUNED_AT_ONCE)))]
		pub fn prune(origin: OriginFor<T>, keys: u32) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			Self::do_prune(keys)
		}

		/// Asks for `amount` of an operator's bond to be released, after [`Config::UnbondingSessions`]. It leaves the bond
		/// at once, and what was added last goes first. The operator goes on with the rest, which must be at least
		/// [`Config::MinBond`]. If less is left than what the election under way counted, its mixnode is ranked again.
		///
		/// What is asked for in one session is released together. There are at most [`MAX_UNBONDING_PARTS`] such parts.
		///
		/// ## Errors
		/// - [`Error::NothingToRelease`]: `amount` is zero.
		/// - [`Error::NotBonded`], [`Error::AlreadyUnbonding`], [`Error::TooManyUnbondingParts`].
		/// - [`Error::RestTooSmall`]: to release more, leave with [`unbond`](Self::unbond).
		///
		/// ## Events
		/// - [`Event::Unbonding`]. If a mixnode was ranked again, also [`Event::MixnodeRankedAgain`], and
		///   [`Event::StandbyPromoted`] if it lost its place to a standby.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::unbond_part())]
		pub fn unbond_part(origin: OriginFor<T>, amount: BalanceOf<T>) -> DispatchResult {
			Self::do_unbond_part(ensure_signed(origin)?, amount)
		}

		/// Takes back all that is being released, also what is due and was not withdrawn yet. An operator that was leaving
		/// stays, with the key that it had.
		///
		/// What is taken back counts like an addition that is made now: from the first election whose seed nobody can
		/// know yet. If the operator was leaving, this is its whole bond.
		///
		/// ## Errors
		/// - [`Error::OperatorsNotEnabled`], [`Error::NotBonded`], [`Error::NotUnbonding`].
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::rebond())]
		pub fn rebond(origin: OriginFor<T>) -> DispatchResult {
			Self::do_rebond(ensure_signed(origin)?)
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The current session and its phase.
		pub fn view_session_status() -> SessionStatus {
			Self::session_status()
		}

		/// The parameters of the previous, the current and the next session.
		pub fn view_parameters() -> SessionParameters {
			Self::parameters()
		}

		/// An operator's bond, what of it is being released and when, and its key; `None` if the account is no operator.
		pub fn view_operator(account: T::AccountId) -> Option<Operator<BalanceOf<T>, BlockNumberFor<T>>> {
			Self::operator(&account)
		}

		/// What an account's operator key has to sign to be set: see [`Call::set_operator_key`].
		pub fn view_operator_key_payload(account: T::AccountId) -> Vec<u8> {
			Self::operator_key_payload(&account)
		}

		/// What a registrant has registered for the next session, and what it should do now.
		pub fn view_registration_status(registrant: Registrant, kx_public: KxPublic) -> RegistrationStatus {
			Self::registration_status(registrant, kx_public)
		}
	}
}
