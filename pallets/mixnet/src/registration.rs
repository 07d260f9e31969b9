//! The checks, the authorisation, and [`maybe_register`](Pallet::maybe_register).
//!
//! Known limits of the present policy: mixnodes are taken first come, first served, until the session is full; and
//! nobody has to prove that the key and the peer ID which they register are theirs, so an authority that sees another's
//! registration in the transaction pool can take its key or its peer ID for itself and so keep it out.

use crate::{
	AuthorityId, AuthoritySignature, BoundedMixnodeFor, Call, Config, CurrentSession, Error, KxPublics,
	NextAuthorities, NextRegistered, Pallet, PeerIds, Registrants, Registration, RegistrationFor, LOG_TARGET,
};
use alloc::vec::Vec;
use codec::Encode;
use core::cmp::Ordering;
use frame_support::{
	ensure,
	traits::{EstimateNextSessionRotation, Get},
	weights::Weight,
};
use frame_system::{offchain::SubmitTransaction, pallet_prelude::BlockNumberFor};
use mixnet_primitives::{KxPublic, Mixnode, RegistrationPayload, SessionIndex};
use sp_application_crypto::RuntimeAppPublic;
use sp_runtime::{
	traits::{Saturating, Zero},
	transaction_validity::{
		InvalidTransaction, TransactionLongevity, TransactionSource, TransactionValidityWithRefund, ValidTransaction,
	},
	SaturatedConversion,
};

/// What the tags of registrations in the transaction pool begin with.
pub const REGISTRATION_TAG: &str = "MixnetRegistration";

/// For how many blocks a registration stays in the transaction pool at most. One that was not included by then is
/// better sent anew, and one whose session has ended is worth nothing.
const MAX_LONGEVITY: TransactionLongevity = 64;

impl<T> From<Error<T>> for InvalidTransaction {
	fn from(error: Error<T>) -> Self {
		match error {
			Error::StaleSession => Self::Stale,
			Error::FutureSession => Self::Future,
			Error::NotAnAuthority => Self::BadSigner,
			Error::BadSignature => Self::BadProof,
			// An error encodes as its number.
			other => Self::Custom(other.encode().first().copied().unwrap_or_default()),
		}
	}
}

/// The checks, in the order that [`register`](Call::register) documents.
impl<T: Config> Pallet<T> {
	/// Checks everything about a registration but its signature.
	pub(crate) fn check_registration(registration: &RegistrationFor<T>) -> Result<(), Error<T>> {
		let Registration { session_index, registrant, mixnode } = registration;
		match session_index.cmp(&Self::next_session_index()) {
			Ordering::Less => return Err(Error::StaleSession),
			Ordering::Equal => {},
			Ordering::Greater => return Err(Error::FutureSession),
		}
		Self::check_mixnode(mixnode)?;
		ensure!(NextRegistered::<T>::get() < T::MaxMixnodes::get(), Error::SessionFull);
		ensure!(NextAuthorities::<T>::get().binary_search(registrant).is_ok(), Error::NotAnAuthority);
		ensure!(!Registrants::<T>::contains_key(session_index, registrant), Error::AlreadyRegistered);
		Self::check_not_taken(*session_index, mixnode)
	}

	/// Checks what can be told from the mixnode alone.
	pub(crate) fn check_mixnode(mixnode: &BoundedMixnodeFor<T>) -> Result<(), Error<T>> {
		mixnode.kx_public.check().map_err(|_| Error::BadKxPublic)?;
		let usable = |address: &[u8]| !address.is_empty() && core::str::from_utf8(address).is_ok();
		ensure!(mixnode.external_addresses.iter().all(|address| usable(address)), Error::BadExternalAddress);
		Ok(())
	}

	/// Checks that no other mixnode of the session has the key or the peer ID.
	pub(crate) fn check_not_taken(session_index: SessionIndex, mixnode: &BoundedMixnodeFor<T>) -> Result<(), Error<T>> {
		ensure!(!KxPublics::<T>::contains_key(session_index, mixnode.kx_public), Error::KxPublicTaken);
		ensure!(!PeerIds::<T>::contains_key(session_index, mixnode.peer_id), Error::PeerIdTaken);
		Ok(())
	}

	/// The session that registrations are for.
	fn next_session_index() -> SessionIndex {
		CurrentSession::<T>::get().index.saturating_add(1)
	}

	/// What the registrant signs. The genesis hash is known from block 1 on.
	pub(crate) fn signing_payload(registration: &RegistrationFor<T>) -> Vec<u8> {
		let Registration { session_index, registrant, mixnode } = registration;
		let genesis_hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
		RegistrationPayload::new(&genesis_hash, *session_index, registrant, mixnode).encode()
	}

