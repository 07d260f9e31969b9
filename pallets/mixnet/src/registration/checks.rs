//! The checks of a registration, in the order that [`register`](crate::Call::register) documents.

use crate::{
	ranked_set::RankKey, Candidacies, Candidacy, CandidacyState, Candidate, Config, Election, ElectionPolicy,
	KxPublics, NextElection, OperatorKeys, Pallet, PeerIds, PrivateAddresses, Rank, RegisteredAs, RegistrantClass,
	RegistrantWeights,
};
use alloc::vec::Vec;
use core::cmp::Ordering;
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{
	check_address, Hosts, Mixnode, Place, Registrant, Registration, RegistrationError, RegistrationProofs, SessionIndex,
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
	/// What takes much arithmetic comes behind the registrant's signature. Anybody can name a registrant. Who has no
	/// registration of its own making can make the chain do no more work than that one signature. (Until a registration is
	/// in a block, anybody can copy it and spoil its other proofs.)
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
		let registered_as = RegisteredAs { class: candidate.class, registrant: *registrant };
		Self::check_candidacy(registered_as, candidacy.as_ref())?;
		let least = candidacy.map_or(0, |candidacy| candidacy.next_revision);
		ensure!(*revision >= least, RegistrationError::WrongRevision);
		ensure!(u32::from(*revision) <= T::MaxRevisions::get(), RegistrationError::TooManyRevisions);
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

	/// Checks that an account is not barred, may register once more, and has no mixnode by another of its keys, nor by
	/// another right: the rank of its bond is not one for its stake.
	pub(super) fn check_candidacy(
		registered_as: RegisteredAs,
		candidacy: Option<&Candidacy>,
	) -> Result<(), RegistrationError> {
		let Some(candidacy) = candidacy else { return Ok(()) };
		ensure!(candidacy.state != CandidacyState::Barred, RegistrationError::Barred);
		let is_listed = matches!(candidacy.state, CandidacyState::Listed { .. });
		let is_by_other = candidacy.registered_as.is_some_and(|former| former != registered_as);
		ensure!(!(is_listed && is_by_other), RegistrationError::OtherKey);
		ensure!(u32::from(candidacy.next_revision) <= T::MaxRevisions::get(), RegistrationError::TooManyRevisions);
		Ok(())
	}

	/// Checks the mixnode by itself: addresses, key and peer ID. Returns the Ed25519 key under which possession of the
	/// mixnode's key is proven.
	pub(crate) fn check_mixnode(mixnode: &Mixnode) -> Result<[u8; 32], RegistrationError> {
		Self::check_addresses(mixnode)?;
		Self::check_keys(mixnode)
	}

	/// Checks that there are addresses, that they are well formed, and that they lead to a few hosts that can be
	/// reached.
	fn check_addresses(mixnode: &Mixnode) -> Result<(), RegistrationError> {
		let addresses = &mixnode.external_addresses;
		ensure!(!addresses.is_empty(), RegistrationError::NoAddress);
		ensure!(
			addresses.len() <= T::MaxExternalAddressesPerMixnode::get() as usize,
			RegistrationError::TooManyAddresses
		);
		let max_size = T::MaxExternalAddressSize::get() as usize;
		ensure!(addresses.iter().all(|address| address.len() <= max_size), RegistrationError::AddressTooLong);
		let (mut hosts, mut reachable, mut few) = (Hosts::default(), true, true);
		for address in addresses {
			let host = check_address(address, &mixnode.peer_id).map_err(|_| RegistrationError::BadAddress)?;
			reachable &= host.is_reachable();
			few &= hosts.insert(host);
		}
		// The storage is read only where it matters: most registrations do without.
		ensure!(reachable || PrivateAddresses::<T>::get(), RegistrationError::UnreachableAddress);
		ensure!(few, RegistrationError::TooManyHosts);
		Ok(())
	}

	/// Checks key and peer ID by themselves. Returns the Ed25519 key under which possession of the key is proven.
	fn check_keys(mixnode: &Mixnode) -> Result<[u8; 32], RegistrationError> {
		let possession_key = mixnode.kx_public.possession_key().map_err(|_| RegistrationError::BadKxPublic)?;
		mixnode.peer_id.check().map_err(|_| RegistrationError::BadPeerId)?;
		Ok(possession_key)
	}

	/// Can nodes use a mixnode that was registered once? This asks less than [`check_mixnode`](Self::check_mixnode). It
	/// may have been registered when the chain allowed addresses that it does not allow now.
	#[cfg(any(test, feature = "try-runtime"))]
	pub(crate) fn is_usable(mixnode: &Mixnode) -> bool {
		let mut addresses = mixnode.external_addresses.iter();
		addresses.all(|address| check_address(address, &mixnode.peer_id).is_ok()) && Self::check_keys(mixnode).is_ok()
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
