//! Registration: the authorisation, the call, and what nodes ask and submit.
//!
//! Nobody pays for a registration, so refusing one must be cheap. First come the checks against the storage, and then the
//! registrant's signature. The checks of the mixnode itself take arithmetic, and the other two signatures still more.
//! Only what a registrant has signed gets as far as that.
//!
//! The authorisation checks everything. Other transactions may change the storage before the dispatch, so the dispatch
//! checks the registration against the storage again. It checks no more than that: a mixnode and its proofs, once
//! right, stay right.
//!
//! - `checks`: the checks, in the order that [`register`](crate::Call::register) documents.
//! - `status`: what nodes ask about registrations, and how they submit one.
//! - `turns`: when a node should register, so that not all do so at once.

mod checks;
mod status;
pub(crate) mod turns;

use crate::{candidates::NewMixnode, Config, Error, Pallet, RegisteredAs, REGISTRATION_TAG};
use checks::{Acceptance, Accepted};
use frame_support::{
	traits::{EstimateNextSessionRotation, Get},
	weights::Weight,
};
use mixnet_primitives::{Registration, RegistrationError, RegistrationProofs};
use sp_runtime::{
	traits::Saturating,
	transaction_validity::{
		InvalidTransaction, TransactionLongevity, TransactionSource, TransactionValidityWithRefund, ValidTransaction,
	},
	DispatchResult, SaturatedConversion,
};

/// The most blocks for which a registration stays in the transaction pool. If it was not included by then, it is better
/// sent anew. Once its session has begun it is worth nothing.
const MAX_LONGEVITY: TransactionLongevity = 64;

/// How the transaction pool reports a refusal: by the pool's own word if there is one, else by the error's code.
pub(crate) fn invalid(error: RegistrationError) -> InvalidTransaction {
	match error {
		RegistrationError::StaleSession => InvalidTransaction::Stale,
		RegistrationError::FutureSession => InvalidTransaction::Future,
		other => InvalidTransaction::Custom(other.code()),
	}
}

impl<T: Config> Pallet<T> {
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
			// Each registrant has one registration at a time in a pool: the one with the greatest revision, whichever comes
			// first. The registrant has signed the revision. So nobody else can push a registration out, which would cost
			// every pool three signatures: not by sending an older one again, nor a copy with another nonce. Neither the
			// key nor the peer ID has to be a tag: nobody can prove possession of another's.
			.priority(T::RegistrationPriority::get().saturating_add(registration.revision.into()))
			.and_provides((registration.session_index, registration.registrant))
			.longevity(session_length.clamp(1, MAX_LONGEVITY))
			.propagate(true)
			.build()
			.map(|valid| (valid, Weight::zero()))
	}

	/// Registers, after the authorisation. Checks again what the lists rely on.
	pub(crate) fn do_register(registration: Registration) -> DispatchResult {
		let Acceptance { account, class, accepted } =
			Self::check_against_storage(&registration).map_err(Error::<T>::from)?;
		let Registration { session_index, registrant, revision, mixnode } = registration;
		// The authorisation has checked the bounds.
		let mixnode = mixnode.try_into().map_err(|_| Error::<T>::from(RegistrationError::TooManyAddresses))?;
		let registered_as = RegisteredAs { class, registrant };
		let new = NewMixnode { session_index, account, registered_as, revision, mixnode };
		match accepted {
			Accepted::New(rank) => Self::add_candidate(new, rank),
			Accepted::Replacement(place, key) => Self::replace_mixnode(new, place, key),
		}
		Ok(())
	}
}
