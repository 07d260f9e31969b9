//! The chain's part of a mix network: when its sessions are, in which phase the current one is, and who mixes in it.
//!
//! A **mixnet session** lasts for [`SessionsPerMixnetSession`](Config::SessionsPerMixnetSession) of pallet-session's.
//! It begins when pallet-session rotates, and passes through four phases, counted in blocks, during which traffic moves
//! over from the session before it (PROTOCOL.md, section 7; [`SessionPhase`](mixnet_primitives::SessionPhase)).
//!
//! While a session runs, the **authorities** that pallet-session has queued register their mixnodes for the next one,
//! with a call that costs no fee: [`register`](Call::register). Their nodes send it by
//! [`maybe_register`](Pallet::maybe_register), at a block that each draws for itself. Mixnodes are listed in the order
//! of their registration; the list is the routing table, so it never changes once its session has begun. With fewer
//! than [`MinMixnodes`](Config::MinMixnodes) in it the mixnet **rests** for that session.
//!
//! # Rooms
//!
//! - [`types`]: what is stored, and what a registration consists of.
//! - `session`: rotation, phases, and when the session will end.
//! - `registration`: the checks, the authorisation, and `maybe_register`.
//! - `mixnodes`: the sessions' lists: adding to one, reading one, and pruning the old ones step by step.
//! - `invariants`: what must hold of the storage after every block.
//! - [`weights`]: what the call costs.
//!
//! # What a runtime needs
//!
//! - [`frame_system::AuthorizeCall`] in its transaction extensions, before whatever wants a signer, and
//!   [`CreateAuthorizedTransaction`](frame_system::offchain::CreateAuthorizedTransaction) for itself;
//! - [`sr25519::AuthorityId`] among its session keys: the pallet is one of pallet-session's handlers;
//! - the runtime API of `mixnet-runtime-api`, answered by the functions of the same names on [`Pallet`].

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod election;
mod invariants;
mod mixnodes;
mod registration;
mod session;
pub mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use registration::REGISTRATION_TAG;
pub use types::{
	BoundedMixnode, BoundedMixnodeFor, MixnodeIndex, OutOfBounds, PruneCursor, RegisteredMixnode, RegisteredMixnodeFor,
	Registration, RegistrationFor, Roster, Session, MIXNODE_INDEX_LIMIT,
};
pub use weights::WeightInfo;

