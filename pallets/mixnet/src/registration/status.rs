//! What nodes ask about registrations at their best block, and how they submit one.

use crate::{
	candidates::standing,
	ranked_set::{RankedSet, SetId},
	Call, Candidacies, Candidacy, CandidacyState, Candidate, Config, Election, ElectionPolicy, Mixnodes, NextElection,
	Pallet, RegisteredAs,
};
use alloc::vec::Vec;
use frame_support::ensure;
use frame_system::{offchain::SubmitTransaction, pallet_prelude::BlockNumberFor};
use mixnet_primitives::{
	KxPublic, RegisteredMixnode, Registrant, Registration, RegistrationAdvice, RegistrationError, RegistrationProofs,
	RegistrationStatus, SessionIndex, SubmitError,
};
use sp_runtime::traits::Zero;

impl<T: Config> Pallet<T> {
	/// What `registrant` has registered for the next session, and what it should do now if `kx_public` is its key for
	/// that session.
	///
	/// The advice takes turns, so that not all nodes register at once. A registrant that has registered another key,
	/// for example before a restart that lost it, need not wait.
	pub fn registration_status(registrant: Registrant, kx_public: KxPublic) -> RegistrationStatus {
		let session_index = Self::next_session_index();
		let election = NextElection::<T>::get();
		let candidate = Self::candidate(&election, session_index, &registrant);
		// What an account has registered by another of its keys is that key's.
		let account = Self::account_of(&registrant);
		let candidacy = account.and_then(|account| Candidacies::<T>::get(session_index, account));
		let registered = candidacy
			.as_ref()
			.and_then(|candidacy| Self::registered_mixnode(session_index, candidacy))
			.filter(|registered| registered.registrant == registrant);
		let revision = candidacy.as_ref().map_or(0, |candidacy| candidacy.next_revision);
		let advice = match &registered {
			Some(registered) if registered.kx_public == kx_public => RegistrationAdvice::Registered,
			_ => match Self::check_may_register(&election, candidate, &registrant, candidacy.as_ref()) {
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

	/// Makes the checks that do not need a registration.
	fn check_may_register(
		election: &Election<BlockNumberFor<T>>,
		candidate: Result<Candidate<T::AccountId>, RegistrationError>,
		registrant: &Registrant,
		candidacy: Option<&Candidacy>,
	) -> Result<(), RegistrationError> {
		let candidate = candidate?;
		Self::check_candidacy(RegisteredAs { class: candidate.class, registrant: *registrant }, candidacy)?;
		let is_listed = matches!(candidacy, Some(Candidacy { state: CandidacyState::Listed { .. }, .. }));
		ensure!(
			is_listed || Self::has_room_for(election, T::ElectionPolicy::rank(&candidate)),
			RegistrationError::RankTooLow
		);
		Ok(())
	}

	/// The registration of a candidate; `None` if it is not listed.
	fn registered_mixnode(session_index: SessionIndex, candidacy: &Candidacy) -> Option<RegisteredMixnode> {
		let CandidacyState::Listed { place, key } = candidacy.state else { return None };
		let listed = Mixnodes::<T>::get(session_index, place)?;
		Some(RegisteredMixnode {
			registrant: candidacy.registered_as?.registrant,
			rank: key.rank.0,
			standing: standing(place),
			revision: candidacy.next_revision.saturating_sub(1),
			kx_public: listed.mixnode.kx_public,
			peer_id: listed.mixnode.peer_id,
		})
	}

	/// The registrations for the next session in the order of their ranks, the best first, standbys behind the elected.
	/// At most `count` of them, without the best `start`.
	pub fn next_registrations(start: u32, count: u32) -> Vec<RegisteredMixnode> {
		let session_index = Self::next_session_index();
		let elected = RankedSet::<T>::load(SetId::Elected);
		let standbys = RankedSet::<T>::load(SetId::Standby);
		elected
			.iter_from(start)
			.chain(standbys.iter_from(start.saturating_sub(elected.len())))
			.take(count as usize)
			.filter_map(|entry| {
				let account = Mixnodes::<T>::get(session_index, entry.place)?.account?;
				Self::registered_mixnode(session_index, &Candidacies::<T>::get(session_index, account)?)
			})
			.collect()
	}

	/// Sends a registration to the transaction pool, after making all the checks that the pool will make.
	///
	/// Needs the transaction pool extension: nodes call this through the runtime API.
	///
	/// ## Errors
	/// The chain would refuse the registration, or the pool does not take it.
	pub fn submit_registration(registration: Registration, proofs: RegistrationProofs) -> Result<(), SubmitError> {
		Self::check_registration(&registration, &proofs).map_err(SubmitError::Refused)?;
		let transaction = T::create_authorized_transaction(Call::register { registration, proofs }.into());
		SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).map_err(|()| SubmitError::Pool)
	}
}
