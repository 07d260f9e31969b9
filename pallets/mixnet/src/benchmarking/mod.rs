//! Benchmarks: what calls, authorisations and hooks cost at worst, for `make weights`.
//!
//! At worst there are as many authorities, elected and standbys as there can be, each with as many addresses as
//! allowed, of as many hosts, and the code takes the path that touches most. If the cost depends on what is sent, or on
//! what has been left behind, that is a component.
//!
//! [`setup`] prepares the storage, and `version_1` that of the version before.

pub mod setup;
mod version_1;

use crate::{
	authorities::Generation,
	migrations::v2::{advance, Cursor, MigrateWhatHandlersRead},
	registration::invalid,
	AuthorityId, BalanceOf, Call, Candidacies, CandidacyState, Config, CurrentSession, Election, Mixnodes,
	NextElection, NextToPrune, Operator, OperatorKeys, Operators, Pallet, PrivateAddresses, RegisteredAs,
	RegistrantClass, SessionsParameters, UnbondingPart, AUTHORITIES_PER_PAGE, MAX_PRUNED_AT_ONCE, MAX_UNBONDING_PARTS,
};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Balanced, Inspect, InspectHold, MutateHold},
	tokens::Precision,
	Authorize, EnsureOrigin, Get, OneSessionHandler, UncheckedOnRuntimeUpgrade,
};
use frame_system::RawOrigin;
use mixnet_primitives::{
	Parameters, PeerId, Registrant, Registration, RegistrationError, RegistrationProofs, Standing,
};
use setup::{Signer, CURRENT, NEXT};
use sp_application_crypto::sr25519;
use sp_runtime::{
	traits::{One, Zero},
	transaction_validity::TransactionSource,
};

/// Sets as many authorities as there can be, with `one` among them.
fn set_authorities<T: Config>(one: Registrant) {
	let others = (1..T::MaxAuthorities::get()).map(|index| setup::registrant("authority", index));
	let authorities: Vec<_> = core::iter::once(one).chain(others).collect();
	setup::set_authorities::<T>(&authorities);
}

/// A new authority's registration with `addresses` addresses, which will displace others. One of the addresses cannot be
/// reached, so the pallet looks up whether the chain allows that, and it does.
fn registration<T: Config>(addresses: u32) -> (Registration, RegistrationProofs) {
	let signer = Signer::generate();
	setup::begin_session::<T>(0);
	set_authorities::<T>(signer.registrant());
	setup::fill_election::<T>();
	PrivateAddresses::<T>::put(true);
	signer.registration::<T>(0, setup::longest_addresses::<T>(addresses, &signer.peer_id(), setup::ONE_UNREACHABLE))
}

/// An account with enough money for several bonds.
fn rich_account<T: Config>() -> T::AccountId {
	let account = whitelisted_caller();
	let bond = T::MinBond::get().max(T::Currency::minimum_balance());
	for _ in 0..20 {
		let minted = T::Currency::deposit(&account, bond, Precision::Exact);
		drop(minted.expect("it is as much as an account may have; qed"));
	}
	account
}

/// An operator with twice the least bond, and as many parts that are being released as there can be. They are due.
fn operator<T: Config>(key: Option<Registrant>) -> T::AccountId {
	let account = rich_account::<T>();
	let bond = T::MinBond::get().max(T::Currency::minimum_balance());
	let bond = bond + bond;
	let parts = (1..=MAX_UNBONDING_PARTS)
		.map(|n| UnbondingPart { amount: One::one(), releasable_in: CURRENT - MAX_UNBONDING_PARTS + n });
	if let Some(key) = key {
		OperatorKeys::<T>::insert(key, &account);
	}
	let operator = Operator {
		bond,
		recent: Zero::zero(),
		recent_since: Zero::zero(),
		waiting: Zero::zero(),
		waiting_since: Zero::zero(),
		key,
		releasable_in: None,
		unbonding: parts.collect::<Vec<_>>().try_into().expect("these are as many as there can be; qed"),
	};
	T::Currency::hold(&crate::HoldReason::OperatorBond.into(), &account, operator.on_hold())
		.expect("it has as much; qed");
	Operators::<T>::insert(&account, operator);
	account
}