use sp_application_crypto::KeyTypeId;

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

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use frame_support::{pallet_prelude::*, traits::EstimateNextSessionRotation};
	use frame_system::{ensure_authorized, offchain::CreateAuthorizedTransaction, pallet_prelude::*};
	use mixnet_primitives::{KxPublic, Mixnode, PeerId, SessionIndex};

	/// The in-code storage version.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// # Requirements
	///
	/// [`frame_system::AuthorizeCall`] must be among the runtime's transaction extensions. What the constants must
	/// satisfy is checked by the runtime's integrity test.
	#[pallet::config]
	pub trait Config: frame_system::Config + CreateAuthorizedTransaction<Call<Self>> {
		/// The most authorities that pallet-session may queue. Those beyond it could not register.
		#[pallet::constant]
		type MaxAuthorities: Get<u32>;

		/// The fewest mixnodes with which the mixnet runs; at least 1.
		#[pallet::constant]
		type MinMixnodes: Get<u32>;

		/// The most mixnodes that a session can have; at most [`MIXNODE_INDEX_LIMIT`].
		///
		/// At present they are taken first come, first served.
		#[pallet::constant]
		type MaxMixnodes: Get<u32>;

		/// The size of the longest external address, in bytes.
		#[pallet::constant]
		type MaxExternalAddressSize: Get<u32>;

		/// The most external addresses of one mixnode.
		#[pallet::constant]
		type MaxExternalAddressesPerMixnode: Get<u32>;

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

		/// Weights of the pallet's call.
		type WeightInfo: WeightInfo;
	}

	/// Where the mixnet's sessions are. Session 0 begins at genesis.
	#[pallet::storage]
	pub type CurrentSession<T: Config> =
		StorageValue<_, Session<BlockNumberFor<T>>, ValueQuery, DefaultForCurrentSession<T>>;

	/// Session 0 without mixnodes: how the pallet begins where no genesis was built.
	#[pallet::type_value]
	pub fn DefaultForCurrentSession<T: Config>() -> Session<BlockNumberFor<T>> {
		session::first_session::<T>(0)
	}

	/// The authorities who may register for the next session: those that pallet-session queued when it last rotated, in
	/// ascending order.
	#[pallet::storage]
	pub type NextAuthorities<T: Config> = StorageValue<_, BoundedVec<AuthorityId, T::MaxAuthorities>, ValueQuery>;

	/// How many mixnodes are registered for the next session.
	#[pallet::storage]
	pub type NextRegistered<T: Config> = StorageValue<_, u32, ValueQuery>;

	/// The mixnodes, by session and by their place in the session's list.
	///
	/// Of a session with n mixnodes, the places 0 to n-1 count; whatever else is here is waiting to be pruned.
	#[pallet::storage]
	pub type Mixnodes<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionIndex, Twox64Concat, MixnodeIndex, RegisteredMixnodeFor<T>>;

	/// Places of the mixnodes, by session and registrant.
	#[pallet::storage]
	pub type Registrants<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionIndex, Blake2_128Concat, AuthorityId, MixnodeIndex>;

	/// Places of the mixnodes, by session and key-exchange key.
	#[pallet::storage]
	pub type KxPublics<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionIndex, Blake2_128Concat, KxPublic, MixnodeIndex>;

	/// Places of the mixnodes, by session and peer ID.
	#[pallet::storage]
	pub type PeerIds<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionIndex, Blake2_128Concat, PeerId, MixnodeIndex>;

	/// Where pruning goes on.
	#[pallet::storage]
	pub type NextToPrune<T: Config> = StorageValue<_, PruneCursor, ValueQuery>;

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
		/// A mixnode was registered for the next session.
		MixnodeRegistered {
			/// Index of that session.
			session_index: SessionIndex,
			/// The mixnode's place in that session's list.
			mixnode_index: MixnodeIndex,
			/// Who registered it.
			registrant: AuthorityId,
		},
	}

	/// Why a registration is refused. In the transaction pool, refusals that have no name of their own there bear the
	/// number of the error here, as `InvalidTransaction::Custom`.
	#[pallet::error]
	pub enum Error<T> {
		/// The session that it is for has begun already. Register for the next one.
		StaleSession,
		/// The session that it is for is not the next one yet.
		FutureSession,
		/// The key-exchange key is of small order, or not in its canonical encoding.
		BadKxPublic,
		/// An external address is empty, or not UTF-8.
		BadExternalAddress,
		/// The next session has as many mixnodes as it can have.
		SessionFull,
		/// The registrant is not among the next authorities.
		NotAnAuthority,
		/// The registrant has registered a mixnode for that session already.
		AlreadyRegistered,
		/// Another mixnode of that session has the key-exchange key.
		KxPublicTaken,
		/// Another mixnode of that session has the peer ID.
		PeerIdTaken,
		/// The signature is not the registrant's, or not over this registration on this chain.
		BadSignature,
	}

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The mixnodes of session 0, in the order of their indices. With fewer than
		/// [`MinMixnodes`](Config::MinMixnodes) the mixnet rests until session 1.
		pub mixnodes: Vec<Mixnode>,
		#[serde(skip)]
		#[doc(hidden)]
		pub _config: PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			Pallet::<T>::begin_at_genesis(&self.mixnodes);
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
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
		/// Registers a mixnode for the next session.
		///
		/// Free of charge, and needs no account: the signature, which the pallet verifies before it authorises the
		/// call, is that of one of the next session's authorities, over a
		/// [`RegistrationPayload`](mixnet_primitives::RegistrationPayload). Each of them can register one mixnode per
		/// session, and cannot change it.
		///
		/// Checked in this order, so that refusing is cheap: that the bounds are kept (otherwise the call does not
		/// decode); that the session is the next one; the key-exchange key and the addresses by themselves; that the
		/// session is not full; the registrant; that it has not registered yet; that neither key nor peer ID is taken;
		/// then the signature.
		///
		/// ## Errors
		/// - [`Error::StaleSession`], [`Error::FutureSession`]: the session is not the one after the current one.
		/// - [`Error::BadKxPublic`], [`Error::BadExternalAddress`]: the mixnode could not be used.
		/// - [`Error::SessionFull`]: no place is left.
		/// - [`Error::NotAnAuthority`]: the registrant is not a queued authority.
		/// - [`Error::AlreadyRegistered`], [`Error::KxPublicTaken`], [`Error::PeerIdTaken`]: the session has a mixnode
		///   with the same registrant, key or peer ID.
		/// - [`Error::BadSignature`]: seen in the transaction pool only, as `InvalidTransaction::BadProof`.
		///
		/// ## Events
		/// - [`Event::MixnodeRegistered`].
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register(T::MaxAuthorities::get()))]
		#[pallet::weight_of_authorize(T::WeightInfo::authorize_register(T::MaxAuthorities::get()))]
		#[pallet::authorize(Self::authorize_registration)]
		pub fn register(
			origin: OriginFor<T>,
			registration: RegistrationFor<T>,
			// Verified by the authorisation, without which there is no such origin.
			_signature: AuthoritySignature,
		) -> DispatchResult {
			ensure_authorized(origin)?;
			// Everything else is checked again: it is cheap, and what the lists rely on.
			Self::check_registration(&registration)?;
			Self::add_registered(registration);
			Ok(())
		}
	}
}
