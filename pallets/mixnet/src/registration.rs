//! Registration: the checks, the authorisation, and what nodes ask and send.
//!
//! Nobody pays for a registration, so refusing one must be cheap: what the storage tells comes first, then what the mixnode
//! itself tells, for which there is arithmetic to do, and the three signatures come last. Whoever gets as far as the
//! arithmetic names a registrant who may register now.
//!
//! The authorisation checks everything. The dispatch, before which other transactions may have changed the storage, checks
//! the storage again and no more: what was right about a mixnode and its proofs is right for ever.

use crate::{
	candidates::standing,
	ranked_set::{RankKey, RankedSet, SetId},
	Call, Candidacies, Candidacy, CandidacyState, Candidate, Config, CurrentSession, Election, ElectionPolicy, Error,
	KxPublics, Mixnodes, NextElection, Pallet, PeerIds, Rank, RegistrantClass, RegistrantWeights,
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
use mixnet_primitives::{
	check_address, KxPublic, Mixnode, RegisteredMixnode, Registrant, Registration, RegistrationAdvice,
	RegistrationError, RegistrationProofs, RegistrationStatus, SessionIndex, SubmitError,
};
use sp_io::crypto::{ed25519_verify, sr25519_verify};
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

/// How the transaction pool tells of a refusal: by the pool's own word where there is one, else by the error's number.
pub(crate) fn invalid(error: RegistrationError) -> InvalidTransaction {
	match error {
		RegistrationError::StaleSession => InvalidTransaction::Stale,
		RegistrationError::FutureSession => InvalidTransaction::Future,
		other => InvalidTransaction::Custom(other.code()),
	}
}

/// What the checks of a registration found.
pub(crate) enum Accepted {
	/// A new candidate, of this rank.
	New(Rank),
	/// The registrant's mixnode, at this place and with this key, is to be replaced.
	Replacement(u32, RankKey),
}

/// The checks, in the order that [`register`](Call::register) documents.
impl<T: Config> Pallet<T> {
	/// Checks a registration, everything about it: what its authorisation is.
	pub(crate) fn check_registration(
		registration: &Registration,
		proofs: &RegistrationProofs,
	) -> Result<(), RegistrationError> {
		Self::check_place(registration)?;
		let possession_key = Self::check_mixnode(&registration.mixnode)?;
		Self::check_proofs(registration, &possession_key, proofs)
	}

	/// Checks a registration against the storage: is there a place for it?
	fn check_place(registration: &Registration) -> Result<Accepted, RegistrationError> {
		let Registration { session_index, registrant, revision, mixnode } = registration;
		match session_index.cmp(&Self::next_session_index()) {
			Ordering::Less => return Err(RegistrationError::StaleSession),
			Ordering::Equal => {},
			Ordering::Greater => return Err(RegistrationError::FutureSession),
		}
		let election = NextElection::<T>::get();
		let candidate = Self::candidate(&election, *session_index, registrant)?;
		let candidacy = Candidacies::<T>::get(session_index, registrant);
		Self::check_candidacy(candidacy.as_ref())?;
		let due = candidacy.map_or(0, |candidacy| candidacy.registrations);
		ensure!(*revision == due, RegistrationError::WrongRevision);
		Self::check_not_taken(*session_index, registrant, mixnode)?;
		if let Some(Candidacy { state: CandidacyState::Listed { place, key }, .. }) = candidacy {
			return Ok(Accepted::Replacement(place, key));
		}
		let rank = T::ElectionPolicy::rank(&candidate);
		ensure!(Self::has_room_for(&election, rank), RegistrationError::RankTooLow);
		Ok(Accepted::New(rank))
	}

	/// Checks that a registrant may register at all, and says with what it stands for election.
	pub(crate) fn candidate(
		election: &Election<BlockNumberFor<T>>,
		session_index: SessionIndex,
		registrant: &Registrant,
	) -> Result<Candidate, RegistrationError> {
		let (class, weight, seed) = match Self::queued_authority(registrant) {
			Some(authority) => (
				RegistrantClass::Validator,
				T::Weights::validator(registrant),
				election.seed.filter(|_| authority.since <= election.committed_by_rotation),
			),
			None => {
				let bond = Self::committed_bond(registrant, election.committed_before)?;
				(RegistrantClass::Operator, T::Weights::operator(bond), election.seed)
			},
		};
		Ok(Candidate { registrant: *registrant, session_index, class, weight, seed })
	}

	/// Checks that a registrant may register once more.
	fn check_candidacy(candidacy: Option<&Candidacy>) -> Result<(), RegistrationError> {
		let Some(candidacy) = candidacy else { return Ok(()) };
		ensure!(candidacy.state != CandidacyState::Barred, RegistrationError::Barred);
		ensure!(u32::from(candidacy.registrations) <= T::MaxReplacements::get(), RegistrationError::TooManyRevisions);
		Ok(())
	}

	/// Checks what can be told from the mixnode alone. Returns the Ed25519 key under which possession of its key is proven.
	pub(crate) fn check_mixnode(mixnode: &Mixnode) -> Result<[u8; 32], RegistrationError> {
		let addresses = &mixnode.external_addresses;
		ensure!(
			addresses.len() <= T::MaxExternalAddressesPerMixnode::get() as usize,
			RegistrationError::TooManyAddresses
		);
		let max_size = T::MaxExternalAddressSize::get() as usize;
		ensure!(addresses.iter().all(|address| address.len() <= max_size), RegistrationError::AddressTooLong);
		ensure!(
			addresses.iter().all(|address| check_address(address, &mixnode.peer_id).is_ok()),
			RegistrationError::BadAddress
		);
		let possession_key = mixnode.kx_public.possession_key().map_err(|_| RegistrationError::BadKxPublic)?;
		mixnode.peer_id.check().map_err(|_| RegistrationError::BadPeerId)?;
		Ok(possession_key)
	}

	/// Checks that nobody else has the key or the peer ID.
	fn check_not_taken(
		session_index: SessionIndex,
		registrant: &Registrant,
		mixnode: &Mixnode,
	) -> Result<(), RegistrationError> {
		let is_other = |holder: Option<Registrant>| holder.is_some_and(|holder| holder != *registrant);
		ensure!(!is_other(KxPublics::<T>::get(session_index, mixnode.kx_public)), RegistrationError::KxPublicTaken);
		ensure!(!is_other(PeerIds::<T>::get(session_index, mixnode.peer_id)), RegistrationError::PeerIdTaken);
		Ok(())
	}

	/// Checks the three proofs of a registration whose mixnode was checked.
	fn check_proofs(
		registration: &Registration,
		possession_key: &[u8; 32],
		proofs: &RegistrationProofs,
	) -> Result<(), RegistrationError> {
		let payload = Self::signing_payload(registration);
		let Registration { registrant, mixnode, .. } = registration;
		ensure!(
			sr25519_verify(&proofs.registrant.into(), &payload, &registrant.0.into()),
			RegistrationError::BadRegistrantProof
		);
		ensure!(
			ed25519_verify(&proofs.possession.into(), &payload, &(*possession_key).into()),
			RegistrationError::BadPossessionProof
		);
		ensure!(
			ed25519_verify(&proofs.peer.into(), &payload, &mixnode.peer_id.0.into()),
			RegistrationError::BadPeerProof
		);
		Ok(())
	}

	/// The session that registrations are for.
	pub(crate) fn next_session_index() -> SessionIndex {
		CurrentSession::<T>::get().index.saturating_add(1)
	}

	/// What the proofs sign. The genesis hash is known from block 1 on.
	pub(crate) fn signing_payload(registration: &Registration) -> Vec<u8> {
		registration.signing_payload(&frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()))
	}

	/// Decides whether a registration may enter the transaction pool, or a block.
	pub(crate) fn authorize_registration(
		_source: TransactionSource,
		registration: &Registration,
		proofs: &RegistrationProofs,
	) -> TransactionValidityWithRefund {
		Self::check_registration(registration, proofs).map_err(invalid)?;

		let session_length = T::NextSessionRotation::average_session_length()
			.saturating_mul(T::SessionsPerMixnetSession::get().into())
			.saturated_into::<TransactionLongevity>();
		ValidTransaction::with_tag_prefix(REGISTRATION_TAG)
			.priority(T::RegistrationPriority::get())
			// One at a time for each registrant. Neither the key nor the peer ID has to be a tag: nobody can prove that it
			// has another's.
			.and_provides((registration.session_index, registration.registrant, registration.revision))
			.longevity(session_length.clamp(1, MAX_LONGEVITY))
			.propagate(true)
			.build()
			.map(|valid| (valid, Weight::zero()))
	}

	/// Registers, as was authorised. What the lists rely on is checked again.
	pub(crate) fn do_register(registration: Registration) -> Result<(), Error<T>> {
		let accepted = Self::check_place(&registration)?;
		let Registration { session_index, registrant, revision, mixnode } = registration;
		// Its bounds have been checked.
		let mixnode = mixnode.try_into().map_err(|_| Error::<T>::TooManyAddresses)?;
		let registrations = revision.saturating_add(1);
		match accepted {
			Accepted::New(rank) => Self::add_candidate(session_index, registrant, registrations, rank, mixnode),
			Accepted::Replacement(place, key) => {
				Self::replace_mixnode(session_index, registrant, registrations, (place, key), mixnode)
			},
		}
		Ok(())
	}
}