	/// Decides whether a registration may enter the transaction pool, or a block.
	pub(crate) fn authorize_registration(
		_source: TransactionSource,
		registration: &RegistrationFor<T>,
		signature: &AuthoritySignature,
	) -> TransactionValidityWithRefund {
		Self::check_registration(registration).map_err(InvalidTransaction::from)?;
		// The expensive check comes last.
		if !registration.registrant.verify(&Self::signing_payload(registration), signature) {
			return Err(InvalidTransaction::from(Error::<T>::BadSignature).into());
		}

		let session_length = T::NextSessionRotation::average_session_length()
			.saturating_mul(T::SessionsPerMixnetSession::get().into())
			.saturated_into::<TransactionLongevity>();
		ValidTransaction::with_tag_prefix(REGISTRATION_TAG)
			.priority(T::RegistrationPriority::get())
			// One at a time for each registrant. Not the key nor the peer ID: whoever named another's in the pool first
			// would keep it out, whereas in a block the registrant's own signature at least costs it its one place.
			.and_provides((registration.session_index, &registration.registrant))
			.longevity(session_length.clamp(1, MAX_LONGEVITY))
			.propagate(true)
			.build()
			.map(|valid| (valid, Weight::zero()))
	}
}

/// Registration from the outside: by a node, at its best block, with its keystore.
impl<T: Config> Pallet<T> {
	/// Tries to register a mixnode for the session after `session_index`, which must be the current one.
	///
	/// To be called at every new best block. Returns `true` if a registration was handed to the transaction pool: then
	/// wait for a few blocks before calling again, so that it can be included. Returns `false` whenever there is nothing
	/// to do: it is not the time yet, none of the keystore's keys is one of the next authorities, one of them has
	/// registered already, or the registration would be refused.
	///
	/// A mixnode that does not fit the bounds is not registered at all, which the log tells as an error.
	pub fn maybe_register(session_index: SessionIndex, mixnode: Mixnode) -> bool {
		let current_index = CurrentSession::<T>::get().index;
		if session_index != current_index {
			log::trace!(target: LOG_TARGET, "Not registering during session {session_index}: it is {current_index}");
			return false;
		}

		let mixnode = match BoundedMixnodeFor::<T>::try_from(mixnode) {
			Ok(mixnode) => mixnode,
			Err(error) => {
				log::error!(target: LOG_TARGET, "The mixnode cannot be registered: {error}");
				return false;
			},
		};

		if !Self::is_time_to_register(frame_system::Pallet::<T>::block_number(), &mixnode.kx_public) {
			log::trace!(target: LOG_TARGET, "Not the time to register yet");
			return false;
		}

		let Some(registrant) = Self::local_registrant() else { return false };
		let registration = Registration { session_index: Self::next_session_index(), registrant, mixnode };
		if let Err(error) = Self::check_registration(&registration) {
			log::warn!(target: LOG_TARGET, "The mixnode cannot be registered: {error:?}");
			return false;
		}

		let Some(signature) = registration.registrant.sign(&Self::signing_payload(&registration)) else {
			log::error!(target: LOG_TARGET, "The keystore does not sign with {:?}", registration.registrant);
			return false;
		};
		let transaction = T::create_authorized_transaction(Call::register { registration, signature }.into());
		match SubmitTransaction::<T, Call<T>>::submit_transaction(transaction) {
			Ok(()) => true,
			Err(()) => {
				// As when the last one is still there.
				log::debug!(target: LOG_TARGET, "The transaction pool did not take the registration");
				false
			},
		}
	}

	/// Should a node with this key-exchange key register on top of block `now`?
	///
	/// Nodes should not all do so at once. From the end of the slack at the session's beginning to the beginning of the
	/// slack at its end, each of the r blocks that are left is drawn with a chance of 1 in r, which makes every block
	/// equally likely; it also adapts to estimates that change. The draw is a hash of the block number and the key: the
	/// same however often it is asked for, and not to be foreseen by those who do not know the key yet.
	pub(crate) fn is_time_to_register(now: BlockNumberFor<T>, kx_public: &KxPublic) -> bool {
		// In the state of block 0 its own hash, which is to be signed, is not known.
		if now.is_zero() {
			return false;
		}
		let elapsed = now.saturating_sub(CurrentSession::<T>::get().started_at);
		if elapsed < T::NumRegisterStartSlackBlocks::get() {
			return false;
		}
		let Some(next_start) = Self::estimate_next_start(now) else {
			// The session's end is overdue, or unpredictable.
			return true;
		};
		let blocks_left = next_start.saturating_sub(now).saturating_sub(T::NumRegisterEndSlackBlocks::get());
		if blocks_left.is_zero() {
			return true;
		}
		let [a, b, c, d, e, f, g, h] = sp_io::hashing::twox_64(&(now, kx_public).encode());
		// The bias is below r / 2^64.
		u64::from_le_bytes([a, b, c, d, e, f, g, h]) % blocks_left.saturated_into::<u64>() == 0
	}

	/// The authority as which this node can register: the first of its keys that is one of the next authorities.
	///
	/// `None` if there is none, or if one of them has registered: a node is one mixnode, however many keys it holds.
	fn local_registrant() -> Option<AuthorityId> {
		let next_authorities = NextAuthorities::<T>::get();
		let mut local: Vec<_> =
			AuthorityId::all().into_iter().filter(|key| next_authorities.binary_search(key).is_ok()).collect();
		local.sort_unstable();
		if local.is_empty() {
			log::trace!(target: LOG_TARGET, "None of the keystore's keys is an authority of the next session");
		}
		let next_session_index = Self::next_session_index();
		if local.iter().any(|key| Registrants::<T>::contains_key(next_session_index, key)) {
			log::trace!(target: LOG_TARGET, "Registered already");
			return None;
		}
		local.into_iter().next()
	}
}
