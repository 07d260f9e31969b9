//! The checks of a registration, in the order that [`register`](crate::Call::register) documents.

use crate::{
	ranked_set::RankKey, Candidacies, Candidacy, CandidacyState, Candidate, Config, Election, ElectionPolicy,
	KxPublics, NextElection, OperatorKeys, Pallet, PeerIds, Rank, RegistrantClass, RegistrantWeights,
};
use alloc::vec::Vec;
use core::cmp::Ordering;
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{
	check_address, Mixnode, Place, Registrant, Registration, RegistrationError, RegistrationProofs, SessionIndex,
};
use sp_io::crypto::{ed25519_verify, sr25519_verify};
use sp_runtime::traits::Zero;

/// What a registration that passed the checks does.
pub(super) enum Accepted {
	/// It adds a candidate of this rank.
	New(Rank),
	/// It replaces the account's mixnode, which is at this place and has this key in its ranked set.
	Replacement(Place, RankKey),
}

/// Whose registration it is, and what it does.
pub(super) struct Acceptance<AccountId> {
	pub account: AccountId,
	pub class: RegistrantClass,
	pub accepted: Accepted,
}

impl<T: Config> Pallet<T> {
	/// Makes all checks of a registration. They are its authorisation.
	///
	/// What takes arithmetic comes behind the registrant's signature: anybody can name a registrant, and only the
	/// registrant itself can make the chain do more work than that one signature.
	pub(crate) fn check_registration(
		registration: &Registration,
		proofs: &RegistrationProofs,
	) -> Result<(), RegistrationError> {
		Self::check_against_storage(registration)?;
		let payload = Self::signing_payload(registration);
		let Registration { registrant, mixnode, .. } = registration;
		ensure!(
			sr25519_verify(&proofs.registrant.into(), &payload, &registrant.0.into()),
			RegistrationError::BadRegistrantProof
		);
		let possession_key = Self::check_mixnode(mixnode)?;
		ensure!(
			ed25519_verify(&proofs.possession.into(), &payload, &possession_key.into()),
			RegistrationError::BadPossessionProof
		);
		ensure!(
			ed25519_verify(&proofs.peer.into(), &payload, &mixnode.peer_id.0.into()),
			RegistrationError::BadPeerProof
		);
		Ok(())
	}

	/// Checks all that depends on the storage: may this registrant register now, and is there a place for it?
	pub(super) fn check_against_storage(
		registration: &Registration,
	) -> Result<Acceptance<T::AccountId>, RegistrationError> {
		let Registration { session_index, registrant, revision, mixnode } = registration;
		match session_index.cmp(&Self::next_session_index()) {
			Ordering::Less => return Err(RegistrationError::StaleSession),
			Ordering::Equal => {},
			Ordering::Greater => return Err(RegistrationError::FutureSession),
		}
		let election = NextElection::<T>::get();
		let candidate = Self::candidate(&election, *session_index, registrant)?;
		let candidacy = Candidacies::<T>::get(session_index, &candidate.account);
		Self::check_candidacy(registrant, candidacy.as_ref())?;
		let due = candidacy.map_or(0, |candidacy| candidacy.next_revision);
		ensure!(*revision == due, RegistrationError::WrongRevision);
		Self::check_not_taken(*session_index, &candidate.account, mixnode)?;
		let accepted = match candidacy {
			Some(Candidacy { state: CandidacyState::Listed { place, key }, .. }) => Accepted::Replacement(place, key),
			_ => {
				let rank = T::ElectionPolicy::rank(&candidate);
				ensure!(Self::has_room_for(&election, rank), RegistrationError::RankTooLow);
				Accepted::New(rank)
			},
		};
		Ok(Acceptance { account: candidate.account, class: candidate.class, accepted })
	}

	/// Checks that a registrant may register at all, and returns its account as a candidate, with its weight and seed.
	pub(crate) fn candidate(
		election: &Election<BlockNumberFor<T>>,
		session_index: SessionIndex,
		registrant: &Registrant,
	) -> Result<Candidate<T::AccountId>, RegistrationError> {
		// Anybody could sign for such a key, should it ever have been stored.
		registrant.check().map_err(|_| RegistrationError::NotARegistrant)?;
		let (account, class, weight, seed) = match Self::queued_authority(registrant) {
			Some(authority) => (
				authority.account,
				RegistrantClass::Validator,
				authority.committed_weight,
				election.seed.filter(|_| authority.since <= election.committed_by_rotation),
			),
			None => {
				let (account, bond) = Self::committed_bond(registrant, election.committed_before)?;
				(account, RegistrantClass::Operator, T::Weights::operator(bond), election.seed)
			},
		};
		Ok(Candidate { account, session_index, class, weight, seed })
	}

	/// The account that registers by this key; `None` if it is neither a queued authority's nor an operator's.
	pub(crate) fn account_of(registrant: &Registrant) -> Option<T::AccountId> {
		match Self::queued_authority(registrant) {
			Some(authority) => Some(authority.account),
			None => OperatorKeys::<T>::get(registrant),
		}
	}

	/// Checks that an account is not barred, may register once more, and has no mixnode by another of its keys.
	pub(super) fn check_candidacy(
		registrant: &Registrant,
		candidacy: Option<&Candidacy>,
	) -> Result<(), RegistrationError> {
		let Some(candidacy) = candidacy else { return Ok(()) };
		ensure!(candidacy.state != CandidacyState::Barred, RegistrationError::Barred);
		let is_listed = matches!(candidacy.state, CandidacyState::Listed { .. });
		let is_by_other = candidacy.registered_as.is_some_and(|former| former.registrant != *registrant);
		ensure!(!(is_listed && is_by_other), RegistrationError::OtherKey);
		ensure!(u32::from(candidacy.next_revision) <= T::MaxRevisions::get(), RegistrationError::TooManyRevisions);
		Ok(())
	}

	/// Checks what does not depend on the storage: addresses, key and peer ID. Returns the Ed25519 key under which
	/// possession of the mixnode's key is proven.
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

	/// Checks that no other account has the key or the peer ID in that session.
	fn check_not_taken(
		session_index: SessionIndex,
		account: &T::AccountId,
		mixnode: &Mixnode,
	) -> Result<(), RegistrationError> {
		let is_other = |holder: Option<T::AccountId>| holder.is_some_and(|holder| holder != *account);
		ensure!(!is_other(KxPublics::<T>::get(session_index, mixnode.kx_public)), RegistrationError::KxPublicTaken);
		ensure!(!is_other(PeerIds::<T>::get(session_index, mixnode.peer_id)), RegistrationError::PeerIdTaken);
		Ok(())
	}

	/// What the proofs of a registration sign. The genesis hash is known from block 1 on.
	pub(crate) fn signing_payload(registration: &Registration) -> Vec<u8> {
		registration.signing_payload(&frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()))
	}
}