/// What nodes ask and send, at their best block.
impl<T: Config> Pallet<T> {
	/// Where `registrant` stands for the next session, and what it should do about it if `kx_public` is its key for that
	/// session.
	///
	/// The advice takes turns: not all nodes should register at once. Who has registered another key, as before a restart that
	/// lost it, need not wait.
	pub fn registration_status(registrant: Registrant, kx_public: KxPublic) -> RegistrationStatus {
		let session_index = Self::next_session_index();
		let candidacy = Candidacies::<T>::get(session_index, registrant);
		let registered =
			candidacy.as_ref().and_then(|candidacy| Self::registered_mixnode(session_index, registrant, candidacy));
		let revision = candidacy.as_ref().map_or(0, |candidacy| candidacy.registrations);
		let advice = match &registered {
			Some(registered) if registered.kx_public == kx_public => RegistrationAdvice::Registered,
			_ => match Self::check_may_register(session_index, &registrant, candidacy.as_ref()) {
				Err(missing) => RegistrationAdvice::Missing(missing),
				Ok(()) if registered.is_some() && !frame_system::Pallet::<T>::block_number().is_zero() => {
					RegistrationAdvice::Register
				},
				Ok(()) if Self::is_time_to_register(frame_system::Pallet::<T>::block_number(), &kx_public) => {
					RegistrationAdvice::Register
				},
				Ok(()) => RegistrationAdvice::Wait,
			},
		};
		RegistrationStatus { session_index, registered, revision, advice }
	}

