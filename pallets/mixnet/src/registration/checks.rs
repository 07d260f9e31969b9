//! The checks of a registration, in the order that [`register`](crate::Call::register) documents.

use crate::{
	ranked_set::RankKey, Candidacies, Candidacy, CandidacyState, Candidate, Config, Election, ElectionPolicy,
	KxPublics, NextElection, Pallet, PeerIds, Rank, RegistrantClass, RegistrantWeights,
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
	/// It replaces the registrant's mixnode, which is at this place and has this key in its ranked set.
	Replacement(Place, RankKey),
}

impl<T: Config> Pallet<T> {
	/// Makes all checks of a registration. They are its authorisation.
	pub(crate) fn check_registration(
		registration: &Registration,
		proofs: &RegistrationProofs,
	) -> Result<(), RegistrationError> {
		Self::check_against_storage(registration)?;
		let possession_key = Self::check_mixnode(&registration.mixnode)?;
		Self::check_proofs(registration, &possession_key, proofs)
	}

	/// Checks all that depends on the storage: may this registrant register now, and is there a place for it?
	pub(super) fn check_against_storage(registration: &Registration) -> Result<Accepted, RegistrationError> {
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
		let least = candidacy.map_or(0, |candidacy| candidacy.next_revision);
		ensure!(*revision >= least, RegistrationError::WrongRevision);
		ensure!(u32::from(*revision) <= T::MaxRevisions::get(), RegistrationError::TooManyRevisions);
		Self::check_not_taken(*session_index, registrant, mixnode)?;
		if let Some(Candidacy { state: CandidacyState::Listed { place, key }, .. }) = candidacy {
			return Ok(Accepted::Replacement(place, key));
		}
		let rank = T::ElectionPolicy::rank(&candidate);
		ensure!(Self::has_room_for(&election, rank), RegistrationError::RankTooLow);
		Ok(Accepted::New(rank))
	}

	/// Checks that a registrant may register at all, and returns it as a candidate, with its weight and seed.
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

	/// Checks that a registrant is not barred, and may register once more.
	pub(super) fn check_candidacy(candidacy: Option<&Candidacy>) -> Result<(), RegistrationError> {
		let Some(candidacy) = candidacy else { return Ok(()) };
		ensure!(candidacy.state != CandidacyState::Barred, RegistrationError::Barred);
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

	/// Checks that no other registrant has the key or the peer ID in that session.
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

	/// Checks the three proofs of a registration. Its mixnode has been checked before.
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

	/// What the proofs of a registration sign. The genesis hash is known from block 1 on.
	pub(crate) fn signing_payload(registration: &Registration) -> Vec<u8> {
		registration.signing_payload(&frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()))
	}
}
