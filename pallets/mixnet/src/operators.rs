//! Operators: parties that are no validators, and run a mixnode with a bond.
//!
//! An operator bonds, sets the key by which it will register, and stands in the same elections as validators. Its bond
//! is on hold: it cannot be spent, and it can be slashed. To leave, an operator asks for its bond to be released. From
//! then on it stands in no election. It can withdraw the bond after some sessions, in which others can find out what it
//! did wrong. It can also release a part of its bond, and go on with the rest. Until it has withdrawn what is released,
//! it can take it back.
//!
//! An election counts what was there before its seed could be known: the part of the bond that was there by then. The
//! key does not matter to the draw, and may be changed at any time. `bonds` keeps count of the parts.

use crate::{
	BalanceOf, Candidacies, Candidate, Config, CreditOf, CurrentSession, Error, Event, HoldReason, NextElection,
	Operator, OperatorKeys, Operators, Pallet, RegistrantClass, RegistrantWeights, RemovalReason, OPERATOR_KEY_DOMAIN,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
	ensure,
	traits::{
		fungible::{BalancedHold, MutateHold},
		tokens::Precision,
		Get, OnUnbalanced,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{Registrant, RegistrationError, SessionIndex};
use sp_io::crypto::sr25519_verify;
use sp_runtime::{
	traits::{CheckedSub, Saturating, Zero},
	DispatchError,
};

impl<T: Config> Pallet<T> {
	/// An operator's bond, what of it is being released and when, and its key; `None` if the account is no operator.
	pub fn operator(account: &T::AccountId) -> Option<Operator<BalanceOf<T>, BlockNumberFor<T>>> {
		Operators::<T>::get(account)
	}

	/// What the holder of an operator key signs to let `account` register by it: the SCALE encoding of
	/// [`OPERATOR_KEY_DOMAIN`], the genesis hash and the account, one after another.
	pub fn operator_key_payload(account: &T::AccountId) -> Vec<u8> {
		let genesis_hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
		(OPERATOR_KEY_DOMAIN, genesis_hash, account).encode()
	}

	/// The account of the operator with this key, and its bond as an election counts it: without what was added in block
	/// `committed_before` or later.
	///
	/// ## Errors
	/// There is no such operator, or it may not stand in that election.
	pub(crate) fn committed_bond(
		registrant: &Registrant,
		committed_before: BlockNumberFor<T>,
	) -> Result<(T::AccountId, BalanceOf<T>), RegistrationError> {
		let account = OperatorKeys::<T>::get(registrant).ok_or(RegistrationError::NotARegistrant)?;
		let operator = Operators::<T>::get(&account).ok_or(RegistrationError::NotARegistrant)?;
		ensure!(T::OperatorsEnabled::get(), RegistrationError::OperatorsNotEnabled);
		ensure!(!operator.is_leaving() && operator.bond >= T::MinBond::get(), RegistrationError::BondTooSmall);
		let committed = operator.committed(committed_before);
		// All of it came too late, so that the account could have been chosen by the seed.
		ensure!(!committed.is_zero(), RegistrationError::OperatorTooRecent);
		Ok((account, committed))
	}

	pub(crate) fn do_bond(account: T::AccountId, amount: BalanceOf<T>) -> Result<(), DispatchError> {
		ensure!(T::OperatorsEnabled::get(), Error::<T>::OperatorsNotEnabled);
		ensure!(!Operators::<T>::contains_key(&account), Error::<T>::AlreadyBonded);
		ensure!(amount >= T::MinBond::get(), Error::<T>::BondTooSmall);
		T::Currency::hold(&HoldReason::OperatorBond.into(), &account, amount)?;
		Operators::<T>::insert(&account, Operator::new(amount, frame_system::Pallet::<T>::block_number()));
		Self::deposit_event(Event::Bonded { account, amount, bond: amount });
		Ok(())
	}

	pub(crate) fn do_bond_extra(account: T::AccountId, amount: BalanceOf<T>) -> Result<(), DispatchError> {
		ensure!(T::OperatorsEnabled::get(), Error::<T>::OperatorsNotEnabled);
		ensure!(!amount.is_zero(), Error::<T>::BondTooSmall);
		let mut operator = Self::active_operator(&account)?;
		T::Currency::hold(&HoldReason::OperatorBond.into(), &account, amount)?;
		operator.add(
			amount,
			frame_system::Pallet::<T>::block_number(),
			CurrentSession::<T>::get().last_rotation,
			NextElection::<T>::get().committed_before,
		);
		let bond = operator.bond;
		Operators::<T>::insert(&account, operator);
		Self::deposit_event(Event::Bonded { account, amount, bond });
		Ok(())
	}

	pub(crate) fn do_set_operator_key(
		account: T::AccountId,
		key: Registrant,
		proof: [u8; 64],
	) -> Result<(), DispatchError> {
		ensure!(T::OperatorsEnabled::get(), Error::<T>::OperatorsNotEnabled);
		let mut operator = Self::active_operator(&account)?;
		ensure!(key.check().is_ok(), Error::<T>::BadOperatorKey);
		ensure!(operator.key != Some(key), Error::<T>::OperatorKeyTaken);
		ensure!(!OperatorKeys::<T>::contains_key(key), Error::<T>::OperatorKeyTaken);
		ensure!(Self::queued_authority(&key).is_none(), Error::<T>::OperatorKeyTaken);
		ensure!(
			sr25519_verify(&proof.into(), &Self::operator_key_payload(&account), &key.0.into()),
			Error::<T>::BadOperatorKeyProof
		);
		if let Some(former) = operator.key.replace(key) {
			// Whoever has the former key runs the mixnode that it has registered. The lists of live sessions name the
			// account, so that it answers for them whatever becomes of its former key.
			Self::remove_as_operator(&account, RemovalReason::KeyReplaced);
			OperatorKeys::<T>::remove(former);
		}
		OperatorKeys::<T>::insert(key, &account);
		Operators::<T>::insert(&account, operator);
		Self::deposit_event(Event::OperatorKeySet { account, key });
		Ok(())
	}

	pub(crate) fn do_unbond(account: T::AccountId) -> Result<(), DispatchError> {
		let mut operator = Self::active_operator(&account)?;
		Self::remove_as_operator(&account, RemovalReason::BondTooSmall);
		let releasable_in = operator.releasable_after_others(Self::released_if_asked_now());
		let amount = operator.bond;
		operator.releasable_in = Some(releasable_in);
		Operators::<T>::insert(&account, operator);
		Self::deposit_event(Event::Unbonding { account, amount, bond: Zero::zero(), releasable_in });
		Ok(())
	}

	pub(crate) fn do_unbond_part(account: T::AccountId, amount: BalanceOf<T>) -> Result<(), DispatchError> {
		ensure!(!amount.is_zero(), Error::<T>::NothingToRelease);
		let mut operator = Self::active_operator(&account)?;
		let rest = operator.bond.checked_sub(&amount).ok_or(Error::<T>::RestTooSmall)?;
		ensure!(rest >= T::MinBond::get(), Error::<T>::RestTooSmall);
		let releasable_in = operator
			.release_part(amount, Self::released_if_asked_now())
			.map_err(|_| Error::<T>::TooManyUnbondingParts)?;
		let bond = operator.bond;
		Operators::<T>::insert(&account, operator);
		Self::follow_bond(&account);
		Self::deposit_event(Event::Unbonding { account, amount, bond, releasable_in });
		Ok(())
	}

	pub(crate) fn do_rebond(account: T::AccountId) -> Result<(), DispatchError> {
		ensure!(T::OperatorsEnabled::get(), Error::<T>::OperatorsNotEnabled);
		let mut operator = Operators::<T>::get(&account).ok_or(Error::<T>::NotBonded)?;
		ensure!(operator.is_unbonding(), Error::<T>::NotUnbonding);
		let amount = operator.take_back(
			frame_system::Pallet::<T>::block_number(),
			CurrentSession::<T>::get().last_rotation,
			NextElection::<T>::get().committed_before,
		);
		let bond = operator.bond;
		Operators::<T>::insert(&account, operator);
		Self::deposit_event(Event::Rebonded { account, amount, bond });
		Ok(())
	}

	pub(crate) fn do_withdraw(account: T::AccountId) -> Result<(), DispatchError> {
		let mut operator = Operators::<T>::get(&account).ok_or(Error::<T>::NotBonded)?;
		ensure!(operator.is_unbonding(), Error::<T>::NotUnbonding);
		let session_index = CurrentSession::<T>::get().index;
		// Then all else that is being released is due as well.
		let leaves = operator.releasable_in.is_some_and(|releasable_in| releasable_in <= session_index);
		let due = if leaves { operator.on_hold() } else { operator.take_due(session_index) };
		ensure!(leaves || !due.is_zero(), Error::<T>::StillUnbonding);
		let amount = T::Currency::release(&HoldReason::OperatorBond.into(), &account, due, Precision::BestEffort)?;
		let bond = (!leaves).then(|| operator.staying());
		if leaves {
			if let Some(key) = operator.key {
				OperatorKeys::<T>::remove(key);
			}
			Operators::<T>::remove(&account);
		} else {
			Operators::<T>::insert(&account, operator);
		}
		Self::deposit_event(Event::Withdrawn { account, amount, bond });
		Ok(())
	}

	pub(crate) fn do_slash(account: T::AccountId, amount: BalanceOf<T>) -> Result<(), DispatchError> {
		let mut operator = Operators::<T>::get(&account).ok_or(Error::<T>::NotBonded)?;
		let amount = amount.min(operator.on_hold());
		let (slashed, not_slashed): (CreditOf<T>, _) =
			T::Currency::slash(&HoldReason::OperatorBond.into(), &account, amount);
		T::Slashed::on_unbalanced(slashed);
		let amount = amount.saturating_sub(not_slashed);
		operator.slash(amount);
		let (bond, unbonding) = (operator.staying(), operator.releasing());
		Operators::<T>::insert(&account, operator);
		if bond < T::MinBond::get() {
			Self::remove_as_operator(&account, RemovalReason::BondTooSmall);
		} else {
			Self::follow_bond(&account);
		}
		Self::deposit_event(Event::Slashed { account, amount, bond, unbonding });
		Ok(())
	}

	/// The first session in which can be withdrawn what an operator asks for now.
	fn released_if_asked_now() -> SessionIndex {
		CurrentSession::<T>::get().index.saturating_add(T::UnbondingSessions::get())
	}

	/// Ranks an operator's mixnode again, if there is one, as its bond has become smaller.
	fn follow_bond(account: &T::AccountId) {
		if !Self::stands_as_operator(account) {
			return;
		}
		let election = NextElection::<T>::get();
		let committed = Operators::<T>::get(account).map(|operator| operator.committed(election.committed_before));
		match committed.filter(|committed| !committed.is_zero()) {
			Some(committed) => Self::rank_again(&Candidate {
				account: account.clone(),
				session_index: Self::next_session_index(),
				class: RegistrantClass::Operator,
				weight: T::Weights::operator(committed),
				seed: election.seed,
			}),
			// Nothing is left of what the election counted.
			None => Self::remove_candidate(account, RemovalReason::BondTooSmall),
		}
	}

	/// Is the mixnode that this account has registered for the next session an operator's? If not, it may be a
	/// validator's, and has nothing to do with the bond.
	fn stands_as_operator(account: &T::AccountId) -> bool {
		Candidacies::<T>::get(Self::next_session_index(), account)
			.and_then(|candidacy| candidacy.registered_as)
			.is_some_and(|registered_as| registered_as.class == RegistrantClass::Operator)
	}

	/// Removes the mixnode that this account has registered as an operator for the next session, if there is one.
	fn remove_as_operator(account: &T::AccountId, reason: RemovalReason) {
		if Self::stands_as_operator(account) {
			Self::remove_candidate(account, reason);
		}
	}

	/// The operator with this account, unless it is leaving.
	fn active_operator(account: &T::AccountId) -> Result<Operator<BalanceOf<T>, BlockNumberFor<T>>, Error<T>> {
		let operator = Operators::<T>::get(account).ok_or(Error::<T>::NotBonded)?;
		ensure!(!operator.is_leaving(), Error::<T>::AlreadyUnbonding);
		Ok(operator)
	}
}