/// An elected operator, where all places are taken and as many stand by as can. Removing it moves most. Ranking it again
/// moves still more: it becomes the last standby.
fn elected_operator<T: Config>() -> T::AccountId {
	setup::begin_session::<T>(0);
	set_authorities::<T>(setup::registrant("authority", 0));
	let registrant = setup::registrant("operator", 0);
	let account = operator::<T>(Some(registrant));
	let registered_as = RegisteredAs { class: RegistrantClass::Operator, registrant };
	setup::fill_election_of_the_best::<T>(account.clone(), registered_as);
	account
}

/// Validators as pallet-session names them.
fn session_keys<T: Config>(
	validators: impl Iterator<Item = (T::AccountId, Registrant)>,
) -> Vec<(T::AccountId, AuthorityId)> {
	validators.map(|(account, key)| (account, sr25519::Public::from_raw(key.0).into())).collect()
}

/// pallet-session rotates, with these validators at work and queued.
fn rotate_to<T: Config>(validators: &[(T::AccountId, AuthorityId)]) {
	let iter = || validators.iter().map(|(account, key)| (account, key.clone()));
	<Pallet<T> as OneSessionHandler<T::AccountId>>::on_new_session(true, iter(), iter());
}

/// Where an account stands in the next session's election.
fn standing<T: Config>(account: &T::AccountId) -> Option<Standing> {
	match Candidacies::<T>::get(NEXT, account)?.state {
		CandidacyState::Listed { place, .. } => Some(crate::candidates::standing(place)),
		_ => None,
	}
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register(a: Linear<1, { T::MaxExternalAddressesPerMixnode::get() }>) {
		let (registration, proofs) = registration::<T>(a);
		let registrant = registration.registrant;

		#[extrinsic_call]
		_(RawOrigin::Authorized, registration, proofs);

		assert!(standing::<T>(&setup::account::<T>(&registrant)).is_some());
	}

	/// Refusing a registration for its last proof costs as much as accepting it. Nothing costs more.
	#[benchmark]
	fn authorize_register(a: Linear<1, { T::MaxExternalAddressesPerMixnode::get() }>) -> Result<(), BenchmarkError> {
		let (registration, mut proofs) = registration::<T>(a);
		proofs.peer[0] ^= 1;
		let call = Call::<T>::register { registration, proofs };
		let authorized;

		#[block]
		{
			authorized = call.authorize(TransactionSource::External);
		}

		let refusal = authorized.ok_or("the call has an authorisation")?.err();
		assert_eq!(refusal, Some(invalid(RegistrationError::BadPeerProof).into()));
		Ok(())
	}

	#[benchmark]
	fn bond() {
		let account = rich_account::<T>();
		let amount = T::MinBond::get().max(T::Currency::minimum_balance());

		#[extrinsic_call]
		_(RawOrigin::Signed(account.clone()), amount);

		assert!(Operators::<T>::contains_key(account));
	}

	#[benchmark]
	fn bond_extra() {
		let account = operator::<T>(None);
		let before = Operators::<T>::get(&account).map(|operator| operator.bond);

		#[extrinsic_call]
		_(RawOrigin::Signed(account.clone()), BalanceOf::<T>::one());

		assert!(Operators::<T>::get(account).map(|operator| operator.bond) > before);
	}

	#[benchmark]
	fn set_operator_key() {
		let account = elected_operator::<T>();
		let signer = Signer::generate();
		let key = signer.registrant();
		let proof = signer.sign(&Pallet::<T>::operator_key_payload(&account));

		#[extrinsic_call]
		_(RawOrigin::Signed(account.clone()), key, proof);

		assert!(OperatorKeys::<T>::contains_key(key));
		assert_eq!(standing::<T>(&account), None);
	}

	#[benchmark]
	fn unbond() {
		let account = elected_operator::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(account.clone()));

		assert_eq!(standing::<T>(&account), None);
	}

	#[benchmark]
	fn withdraw() {
		setup::begin_session::<T>(0);
		let account = operator::<T>(Some(setup::registrant("operator", 0)));
		Operators::<T>::mutate_extant(&account, |operator| operator.releasable_in = Some(CURRENT));

		#[extrinsic_call]
		_(RawOrigin::Signed(account.clone()));

		assert!(T::Currency::balance_on_hold(&crate::HoldReason::OperatorBond.into(), &account).is_zero());
	}

	/// An elected operator, which becomes the last standby. Another part is being released in the same session.
	#[benchmark]
	fn unbond_part() {
		let account = elected_operator::<T>();
		let releasable_in = CURRENT.saturating_add(T::UnbondingSessions::get());
		Operators::<T>::mutate_extant(&account, |operator| {
			if let Some(last) = operator.unbonding.last_mut() {
				last.releasable_in = releasable_in;
			}
		});
		let amount = T::MinBond::get().min(T::Currency::minimum_balance());

		#[extrinsic_call]
		_(RawOrigin::Signed(account.clone()), amount);

		let expected = (T::MaxStandbys::get() > 0).then_some(Standing::Standby);
		assert_eq!(standing::<T>(&account), expected.or(Some(Standing::Elected(0))));
	}

	#[benchmark]
	fn rebond() {
		setup::begin_session::<T>(0);
		let account = operator::<T>(Some(setup::registrant("operator", 0)));
		Operators::<T>::mutate_extant(&account, |operator| operator.releasable_in = Some(CURRENT));

		#[extrinsic_call]
		_(RawOrigin::Signed(account.clone()));

		assert!(Operators::<T>::get(account).is_some_and(|operator| operator.unbonding.is_empty()));
	}

	#[benchmark]
	fn slash() -> Result<(), BenchmarkError> {
		let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let account = elected_operator::<T>();
		let amount = T::MinBond::get().min(T::Currency::minimum_balance());

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, account.clone(), amount);

		let expected = (T::MaxStandbys::get() > 0).then_some(Standing::Standby);
		assert_eq!(standing::<T>(&account), expected.or(Some(Standing::Elected(0))));
		Ok(())
	}

	#[benchmark]
	fn set_parameters() -> Result<(), BenchmarkError> {
		let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let parameters = Parameters::default();

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, parameters);

		assert_eq!(SessionsParameters::<T>::get().next, parameters);
		Ok(())
	}

	#[benchmark]
	fn force_remove() -> Result<(), BenchmarkError> {
		let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		setup::begin_session::<T>(0);
		let elected = setup::account::<T>(&setup::fill_election::<T>());

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, elected.clone());

		assert_eq!(standing::<T>(&elected), None);
		Ok(())
	}

	/// The last of the validators at work is disabled, and was elected. All pages are searched for it.
	#[benchmark]
	fn disable() {
		setup::begin_session::<T>(0);
		set_authorities::<T>(setup::registrant("authority", 0));
		let last = Pallet::<T>::authorities(Generation::Active).last().expect("there are authorities; qed");
		let registered_as = RegisteredAs { class: RegistrantClass::Validator, registrant: last.registrant };
		setup::fill_election_of_the_best::<T>(last.account.clone(), registered_as);

		#[block]
		{
			<Pallet<T> as OneSessionHandler<T::AccountId>>::on_disabled(last.validator_index);
		}

		assert!(Candidacies::<T>::get(NEXT, last.account).is_some_and(|one| one.state == CandidacyState::Barred));
	}

	/// The session that is pruned has `k` mixnodes, as large as can be, and nothing else. All of it is removed.
	#[benchmark]
	fn prune(k: Linear<1, MAX_PRUNED_AT_ONCE>) {
		setup::begin_session::<T>(0);
		let session_index = CURRENT - 2;
		NextToPrune::<T>::put(session_index);
		for place in 0..k {
			let listed =
				setup::listed::<T>(session_index, place, &|peer_id: &PeerId, _| setup::most_addresses::<T>(peer_id));
			Mixnodes::<T>::insert(session_index, place, listed);
		}

		#[extrinsic_call]
		_(RawOrigin::Signed(whitelisted_caller()), MAX_PRUNED_AT_ONCE);

		assert!(Mixnodes::<T>::iter_key_prefix(session_index).next().is_none());
	}

	/// A session begins, and all authorities are new, who fill `p` pages. Nothing was ever pruned.
	#[benchmark]
	fn rotate(p: Linear<1, { T::MaxAuthorities::get().div_ceil(AUTHORITIES_PER_PAGE) }>) {
		setup::begin_session::<T>(T::MaxMixnodes::get());
		NextToPrune::<T>::kill();
		setup::fill_election::<T>();
		let count = (p * AUTHORITIES_PER_PAGE).min(T::MaxAuthorities::get());
		let authorities = |kind| (0..count).map(move |index| setup::registrant(kind, index));
		setup::set_authorities::<T>(&authorities("authority").collect::<Vec<_>>());
		let account_of = |index| account("validator", index, 0);
		let queued = (0..).zip(authorities("newcomer")).map(|(index, key)| (account_of(index), key));
		let queued = session_keys::<T>(queued);

		#[block]
		{
			rotate_to::<T>(&queued);
		}

		assert_eq!(CurrentSession::<T>::get().index, NEXT);
	}

	/// pallet-session rotates in the middle of an election. All places are taken by authorities, and `c` of those who are
	/// elected have another key now. So they are removed.
	#[benchmark]
	fn rotate_within_election(c: Linear<0, { T::MaxMixnodes::get() }>) {
		setup::begin_session::<T>(T::MaxMixnodes::get());
		CurrentSession::<T>::mutate(|session| session.length = u32::MAX);
		setup::fill_election::<T>();
		let (elected, all) = (T::MaxMixnodes::get(), T::MaxAuthorities::get());
		let others = (0..all.saturating_sub(elected)).map(|index| setup::registrant("authority", index));
		let authorities: Vec<_> =
			(0..elected.min(all)).map(|index| setup::registrant("elected", index)).chain(others).collect();
		setup::set_authorities::<T>(&authorities);
		let new_key = |index, old| if index < c { setup::registrant("new key", index) } else { old };
		let queued = (0..).zip(authorities).map(|(index, old)| (setup::account::<T>(&old), new_key(index, old)));
		let queued = session_keys::<T>(queued);

		#[block]
		{
			rotate_to::<T>(&queued);
		}

		let Election { elected, standbys, .. } = NextElection::<T>::get();
		assert_eq!(elected + standbys, T::MaxMixnodes::get() + T::MaxStandbys::get() - c.min(all));
	}

	/// The block of the upgrade from version 1, with `a` authorities in each generation and `c` candidates, all of them
	/// operators with as many addresses as allowed.
	#[benchmark]
	fn migrate_to_v2(
		a: Linear<1, { T::MaxAuthorities::get() }>,
		c: Linear<0, { T::MaxMixnodes::get().saturating_add(T::MaxStandbys::get()) }>,
	) {
		version_1::begin::<T>(a, c);

		#[block]
		{
			MigrateWhatHandlersRead::<T, version_1::Accounts<T>>::on_runtime_upgrade();
		}

		let election = NextElection::<T>::get();
		assert_eq!(election.elected + election.standbys, c);
		assert_eq!(Pallet::<T>::authorities(Generation::Queued).count(), a as usize);
	}

	/// A barred key leads to an account that is elected by another key, where all places are taken.
	#[benchmark]
	fn migrate_candidacy() {
		setup::begin_session::<T>(0);
		set_authorities::<T>(setup::registrant("authority", 0));
		let elected = setup::account::<T>(&setup::fill_election::<T>());
		let hash = version_1::bar_former_key::<T>(&elected);

		#[block]
		{
			advance::<T>(Cursor::Candidacies(Some(hash)), NEXT);
		}

		assert_eq!(standing::<T>(&elected), None);
	}

	/// The last and largest of what is left of a session.
	#[benchmark]
	fn migrate_leftover() {
		version_1::leftover::<T>();

		#[block]
		{
			advance::<T>(Cursor::Leftovers(CURRENT - 2), NEXT);
		}

		assert!(Mixnodes::<T>::iter_key_prefix(CURRENT - 2).next().is_none());
	}

	#[benchmark]
	fn migrate_operator() {
		let account: T::AccountId = account("operator", 0, 0);
		version_1::operator::<T>(&account);

		#[block]
		{
			advance::<T>(Cursor::Operators(None), NEXT);
		}

		assert!(Operators::<T>::get(account).is_some_and(|operator| operator.releasable_in == Some(NEXT)));
	}

	impl_benchmark_test_suite!(Pallet, crate::benchmarking::ext(), crate::mock::Runtime);
}

/// The storage in which the benchmarks are tested: that of the tests' runtime, with a keystore.
#[cfg(test)]
fn ext() -> sp_io::TestExternalities {
	crate::mock::Policy::set(crate::mock::TestPolicy::HighestWeight);
	let mut ext = crate::mock::ext();
	ext.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
	ext
}