	/// Checks what can be told before there is a registration.
	fn check_may_register(
		session_index: SessionIndex,
		registrant: &Registrant,
		candidacy: Option<&Candidacy>,
	) -> Result<(), RegistrationError> {
		let election = NextElection::<T>::get();
		let candidate = Self::candidate(&election, session_index, registrant)?;
		Self::check_candidacy(candidacy)?;
		let is_listed = matches!(candidacy, Some(Candidacy { state: CandidacyState::Listed { .. }, .. }));
		ensure!(
			is_listed || Self::has_room_for(&election, T::ElectionPolicy::rank(&candidate)),
			RegistrationError::RankTooLow
		);
		Ok(())
	}

	/// The registered mixnode of a candidacy, if it is listed.
	fn registered_mixnode(
		session_index: SessionIndex,
		registrant: Registrant,
		candidacy: &Candidacy,
	) -> Option<RegisteredMixnode> {
		let CandidacyState::Listed { place, key } = candidacy.state else { return None };
		let listed = Mixnodes::<T>::get(session_index, place)?;
		Some(RegisteredMixnode {
			registrant,
			rank: key.rank.0,
			standing: standing(place),
			revision: candidacy.registrations.saturating_sub(1),
			kx_public: listed.mixnode.kx_public,
			peer_id: listed.mixnode.peer_id,
		})
	}

	/// The registrations for the next session in the order of their ranks, the best first, standbys behind the elected;
	/// at most `count` from place `start` of that order on.
	pub fn next_registrations(start: u32, count: u32) -> Vec<RegisteredMixnode> {
		let session_index = Self::next_session_index();
		let elected = RankedSet::<T>::load(SetId::Elected);
		let standbys = RankedSet::<T>::load(SetId::Standby);
		elected
			.iter_from(start)
			.chain(standbys.iter_from(start.saturating_sub(elected.len())))
			.take(count as usize)
			.filter_map(|entry| {
				let registrant = Mixnodes::<T>::get(session_index, entry.place)?.registrant?;
				let candidacy = Candidacies::<T>::get(session_index, registrant)?;
				Self::registered_mixnode(session_index, registrant, &candidacy)
			})
			.collect()
	}

	/// Sends a registration to the transaction pool, after all the checks that the pool will make.
	///
	/// Needs the transaction pool extension: for nodes to call through the runtime API.
	///
	/// ## Errors
	/// It would be refused, or the pool does not take it.
	pub fn submit_registration(registration: Registration, proofs: RegistrationProofs) -> Result<(), SubmitError> {
		Self::check_registration(&registration, &proofs).map_err(SubmitError::Refused)?;
		let transaction = T::create_authorized_transaction(Call::register { registration, proofs }.into());
		SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).map_err(|()| SubmitError::Pool)
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
}
